"""Every table of the node, by the capability that owns it: what migrations are made from and checked against."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, Literal

from sqlalchemy import MetaData, Table

import node
from node.kernel.columns import EncryptedJSON, UtcDateTime
from node.kernel.database import Base

TABLES_MODULE = "tables"
KERNEL = "kernel"


def load_tables() -> None:
    """Imports every module that holds tables: `tables` of each capability, and all of `kernel`."""
    for capability in pkgutil.iter_modules(node.__path__):
        if not capability.ispkg:
            continue
        package = importlib.import_module(f"node.{capability.name}")
        for module in pkgutil.iter_modules(package.__path__):
            if module.name == TABLES_MODULE or capability.name == KERNEL:
                importlib.import_module(f"{package.__name__}.{module.name}")


def owned_tables() -> dict[str, list[Table]]:
    """Capability → its tables, those referred to first; capabilities so that each refers only to earlier ones."""
    load_tables()
    owner: dict[str, str] = {}
    for mapper in Base.registry.mappers:
        top, _, rest = mapper.class_.__module__.partition(".")
        table = mapper.local_table
        if top == "node" and isinstance(table, Table):
            owner[table.name] = rest.partition(".")[0]
    owned: dict[str, list[Table]] = {}
    for table in Base.metadata.sorted_tables:
        if table.name in owner:
            owned.setdefault(owner[table.name], []).append(table)
    return {name: owned[name] for name in _in_order(owned, owner)}


def _in_order(owned: dict[str, list[Table]], owner: dict[str, str]) -> Iterator[str]:
    needs = {
        name: {owner[key.column.table.name] for table in tables for key in table.foreign_keys} - {name}
        for name, tables in owned.items()
    }
    done: set[str] = set()
    while len(done) < len(owned):
        ready = sorted(name for name in needs if name not in done and needs[name] <= done)
        if not ready:
            raise RuntimeError(
                f"capabilities refer to each other's tables in a circle: {sorted(set(owned) - done)}"
            )
        first = KERNEL if KERNEL in ready else ready[0]
        done.add(first)
        yield first


def node_metadata() -> MetaData:
    """The node's tables alone, without those that tests declare."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for tables in owned_tables().values():
        for table in tables:
            table.to_metadata(metadata)
    return metadata


def render_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our column types as what the database sees, so that old migrations do not depend on later code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, EncryptedJSON):
        return "sa.LargeBinary()"
    return False
