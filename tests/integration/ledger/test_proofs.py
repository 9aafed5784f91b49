"""A citizen's proof: promised, then witnessed; false when anything in it, or its keys, will not do."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation import canonical
from federation.history import record_statement
from federation.keys import Identity
from federation.note import append_lines, cosign
from federation.proof import format_proof, parse_proof
from federation.statements import read_statement
from node.kernel.problems import Problem
from node.ledger.proofs import LedgerProofs
from node.ledger.rules import FactDraft, open_commitments
from node.ledger.service import erase_fact, leaf_of, record, revealed
from node.ledger.verifying import judge_proof, read_proof_file
from tests.integration.ledger.conftest import NOW, Ledger
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    DAY,
    TOWNSHIP,
    VILLAGE,
    anchor_of,
    city_line,
    forge,
    keys_of,
    line_to,
    name_of,
    village_chain,
)

ORIGIN = f"{name_of(VILLAGE)}/ledger/1"
LATER = NOW + timedelta(minutes=15)


@pytest.fixture
def proofs(ledger: Ledger) -> LedgerProofs:
    with ledger.database.transaction() as session:
        ledger.stores.within(session).members.put_chain(village_chain(NOW))
    return LedgerProofs(ledger.stores.within, anchor_of, ledger.clock)


def witness(ledger: Ledger, code: str = TOWNSHIP, at: datetime = LATER) -> None:
    """The level above cosigns the ledger's head."""
    with ledger.database.transaction() as session:
        tx = ledger.stores.within(session)
        state = tx.logs.get(ORIGIN)
        assert state is not None
        line = cosign(state.note, f"{name_of(code)}/witness", keys_of(code).witness, at)
        tx.logs.put(replace(state, receipted_size=state.size, receipted_note=append_lines(state.note, line)))


def proof_of(ledger: Ledger, proofs: LedgerProofs, fact_id: object) -> tuple[str, bool]:
    with ledger.database.reading() as session:
        found = proofs.of_fact(session, str(fact_id))
    return found.text, found.is_witnessed


def test_a_fact_is_promised_first_and_witnessed_then(ledger: Ledger, proofs: LedgerProofs) -> None:
    fact_id = ledger.record(number="3206231010012026112400001", actor="p-4711")
    for _ in range(6):
        ledger.record()
    ledger.sequencer().run()
    text, is_witnessed = proof_of(ledger, proofs, fact_id)
    promised = judge_proof(text, anchor_of(), LATER)
    assert (is_witnessed, promised.result, promised.witness) == (False, "promised", "")
    assert "未经见证" in promised.zh
    witness(ledger)
    text, is_witnessed = proof_of(ledger, proofs, fact_id)
    verdict = judge_proof(text, anchor_of(), LATER)
    assert (is_witnessed, verdict.result) == (True, "witnessed")
    assert (verdict.origin, verdict.index, verdict.size) == (ORIGIN, 0, 7)
    assert (verdict.witness, verdict.witnessed_at) == (name_of(TOWNSHIP), LATER)
    assert verdict.fact is not None
    assert verdict.fact.number == "3206231010012026112400001"


def test_a_fact_behind_the_witnessed_head_is_still_a_promise(ledger: Ledger, proofs: LedgerProofs) -> None:
    first = ledger.record()
    ledger.sequencer().run()
    witness(ledger)
    second = ledger.record()
    ledger.sequencer().run()
    assert proof_of(ledger, proofs, first)[1]
    assert not proof_of(ledger, proofs, second)[1]
    for fact_id in (first, second):
        text, is_witnessed = proof_of(ledger, proofs, fact_id)
        assert judge_proof(text, anchor_of(), LATER).result == ("witnessed" if is_witnessed else "promised")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 200, 257, 300])
def test_every_fact_of_a_ledger_of_any_size_is_provable(
    ledger: Ledger, proofs: LedgerProofs, size: int
) -> None:
    ids = [ledger.record() for _ in range(min(size, 3))]
    with ledger.database.transaction() as session:
        for _ in range(size - len(ids)):
            record(session, FactDraft("case.accept", NOW, "machine"))
    ledger.sequencer().run(1000)
    witness(ledger)
    for fact_id in ids:
        verdict = judge_proof(proof_of(ledger, proofs, fact_id)[0], anchor_of(), LATER)
        assert (verdict.result, verdict.size) == ("witnessed", size)


def test_the_slips_leaf_hash_finds_the_same_proof(ledger: Ledger, proofs: LedgerProofs) -> None:
    fact_id = ledger.record(actor="p-4711")
    ledger.sequencer().run()
    with ledger.database.reading() as session:
        leaf = leaf_of(session, fact_id)
        assert proofs.of_leaf(session, leaf) == proofs.of_fact(session, fact_id)
        with pytest.raises(Problem) as caught:
            proofs.of_leaf(session, bytes(32))
    assert caught.value.code == "fact-unknown"


def test_the_salt_in_the_file_opens_the_facts_commitments(ledger: Ledger, proofs: LedgerProofs) -> None:
    fact_id = ledger.record(actor="p-4711", materials=["身份证"])
    ledger.sequencer().run()
    text = proof_of(ledger, proofs, fact_id)[0]
    verdict = judge_proof(text, anchor_of(), LATER)
    with ledger.database.reading() as session:
        found = revealed(session, fact_id)
    assert found is not None
    assert verdict.fact is not None
    assert open_commitments(verdict.fact, verdict.salt, found[1]) == []
    assert open_commitments(verdict.fact, verdict.salt, {"actor": "p-4712"}) == ["actor"]
    assert "p-4711" not in base64.b64decode(text.split("\n")[1].removeprefix("extra ")).decode()


def test_a_fact_without_a_place_has_no_proof_yet(ledger: Ledger, proofs: LedgerProofs) -> None:
    fact_id = ledger.record()
    with ledger.database.reading() as session, pytest.raises(Problem) as caught:
        proofs.of_fact(session, fact_id)
    assert caught.value.code == "fact-not-sequenced"


def test_an_erased_fact_can_no_longer_be_proved(ledger: Ledger, proofs: LedgerProofs) -> None:
    fact_id = ledger.record()
    ledger.sequencer().run()
    with ledger.database.transaction() as session:
        erase_fact(session, ledger.logs(session), fact_id, FactDraft("fact.erased", NOW, "machine"))
    with ledger.database.reading() as session, pytest.raises(Problem) as caught:
        proofs.of_fact(session, fact_id)
    assert (caught.value.code, caught.value.status) == ("fact-erased", 410)


def a_proof(ledger: Ledger, proofs: LedgerProofs) -> str:
    fact_id = ledger.record(number="1")
    ledger.record()
    ledger.record()
    ledger.sequencer().run()
    witness(ledger)
    return proof_of(ledger, proofs, fact_id)[0]


def with_extra(text: str, **changes: object) -> str:
    proof = parse_proof(text)
    extra = canonical.load_object(proof.extra or b"")
    return format_proof(replace(proof, extra=canonical.dump({**extra, **changes})))


def test_what_was_changed_is_false(ledger: Ledger, proofs: LedgerProofs) -> None:
    text = a_proof(ledger, proofs)
    file = read_proof_file(text)
    other = base64.b64encode(file.line.replace(b'"number":"1"', b'"number":"2"')).decode()
    note = file.proof.note
    cases = {
        "another line": (with_extra(text, entry=other), "proof"),
        "another index": (format_proof(replace(file.proof, index=1)), "proof"),
        "a path cut short": (format_proof(replace(file.proof, hashes=file.proof.hashes[:-1])), "proof"),
        "another size": (text.replace(f"{ORIGIN}\n3\n", f"{ORIGIN}\n4\n"), "proof"),
        "no chain": (with_extra(text, chain=[]), "chain"),
        "the township's chain": (with_extra(text, chain=list(line_to(TOWNSHIP, NOW).statements)), "chain"),
        "no extra": (format_proof(replace(file.proof, extra=None)), "malformed"),
        "a salt cut short": (with_extra(text, salt="AAAA"), "malformed"),
        "entry no base64": (with_extra(text, entry="!"), "malformed"),
        "not a proof": ("hello", "malformed"),
        "cut off": (text[: len(text) // 2], "malformed"),
        "no fact": (with_extra(text, entry=base64.b64encode(b"{}").decode()), "proof"),
        "the county as witness": (
            format_proof(replace(file.proof, note=_cosigned_by(note, TOWNSHIP, COUNTY))),
            "proof",
        ),
    }
    for what, (changed, code) in cases.items():
        verdict = judge_proof(changed, anchor_of(), LATER)
        assert (what, verdict.result, verdict.code) == (what, "false", code)
        assert verdict.fact is None
        assert verdict.zh.startswith("不属实")


def _cosigned_by(note: str, claimed: str, signer: str) -> str:
    """The note with the cosignature of `claimed` made by another node's key under the same key id."""
    lines = note.rstrip("\n").split("\n")
    name, packed = lines[-1].removeprefix("\u2014 ").split(" ")
    assert name == f"{name_of(claimed)}/witness"
    forged = cosign(note, name, keys_of(signer).witness, LATER).rstrip("\n").split(" ")[2]
    mixed = base64.b64decode(packed)[:4] + base64.b64decode(forged)[4:]
    lines[-1] = f"\u2014 {name} {base64.b64encode(mixed).decode()}"
    return "\n".join([*lines, ""])


def test_another_networks_anchor_makes_it_false(ledger: Ledger, proofs: LedgerProofs) -> None:
    text = a_proof(ledger, proofs)
    assert judge_proof(text, keys_of(COUNTY).public.node.kid, LATER).code == "chain"


def test_an_old_proof_stays_true_after_every_statement_in_it_expired(
    ledger: Ledger, proofs: LedgerProofs
) -> None:
    text = a_proof(ledger, proofs)
    assert judge_proof(text, anchor_of(), NOW + 3650 * DAY).result == "witnessed"


def test_a_revocation_ends_what_comes_after_it_and_not_what_was_before(
    ledger: Ledger, proofs: LedgerProofs
) -> None:
    text = a_proof(ledger, proofs)
    kid = keys_of(VILLAGE).public.node.kid
    assert judge_proof(
        text, anchor_of(), LATER, revoked_at=lambda one: LATER if one == kid else None
    ).code == ("revoked")
    after = LATER + timedelta(seconds=1)
    verdict = judge_proof(text, anchor_of(), after, revoked_at=lambda one: after if one == kid else None)
    assert verdict.result == "witnessed"


def test_a_node_judges_with_the_revocations_it_knows(ledger: Ledger, proofs: LedgerProofs) -> None:
    text = a_proof(ledger, proofs)
    with ledger.database.transaction() as session:
        members = ledger.stores.within(session).members
        record_statement(members, read_statement(village_chain(NOW)[-1]), NOW, "join")
        key = members.key(keys_of(VILLAGE).public.node.kid)
        assert key is not None
        members.put_key(replace(key, revoked_at=NOW))
        assert proofs.judge(session, text).code == "revoked"
        members.put_key(replace(key, revoked_at=None))
        assert proofs.judge(session, text).result == "witnessed"


def test_a_stranger_with_a_statement_of_its_own_making_is_refused(
    ledger: Ledger, proofs: LedgerProofs
) -> None:
    text = a_proof(ledger, proofs)
    chain = village_chain(NOW)
    forged = [*chain[:-1], forge(chain[-1], {}, keys_of(VILLAGE))]
    assert judge_proof(with_extra(text, chain=forged), anchor_of(), LATER).code == "chain"


def test_a_log_that_is_no_ledger_proves_no_fact(ledger: Ledger, proofs: LedgerProofs) -> None:
    text = a_proof(ledger, proofs)
    changed = text.replace(f"{ORIGIN}\n", f"{name_of(VILLAGE)}/up/1\n")
    assert judge_proof(changed, anchor_of(), LATER).code == "fact"


def test_at_the_top_a_proof_is_a_promise_that_nobody_witnesses(ledger: Ledger) -> None:
    ledger.identity = Identity("nantong.example", CITY, "city", keys_of(CITY))
    proofs = LedgerProofs(ledger.stores.within, anchor_of, ledger.clock)
    with ledger.database.transaction() as session:
        ledger.stores.within(session).members.put_chain(list(city_line(NOW).statements))
    fact_id = ledger.record()
    ledger.sequencer().run()
    verdict = judge_proof(proof_of(ledger, proofs, fact_id)[0], anchor_of(), LATER)
    assert (verdict.result, verdict.origin) == ("promised", f"{name_of(CITY)}/ledger/1")


def test_the_level_above_shows_the_last_head_it_cosigned(ledger: Ledger, proofs: LedgerProofs) -> None:
    a_proof(ledger, proofs)
    with ledger.database.transaction() as session:
        tx = ledger.stores.within(session)
        own = tx.logs.get(ORIGIN)
        assert own is not None
        assert proofs.last_witnessed(session, ORIGIN) is None  # its own ledger is witnessed elsewhere
        other = own.origin.replace(VILLAGE, "320623101002")
        tx.logs.put(replace(own, origin=other, role="peer-ledger", peer="320623101002"))
        found = proofs.last_witnessed(session, other)
    assert found is not None
    assert (found.size, found.note) == (3, own.receipted_note)
