"""Signed requests: one fixed profile of RFC 9421 and RFC 9530 (federation.md §4).

Every request carries one signature labelled `bianmin`. It covers exactly, in any order and without parameters:
`@method` `@path` `@query` `bianmin-audience`; with a body also `content-digest` `content-type`, and
`content-encoding` where sent; and each of `tlog-start` `tlog-checkpoint` `upload-offset` `upload-length` that is
sent. Its parameters are exactly `created`, `expires` (at most 300 s later), `nonce` (22 base64url characters),
`keyid` (the node key's thumbprint), `alg="ed25519"` and `tag="bianmin/1"`. The set is worked out from the request;
the sender's list is compared with it and never trusted. A rotation carries a second signature, `bianmin-new`, by
the new node key, over the same components with its own nonce; other labels are ignored.

The signature base of a request without a body (`keyid` cut short):

    "@method": GET
    "@path": /federation/v1/nodes/320623101001/state
    "@query": ?
    "bianmin-audience": nantong.example/320623101000
    "@signature-params": ("@method" "@path" "@query" "bianmin-audience");created=1795500000;expires=1795500300
        ;nonce="AAAAAAAAAAAAAAAAAAAAAA";keyid="kPrK_…";alg="ed25519";tag="bianmin/1"      (one line)

Order of checking, for an endpoint: `read_head` (before the body is read), the key by `head.keyid`,
`declared_length` against the limit, the body, `check_digest`, `check_signature`, `check_freshness`, the nonce
(POST and PATCH, kept until `nonce_until`), revoked, expired, `check_audience`, the path. `verify_request` does all
that needs no store. Every refusal is a ProtocolError with the §4 name and status.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation.errors import SignatureError
from federation.keys import PublicKey, b64u, public_of
from federation.ports import Limits, Request
from federation.sigbase import (
    SINGLE_FIELDS,
    check_digest,
    check_target,
    content_digest,
    covered_components,
    declared_length,
    refuse,
    signature_base,
    single_value,
)
from federation.structured import (
    FieldSyntaxError,
    InnerList,
    Item,
    format_bare,
    format_inner_list,
    parse_dictionary,
)
from federation.suite import SUITE

__all__ = [
    "LABEL",
    "LABEL_NEW",
    "LabelledSignature",
    "SignedHead",
    "VerifiedRequest",
    "check_audience",
    "check_digest",
    "check_freshness",
    "check_signature",
    "content_digest",
    "covered_components",
    "declared_length",
    "new_nonce",
    "nonce_until",
    "read_head",
    "sign_request",
    "signature_base",
    "verify_request",
]

LABEL = "bianmin"
LABEL_NEW = "bianmin-new"
TAG = "bianmin/1"
AUDIENCE_FIELD = "Bianmin-Audience"

_PARAMS = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})
_NONCE = re.compile(r"[A-Za-z0-9_-]{22}")
_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class LabelledSignature:
    """One signature of a request as it was sent; nothing of it is verified yet."""

    label: str
    inputs: InnerList
    signature: bytes

    @property
    def keyid(self) -> str:
        """The thumbprint it claims to be made by."""
        return str(self.inputs.params["keyid"])

    def number(self, name: str) -> int:
        """An integer parameter (`created`, `expires`), once `check_signature` has held."""
        value = self.inputs.params[name]
        if not isinstance(value, int):
            raise refuse("signature", f"{name} is not an integer")
        return value


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The signature fields of a request, read before its body.

    Attributes:
        audience: the field as sent.
        main: the signature labelled `bianmin`.
        new: the one labelled `bianmin-new`, or None.
    """

    audience: str
    main: LabelledSignature
    new: LabelledSignature | None

    @property
    def keyid(self) -> str:
        """`keyid` of the `bianmin` signature: unverified, good for looking a key up."""
        return self.main.keyid


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """What a request proved: it was made by the holder of `keyid`, for `audience`, in this time.

    Attributes:
        created, expires: whole seconds, UTC, by the sender's clock.
        has_body: whether content was sent (and its digest held).
    """

    keyid: str
    nonce: str
    created: datetime
    expires: datetime
    audience: str
    has_body: bool


def new_nonce() -> str:
    """A random nonce, 22 base64url characters."""
    return b64u(secrets.token_bytes(_NONCE_BYTES))


def nonce_until(verified: VerifiedRequest, limits: Limits) -> datetime:
    """Until when the nonce of a POST or PATCH is kept: `expires` + 60 s."""
    return verified.expires + timedelta(seconds=limits.nonce_grace_s)


# --- signing -------------------------------------------------------------------------------------------------


def _with_fields(request: Request, audience: str) -> Request:
    """The request with audience, digest and length, and without older signatures."""
    ours = {"signature", "signature-input", "bianmin-audience", "content-digest", "content-length"}
    kept = tuple(pair for pair in request.headers if pair[0].lower() not in ours)
    added = [(AUDIENCE_FIELD, audience)]
    if len(request.body) > 0:
        added += [
            ("Content-Digest", content_digest(request.body)),
            ("Content-Length", str(len(request.body))),
        ]
    return replace(request, headers=(*kept, *added))


def sign_request(
    request: Request,
    key: Ed25519PrivateKey,
    keyid: str,
    audience: str,
    now: datetime,
    *,
    nonce: str | None = None,
    new_key: Ed25519PrivateKey | None = None,
    new_nonce_text: str | None = None,
    lifetime_s: int = 300,
) -> Request:
    """Return the request with `Bianmin-Audience`, `Content-Digest`, `Content-Length` and its signature.

    Fields of those names that it already carries are replaced: a request is signed anew at every sending.

    Args:
        request: as it will be sent (content already packed, Content-Type set where there is content).
        key: the node key.
        keyid: its thumbprint.
        audience: the addressee's node name.
        now: the signing time, by the corrected clock; whole seconds are used.
        nonce: 22 base64url characters; random when None.
        new_key: for a rotation: the new node key, which signs under `bianmin-new`.
        new_nonce_text: the nonce of that second signature; random when None.
        lifetime_s: seconds from `created` to `expires`, at most 300.

    Raises:
        ProtocolError: the request cannot be signed (no Content-Type, a field twice, a path with escapes).
    """
    sent = _with_fields(request, audience)
    check_target(sent)
    components = tuple(Item(name) for name in covered_components(sent))
    created = int(now.timestamp())
    signers = [(LABEL, key, keyid, nonce or new_nonce())]
    if new_key is not None:
        signers.append((LABEL_NEW, new_key, public_of(new_key).kid, new_nonce_text or new_nonce()))
    inputs_text, signatures = [], []
    for label, private, kid, fresh in signers:
        inputs = InnerList(
            components,
            {
                "created": created,
                "expires": created + lifetime_s,
                "nonce": fresh,
                "keyid": kid,
                "alg": SUITE.httpsig_alg,
                "tag": TAG,
            },
        )
        inputs_text.append(f"{label}={format_inner_list(inputs)}")
        signatures.append(f"{label}={format_bare(SUITE.sign(private, signature_base(sent, inputs)))}")
    fields = (("Signature-Input", ", ".join(inputs_text)), ("Signature", ", ".join(signatures)))
    return replace(sent, headers=(*sent.headers, *fields))


# --- verifying, step by step ---------------------------------------------------------------------------------


def _labelled(
    label: str, inputs: Mapping[str, Item | InnerList], signatures: Mapping[str, Item | InnerList]
) -> LabelledSignature | None:
    entry, signature = inputs.get(label), signatures.get(label)
    if entry is None and signature is None:
        return None
    if not isinstance(entry, InnerList) or not isinstance(signature, Item):
        raise refuse("malformed", f"the signature {label} is not complete")
    if not isinstance(signature.value, bytes):
        raise refuse("malformed", f"the signature {label} is not a byte sequence")
    if type(entry.params.get("keyid")) is not str:
        raise refuse("malformed", f"the signature {label} has no keyid")
    return LabelledSignature(label, entry, signature.value)


def read_head(request: Request) -> SignedHead:
    """Read the signature fields; the body is not looked at.

    Raises:
        ProtocolError: `malformed`: a named field is missing, misformed or occurs twice, or the target is not
            plain ASCII.
    """
    check_target(request)
    fields = {name: single_value(request, name) for name in SINGLE_FIELDS}
    audience, inputs, signature = (fields[n] for n in ("bianmin-audience", "signature-input", "signature"))
    if audience is None or inputs is None or signature is None:
        raise refuse("malformed", "Bianmin-Audience, Signature-Input and Signature are needed")
    return SignedHead(audience, *_read_signatures(inputs, signature))


@lru_cache(maxsize=16)
def _read_signatures(inputs: str, signature: str) -> tuple[LabelledSignature, LabelledSignature | None]:
    """Both signatures; remembered for a moment, since a request is read before its body and again with it."""
    try:
        all_inputs, all_signatures = parse_dictionary(inputs), parse_dictionary(signature)
    except FieldSyntaxError as error:
        raise refuse("malformed", f"signature fields: {error.detail}") from error
    main = _labelled(LABEL, all_inputs, all_signatures)
    if main is None:
        raise refuse("malformed", f"there is no signature labelled {LABEL}")
    return main, _labelled(LABEL_NEW, all_inputs, all_signatures)


def _check_profile(request: Request, signature: LabelledSignature, limits: Limits) -> tuple[int, int]:
    """Hold the sender's component list and parameters against the profile; returns (created, expires)."""
    items, params = signature.inputs.items, signature.inputs.params
    names = [item.value for item in items if type(item.value) is str and len(item.params) == 0]
    if len(names) != len(items) or sorted(names) != sorted(covered_components(request)):
        raise refuse("signature", "not the components that must be covered")
    created, expires, nonce = params.get("created"), params.get("expires"), params.get("nonce")
    if set(params) != _PARAMS or type(created) is not int or type(expires) is not int:
        raise refuse("signature", "not the parameters of the profile")
    if type(params["alg"]) is not str or params["alg"] != SUITE.httpsig_alg:
        raise refuse("signature", "alg must be ed25519")
    if type(params["tag"]) is not str or params["tag"] != TAG:
        raise refuse("signature", f"tag must be {TAG}")
    if type(nonce) is not str or _NONCE.fullmatch(nonce) is None:
        raise refuse("signature", "nonce must be 22 base64url characters")
    if not 0 <= expires - created <= limits.expires_after_s:
        raise refuse("signature", "expires must be within 300 s after created")
    return created, expires


def check_signature(
    head: SignedHead, request: Request, key: PublicKey, limits: Limits, *, label: str = LABEL
) -> VerifiedRequest:
    """Verify one signature of a request whose digest held.

    Args:
        head: from `read_head` of the same request.
        request: with its whole body.
        key: the key that `keyid` names; for `bianmin-new`, the new node key out of the body.
        limits: this node's.
        label: `bianmin` or `bianmin-new`.

    Raises:
        ProtocolError: `signature` when the profile is not met, the keyid is another key's, or the signature does
            not hold; `malformed`/`digest` when a field that must be covered is missing.
    """
    signature = head.main if label == LABEL else head.new
    if signature is None:
        raise refuse("signature", f"there is no signature labelled {label}")
    created, expires = _check_profile(request, signature, limits)
    if signature.keyid != key.kid:
        raise refuse("signature", "keyid names another key")
    try:
        key.verify(signature.signature, signature_base(request, signature.inputs))
        times = datetime.fromtimestamp(created, UTC), datetime.fromtimestamp(expires, UTC)
    except (SignatureError, OverflowError, ValueError, OSError) as error:
        raise refuse("signature", "the signature does not hold") from error
    nonce = str(signature.inputs.params["nonce"])
    return VerifiedRequest(key.kid, nonce, *times, head.audience, len(request.body) > 0)


def check_freshness(verified: VerifiedRequest, now: datetime, limits: Limits) -> None:
    """Hold a verified request against this node's clock.

    Raises:
        ProtocolError: `skew`, with `server_time` and `delta_s` (whole seconds, now − created), when `created` is
            over 60 s ahead or over 300 s behind, or `expires` is past.
    """
    server_s = int(now.timestamp())
    delta_s = server_s - int(verified.created.timestamp())
    fresh = -limits.clock_ahead_s <= delta_s <= limits.clock_behind_s
    if fresh and server_s <= int(verified.expires.timestamp()):
        return
    server_time = datetime.fromtimestamp(server_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    members = {"server_time": server_time, "delta_s": delta_s}
    raise refuse("skew", f"made {delta_s} s before this node's time", members)


def check_audience(verified: VerifiedRequest, name: str) -> None:
    """Refuse a request made for another node.

    Raises:
        ProtocolError: `audience`.
    """
    if verified.audience != name:
        raise refuse("audience", "made for another node")


def verify_request(
    request: Request,
    lookup_key: Callable[[str], PublicKey | None],
    now: datetime,
    limits: Limits,
    *,
    audience: str | None = None,
) -> VerifiedRequest:
    """All checks that need no store, in the order of §4: key, digest, signature, freshness, audience.

    Args:
        request: complete.
        lookup_key: the key of a thumbprint; None when it was never known (a revoked one is known).
        now: this node's clock.
        limits: this node's.
        audience: this node's name; None leaves the audience to the caller.

    Raises:
        ProtocolError: the first check that fails.
    """
    head = read_head(request)
    key = lookup_key(head.keyid)
    if key is None:
        raise refuse("unknown-key", "no node here has that key")
    check_digest(request)
    verified = check_signature(head, request, key, limits)
    check_freshness(verified, now, limits)
    if audience is not None:
        check_audience(verified, audience)
    return verified
