"""Files have at most 400 lines, functions at most 60 (style.md)."""

from __future__ import annotations

import ast

from tests.architecture.sources import python_files, text_of, tree_of

FILE_LINES = 400
FUNCTION_LINES = 60
EVERYTHING = ("config", "demo", "federation", "node", "tests")


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(path): len(text_of(path).splitlines()) for path in python_files(*EVERYTHING)}
    assert {path: length for path, length in lengths.items() if length > FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {
        f"{path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in python_files(*EVERYTHING)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    }
    assert long == {}
