"""The line between a village and its township, as a small forwarder of TCP connections that can be cut."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Protocol

CHUNK = 65_536
BACKLOG = 64
CONNECT_S = 5


class Watcher(Protocol):
    """Sees what goes through one connection."""

    def sent(self, content: bytes) -> None:
        """Bytes from the lower node, before they are passed on."""
        ...

    def answered(self, content: bytes) -> None:
        """Bytes from the upper node, before they are passed on."""
        ...


class Line:
    """Listens on a loopback port of its own and forwards to another.

    Args:
        target_port: where the upper node listens on loopback.
        port: where to listen; 0 lets the system choose.
        watch: makes what sees a connection, one for each.
    """

    def __init__(self, target_port: int, port: int = 0, watch: Callable[[], Watcher] | None = None) -> None:
        self._target_port = target_port
        self._watch = watch
        self._listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        self._is_cut = threading.Event()
        self._is_closed = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    @property
    def url(self) -> str:
        """What the lower node is told to dial."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """End every connection, and refuse new ones until `mend`."""
        self._is_cut.set()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut.clear()

    def close(self) -> None:
        """End it for good."""
        self._is_closed.set()
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut.is_set():
                near.close()
                continue
            threading.Thread(target=self._forward, args=(near,), name="line-call", daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target_port), timeout=CONNECT_S)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self._guard:
            self._open |= {near, far}
        try:
            _copy_both_ways(near, far, None if self._watch is None else self._watch())
        finally:
            with self._guard:
                self._open -= {near, far}
            near.close()
            far.close()


def _copy_both_ways(near: socket.socket, far: socket.socket, watcher: Watcher | None) -> None:
    with selectors.DefaultSelector() as waiting:
        waiting.register(near, selectors.EVENT_READ, far)
        waiting.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in waiting.select():
                try:
                    content = key.fileobj.recv(CHUNK)  # type: ignore[union-attr]
                    if content == b"":
                        return
                    if watcher is not None:
                        (watcher.sent if key.fileobj is near else watcher.answered)(content)
                    key.data.sendall(content)
                except OSError:
                    return
