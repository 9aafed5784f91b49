"""What an operator does about neighbours and streams: keys, rotate, revoke, anchor, parent, release, epoch, reapply."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from node.cli.opening import opened, settings_of
from node.cli.output import Console, data_option, speaking
from node.exchange.identity import NodeFolder, read_passphrase
from node.exchange.public_keys import keys_document


@click.command("keys")
@data_option
@speaking
def keys(console: Console, data_dir: Path) -> None:
    """列出公钥(JWK 与 vkey)供外部工具核验 / Print public keys, as JWKs and vkeys, for outside tools."""
    with opened(data_dir) as node:
        document = keys_document(node.identity)
    console.say(f"节点 {document['node']}", f"node {document['node']}")
    console.table([console.words("用途", "role"), "thumbprint"], list(document["keys"].items()))
    for name, text in document["vkeys"].items():
        console.say(f"{name}\n  {text}", f"{name}\n  {text}")
    console.document(document)


@click.command("rotate")
@data_option
@click.option(
    "--lost",
    is_flag=True,
    help="顶级:密钥遗失或被盗,从头开始 / a top: the keys were lost or stolen, begin anew",
)
@click.option("--reason", default="", help="理由(与 --lost 同用)/ why, with --lost")
@speaking
def rotate(console: Console, data_dir: Path, lost: bool, reason: str) -> None:
    """换一套新密钥,由上级证明 / Go over to new keys, stated by the parent."""
    if lost:
        _begin_anew(console, data_dir, reason)
        return
    with opened(data_dir) as node:
        before = node.identity.kid
        after = node.own_statement.rotate()
    console.say(
        f"密钥已更换:{before} → {after}。旧密钥 30 天内仍可核验。",
        f"The keys were rotated: {before} → {after}. The old ones can be verified for 30 days.",
    )
    console.document({"before": before, "after": after})


def _begin_anew(console: Console, data_dir: Path, reason: str) -> None:
    settings = settings_of(data_dir)
    NodeFolder(settings.data_dir, read_passphrase(settings.passphrase_file)).make_keys()
    with opened(data_dir) as node:
        anchor = node.own_statement.begin_anew(reason)
    console.say(
        f"新的信任锚:{anchor}\n请电话告知每个下级,由其运行 bianmin anchor {anchor} --reason …;在此之前它们不接受本节点。",
        f"The new trust anchor: {anchor}\nTell it to every node below by telephone; each runs bianmin anchor {anchor} "
        "--reason …; until then none accepts this node.",
    )
    console.document({"before": None, "after": anchor})


@click.command("revoke")
@data_option
@click.option("--code", required=True, help="下级代码 / the child's code")
@click.option("--reason", required=True, help="理由 / why")
@click.option("--yes", is_flag=True, help="不再询问 / do not ask")
@speaking
def revoke(console: Console, data_dir: Path, code: str, reason: str, yes: bool) -> None:
    """撤销一个下级的密钥,立即且不可恢复 / Revoke a child's keys, at once and for good."""
    if not yes and not console.as_json:
        click.confirm(
            console.words(f"撤销 {code} 的全部密钥,不可恢复?", f"Revoke all keys of {code} for good?"),
            abort=True,
        )
    with opened(data_dir) as node:
        node.administration.revoke(code, reason)
    console.say(f"{code} 的密钥已撤销。", f"The keys of {code} are revoked.")
    console.document({"code": code, "revoked": True})


@click.command("anchor")
@data_option
@click.argument("thumbprint", required=False)
@click.option("--reason", default="", help="理由 / why")
@speaking
def anchor(console: Console, data_dir: Path, thumbprint: str | None, reason: str) -> None:
    """查看或重新钉住信任锚(顶级节点的密钥指纹) / Show or pin the trust anchor, the top's key thumbprint."""
    with opened(data_dir) as node:
        if thumbprint is not None:
            node.administration.pin_anchor(thumbprint, reason)
        pinned = node.administration.overview().anchor
    console.say(f"信任锚:{pinned}", f"trust anchor: {pinned}")
    console.document({"anchor": pinned})


@click.command("parent")
@data_option
@click.argument("url", required=False)
@speaking
def parent(console: Console, data_dir: Path, url: str | None) -> None:
    """查看或更改上级的地址 / Show or change the parent's address."""
    with opened(data_dir) as node:
        if url is not None:
            node.administration.set_parent_url(url)
        address = node.administration.overview().parent_url
    console.say(f"上级地址:{address or '(顶级,无上级)'}", f"parent: {address or '(a top, none)'}")
    console.document({"parent_url": address or None})


@click.command("release")
@data_option
@click.option("--origin", required=True, help="日志名 / the log")
@click.option(
    "--index", type=int, help="条目序号;不写则确认导入外来条目 / entry; without: take foreign entries in"
)
@click.option("--how", type=click.Choice(["retry", "skip"]), default="retry", show_default=True)
@click.option("--reason", required=True, help="理由 / why")
@speaking
def release(
    console: Console,
    data_dir: Path,
    origin: str,
    index: int | None,
    how: Literal["retry", "skip"],
    reason: str,
) -> None:
    """放行被搁置的条目,或确认外来条目 / Release a set-aside entry, or take foreign entries in."""
    with opened(data_dir) as node:
        if index is None:
            node.repair.take_foreign(origin, reason)
        else:
            node.administration.release(origin, index, how, reason)
    console.say("已放行。", "Released.")
    console.document({"origin": origin, "index": index, "how": how})


@click.command("epoch")
@data_option
@click.option("--log", "origin", help="本节点的日志,如 …/up/1 / a log of this node")
@click.option("--child", help="作为上级,确认该下级的新纪元 / as a parent, confirm this child's new epoch")
@click.option("--vouch", is_flag=True, help="顶级:担保账本无缺 / a top: nothing of the ledger is missing")
@click.option("--reason", required=True, help="理由 / why")
@speaking
def epoch(
    console: Console, data_dir: Path, origin: str | None, child: str | None, vouch: bool, reason: str
) -> None:
    """分歧或丢失后开启新纪元 / Open a new epoch of a log that diverged or was lost."""
    if sum((origin is not None, child is not None, vouch)) != 1:
        raise click.UsageError("--log | --child | --vouch")
    with opened(data_dir) as node:
        if origin is not None:
            opened_origin = node.repair.open_epoch(origin, reason)
        elif child is not None:
            opened_origin = node.repair.confirm_epoch(child, reason)
        else:
            node.repair.vouch_for_ledger(reason)
            opened_origin = f"{node.identity.name}/ledger"
    console.say(f"已处理:{opened_origin}", f"done: {opened_origin}")
    console.document({"origin": opened_origin})


@click.command("reapply")
@data_option
@click.argument("types", nargs=-1, required=True)
@speaking
def reapply(console: Console, data_dir: Path, types: tuple[str, ...]) -> None:
    """补办以前不认识的事件类型 / Apply entries that were kept because their type was unknown."""
    with opened(data_dir) as node:
        count = node.administration.reapply(types)
    console.say(f"已补办 {count} 条。", f"{count} entries applied.")
    console.document({"applied": count, "types": list(types)})


COMMANDS = (keys, rotate, revoke, anchor, parent, release, epoch, reapply)
