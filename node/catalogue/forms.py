"""Forms as data: what an applicant is asked, read from `config/forms/`; pure but for reading the package's files.

The fields of an item belong to its version (they are part of the hashed document), so a running matter keeps the form
it was begun with. The applicant block is the same for every item and belongs to the program's configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import yaml

from node.catalogue.rules import Field, ItemDocument, ItemVersion

SUBJECT_KINDS: Mapping[str, str] = {"个人": "person", "法人": "legal_person"}
KIND_WORDS: Mapping[str, tuple[str, str]] = {
    "person": ("个人", "Natural person"),
    "legal_person": ("法人或其他组织", "Legal person or organisation"),
}
OPTIONAL_MARK = "!"


class FormBookError(ValueError):
    """`config/forms/` is inconsistent: a field that does not exist, or one that is no field."""


@dataclass(frozen=True, slots=True)
class FormBook:
    """The forms of the program.

    Attributes:
        person, legal_person, agent: the applicant block's parts.
        library: every field by id.
        common: ids every item's form ends with.
        themes, items: theme or item code → ids, `!` after an id makes it optional there.
    """

    person: tuple[Field, ...]
    legal_person: tuple[Field, ...]
    agent: tuple[Field, ...]
    library: Mapping[str, Field]
    common: tuple[str, ...]
    themes: Mapping[str, tuple[str, ...]]
    items: Mapping[str, tuple[str, ...]]

    def fields_of(self, item: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The fields of an item as published, as plain values for its document.

        Raises:
            FormBookError: a field named for it does not exist.
        """
        code, theme = str(item.get("code", "")), str(item.get("theme", ""))
        named = (*self.items.get(code, self.themes.get(theme, ())), *self.common)
        return [msgspec.to_builtins(field) for field in self.named(named)]

    def named(self, names: tuple[str, ...]) -> tuple[Field, ...]:
        """The library's fields of those names, in order.

        Raises:
            FormBookError: one does not exist.
        """
        fields = []
        for name in dict.fromkeys(names):
            field = self.library.get(name.removesuffix(OPTIONAL_MARK))
            if field is None:
                raise FormBookError(f"there is no field {name}")
            fields.append(
                msgspec.structs.replace(field, required=False) if name.endswith(OPTIONAL_MARK) else field
            )
        return tuple(fields)


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked for one item.

    Attributes:
        kinds: who may apply, `person`, `legal_person`; the first is preselected.
        applicant: kind → its fields.
        agent: fields about an agent, asked when one acts.
        fields: the item's own.
    """

    kinds: tuple[str, ...]
    applicant: Mapping[str, tuple[Field, ...]]
    agent: tuple[Field, ...]
    fields: tuple[Field, ...]


def form_for(version: ItemDocument, book: FormBook | None = None) -> Form:
    """The form of an item version."""
    forms = book if book is not None else form_book()
    blocks = {"person": forms.person, "legal_person": forms.legal_person}
    kinds = tuple(SUBJECT_KINDS[subject] for subject in version.subject)
    return Form(kinds, {kind: blocks[kind] for kind in kinds}, forms.agent, version.fields)


def plain_form(form: Form) -> dict[str, Any]:
    """The form as JSON values, for the API."""
    return {
        "kinds": [
            {"value": kind, "zh": KIND_WORDS[kind][0], "en": KIND_WORDS[kind][1]} for kind in form.kinds
        ],
        "applicant": {
            kind: [plain_field(field) for field in fields] for kind, fields in form.applicant.items()
        },
        "agent": [plain_field(field) for field in form.agent],
        "fields": [plain_field(field) for field in form.fields],
    }


def plain_field(field: Field) -> dict[str, Any]:
    """A field as JSON values with every member spelled out."""
    return {
        "id": field.id,
        "zh": field.zh,
        "en": field.en,
        "type": field.type,
        "required": field.required,
        "personal": field.personal,
        "choices": [{"value": choice.value, "zh": choice.zh, "en": choice.en} for choice in field.choices],
        "min": field.min,
        "max": field.max,
        "hint_zh": field.hint_zh,
        "hint_en": field.hint_en,
    }


def personal_ids(version: ItemVersion) -> frozenset[str]:
    """The ids of an item's own fields that tell about a person."""
    return frozenset(field.id for field in version.fields if field.personal)


def read_form_book(applicant: str, fields: str, sets: str) -> FormBook:
    """Reads the three files of `config/forms/`.

    Raises:
        FormBookError: a field is malformed, or a set names one that does not exist.
    """
    blocks, library, named = (yaml.safe_load(text) for text in (applicant, fields, sets))
    book = FormBook(
        _read_fields(blocks["person"]),
        _read_fields(blocks["legal_person"]),
        _read_fields(blocks["agent"]),
        {str(name): _read_field({"id": name, **table}) for name, table in library.items()},
        tuple(named["all"]),
        {str(theme): tuple(names) for theme, names in named["themes"].items()},
        {str(code): tuple(names) for code, names in named["items"].items()},
    )
    for names in (book.common, *book.themes.values(), *book.items.values()):
        book.named(names)
    return book


@cache
def form_book() -> FormBook:
    """The forms shipped with the program.

    Raises:
        FormBookError: they are inconsistent.
    """
    folder = resources.files("config").joinpath("forms")
    texts = [
        folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        for name in ("applicant", "fields", "sets")
    ]
    return read_form_book(*texts)


def _read_fields(tables: list[dict[str, Any]]) -> tuple[Field, ...]:
    return tuple(_read_field(table) for table in tables)


def _read_field(table: Mapping[str, Any]) -> Field:
    try:
        field = msgspec.convert(dict(table), Field)
    except msgspec.ValidationError as error:
        raise FormBookError(f"{table.get('id')}: {error}") from error
    if (field.type == "choice") != bool(field.choices):
        raise FormBookError(f"{field.id}: choices belong to choice fields, and each of those needs some")
    return field
