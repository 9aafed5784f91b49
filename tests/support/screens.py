"""Every page that is looked at, as data: where it is, who sees it, and what brings it about.

A GET page of the application that stands neither in `SCREENS` nor in `NO_PAGES` fails `tests/e2e/test_routes.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import FilePayload, Page

from tests.support.stage import Stage

Steps = Callable[[Page, Stage], None]
Path = str | Callable[[Stage], str]


@dataclass(frozen=True, slots=True)
class Screen:
    """One page.

    Attributes:
        name: of its pictures.
        endpoint: of its route; "" for pages of no route (errors).
        at: level of the node. who: role of the person; "" for a citizen.
        path: its address. steps: what is done there before it is looked at.
        status: of the answer.
        large: also in large print.
        words: whether its English view is without Chinese words; sample data have them.
    """

    name: str
    endpoint: str
    at: str
    who: str
    path: Path
    steps: Steps | None = None
    status: int = 200
    large: bool = False
    words: bool = True

    def address(self, stage: Stage) -> str:
        """The whole address."""
        path = self.path if isinstance(self.path, str) else self.path(stage)
        return stage.url(self.at) + path


NO_PAGES = {
    "asset": "style and script",
    "view": "sets a cookie and goes back",
    "start": "goes to the first page of the rail",
    "root": "goes to the first page",
    "cases.attachment": "a file",
    "portal.proof": "a file",
    "healthz": "one word for machines",
    "readyz": "one document for machines",
    "metrics": "text for machines",
}
"""GET routes that show nothing to people, and why."""


def _matter(name: str, rest: str = "") -> Callable[[Stage], str]:
    return lambda stage: f"/matters/{stage.number(name)}{rest}"


def _act(name: str, act: str) -> Callable[[Stage], str]:
    return _matter(name, f"/acts/{act}")


def _node(level: str) -> Callable[[Stage], str]:
    return lambda stage: f"/network/nodes/{stage.offices[level].code}"


def _revoke(level: str) -> Callable[[Stage], str]:
    return lambda stage: f"/network/acts/revoke?target={stage.offices[level].code}"


def look_up(name: str) -> Steps:
    """A citizen opens a matter with what stands on the slip."""

    def steps(page: Page, stage: Stage) -> None:
        matter = stage.matters[name]
        page.fill("main input[name=number]", matter.number)
        page.fill("main input[name=query_code]", matter.query_code)
        page.click("main button[type=submit]")

    return steps


def then(first: Steps, path: Path) -> Steps:
    """Steps, and from there to another page of the node."""

    def steps(page: Page, stage: Stage) -> None:
        first(page, stage)
        page.goto(page.url.split("/matter/")[0] + (path if isinstance(path, str) else path(stage)))

    return steps


def send(form: str = "main form", **fields: str) -> Steps:
    """Fills some fields of a form and sends it."""

    def steps(page: Page, _stage: Stage) -> None:
        for name, value in fields.items():
            page.fill(f"{form} [name='{name}']", value)
        page.locator(f"{form} button[type=submit]").last.click()

    return steps


def _find_person(name: str) -> Steps:
    return lambda page, stage: send(".find", q=stage.matters[name].applicant)(page, stage)


def _public_matter(name: str, rest: str = "") -> Steps:
    return then(look_up(name), lambda stage: f"/matter/{stage.number(name)}{rest}")


def _overtaken(page: Page, _stage: Stage) -> None:
    """Somebody acted since the form was made: as its mark says."""
    page.evaluate("document.querySelector('input[name=mark]').value = '0'")
    page.locator("main form button[type=submit]").last.click()


def _verify_code(page: Page, stage: Stage) -> None:
    page.fill("[name=code]", str(stage.matters["settled"].slip["qr"]))
    page.click("main form button[type=submit]")


def verify_file(name: str, spoilt: bool = False) -> Steps:
    """A citizen fetches the proof of a matter and has it checked; spoilt: with one hash changed on the way."""

    def steps(page: Page, stage: Stage) -> None:
        look_up(name)(page, stage)
        base = page.url.split("/matter/")[0]
        text = page.request.get(f"{base}/matter/{stage.number(name)}/proof").text()
        if spoilt:
            text = _spoil(text)
        page.goto(f"{base}/verify")
        file: FilePayload = {"name": "a.tlog-proof", "mimeType": "text/plain", "buffer": text.encode()}
        page.set_input_files("input[type=file]", files=[file])
        page.click("main form button[type=submit]")

    return steps


def _spoil(text: str) -> str:
    lines = text.split("\n")
    place = next(number for number, line in enumerate(lines) if number > 2 and len(line) == 44)
    lines[place] = lines[place][::-1].replace("=", "A")[:43] + "="
    return "\n".join(lines)


VILLAGE, TOWNSHIP, COUNTY, CITY = "village", "township", "county", "city"
PUBLIC: tuple[Screen, ...] = (
    Screen("home", "portal.home", VILLAGE, "", "/", large=True),
    Screen("home-county", "portal.home", COUNTY, "", "/"),
    Screen("items", "catalogue_public.items", VILLAGE, "", "/items", large=True),
    Screen("items-found", "catalogue_public.items", VILLAGE, "", "/items?q=社保"),
    Screen("items-none", "catalogue_public.items", VILLAGE, "", "/items?q=飞碟登记"),
    Screen("item", "catalogue_public.guide", VILLAGE, "", "/items/902014003000", large=True),
    Screen("item-referred", "catalogue_public.guide", VILLAGE, "", "/items/900511003000"),
    Screen("apply", "portal.apply", VILLAGE, "", "/apply/902014001000", large=True),
    Screen("apply-wrong", "portal.send_in", VILLAGE, "", "/apply/902014001000", send(), 422),
    Screen("query", "portal.query", VILLAGE, "", "/query", large=True),
    Screen(
        "query-wrong",
        "portal.look_up",
        VILLAGE,
        "",
        "/query",
        send(number="3206120070030000000000000", query_code="111122223333"),
        404,
    ),
    Screen("citizen-matter", "portal.matter", VILLAGE, "", "/query", look_up("travelled"), large=True),
    Screen("citizen-matter-away", "portal.matter", VILLAGE, "", "/query", look_up("three-levels")),
    Screen("citizen-matter-declined", "portal.matter", VILLAGE, "", "/query", look_up("declined")),
    Screen("citizen-matter-withdrawn", "portal.matter", VILLAGE, "", "/query", look_up("withdrawn")),
    Screen("citizen-slip", "portal.slip", VILLAGE, "", "/query", _public_matter("online", "/slip")),
    Screen(
        "citizen-withdraw",
        "portal.ask_withdraw",
        VILLAGE,
        "",
        "/query",
        _public_matter("online", "/withdraw"),
    ),
    Screen("verify", "portal.verify", VILLAGE, "", "/verify"),
    Screen("verify-code", "portal.verify", TOWNSHIP, "", "/verify", _verify_code),
    Screen("verify-true", "portal.judge", VILLAGE, "", "/query", verify_file("settled")),
    Screen("verify-false", "portal.judge", VILLAGE, "", "/query", verify_file("settled", spoilt=True)),
    Screen("not-found", "", VILLAGE, "", "/nowhere", status=404),
    Screen("components", "gallery.components", VILLAGE, "", "/dev/components", large=True, words=False),
)
DESKS: tuple[Screen, ...] = (
    Screen("sign-in", "people.sign_in", VILLAGE, "", "/sign-in", large=True),
    Screen(
        "sign-in-wrong",
        "people.enter",
        VILLAGE,
        "",
        "/sign-in",
        send(login="nobody", password="not-this-one"),
        401,
    ),
    Screen("password", "people.password", VILLAGE, "agent", "/me/password"),
    Screen("desk-village", "cases.desk", VILLAGE, "agent", "/desk", large=True),
    Screen("desk-waiting", "cases.desk", VILLAGE, "agent", "/desk?list=waiting"),
    Screen("desk-closed", "cases.desk", VILLAGE, "agent", "/desk?list=closed"),
    Screen("desk-township", "cases.desk", TOWNSHIP, "clerk", "/desk"),
    Screen("desk-county", "cases.desk", COUNTY, "section", "/desk", large=True),
    Screen("desk-away", "cases.desk", TOWNSHIP, "clerk", "/desk?list=away"),
    Screen("desk-empty", "cases.desk", CITY, "clerk", "/desk?list=return"),
    Screen("find", "cases.search", VILLAGE, "agent", "/find"),
    Screen("found", "cases.find", VILLAGE, "agent", "/desk", _find_person("travelled")),
    Screen("found-none", "cases.find", VILLAGE, "agent", "/desk", send(".find", q="无此人")),
    Screen("register", "cases.choose_item", VILLAGE, "agent", "/register", large=True),
    Screen("register-none", "cases.choose_item", VILLAGE, "agent", "/register?q=飞碟"),
    Screen("new", "cases.new_matter", VILLAGE, "agent", "/register/902014001000", large=True),
    Screen("new-down", "cases.new_matter", COUNTY, "clerk", "/register/900511003000"),
    Screen(
        "new-wrong", "cases.register_matter", VILLAGE, "agent", "/register/902014001000", send("#new"), 422
    ),
    Screen("registered", "cases.registered", VILLAGE, "agent", _matter("to-send", "/registered"), large=True),
    Screen("slip-80", "cases.slip", VILLAGE, "agent", _matter("to-send", "/slip?size=80")),
    Screen("slip-a5", "cases.slip", VILLAGE, "agent", _matter("to-send", "/slip?size=a5")),
    Screen("ledger", "cases.service_ledger", VILLAGE, "agent", "/ledger/service", large=True),
    Screen("ledger-empty", "cases.service_ledger", CITY, "clerk", "/ledger/service?day=2026-01-05"),
    Screen("offers", "cases.offers", TOWNSHIP, "clerk", "/offers"),
    Screen("offers-empty", "cases.offers", CITY, "clerk", "/offers"),
    Screen("offer", "cases.offer", TOWNSHIP, "clerk", lambda stage: f"/offers/{stage.offer_id}", large=True),
)
MATTERS: tuple[Screen, ...] = (
    Screen("matter-to-send", "cases.matter", VILLAGE, "agent", _matter("to-send"), large=True),
    Screen("matter-travelled", "cases.matter", VILLAGE, "agent", _matter("travelled")),
    Screen("matter-away", "cases.matter", VILLAGE, "agent", _matter("three-levels")),
    Screen("matter-declined", "cases.matter", VILLAGE, "agent", _matter("declined")),
    Screen("matter-withdrawn", "cases.matter", VILLAGE, "agent", _matter("withdrawn")),
    Screen("matter-city", "cases.matter", CITY, "section", _matter("three-levels"), large=True),
    Screen("matter-correction", "cases.matter", TOWNSHIP, "clerk", _matter("correction")),
    Screen("matter-refusal", "cases.matter", COUNTY, "bureau", _matter("refusal")),
    Screen("act-settle", "cases.ask", VILLAGE, "agent", _act("taken-in", "settle")),
    Screen("act-offer", "cases.ask", VILLAGE, "agent", _act("to-send", "offer")),
    Screen("act-offer-wrong", "cases.do", VILLAGE, "agent", _act("to-send", "offer"), send(), 422),
    Screen("act-overtaken", "cases.do", VILLAGE, "agent", _act("to-send", "offer"), _overtaken, 409),
    Screen("act-deliver", "cases.ask", VILLAGE, "agent", _act("to-hand-over", "deliver")),
    Screen("act-unmask", "cases.ask", VILLAGE, "agent", _act("taken-in", "unmask")),
    Screen("act-first-review", "cases.ask", TOWNSHIP, "section", _act("first-review", "pre_review")),
    Screen("act-resupply", "cases.ask", TOWNSHIP, "clerk", _act("correction", "resupply")),
    Screen("act-accept", "cases.ask", COUNTY, "clerk", _act("to-accept", "accept")),
    Screen("act-grant", "cases.ask", CITY, "section", _act("three-levels", "grant"), large=True),
    Screen("act-refuse", "cases.ask", CITY, "section", _act("three-levels", "propose_refusal")),
    Screen("act-confirm-refusal", "cases.ask", COUNTY, "bureau", _act("refusal", "confirm_refusal")),
)
OPERATION: tuple[Screen, ...] = (
    Screen("no-right", "", VILLAGE, "operator", "/desk", status=403),
    Screen("staff", "people.staff_list", VILLAGE, "operator", "/staff", large=True),
    Screen("staff-wrong", "people.add_one", VILLAGE, "operator", "/staff", send("main form:not(.bar)"), 422),
    Screen("catalogue", "catalogue.versions", COUNTY, "operator", "/catalogue"),
    Screen("catalogue-item", "catalogue.version", COUNTY, "operator", "/catalogue/902014003000"),
    Screen("network", "network.overview", TOWNSHIP, "operator", "/network", large=True),
    Screen("network-top", "network.overview", CITY, "operator", "/network"),
    Screen("network-node", "network.neighbour", TOWNSHIP, "operator", _node("village")),
    Screen("network-keys", "network.keys", VILLAGE, "operator", "/network/keys"),
    Screen("network-checks", "network.checks", VILLAGE, "operator", "/network/checks"),
    Screen(
        "network-recomputed", "network.recompute", VILLAGE, "operator", "/network/checks", send("main form")
    ),
    Screen("network-revoke", "network.ask", COUNTY, "operator", _revoke("township")),
    Screen("network-revoke-wrong", "network.perform", COUNTY, "operator", _revoke("township"), send(), 422),
    Screen("invite", "network.invite", COUNTY, "operator", "/network/invite", large=True),
    Screen("invite-wrong", "network.make_invitation", COUNTY, "operator", "/network/invite", send(), 422),
    Screen(
        "invited",
        "network.make_invitation",
        TOWNSHIP,
        "operator",
        "/network/invite",
        lambda page, stage: send(code=stage.next_village, name="新坝村便民服务室")(page, stage),
        201,
    ),
    Screen("audit", "audit.rounds", CITY, "auditor", "/audit", large=True),
    Screen("audit-none", "audit.rounds", COUNTY, "auditor", "/audit"),
    Screen(
        "audit-round",
        "audit.round_page",
        CITY,
        "auditor",
        lambda stage: f"/audit/{stage.round_id}",
        large=True,
    ),
    Screen("audit-asked", "audit.rounds", VILLAGE, "agent", "/audit"),
)
SCREENS: tuple[Screen, ...] = (*PUBLIC, *DESKS, *MATTERS, *OPERATION)
