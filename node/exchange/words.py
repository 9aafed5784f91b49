"""What operators read about links and logs: a sentence each, and what to do where there is something to do."""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str]

LINKS: Mapping[str, Words] = {
    "state": ("核对状态", "Compare states"),
    "push": ("上送", "Send up"),
    "pull": ("收取", "Receive"),
    "ledger": ("登记簿见证", "Witness the register"),
    "renew": ("证明续期", "Renew the statement"),
    "blobs": ("附件", "Attachments"),
}
HALTS: Mapping[str, Words] = {
    "foreign": (
        "上级手里有本节点没有写过的内容:可能是恢复了旧映像,也可能密钥被盗。确认是自己的,就导入;否则请上级撤销密钥。",
        "The parent holds entries this node did not write: an old image, or stolen keys. Import them if they are your own;"
        " otherwise have the keys revoked.",
    ),
    "behind": (
        "数据库比已签出的旧,等对方核对后自动恢复。",
        "The database is behind what was signed; it goes on by itself once the other side was asked.",
    ),
    "diverged": (
        "两边的历史不同。开启新纪元:旧的冻结,双方都看得见。",
        "Both sides hold different histories. Open a new epoch: the old one is frozen, visibly for both.",
    ),
    "lost": (
        "登记簿比上级见证过的短。请先恢复更新的备份;没有备份,再开启新纪元。",
        "The register is shorter than what was witnessed. Restore a newer backup first; without one, open a new epoch.",
    ),
}
ROLES: Mapping[str, Words] = {
    "own-up": ("本节点的上行日志", "this node's log to its parent"),
    "own-down": ("本节点给下级的日志", "this node's log to a child"),
    "own-ledger": ("本节点的登记簿", "this node's register"),
    "peer-up": ("下级的上行日志", "a child's log"),
    "peer-down": ("上级的下行日志", "the parent's log"),
    "peer-ledger": ("下级的登记簿", "a child's register"),
}
REASONS: Mapping[str, Words] = {
    "json": ("不是规范的 JSON", "not strict JSON"),
    "attribute": ("属性不合规定", "an attribute is not as it must be"),
    "source": ("来源与日志不符", "the source does not own the log"),
    "length": ("超过长度", "too long"),
    "schema": ("内容不合格式", "the content does not fit its schema"),
    "sender": ("发送方无权发这一类", "the sender may not send this type"),
    "relay": ("转送证明不成立", "the relay's proof does not hold"),
    "seal-key": ("加密给了旧密钥", "sealed to a key no longer held"),
}
OPENABLE = frozenset({"own-up", "own-down", "own-ledger"})
"""Logs whose next epoch this node's operator may open."""
