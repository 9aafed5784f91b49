"""What a person or a program is told when something is refused: one error, one mapper per surface.

A capability's `problems.py` has a function per refusal, each returning a `Problem`: what is wrong, the rule, the way
out, in Chinese and English (ui.md "Words"). The API turns it into problem details (RFC 9457), pages into an error
summary, the command line into a sentence and an exit code. Errors of `federation` come in by `from_federation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from federation.errors import FederationError, ProtocolError

Language = Literal["zh", "en"]
TYPE_PREFIX = "urn:bianmin:problem:"

EXIT_REFUSED = 1
"""Refused: the input or the state does not allow it."""
EXIT_USAGE = 2
"""The command line itself is wrong (click's own code)."""
EXIT_SETUP = 3
"""Something must be installed, configured or founded first."""
EXIT_NOT_FOUND = 4
EXIT_CONFLICT = 5
"""Somebody or something else got there first; look again."""
EXIT_TRY_LATER = 6
"""The same call may succeed later: parent away, database busy, too many tries."""
EXIT_FORBIDDEN = 7
EXIT_FALSE = 8
"""A proof, signature or ledger does not hold."""
EXIT_STORAGE = 9
"""Disk full, unreadable, or not writable."""

_EXIT_BY_STATUS: Mapping[int, int] = {
    401: EXIT_FORBIDDEN,
    403: EXIT_FORBIDDEN,
    404: EXIT_NOT_FOUND,
    409: EXIT_CONFLICT,
    412: EXIT_CONFLICT,
    429: EXIT_TRY_LATER,
    502: EXIT_TRY_LATER,
    503: EXIT_TRY_LATER,
    504: EXIT_TRY_LATER,
    507: EXIT_STORAGE,
}


class Problem(Exception):
    """A refusal that a person can act on.

    Attributes:
        code: stable machine name, lower-case words joined by `-`.
        zh: the sentence in Chinese; may be several, never a bare code.
        en: the same in English.
        status: HTTP status.
        members: further members of the problem document; no personal data.
        exit_code: what a command that fails by it returns.
    """

    def __init__(
        self,
        code: str,
        zh: str,
        en: str,
        status: int = 422,
        members: Mapping[str, Any] | None = None,
        *,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en
        self.status = status
        self.members: dict[str, Any] = dict(members or {})
        self.exit_code = exit_code if exit_code is not None else _EXIT_BY_STATUS.get(status, EXIT_REFUSED)

    def sentence(self, language: Language = "zh") -> str:
        """The sentence in a language."""
        return self.en if language == "en" else self.zh

    @property
    def retry_after_s(self) -> int | None:
        """Seconds to wait before trying again, where the problem says so."""
        value = self.members.get("retry_after_s")
        return int(value) if value is not None else None


def problem_document(problem: Problem, language: Language = "zh", instance: str = "") -> dict[str, Any]:
    """The body of an `application/problem+json` answer (RFC 9457 §3.1).

    Args:
        instance: reference of this occurrence, such as the request's log id; left out when empty.
    """
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.sentence(language),
        "status": problem.status,
        **{key: value for key, value in problem.members.items() if key not in _OWN_MEMBERS},
    }
    if instance:
        document["instance"] = instance
    return document


_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance"})


def from_federation(error: FederationError) -> Problem:
    """A refusal of the federation library as a problem of the node.

    The library's detail is technical English; it is kept as the member `detail_en`, never in the Chinese sentence.
    """
    status = error.status if isinstance(error, ProtocolError) else 503 if error.retryable else 422
    zh, en = _FEDERATION_WORDS.get(
        error.code,
        (
            "与其他节点往来时出错,没有改动任何数据",
            "The exchange with another node failed; nothing was changed",
        ),
    )
    return Problem(
        error.code,
        f"{zh}({error.code})。",
        f"{en} ({error.code}): {error.detail or error.code}.",
        status,
        {"detail_en": error.detail} if error.detail else None,
        exit_code=EXIT_FALSE if error.code in _FALSE_CODES else None,
    )


_FALSE_CODES = frozenset({"proof", "signature", "digest", "fork"})
_FEDERATION_WORDS: Mapping[str, tuple[str, str]] = {
    "transport": (
        "上级暂时联系不上,本级照常办理,恢复后自动续传",
        "The parent cannot be reached; local work goes on and sending resumes by itself",
    ),
    "proof": ("证明不成立", "The proof does not hold"),
    "signature": ("签名不对", "The signature does not hold"),
    "digest": ("内容与摘要不符", "The content does not match its digest"),
    "skew": (
        "本机时钟不准,请校准后再试",
        "This machine's clock is wrong; set it and try again",
    ),
    "token": (
        "邀请码无效、已用过或已过期,请向上级重新索取",
        "The invitation is not valid, used up or expired; ask the parent for a new one",
    ),
    "revoked": (
        "本节点的密钥已被上级撤销,请联系上级",
        "This node's keys have been revoked; contact the parent",
    ),
    "expired": ("成员证明已过期,请续期", "The membership statement has expired; renew it"),
    "trust": ("身份证明不成立", "The proof of identity does not hold"),
    "passphrase": (
        "密钥口令不对,请核对口令文件",
        "The passphrase of the keys is wrong; check the passphrase file",
    ),
    "key-file": ("密钥文件缺失或损坏", "A key file is missing or damaged"),
    "key": ("密钥不合要求", "A key is not acceptable"),
    "name": ("网络名、节点代码或日志名写法不对", "A network, node or log name is misspelled"),
    "too-large": ("内容太大", "The content is too large"),
    "slow-down": ("请求过于频繁,请稍后再试", "Too many requests; try again later"),
    "busy": ("对方正忙,请稍后再试", "The other node is busy; try again later"),
    "not-found": ("对方没有找到所要的内容", "The other node did not find it"),
}
