"""Playing the morning: people come, desks work, matters travel. Everything goes through the public HTTP interfaces.

What a desk does next is read from the node that holds the matter: its state and the acts its staff may do there. There
is no table of how a matter should end; only what its applicant and its office decide differently (`Visit.then`).
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from demo.applicants import Applicants
from demo.office import Office, OfficeError
from demo.visits import Visit

PATIENCE_S = 420.0
ROUND_S = 0.3
UNDECIDED = "IN_REVIEW"
DONE = frozenset({"CLOSED", "WITHDRAWN"})
NEXT_ACTS: tuple[str, ...] = (
    "deliver",
    "close",
    "return",
    "settle",
    "issue",
    "accept",
    "start_review",
    "forward_outside",
    "pre_review",
    "grant",
    "offer",
)
"""What an office does when several acts are open, most urgent first."""


@dataclass
class Matter:
    """One visit's matter on its way."""

    visit: Visit
    home: Office
    number: str
    query_code: str
    item_name: str
    handling: str
    deciding_level: str
    wanted: tuple[str, ...]
    forgotten: tuple[str, ...]
    withdrawn: bool = False
    forwarded: bool = False
    brought: bool = False
    finished: bool = False
    doing: str = ""

    @property
    def wish(self) -> frozenset[str]:
        """The states in which its people are content to leave it this morning."""
        return {
            "withdraw": frozenset({"WITHDRAWN"}),
            "wait": frozenset({UNDECIDED}),
            "away": frozenset({"CORRECTION"}),
        }.get(self.visit.then, frozenset({"CLOSED"}))


class Morning:
    """A morning at several offices.

    Args:
        offices: by level, the top first.
        people: who comes.
        tell: called after every change with (finished, all).
    """

    def __init__(
        self,
        offices: Mapping[str, Office],
        people: Applicants,
        today: date,
        tell: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._offices = offices
        self._by_code = {office.code: office for office in offices.values()}
        self._people = people
        self._today = today
        self._tell = tell

    def play(self, visits: Sequence[Visit]) -> list[Matter]:
        """Register every visit's matter and see it through.

        Raises:
            OfficeError: a node refused what it should not, or a matter stood still too long.
        """
        matters = []
        for visit in visits:
            matters.append(self._register(visit))
            self._tell(0, len(visits))
        deadline = time.monotonic() + PATIENCE_S
        while not all(matter.finished for matter in matters):
            moved = False
            for matter in matters:
                if not matter.finished and self._step(matter):
                    moved, deadline = True, time.monotonic() + PATIENCE_S
            self._take_offers()
            self._tell(sum(matter.finished for matter in matters), len(matters))
            if time.monotonic() > deadline:
                stuck = "; ".join(f"{m.number} {m.item_name} {m.doing}" for m in matters if not m.finished)
                raise OfficeError("stand still", 0, {"title": f"这些件停住了 / these stand still: {stuck}"})
            if not moved:
                time.sleep(ROUND_S)
        return matters

    # --- coming in -------------------------------------------------------------------------------------------

    def _register(self, visit: Visit) -> Matter:
        office = self._offices[visit.at]
        guide = office.call("GET", f"/items/{visit.item}")
        materials = [m for m in guide["materials"] if m["required"]]
        forgotten = (str(materials[-1]["id"]),) if visit.forgets and materials else ()
        wanted = tuple(str(m["id"]) for m in guide["materials"])
        brought = [material for material in wanted if material not in forgotten]
        applicant = self._people.applicant(guide["form"])
        body: dict[str, Any] = {
            "item": visit.item,
            "applicant": applicant,
            "form": self._people.fill(guide["form"]["fields"]),
            "materials": brought,
        }
        if visit.online:
            made = office.call("POST", "/public/cases", body)
        else:
            made = office.call("POST", "/cases", {**body, "channel": "window"}, role=office.desk)
        matter = Matter(
            visit,
            office,
            str(made["number"]),
            str(made["query_code"]).replace(" ", ""),
            str(made["case"]["item_name"]["zh"]),
            str(made["case"]["handling"]),
            "city" if guide["deciding_level"] == "province" else str(guide["deciding_level"]),
            wanted,
            forgotten,
        )
        if visit.paper == "file" and wanted:
            self._attach(matter, str(applicant.get("name", "")))
        return matter

    def _attach(self, matter: Matter, name: str) -> None:
        content = base64.b64encode(_scanned(f"{matter.item_name} {name}")).decode("ascii")
        body = {
            "material": matter.wanted[0],
            "name": "扫描件.pdf",
            "media": "application/pdf",
            "content": content,
        }
        matter.home.call("POST", f"/cases/{matter.number}/attachments", body, role=matter.home.desk)

    # --- one step --------------------------------------------------------------------------------------------

    def _step(self, matter: Matter) -> bool:
        """Do what is next for a matter; False when there is nothing to do yet."""
        seen = matter.home.case(matter.number)
        assert seen is not None, "a node never forgets what it registered"
        matter.doing = f"{seen['status']} at {seen['custodian']} ({seen['custody_state']})"
        if self._is_finished(matter, seen):
            matter.finished = True
            return True
        if seen["custody_state"] == "OFFERED":
            return False
        office = self._by_code[seen["custodian"]]
        held = seen if office is matter.home else office.case(matter.number)
        if held is None or held["custodian"] != office.code or held["custody_state"] != "HERE":
            return False
        if self._leaves(matter, held):
            return self._withdraw(matter)
        if held["status"] == "CORRECTION":
            return self._bring(matter, office)
        return self._work(matter, office, held)

    def _is_finished(self, matter: Matter, seen: Mapping[str, Any]) -> bool:
        status = str(seen["status"])
        if status in DONE:
            return True
        if matter.visit.then == "wait" and status == UNDECIDED:
            return self._by_code[seen["custodian"]].place.level == matter.deciding_level
        return matter.visit.then == "away" and status == "CORRECTION"

    def _leaves(self, matter: Matter, held: Mapping[str, Any]) -> bool:
        """Whether the applicant withdraws now: once, when the matter is being looked at."""
        return (
            matter.visit.then == "withdraw"
            and not matter.withdrawn
            and held["status"] in {"ACCEPTED", UNDECIDED}
        )

    def _withdraw(self, matter: Matter) -> bool:
        matter.withdrawn = True
        body = {"query_code": matter.query_code}
        matter.home.call("POST", f"/public/cases/{matter.number}/withdraw", body)
        return True

    def _bring(self, matter: Matter, office: Office) -> bool:
        """The notice said what is missing: it is brought to the desk the matter was handed in at."""
        if matter.visit.then == "away" or matter.brought:
            return False
        matter.brought = True
        matter.home.act(matter.number, "resupply", matter.home.desk, {"materials": list(matter.forgotten)})
        return True

    def _work(self, matter: Matter, office: Office, held: Mapping[str, Any]) -> bool:
        """The office's next act."""
        missing = [str(m["id"]) for m in held["materials"] if m["required"] and not m["present"]]
        may = office.who_may(matter.number, NEXT_ACTS)
        if held["status"] == "RECEIVED" and missing and "offer" not in may and "give_notice" in may:
            office.act(matter.number, "give_notice", may["give_notice"], {"missing": missing})
            return True
        for act in NEXT_ACTS:
            if act not in may or (act == "forward_outside" and matter.forwarded):
                continue
            if act == "grant" and matter.visit.then == "wait":
                return False
            return self._do(matter, office, act, may[act])
        return False

    def _do(self, matter: Matter, office: Office, act: str, role: str) -> bool:
        try:
            office.act(matter.number, act, role, self._words(matter, act))
        except OfficeError as error:
            if error.code in {"material-not-arrived", "case-changed"}:
                return False
            raise
        matter.forwarded = matter.forwarded or act == "forward_outside"
        return True

    def _words(self, matter: Matter, act: str) -> dict[str, Any]:
        if act == "offer":
            return {"entrustment_signed": True}
        if act == "pre_review":
            return {"opinion": "经入户核查和公示,符合条件,建议认定。"}
        if act == "forward_outside":
            return {
                "organ": "江苏省主管机关",
                "reference": f"转报〔{self._today.year}〕{matter.visit.number} 号",
            }
        if act == "grant":
            words: dict[str, Any] = {"text": "符合法定条件,准予办理。"}
            if matter.forwarded:
                decided = self._today - timedelta(days=0)
                words["outside"] = {"reference": f"苏批〔{self._today.year}〕{matter.visit.number} 号"}
                words["outside"]["decided_on"] = decided.isoformat()
            return words
        if act == "deliver":
            return {"by": "当面"}
        return {}

    def _take_offers(self) -> None:
        """Offers that wait for a person: what is missing is named, all of it at once."""
        for office in self._offices.values():
            if office.place.level == "village":
                continue
            for offer in office.call("GET", "/offers", role=office.desk)["items"]:
                if offer["missing"]:
                    body = {"reason": "missing", "missing": [str(one["id"]) for one in offer["missing"]]}
                    office.call("POST", f"/offers/{offer['id']}/decline", body, role=office.desk)
                else:
                    office.call("POST", f"/offers/{offer['id']}/take", {}, role=office.desk)


def _scanned(text: str) -> bytes:
    """A small real PDF of one page, as a scanner would make it; the text stands in its metadata."""
    title = text.encode("utf-16-be").hex().upper()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length 32>>stream\n0.9 g 60 60 475 722 re f       \nendstream",
        f"<</Title<FEFF{title}>>>".encode("ascii"),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + body + b"endobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
