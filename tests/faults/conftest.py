"""What the fault tests share: three whole nodes in one process, founded once and copied; the seed, chosen and told."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stations import Line, prepare

SEED, KILLS = "BIANMIN_SEED", "BIANMIN_KILLS"


def pytest_configure() -> None:
    """The seed of this run, the same for every worker."""
    os.environ.setdefault(SEED, str(random.SystemRandom().randrange(1_000_000)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the seed, and what the tests tell of themselves."""
    terminalreporter.write_line(f"{SEED}={os.environ.get(SEED, '')}")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a county, a township and a village that have joined."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(folder)
    return folder


@pytest.fixture
def line(tmp_path: Path, prepared: Path) -> Iterator[Line]:
    """The three, running and at rest."""
    opened = Line(tmp_path / "line", prepared)
    yield opened
    opened.close()
