"""What exchange refuses, in sentences people can act on."""

from __future__ import annotations

from node.kernel.problems import EXIT_SETUP, Problem


def undeliverable(destination: str) -> Problem:
    """No neighbour leads to that node."""
    return Problem(
        "undeliverable",
        f"没有通往节点 {destination} 的路径:它不在本级辖区内,或本级辖区内没有该节点。请核对代码,或先邀请该节点加入。",
        f"No way leads to node {destination}: no child covers it. Check the code, or invite that node first.",
        status=422,
        members={"destination": destination},
    )


def entry_too_large(size: int, limit: int) -> Problem:
    """An entry would not fit on the wire."""
    return Problem(
        "too-large",
        f"要上送的内容有 {size} 字节,超过单条 {limit} 字节的上限。请把附件作为材料上传,不要写在表单里。",
        f"The entry has {size} bytes, over the limit of {limit}. Attach files as materials, not in the form.",
        status=413,
        members={"size": size, "limit": limit},
    )


def not_joined() -> Problem:
    """The node belongs to no network yet."""
    return Problem(
        "not-joined",
        "本节点还没有加入网络。顶级节点请运行 bianmin init,其他节点请运行 bianmin join 并粘贴上级给的邀请码。",
        "This node belongs to no network yet. Run bianmin init at the top, else bianmin join with the invitation.",
        status=409,
        exit_code=EXIT_SETUP,
    )


def belongs_already(network: str) -> Problem:
    """The node has a network already."""
    return Problem(
        "belongs-already",
        f"本节点已属于网络 {network},不能再次建立或加入。",
        f"This node belongs to {network} already and cannot found or join another network.",
        status=409,
    )


def code_has_node(code: str) -> Problem:
    """An invitation for a code that has a node, without saying that it is to be replaced."""
    return Problem(
        "code-has-node",
        f"代码 {code} 已有节点。若要重装该节点并更换全部密钥,请加 --replace;旧密钥要等你核对指纹并确认后才失效。",
        f"Code {code} has a node. To set it up again with new keys add --replace; the old keys end only when you "
        "have compared the thumbprint and confirmed.",
        status=409,
        members={"code": code},
    )


def not_a_child(code: str) -> Problem:
    """No direct child has that code."""
    return Problem(
        "not-a-child",
        f"{code} 不是本节点的直接下级。请在网络页查看下级名单。",
        f"{code} is no direct child of this node. The network page lists the children.",
        status=404,
        members={"code": code},
    )


def nothing_to_confirm(code: str) -> Problem:
    """No enrolment of that code waits for confirmation."""
    return Problem(
        "nothing-to-confirm",
        f"没有等待确认的 {code} 重新加入申请。",
        f"No enrolment of {code} waits for confirmation.",
        status=404,
        members={"code": code},
    )


def thumbprint_differs(told: str, enrolled: str) -> Problem:
    """What the other side read over the telephone is not what enrolled."""
    return Problem(
        "thumbprint-differs",
        f"指纹不一致:你输入的是 {told},申请加入的是 {enrolled}。请再次电话核对;如不一致,请勿确认并作废该邀请。",
        f"The thumbprints differ: you typed {told}, the node that enrolled has {enrolled}. Do not confirm.",
        status=409,
        members={"enrolled": enrolled},
    )


def no_such_entry(origin: str, index: int) -> Problem:
    """Nothing is set aside there."""
    return Problem(
        "not-set-aside",
        f"{origin} 第 {index} 条没有被搁置,或已经放行。",
        f"Entry {index} of {origin} is not set aside, or has been released.",
        status=404,
    )


def no_parent() -> Problem:
    """The top asks for something only a node with a parent can do."""
    return Problem(
        "no-parent",
        "本节点是顶级节点,没有上级。",
        "This node is the top and has no parent.",
        status=409,
    )


def reason_needed() -> Problem:
    """An operator must say why."""
    return Problem(
        "reason-needed",
        "请写明理由,理由会记入账本并对上级可见。",
        "Give a reason; it is recorded and the level above sees it.",
        status=422,
    )


def public_url_needed() -> Problem:
    """An invitation must say where the child dials."""
    return Problem(
        "public-url-needed",
        "请先在配置文件的 http.public_url 中写明下级访问本节点的地址(如 https://county.example),再发邀请。",
        "Set http.public_url (the address at which children reach this node) before inviting.",
        status=409,
        exit_code=EXIT_SETUP,
    )


def require_reason(text: str) -> str:
    """The reason an operator gave, without outer blanks.

    Raises:
        Problem: `reason-needed`.
    """
    said = text.strip()
    if said == "":
        raise reason_needed()
    return said


def not_own_log(origin: str) -> Problem:
    """Only one's own logs can be begun anew."""
    return Problem(
        "not-own-log",
        f"{origin} 不是本节点可以处理的日志。请用 bianmin status 查看本节点的日志名。",
        f"{origin} is no log that this node may handle here. bianmin status names the logs of this node.",
        status=422,
        members={"origin": origin},
    )


def has_parent() -> Problem:
    """Only a top vouches for itself."""
    return Problem(
        "has-parent",
        "本节点有上级,由上级的回执核对即可,无需人工担保。",
        "This node has a parent, whose receipts settle it; nobody needs to vouch.",
        status=409,
    )


def invitation_incomplete() -> Problem:
    """The form of an invitation is not filled in."""
    return Problem(
        "invitation-incomplete",
        "请填 12 位区划代码和单位名称(最多 60 字)。代码见统计用区划代码表,不足 12 位的在后面补 0。",
        "Give the 12-digit division code (filled with zeros at the end) and the name, at most 60 characters.",
        status=422,
    )


def invitation_unfit(detail: str) -> Problem:
    """Code, level or scope does not fit below this node."""
    return Problem(
        "invitation-unfit",
        "这个代码和层级不能做本节点的下级:层级须低于本级,代码须在本级辖区内且未被其他下级占用。请核对后重填。",
        f"That code and level cannot stand below this node: {detail}. Check both.",
        status=422,
    )


def tail_differs(length: int) -> Problem:
    """What was typed is not the end of the thumbprint."""
    return Problem(
        "thumbprint-differs",
        f"指纹的最后 {length} 位不一致。请再次打电话核对,区分大小写;如仍不一致,请勿确认并作废这次邀请。",
        f"The last {length} characters differ. Compare again by telephone, capitals too; if they still differ, do not confirm.",
        status=409,
    )


def unknown_node(code: str) -> Problem:
    """No statement names that code."""
    return Problem(
        "node-unknown",
        f"本节点不知道代码为 {code} 的节点。请从网络页的名单进入。",
        f"This node knows no node with the code {code}. Come from the list on the network page.",
        status=404,
        members={"code": code},
    )


def no_such_act(name: str) -> Problem:
    """The network page has no such act."""
    return Problem(
        "act-unknown",
        f"没有“{name}”这一项。请按网络页上的按钮办理。",
        f"There is no act “{name}”. Use the buttons of the network page.",
        status=404,
    )
