"""Every alert that stands in the source has its sentence, in both languages, with a way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import federation
import node
from node.exchange.alert_words import ALERTS, alert_words

ROOTS = [Path(root.__file__ or "").parent for root in (federation, node)]
CODE_AT = {"Alert": 0, "ChainAlert": 0, "alert": 0, "alert_in": 1}
"""Which argument of a call is an alert's code."""
HALT_WHY = 2


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def constants(tree: ast.AST) -> list[str]:
    return [
        one.value for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def raised() -> dict[str, str]:
    """Code → where it is raised; a code that is a name is looked up in its function."""
    found: dict[str, str] = {}
    for path, tree in trees():
        for function in [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]:
            assigned = {
                target.id: one.value
                for one in ast.walk(function)
                if isinstance(one, ast.Assign)
                for target in one.targets
                if isinstance(target, ast.Name)
            }
            for call in [one for one in ast.walk(function) if isinstance(one, ast.Call)]:
                at, name = CODE_AT.get(name_of(call)), name_of(call)
                if name == "halt" and len(call.args) > HALT_WHY:
                    whys = constants(call.args[HALT_WHY])
                    found |= {f"log-{why}": f"{path}:{call.lineno}" for why in whys}
                if at is None or len(call.args) <= at or isinstance(call.args[at], ast.JoinedStr):
                    continue
                code = call.args[at]
                if isinstance(code, ast.Name):
                    code = assigned.get(code.id, ast.Tuple(elts=[]))
                if isinstance(code, ast.IfExp):
                    parts = [*constants(code.body), *constants(code.orelse)]
                else:
                    parts = [code.value] if isinstance(code, ast.Constant) else []
                found |= {str(part): f"{path}:{call.lineno}" for part in parts}
    return found


def test_the_source_is_read() -> None:
    found = raised()
    assert {"clock-skew", "head-file-missing", "log-diverged", "issued-ahead", "case-restoring"} <= set(found)
    assert len(found) > 40


def test_every_code_in_the_source_is_in_the_table() -> None:
    missing = {code: where for code, where in raised().items() if code not in ALERTS}
    assert missing == {}


def test_the_table_names_no_code_that_is_never_raised() -> None:
    halts = {"log-foreign", "log-behind"}  # by `recovery`, where the reason is a judgement
    assert set(ALERTS) - set(raised()) - halts == set()


@pytest.mark.parametrize("code", sorted(ALERTS))
def test_a_sentence_says_what_is_so_and_what_to_do(code: str) -> None:
    zh, en = alert_words(code)
    assert zh.endswith("。")
    assert en.endswith(".")
    assert len([part for part in zh.replace(",", "。").split("。") if part]) >= 2
    assert en != zh


def test_an_alert_of_a_later_version_is_told_by_its_code() -> None:
    assert alert_words("from-the-future") == ("告警 from-the-future", "Alert from-the-future")
