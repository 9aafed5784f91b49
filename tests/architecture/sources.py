"""The source files that the tests of this folder look at."""

from __future__ import annotations

import ast
import subprocess
from functools import cache, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def tracked_files() -> tuple[Path, ...]:
    """Every file git tracks or would add, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(Path(line) for line in sorted(set(listed.stdout.splitlines())) if (ROOT / line).is_file())


def python_files(*tops: str) -> list[Path]:
    """Python files below the given top folders; migrations are written by a tool and are left out."""
    return [
        path
        for path in tracked_files()
        if path.suffix == ".py" and path.parts[0] in tops and "versions" not in path.parts
    ]


def text_of(path: Path) -> str:
    """Content of a file named relative to the root."""
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """Syntax tree of a file named relative to the root."""
    return ast.parse(text_of(path))
