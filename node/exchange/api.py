"""The operator's calls under `/api/v1/network`: the same as the network page and the command line."""

from __future__ import annotations

from typing import Any, Literal

from node.exchange.administration import Administration, Operator
from node.exchange.identity import NodeFolder
from node.exchange.overview import Overview
from node.exchange.public_keys import keys_document
from node.exchange.receipts import sent_about
from node.exchange.repair import Repair
from node.exchange.schemas import (
    NetworkCheckedSchema,
    NetworkCloseAlertSchema,
    NetworkConfirmSchema,
    NetworkDoneSchema,
    NetworkInvitedSchema,
    NetworkInviteSchema,
    NetworkKeysSchema,
    NetworkParentSchema,
    NetworkReleaseSchema,
    NetworkRevokeSchema,
    NetworkSchema,
    NetworkSentListSchema,
)
from node.exchange.stores import SqlDatabase
from node.ui import access
from node.ui.access import viewer
from node.ui.openapi import ApiBlueprint
from node.ui.wiring import use

ACT = "network"
DONE = {"done": True}
api = ApiBlueprint(
    "network_api",
    __name__,
    description="网络:邻居、邀请、告警 / The network: neighbours, invitations, alerts",
)


def _operator() -> Operator:
    person = viewer()
    return Operator() if person is None else Operator(person.person_id, person.post_name)


@api.get("/network", NetworkSchema)
@access.api(ACT)
def overview() -> Overview:
    """邻居、队列、链路、账本、告警 / Neighbours, queues, links, ledger, alerts."""
    return use(Administration).overview()


@api.get("/network/keys", NetworkKeysSchema)
@access.api(ACT)
def public_keys() -> dict[str, Any]:
    """本节点公钥 / This node's public keys."""
    return keys_document(use(NodeFolder).identity())


@api.get("/network/receipts/<subject>", NetworkSentListSchema)
@access.api(ACT, "desk")
def receipts(subject: str) -> dict[str, Any]:
    """本节点就一件事发出的条目及回执证明 / What this node sent about a matter, with proofs of receipt."""
    with use(SqlDatabase).transaction() as tx:
        return {"items": [sent.plain() for sent in sent_about(tx, subject)]}


@api.get("/network/check", NetworkCheckedSchema)
@access.api(ACT)
def check() -> Any:
    """由条目重算每个日志 / Recompute every log from its entries."""
    return use(Repair).check()


@api.post("/network/invitations", NetworkInvitedSchema, body=NetworkInviteSchema, status=200)
@access.api(ACT)
def invite(body: dict[str, Any]) -> dict[str, Any]:
    """邀请下级;邀请码只显示这一次 / Invite a child; what to hand over is shown this once."""
    made = use(Administration).invite(
        body["code"], body["level"], body["name"], replace_keys=body["replace"], by=_operator()
    )
    return {
        "invitation": made.text,
        "code": made.invitation.code,
        "expires": made.invitation.expires,
        "parent_key": made.invitation.parent_key,
    }


@api.post("/network/confirmations", NetworkDoneSchema, body=NetworkConfirmSchema, status=200)
@access.api(ACT)
def confirm(body: dict[str, Any]) -> dict[str, bool]:
    """确认下级更换密钥 / Confirm a child's new keys."""
    use(Administration).confirm(body["code"], body["thumbprint"], by=_operator())
    return DONE


@api.post("/network/revocations", NetworkDoneSchema, body=NetworkRevokeSchema, status=200)
@access.api(ACT)
def revoke(body: dict[str, Any]) -> dict[str, bool]:
    """撤销下级的密钥 / Revoke a child's keys."""
    use(Administration).revoke(body["code"], body["reason"], by=_operator())
    return DONE


@api.post("/network/parent", NetworkDoneSchema, body=NetworkParentSchema, status=200)
@access.api(ACT)
def set_parent(body: dict[str, Any]) -> dict[str, bool]:
    """更改上级地址 / Change the parent's address."""
    use(Administration).set_parent_url(body["url"], by=_operator())
    return DONE


@api.post("/network/releases", NetworkDoneSchema, body=NetworkReleaseSchema, status=200)
@access.api(ACT)
def release(body: dict[str, Any]) -> dict[str, bool]:
    """放行被搁置的条目 / Release a set-aside entry."""
    how: Literal["retry", "skip"] = "skip" if body["how"] == "skip" else "retry"
    use(Administration).release(body["origin"], body["index"], how, body["reason"], by=_operator())
    return DONE


@api.post("/network/alerts/closed", NetworkDoneSchema, body=NetworkCloseAlertSchema, status=200)
@access.api(ACT)
def close_alert(body: dict[str, Any]) -> dict[str, bool]:
    """关闭告警 / Close an alert."""
    return {"done": use(Administration).close_alert(body["id"], body["reason"], by=_operator())}
