"""`bianmin bench`: the ratios of docs/performance.md, both sides of each measured in turn in the same run.

Absolute figures drift by a factor of two on a shared machine; ratios of things measured side by side do not. Everything
that takes part lies on the disk of `--data`, which must not be a file system in memory.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from demo.bench_figures import Figure, table_of
from demo.bench_ingest import both_sides, measure_ingest
from demo.bench_latency import measure_latency
from demo.bench_network import running
from demo.bench_surroundings import MEMORY_FILE_SYSTEMS, file_system_of, surroundings
from demo.bench_wire import measure_wire
from demo.nodes import CommandError
from demo.office import OfficeError
from demo.places import Place, choose_places
from node.kernel.problems import EXIT_FALSE, EXIT_REFUSED, EXIT_USAGE

FIGURES = ("P1", "P4", "P7")
SEED = 20


def chosen(only: str) -> list[str]:
    """The figures named in `--only`, in the table's order; all of them when it is empty.

    Raises:
        ValueError: one of them is no figure of this bench; the message names it.
    """
    wanted = [name.strip().upper() for name in only.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in FIGURES]
    if unknown:
        raise ValueError(", ".join(unknown))
    return [name for name in FIGURES if not wanted or name in wanted]


class Report:
    """Prints as it goes: JSON lines on standard output, or a table at the end; progress on standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._figures: list[Figure] = []

    def tell(self, zh: str, en: str) -> None:
        """A step."""
        click.echo(f"{zh} / {en} …", err=True)

    def surroundings(self, found: dict[str, Any]) -> None:
        """What stands before the figures."""
        if self._as_json:
            self._line({"figure": "surroundings", **found})
            return
        click.echo("环境 / surroundings")
        for name, value in found.items():
            shown = value
            if isinstance(value, dict):
                shown = ", ".join(f"{key} {one}" for key, one in value.items())
            click.echo(f"  {name}: {shown}")
        click.echo()

    def add(self, figures: list[Figure]) -> None:
        """Figures that are measured."""
        self._figures += figures
        for one in figures:
            if self._as_json:
                self._line(one.document())
        if not self._as_json:
            click.echo("\n".join(table_of(figures)))

    def _line(self, document: dict[str, Any]) -> None:
        click.echo(json.dumps(document, ensure_ascii=False))

    @property
    def missed(self) -> list[Figure]:
        """Figures that do not reach their goal."""
        return [one for one in self._figures if not one.is_met]


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bianmin-bench-", dir=data) as name:
        yield Path(name).resolve()


def run(folder: Path, wanted: list[str], rounds: int, report: Report) -> None:
    """Measure what is wanted in a folder."""
    places: list[Place] = choose_places(SEED)
    probe = folder / "probe"
    probe.mkdir()
    with both_sides(probe, places[-2], places[-1]) as (township, _):
        report.surroundings(surroundings(folder, township.database))
    if "P1" in wanted:
        ingest = folder / "ingest"
        ingest.mkdir()
        report.add(measure_ingest(ingest, places, rounds, report.tell))
    if "P4" in wanted:
        with running(folder / "direct", places, report.tell, metered=False) as bench:
            report.add(measure_latency(bench, folder, rounds, report.tell))
    if "P7" in wanted:
        with running(folder / "metered", places, report.tell, metered=True) as bench:
            report.add(measure_wire(bench, rounds, report.tell))


@click.command("bench", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="逐行输出 JSON / JSON lines on stdout")
@click.option("--only", default="", help="只测这几项,如 P1,P4 / only these")
@click.option(
    "--rounds", type=click.IntRange(1, 100), default=5, show_default=True, help="轮数 / rounds of each figure"
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="在哪块盘上测,默认系统临时目录 / on whose disk to measure; default: the system's temporary folder",
)
def bench(as_json: bool, only: str, rounds: int, data: Path | None) -> None:
    """测量性能比值,同一轮内轮流测两边 / Measure the ratios of docs/performance.md, both sides in turn."""
    try:
        wanted = chosen(only)
    except ValueError as error:
        click.echo(
            f"--only: {error}: 只能是 {', '.join(FIGURES)}。/ Known are {', '.join(FIGURES)}.", err=True
        )
        sys.exit(EXIT_USAGE)
    report = Report(as_json=as_json)
    with _folder(data) as folder:
        kind = file_system_of(folder)
        if kind in MEMORY_FILE_SYSTEMS:
            click.echo(
                f"{folder}: 在内存里({kind}),测不出落盘;请用 --data 指定磁盘目录。/ "
                "This lies in memory, where nothing becomes durable; name a folder on a disk with --data.",
                err=True,
            )
            sys.exit(EXIT_USAGE)
        try:
            run(folder, wanted, rounds, report)
        except (CommandError, OfficeError, TimeoutError) as error:
            click.echo(f"没有测成:{error} / The bench could not finish.", err=True)
            sys.exit(EXIT_REFUSED)
    sys.exit(EXIT_FALSE if report.missed else 0)


def main(arguments: list[str] | None = None) -> None:
    """Entry point; ends the process: 0 when every goal is met, 8 when one is missed."""
    bench.main(args=arguments, prog_name="bianmin bench")
