"""The vectors of §6: a village's ledger, its witnessed checkpoint, a citizen's proof, a random audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from federation import canonical
from federation.audit import commitment, draw
from federation.merkle import Reader, leaf_hash, node_hash, prove_inclusion
from federation.names import origin_ledger
from federation.note import append_lines, cosign
from federation.ports import Limits
from federation.proof import LogProof, format_proof
from federation.stream import Extended, extend, new_log
from tests.vectors import plain
from tests.vectors.cast import CASE, KEYS, TOWNSHIP, VILLAGE, WITNESSED, WRITTEN, name_of, nonce_of

SALT = nonce_of("fact salt")[:16]
ACTOR = "四海社区代办员"
FACTS = 5
DRAW_FROM, DRAW_SIZE, DRAW_COUNT = 10, 30, 5


def reader_of(leaves: Sequence[bytes]) -> Reader:
    """Subtree hashes of a small log, computed on the spot."""

    def read(level: int, start: int, stop: int) -> list[bytes]:
        if level == 0:
            return list(leaves[start:stop])
        below = read(level - 1, 2 * start, 2 * stop)
        return [node_hash(below[place], below[place + 1]) for place in range(0, len(below), 2)]

    return read


def fact_lines() -> list[bytes]:
    """Five facts of the village; the first is the registration of the matter."""
    actor = plain.sha256(SALT + plain.canonical(ACTOR)).hex()
    at = WRITTEN.strftime("%Y-%m-%dT%H:%M:%SZ")
    first = {
        "v": 1,
        "id": "0000f001-0000-4000-8000-000000000000",
        "type": "case.submit",
        "at": at,
        "day": "2026-11-24",
        "actor": actor,
        "post": "village.agent",
        "case": CASE,
        "seq": 1,
        "from": "DRAFT",
        "to": "RECEIVED",
        "number": f"{VILLAGE}2026112400001",
    }
    others = [
        {
            "v": 1,
            "id": f"0000f{place:03d}-0000-4000-8000-000000000000",
            "type": "staff.signed_in",
            "at": at,
            "day": "2026-11-24",
            "actor": actor,
            "post": "village.agent",
        }
        for place in range(2, FACTS + 1)
    ]
    return [canonical.dump(fact) for fact in (first, *others)]


def _log() -> Extended:
    return extend(
        new_log(origin_ledger(name_of(VILLAGE)), "own-ledger", ""),
        fact_lines(),
        KEYS[VILLAGE].node,
        Limits(),
    )


def build(chain: Sequence[str]) -> dict[str, Any]:
    """The ledger, the township's cosignature, and the citizen's proof of the first fact.

    Args:
        chain: the statements from the top down to the village.
    """
    log = _log()
    witness = f"{name_of(TOWNSHIP)}/witness"
    cosignature = cosign(log.state.note, witness, KEYS[TOWNSHIP].witness, WITNESSED)
    note = append_lines(log.state.note, cosignature)
    path = tuple(prove_inclusion(reader_of(log.leaves), 0, log.state.size))
    first = plain.b64(fact_lines()[0])
    extra = canonical.dump({"entry": first, "salt": plain.b64(SALT), "chain": list(chain)})
    return {
        "origin": log.state.origin,
        "lines": [line.decode("utf-8") for line in fact_lines()],
        "checkpoint": log.state.note,
        "witnessed_at": WITNESSED.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "cosignature": cosignature,
        "witnessed_checkpoint": note,
        "actor": {"value": ACTOR, "salt": SALT.hex()},
        "leaf_hash_of_entry_0": leaf_hash(fact_lines()[0]).hex(),
        "proof": format_proof(LogProof(0, path, note, extra)),
    }


def audit() -> dict[str, Any]:
    """What a seed and a root draw."""
    seed, root = nonce_of("audit seed"), nonce_of("audit root")
    return {
        "seed": seed.hex(),
        "commitment": commitment(seed),
        "root": root.hex(),
        "from": DRAW_FROM,
        "size": DRAW_SIZE,
        "count": DRAW_COUNT,
        "drawn": draw(seed, root, DRAW_FROM, DRAW_SIZE, DRAW_COUNT),
    }
