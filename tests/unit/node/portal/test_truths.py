"""The five truths as a citizen reads them: what is not so yet never looks as if it were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from node.cases.truths import Truths
from node.portal.truths import truth_lines

AT = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def _told(truths: Truths, **more: object) -> list[tuple[str, str]]:
    return [(line.shape, line.label[0]) for line in truth_lines(truths, AT, "某村", **more)]


def test_a_matter_that_stays_has_no_hops() -> None:
    assert _told(Truths(False, "某村")) == [("done", "已登记"), ("off", "受理"), ("off", "决定")]


def test_each_truth_becomes_so_by_its_own_witness() -> None:
    queued = Truths(True, "某镇", queued_at=AT)
    assert _told(queued)[1:3] == [("open", "待上送"), ("off", "上级收到")]
    received = Truths(True, "某镇", queued_at=AT, received_at=AT + timedelta(minutes=1))
    assert _told(received)[1:4] == [("done", "已上送"), ("done", "上级已收到"), ("off", "接办")]
    assert "收到不等于受理" in truth_lines(received, AT, "某村")[2].note[0]
    taken = Truths(True, "某镇", queued_at=AT, received_at=AT, taken_at=AT)
    assert _told(taken)[3:] == [("done", "已接办"), ("off", "受理"), ("off", "决定")]


def test_acceptance_says_by_when() -> None:
    accepted = Truths(False, "某镇", accepted_at=AT, due_words=(",11 月 27 日前办结", ", due by 2026-11-27"))
    assert truth_lines(accepted, AT, "某村")[1].note == ("11 月 27 日前办结", "due by 2026-11-27")


def test_what_ended_undecided_shows_nothing_as_still_to_come() -> None:
    told = _told(Truths(True, "某镇", queued_at=AT), ended=(("已撤回", "Withdrawn"), AT))
    assert told == [("done", "已登记"), ("done", "已撤回")]
