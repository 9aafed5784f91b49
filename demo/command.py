"""`bianmin demo`: a real network of four nodes on this machine, and a working morning."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from demo.applicants import Applicants, Surroundings
from demo.auditing import JUDGED, audit_lines, audit_once
from demo.morning import Matter, Morning
from demo.nodes import CommandError, DemoNetwork
from demo.office import OfficeError
from demo.outcome import MatterOutcome, read_outcomes
from demo.places import Place, PlaceError, choose_places
from demo.report import lines_of, witnessing_of
from demo.visits import Visit, read_visits
from node.kernel.clock import SystemClock, local_date
from node.kernel.problems import EXIT_FALSE, EXIT_REFUSED, EXIT_USAGE

SETTLE_S = 40.0
WIDTH = 30


class Screen:
    """What a person sees while it works; everything goes to standard error, so that `--json` stays one document."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._is_live = sys.stderr.isatty()
        self._shown = ""

    def tell(self, zh: str, en: str) -> None:
        """A step."""
        if not self._quiet:
            click.echo(f"{zh} / {en} …", err=True)

    def progress(self, done: int, total: int) -> None:
        """The bar."""
        if self._quiet:
            return
        filled = WIDTH * done // max(total, 1)
        text = f"[{'█' * filled}{'·' * (WIDTH - filled)}] {done}/{total}"
        if text != self._shown and (self._is_live or done == total):
            click.echo(f"\r{text}" if self._is_live else text, nl=not self._is_live, err=True)
        self._shown = text

    def end_line(self) -> None:
        """After the bar."""
        if self._is_live and not self._quiet:
            click.echo(err=True)


def suitable(visits: Sequence[Visit], places: Sequence[Place], decided: dict[str, str]) -> list[Visit]:
    """The visits that this network can serve: without a city, what is decided there or above is left out."""
    levels = {place.level for place in places}
    return [
        v
        for v in visits
        if v.at in levels and ("city" in levels or decided[v.item] not in {"city", "province"})
    ]


def deciding_levels(offices: Any, visits: Sequence[Visit]) -> dict[str, str]:
    """Where each item of the script is decided, asked of the top."""
    top = next(office for level, office in offices.items() if level in {"city", "county"})
    return {
        item: str(top.call("GET", f"/items/{item}")["deciding_level"]) for item in {v.item for v in visits}
    }


def play(
    network: DemoNetwork, places: Sequence[Place], seed: int, cut_s: int, screen: Screen, today: date
) -> list[Matter]:
    """The whole morning on a running network."""
    offices = network.offices
    script = read_visits()
    visits = suitable(script, places, deciding_levels(offices, script))
    village = places[-1]
    people = Applicants(
        seed,
        Surroundings(f"南通市{places[-2].name.removeprefix('南通市')}{village.name}", village.code, today),
    )
    morning = Morning(offices, people, today, screen.progress)
    screen.tell(f"{len(visits)} 件事", f"{len(visits)} matters")
    line = network.lines.get(village.level)
    if line is not None:
        line.cut()
        screen.tell(
            f"村镇之间断网 {cut_s} 秒", f"The line between village and township is dead for {cut_s} s"
        )
        threading.Timer(cut_s, line.mend).start()
    try:
        return morning.play(visits)
    finally:
        screen.end_line()


def settle(matters: Sequence[Matter], network: DemoNetwork) -> list[MatterOutcome]:
    """Read what happened, once every entry has its receipt and every ledger its witness, or time is up."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        outcomes = read_outcomes(matters, network.offices)
        ledgers = witnessing_of(network.offices)
        settled = all(not outcome.unproven for outcome in outcomes)
        witnessed = all(one.witnessed in (None, one.size) for one in ledgers)
        if (settled and witnessed) or time.monotonic() > deadline:
            return outcomes
        time.sleep(1)


def failures_of(matters: Sequence[Matter], outcomes: Sequence[MatterOutcome]) -> list[str]:
    """What is not as its people wished, or is not proven; empty when all is well."""
    wrong = [
        f"{outcome.case_number} {outcome.item_name}: {outcome.state}"
        for matter, outcome in zip(matters, outcomes, strict=True)
        if outcome.state not in matter.wish
    ]
    return wrong + [f"{outcome.case_number}: {text}" for outcome in outcomes for text in outcome.unproven]


def document_of(network: DemoNetwork, outcomes: Sequence[MatterOutcome]) -> dict[str, Any]:
    """The one JSON document."""
    nodes = [
        {
            "code": node.office.code,
            "level": node.office.place.level,
            "url": node.office.url,
            "data": node.office.data,
        }
        for node in network.nodes
    ]
    return {"nodes": nodes, "matters": [outcome.document() for outcome in outcomes]}


@click.command("demo", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--exit", "ends", is_flag=True, help="演完即结束 / end when the morning is over")
@click.option(
    "--json", "as_json", is_flag=True, help="标准输出为一个 JSON 文档 / one JSON document on stdout"
)
@click.option(
    "--data",
    "data",
    type=click.Path(path_type=Path, file_okay=False),
    help="数据目录,须为空 / an empty folder",
)
@click.option(
    "--port-base", type=click.IntRange(0, 65000), default=0, help="起始端口,0 为自动 / first port, 0: any"
)
@click.option(
    "--seed", type=int, default=20, show_default=True, help="同一种子,同一拨人 / same seed, same people"
)
@click.option("--village", help="村(社区)12 位代码 / 12-digit code of a village")
@click.option("--top", help="以该县为顶级,三级网络 / the county that tops a network of three levels")
@click.option(
    "--cut", "cut_s", type=click.IntRange(0, 3600), default=0, help="村镇断网秒数 / seconds without a line"
)
def demo(
    ends: bool,
    as_json: bool,
    data: Path | None,
    port_base: int,
    seed: int,
    village: str | None,
    top: str | None,
    cut_s: int,
) -> None:
    """在本机起四级节点,演示一个上午 / Four real nodes on this machine play a working morning."""
    screen = Screen(quiet=as_json)
    try:
        places = choose_places(seed, village, top)
    except PlaceError as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    if data is not None and data.exists() and any(data.iterdir()):
        click.echo(
            f"--data {data}: 目录不是空的,请换一个。/ The folder is not empty; name another.", err=True
        )
        sys.exit(EXIT_USAGE)
    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="bianmin-demo-") as spare:
        folder = data or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        network = DemoNetwork(folder.resolve(), port_base, screen.tell)
        try:
            code = _run(network, places, seed, cut_s, screen, ends=ends, as_json=as_json)
        except KeyboardInterrupt:
            code = 0
        except (CommandError, OfficeError) as error:
            click.echo(str(error), err=True)
            code = EXIT_REFUSED
        finally:
            screen.tell("正在停止", "Stopping")
            network.stop()
    sys.exit(code)


def _run(
    network: DemoNetwork,
    places: Sequence[Place],
    seed: int,
    cut_s: int,
    screen: Screen,
    *,
    ends: bool,
    as_json: bool,
) -> int:
    network.start(places, lines=(places[-1].level,) if cut_s > 0 else ())
    matters = play(network, places, seed, cut_s, screen, local_date(SystemClock().now()))
    outcomes = settle(matters, network)
    wrong = failures_of(matters, outcomes)
    if as_json:
        click.echo(json.dumps(document_of(network, outcomes), ensure_ascii=False, indent=1))
    else:
        for line in lines_of(outcomes, network.offices, witnessing_of(network.offices)):
            click.echo(line)
        wrong += _audit(network, screen)
    for line in wrong:
        click.echo(f"不符 / wrong: {line}", err=True)
    if not ends:
        screen.tell("正在运行,Ctrl-C 结束", "Running; Ctrl-C ends it")
        while True:
            time.sleep(3600)
    return EXIT_FALSE if wrong else 0


def _audit(network: DemoNetwork, screen: Screen) -> list[str]:
    """The top audits the village once; findings, or a round that did not end, are failures."""
    top, village = network.nodes[0].office, network.nodes[-1].office
    screen.tell(
        f"{top.place.name} 抽查 {village.place.name}", f"{top.place.name} audits {village.place.name}"
    )
    round_ = audit_once(top, village, screen.tell)
    for line in audit_lines(top, village, round_):
        click.echo(line)
    return [] if round_["state"] == JUDGED and not round_["found"] else [f"audit: {round_['state']}"]


def _leave(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> None:
    """Entry point; ends the process."""
    demo.main(args=arguments, prog_name="bianmin demo")
