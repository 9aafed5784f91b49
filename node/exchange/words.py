"""What operators read about links, logs and alerts: a sentence each, and what to do where there is something to do."""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str]

ALERTS: Mapping[str, Words] = {
    "clock-skew": (
        "本机时钟与上级相差较大,请校准系统时间。",
        "This machine's clock differs from the parent's; set the system time.",
    ),
    "parent-clock-ahead": (
        "上级的时钟比本机快,请两边校准。",
        "The parent's clock is ahead of this one; set both.",
    ),
    "issued-ahead": (
        "成员证明的签发时间在本机时钟之后,请校准时钟。",
        "A statement was issued in this clock's future; set the clocks.",
    ),
    "expired-ancestor": (
        "上面某一级的成员证明已过期,往来照常;请提醒它续期。",
        "A statement further up has expired; exchange goes on. Remind that office to renew.",
    ),
    "expired-with-issuer": (
        "下级的证明随签发单位一起过期,往来照常。",
        "A child's statement expired with its issuer's; exchange goes on.",
    ),
    "outlives-issuer": (
        "有证明的有效期长于签发单位自己的证明。",
        "A statement outlives that of its issuer.",
    ),
    "entry-set-aside": (
        "一条来文不合规定,已搁置,同一事项的后续来文在等它。请在下面放行。",
        "An entry was set aside; later ones of its subject wait. Release it below.",
    ),
    "entry-refused": (
        "对方拒收了本节点的一条去文,请看原因。",
        "The other side refused an entry of this node.",
    ),
    "entry-undeliverable": (
        "本节点的一条去文无法送达:没有通往该节点的路。",
        "An entry of this node could not be delivered: no way leads there.",
    ),
    "relay-undeliverable": (
        "转送的来文送不到:本级辖区内没有该节点。",
        "A relayed entry cannot be delivered: no child covers that code.",
    ),
    "entry-missing": (
        "同一事项的来文缺了一条,后面的在等它。",
        "An entry of a subject is missing; later ones wait for it.",
    ),
    "entry-unwritable": (
        "一条待发内容写不进日志,没有发出。",
        "A queued entry could not be written and was not sent.",
    ),
    "repeat-differs": (
        "同一序号收到两份不同内容,后到的没有采用。",
        "Two different entries came under one number; the later was not used.",
    ),
    "membership-doubtful": (
        "收到的成员证明不成立,没有采用。",
        "A membership statement did not hold and was not used.",
    ),
    "handler-failed": (
        "处理一条来文时程序出错,稍后自动再试;一直出现请联系维护。",
        "The program failed on an entry; it is tried again by itself. If it stays, call maintenance.",
    ),
    "link-refused": (
        "对方拒绝往来,每五分钟自动再试。请看原因,必要时打电话。",
        "The other side refuses; it is tried every five minutes. See why, call if need be.",
    ),
    "slow-down": (
        "对方要求放慢,稍后自动续传。",
        "The other side asks for slower sending; it resumes by itself.",
    ),
    "member-joined": ("一个下级加入了网络。", "A child joined the network."),
    "member-rekeyed": ("一个下级更换了全部密钥。", "A child got new keys throughout."),
    "member-rotated": ("一个下级按期换了密钥。", "A child rotated its keys."),
    "member-revoked": ("一个节点的密钥已被撤销。", "The keys of a node were revoked."),
    "rekey-waiting": (
        "一个下级带着新密钥申请重新加入,等您电话核对指纹。",
        "A child enrols with new keys and waits for you to compare thumbprints by telephone.",
    ),
    "token-reused": (
        "有人用已用过的邀请码、带着另一套密钥申请加入。请立即与下级核对。",
        "A used invitation came back with other keys. Check with the child at once.",
    ),
    "wrong-tokens": (
        "一小时内错误的邀请码过多,已暂停受理。",
        "Too many wrong invitations in an hour; paused.",
    ),
    "epoch-opened": ("对方的日志开启了新纪元。", "The other side opened a new epoch of its log."),
    "epoch-waiting": (
        "下级的上行日志要开启新纪元,等您确认。请先打电话问清原因。",
        "A child wants to begin its log anew and waits for you. Ask why by telephone first.",
    ),
    "epoch-confirmed": ("已确认下级的新纪元。", "A child's new epoch was confirmed."),
    "log-fork": (
        "对方在同一位置签了两份不同的日志。证据已留存,请查明。",
        "The other side signed two histories. The evidence is kept; find out why.",
    ),
    "ledger-fork": (
        "下级的登记簿出现两份不同的历史,已拒绝见证。证据已留存。",
        "A child's register has two histories; it was not witnessed. The evidence is kept.",
    ),
    "log-given-back": ("下级归还了本级丢失的日志。", "A child gave back what this node had lost of its log."),
    "log-foreign": (
        "上级手里有本节点没有写过的内容,本节点已停写。请在下面处理。",
        "The parent holds entries this node did not write; it signs nothing. See below.",
    ),
    "log-behind": (
        "数据库比已签出的旧,正向上级核对。",
        "The database is behind what was signed; the parent is asked.",
    ),
    "log-diverged": (
        "日志出现分歧,已停写。请在下面开启新纪元。",
        "A log diverged and is halted. Open a new epoch below.",
    ),
    "log-lost": (
        "登记簿比上级见证过的短,已停写。",
        "The register is shorter than what was witnessed; it is halted.",
    ),
    "parent-behind": ("上级丢失了数据,正在重新发送。", "The parent lost data; it is being sent again."),
    "parent-diverged": (
        "上级恢复后写了不同的内容,需要开启新纪元。",
        "The parent wrote differently after a restore.",
    ),
    "signed-entries-lost": (
        "有已签未发的内容随数据库丢失,证据已留存。",
        "Signed entries were lost before they were sent.",
    ),
    "own-entries-imported": (
        "已从上级取回本节点自己的内容。",
        "This node's own entries were taken back from the parent.",
    ),
    "head-file-missing": (
        "签出记录文件缺失,正在逐一核对。",
        "The head file is missing; every log is being checked.",
    ),
    "database-behind": (
        "数据库比签出记录旧,可能恢复过备份。",
        "The database is behind the head file: a backup was restored.",
    ),
    "parent-lost-down": (
        "上级丢失了发给本节点的内容,正在归还给它。",
        "The parent lost what it had sent here; it is being given back.",
    ),
    "push-refused": (
        "上级拒收本节点的内容,上送已停,每五分钟自动再试。",
        "The parent refuses what this node sends; sending stopped and is tried every five minutes.",
    ),
    "pull-refused": (
        "上级发来的内容核验不过,没有采用。",
        "What the parent sent did not hold and was not taken.",
    ),
    "blob-refused": ("上级拒收一个附件,请看原因。", "The parent refused an attachment; see why."),
    "epoch-refused": (
        "上级日志的新纪元与本节点手里的对不上,没有采用。",
        "The new epoch of the parent's log does not fit what is held here; it was not taken.",
    ),
    "relay-unacknowledged": (
        "送往上面的一件事久未得到对方确认,请打电话问。",
        "Something sent up was not acknowledged in time; ask by telephone.",
    ),
    "case-restoring": (
        "从上级取回的内容里有办件正在恢复,请核对该件的现状。",
        "A matter is being restored from entries taken back; check how it stands.",
    ),
    "audit-findings": ("一轮抽查有不符,请看抽查页。", "An audit round has findings; see the audit page."),
    "audit-auditor-failed": (
        "抽查单位没有按规定揭示种子。",
        "The auditor did not reveal its seed as it must.",
    ),
}
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


def alert_words(code: str) -> Words:
    """An alert as a sentence; its code where this version does not know it."""
    return ALERTS.get(code, (f"告警 {code}", f"Alert {code}"))
