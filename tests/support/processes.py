"""Nodes as an operator runs them: the command line in processes of their own, on loopback, ended by their pid."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "node.cli.main"]
START_S = 120
STOP_S = 30
COMMAND_S = 300
"""Patience with one command: other tests may run on the same two cores."""
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """That of a node: nothing of this one's settings, and the source tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BIANMIN_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}


def run(*arguments: str, expect: int = 0) -> Any:
    """Run one command with `--json` and return its document.

    Raises:
        AssertionError: it ended with another code.
    """
    done = subprocess.run(
        [*COMMAND, *arguments, "--json"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


class Running:
    """A node that serves; `url` is where."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, Any], errors: list[str]) -> None:
        self._process = process
        self.url = str(told["url"])
        self.pid = int(told["pid"])
        self.errors = errors

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self._process.terminate()
        return self._process.wait(STOP_S)

    def kill(self) -> None:
        """SIGKILL: as when the power fails."""
        self._process.kill()
        self._process.wait(STOP_S)


@contextmanager
def working(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`bianmin worker` on a data folder, ended afterwards whatever happened."""
    process = subprocess.Popen(
        [*COMMAND, "worker", "--data", str(data), "--json"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_S)


@contextmanager
def serving(data: Path, *arguments: str, command: str = "serve") -> Iterator[Running]:
    """`bianmin serve`, or `web`, on a data folder, ended afterwards whatever happened."""
    process = subprocess.Popen(
        [*COMMAND, command, "--data", str(data), "--json", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    errors: list[str] = []
    lines: queue.Queue[str] = queue.Queue()
    threads = [
        threading.Thread(target=_drain, args=(process.stdout, lines.put), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, errors.append), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield Running(process, _first_line(process, lines, errors), errors)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_S)
        for thread in threads:
            thread.join(STOP_S)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _drain(stream: Any, put: Callable[[str], object]) -> None:
    for line in stream:
        put(line)


def _first_line(process: subprocess.Popen[str], lines: queue.Queue[str], errors: list[str]) -> dict[str, Any]:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            return dict(json.loads(lines.get(timeout=0.1)))
        except queue.Empty:
            if process.poll() is not None:
                break
    raise AssertionError(f"the node did not start: {''.join(errors)}")


def eventually(check: Callable[[], bool], within_s: float = 30.0) -> bool:
    """Whether something comes true in time; looked at a few times a second."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.2)
    return check()
