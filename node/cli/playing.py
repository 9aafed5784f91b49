"""`demo` and `bench`: written elsewhere, loaded only when asked for."""

from __future__ import annotations

import importlib
import sys

import click

PASSED_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def _pass_on(module: str, arguments: tuple[str, ...]) -> None:
    outcome = importlib.import_module(module).main(list(arguments))
    sys.exit(0 if outcome is None else int(outcome))


@click.command("demo", context_settings=PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """在本机起四级节点并演示一个上午 / Four real nodes on this machine play a working morning."""
    _pass_on("demo.command", arguments)


@click.command("bench", context_settings=PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """性能比值测量 / Measure the performance ratios."""
    _pass_on("demo.bench", arguments)


COMMANDS = (demo, bench)
