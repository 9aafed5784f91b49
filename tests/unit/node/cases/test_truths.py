"""Five truths, never mixed up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from node.cases.truths import Stage, Truths

AT = datetime(2026, 11, 24, 2, 42, tzinfo=UTC)
SENT = Truths(travels=True, holder="如东县政务服务中心", queued_at=AT)


@pytest.mark.parametrize(
    ("truths", "stage", "zh"),
    [
        (Truths(travels=False, holder="新坝村"), Stage.LOCAL, "本级办理"),
        (Truths(travels=True, holder="新坝村"), Stage.QUEUED, "待上送"),
        (SENT, Stage.QUEUED, "待上送"),
        (replace(SENT, received_at=AT), Stage.RECEIVED, "上级已收到(回执 10:42)"),
        (replace(SENT, received_at=AT, taken_at=AT), Stage.TAKEN, "如东县政务服务中心已接办"),
        (
            replace(SENT, taken_at=AT, accepted_at=AT, due_words=(",11 月 27 日前办结", "")),
            Stage.ACCEPTED,
            "已受理,11 月 27 日前办结",
        ),
        (
            replace(SENT, decided_at=AT, decider="如东县政务服务中心"),
            Stage.DECIDED,
            "如东县政务服务中心已决定",
        ),
    ],
)
def test_the_furthest_truth_is_said_in_its_own_words(truths: Truths, stage: Stage, zh: str) -> None:
    assert (truths.stage, truths.words[0]) == (stage, zh)


def test_received_is_not_taken_and_taken_needs_no_receipt() -> None:
    assert replace(SENT, received_at=AT).stage is not Stage.TAKEN
    assert replace(SENT, taken_at=AT).stage is Stage.TAKEN
