"""The web application of a node: what each capability contributes, put on the kit, with what the container built."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from node.audit import pages as audit_pages
from node.cases import pages as cases_pages
from node.catalogue import pages as catalogue_pages
from node.container import Container, web_secret
from node.exchange import pages as exchange_pages
from node.exchange.metrics import NetworkCollector
from node.ledger.rules import FactDraft
from node.ledger.service import record
from node.people import pages as people_pages
from node.people.authority import Decision
from node.people.gate import MastheadReader, StaffGate
from node.people.rules import Actor
from node.portal import pages as portal_pages
from node.ui.application import build_web
from node.ui.health import collect_from
from node.ui.parts import Audience, WebPart, WebSettings

__all__ = ["Audience", "create_app"]


def parts_of() -> tuple[WebPart, ...]:
    """What every capability contributes, in the order of the layers."""
    return (
        exchange_pages.part,
        people_pages.part,
        catalogue_pages.part,
        cases_pages.part,
        portal_pages.part,
        audit_pages.part,
    )


def create_app(node: Container, audience: Audience = "all") -> Flask:
    """The application that answers a node's requests.

    Args:
        audience: whom this process serves: citizens and other nodes, staff, or all.
    """
    settings = node.settings
    app = build_web(
        WebSettings(
            audience=audience,
            secret_key=web_secret(settings),
            secure_cookies=settings.secure_cookies,
            demo=settings.demo_mode,
            proxies=settings.trusted_proxies,
            max_body_bytes=max(settings.attachment_bytes, node.limits.batch_bytes),
            rate_limits=settings.rate_limits,
        ),
        gate=StaffGate(node.sign_in, node.clock, _denials_recorded(node)),
        masthead=MastheadReader(node.database),
        clock=node.clock,
        database=node.database,
        parts=parts_of(),
        services=services_of(node),
    )
    collect_from(app, NetworkCollector(node.administration.overview, node.server.refusals))
    return app


def _denials_recorded(node: Container) -> Callable[[Actor, str, Decision], None]:
    """A refused act is a fact (architecture decision 8)."""

    def record_denial(actor: Actor, act: str, decision: Decision) -> None:
        draft = FactDraft(
            type="staff.act_denied",
            at=node.clock.now(),
            actor=actor.person_id,
            post=actor.post_name,
            reason=decision.reason,
            data={"act": act},
        )
        with node.database.transaction() as session:
            record(session, draft)

    return record_denial


def services_of(node: Container) -> list[object]:
    """What pages and the API reach by type (`node.ui.wiring.use`)."""
    return [
        node.settings,
        node.folder,
        node.field_keys,
        node.calendar,
        node.stores,
        node.queue,
        node.ledger,
        node.proofs,
        node.server,
        node.sign_in,
        node.passwords,
        node.cases,
        node.audit,
        node.administration,
        node.own_statement,
        node.repair,
        node.followers,
    ]
