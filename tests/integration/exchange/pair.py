"""Two whole nodes in one process, the lower one dialling the upper one's web application directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from federation.enrolment import JoinInvitation
from federation.errors import TransportError
from federation.joining import join
from federation.ports import Request, Response
from node.app import create_app
from node.cli import founding, joining
from node.container import Container, build
from node.kernel.clock import FixedClock

TOWNSHIP, VILLAGE = "320623101000", "320623101001"
NETWORK = "nantong.example"
START = "2026-11-24T01:00:00+00:00"
PARENT_URL = "http://127.0.0.1:8603"


@dataclass
class WsgiTransport:
    """Carries requests straight into a web application. `is_cut`: nobody answers; `is_deaf`: the answer is lost."""

    app: Flask | None = None
    is_cut: bool = False
    loses_answers: int = 0
    sent: list[Request] = field(default_factory=list)

    def send(self, base_url: str, request: Request) -> Response:
        """One request and its answer."""
        assert self.app is not None, "the parent's application is built first"
        if self.is_cut:
            raise TransportError("the line is cut")
        self.sent.append(request)
        client: FlaskClient = self.app.test_client()
        target = request.path + (f"?{request.query}" if request.query else "")
        answer = client.open(
            base_url=base_url,
            path=target,
            method=request.method,
            headers=[(name, value) for name, value in request.headers if name.lower() != "content-length"],
            data=request.body or None,
        )
        if self.loses_answers > 0:
            self.loses_answers -= 1
            raise TransportError("the answer was lost")
        return Response(answer.status_code, tuple(answer.headers.items()), answer.data)


@dataclass
class Pair:
    """A township and the village that joined it."""

    township: Container
    village: Container
    transport: WsgiTransport
    clock: FixedClock
    app: Flask

    def say(self, node: Container, destination: str, subject: str = "greeting", **data: Any) -> str:
        """Queue an event of a type nobody handles: it travels, is stored, and is kept as unknown."""
        with node.database.transaction() as session:
            return node.queue(
                session,
                destination=destination,
                subject=subject,
                type="test.greeting.v1",
                data={"n": 1, **data},
            )

    def turn(self, times: int = 3) -> None:
        """Every loop of both nodes has its turn."""
        for _ in range(times):
            self.village.local.run()
            assert self.village.link is not None, "a village has a parent"
            self.village.link.run()
            self.township.local.run()

    def later(self, seconds: float) -> datetime:
        """Time goes by."""
        return self.clock.advance(seconds=seconds)


def make_pair(tmp_path: Path, urls: tuple[str, str], changes: Mapping[str, Any] | None = None) -> Pair:
    """Found a township, invite a village, join it."""
    clock = FixedClock(START)
    told = {"rate_limits": False, **(changes or {})}
    township = _township(tmp_path / "township", urls[0], clock, told)
    transport = WsgiTransport(create_app(township))
    invited = township.administration.invite(VILLAGE, "village", "四海社区居委会")
    assert transport.app is not None
    village = _village(tmp_path / "village", urls[1], clock, told, invited.invitation, transport)
    return Pair(township, village, transport, clock, transport.app)


def _township(folder: Path, url: str, clock: FixedClock, told: Mapping[str, Any]) -> Container:
    values = _values(TOWNSHIP, "township", "洋口镇", url, told)
    founding.prepare_folder(folder, values)
    ground = founding.open_new(folder, values, clock)
    founding.found_network(ground)
    ground.close()
    node = build(ground.settings, clock)
    node.writer.check_heads()
    return node


def _village(
    folder: Path,
    url: str,
    clock: FixedClock,
    told: Mapping[str, Any],
    invitation: JoinInvitation,
    transport: WsgiTransport,
) -> Container:
    values = _values(VILLAGE, "village", "四海社区居委会", url, told)
    keys = founding.prepare_folder(folder, values).make_keys()
    ground = founding.open_new(folder, values, clock)
    chain = join(invitation, keys, transport, clock)
    assert chain is not None
    joining.keep_membership(ground, invitation, chain)
    ground.close()
    return reopen(ground.settings, clock, transport)


def reopen(settings: Any, clock: FixedClock, transport: WsgiTransport) -> Container:
    """The node as it stands after a restart."""
    node = build(settings, clock, transport)
    node.writer.check_heads()
    return node


def reopen_app(node: Container) -> Flask:
    """A web process of a node."""
    return create_app(node)


def _values(code: str, level: str, name: str, url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    port = {"public_url": PARENT_URL} if level == "township" else {}
    return {
        "network": NETWORK,
        "code": code,
        "level": level,
        "name": name,
        "database_url": url,
        **port,
        **told,
    }


Maker = Callable[..., Pair]
