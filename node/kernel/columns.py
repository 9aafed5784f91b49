"""Column types: aware UTC instants, and encrypted JSON that opens only in its own table, column and row.

An encrypted value stands in the database as

    row id length (1 byte) ‖ row id (ASCII) ‖ key number (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag

and is authenticated together with `table:column:row id`. So a value copied into another row, column or table by
somebody who can write the database does not open there: decryption proves the row id that stands in front, and
loading an object compares it with the object's own. The key comes from the engine the statement runs on
(`attach_field_keys`), so nodes of one process do not share keys. Core statements write `bound(row_id, value)`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import DateTime, Dialect, LargeBinary, event
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator

from node.kernel.field_keys import FieldKeyError, FieldKeys

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

_KEYS: WeakKeyDictionary[Dialect, FieldKeys] = WeakKeyDictionary()
_ROW_ID_MAX = 255


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out. A value without a zone is a mistake of the caller and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware → UTC; without zone where the database keeps none (SQLite)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a zone: {value.isoformat()}")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class BoundJSON(dict[str, Any]):
    """A JSON object that knows the row it belongs to; otherwise an ordinary dict."""

    def __init__(self, row_id: str, value: Mapping[str, Any]) -> None:
        super().__init__(value)
        self.row_id = row_id


def bound(row_id: str, value: Mapping[str, Any]) -> BoundJSON:
    """A value for an `EncryptedJSON` column of that row, for Core statements; mapped objects need no such thing."""
    return BoundJSON(row_id, value)


class EncryptedJSON(TypeDecorator[dict[str, Any]]):
    """A JSON object, encrypted with the node's field keys. Assign it whole: a change inside it is not seen.

    `place` (`table:column`) is set when the mapped class is made.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str = "") -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> bytes | None:
        """Encrypts for the row the value is bound to."""
        if value is None:
            return None
        if not isinstance(value, BoundJSON):
            raise TypeError(f"{self.place}: write it through a mapped object, or as bound(row_id, value)")
        row_id = value.row_id.encode("ascii")
        if not 0 < len(row_id) <= _ROW_ID_MAX:
            raise TypeError(f"{self.place}: a row id has 1 to {_ROW_ID_MAX} characters")
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        sealed = _keys(dialect).seal(plain.encode("utf-8"), self._place_of(row_id))
        return bytes([len(row_id)]) + row_id + sealed

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> dict[str, Any] | None:
        """Decrypts; the result is a `BoundJSON`."""
        if value is None:
            return None
        length = value[0]
        row_id, sealed = value[1 : 1 + length], value[1 + length :]
        plain = _keys(dialect).open(sealed, self._place_of(row_id))
        return BoundJSON(row_id.decode("ascii"), json.loads(plain))

    def _place_of(self, row_id: bytes) -> bytes:
        if not self.place:
            raise TypeError("an EncryptedJSON column belongs to a mapped class of node.kernel.database.Base")
        return f"{self.place}:".encode() + row_id


def attach_field_keys(engine: Engine, keys: FieldKeys) -> None:
    """Gives an engine the keys its encrypted columns are read and written with."""
    _KEYS[engine.dialect] = keys


def _keys(dialect: Dialect) -> FieldKeys:
    try:
        return _KEYS[dialect]
    except KeyError as error:
        raise FieldKeyError("this engine has no field keys: attach_field_keys") from error


def name_places(table: Table) -> None:
    """Tells each encrypted column of a table where it stands."""
    for column in table.columns:
        if isinstance(column.type, EncryptedJSON):
            column.type.place = f"{table.name}:{column.name}"


@event.listens_for(Mapper, "mapper_configured")
def _bind_rows(mapper: Mapper[Any], cls: type[Any]) -> None:
    """Every mapped class with encrypted columns binds values to their row before writing and checks on loading."""
    names = [p.key for p in mapper.column_attrs if isinstance(p.columns[0].type, EncryptedJSON)]
    if not names:
        return

    def row_id(target: Any) -> str:
        key = [str(part) for part in mapper.primary_key_from_instance(target)]
        if "None" in key:
            raise TypeError(f"{cls.__name__}: a row with encrypted columns needs a key made by the program")
        return "/".join(key)

    def write(_: Mapper[Any], connection: object, target: Any) -> None:
        state: dict[str, Any] = target.__dict__
        for name in names:
            value = state.get(name)
            if value is not None and not (isinstance(value, BoundJSON) and value.row_id == row_id(target)):
                state[name] = BoundJSON(row_id(target), value)

    def check(target: Any, *_: object) -> None:
        for name in names:
            value = target.__dict__.get(name)
            if isinstance(value, BoundJSON) and value.row_id != row_id(target):
                raise FieldKeyError(f"{cls.__name__}.{name} of {row_id(target)} was taken from another row")

    event.listen(cls, "before_insert", write)
    event.listen(cls, "before_update", write)
    event.listen(cls, "load", check)
    event.listen(cls, "refresh", check)
