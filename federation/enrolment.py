"""Joining: invitations, and the bodies of enrolment and rotation (federation.md §3 Joining, Rotation).

An invitation is base64url of the RFC 8785 JSON
`{"anchor","code","expires","level","name","network","parent","parent_key","parent_url","token"}`: `parent` a node name,
`parent_key` and `anchor` thumbprints, `expires` RFC 3339 UTC (72 h), `token` 43 base64url characters, of which the parent
keeps only the SHA-256.

An enrolment's body is `{"token","jwks","keys","proofs"}`, a rotation's the same without `token`; `proofs` are signatures
by the receipt and the witness key over `bianmin/1 <role> key <node name> <node key thumbprint>`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from federation import canonical
from federation.dating import parse_instant
from federation.errors import CanonicalError, ProtocolError, SignatureError, TrustError
from federation.keys import KeySet, NodeKeys, b64u, from_b64u, prove_possession, verify_possession
from federation.names import check_code, node_name, parse_node_name
from federation.routing import level_index
from federation.statements import read_key_table

INVITATION_LIFETIME = timedelta(hours=72)
_TOKEN_BYTES = 32
_THUMBPRINT_BYTES = 32
_INVITATION_LENGTH = 8192  # characters
_MEMBERS = (
    "anchor", "code", "expires", "level", "name", "network", "parent", "parent_key", "parent_url", "token",
)  # fmt: skip


class InvitationError(TrustError):
    """An invitation is damaged, expired, or does not fit itself."""

    code = "invitation"


class KnownKeyError(TrustError):
    """A key that is to be stated is known already: every node has keys of its own, and never old ones."""

    code = "key-known"


@dataclass(frozen=True, slots=True)
class JoinInvitation:
    """What an operator carries from the parent to the child.

    Attributes:
        parent_url: scheme, host and port, no path.
        network, code, level, name: of the child to be.
        anchor: thumbprint of the top's node key.
        parent: the parent's node name.
        parent_key: thumbprint of the parent's node key.
        token: spent at enrolment.
        expires: aware, UTC, whole seconds.
    """

    parent_url: str
    network: str
    anchor: str
    parent: str
    parent_key: str
    code: str
    level: str
    name: str
    token: str
    expires: datetime

    @property
    def child_name(self) -> str:
        """Node name of the child to be."""
        return node_name(self.network, self.code)


def new_token() -> str:
    """A random token: 32 bytes, 43 base64url characters."""
    return b64u(secrets.token_bytes(_TOKEN_BYTES))


def token_hash(token: str) -> str:
    """How a parent keeps a token: hex SHA-256 of its UTF-8."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_parent_url(url: str, *, allow_plain_http: bool = False) -> str:
    """Return `url` when a child may dial it: https, or http to loopback or where that is allowed; no path.

    Raises:
        InvitationError: anything else.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvitationError(f"not an address: {url!r}") from error
    if parts.scheme not in ("https", "http") or host is None or not url.isascii():
        raise InvitationError(f"not an http address: {url!r}")
    if url != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise InvitationError("the parent's address has no path, query or user")
    if parts.scheme == "http" and not allow_plain_http and not is_loopback(host):
        raise InvitationError("plain http is allowed to this machine only")
    return url


def encode_invitation(invitation: JoinInvitation) -> str:
    """The text that `bianmin invite` prints and the QR code holds."""
    members: dict[str, object] = {name: getattr(invitation, name) for name in _MEMBERS if name != "expires"}
    members["expires"] = invitation.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return b64u(canonical.dump(members))


def decode_invitation(text: str) -> JoinInvitation:
    """Read an invitation as pasted: blanks and line breaks inside it are dropped. Whether it is expired, and whether
    plain http is allowed, is judged elsewhere.

    Raises:
        InvitationError: damaged, incomplete, or its members do not fit each other.
    """
    packed = "".join(text.split())
    if len(packed) > _INVITATION_LENGTH:
        raise InvitationError("too long for an invitation")
    try:
        value = canonical.load(from_b64u(packed))
    except (TrustError, CanonicalError) as error:
        raise InvitationError("it is cut off or was changed on the way") from error
    if not isinstance(value, dict):
        raise InvitationError("not an invitation")
    found = {name: value.get(name) for name in _MEMBERS}
    texts = {name: entry for name, entry in found.items() if isinstance(entry, str)}
    if len(texts) != len(_MEMBERS):
        raise InvitationError("not a complete invitation")
    try:
        expires = parse_instant(texts.pop("expires"))
        invitation = JoinInvitation(**texts, expires=expires)
        _check_members(invitation)
    except InvitationError:
        raise
    except TrustError as error:
        raise InvitationError(error.detail) from error
    return invitation


def _check_members(invitation: JoinInvitation) -> None:
    check_parent_url(invitation.parent_url, allow_plain_http=True)
    level_index(invitation.level)
    check_code(invitation.code)
    network, code = parse_node_name(invitation.parent)
    if network != invitation.network or code == invitation.code:
        raise InvitationError("parent and child do not fit each other")
    for thumb in (invitation.anchor, invitation.parent_key):
        if len(from_b64u(thumb)) != _THUMBPRINT_BYTES:
            raise InvitationError("anchor and parent_key are thumbprints")


def check_not_expired(invitation: JoinInvitation, now: datetime) -> None:
    """Refuse an invitation whose time is over.

    Raises:
        InvitationError: code `invitation-expired`.
    """
    if now >= invitation.expires:
        raise InvitationError("the invitation is over 72 hours old", code="invitation-expired")


# --- bodies --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """The body of a rotation: the keys to be stated, and the proofs that the node holds them."""

    keys: KeySet
    proofs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EnrolmentRequest(KeyRequest):
    """The body of an enrolment."""

    token: str


def _key_members(keys: NodeKeys, name: str) -> dict[str, object]:
    public = keys.public
    return {"jwks": public.jwks, "keys": dict(public.kids), "proofs": prove_possession(keys, name)}


def build_enrolment(invitation: JoinInvitation, keys: NodeKeys) -> bytes:
    """The body of `POST /federation/v1/enrolment`."""
    members = _key_members(keys, invitation.child_name)
    return canonical.dump({**members, "token": invitation.token})


def build_rotation(keys: NodeKeys, name: str) -> bytes:
    """The body of a rotation: the node `name` asks for these keys to be stated."""
    return canonical.dump(_key_members(keys, name))


def _malformed(detail: str) -> ProtocolError:
    return ProtocolError("malformed", 400, detail)


def _read_members(body: bytes) -> tuple[dict[str, object], KeySet, dict[str, str]]:
    try:
        value = canonical.load(body)
        if not isinstance(value, dict):
            raise _malformed("the body must be an object")
        keys, _ = read_key_table(value.get("jwks"), value.get("keys"))
    except (CanonicalError, TrustError) as error:
        raise _malformed(error.detail) from error
    proofs = value.get("proofs")
    if not isinstance(proofs, dict) or set(proofs) != {"receipt", "witness"}:
        raise _malformed("proofs must hold receipt and witness")
    texts = {role: proof for role, proof in proofs.items() if isinstance(proof, str)}
    if len(texts) != len(proofs):
        raise _malformed("a proof must be text")
    return value, keys, texts


def parse_enrolment(body: bytes) -> EnrolmentRequest:
    """Read the body of an enrolment; signatures are not looked at.

    Raises:
        ProtocolError: `malformed`.
    """
    value, keys, proofs = _read_members(body)
    token = value.get("token")
    if not isinstance(token, str) or not token.isascii():
        raise _malformed("token must be text")
    return EnrolmentRequest(keys, proofs, token)


def parse_rotation(body: bytes) -> KeyRequest:
    """Read the body of a rotation; signatures are not looked at.

    Raises:
        ProtocolError: `malformed`.
    """
    _, keys, proofs = _read_members(body)
    return KeyRequest(keys, proofs)


def check_proofs(request: KeyRequest, name: str) -> None:
    """Check that the sender holds the receipt and the witness key it wants stated for the node `name`.

    Raises:
        ProtocolError: `signature`.
    """
    try:
        verify_possession(request.keys, name, request.proofs)
    except SignatureError as error:
        raise ProtocolError("signature", 401, error.detail) from error


def check_new_keys(keys: KeySet, is_known: Callable[[str], bool], stated: KeySet | None = None) -> None:
    """Refuse keys the parent has known before; a role whose stated key does not change is no matter.

    Args:
        keys: the keys to be stated.
        is_known: whether a thumbprint was ever known, of any node, revoked and replaced ones too.
        stated: the keys stated now; None at an enrolment.

    Raises:
        KnownKeyError: names the role and the thumbprint.
    """
    for role, key in keys.items():
        unchanged = stated is not None and stated.get(role) == key
        if not unchanged and is_known(key.kid):
            raise KnownKeyError(f"the {role} key {key.kid} was used before")
