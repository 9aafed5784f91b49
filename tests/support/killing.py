"""Real nodes that are killed again and again: each has a keeper that ends it by plan and starts it anew.

A kill is SIGKILL at a random moment, or the process ending itself at a named instant (`node.kernel.faultpoints`), which
leaves the same behind. Keepers work side by side, so that both ends of a line may be dead at once.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from node.kernel.faultpoints import KILLED, POINTS, VARIABLE
from tests.support.processes import ROOT, environment

SIGKILLED = -9
WARM = (
    "import sys; import node.cli.running; from node.cli.main import bianmin; "
    "sys.stdin.readline() or sys.exit(); bianmin(['serve', '--data', sys.argv[1], '--json'], prog_name='bianmin')"
)
"""`bianmin serve` that has loaded its program already and waits for a line: the next life begins at once."""
PATIENCE_S = 20.0
TRIES = 3
"""How long a named instant is waited for; then the process is killed as it is, and the instant is tried again later."""
LISTEN_S = 60.0
IN_START = 0.2
"""How many of the kills at random moments come while the node still starts."""
LONGEST_LIFE_S = 3.0
WHERE = {
    "writer": "above below both",
    "ledger": "above below both",
    "push.after-commit": "above both",
    "push.before-receipt": "below both",
    "pull.before-receipt": "below both",
    "apply": "above below both",
    "offer": "below both",
    "take.before-commit": "above both",
    "take.after-commit": "above both",
}
"""Where an instant is reached: `below` has a parent only, `above` has children only, `both` is in the middle."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One end: at a named instant the n-th time it comes, or ("") after so many seconds of life.

    Attributes:
        in_start: seconds are counted from the start of the process, not from when it listens.
        tries: how often the instant did not come in time before.
    """

    point: str
    count: int = 1
    after_s: float = 0.0
    in_start: bool = False
    tries: int = 0


def plan_kills(total: int, places: Sequence[str], chance: random.Random) -> dict[str, list[Kill]]:
    """Who is killed when: every named instant at every node that reaches it, then half and half, in any order.

    Args:
        places: what each node is, top first: `above`, `both`, `below`.
    """
    named = [
        (place, point)
        for point in POINTS
        for place in places
        if place in WHERE.get(point, WHERE.get(point.split(".")[0], "")).split()
    ]
    chance.shuffle(named)
    kills: list[tuple[str, Kill]] = [(place, Kill(point)) for place, point in named[:total]]
    while len(kills) < total:
        if chance.random() < 0.5:
            place, point = chance.choice(named)
            kills.append((place, Kill(point, chance.randint(1, 4))))
        else:
            in_start = chance.random() < IN_START
            after_s = chance.uniform(0.1, LONGEST_LIFE_S)
            kills.append((chance.choice(list(places)), Kill("", after_s=after_s, in_start=in_start)))
    chance.shuffle(kills)
    return {place: [kill for where, kill in kills if where == place] for place in places}


@dataclass
class Keeper:
    """Keeps one node running between its kills.

    Attributes:
        kills: what is still to come.
        done: by point ("" for a random moment): how often it was killed there.
        missed: instants that did not come in time: the process was killed as it was.
        wrong: ends that were no kill.
    """

    folder: Path
    kills: list[Kill]
    done: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _next: subprocess.Popen[str] | None = None
    _next_kill: Kill | None = None
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Run the node; kill it by plan; leave it running after the last kill."""
        self._thread = threading.Thread(target=self._run, name=f"keeper-{self.folder.name}", daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """End the node properly; returns its exit code."""
        code = 0
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        for process in (self._next, self._process):
            if process is None:
                continue
            process.terminate()
            try:
                code = process.wait(LISTEN_S)
            finally:
                _close(process)
        return code

    @property
    def left(self) -> int:
        """Kills still to come."""
        return len(self.kills)

    def _run(self) -> None:
        self._wait_with(self._planned(0))
        while self.kills and not self._ending.is_set():
            kill = self.kills[0]
            began = self._begin(kill, self._planned(1))
            if kill.in_start or self._listens():
                self._kill(kill, began if kill.in_start else time.monotonic())
            else:
                self._note(kill)
            if self._process is not None:
                _close(self._process)
            self.kills.pop(0)
        self._begin(None, None, more=False)
        if not self._listens():
            self.wrong.append(f"{self.folder.name} does not start: {self._log_tail()}")

    def _planned(self, place: int) -> Kill | None:
        return self.kills[place] if place < len(self.kills) else None

    def _wait_with(self, kill: Kill | None) -> None:
        """Have a process loaded that will end so; one that waits for another end is given up."""
        if self._next is not None:
            if self._next_kill is kill:
                return
            self._next.kill()
            self._next.wait(LISTEN_S)
            _close(self._next)
        self._next, self._next_kill = self._load(kill), kill

    def _begin(self, kill: Kill | None, then: Kill | None, *, more: bool = True) -> float:
        """Let the process that waits be the node, and have the one after it loaded; returns when."""
        self._wait_with(kill)
        self._process, self._next = self._next, None
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        began = time.monotonic()
        if more:
            self._wait_with(then)
        return began

    def _load(self, kill: Kill | None) -> subprocess.Popen[str]:
        asked = {VARIABLE: f"{kill.point}:{kill.count}"} if kill is not None and kill.point else {}
        with (self.folder / "node.log").open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                [sys.executable, "-c", WARM, str(self.folder)],
                cwd=ROOT,
                env={**environment(), "PYTHONFAULTHANDLER": "1", **asked},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _listens(self) -> bool:
        """Wait for the line that says so; False when the process ended before."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline() != ""

    def _kill(self, kill: Kill, since: float) -> None:
        assert self._process is not None
        life = (
            PATIENCE_S * (kill.tries + 1)
            if kill.point
            else max(0.0, kill.after_s - (time.monotonic() - since))
        )
        try:
            self._process.wait(life)
        except subprocess.TimeoutExpired:
            self._process.kill()
            if kill.point:
                self.missed.append(kill.point)
                if kill.tries < TRIES:
                    self.kills.append(replace(kill, count=1, tries=kill.tries + 1))
        self._note(kill)

    def _note(self, kill: Kill) -> None:
        assert self._process is not None
        code = self._process.wait(LISTEN_S)
        if code == KILLED and kill.point:
            self.done[kill.point] += 1
        elif code == SIGKILLED:
            self.done[""] += 1
        else:
            self.wrong.append(f"{self.folder.name} ended by itself: {code}: {self._log_tail()}")

    def _log_tail(self) -> str:
        return (self.folder / "node.log").read_text(encoding="utf-8")[-2000:]


def _close(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
