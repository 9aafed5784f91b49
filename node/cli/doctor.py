"""What `doctor` looks at, one finding each: a sentence that says what is so, and what to do where it is not good."""

from __future__ import annotations

import shutil

from federation.errors import FederationError, ProtocolError
from node.container import Container
from node.exchange.checks import (
    Finding,
    check_alerts,
    check_calendar,
    check_clock,
    check_disk,
    check_logs,
    check_queue,
    check_statement,
)
from node.kernel.clock import local_date


def examine(node: Container) -> list[Finding]:
    """Every check, in the order an operator would make them. Asks the parent; changes nothing but what that brings."""
    parent = _parent(node)
    found = node.administration.overview()
    year = local_date(found.at).year
    return [
        *parent,
        check_clock(found.clock_delta_s if node.client is None else node.client.delta_s),
        _keys(node),
        check_statement(found),
        check_disk(shutil.disk_usage(node.settings.data_dir).free),
        check_calendar(year, is_official=node.calendar.is_official(year)),
        check_queue(found),
        *check_logs(found),
        *check_alerts(found),
    ]


def _parent(node: Container) -> list[Finding]:
    if node.client is None:
        return [
            Finding("parent", "good", "本节点是顶级节点,没有上级。", "This node is a top; it has no parent.")
        ]
    trust = node.folder.read_trust()
    url = "" if trust is None else trust.parent_url
    try:
        node.client.check_state()
    except ProtocolError as error:
        zh = f"上级 {url} 拒绝了本节点({error.code})。"
        return [Finding("parent", "bad", zh, f"The parent {url} refused this node ({error.code}).")]
    except FederationError as error:
        zh = f"联系不上上级 {url}:请检查网络和地址(bianmin parent)。"
        en = f"The parent {url} cannot be reached: check the network and the address. ({error.code})"
        return [Finding("parent", "bad", zh, en)]
    return [Finding("parent", "good", f"上级 {url} 可以联系。", f"The parent {url} answers.")]


def _keys(node: Container) -> Finding:
    kid = node.identity.kid
    if node.settings.passphrase_file is None:
        return Finding(
            "keys",
            "warning",
            f"密钥可用({kid}),但未加口令保护;可配置 passphrase_file。",
            f"The keys work ({kid}) but have no passphrase; passphrase_file can name one.",
        )
    return Finding(
        "keys", "good", f"密钥可用({kid}),有口令保护。", f"The keys work ({kid}), under a passphrase."
    )
