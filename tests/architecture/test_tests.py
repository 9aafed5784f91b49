"""Tests of the tests: none is skipped, none asserts nothing."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import python_files, text_of, tree_of

ASSERTING = re.compile(r"Assert|raises|assert_|check|verify|expect", re.IGNORECASE)
SKIPPING = re.compile(r"pytest\.(mark\.)?(skip|xfail)|@unittest\.skip|pytest\.importorskip")


def test_no_test_is_skipped() -> None:
    skipping = [
        f"{path}:{number}"
        for path in python_files("tests")
        if path.name != "test_tests.py"
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if SKIPPING.search(line)
    ]
    assert skipping == []


def test_every_test_asserts_something() -> None:
    empty = [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not ASSERTING.search(ast.dump(node))
    ]
    assert empty == []


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in python_files("tests")}
    files = set(python_files("tests"))
    assert [str(folder) for folder in sorted(folders) if folder / "__init__.py" not in files] == []
