"""What a command prints: sentences for people, one JSON document for programs, and how it ends.

With `--json` standard output is one JSON document and nothing else; a refusal is its problem document (RFC 9457) there,
and the exit code is the same as without. Sentences of refusals go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from config.loading import SettingsError
from federation.errors import FederationError
from node.cli.problems import EXIT_CODES, bad_settings, from_disk, from_library
from node.kernel.problems import Language, Problem, problem_document

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_DATA = "data"


class Console:
    """How one command speaks.

    Args:
        as_json: one JSON document instead of sentences.
        language: of the sentences.
    """

    def __init__(self, *, as_json: bool, language: Language) -> None:
        self.as_json = as_json
        self.language = language

    def words(self, zh: str, en: str) -> str:
        """The one of the two that is wanted."""
        return en if self.language == "en" else zh

    def say(self, zh: str, en: str) -> None:
        """A sentence for a person; nothing with `--json`."""
        if not self.as_json:
            click.echo(self.words(zh, en))

    def note(self, zh: str, en: str) -> None:
        """A sentence beside the result, on standard error."""
        click.echo(self.words(zh, en), err=True)

    def document(self, value: Any) -> None:
        """The JSON document; nothing without `--json`."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A plain table; nothing with `--json`."""
        if self.as_json:
            return
        lines = [list(heads), *([str(cell) for cell in row] for row in rows)]
        widths = [max(_width(line[place]) for line in lines) for place in range(len(heads))]
        for line in lines:
            cells = [cell + " " * (wide - _width(cell)) for cell, wide in zip(line, widths, strict=True)]
            click.echo("  ".join(cells).rstrip())

    def refuse(self, problem: Problem) -> NoReturn:
        """End the command by a refusal."""
        if self.as_json:
            click.echo(json.dumps(problem_document(problem, self.language), ensure_ascii=False, indent=2))
        else:
            click.echo(problem.sentence(self.language), err=True)
        sys.exit(problem.exit_code)


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def data_option(command: F) -> F:
    """`--data`: the node's data folder."""
    return click.option(
        "--data",
        "data_dir",
        type=click.Path(path_type=Path, file_okay=False),
        envvar=["BIANMIN_DATA_DIR"],
        default=DEFAULT_DATA,
        show_default=True,
        help="节点的数据目录 / the node's data folder (BIANMIN_DATA_DIR)",
    )(command)


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json` and `--lang`, gives the command its `Console`, and ends it properly when it is refused."""

    @click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 文档 / print one JSON document")
    @click.option(
        "--lang",
        "language",
        type=click.Choice(["zh", "en"]),
        envvar="BIANMIN_LANG",
        default="zh",
        show_default=True,
        help="语言 / language (BIANMIN_LANG)",
    )
    @wraps(command)
    def run(*args: Any, as_json: bool, language: Language, **options: Any) -> Any:
        console = Console(as_json=as_json, language=language)
        try:
            return command(console, *args, **options)
        except Problem as problem:
            console.refuse(problem)
        except FederationError as error:
            console.refuse(from_library(error))
        except SettingsError as error:
            console.refuse(bad_settings(error.zh, error.en))
        except OSError as error:
            console.refuse(from_disk(error))

    return run


def exit_code_lines(language: Language) -> list[tuple[int, str]]:
    """Every exit code and what it means."""
    return [(code, words[1] if language == "en" else words[0]) for code, words in EXIT_CODES.items()]
