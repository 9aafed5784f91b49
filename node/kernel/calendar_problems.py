"""What the work calendar refuses, as sentences."""

from __future__ import annotations

from node.kernel.problems import Problem


def calendar_file(line: int, zh: str, en: str) -> Problem:
    """A calendar file is wrong; nothing of it was taken in."""
    return Problem(
        "calendar-file",
        f"日历文件第 {line} 行有误:{zh}。没有导入任何内容,请改正后再导入。",
        f"Line {line} of the calendar file is wrong: {en}. Nothing was imported; correct it and import again.",
        422,
        {"line": line},
    )
