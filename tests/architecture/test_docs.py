"""The documents say what is so: every requirement has its row, every path, command and event they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from federation.events import EVENTS
from federation.schema import schema_names
from node.cli.main import bianmin
from node.cli.output import exit_code_lines
from tests.architecture.sources import ROOT, text_of, tracked_files

REQUIREMENTS, PROTOCOL, OPERATIONS = (
    Path("docs/requirements.md"),
    Path("docs/protocol.md"),
    Path("docs/operations.md"),
)
RANGES = {
    "A": 16,
    "B": 13,
    "C": 10,
    "D": 15,
    "E": 14,
    "F": 5,
    "G": 8,
    "H": 8,
    "I": 3,
    "J": 3,
    "K": 5,
    "T": 11,
}
IDS = [
    *(f"{letter}{number}" for letter, last in RANGES.items() for number in range(1, last + 1)),
    "T1b",
    "T2p",
]
"""Every requirement: A1–A16 … K1–K5, T1–T11 and the two clocks between."""
TOPS = ("config", "demo", "docs", "federation", "node", "scripts", "tests")
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)")
ROW = re.compile(r"^\| ([A-K][0-9]+|T[0-9]+[bp]?) ([^|]+)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)
FILE = re.compile(r"[A-Za-z0-9_./*-]+")
DOTTED = re.compile(r"(?:config|demo|federation|node)(?:\.[a-z_]+)+")
COMMAND = re.compile(r"bianmin ([a-z][a-z-]*)")
FOREIGN = re.compile(r"/(?:tmp|work|root|home)/|pypi\.org|registry\.npmjs", re.IGNORECASE)
MODULE_TABLES = {"### federation/": "federation", "`node/cases` is too big": "node/cases"}
"""Places in docs/architecture.md where modules are named without their folder."""


def documents() -> list[Path]:
    """Every page for people: docs/ and those at the root."""
    return [
        path for path in tracked_files() if path.suffix == ".md" and path.parts[0] not in {"config", "tests"}
    ]


def exists(name: str) -> bool:
    """Whether a path, or at least one file of a pattern, is in the tree."""
    if "*" in name:
        return any(ROOT.glob(name))
    return (ROOT / name).exists()


def named_paths(text: str) -> list[str]:
    """The paths in code spans that begin with a folder of this project."""
    words = [word for span in SPAN.findall(text) for word in span.split()]
    return [word for word in words if FILE.fullmatch(word) and word.split("/")[0] in TOPS and "/" in word]


# --- requirements --------------------------------------------------------------------------------------------


def test_every_requirement_has_exactly_one_row_in_order() -> None:
    assert [row[0] for row in ROW.findall(text_of(REQUIREMENTS))] == [
        *[one for one in IDS if not one.startswith("T")],
        "T1",
        "T1b",
        "T2",
        "T2p",
        *[f"T{number}" for number in range(3, 12)],
    ]


@pytest.mark.parametrize("row", ROW.findall(text_of(REQUIREMENTS)), ids=lambda row: row[0])
def test_a_requirement_says_where_it_lives_or_that_it_comes_later(row: tuple[str, str, str, str]) -> None:
    _, title, where, how = (part.strip() for part in row)
    assert title != ""
    assert how != ""
    assert len(named_paths(where)) > 0 or "以后" in how


def test_the_glossary_stands_in_two_columns() -> None:
    glossary = text_of(REQUIREMENTS).partition("## Glossary")[2]
    rows = [line for line in glossary.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) > 20
    assert all(line.count("|") == 3 for line in rows)


# --- what is named exists ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_path_a_document_names_exists(path: Path) -> None:
    assert [name for name in named_paths(text_of(path)) if not exists(name)] == []


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_module_a_document_names_with_dots_exists(path: Path) -> None:
    missing = []
    for name in (span for span in SPAN.findall(text_of(path)) if DOTTED.fullmatch(span)):
        if name.endswith((".db", ".toml")):  # files of a node's folder
            continue
        module, _, attribute = name.rpartition(".")
        folder = name.replace(".", "/")
        is_inside = exists(f"{module.replace('.', '/')}.py") and attribute in text_of(
            Path(f"{module.replace('.', '/')}.py")
        )
        if not (exists(folder) or exists(f"{folder}.py") or is_inside):
            missing.append(name)
    assert missing == []


@pytest.mark.parametrize("path", documents(), ids=str)
def test_every_link_of_a_document_leads_somewhere(path: Path) -> None:
    links = [link for link in LINK.findall(text_of(path)) if "://" not in link]
    assert [link for link in links if not (ROOT / path.parent / link).exists()] == []


def test_the_modules_of_the_architecture_exist() -> None:
    text = text_of(Path("docs/architecture.md"))
    missing = []
    for mark, folder in MODULE_TABLES.items():
        part = text.partition(mark)[2].partition("\n\n**" if folder == "node/cases" else "\n### config")[0]
        files = [name for name in SPAN.findall(part) if name.endswith(".py") and "/" not in name]
        assert len(files) > 15
        missing += [f"{folder}/{name}" for name in files if not exists(f"{folder}/{name}")]
    assert missing == []


def test_every_module_of_federation_is_named_in_the_architecture() -> None:
    text = text_of(Path("docs/architecture.md"))
    modules = [
        path.name for path in tracked_files() if path.parts[0] == "federation" and path.suffix == ".py"
    ]
    assert [name for name in modules if name != "__init__.py" and f"`{name}`" not in text] == []


def test_every_package_of_the_node_is_named_in_the_architecture() -> None:
    text = text_of(Path("docs/architecture.md"))
    packages = {path.parts[1] for path in tracked_files() if path.parts[0] == "node" and len(path.parts) > 2}
    assert [name for name in sorted(packages) if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("path", documents(), ids=str)
def test_no_document_speaks_of_the_place_it_was_written_in(path: Path) -> None:
    assert FOREIGN.findall(text_of(path)) == []


# --- commands, events, decisions -----------------------------------------------------------------------------


def command_names() -> list[str]:
    return bianmin.list_commands(click.Context(bianmin))


def test_every_command_is_described() -> None:
    described = set(COMMAND.findall(text_of(OPERATIONS) + text_of(Path("README.md"))))
    assert [name for name in command_names() if name not in described] == []


@pytest.mark.parametrize("path", documents(), ids=str)
def test_no_document_names_a_command_that_is_none(path: Path) -> None:
    spans = " \n".join(
        [*SPAN.findall(text_of(path)), *re.findall(r"^bianmin .*$", text_of(path), re.MULTILINE)]
    )
    assert set(COMMAND.findall(spans)) - set(command_names()) == set()


@pytest.mark.parametrize("code", [code for code, _ in exit_code_lines("en")])
def test_every_exit_code_is_described(code: int) -> None:
    assert re.search(rf"^\| {code} \| \S", text_of(OPERATIONS), re.MULTILINE) is not None


def test_every_schema_is_in_the_contract() -> None:
    text = text_of(PROTOCOL)
    assert [name for name in sorted(schema_names()) if f"`{name}`" not in text] == []


def test_every_event_without_a_schema_is_named_as_left_for_later() -> None:
    later = text_of(PROTOCOL).partition("### Left for later")[2]
    assert [name for name in EVENTS if name not in schema_names() and f"`{name}`" not in later] == []


def test_no_event_with_a_schema_is_named_as_left_for_later() -> None:
    later = text_of(PROTOCOL).partition("### Left for later")[2].partition("### Vectors")[0]
    assert [name for name in schema_names() if f"`{name}`" in later] == []


def decisions() -> list[Path]:
    return [path for path in tracked_files() if path.parts[:2] == ("docs", "adr")]


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.name)
def test_a_decision_has_status_context_and_outcome(path: Path) -> None:
    text = text_of(path)
    assert re.fullmatch(r"[0-9]{4}-[a-z0-9-]+\.md", path.name) is not None
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.search(r"^Status: (accepted|superseded|proposed)", text, re.MULTILINE) is not None
    assert "**Context.**" in text
    assert "**Outcome.**" in text


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in decisions()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_readme_names_the_two_commands_chinese_first() -> None:
    text = text_of(Path("README.md"))
    assert "make demo" in text
    assert "make test" in text
    assert re.search(r"[\u4e00-\u9fff]", text.splitlines()[0]) is not None
    pictures = [name for name in LINK.findall(text) if name.endswith(".png")]
    assert len(pictures) > 0
    assert all((ROOT / name).stat().st_size < 300_000 for name in pictures)


def test_every_target_of_the_makefile_that_documents_name_is_one() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", text_of(Path("Makefile")), re.MULTILINE))
    named = {name for path in documents() for name in re.findall(r"`make ([a-z0-9-]+)", text_of(path))}
    assert named - targets == set()
