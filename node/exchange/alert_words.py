"""Every alert of the federation and of this node: what is so, and the way out; for pages, `status` and `doctor`.

A test holds this table against the codes that stand in the source.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str]

CLOCKS: Mapping[str, Words] = {
    "clock-skew": (
        "本机时钟与上级相差较大,已临时校正。请校准系统时间。",
        "This machine's clock differs from the parent's; it is corrected for now. Set the system time.",
    ),
    "parent-clock-ahead": (
        "上级的时钟比本机快。请两边核对,把错的一边校准。",
        "The parent's clock is ahead of this one. Compare, and set the wrong one.",
    ),
    "issued-ahead": (
        "成员证明的签发时间在本机时钟之后。请校准时钟。",
        "A statement was issued in this clock's future. Set the clocks.",
    ),
}
STATEMENTS: Mapping[str, Words] = {
    "expired-ancestor": (
        "上面某一级的成员证明已过期,往来照常。请提醒它续期。",
        "A statement further up has expired; exchange goes on. Remind that office to renew.",
    ),
    "expired-with-issuer": (
        "下级的证明随签发单位一起过期,往来照常。请先让本级续期。",
        "A child's statement expired with its issuer's; exchange goes on. Have this node's own renewed first.",
    ),
    "outlives-issuer": (
        "有证明的有效期长于签发单位自己的证明。请让签发单位续期。",
        "A statement outlives that of its issuer. Have the issuer renew.",
    ),
    "membership-doubtful": (
        "收到的成员证明不成立,没有采用。请向签发单位核实。",
        "A membership statement did not hold and was not used. Ask the node that issued it.",
    ),
    "member-joined": (
        "一个下级加入了网络。请与它电话核对指纹。",
        "A child joined the network. Compare thumbprints by telephone.",
    ),
    "member-rekeyed": (
        "一个节点更换了全部密钥。不是本级安排的,请立即查问。",
        "A node got new keys throughout. If nobody here arranged it, ask at once.",
    ),
    "member-rotated": ("一个下级换了密钥,无需处理。", "A child rotated its keys; nothing is to be done."),
    "member-revoked": (
        "一个节点的密钥已被撤销,它的来文不再接受。恢复须重新邀请。",
        "The keys of a node were revoked; nothing of it is taken any more. To restore it, invite it again.",
    ),
    "rekey-waiting": (
        "一个下级带着新密钥申请重新加入。请电话核对指纹后在网络页确认。",
        "A child enrols with new keys. Compare thumbprints by telephone, then confirm on the network page.",
    ),
    "token-reused": (
        "有人用已用过的邀请码、带着另一套密钥申请加入。请立即与下级核对,必要时撤销。",
        "A used invitation came back with other keys. Check with the child at once; revoke if need be.",
    ),
    "wrong-tokens": (
        "一小时内错误的邀请码过多,已暂停受理。请查明是谁在试,再重新发邀请。",
        "Too many wrong invitations in an hour; paused. Find out who tries, then invite again.",
    ),
}
ENTRIES: Mapping[str, Words] = {
    "entry-set-aside": (
        "一条来文不合规定,已搁置,同一事项的后续来文在等它。请在网络页放行,或用 bianmin release。",
        "An entry was set aside; later ones of its subject wait. Release it on the network page or by bianmin release.",
    ),
    "entry-refused": (
        "对方没有接受本节点的一条去文。请看原因,改正后重新办理,或请对方放行。",
        "The other side set an entry of this node aside. See why; correct it and send again, or ask them to release it.",
    ),
    "entry-undeliverable": (
        "本节点的一条去文无法送达:没有通往该节点的路。请核对该节点是否已加入网络。",
        "An entry of this node could not be delivered: no way leads there. Check that the node has joined.",
    ),
    "relay-undeliverable": (
        "转送的来文送不到:本级辖区内没有该节点。请邀请它加入,或通知发件节点。",
        "A relayed entry cannot be delivered: no child covers that code. Invite it, or tell the sender.",
    ),
    "relay-unacknowledged": (
        "发往较远节点的内容超过时限没有得到确认。请联系该节点和沿途各级,查看是谁没有转送。",
        "What went further than the neighbour was not acknowledged in time. Call that node and those on the way.",
    ),
    "entry-missing": (
        "同一事项的来文缺了一条超过一小时,后面的在等它。请联系发件节点;确认不会再来的,用 bianmin release 放行。",
        "An entry of a subject has been missing for over an hour; later ones wait. Call the sender, or release them.",
    ),
    "entry-unwritable": (
        "一条待发内容写不进日志,没有发出。这是程序的错误,请联系维护;内容已留存为证据。",
        "A queued entry could not be written and was not sent: a fault of the program. Call maintenance; it is kept.",
    ),
    "repeat-differs": (
        "同一序号收到两份不同内容,后到的没有采用。请向发件节点查问。",
        "Two different entries came under one number; the later was not used. Ask the node that sent them.",
    ),
    "handler-failed": (
        "处理一条来文时程序出错,稍后自动再试;一直出现请联系维护。",
        "The program failed on an entry; it is tried again by itself. If it stays, call maintenance.",
    ),
    "blob-refused": (
        "上级没有接受一个附件,事项会显示材料未到。请重新上传,或查看每日限额。",
        "The parent did not take an attachment; the matter shows it as not arrived. Upload it again; see the daily limit.",
    ),
}
LINKS: Mapping[str, Words] = {
    "link-refused": (
        "对方拒绝往来,每五分钟自动再试。请看原因,必要时打电话。",
        "The other side refuses; it is tried every five minutes. See why, call if need be.",
    ),
    "push-refused": (
        "上级拒收已签出的内容。请在网络页查看日志状态,必要时开启新纪元。",
        "The parent refused what was signed. See the log on the network page; open a new epoch if need be.",
    ),
    "pull-refused": (
        "上级发来的内容与它的日志不符,没有采用。请电话查问上级;证据已留存。",
        "What came from the parent does not continue its log and was not used. Ask the parent; the evidence is kept.",
    ),
}
LOGS: Mapping[str, Words] = {
    "epoch-opened": (
        "一个日志开启了新纪元,旧的已冻结,双方可见。请核对理由。",
        "A log began a new epoch; the old one is frozen, visibly for both. Check the reason.",
    ),
    "epoch-waiting": (
        "下级要让日志开启新纪元,等您确认。请先打电话问清原因,再在网络页确认。",
        "A child wants to begin a log anew and waits for you. Ask why by telephone, then confirm on the network page.",
    ),
    "epoch-confirmed": (
        "已确认下级的新纪元,无需处理。",
        "A child's new epoch was confirmed; nothing is to be done.",
    ),
    "epoch-refused": (
        "上级的新纪元没有接上本节点所持的旧日志,没有采用。请电话查问上级。",
        "The parent's new epoch does not follow what is held here and was not used. Ask the parent.",
    ),
    "log-fork": (
        "对方在同一位置签了两份不同的日志。证据已留存,请查明;必要时撤销其密钥。",
        "The other side signed two histories. The evidence is kept; find out why, revoke its keys if need be.",
    ),
    "ledger-fork": (
        "下级的登记簿出现两份不同的历史,已拒绝见证。证据已留存,请查明。",
        "A child's register has two histories; it was not witnessed. The evidence is kept; find out why.",
    ),
    "ledger-halted": (
        "本节点的登记簿已停写。请运行 bianmin fsck 查看原因,再按网络页的提示处理。",
        "This node's register is halted. Run bianmin fsck to see why, then do as the network page says.",
    ),
    "log-given-back": (
        "下级归还了本级丢失的日志,已接着写。请查明数据库为何变旧。",
        "A child gave back what this node had lost; it goes on. Find out why the database was old.",
    ),
    "log-foreign": (
        "上级手里有本节点没有写过的内容,本节点已停写。确认是自己的就导入,否则请上级撤销密钥。",
        "The parent holds entries this node did not write; nothing is signed. Import them, or have the keys revoked.",
    ),
    "log-behind": (
        "本节点和上级都丢失了已签出的内容。请恢复更新的备份;没有备份,再开启新纪元。",
        "This node and its parent both lost what was signed. Restore a newer backup; without one, open a new epoch.",
    ),
    "log-diverged": (
        "日志出现分歧,已停写。请在网络页开启新纪元。",
        "A log diverged and is halted. Open a new epoch on the network page.",
    ),
    "log-lost": (
        "登记簿比上级见证过的短,已停写。请恢复更新的备份;没有备份,再开启新纪元。",
        "The register is shorter than what was witnessed. Restore a newer backup; without one, open a new epoch.",
    ),
    "parent-behind": (
        "上级丢失了它回执过的数据,正在自动重新发送。请提醒上级查明原因。",
        "The parent lost what it had receipted; it is being sent again. Have the parent find out why.",
    ),
    "parent-lost-down": (
        "上级丢失了发给本节点的日志,已自动归还。请提醒上级查明原因。",
        "The parent lost its log to this node; it was given back. Have the parent find out why.",
    ),
    "signed-entries-lost": (
        "有已签未发的内容随数据库丢失,证据已留存。请核对最近办理的事项是否齐全。",
        "Signed entries were lost before they were sent; the evidence is kept. Check the latest matters.",
    ),
    "own-entries-imported": (
        "已从上级取回本节点自己的内容,事项已恢复到相应状态。请核对最近办理的事项。",
        "This node's own entries were taken back from the parent and its matters brought up to them. Check them.",
    ),
    "case-restoring": (
        "一件事项的记录正在恢复,还在等其他节点重新发来的内容,通常自动完成。长时间不消失请联系维护。",
        "A matter is being restored and waits for what others send again; it ends by itself. If not, call maintenance.",
    ),
    "head-file-missing": (
        "签出记录文件缺失,正在逐一核对。请查明文件为何丢失;顶级节点须由管理员担保(bianmin epoch --vouch)。",
        "The head file is missing; every log is being checked. A top's operator must vouch (bianmin epoch --vouch).",
    ),
    "database-behind": (
        "数据库比签出记录旧,可能恢复过备份,正在向上下级取回。请保持联网,直到告警处理完。",
        "The database is behind the head file: a backup was restored. It is being brought up; stay connected.",
    ),
}
AUDIT: Mapping[str, Words] = {
    "audit-findings": (
        "一轮抽查有不符。请看抽查页,向被抽查单位查问。",
        "An audit round has findings. See the audit page and ask the node that was audited.",
    ),
    "audit-auditor-failed": (
        "抽查单位没有按规定揭示种子。请向它查问;这对它是一项不符。",
        "The auditor did not reveal its seed as it must. Ask it; that is a finding against it.",
    ),
}
ALERTS: Mapping[str, Words] = {**CLOCKS, **STATEMENTS, **ENTRIES, **LINKS, **LOGS, **AUDIT}


def alert_words(code: str) -> Words:
    """An alert as a sentence with its way out; its code where this version does not know it."""
    return ALERTS.get(code, (f"告警 {code}", f"Alert {code}"))
