"""A wrong passphrase, a busy port, a wrong clock, a used invitation: one clear sentence, what to do, and an exit code."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from federation.errors import ProtocolError
from federation.joining import join
from federation.keys import NodeKeys
from node.cli.problems import from_library
from node.kernel.clock import FixedClock
from node.kernel.problems import EXIT_CONFLICT, EXIT_FORBIDDEN, EXIT_SETUP, problem_document
from tests.support.processes import free_port, run, serving
from tests.support.stations import COUNTY, START, TOWNSHIP, VILLAGE, Line, Wire

OTHER_TOWNSHIP = "320623102000"


def refused(*arguments: str, code: str, expect: int) -> dict[str, Any]:
    """The problem document of a command that is refused."""
    told: dict[str, Any] = run(*arguments, expect=expect)
    assert told["type"] == f"urn:bianmin:problem:{code}"
    return told


def assert_says(told: dict[str, Any], what_to_do: str) -> None:
    """One sentence or two, with the way out in them."""
    sentence = str(told["title"]) + str(told.get("detail", ""))
    assert what_to_do in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 400


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A founded township whose keys are under a passphrase."""
    folder = tmp_path_factory.mktemp("top") / "township"
    folder.mkdir()
    secret = folder / "passphrase"
    secret.write_text("right-and-long-enough\n", encoding="utf-8")
    secret.chmod(0o600)
    place = ("--network", "nantong.example", "--code", TOWNSHIP, "--level", "township", "--name", "掘港街道")
    run("init", "--data", str(folder), *place, "--port", str(free_port()), "--passphrase-file", str(secret))
    return folder


def test_wrong_passphrase_busy_port_and_a_used_invitation(top: Path, tmp_path: Path) -> None:
    secret = top / "passphrase"
    with serving(top) as running:
        told = refused("serve", "--data", str(top), code="port-busy", expect=EXIT_CONFLICT)
        assert_says(told, "--port")
        assert str(running.url.rpartition(":")[2]) in told["title"]
        child = ("--code", VILLAGE, "--level", "village", "--name", "人民路社区")
        invitation = run("invite", "--data", str(top), *child)["invitation"]
        run("join", "--data", str(tmp_path / "village"), invitation, "--port", str(free_port()))
        told = refused(
            "join", "--data", str(tmp_path / "other"), invitation, code="token", expect=EXIT_FORBIDDEN
        )
        assert_says(told, "bianmin invite")
    secret.write_text("wrong-and-long-enough\n", encoding="utf-8")
    try:
        told = refused("serve", "--data", str(top), code="field-keys-passphrase", expect=EXIT_SETUP)
    finally:
        secret.write_text("right-and-long-enough\n", encoding="utf-8")
    assert_says(told, "passphrase_file")
    assert run("fsck", "--data", str(top))["holds"] is True


def test_a_port_of_another_program_is_named(top: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = refused(
            "serve", "--data", str(top), "--port", str(port), code="port-busy", expect=EXIT_CONFLICT
        )
    assert told["port"] == port


def test_a_clock_that_is_wrong_by_days_is_named_when_joining(line: Line) -> None:
    county = line[COUNTY]
    invited = county.node.administration.invite(OTHER_TOWNSHIP, "township", "岔河镇").invitation
    wrong = FixedClock(START)
    wrong.set(line.clock.now() - timedelta(days=2))
    with pytest.raises(ProtocolError) as caught:
        join(invited, NodeKeys.generate(), Wire(lambda: county.program), wrong)
    problem = from_library(caught.value)
    assert (problem.code, problem.exit_code) == ("skew", EXIT_SETUP)
    assert "timedatectl" in problem.sentence("zh")
    assert "172800" in problem.sentence("en")
    assert problem_document(problem, "zh")["type"] == "urn:bianmin:problem:skew"
    right = join(invited, NodeKeys.generate(), Wire(lambda: county.program), line.clock)
    assert right is not None, "a refusal spends nothing"


def test_a_running_node_whose_clock_goes_wrong_goes_on_and_says_so(line: Line) -> None:
    village = line[VILLAGE]
    wrong = FixedClock(START)
    wrong.set(line.clock.now() + timedelta(minutes=20))
    village.clock = wrong
    village.stop()
    village.start()
    for _ in range(3):
        line.work()
        wrong.advance(seconds=301)
    overview = village.node.administration.overview()
    assert overview.links["state"].failures == 0
    assert abs(overview.clock_delta_s + 1200) < 400
    assert any("clock" in code or "skew" in code for code in village.alerts())
