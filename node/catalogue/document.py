"""Reading a published catalogue (YAML) into item versions; pure.

The published form is for people: it repeats what is absent as null, gives money in yuan, names departments by id and
leaves out the forms. Here each item becomes one self-contained document: money in fen, its department spelled out,
its materials numbered `m1`, `m2` … in the list's order, the fields of its form included. Source: catalogue README.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from node.catalogue.checks import Breach, check_catalogue, check_version
from node.catalogue.rules import ItemDocumentError, ItemVersion, version_of

FieldsOf = Callable[[Mapping[str, Any]], list[dict[str, Any]]]
"""The form fields of an item, given the item as published."""


@dataclass(frozen=True, slots=True)
class CatalogueRule:
    """One rule that holds for every licence, with its article."""

    id: str
    zh: str
    en: str
    law: str
    article: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A published catalogue, read and checked.

    Attributes:
        title_zh, title_en: its title.
        versions: in the order published.
        forbidden_village_proofs: names of proofs a village may not issue (民发〔2020〕20号).
    """

    title_zh: str
    title_en: str
    versions: tuple[ItemVersion, ...]
    rules: tuple[CatalogueRule, ...]
    departments: Mapping[str, Mapping[str, Any]]
    forbidden_village_proofs: frozenset[str]


class CatalogueError(ValueError):
    """The text is no catalogue, or breaks hard rules; all breaches at once."""

    def __init__(self, breaches: Iterable[Breach]) -> None:
        self.breaches = tuple(breaches)
        super().__init__("; ".join(f"{breach.item} {breach.en}" for breach in self.breaches))


def read_catalogue(text: str, fields_of: FieldsOf) -> Catalogue:
    """Reads and checks a catalogue.

    Args:
        text: YAML as published.
        fields_of: gives each item the fields of its form.

    Raises:
        CatalogueError: every breach found: unreadable text, items that are no documents, broken hard rules.
    """
    tree = _read_tree(text)
    departments = {str(d["id"]): d for d in tree.get("departments", [])}
    breaches: list[Breach] = []
    versions: list[ItemVersion] = []
    for item in tree["items"]:
        try:
            versions.append(version_of(item_document(item, departments, fields_of(item))))
        except ItemDocumentError as error:
            breaches.append(
                Breach(
                    error.code, "document", f"不是有效的事项:{error.reason}", f"is no item: {error.reason}"
                )
            )
    proofs = frozenset(str(name) for name in tree.get("village_must_not_certify", {}).get("items", []))
    catalogue = Catalogue(
        str(tree.get("meta", {}).get("title", "")),
        str(tree.get("meta", {}).get("title_en", "")),
        tuple(versions),
        tuple(_read_rule(rule) for rule in tree.get("rules", [])),
        departments,
        proofs,
    )
    for version in versions:
        breaches.extend(check_version(version, proofs))
    breaches.extend(check_catalogue(versions, departments))
    if breaches:
        raise CatalogueError(breaches)
    return catalogue


def item_document(
    item: Mapping[str, Any], departments: Mapping[str, Mapping[str, Any]], fields: list[dict[str, Any]]
) -> dict[str, Any]:
    """The self-contained document of an item as published.

    Raises:
        ItemDocumentError: its department is not in the catalogue, or an amount is no number of whole fen.
    """
    document = {key: value for key, value in item.items() if value is not None}
    code = str(item.get("code", ""))
    department = departments.get(str(item.get("department", "")))
    if department is None:
        raise ItemDocumentError(code, f"$.department: {item.get('department')!r} is not in the catalogue")
    document["department"] = dict(department)
    document["materials"] = [
        {"id": f"m{number}", **material} for number, material in enumerate(item.get("materials", []), start=1)
    ]
    if isinstance(item.get("fee"), Mapping):
        document["fee"] = _fee_in_fen(code, item["fee"])
    if fields:
        document["fields"] = fields
    return document


def _fee_in_fen(code: str, fee: Mapping[str, Any]) -> dict[str, Any]:
    lines = []
    for line in fee.get("standard", []):
        plain = {key: value for key, value in line.items() if key != "amount" and value is not None}
        if line.get("amount") is not None:
            plain["amount_fen"] = _fen(code, line["amount"])
        lines.append(plain)
    return {**{key: value for key, value in fee.items() if value is not None}, "standard": lines}


def _fen(code: str, yuan: object) -> int:
    fen = Decimal(str(yuan)) * 100
    if fen != fen.to_integral_value():
        raise ItemDocumentError(code, f"$.fee.standard: {yuan} yuan is no whole number of fen")
    return int(fen)


def _read_rule(rule: Mapping[str, Any]) -> CatalogueRule:
    basis = rule.get("basis", {})
    return CatalogueRule(
        str(rule["id"]),
        str(rule["zh"]),
        str(rule["en"]),
        str(basis.get("law", "")),
        str(basis.get("article", "")),
    )


def _read_tree(text: str) -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        tree = yaml.load(text, Loader=loader)  # noqa: S506  a safe loader either way
    except yaml.YAMLError as error:
        raise CatalogueError(
            [Breach("", "yaml", f"不是 YAML 文本:{error}", f"is no YAML: {error}")]
        ) from error
    if not isinstance(tree, dict) or not isinstance(tree.get("items"), list) or not tree["items"]:
        raise CatalogueError([Breach("", "empty", "目录里没有事项(items)", "the catalogue has no items")])
    return tree
