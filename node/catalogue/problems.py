"""What the catalogue refuses, as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from node.catalogue.checks import Breach
from node.catalogue.filling import FieldError
from node.kernel.problems import Problem

BREACHES_SHOWN = 20


def unknown_item(code: str) -> Problem:
    """No item of that code in force."""
    return Problem(
        "item-unknown",
        f"目录里没有正在执行的事项 {code}。请在事项目录中查找。",
        f"The catalogue has no item {code} in force. Please look it up in the list of items.",
        404,
        {"item": code},
    )


def unknown_version(name: str) -> Problem:
    """No version of that hash."""
    return Problem(
        "item-version-unknown",
        f"本节点没有事项版本 {name[:8]}…。",
        f"This node does not hold item version {name[:8]}….",
        404,
        {"item_version": name},
    )


def catalogue_refused(breaches: Sequence[Breach]) -> Problem:
    """A catalogue that breaks hard rules: nothing of it was imported."""
    first = breaches[0]
    count = len(breaches)
    return Problem(
        "catalogue-refused",
        f"目录没有导入:共 {count} 处不符合规定。第一处:{first.zh}。请改正后重新导入。",
        f"The catalogue was not imported: {count} breaches. The first: {first.en}. Correct them and import again.",
        422,
        {
            "breaches": [
                {"item": breach.item, "code": breach.code, "zh": breach.zh, "en": breach.en}
                for breach in breaches[:BREACHES_SHOWN]
            ],
            "count": count,
        },
    )


def effective_in_past(on: date, today: date) -> Problem:
    """Running matters stand on what was in force; the past is not rewritten."""
    return Problem(
        "effective-in-past",
        f"生效日期 {on} 早于今天 {today};已经过去的日子不能改,请选今天或以后。",
        f"The effective day {on} lies before today, {today}; the past is not rewritten. Choose today or later.",
        422,
        {"effective_on": on.isoformat()},
    )


def bad_cursor() -> Problem:
    """A page that does not exist."""
    return Problem(
        "cursor-invalid",
        "页码不对,请从第一页重新开始。",
        "The cursor is not valid; start from the first page.",
        400,
    )


def form_errors(errors: Sequence[FieldError]) -> Problem:
    """A filled form with mistakes: all of them."""
    return Problem(
        "form-invalid",
        f"表单有 {len(errors)} 处需要改正:{errors[0].zh}",
        f"{len(errors)} fields need correcting: {errors[0].en}",
        422,
        {"errors": [{"field": e.field, "code": e.code, "zh": e.zh, "en": e.en} for e in errors]},
    )


def effective_form(text: str) -> Problem:
    """A day that is none."""
    return Problem(
        "effective-form",
        f"生效日期“{text[:20]}”不是日期,请写成 2026-12-01 的样子。",
        f"“{text[:20]}” is no day; write it like 2026-12-01.",
        422,
    )


def file_missing() -> Problem:
    """Nothing was chosen to import."""
    return Problem(
        "file-missing",
        "没有选择文件。请选择目录文件(YAML),或选用随程序的目录。",
        "No file was chosen. Choose a catalogue file (YAML), or the one that comes with the program.",
        422,
    )
