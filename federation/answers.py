"""Answers of a node: JSON, sizes, problem documents (federation.md §4). Pure.

A refusal is `application/problem+json` (RFC 9457) with `type` `urn:bianmin:problem:<name>`; a 409 is none, but the size the
log has, `text/x.tlog.size`, as C2SP tlog-witness has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from federation import canonical
from federation.errors import ProtocolError, SizeConflict
from federation.ports import Response

PROBLEM_PREFIX = "urn:bianmin:problem:"
JSON = "application/json"
PROBLEM = "application/problem+json"
SIZE = "text/x.tlog.size"
TEXT = "text/plain"

_RETRY_S = {"slow-down": 60, "busy": 5}
_TITLES = {
    "malformed": "请求格式不对 · malformed request",
    "digest": "内容摘要缺失或不符 · content digest missing or wrong",
    "length": "缺少内容长度 · content length required",
    "media-type": "内容类型不对 · unsupported media type",
    "signature": "签名不成立 · signature does not hold",
    "unknown-key": "密钥未登记 · unknown key",
    "replay": "请求重复 · replayed request",
    "skew": "时钟相差过大 · clocks differ too much",
    "audience": "收件节点不符 · made for another node",
    "scope": "超出范围 · out of scope",
    "revoked": "密钥已吊销 · key revoked",
    "expired": "节点证明已过期 · statement expired",
    "token": "邀请码无效 · invitation not valid",
    "not-found": "没有这个地址 · not found",
    "too-large": "内容过大 · too large",
    "slow-down": "请放慢 · slow down",
    "busy": "正忙 · busy",
    "checkpoint": "检查点不成立 · checkpoint does not hold",
    "fork": "日志分叉 · log forked",
    "line": "条目不合格式 · bad line",
    "diverged": "日志已分歧 · log diverged",
    "blob": "附件内容与名称不符 · attachment does not fit its name",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered once the transaction has committed.

    Attributes:
        response: the answer.
        heads: to be saved in the head file before it is sent.
    """

    response: Response
    heads: Mapping[str, str] = field(default_factory=dict)


def answer_json(value: Mapping[str, object], status: int = 200) -> Answer:
    """An answer with a JSON object, in RFC 8785 form."""
    return Answer(Response(status, (("Content-Type", JSON),), canonical.dump(dict(value))))


def answer_nothing(status: int = 204, *headers: tuple[str, str]) -> Answer:
    """An answer without content."""
    return Answer(Response(status, headers))


def answer_text(text: str) -> Answer:
    """200 with text."""
    return Answer(Response(200, (("Content-Type", TEXT),), text.encode("utf-8")))


def answer_refusal(error: ProtocolError | SizeConflict) -> Answer:
    """The answer to a request that was refused; nothing about other nodes is in it."""
    if isinstance(error, SizeConflict):
        return Answer(Response(409, (("Content-Type", SIZE),), f"{error.size}\n".encode("ascii")))
    value: dict[str, object] = {
        **error.members,
        "type": PROBLEM_PREFIX + error.code,
        "title": _TITLES.get(error.code, error.code),
        "status": error.status,
        "detail": error.detail,
    }
    headers = [("Content-Type", PROBLEM)]
    told = error.retry_after_s if error.retry_after_s is not None else _RETRY_S.get(error.code)
    if told is not None:
        headers.append(("Retry-After", str(told)))
    return Answer(Response(error.status, tuple(headers), canonical.dump(value)))
