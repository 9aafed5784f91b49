"""Fixtures every test may ask for."""

from tests.support.databases import (
    database,
    database_url,
    empty_database,
    field_keys,
    postgres_server,
    postgres_url,
    sqlite_url,
)

__all__ = [
    "database",
    "database_url",
    "empty_database",
    "field_keys",
    "postgres_server",
    "postgres_url",
    "sqlite_url",
]
