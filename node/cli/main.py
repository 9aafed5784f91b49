"""`bianmin`: the command line of a node.

Every command says in its help what it does, in Chinese and English, and ends with one of the codes that
`bianmin exit-codes` lists.
"""

from __future__ import annotations

import click

from node.cli import looking, network, playing, proofs, running, setup, stock
from node.cli.output import Console, exit_code_lines, speaking

EPILOG = "退出码见 bianmin exit-codes。 / Exit codes: bianmin exit-codes."


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
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


for _module in (setup, running, looking, network, proofs, stock, playing):
    for _command in _module.COMMANDS:
        bianmin.add_command(_command)


def main() -> None:
    """Entry point of the console script."""
    bianmin(prog_name="bianmin")


if __name__ == "__main__":
    main()
