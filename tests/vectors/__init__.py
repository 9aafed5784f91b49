"""Test vectors: the wire contract's own (`protocol.json`) and those of the standards it follows (`standards.json`)."""
