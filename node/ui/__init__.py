"""The kit every page and every API of the node is built from: access, frame, components, errors, OpenAPI."""
