"""The four keys of a node, their public form, and what a node is to its own program (federation.md §2).

    key       curve     does                                               note key name       type
    node      Ed25519   signs requests, statements, its logs' checkpoints  the log's origin    0x01
    receipt   Ed25519   receipts: "I durably hold these entries"           <node name>/receipt 0x04
    witness   Ed25519   cosigns ledgers whose contents it does not hold    <node name>/witness 0x04
    seal      X25519    opens what is sealed to the node                   –

A public key travels as a JWK `{"crv","kid","kty":"OKP","use","x"}`; `kid` is its RFC 7638 thumbprint: base64url
of SHA-256 over `{"crv":"…","kty":"OKP","x":"…"}`. Worked example (RFC 8037 A.2, A.3): `x`
`11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo` has the thumbprint `kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k`.

Points of small order and non-canonical encodings are refused wherever a public key is read: with such a key a
signature holds for any message, and its owner could deny what it sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from federation.errors import SignatureError, TrustError
from federation.names import (
    Origin,
    OriginKind,
    check_code,
    check_network,
    node_name,
    origin_down,
    origin_ledger,
    origin_up,
    parse_node_name,
    parse_origin,
)
from federation.suite import SUITE

__all__ = [
    "ROLES",
    "Identity",
    "KeySet",
    "NodeKeys",
    "Origin",
    "OriginKind",
    "PublicKey",
    "b64u",
    "from_b64u",
    "jwk",
    "node_name",
    "origin_down",
    "origin_ledger",
    "origin_up",
    "parse_node_name",
    "parse_origin",
    "possession_message",
    "prove_possession",
    "public_from_jwk",
    "raw_public",
    "thumbprint",
    "verify_possession",
]

Role = Literal["node", "receipt", "witness", "seal"]
ROLES: tuple[Role, ...] = ("node", "receipt", "witness", "seal")
PROVEN_ROLES: tuple[Literal["receipt", "witness"], ...] = ("receipt", "witness")

Curve = Literal["Ed25519", "X25519"]
PrivateKey = Ed25519PrivateKey | X25519PrivateKey

_FIELD_PRIME = 2**255 - 19
# The y (Ed25519) and u (X25519) coordinates of the points of order 1, 2, 4 and 8: RFC 7748 §6.1, RFC 8032.
_ORDER_8_Y = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_Y = frozenset({0, 1, _FIELD_PRIME - 1, _ORDER_8_Y, _FIELD_PRIME - _ORDER_8_Y})
_ORDER_8_U = (
    int.from_bytes(
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"), "little"
    ),
)
_SMALL_U = frozenset({0, 1, _FIELD_PRIME - 1, *_ORDER_8_U})


class KeyFormError(TrustError):
    """A key is malformed, of the wrong curve, weak, or not what its `kid` says."""

    code = "key"


def b64u(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64u(text: str) -> bytes:
    """Decode base64url without padding, in its one spelling.

    Raises:
        KeyFormError: padding, foreign characters, or stray bits in the last character.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyFormError("not base64url") from error
    if b64u(data) != text:
        raise KeyFormError("not base64url in canonical form")
    return data


def thumbprint(key: Mapping[str, object]) -> str:
    """RFC 7638 thumbprint of an OKP JWK (RFC 8037 §2): SHA-256, base64url. Other members are ignored."""
    text = f'{{"crv":"{key["crv"]}","kty":"OKP","x":"{key["x"]}"}}'
    return b64u(SUITE.digest(text.encode("utf-8")))


def _check_strength(curve: Curve, raw: bytes) -> None:
    number = int.from_bytes(raw, "little")
    coordinate = number & ((1 << 255) - 1) if curve == "Ed25519" else number
    weak = _SMALL_Y if curve == "Ed25519" else _SMALL_U
    if coordinate >= _FIELD_PRIME or coordinate in weak:
        raise KeyFormError("a key of small order or in a second spelling")


@dataclass(frozen=True)
class PublicKey:
    """A public key; the same bytes give the same object (`public_key`), so loaded keys stay loaded.

    Attributes:
        curve: `Ed25519` (signatures) or `X25519` (sealing).
        raw: 32 bytes.
    """

    curve: Curve
    raw: bytes

    @cached_property
    def kid(self) -> str:
        """RFC 7638 thumbprint."""
        return thumbprint({"crv": self.curve, "x": b64u(self.raw)})

    @property
    def use(self) -> Literal["sig", "enc"]:
        """`sig` for Ed25519, `enc` for X25519."""
        return "sig" if self.curve == "Ed25519" else "enc"

    @property
    def jwk(self) -> dict[str, str]:
        """A fresh JWK with `kid` and `use`."""
        return {"crv": self.curve, "kid": self.kid, "kty": "OKP", "use": self.use, "x": b64u(self.raw)}

    @cached_property
    def exchange_key(self) -> X25519PublicKey:
        """The loaded X25519 key."""
        return X25519PublicKey.from_public_bytes(self.raw)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check an Ed25519 signature.

        Raises:
            SignatureError: it does not hold, or the key is none that signs.
        """
        if self.curve != "Ed25519" or not SUITE.verify(self.raw, signature, message):
            raise SignatureError(f"the signature does not hold under {self.kid}")


@lru_cache(maxsize=8192)
def public_key(curve: Curve, raw: bytes) -> PublicKey:
    """The (shared) public key of 32 raw bytes.

    Raises:
        KeyFormError: wrong length, small order, or a non-canonical encoding.
    """
    if len(raw) != SUITE.public_bytes:
        raise KeyFormError(f"a public key has 32 bytes, not {len(raw)}")
    _check_strength(curve, raw)
    return PublicKey(curve, raw)


def raw_public(key: PrivateKey) -> bytes:
    """The 32 raw bytes of a private key's public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_of(key: PrivateKey) -> PublicKey:
    """The public half of a private key."""
    return public_key("Ed25519" if isinstance(key, Ed25519PrivateKey) else "X25519", raw_public(key))


def jwk(key: PublicKey | PrivateKey) -> dict[str, str]:
    """The JWK of a key, public half only, with `kid` and `use`."""
    return (key if isinstance(key, PublicKey) else public_of(key)).jwk


def public_from_jwk(value: object) -> PublicKey:
    """Read a public JWK strictly.

    `kid`, where present, must be the thumbprint and `use` must fit the curve; other
    members are ignored.

    Raises:
        KeyFormError: not an OKP key of a known curve, a private one, weak, or misnamed.
    """
    if not isinstance(value, Mapping):
        raise KeyFormError("a JWK is an object")
    if "d" in value:
        raise KeyFormError("a private key has no place here")
    curve, x = value.get("crv"), value.get("x")
    if value.get("kty") != "OKP" or not isinstance(x, str):
        raise KeyFormError("not an OKP key")
    if curve != "Ed25519" and curve != "X25519":
        raise KeyFormError(f"no such curve: {curve!r}")
    key = public_key("Ed25519" if curve == "Ed25519" else "X25519", from_b64u(x))
    if value.get("kid", key.kid) != key.kid:
        raise KeyFormError("kid is not the thumbprint")
    if value.get("use", key.use) != key.use:
        raise KeyFormError(f"use must be {key.use}")
    return key


@dataclass(frozen=True)
class KeySet:
    """The public halves of a node's four keys, all different."""

    node: PublicKey
    receipt: PublicKey
    witness: PublicKey
    seal: PublicKey

    def __post_init__(self) -> None:
        for role, key in self.items():
            if key.curve != ("X25519" if role == "seal" else "Ed25519"):
                raise KeyFormError(f"the {role} key is of the wrong curve")
        if len(set(self.kids.values())) != len(ROLES):
            raise KeyFormError("the four keys must all be different")

    def items(self) -> Iterator[tuple[Role, PublicKey]]:
        """(role, key) in the order node, receipt, witness, seal."""
        yield "node", self.node
        yield "receipt", self.receipt
        yield "witness", self.witness
        yield "seal", self.seal

    def get(self, role: Role) -> PublicKey:
        """The key of a role."""
        return dict(self.items())[role]

    @property
    def kids(self) -> dict[Role, str]:
        """Thumbprint by role: the `keys` of a statement or an enrolment."""
        return {role: key.kid for role, key in self.items()}

    @property
    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """`{"keys":[…]}` with the four JWKs."""
        return {"keys": [key.jwk for _, key in self.items()]}


@dataclass(frozen=True)
class NodeKeys:
    """The four private keys. Kept in files by `federation.keyfiles`; never in a database or a backup."""

    node: Ed25519PrivateKey
    receipt: Ed25519PrivateKey
    witness: Ed25519PrivateKey
    seal: X25519PrivateKey

    @classmethod
    def generate(cls) -> NodeKeys:
        """Four new keys from the system's randomness."""
        ed = Ed25519PrivateKey.generate
        return cls(ed(), ed(), ed(), X25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> NodeKeys:
        """Four keys derived from a seed: for test vectors only.

        Key of a role = SHA-256(seed ‖ role name in ASCII), read as an RFC 8032 or RFC 7748 private key.
        """
        raw = {role: hashlib.sha256(seed + role.encode("ascii")).digest() for role in ROLES}
        ed = Ed25519PrivateKey.from_private_bytes
        seal = X25519PrivateKey.from_private_bytes(raw["seal"])
        return cls(ed(raw["node"]), ed(raw["receipt"]), ed(raw["witness"]), seal)

    @cached_property
    def public(self) -> KeySet:
        """The public halves.

        Raises:
            KeyFormError: two of the four are the same.
        """
        return KeySet(*(public_of(key) for key in (self.node, self.receipt, self.witness, self.seal)))

    def get(self, role: Role) -> PrivateKey:
        """The private key of a role."""
        keys: dict[Role, PrivateKey] = {
            "node": self.node,
            "receipt": self.receipt,
            "witness": self.witness,
            "seal": self.seal,
        }
        return keys[role]


@dataclass(frozen=True)
class Identity:
    """What one node is to its own program.

    Attributes:
        network: e.g. `nantong.example`.
        code: twelve digits.
        level: one of `federation.routing.LEVELS`.
        keys: the four private keys in use.
        parent_code: None at the top.
        old_seal_keys: seal keys no longer stated, kept while anything sealed to them lives.
    """

    network: str
    code: str
    level: str
    keys: NodeKeys
    parent_code: str | None = None
    old_seal_keys: tuple[X25519PrivateKey, ...] = field(default=())

    def __post_init__(self) -> None:
        check_network(self.network)
        check_code(self.code)

    @property
    def name(self) -> str:
        """Node name, `<network>/<code>`."""
        return f"{self.network}/{self.code}"

    @property
    def receipt_name(self) -> str:
        """Name of the receipt key in notes."""
        return f"{self.name}/receipt"

    @property
    def witness_name(self) -> str:
        """Name of the witness key in notes."""
        return f"{self.name}/witness"

    @property
    def parent_name(self) -> str | None:
        """The parent's node name; None at the top."""
        return None if self.parent_code is None else f"{self.network}/{self.parent_code}"

    @property
    def kid(self) -> str:
        """Thumbprint of the node key."""
        return self.keys.public.node.kid

    @cached_property
    def seal_keys(self) -> dict[str, X25519PrivateKey]:
        """Every seal key that is still held, by thumbprint; the one in use among them."""
        return {public_of(key).kid: key for key in (*self.old_seal_keys, self.keys.seal)}


def possession_message(role: str, name: str, node_kid: str) -> bytes:
    """What a receipt or witness key signs to prove that the enrolling node holds it (§3 Joining).

    `bianmin/1 <receipt|witness> key <node name> <node key thumbprint>`, ASCII, no newline.
    """
    return f"bianmin/1 {role} key {name} {node_kid}".encode("ascii")


def prove_possession(keys: NodeKeys, name: str) -> dict[str, str]:
    """`proofs` of an enrolment or a rotation: `{"receipt","witness"}`, signatures in base64url."""
    kid = keys.public.node.kid
    return {
        "receipt": b64u(SUITE.sign(keys.receipt, possession_message("receipt", name, kid))),
        "witness": b64u(SUITE.sign(keys.witness, possession_message("witness", name, kid))),
    }


def verify_possession(public: KeySet, name: str, proofs: Mapping[str, str]) -> None:
    """Check both proofs of possession.

    Raises:
        SignatureError: one is missing or does not hold.
    """
    for role in PROVEN_ROLES:
        try:
            signature = from_b64u(proofs.get(role, ""))
        except KeyFormError as error:
            raise SignatureError(f"the proof of the {role} key is not base64url") from error
        public.get(role).verify(signature, possession_message(role, name, public.node.kid))
