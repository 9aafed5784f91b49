"""The stage of the browser tests: four real nodes with a short morning behind them, read and played over HTTP only."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from demo.applicants import Applicants, Surroundings
from demo.morning import NEXT_ACTS
from demo.nodes import FAST, DemoNetwork
from demo.office import Office, OfficeError
from demo.places import choose_places, read_places
from node.kernel.clock import SystemClock, local_date
from tests.support.errands import ERRANDS, Errand

SEED = 20
PATIENCE_S = 180.0
PAUSE_S = 0.3
WORDS: Mapping[str, Mapping[str, Any]] = {
    "offer": {"entrustment_signed": True},
    "pre_review": {"opinion": "经入户核查和公示,符合条件,建议认定。"},
    "grant": {"text": "符合法定条件,准予办理。"},
    "deliver": {"by": "窗口领取"},
    "propose_refusal": {
        "grounds": "经营场所与一所小学的距离不足五十米,不符合公布的第四项条件。",
        "basis": "《烟草专卖许可证管理办法》第十三条",
    },
}
NOT_YET = frozenset({"material-not-arrived", "case-changed"})
A_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass
class Played:
    """A matter on the stage."""

    errand: Errand
    number: str
    query_code: str
    slip: Mapping[str, Any]
    missing: tuple[str, ...]
    applicant: str
    rests: bool = False


@dataclass
class Stage:
    """Four running nodes and what happened on them.

    Attributes:
        offices: by level.
        matters: by the name of their errand.
        round_id: an audit of the village by the city.
        offer_id: an offer that waits in the township's inbox.
    """

    offices: Mapping[str, Office]
    matters: dict[str, Played] = field(default_factory=dict)
    round_id: str = ""
    offer_id: str = ""

    def url(self, level: str) -> str:
        """Scheme, host and port of a level's node."""
        return self.offices[level].url

    def number(self, name: str) -> str:
        """Number of a matter."""
        return self.matters[name].number

    @property
    def next_village(self) -> str:
        """Code of another village of the township."""
        township, here = self.offices["township"].code, self.offices["village"].code
        return next(
            place.code for place in read_places().values() if place.parent == township and place.code != here
        )

    def people(self) -> Applicants:
        """Somebody new who comes to the desk."""
        return people_of(self.offices, SEED + 1)


def people_of(offices: Mapping[str, Office], seed: int) -> Applicants:
    """Made-up people of the village."""
    village, township = offices["village"].place, offices["township"].place
    around = Surroundings(f"南通市{township.name}{village.name}", village.code, today())
    return Applicants(seed, around)


def today() -> date:
    """The day on the wall of the offices."""
    return local_date(SystemClock().now())


def open_stage(folder: Path) -> tuple[DemoNetwork, Stage]:
    """Starts the nodes and plays; whoever calls ends the network.

    Raises:
        OfficeError: a node refused what it should not, or a matter did not come to rest.
    """
    network = DemoNetwork(folder, 0, lambda _zh, _en: None, settings={**FAST, "rate_limits": "false"})
    try:
        network.start(choose_places(SEED))
        stage = Stage(network.offices)
        play(stage, ERRANDS)
    except BaseException:
        network.stop()
        raise
    return network, stage


def play(stage: Stage, errands: tuple[Errand, ...]) -> None:
    """Registers every errand's matter, sees each to its resting place, and audits the village."""
    people = people_of(stage.offices, SEED)
    for errand in errands:
        stage.matters[errand.name] = register(stage.offices[errand.at], people, errand)
    _until(lambda: _step_all(stage), "matters")
    for matter in stage.matters.values():
        if matter.errand.then:
            office = holder_of(stage, matter)
            office.act(matter.number, matter.errand.then, matter.errand.by, WORDS.get(matter.errand.then, {}))
    _decline(stage, stage.number("declined"))
    stage.offer_id = _offer_of(stage, "township", stage.number("offered"))
    stage.round_id = _audit(stage)
    _await_witness(stage.offices["village"])


def register(office: Office, people: Applicants, errand: Errand) -> Played:
    """Hands a matter in."""
    guide = office.call("GET", f"/items/{errand.item}")
    needed = [str(one["id"]) for one in guide["materials"] if one["required"]]
    missing = tuple(needed[-1:]) if errand.forgets else ()
    brought = [str(one["id"]) for one in guide["materials"] if str(one["id"]) not in missing]
    applicant = people.applicant(guide["form"])
    body = {
        "item": errand.item,
        "applicant": applicant,
        "form": people.fill(guide["form"]["fields"]),
        "materials": brought,
    }
    if errand.online:
        made = office.call("POST", "/public/cases", body)
    else:
        made = office.call("POST", "/cases", {**body, "channel": "window"}, role=office.desk)
    number = str(made["number"])
    if errand.file:
        file = {"material": brought[0], "name": "身份证正面.png", "media": "image/png"}
        file["content"] = base64.b64encode(A_PICTURE).decode("ascii")
        office.call("POST", f"/cases/{number}/attachments", file, role=office.desk)
    return Played(errand, number, str(made["query_code"]), made["slip"], missing, str(applicant["name"]))


def holder_of(stage: Stage, matter: Played) -> Office:
    """The node that holds a matter."""
    seen = stage.offices[matter.errand.at].case(matter.number)
    assert seen is not None, "a node never forgets what it registered"
    return next(office for office in stage.offices.values() if office.code == seen["custodian"])


# --- one step -----------------------------------------------------------------------------------------------


def _step_all(stage: Stage) -> bool:
    for matter in stage.matters.values():
        if not matter.rests:
            _step(stage, matter)
    return all(matter.rests for matter in stage.matters.values())


def _step(stage: Stage, matter: Played) -> None:
    """Does what is next for a matter, unless it rests or is on the way."""
    home = stage.offices[matter.errand.at]
    seen = home.case(matter.number)
    assert seen is not None, "a node never forgets what it registered"
    if seen["custody_state"] == "OFFERED":
        matter.rests = bool(matter.missing) and any(_offers_of(stage, matter.number))
        return
    if seen["status"] in {"CLOSED", "CORRECTION"}:
        matter.rests = True
        return
    office = next(one for one in stage.offices.values() if one.code == seen["custodian"])
    held = office.case(matter.number)
    if held is None or held["custodian"] != office.code or held["custody_state"] != "HERE":
        return
    if matter.missing and held["status"] == "RECEIVED" and office.place.level != "village":
        office.act(matter.number, "give_notice", office.desk, {"missing": list(matter.missing)})
        return
    may = office.who_may(matter.number, (*NEXT_ACTS, matter.errand.stop))
    act = next((one for one in NEXT_ACTS if one in may), "")
    if matter.errand.stop and matter.errand.stop in may:
        matter.rests = True
    elif act:
        try:
            office.act(matter.number, act, may[act], WORDS.get(act, {}))
        except OfficeError as error:
            if error.code not in NOT_YET:
                raise


def _offers_of(stage: Stage, number: str) -> list[tuple[Office, str]]:
    return [
        (office, str(offer["id"]))
        for level, office in stage.offices.items()
        if level != "village"
        for offer in office.call("GET", "/offers", role=office.desk)["items"]
        if offer["number"] == number
    ]


def _offer_of(stage: Stage, level: str, number: str) -> str:
    office, offer = _offers_of(stage, number)[0]
    assert office is stage.offices[level], f"{number} waits at {office.place.name}"
    return offer


def _decline(stage: Stage, number: str) -> None:
    office, offer = _offers_of(stage, number)[0]
    matter = next(one for one in stage.matters.values() if one.number == number)
    body = {"reason": "missing", "missing": list(matter.missing)}
    office.call("POST", f"/offers/{offer}/decline", body, role=office.desk)


def _audit(stage: Stage) -> str:
    city, village = stage.offices["city"], stage.offices["village"]
    asked = {"target": village.code, "count": 5, "seal_hours": 1, "answer_hours": 1}
    found = str(city.call("POST", "/audit/rounds", asked, role="auditor")["round"])

    def is_judged() -> bool:
        return bool(city.call("GET", f"/audit/rounds/{found}", role="auditor")["state"] == "JUDGED")

    _until(is_judged, "audit")
    return found


def _await_witness(village: Office) -> None:
    """Until the township has cosigned all that stands in the village's ledger now."""
    size = village.network()["ledger_size"]
    _until(lambda: bool(village.network()["ledger_witnessed"] >= size), "witness")


def _until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise OfficeError(what, 0, {"title": f"{what}: did not come to rest"})
        time.sleep(PAUSE_S)
