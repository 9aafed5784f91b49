"""What cases contribute to the web side: the pages of desks, of one matter, of offers, slip and service ledger; the API."""

from __future__ import annotations

from node.cases import (  # each adds its routes to `pages`
    pages_acts,
    pages_desk,
    pages_ledger,
    pages_matter,
    pages_offers,
    pages_register,
    pages_slip,
)
from node.cases.api import api
from node.cases.staff_pages import pages
from node.ui.parts import RailEntry, SearchBox, WebPart

MODULES = (pages_desk, pages_register, pages_matter, pages_acts, pages_offers, pages_slip, pages_ledger)
part = WebPart(
    staff=(pages,),
    api=(api,),
    rail=(
        RailEntry("cases.desk", "今天", "Today", ("desk",), order=10),
        RailEntry("cases.choose_item", "登记", "Register", ("desk",), order=20),
        RailEntry("cases.offers", "待接办", "Offers", ("desk",), order=30),
        RailEntry("cases.service_ledger", "服务台账", "Service ledger", ("ledger.read",), order=40),
    ),
    staff_search=SearchBox(
        "cases.search", "编号、姓名、证件号、电话", "Number, name, ID, phone", personal=True
    ),
)
