"""Running the web server and the worker until the process is told to end.

waitress ends at once on SIGTERM; here the running requests are finished first and the leases given back.
"""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask
from waitress.server import create_server

from node.cli.problems import busy_port, port_not_allowed

THREADS = 8
REQUEST_TIMEOUT_S = 60
BODY_SLACK_BYTES = 1_048_576
HEADER_BYTES = 65_536
FINISH_S = 5
"""How long running requests may go on after the signal."""
_NOT_ALLOWED = (errno.EACCES, errno.EADDRNOTAVAIL, errno.EPERM)


class WebServer:
    """One waitress server on one port.

    Args:
        body_bytes: the longest request body.

    Attributes:
        port: where it listens (chosen by the system where 0 was asked for).

    Raises:
        Problem: `port-busy`, `port-not-allowed`.
    """

    def __init__(
        self, app: Flask, host: str, port: int, *, body_bytes: int = 67_108_864, threads: int = THREADS
    ) -> None:
        listener = listen_on(host, port)
        self.port = int(listener.getsockname()[1])
        self._server: Any = create_server(
            app,
            sockets=[listener],
            threads=threads,
            ident="bianmin",
            channel_timeout=REQUEST_TIMEOUT_S,
            max_request_body_size=body_bytes + BODY_SLACK_BYTES,
            max_request_header_size=HEADER_BYTES,
            expose_tracebacks=False,
            asyncore_use_poll=True,
        )

    def run(self) -> None:
        """Answer requests until SystemExit or KeyboardInterrupt is raised in this thread; finish what runs."""
        try:
            self._server.asyncore.loop(
                timeout=self._server.adj.asyncore_loop_timeout, map=self._server._map, use_poll=True
            )
        except (SystemExit, KeyboardInterrupt):
            self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=FINISH_S)
        finally:
            self._server.close()


def listen_on(host: str, port: int) -> socket.socket:
    """A socket bound to an address of this machine.

    Raises:
        Problem: `port-busy`, `port-not-allowed`.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise port_not_allowed(host, port, error.strerror or str(error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise busy_port(host, port) from error
        if error.errno in _NOT_ALLOWED:
            raise port_not_allowed(host, port, error.strerror or "") from error
        raise
    return listener


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def on_signal_leave() -> None:
    """SIGTERM and SIGINT end the main thread by SystemExit."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)


def wait_for_signal() -> None:
    """For a process without a web server: return when it is told to end."""
    ended = threading.Event()
    try:
        while not ended.wait(3600):
            continue
    except (SystemExit, KeyboardInterrupt):
        return


def run_until_signal(work: Callable[[], None], finish: Callable[[], None]) -> None:
    """Run `work` in this thread; whatever ends it, `finish` runs."""
    on_signal_leave()
    try:
        work()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        finish()
