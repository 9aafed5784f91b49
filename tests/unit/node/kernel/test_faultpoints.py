"""Ending the process at a named instant: only when it is asked for, at the right one, at the right time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.kernel.faultpoints import KILLED, POINTS, VARIABLE, read_plan

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = """
from federation import faultpoints as library
from node.kernel import faultpoints as node
for _ in range(2):
    library.reach("writer.after-commit")
print("lived", flush=True)
node.reach("ledger.after-commit")
print("still", flush=True)
"""


def _run(plan: str | None) -> tuple[int, str]:
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environ |= {"PYTHONPATH": str(ROOT)} | ({} if plan is None else {VARIABLE: plan})
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (None, (0, "lived\nstill\n")),
        ("writer.after-commit:2", (KILLED, "")),
        ("writer.after-commit:3", (0, "lived\nstill\n")),
        ("ledger.after-commit:1", (KILLED, "lived\n")),
        ("no.such-instant:1", (0, "lived\nstill\n")),
    ],
)
def test_a_process_ends_at_the_instant_that_was_asked_for(
    plan: str | None, expected: tuple[int, str]
) -> None:
    assert _run(plan) == expected


@pytest.mark.parametrize("told", ["", "apply.after-commit", "apply.after-commit:0", "apply.after-commit:x"])
def test_what_is_no_plan_is_none(told: str) -> None:
    assert read_plan({VARIABLE: told}) is None


def test_a_plan_names_an_instant_and_a_count() -> None:
    assert read_plan({VARIABLE: "take.after-commit:12"}) == ("take.after-commit", 12)
    assert len(POINTS) == len(set(POINTS)) == 15
