"""One node's office as the morning sees it: its staff, each signed in with a token, and its public counter. HTTP only."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from demo.places import Place

TRIES = 40
PAUSE_S = 0.25
TIMEOUT_S = 30
AGAIN = frozenset({429, 503})


class OfficeError(Exception):
    """A node refused something, or does not answer; the message is its own sentence."""

    def __init__(self, what: str, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(f"{what}: {status} {document.get('title', '')} {document.get('errors', '')}")
        self.status = status
        self.document = document
        self.code = str(document.get("type", "")).rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Account:
    """One member of staff of the demonstration."""

    login: str
    password: str
    name: str
    role: str
    post: str


@dataclass
class Office:
    """One node.

    Attributes:
        url: scheme, host and port.
        data: its data folder.
        accounts: its staff; the first that may do an act does it.
    """

    place: Place
    url: str
    data: str
    accounts: Sequence[Account]
    tokens: dict[str, str] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self._session.trust_env = False

    @property
    def code(self) -> str:
        """Node code."""
        return self.place.code

    # --- calls -----------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        role: str | None = None,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """One call of the JSON API; what is worth another try is tried again.

        Args:
            role: who calls; None for somebody without an account.
            key: idempotency key; made when a body is sent without one.

        Raises:
            OfficeError: refused.
        """
        headers = {"Accept": "application/json", "Accept-Language": "zh"}
        if role is not None:
            headers["Authorization"] = f"Bearer {self._token(role)}"
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        answer: requests.Response | None = None
        for _ in range(TRIES):
            try:
                answer = self._session.request(
                    method,
                    f"{self.url}/api/v1{path}",
                    json=body,
                    headers=headers,
                    params=query,
                    timeout=TIMEOUT_S,
                )
            except requests.ConnectionError:
                time.sleep(PAUSE_S)
                continue
            if answer.status_code not in AGAIN:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", PAUSE_S)), 2.0))
        if answer is None:
            raise OfficeError(f"{method} {path}", 0, {"title": f"{self.url}: 没有回答 / no answer"})
        if not answer.ok:
            raise OfficeError(f"{self.place.name} {method} {path}", answer.status_code, _document(answer))
        if answer.headers.get("Content-Type", "").startswith("application/json"):
            return answer.json()
        return answer.text

    def _token(self, role: str) -> str:
        if role not in self.tokens:
            account = self.account(role)
            body = {"login": account.login, "password": account.password, "name": "demo"}
            self.tokens[role] = str(self.call("POST", "/tokens", body)["token"])
        return self.tokens[role]

    def account(self, role: str) -> Account:
        """The account of a role.

        Raises:
            LookupError: the office has none.
        """
        for account in self.accounts:
            if account.role == role:
                return account
        raise LookupError(f"{self.place.name}: no {role}")

    @property
    def desk(self) -> str:
        """The role that stands at the counter: the agent in a village, else the clerk."""
        return "agent" if self.place.level == "village" else "clerk"

    # --- what the morning does -------------------------------------------------------------------------------

    def case(self, number: str) -> dict[str, Any] | None:
        """A case as this node knows it; None when it does not."""
        try:
            found: dict[str, Any] = self.call("GET", f"/cases/{number}", role=self.desk)
        except OfficeError as error:
            if error.status == 404:
                return None
            raise
        return found

    def who_may(self, number: str, wanted: Sequence[str]) -> dict[str, str]:
        """Acts on a case that the first of the staff who may do any of the wanted ones may do now, with the role."""
        for role in ("agent", "window_head", "clerk", "section", "bureau"):
            if any(account.role == role for account in self.accounts):
                acts = [str(act) for act in self.call("GET", f"/cases/{number}", role=role)["acts"]]
                if any(act in wanted for act in acts):
                    return dict.fromkeys(acts, role)
        return {}

    def well_known(self) -> dict[str, Any]:
        """What the node tells everybody about itself."""
        answer = self._session.get(f"{self.url}/.well-known/bianmin", timeout=TIMEOUT_S)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def sent_about(self, case_id: str) -> list[dict[str, Any]]:
        """Entries this node sent about a case, with the proofs of their receipts."""
        found: list[dict[str, Any]] = self.call("GET", f"/network/receipts/{case_id}", role=self.desk)[
            "items"
        ]
        return found

    def network(self) -> dict[str, Any]:
        """The operator's view of the network."""
        found: dict[str, Any] = self.call("GET", "/network", role="operator")
        return found

    def act(self, number: str, act: str, role: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One act on a case."""
        done: dict[str, Any] = self.call("POST", f"/cases/{number}/acts/{act}", body or {}, role=role)
        return done


def _document(answer: requests.Response) -> Mapping[str, Any]:
    try:
        value = answer.json()
    except ValueError:
        return {"title": answer.text[:200]}
    return value if isinstance(value, Mapping) else {"title": str(value)}
