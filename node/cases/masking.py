"""What of a person is shown by default; pure. Source: requirements.md §2.8 (minimise across eyes, unmasking is logged)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAME_KEYS = frozenset({"name", "representative"})
_ID_KEYS = frozenset({"id_number", "representative_id"})


def mask_name(name: str) -> str:
    """The first character is kept: `顾海燕` → `顾**`."""
    return name[:1] + "*" * max(len(name) - 1, 0)


def mask_id(number: str) -> str:
    """The first six and the last four are kept of a long number; of a short one only the last two."""
    if len(number) < 12:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:6] + "*" * (len(number) - 10) + number[-4:]


def mask_phone(number: str) -> str:
    """The first three and the last four are kept: `139****2345`."""
    if len(number) < 8:
        return "*" * max(len(number) - 2, 0) + number[-2:]
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_address(address: str) -> str:
    """The first six characters are kept: the house is not shown."""
    return address[:6] + ("…" if len(address) > 6 else "")


def mask_applicant(applicant: Mapping[str, Any]) -> dict[str, Any]:
    """An applicant block as lists and pages show it; an organisation's name and code are public records."""
    public = applicant.get("kind") == "legal_person"
    shown: dict[str, Any] = {}
    for key, value in applicant.items():
        if key == "kind" or (public and key in {"name", "uscc"}):
            shown[key] = value
        elif isinstance(value, Mapping):
            shown[key] = mask_applicant(value)
        elif key in _NAME_KEYS:
            shown[key] = mask_name(str(value))
        elif key in _ID_KEYS:
            shown[key] = mask_id(str(value))
        elif key == "phone":
            shown[key] = mask_phone(str(value))
        elif key == "address":
            shown[key] = mask_address(str(value))
        elif key in {"id_type", "relation", "entrusted"}:
            shown[key] = value
    return shown
