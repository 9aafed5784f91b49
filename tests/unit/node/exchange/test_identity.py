"""Keys and trust on disk: modes, rotation that survives a crash, reading again what another process wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from federation.keyfiles import PassphraseError
from node.exchange.identity import NodeFolder, NodeFolderError, Trust, read_passphrase

TRUST = Trust(
    network="nantong.example",
    code="320623101001",
    level="village",
    anchor="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    parent="nantong.example/320623101000",
    parent_key="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    parent_url="https://township.example",
)


@pytest.fixture
def folder(tmp_path: Path) -> NodeFolder:
    return NodeFolder(tmp_path)


def test_keys_are_made_once(folder: NodeFolder, tmp_path: Path) -> None:
    assert not folder.has_keys
    made = folder.make_keys()
    assert folder.has_keys
    assert folder.make_keys().public.kids == made.public.kids
    assert NodeFolder(tmp_path).make_keys().public.kids == made.public.kids


def test_key_files_are_for_their_owner_only(folder: NodeFolder, tmp_path: Path) -> None:
    folder.make_keys()
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    files = list((tmp_path / "keys" / "1").iterdir())
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_keys_with_a_passphrase_open_only_with_it(tmp_path: Path) -> None:
    made = NodeFolder(tmp_path, b"long enough").make_keys()
    assert NodeFolder(tmp_path, b"long enough").make_keys().public.kids == made.public.kids
    for wrong in (b"another", None):
        with pytest.raises(PassphraseError):
            NodeFolder(tmp_path, wrong).make_keys()


def test_prepared_keys_are_not_in_use_until_the_parent_has_stated_them(folder: NodeFolder) -> None:
    folder.write_trust(TRUST)
    old = folder.make_keys()
    prepared = folder.prepare_next_keys()
    assert folder.identity().keys.public.kids == old.public.kids
    assert folder.prepare_next_keys().public.kids == prepared.public.kids
    folder.use_next_keys()
    assert folder.identity().keys.public.kids == prepared.public.kids


def test_old_seal_keys_stay_through_every_rotation(folder: NodeFolder) -> None:
    folder.write_trust(TRUST)
    sets = [folder.make_keys()]
    for _ in range(3):
        folder.prepare_next_keys()
        sets.append(folder.use_next_keys())
    assert set(folder.identity().seal_keys) == {keys.public.seal.kid for keys in sets}


def test_going_over_without_prepared_keys_is_refused(folder: NodeFolder) -> None:
    folder.make_keys()
    with pytest.raises(NodeFolderError, match="no keys are prepared"):
        folder.use_next_keys()


def test_trust_comes_back_as_it_was_pinned(folder: NodeFolder, tmp_path: Path) -> None:
    assert folder.read_trust() is None
    folder.write_trust(TRUST)
    assert NodeFolder(tmp_path).read_trust() == TRUST
    assert (tmp_path / "trust.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["{", "[]", '{"network": "a"}', '{"surprise": 1}'])
def test_damaged_trust_is_an_error_and_never_no_trust(
    folder: NodeFolder, tmp_path: Path, content: str
) -> None:
    (tmp_path / "trust.json").write_text(content)
    with pytest.raises(NodeFolderError):
        folder.read_trust()


def test_a_node_without_trust_or_keys_has_no_identity(folder: NodeFolder) -> None:
    with pytest.raises(NodeFolderError, match="no network"):
        folder.identity()
    folder.write_trust(TRUST)
    with pytest.raises(NodeFolderError, match="no keys"):
        folder.identity()


def test_identity_says_who_the_node_and_its_parent_are(folder: NodeFolder) -> None:
    folder.write_trust(TRUST)
    folder.make_keys()
    identity = folder.identity()
    assert identity.name == "nantong.example/320623101001"
    assert identity.parent_name == "nantong.example/320623101000"
    assert identity.level == "village"
    assert folder.identity() is identity


def test_a_top_has_no_parent(folder: NodeFolder) -> None:
    folder.write_trust(replace(TRUST, parent="", parent_url="", parent_key="", how="founded"))
    folder.make_keys()
    assert folder.identity().parent_code is None


def test_identity_is_read_again_when_another_process_rotated(folder: NodeFolder, tmp_path: Path) -> None:
    folder.write_trust(TRUST)
    folder.make_keys()
    before = folder.identity()
    other = NodeFolder(tmp_path)
    other.prepare_next_keys()
    other.use_next_keys()
    assert folder.identity().kid != before.kid
    assert folder.identity().kid == other.identity().kid


def test_a_passphrase_file_is_private_and_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(b"a secret\n")
    path.chmod(0o600)
    assert read_passphrase(path) == b"a secret"
    assert read_passphrase(None) is None
    path.chmod(0o644)
    with pytest.raises(NodeFolderError, match="others may read it"):
        read_passphrase(path)
    path.chmod(0o600)
    path.write_bytes(b"\n")
    with pytest.raises(NodeFolderError, match="empty"):
        read_passphrase(path)
    with pytest.raises(NodeFolderError):
        read_passphrase(tmp_path / "none")
