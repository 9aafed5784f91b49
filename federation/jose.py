"""Compact JOSE objects, read strictly before joserfc sees them.

joserfc does the cryptography; this module holds what the contract adds: segments in canonical base64url, headers
that are strict JSON with exactly the members named, one algorithm, and only JoseErrors of our own outside.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from federation import canonical
from federation.errors import CanonicalError, SignatureError, TrustError
from federation.keys import PublicKey, from_b64u, public_of
from federation.suite import SUITE, load_verifier

_ALGORITHMS: Final = [SUITE.jose_alg]


class CompactFormError(TrustError):
    """A compact JWS or JWE is not of the exact form this contract uses."""

    code = "compact-form"


def split_compact(text: str, parts: int) -> list[bytes]:
    """Decode the segments of a compact serialisation.

    Args:
        text: e.g. `header.payload.signature`.
        parts: how many segments it must have (3 for a JWS, 5 for a JWE).

    Raises:
        CompactFormError: another number of segments, or one not in canonical base64url.
    """
    segments = text.split(".")
    if len(segments) != parts:
        raise CompactFormError(f"a compact serialisation of {parts} segments is expected")
    try:
        return [from_b64u(segment) for segment in segments]
    except TrustError as error:
        raise CompactFormError("a segment is not canonical base64url") from error


def load_object(data: bytes, what: str) -> dict[str, object]:
    """Strict JSON that must be an object.

    Raises:
        CompactFormError: it is not; `what` names it in the message.
    """
    try:
        value = canonical.load(data)
    except CanonicalError as error:
        raise CompactFormError(f"the {what} is not strict JSON: {error.detail}") from error
    if not isinstance(value, dict):
        raise CompactFormError(f"the {what} is not an object")
    return value


@lru_cache(maxsize=4096)
def verification_key(key: PublicKey) -> OKPKey:
    """The joserfc form of a signing key, kept loaded."""
    return OKPKey.import_key(load_verifier(key.raw))


def sign_jws(header_typ: str, payload: bytes, private: Ed25519PrivateKey) -> str:
    """Sign a payload: compact JWS with the header exactly `alg`, `kid`, `typ`."""
    header = {"alg": SUITE.jose_alg, "kid": public_of(private).kid, "typ": header_typ}
    return jws.serialize_compact(header, payload, OKPKey.import_key(private), algorithms=_ALGORITHMS)


def read_jws(text: str, header_typ: str) -> tuple[str, dict[str, object]]:
    """Read a compact JWS without verifying it: (kid, payload object).

    Raises:
        CompactFormError: the header is not exactly `alg` (`Ed25519`; `EdDSA` is refused), `kid`, `typ`, or the
            payload is no strict JSON object.
    """
    header_bytes, payload_bytes, _ = split_compact(text, 3)
    header = load_object(header_bytes, "header")
    kid = header.get("kid")
    if set(header) != {"alg", "kid", "typ"} or not isinstance(kid, str):
        raise CompactFormError("the header must be exactly alg, typ, kid")
    if header["alg"] != SUITE.jose_alg or header["typ"] != header_typ:
        raise CompactFormError(f"the header must say {SUITE.jose_alg} and {header_typ}")
    return kid, load_object(payload_bytes, "payload")


@lru_cache(maxsize=4096)
def _holds(text: str, key: PublicKey) -> bool:
    try:
        jws.deserialize_compact(text, verification_key(key), algorithms=_ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return True


def verify_jws(text: str, key: PublicKey) -> None:
    """Check the signature of a compact JWS; an answer once worked out is remembered.

    Raises:
        SignatureError: it does not hold under that key.
    """
    if key.curve != SUITE.curve or not _holds(text, key):
        raise SignatureError(f"the signature does not hold under {key.kid}")
