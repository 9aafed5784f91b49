"""What the kit itself refuses, as sentences: what is wrong, the rule, the way out."""

from __future__ import annotations

from node.kernel.problems import Problem


def page_unknown() -> Problem:
    """No such page."""
    return Problem(
        "page-unknown",
        "没有这个页面。地址可能抄错了,请从首页重新开始。",
        "There is no such page. The address may be misspelled; please start from the home page.",
        404,
    )


def not_served() -> Problem:
    """A route without a declared access, or one this process does not serve."""
    return page_unknown()


def method_unknown() -> Problem:
    """The address exists, the method does not."""
    return Problem(
        "method-unknown", "这个地址不接受这种请求。", "This address does not take that kind of request.", 405
    )


def body_too_large(limit_bytes: int) -> Problem:
    """More than a request may carry."""
    return Problem(
        "body-too-large",
        f"内容太大,最多 {limit_bytes // 1_048_576} MB。请拆开或压缩后再传。",
        f"Too large: at most {limit_bytes // 1_048_576} MB. Please split or compress it.",
        413,
    )


def form_expired() -> Problem:
    """The hidden token of a form is missing, old, or another browser's."""
    return Problem(
        "form-expired",
        "这张表在浏览器里放得太久,或不是从本页面提交的,没有保存。请返回上一页,刷新后再提交一次。",
        "The form was open too long, or was not sent from this page; nothing was saved. "
        "Go back, reload the page and send it again.",
        400,
    )


def too_many() -> Problem:
    """A door was tried too often from one address."""
    return Problem(
        "too-many-requests",
        "请求过于频繁,请稍等一分钟再试。",
        "Too many requests from your address. Please wait a minute and try again.",
        429,
        {"retry_after_s": 60},
    )


def without_post() -> Problem:
    """Signed in, but no post opens any page."""
    return Problem(
        "post-needed",
        "您目前没有岗位,所以没有可以打开的页面。请联系本单位系统管理员安排岗位。",
        "You hold no post at present, so no page is open to you. Ask your operator for a post.",
        403,
    )


def token_needed() -> Problem:
    """The API was called without a bearer token, or with one that is not good."""
    return Problem(
        "token-needed",
        "请在请求头 Authorization 中给出有效的令牌(Bearer …);令牌由 POST /api/v1/tokens 取得。",
        "Send a valid bearer token in the Authorization header; POST /api/v1/tokens gives one.",
        401,
    )


def fields_invalid(errors: object) -> Problem:
    """A body or query that does not fit its schema; `errors` by place and field."""
    return Problem(
        "fields-invalid",
        "请求的内容不符合要求,详见 errors。",
        "The request does not fit its schema; see errors.",
        422,
        {"errors": errors},
    )


def key_reused() -> Problem:
    """One idempotency key, two different requests."""
    return Problem(
        "idempotency-key-reused",
        "这个 Idempotency-Key 已用于另一个请求。新的请求请换一个新的键。",
        "This Idempotency-Key was used for a different request. Use a fresh key for a new request.",
        422,
    )


def key_form() -> Problem:
    """What an idempotency key looks like."""
    return Problem(
        "idempotency-key-form",
        "Idempotency-Key 须为 8 至 128 个可见 ASCII 字符,建议用 UUID。",
        "An Idempotency-Key is 8 to 128 visible ASCII characters; a UUID is a good one.",
        400,
    )


def broken(number: str) -> Problem:
    """Something the program did not foresee; the number finds it in the log."""
    return Problem(
        "internal",
        f"系统出错了,不是您的操作有误。请稍后再试;仍不行,请把编号 {number} 告诉系统管理员。",
        f"Something went wrong here; it is not your mistake. Try again later; if it persists, tell the operator "
        f"the number {number}.",
        500,
        {"number": number},
    )
