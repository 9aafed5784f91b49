"""`serve`, `web`, `worker`: the processes of a node."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from node.app import Audience, create_app
from node.cli.logs import start_logging
from node.cli.opening import ground_of, settings_of
from node.cli.output import Console, data_option, speaking
from node.cli.serving import WebServer, run_until_signal, wait_for_signal
from node.container import Container, build
from node.jobs import Worker, build_worker
from node.kernel.migrate import require_current, upgrade


def listen_options(command: Any) -> Any:
    """Where to listen, over what the settings say."""
    command = click.option("--port", type=click.IntRange(0, 65535), help="监听端口 / port")(command)
    return click.option("--host", help="监听地址 / address")(command)


def _start(data_dir: Path, host: str | None, port: int | None, *, alone: bool = False) -> Container:
    """Opens the node. Who runs it alone brings its database up to date; others only make sure that it is."""
    settings = settings_of(data_dir)
    if host is not None:
        settings = replace(settings, listen_host=host)
    if port is not None:
        settings = replace(settings, listen_port=port)
    start_logging(settings.log_level)
    container = build(settings)
    if alone:
        upgrade(container.database.engine)
    else:
        require_current(container.database.engine)
    return container


def _tell(console: Console, node: Container, server: WebServer) -> None:
    """One line when requests are answered; a program waits for it."""
    settings = node.settings
    url = f"http://{settings.listen_host}:{server.port}"
    console.say(
        f"{settings.name} 已启动:{url} (Ctrl-C 结束)", f"{settings.name} is running: {url} (Ctrl-C ends it)"
    )
    if console.as_json:
        line = {"url": url, "public_url": settings.public_url, "code": settings.code, "pid": os.getpid()}
        click.echo(json.dumps(line, ensure_ascii=False))


@click.command("serve")
@data_option
@listen_options
@speaking
def serve(console: Console, data_dir: Path, host: str | None, port: int | None) -> None:
    """在一个进程里运行网页和后台 / Run web and worker in one process."""
    _serve(console, _start(data_dir, host, port, alone=True), "all", with_worker=True)


@click.command("web")
@data_option
@listen_options
@click.option(
    "--public", "audience", flag_value="public", help="只对群众和其他节点 / citizens and other nodes only"
)
@click.option("--staff", "audience", flag_value="staff", help="只对工作人员 / staff only")
@speaking
def web(
    console: Console, data_dir: Path, host: str | None, port: int | None, audience: Audience | None
) -> None:
    """只运行网页,可开多个 / Run the web only; any number of them."""
    _serve(console, _start(data_dir, host, port), audience or "all", with_worker=False)


@click.command("worker")
@data_option
@speaking
def worker(console: Console, data_dir: Path) -> None:
    """只运行后台,可开多个 / Run the worker only; any number of them."""
    node = _start(data_dir, None, None)
    work = build_worker(node)

    def run() -> None:
        work.start()
        console.say("后台已启动。", "The worker is running.")
        wait_for_signal()

    run_until_signal(run, lambda: _finish(node, work))


def _serve(console: Console, node: Container, audience: Audience, *, with_worker: bool) -> None:
    settings = node.settings
    server = WebServer(
        create_app(node, audience),
        settings.listen_host,
        settings.listen_port,
        body_bytes=max(settings.attachment_bytes, node.limits.batch_bytes),
    )
    work = build_worker(node) if with_worker else None

    def run() -> None:
        if work is not None:
            node.database.after_commit.append(work.hint)
            work.start()
        _tell(console, node, server)
        server.run()

    run_until_signal(run, lambda: _finish(node, work))


def _finish(node: Container, work: Worker | None) -> None:
    if work is not None:
        work.stop()
    node.close()


@click.command("upgrade")
@data_option
@speaking
def upgrade_database(console: Console, data_dir: Path) -> None:
    """把数据库升级到本版本的结构 / Bring the database to this version's schema."""
    with ground_of(data_dir) as node:
        done = upgrade(node.database.engine)
    if done:
        console.say("数据库已升级。", "The database was upgraded.")
    else:
        console.say("数据库已是最新结构。", "The database is up to date.")
    console.document({"upgraded": done})


COMMANDS = (serve, web, worker, upgrade_database)
