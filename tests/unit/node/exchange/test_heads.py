"""The head file: durable, never going back, shared by processes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from node.exchange.heads import DiskHeadFile, HeadFileError

UP = "nantong.example/320623101000/up/1"
DOWN = "nantong.example/320623101000/down/320623101001/1"


def note(origin: str, size: int) -> str:
    return f"{origin}\n{size}\nAAAA\n\n— {origin} BBBB\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heads.json"


def test_a_new_node_has_no_head_file(path: Path) -> None:
    file = DiskHeadFile(path)
    assert file.is_missing
    assert file.load() == {}


def test_heads_come_back_byte_for_byte(path: Path) -> None:
    DiskHeadFile(path).save({UP: note(UP, 3), f"cosigned:{DOWN}": note(DOWN, 7)})
    assert DiskHeadFile(path).load() == {UP: note(UP, 3), f"cosigned:{DOWN}": note(DOWN, 7)}


def test_heads_that_are_not_named_stay(path: Path) -> None:
    file = DiskHeadFile(path)
    file.save({UP: note(UP, 3)})
    file.save({DOWN: note(DOWN, 1)})
    assert file.load() == {UP: note(UP, 3), DOWN: note(DOWN, 1)}


def test_a_head_never_goes_back(path: Path) -> None:
    file = DiskHeadFile(path)
    file.save({UP: note(UP, 3)})
    file.save({UP: note(UP, 2)})
    assert file.load() == {UP: note(UP, 3)}


def test_the_file_is_private_and_nothing_is_left_aside(path: Path) -> None:
    DiskHeadFile(path).save({UP: note(UP, 3)})
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".heads.json.lock", "heads.json"]


@pytest.mark.parametrize("content", ["", "[1]", '{"a": 1}', "{"])
def test_a_damaged_file_is_an_error_and_never_an_empty_one(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(HeadFileError):
        DiskHeadFile(path).load()


def test_what_is_no_checkpoint_is_refused(path: Path) -> None:
    file = DiskHeadFile(path)
    file.save({UP: note(UP, 3)})
    with pytest.raises(HeadFileError):
        file.save({UP: "hello"})
    assert file.load() == {UP: note(UP, 3)}


def test_many_savers_lose_nothing(path: Path) -> None:
    def save(number: int) -> None:
        for size in range(1, 6):
            DiskHeadFile(path).save({f"{UP}{number}": note(UP, size)})

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert DiskHeadFile(path).load() == {f"{UP}{number}": note(UP, 5) for number in range(6)}


def test_an_operator_can_drop_a_head(path: Path) -> None:
    file = DiskHeadFile(path)
    file.save({UP: note(UP, 3), DOWN: note(DOWN, 1)})
    file.forget([UP, "unknown"])
    assert file.load() == {DOWN: note(DOWN, 1)}
