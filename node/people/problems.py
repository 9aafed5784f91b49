"""What the people service refuses, as sentences: what is wrong, the rule, the way out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from node.kernel.problems import Problem
from node.people.authority import Decision

PASSWORD_MIN = 10
"""Characters of a password a person chooses."""


def sign_in_failed() -> Problem:
    """One sentence for a wrong login and a wrong password: which of the two is nobody's business."""
    return Problem(
        "sign-in-failed",
        "账号或密码不对。请核对后再试;忘记密码请找本单位系统管理员重设。",
        "The account or the password is wrong. Check both, or ask your operator for a new password.",
        401,
    )


def locked_out(minutes: int) -> Problem:
    """Too many failures; tells how long, not whether the account exists."""
    return Problem(
        "sign-in-locked",
        f"连续输错次数过多,请 {minutes} 分钟后再试,或请系统管理员重设密码。",
        f"Too many failed attempts. Try again in {minutes} minutes, or ask your operator for a new password.",
        429,
        {"retry_after_s": minutes * 60},
    )


def sign_in_needed() -> Problem:
    """No session, or one that has ended."""
    return Problem(
        "sign-in-needed",
        "请先登录。登录后会回到这里。",
        "Please sign in first; you will come back here.",
        401,
    )


def forbidden(decision: Decision) -> Problem:
    """A refusal of `authority.may`."""
    return Problem("act-forbidden", decision.zh, decision.en, 403, {"reason": str(decision.reason)})


def unknown_post(name: str, posts: Sequence[str]) -> Problem:
    """A posting to a post that does not exist."""
    return Problem(
        "post-unknown",
        f"没有岗位“{name}”。本单位的岗位:{'、'.join(posts)}。",
        f"There is no post “{name}”. The posts here: {', '.join(posts)}.",
        422,
        {"post": name},
    )


def login_taken(login: str) -> Problem:
    """Two people cannot share an account."""
    return Problem(
        "login-taken",
        f"账号“{login}”已经有人使用,请换一个。",
        f"The account “{login}” is in use; choose another.",
        409,
        {"login": login},
    )


def login_form() -> Problem:
    """What an account name may look like."""
    return Problem(
        "login-form",
        "账号须为 2 至 40 个小写字母、数字、点、横线或下划线,以字母开头。",
        "An account is 2 to 40 lower-case letters, digits, dots, hyphens or underscores, beginning with a letter.",
        422,
    )


def name_missing() -> Problem:
    """A person needs a name."""
    return Problem(
        "name-missing", "请填写姓名(不超过 60 字)。", "Enter the name (at most 60 characters).", 422
    )


def weak_password(why_zh: str, why_en: str) -> Problem:
    """A password that will not do."""
    return Problem(
        "password-weak", f"新密码不合要求:{why_zh}。", f"The new password will not do: {why_en}.", 422
    )


def wrong_current_password() -> Problem:
    """Changing a password asks for the present one."""
    return Problem(
        "password-wrong",
        "当前密码不对,没有修改。",
        "The current password is wrong; nothing was changed.",
        403,
    )


def unknown_person(login: str) -> Problem:
    """No such member of staff."""
    return Problem(
        "person-unknown", f"没有账号“{login}”。", f"There is no account “{login}”.", 404, {"login": login}
    )


def already_founded(name: str) -> Problem:
    """A node has one founding."""
    return Problem(
        "already-founded",
        f"本节点已设立“{name}”,不能重复设立。",
        f"This node already has its institution “{name}”.",
        409,
    )


def not_founded() -> Problem:
    """Nothing works before the node is set up."""
    return Problem(
        "not-founded",
        "本节点还没有设立机构,请先运行 bianmin init。",
        "This node has no institution yet; run bianmin init first.",
        409,
    )


def authorization_span(from_on: object, to_on: object) -> Problem:
    """An authorization has a beginning and an end, in that order."""
    return Problem(
        "authorization-span",
        f"授权的起止日期不对({from_on} 至 {to_on})。",
        f"The authorization's dates are wrong ({from_on} to {to_on}).",
        422,
    )


def unknown_authorization(number: str) -> Problem:
    """No authorization of that number."""
    return Problem(
        "authorization-unknown",
        f"没有授权文书 {number}。",
        f"There is no authorization {number}.",
        404,
        {"number": number},
    )


def region_file(line: int, zh: str, en: str) -> Problem:
    """A division that cannot be imported, with the line."""
    return Problem(
        "region-file",
        f"区划文件第 {line} 行:{zh}。",
        f"Regions file, line {line}: {en}.",
        422,
        {"line": line},
    )


def staff_file(line: int, zh: str, en: str) -> Problem:
    """A staff list that cannot be imported, with the line; nothing of it is."""
    return Problem(
        "staff-file", f"人员名单第 {line} 行:{zh}", f"Staff list, line {line}: {en}", 422, {"line": line}
    )


def minutes_until(until: datetime, now: datetime) -> int:
    """Whole minutes to wait, at least one."""
    return max(1, -int((now - until).total_seconds() // 60))


def passwords_differ() -> Problem:
    """The new password was typed in two ways."""
    return Problem(
        "passwords-differ",
        "两次输入的新密码不一样,没有修改。请重新输入。",
        "The new password was typed in two different ways; nothing was changed.",
        422,
    )
