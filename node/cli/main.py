"""`bianmin`: the command line of a node.

Every command says in its help what it does, in Chinese and English, and ends with one of the codes that
`bianmin exit-codes` lists.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

from node.cli.output import Console, exit_code_lines, speaking

EPILOG = "退出码见 bianmin exit-codes。 / Exit codes: bianmin exit-codes."
HELP = {"help_option_names": ["-h", "--help"]}
MODULES: Mapping[str, tuple[str, ...]] = {
    "setup": ("init", "invite", "join", "confirm"),
    "running": ("serve", "web", "worker", "upgrade"),
    "looking": ("status", "doctor"),
    "network": ("keys", "rotate", "revoke", "anchor", "parent", "release", "epoch", "reapply"),
    "proofs": ("verify", "fsck"),
    "audit": ("audit",),
    "stock": ("catalogue", "regions", "calendar", "staff"),
    "playing": ("demo", "bench"),
}
"""Where each command is; only the one that is run is loaded, since the web and the database take their time."""


class Commands(click.Group):
    """The group whose commands are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, by name."""
        return sorted([*super().list_commands(ctx), *(name for names in MODULES.values() for name in names)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; None when there is none of that name."""
        for module, names in MODULES.items():
            if cmd_name in names:
                commands = importlib.import_module(f"node.cli.{module}").COMMANDS
                return next((one for one in commands if one.name == cmd_name), None)
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings=HELP, epilog=EPILOG)
@click.version_option(package_name="bianmin", prog_name="bianmin")
def bianmin() -> None:
    """便民:四级便民服务网络的一个节点。 / Bianmin: one node of a network of public service centres."""


@bianmin.command("exit-codes")
@speaking
def exit_codes(console: Console) -> None:
    """列出退出码 / List the exit codes."""
    lines = exit_code_lines(console.language)
    console.table([console.words("退出码", "code"), console.words("含义", "meaning")], lines)
    console.document({str(code): meaning for code, meaning in lines})


def main() -> None:
    """Entry point of the console script."""
    bianmin(prog_name="bianmin")


if __name__ == "__main__":
    main()
