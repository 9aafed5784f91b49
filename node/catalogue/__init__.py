"""Items, their immutable versions, guides and forms."""
