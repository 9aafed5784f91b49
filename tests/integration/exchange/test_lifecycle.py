"""Keys, statements and logs over their whole life, on two whole nodes: expiry, re-key, a lost anchor, epochs."""

from __future__ import annotations

import shutil

import pytest

from federation.errors import FederationError
from federation.joining import join
from node.cli import joining
from node.exchange.stores import SqlTx
from node.kernel.problems import Problem
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair, reopen

DAY_S = 86_400


def receipted(pair: Pair) -> int:
    """Entries of the village that the township holds by its receipt."""
    parent = pair.village.administration.overview().parent
    assert parent is not None
    return parent.out.receipted


def applied(pair: Pair) -> int:
    """Entries of the village that took effect at the township."""
    return pair.township.administration.overview().children[0].applied


def work(pair: Pair, rounds: int = 4) -> None:
    """Rounds past every pause."""
    for _ in range(rounds):
        pair.later(301)
        pair.turn(1)


def test_an_expired_child_is_refused_renews_itself_and_goes_on(pair: Pair) -> None:
    pair.turn()
    pair.say(pair.village, TOWNSHIP)
    pair.transport.is_cut = True
    for _ in range(4):
        pair.later(31 * DAY_S)
        pair.township.own_statement.run()
        pair.turn(1)
    own = pair.village.administration.overview().own
    assert own is not None
    assert own.statement_days_left < 0
    pair.transport.is_cut = False
    assert pair.village.client is not None
    with pytest.raises(FederationError, match="expired"):
        pair.village.client.check_state()
    work(pair, 6)
    own = pair.village.administration.overview().own
    assert own is not None
    assert own.statement_days_left > 80
    assert receipted(pair) == 1


def test_a_revoked_child_that_is_invited_again_goes_on_with_the_same_logs(pair: Pair) -> None:
    pair.say(pair.village, TOWNSHIP)
    pair.turn()
    assert receipted(pair) == 1
    pair.township.administration.revoke(VILLAGE, "电脑失窃")
    pair.say(pair.village, TOWNSHIP, subject="after")
    work(pair)
    assert (receipted(pair), applied(pair)) == (1, 1)
    made = pair.township.administration.invite(VILLAGE, "village", "四海社区居委会", replace_keys=True)
    keys = pair.village.folder.prepare_next_keys()
    assert join(made.invitation, keys, pair.transport, pair.clock) is None
    pair.township.administration.confirm(VILLAGE, keys.public.node.kid)
    chain = join(made.invitation, keys, pair.transport, pair.clock)
    assert chain is not None
    pair.village.folder.use_next_keys()
    joining.keep_membership(pair.village, made.invitation, chain)
    pair.village.leases.give_back()
    pair.village.close()
    pair.village = reopen(pair.village.settings, pair.clock, pair.transport)
    work(pair, 6)
    assert (receipted(pair), applied(pair)) == (2, 2)
    assert pair.village.repair.check().holds
    assert pair.township.repair.check().holds


def test_a_stolen_anchor_is_pinned_by_hand_and_not_before(pair: Pair) -> None:
    pair.say(pair.village, TOWNSHIP)
    pair.turn()
    before = pair.township.administration.overview().anchor
    anchor = pair.township.own_statement.begin_anew("顶级密钥被盗")
    assert anchor != before
    pair.say(pair.village, TOWNSHIP, subject="after")
    pair.later(7 * 3600)
    work(pair)
    assert receipted(pair) == 1, "what the new key signs is not believed yet"
    assert pair.village.administration.overview().anchor == before
    pair.village.administration.pin_anchor(anchor, "电话核对无误")
    pair.later(7 * 3600)
    work(pair, 6)
    assert (receipted(pair), applied(pair)) == (2, 2)
    assert pair.village.administration.overview().anchor == anchor


def test_an_anchor_whose_keys_are_gone_begins_anew_with_keys_never_stated(pair: Pair) -> None:
    folder = pair.township.settings.data_dir / "keys"
    shutil.rmtree(folder)
    pair.township.folder.make_keys()
    anchor = pair.township.own_statement.begin_anew("磁盘损坏,由备份恢复")
    assert anchor == pair.township.identity.kid
    with pytest.raises(Problem, match="has-parent"):
        pair.village.own_statement.begin_anew("不是顶级")
    pair.village.administration.pin_anchor(anchor, "电话核对无误")
    pair.later(7 * 3600)
    work(pair)
    pair.say(pair.village, TOWNSHIP)
    work(pair, 6)
    assert receipted(pair) == 1


def test_a_childs_new_epoch_waits_for_its_parent_and_then_nothing_is_lost_or_doubled(pair: Pair) -> None:
    pair.say(pair.village, TOWNSHIP, subject="one")
    pair.turn()
    pair.say(pair.village, TOWNSHIP, subject="two")
    pair.village.local.run()
    name = f"nantong.example/{VILLAGE}/up"
    assert pair.village.repair.open_epoch(f"{name}/1", "日志分歧") == f"{name}/2"
    work(pair)
    assert "epoch-waiting" in [one.code for one in pair.township.administration.overview().alerts]
    assert applied(pair) == 1
    assert pair.township.repair.confirm_epoch(VILLAGE, "电话核实") == f"{name}/2"
    work(pair, 6)
    with pair.township.database.reading() as session:
        tx: SqlTx = pair.township.stores.within(session)
        opened = tx.logs.find("peer-up", VILLAGE)
        unknown = tx.inbox.list_unknown()
    assert opened is not None
    assert (opened.epoch, opened.size) == (2, 2), "the opening, and what was never receipted"
    assert sorted(subject_of(pair, origin, index) for origin, index, _ in unknown) == ["one", "two"]


def subject_of(pair: Pair, origin: str, index: int) -> str:
    """Subject of an entry the township holds."""
    with pair.township.database.reading() as session:
        (stored,) = pair.township.stores.within(session).logs.entries(origin, index, 1)
    assert stored.line is not None
    return stored.line.decode().partition('"subject":"')[2].partition('"')[0]


def test_a_parents_new_epoch_is_taken_by_the_child_at_once_and_alerted(pair: Pair) -> None:
    pair.say(pair.township, VILLAGE, subject="one")
    work(pair)
    name = f"nantong.example/{TOWNSHIP}/down/{VILLAGE}"
    assert pair.township.repair.open_epoch(f"{name}/1", "恢复后另写") == f"{name}/2"
    pair.say(pair.township, VILLAGE, subject="two")
    work(pair, 6)
    parent = pair.village.administration.overview().parent
    assert parent is not None
    assert (parent.received, parent.applied) == (2, 2), "the opening and the second, in the new epoch"
    assert "epoch-opened" in [one.code for one in pair.village.administration.overview().alerts]
    assert pair.village.administration.overview().unknown == 2
