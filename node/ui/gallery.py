"""`/dev/components`: every component in every state, in demonstrations only; screenshots and axe walk it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template

from node.kernel.clock import local_date
from node.ui.access import public
from node.ui.parts import Kit
from node.ui.problems import form_expired
from node.ui.wiring import use

pages = Blueprint("gallery", __name__, url_prefix="/dev", template_folder="templates")
FINGERPRINT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pages.get("/components")
@public
def components() -> str:
    """All components on one page."""
    now = use(Kit).clock.now()
    today = local_date(now)
    return render_template(
        "ui/gallery.html",
        instant=now,
        day=today,
        earlier=now - timedelta(hours=30),
        work=_work(today),
        errors=[
            {
                "field": "id_number",
                "zh": "身份证号第 18 位应为 X。请对照证件核对。(GB 11643)",
                "en": "The 18th character of the ID number should be X. Compare it with the card. (GB 11643)",
            }
        ],
        refused=form_expired(),
        fingerprint=FINGERPRINT,
    )


def _work(today: date) -> list[dict[str, Any]]:
    """Rows of a work list: overdue, due, on time, paused, done; the longest real names among them."""
    return [
        {
            "href": "#content",
            "title": "最低生活保障、特困人员救助供养认定",
            "number": "320612007003-2026-000018-4",
            "tag": ("open", "审查中"),
            "clock": (-2, today - timedelta(days=2)),
            "paused": "",
            "meta": ["王秀英", "金沙街道进鲜港社区便民服务室"],
        },
        {
            "href": "#content",
            "title": "农村危房改造对象认定",
            "number": "320612007003-2026-000021-9",
            "tag": ("open", "已受理"),
            "clock": (1, today + timedelta(days=1)),
            "paused": "",
            "meta": ["陈建国"],
        },
        {
            "href": "#content",
            "title": "食品小作坊登记",
            "number": "320612007003-2026-000033-1",
            "tag": ("wait", "补正中"),
            "clock": None,
            "paused": "等申请人补正材料",
            "meta": [],
        },
        {
            "href": "#content",
            "title": "老年优待证办理",
            "number": "320612007003-2026-000035-0",
            "tag": ("done", "已办结"),
            "clock": None,
            "paused": "",
            "meta": ["当场"],
        },
    ]
