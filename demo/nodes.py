"""The nodes of the demonstration: set up and run as an operator would, each a process of its own on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.line import Line
from demo.office import Account, Office
from demo.places import Place

NETWORK = "nantong.example"
COMMAND = (sys.executable, "-m", "node.cli.main")
COMMAND_S = 180
STOP_S = 30
FAST: Mapping[str, str] = {
    "demo_mode": "true",
    "rate_limits": "false",
    "sequence_interval_s": "0.2",
    "work_interval_s": "0.2",
    "push_interval_s": "0.5",
    "pull_interval_s": "0.5",
    "ledger_interval_s": "3",
}
"""The demonstration's nodes call each other often, so that a morning passes in minutes."""
ENDINGS: Mapping[str, str] = {
    "city": "政务服务中心",
    "county": "政务服务中心",
    "township": "便民服务中心",
    "village": "便民服务室",
}
LOGINS: Mapping[str, str] = {
    "代办员": "agent",
    "第一责任人": "bureau",
    "窗口人员": "clerk",
    "窗口负责人": "window_head",
    "常务副主任": "section",
    "中心主任": "bureau",
    "审批科室负责人": "section",
    "局领导": "bureau",
    "监督员": "supervisor",
    "督查科人员": "supervisor",
    "收费人员": "cashier",
    "审计人员": "auditor",
    "系统管理员": "operator",
}
"""Account, and role, by the beginning of a post's name."""
ORDER = ("agent", "clerk", "window_head", "section", "bureau", "operator", "supervisor", "auditor", "cashier")


class CommandError(Exception):
    """A command of the command line ended with an error; the message is what it said."""


def run(*arguments: str) -> Any:
    """Run one `bianmin` command with `--json`; returns its document.

    Raises:
        CommandError: it was refused.
    """
    done = subprocess.run(
        [*COMMAND, *arguments, "--json"],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    if done.returncode != 0:
        told = done.stdout.strip() or done.stderr.strip()
        try:
            told = str(json.loads(told)["title"])
        except (ValueError, KeyError, TypeError):
            told = told[-2000:]
        raise CommandError(f"bianmin {' '.join(arguments[:1])}: {told}")
    return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BIANMIN_")}
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(part for part in (root, kept.get("PYTHONPATH", "")) if part)
    return {**kept, "PYTHONPATH": path}


def display_name(place: Place) -> str:
    """What the institution is called: 望海台村委会 → 望海台村便民服务室, 鹤丰村村委会 → 鹤丰村便民服务室."""
    name = place.name.removesuffix("(新)").removesuffix("（新）")
    for long, short in (
        ("村民委员会", "村"),
        ("居民委员会", "社区"),
        ("社区居委会", "社区"),
        ("村委会", "村"),
        ("居委会", "社区"),
    ):
        if name.endswith(long):
            name = name.removesuffix(long).removesuffix(short) + short
            break
    return name + ENDINGS[place.level]


@dataclass
class Node:
    """One running node."""

    office: Office
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it; it finishes what it is doing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class DemoNetwork:
    """All of them, the top first.

    Args:
        data: folder that holds one folder a node.
        port_base: the top listens there, the next one above it, and so on; 0 lets the system choose.
        told: called with a sentence (Chinese, English) before each step.
        settings: of every node, over its level's defaults.
        make_line: makes the line to a parent's port.
    """

    data: Path
    port_base: int
    told: Callable[[str, str], None]
    settings: Mapping[str, str] = field(default_factory=lambda: FAST)
    make_line: Callable[[int], Line] = Line
    nodes: list[Node] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)

    def start(self, places: Sequence[Place], *, lines: Collection[str] = ()) -> None:
        """Set up and start every node, from the top down.

        Args:
            lines: levels whose way up leads through a line of its own, kept in `lines`.
        """
        for depth, place in enumerate(places):
            folder = self.data / place.level
            self.told(f"正在建立 {display_name(place)}", f"Setting up {place.name}")
            port = self.port_base + depth if self.port_base else 0
            if depth == 0:
                made = run("init", "--data", str(folder), *_founding(place), *self._set(port))
            else:
                upper = places[depth - 1]
                invited = run(
                    *("invite", "--data", str(self.data / upper.level), "--code", place.code),
                    *("--level", place.level, "--name", display_name(place)),
                )
                made = run("join", "--data", str(folder), invited["invitation"], *self._set(port))
            accounts = _add_staff(folder, place, made["posts"])
            if place.level in lines and depth > 0:
                line = self.make_line(int(self.nodes[-1].office.url.rpartition(":")[2]))
                self.lines[place.level] = line
                run("parent", "--data", str(folder), line.url)
            self.nodes.append(_serve(folder, place, accounts))

    @property
    def offices(self) -> dict[str, Office]:
        """By level."""
        return {node.office.place.level: node.office for node in self.nodes}

    def stop(self) -> None:
        """End every node, the lowest first."""
        for node in reversed(self.nodes):
            node.stop()
        for line in self.lines.values():
            line.close()

    def _set(self, port: int) -> tuple[str, ...]:
        pairs = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        return ("--port", str(port or _free_port()), *pairs)


def _founding(place: Place) -> tuple[str, ...]:
    return (
        *("--network", NETWORK, "--code", place.code),
        *("--level", place.level, "--name", display_name(place)),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _add_staff(folder: Path, place: Place, posts: Sequence[str]) -> list[Account]:
    """One member of staff a post, with a password that the demonstration prints."""
    accounts: dict[str, Account] = {}
    for post in posts:
        role = next((role for begins, role in LOGINS.items() if post.startswith(begins)), "")
        if role == "" or role in accounts:
            continue
        login = role if role != "operator" else "admin"
        name = f"{place.name[:2]}{'甲乙丙丁戊己庚辛壬癸'[len(accounts)]}"
        accounts[role] = Account(login, f"demo-{place.level}-2026-{len(accounts) + 1}", name, role, post)
    rows = [f"{one.login},{one.name},{one.post},,{one.password}" for one in accounts.values()]
    list_file = folder / "demo-staff.csv"
    list_file.write_text("login,name,posts,phone,password\n" + "\n".join(rows) + "\n", encoding="utf-8")
    try:
        run("staff", "add", "--data", str(folder), "--csv", str(list_file))
    finally:
        list_file.unlink()
    return sorted(accounts.values(), key=lambda account: ORDER.index(account.role))


def _serve(folder: Path, place: Place, accounts: Sequence[Account]) -> Node:
    log = (folder / "node.log").open("a", encoding="utf-8")
    process = subprocess.Popen(
        [*COMMAND, "serve", "--data", str(folder), "--json"],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    log.close()
    told = _first_document(process)
    if told is None:
        code = process.wait()
        tail = (folder / "node.log").read_text(encoding="utf-8")[-1500:]
        raise CommandError(f"bianmin serve ({place.name}): {code}\n{tail}")
    threading.Thread(target=_drain, args=(process,), daemon=True).start()
    return Node(Office(place, str(told["url"]), str(folder), accounts), process)


def _first_document(process: subprocess.Popen[str]) -> dict[str, Any] | None:
    """What `serve --json` prints once it listens; None when it ended instead."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError:
            continue
        return found if "url" in found else None
    return None


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for _ in lines:
            pass
