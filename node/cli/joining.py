"""Joining a network by an invitation, and telling what was set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from federation.enrolment import JoinInvitation, check_not_expired, check_parent_url
from federation.errors import TransportError
from federation.joining import join, keep_chain
from federation.keys import NodeKeys
from federation.transport import RequestsTransport
from node.cli import founding
from node.cli.output import Console
from node.cli.problems import parent_away, waits_for_confirmation
from node.container import Ground
from node.exchange.identity import NodeFolder, Trust
from node.exchange.problems import belongs_already
from node.kernel.clock import Clock, SystemClock, format_utc


def join_network(
    console: Console, data_dir: Path, invitation: JoinInvitation, options: Mapping[str, Any]
) -> None:
    """Enrol with the parent, keep what it states, and set the node up; may be run again after any interruption.

    Raises:
        Problem: `belongs-already`, `transport`, `token`, `waits`.
        FederationError: the parent's answer does not hold.
    """
    clock = SystemClock()
    check_not_expired(invitation, clock.now())
    told = {**founding.read_draft(data_dir), **options}
    plain = bool(told.get("allow_plain_http", False))
    check_parent_url(invitation.parent_url, allow_plain_http=plain)
    if (data_dir / "node.toml").exists():
        _join_again(console, data_dir, invitation, clock)
        return
    folder = founding.prepare_folder(data_dir, told)
    chain = _enrol(invitation, folder.make_keys(), _transport(data_dir, told), clock)
    values = {
        "network": invitation.network,
        "code": invitation.code,
        "level": invitation.level,
        "name": invitation.name,
        **told,
    }
    ground = founding.open_new(data_dir, values)
    try:
        keep_membership(ground, invitation, chain)
        (data_dir / founding.DRAFT).unlink(missing_ok=True)
        show_established(console, ground, founding.establish(ground))
    finally:
        ground.close()


def _join_again(console: Console, data_dir: Path, invitation: JoinInvitation, clock: Clock) -> None:
    """The folder holds a node: an interrupted joining is finished, a re-key is asked for, all else is refused."""
    ground = founding.open_new(data_dir, {})
    try:
        folder, trust = ground.folder, ground.folder.read_trust()
        settings = ground.settings
        if (settings.network, settings.code) != (invitation.network, invitation.code):
            raise belongs_already(settings.network)
        is_rekey = trust is not None and trust.is_joined
        keys = folder.prepare_next_keys() if is_rekey and folder.has_keys else folder.make_keys()
        transport = RequestsTransport(verify=settings.ca_file, allow_plain_http=settings.allow_plain_http)
        chain = _enrol(invitation, keys, transport, clock)
        if is_rekey and keys.public.node.kid != folder.make_keys().public.node.kid:
            folder.use_next_keys()
        keep_membership(ground, invitation, chain)
        show_established(console, ground, founding.establish(ground))
    finally:
        ground.close()


def _transport(data_dir: Path, told: Mapping[str, Any]) -> RequestsTransport:
    ca_file = told.get("ca_file")
    verify = None if not ca_file else data_dir / Path(str(ca_file)).expanduser()
    return RequestsTransport(verify=verify, allow_plain_http=bool(told.get("allow_plain_http", False)))


def _enrol(
    invitation: JoinInvitation, keys: NodeKeys, transport: RequestsTransport, clock: Clock
) -> list[str]:
    try:
        chain = join(invitation, keys, transport, clock)
    except TransportError as error:
        raise parent_away(invitation.parent_url) from error
    if chain is None:
        raise waits_for_confirmation(keys.public.node.kid)
    return chain


def keep_membership(ground: Ground, invitation: JoinInvitation, chain: list[str]) -> None:
    """Pin what the invitation said, then store the chain; the trust file says `joined` last."""
    folder, now = ground.folder, ground.clock.now()
    trust = _trust_of(invitation, folder)
    folder.write_trust(trust)
    identity = folder.identity()
    with ground.database.transaction() as session:
        tx = founding.stores_of(ground, identity.name).within(session)
        keep_chain(tx, identity, chain, invitation.anchor, now)
    folder.write_trust(replace(trust, joined_at=format_utc(now)))


def _trust_of(invitation: JoinInvitation, folder: NodeFolder) -> Trust:
    before = folder.read_trust()
    trust = Trust(
        network=invitation.network,
        code=invitation.code,
        level=invitation.level,
        anchor=invitation.anchor,
        parent=invitation.parent,
        parent_key=invitation.parent_key,
        parent_url=invitation.parent_url,
    )
    return trust if before is None else replace(trust, joined_at=before.joined_at)


def show_established(console: Console, ground: Ground, made: founding.Established) -> None:
    """Tell what was set up; the first account's password is shown here and nowhere else."""
    trust = ground.folder.read_trust()
    assert trust is not None, "a node that was set up has a trust file"
    settings = made.settings
    kid = ground.folder.make_keys().public.node.kid
    console.say(
        f"{settings.name}({settings.code})已加入网络 {settings.network}。",
        f"{settings.name} ({settings.code}) belongs to the network {settings.network}.",
    )
    console.say(f"机构:{made.institution}", f"institution: {made.institution}")
    console.say(f"岗位:{'、'.join(made.posts)}", f"posts: {', '.join(made.posts)}")
    console.say(f"事项:{made.items} 项", f"items: {made.items}")
    console.say(f"本节点密钥指纹:{kid}", f"thumbprint of this node's key: {kid}")
    if trust.parent:
        console.say(
            f"上级密钥指纹(请电话核对):{trust.parent_key}",
            f"thumbprint of the parent's key (compare by telephone): {trust.parent_key}",
        )
    if made.operator is not None:
        console.say(
            f"第一个账号:{made.operator.login} 初始密码:{made.operator.initial_password}(只显示这一次)",
            f"first account: {made.operator.login} password: {made.operator.initial_password} (shown this once)",
        )
    console.say(
        f"现在运行:bianmin serve --data {settings.data_dir}",
        f"Now run: bianmin serve --data {settings.data_dir}",
    )
    console.document(_document(made, trust, kid))


def _document(made: founding.Established, trust: Trust, kid: str) -> dict[str, Any]:
    settings, operator = made.settings, made.operator
    account = None
    if operator is not None:
        account = {"login": operator.login, "initial_password": operator.initial_password}
    return {
        "data": str(settings.data_dir),
        "network": settings.network,
        "code": settings.code,
        "level": settings.level,
        "name": settings.name,
        "joined": True,
        "node_key": kid,
        "anchor": trust.anchor,
        "parent": trust.parent or None,
        "parent_key": trust.parent_key or None,
        "url": settings.public_url,
        "institution": made.institution,
        "posts": list(made.posts),
        "items": made.items,
        "operator": account,
    }
