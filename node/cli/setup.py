"""`init`, `invite`, `join`, `confirm`: how a node comes into being and into its network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from federation.enrolment import decode_invitation
from node.cli import founding, joining
from node.cli.opening import opened
from node.cli.output import Console, data_option, speaking
from node.cli.problems import without_network_options
from node.exchange.administration import Invited

LEVELS = click.Choice(["city", "county", "township", "village"])


def _asked(**options: Any) -> dict[str, Any]:
    """What the options say as settings; those not given are left out."""
    pairs = options.pop("pairs")
    return {
        **{key: value for key, value in options.items() if value is not None},
        **founding.parse_told(pairs),
    }


def setting_options(command: Any) -> Any:
    """Options for what nearly every node is told at its beginning."""
    for option in (
        click.option(
            "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="其他设置 / any other setting"
        ),
        click.option(
            "--passphrase-file", "passphrase_file", help="密钥口令文件 / file with the keys' passphrase"
        ),
        click.option("--database-url", "database_url", help="数据库;默认 SQLite / database; default SQLite"),
        click.option("--public-url", "public_url", help="对外地址 / address for children and citizens"),
        click.option("--port", "listen_port", type=int, help="监听端口 / port to listen on"),
        click.option("--host", "listen_host", help="监听地址 / address to listen on"),
    ):
        command = option(command)
    return command


@click.command("init")
@data_option
@click.option("--network", help="网络名,仅顶级节点 / name of the network, top only")
@click.option("--code", help="12 位区划代码 / 12-digit code")
@click.option("--level", type=LEVELS, help="层级 / level")
@click.option("--name", help="节点名称 / display name")
@setting_options
@speaking
def init(
    console: Console,
    data_dir: Path,
    network: str | None,
    code: str | None,
    level: str | None,
    name: str | None,
    **options: Any,
) -> None:
    """新建节点:顶级节点建立网络,其他节点随后 join / Make a node: a top founds its network, any other joins next."""
    told = _asked(**options)
    given = {"network": network, "code": code, "level": level, "name": name}
    stated = {key: value for key, value in given.items() if value is not None}
    if 0 < len(stated) < len(given):
        raise without_network_options()
    folder = founding.prepare_folder(data_dir, told)
    if not stated:
        founding.write_draft(data_dir, told)
        console.say(
            f"已在 {data_dir} 建好密钥。请向上级索取邀请,再运行:bianmin join --data {data_dir} <邀请>",
            f"Keys are ready in {data_dir}. Ask the parent for an invitation, then: bianmin join --data {data_dir} …",
        )
        console.document(
            {"data": str(data_dir), "node_key": folder.make_keys().public.node.kid, "joined": False}
        )
        return
    unfinished = data_dir / founding.UNFINISHED
    unfinished.touch(mode=0o600)
    ground = founding.open_new(data_dir, {**stated, **told})
    try:
        founding.found_network(ground)
        made = founding.establish(ground)
        unfinished.unlink()
        joining.show_established(console, ground, made)
    finally:
        ground.close()


@click.command("invite")
@data_option
@click.option("--code", required=True, help="下级 12 位代码 / the child's 12-digit code")
@click.option("--level", required=True, type=LEVELS, help="下级层级 / the child's level")
@click.option("--name", required=True, help="下级名称 / the child's name")
@click.option(
    "--scope", multiple=True, help="辖区代码前缀,默认由代码得出 / code prefixes, default by the code"
)
@click.option(
    "--replace", "replace_keys", is_flag=True, help="更换已有节点的密钥 / new keys for a node that exists"
)
@speaking
def invite(
    console: Console,
    data_dir: Path,
    code: str,
    level: str,
    name: str,
    scope: tuple[str, ...],
    replace_keys: bool,
) -> None:
    """给下级节点发邀请,72 小时内有效 / Invite a child node; good for 72 hours."""
    with opened(data_dir) as node:
        made = node.administration.invite(code, level, name, scope=scope or None, replace_keys=replace_keys)
    _show_invitation(console, made)


def _show_invitation(console: Console, made: Invited) -> None:
    invitation = made.invitation
    console.say(
        f"邀请 {invitation.name}({invitation.code}),{invitation.expires:%Y-%m-%d %H:%M} UTC 前有效,只能使用一次:",
        f"Invitation of {invitation.name} ({invitation.code}), good until {invitation.expires:%Y-%m-%d %H:%M} UTC, once:",
    )
    console.say(made.text, made.text)
    console.say(
        f"本级节点密钥指纹(电话核对用):{invitation.parent_key}",
        f"Thumbprint of this node's key, to be compared by telephone: {invitation.parent_key}",
    )
    console.document(
        {
            "invitation": made.text,
            "code": invitation.code,
            "level": invitation.level,
            "name": invitation.name,
            "expires": invitation.expires.isoformat(),
            "parent_key": invitation.parent_key,
            "anchor": invitation.anchor,
        }
    )


@click.command("join")
@data_option
@click.argument("invitation")
@setting_options
@speaking
def join(console: Console, data_dir: Path, invitation: str, **options: Any) -> None:
    """用上级给的邀请加入网络 / Join a network with the parent's invitation."""
    told = _asked(**options)
    decoded = decode_invitation(invitation)
    joining.join_network(console, data_dir, decoded, told)


@click.command("confirm")
@data_option
@click.option("--code", required=True, help="下级代码 / the child's code")
@click.option("--thumbprint", required=True, help="电话核对过的指纹 / the thumbprint compared by telephone")
@speaking
def confirm(console: Console, data_dir: Path, code: str, thumbprint: str) -> None:
    """核对指纹后确认下级更换密钥 / Confirm a child's new keys after comparing the thumbprint."""
    with opened(data_dir) as node:
        node.administration.confirm(code, thumbprint)
    console.say(
        f"已确认 {code} 的新密钥,旧密钥即刻失效。",
        f"The new keys of {code} are confirmed; the old ones ended.",
    )
    console.document({"code": code, "confirmed": True})


COMMANDS = (init, invite, join, confirm)
