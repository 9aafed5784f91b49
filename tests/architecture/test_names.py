"""Names and calls that have no place here (style.md): nameless modules, the machine's clock, foreign packages."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, python_files, tree_of

PROGRAM = ("config", "demo", "federation", "node")
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
CLOCK_READERS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
MAY_READ_THE_CLOCK = {Path("node/kernel/clock.py")}


def test_every_module_is_named_after_what_it_holds() -> None:
    assert [str(path) for path in python_files(*PROGRAM) if path.stem in NAMELESS] == []


def test_only_the_clock_reads_the_time_of_the_machine() -> None:
    readers = [
        f"{path}:{node.lineno}"
        for path in python_files(*PROGRAM)
        if path not in MAY_READ_THE_CLOCK
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in CLOCK_READERS
    ]
    assert readers == []


@pytest.mark.parametrize("name", PROGRAM)
def test_our_packages_are_ours_and_not_those_of_the_same_name_on_the_index(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().parent == ROOT / name


def test_only_the_transport_imports_requests() -> None:
    importers = [
        str(path)
        for path in python_files("federation")
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Import) and any(one.name.split(".")[0] == "requests" for one in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "requests")
    ]
    assert set(importers) <= {"federation/transport.py"}
