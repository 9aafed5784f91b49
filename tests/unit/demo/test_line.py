"""The line that can be cut."""

from __future__ import annotations

import socket
import threading

import pytest

from demo.line import Line


@pytest.fixture
def echo_port() -> int:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while content := connection.recv(1024):
                    connection.sendall(content)

    threading.Thread(target=serve, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def dial(line: Line) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(line.url.rpartition(":")[2])), timeout=5)


def test_what_is_sent_comes_through_and_back(echo_port: int) -> None:
    line = Line(echo_port)
    with dial(line) as call:
        call.sendall(b"wei")
        assert call.recv(16) == b"wei"
    line.close()


def test_a_cut_line_ends_calls_and_takes_no_new_one_until_it_is_mended(echo_port: int) -> None:
    line = Line(echo_port)
    with dial(line) as call:
        call.sendall(b"1")
        assert call.recv(16) == b"1"
        line.cut()
        assert call.recv(16) == b""
    with dial(line) as call:
        assert call.recv(16) == b""
    line.mend()
    with dial(line) as call:
        call.sendall(b"2")
        assert call.recv(16) == b"2"
    line.close()
