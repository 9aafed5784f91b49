"""Matters that come to the desks of running nodes all the time, over the JSON API, whatever happens to the nodes.

Every call is repeated until it is answered; a creating call keeps its idempotency key. What was refused is looked at
again, since an act may have been done although its answer was lost.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from demo.applicants import Applicants, Surroundings
from demo.office import Office
from tests.support.checking import secrets_of

ANSWER_S = 120.0
TIMEOUT_S = 15
PAUSE_S = 0.2
AGAIN = frozenset({429, 503})
SERVER_ERROR = 500
DESK_ROLES = ("agent", "clerk", "window_head", "section", "bureau")
ACTS = (
    "deliver",
    "close",
    "return",
    "settle",
    "issue",
    "accept",
    "start_review",
    "pre_review",
    "grant",
    "offer",
)
"""What an office does when several acts are open, most urgent first."""
WORDS: Mapping[str, Mapping[str, Any]] = {
    "offer": {"entrustment_signed": True},
    "pre_review": {"opinion": "符合条件,建议认定。"},
    "grant": {"text": "准予办理。"},
    "deliver": {"by": "当面"},
}
RARE = "翀昊翾翯翚翃翊瓒璟璠琮珩珺琰"
AT_VILLAGE = (
    "902023001000",  # stays
    "902014001000",  # one level up
    "902014002000",  # two levels up, through the township
    "902014002000",
    "900511003000",  # reviewed at the township, decided at the county
)
AT_TOWNSHIP = ("902014002000",)
FORGETFUL = 0.25
"""How many come without a required material: what they hand in waits for a person above."""


class People(Applicants):
    """People whose names stand nowhere else; what of them must stay unreadable is kept."""

    def __init__(self, seed: int, around: Surroundings) -> None:
        super().__init__(seed, around)
        self.secrets: set[str] = set()

    def name(self) -> str:
        """Four characters, the last two rare."""
        return "诸葛" + "".join(self._chance.choice(RARE) for _ in range(2)) + self._chance.choice(RARE)

    def applicant(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The applicant block; remembered."""
        made = super().applicant(form)
        kept = {key: value for key, value in made.items() if key in {"name", "id_number", "phone", "address"}}
        self.secrets.update(secrets_of(kept))
        return made


@dataclass
class Desk:
    """The people of one node, who ask until they are answered.

    Attributes:
        failures: answers that no correct node gives, whatever was done to it.
    """

    office: Office
    failures: list[str] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self._session.trust_env = False

    def call(
        self, method: str, path: str, body: Any = None, *, role: str | None = None, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and document of the first answer.

        Raises:
            AssertionError: none in two minutes.
        """
        headers = {"Accept": "application/json"}
        if role is not None:
            headers["Authorization"] = f"Bearer {self._token(role)}"
        if key is not None:
            headers["Idempotency-Key"] = key
        until = time.monotonic() + ANSWER_S
        url = f"{self.office.url}/api/v1{path}"
        while time.monotonic() < until:
            try:
                answer = self._session.request(method, url, json=body, headers=headers, timeout=TIMEOUT_S)
                document = answer.json()
            except (requests.RequestException, ValueError):
                time.sleep(PAUSE_S)
                continue
            if answer.status_code in AGAIN:
                time.sleep(PAUSE_S)
                continue
            if answer.status_code >= SERVER_ERROR:
                self.failures.append(f"{method} {path}: {answer.status_code} {document}")
            return answer.status_code, document
        raise AssertionError(f"{self.office.place.name} {method} {path}: no answer in {ANSWER_S:.0f} s")

    def _token(self, role: str) -> str:
        if role not in self._tokens:
            account = self.office.account(role)
            body = {"login": account.login, "password": account.password, "name": "load"}
            status, made = self.call("POST", "/tokens", body, key=str(uuid.uuid4()))
            assert status == 201, made
            self._tokens[role] = str(made["token"])
        return self._tokens[role]

    @property
    def roles(self) -> list[str]:
        """Who may do something about matters here."""
        return [account.role for account in self.office.accounts if account.role in DESK_ROLES]

    def case(self, number: str, role: str | None = None) -> dict[str, Any] | None:
        """A matter as this node knows it; None when it does not."""
        status, seen = self.call("GET", f"/cases/{number}", role=role or self.roles[0])
        return seen if status == 200 else None


@dataclass
class Matter:
    """One matter on its way."""

    number: str
    home: Desk
    offers: list[str] = field(default_factory=list)
    is_finished: bool = False
    doing: str = "registered"


class Load(threading.Thread):
    """One stream of people: registers while it is told to, then sees everything through.

    Args:
        desks: by node code.
        homes: where people come, and for which items.
        most: open matters at once.

    Attributes:
        shown: ids of offers whose matter was shown as received above, or further, after they were made.
        error: why it ended early; "" when it did not.
    """

    def __init__(
        self,
        desks: Mapping[str, Desk],
        homes: Sequence[tuple[Desk, Sequence[str]]],
        people: People,
        chance: random.Random,
        most: int = 5,
    ) -> None:
        super().__init__(name="load", daemon=True)
        self._desks, self._homes, self._chance, self._most = desks, homes, chance, most
        self.people = people
        self._guides: dict[tuple[str, str], dict[str, Any]] = {}
        self._ending = threading.Event()
        self.matters: list[Matter] = []
        self.shown: set[str] = set()
        self.error = ""

    @property
    def failures(self) -> list[str]:
        """Answers that no correct node gives."""
        return [failure for desk in self._desks.values() for failure in desk.failures]

    def finish(self) -> None:
        """No new matters; those that are open go on to their end."""
        self._ending.set()

    def run(self) -> None:
        """Until all is done."""
        try:
            while True:
                waiting = [matter for matter in self.matters if not matter.is_finished]
                if self._ending.is_set() and not waiting:
                    return
                if not self._ending.is_set() and len(waiting) < self._most:
                    self._register()
                for matter in waiting:
                    self._step(matter)
                self._take_offers()
                time.sleep(0.05)
        except Exception as error:  # told by the test, which has the thread's outcome
            self.error = repr(error)

    # --- at the desk where it begins ---------------------------------------------------------------------------

    def _register(self) -> None:
        desk, items = self._chance.choice(list(self._homes))
        item, key = self._chance.choice(list(items)), str(uuid.uuid4())
        if (desk.office.code, item) not in self._guides:
            self._guides[desk.office.code, item] = desk.call("GET", f"/items/{item}")[1]
        guide = self._guides[desk.office.code, item]
        materials = [str(one["id"]) for one in guide["materials"]]
        required = [str(one["id"]) for one in guide["materials"] if one["required"]]
        if item == "902014001000" and required and self._chance.random() < FORGETFUL:
            materials.remove(required[-1])
        body = {
            "item": item,
            "channel": "window",
            "applicant": self.people.applicant(guide["form"]),
            "form": self.people.fill(guide["form"]["fields"]),
            "materials": materials,
        }
        status, made = desk.call("POST", "/cases", body, role=desk.roles[0], key=key)
        assert status == 201, f"{item}: {status} {made}"
        again = desk.call("POST", "/cases", body, role=desk.roles[0], key=key)[1]
        assert again["number"] == made["number"], "the same key gives the same matter"
        self.matters.append(Matter(str(made["number"]), desk))

    # --- one step ----------------------------------------------------------------------------------------------

    def _step(self, matter: Matter) -> None:
        seen = matter.home.case(matter.number)
        assert seen is not None, f"{matter.number} is gone where it was registered"
        matter.doing = f"{seen['status']} at {seen['custodian']} ({seen['custody_state']})"
        if seen["truths"]["received_at"] is not None:
            self.shown.update(matter.offers)
        if seen["status"] in {"CLOSED", "WITHDRAWN"}:
            matter.is_finished = True
        elif seen["custody_state"] != "OFFERED":
            self._work(matter, self._desks[seen["custodian"]], seen)

    def _work(self, matter: Matter, desk: Desk, seen: Mapping[str, Any]) -> None:
        """The next act of whoever may do it where the matter is; what is missing is brought to its home."""
        if seen["status"] == "CORRECTION":
            desk = matter.home
            body = {"materials": missing_of(seen)}
            desk.call("POST", f"/cases/{matter.number}/acts/resupply", body, role=desk.roles[0])
            return
        for role in desk.roles:
            held = desk.case(matter.number, role)
            if held is None or held["custodian"] != desk.office.code or held["custody_state"] != "HERE":
                return
            missing = missing_of(held)
            acts = ("give_notice",) if missing and "give_notice" in held["acts"] else ACTS
            act = next((act for act in acts if act in held["acts"]), None)
            if act is None:
                continue
            body = {"missing": missing} if act == "give_notice" else dict(WORDS.get(act, {}))
            status, done = desk.call("POST", f"/cases/{matter.number}/acts/{act}", body, role=role)
            if status == 200 and act == "offer" and done.get("offer"):
                matter.offers.append(str(done["offer"]["id"]))
            if status == 200:
                return

    def _take_offers(self) -> None:
        """What waits for a person above is taken as it is, or declined for what is missing."""
        for desk in self._desks.values():
            if desk.office.place.level == "village":
                continue
            role = desk.roles[0]
            status, page = desk.call("GET", "/offers", role=role)
            for offer in page["items"] if status == 200 else []:
                missing = [str(one["id"]) for one in offer["missing"]]
                if missing and self._chance.random() < 0.5:
                    body = {"reason": "missing", "missing": missing}
                    desk.call("POST", f"/offers/{offer['id']}/decline", body, role=role)
                else:
                    desk.call("POST", f"/offers/{offer['id']}/take", {}, role=role)


def missing_of(seen: Mapping[str, Any]) -> list[str]:
    """Required materials that a matter still lacks."""
    return [str(one["id"]) for one in seen["materials"] if one["required"] and not one["present"]]
