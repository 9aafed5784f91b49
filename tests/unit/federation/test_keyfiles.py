"""Keys on disk (federation.md §2): mode, encryption, damage, never written over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from federation.keyfiles import (
    KeyFileError,
    PassphraseError,
    from_pem,
    has_keys,
    load_keys,
    load_old_seal_keys,
    save_keys,
    save_old_seal_key,
    to_pem,
)
from federation.keys import NodeKeys, public_of, raw_public

# RFC 8410 §10.3
RFC8410_PEM = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""
RFC8410_PUBLIC = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
KEYS = NodeKeys.from_seed(b"keyfiles-test")


def test_the_key_of_rfc_8410_reads_and_writes_byte_for_byte() -> None:
    key = from_pem(RFC8410_PEM)
    assert raw_public(key).hex() == RFC8410_PUBLIC
    assert to_pem(key) == RFC8410_PEM


@pytest.mark.parametrize("passphrase", [None, "山东路一号".encode()])
def test_keys_read_back_as_they_were_saved(tmp_path: Path, passphrase: bytes | None) -> None:
    folder = tmp_path / "node" / "keys"
    assert not has_keys(folder)
    save_keys(folder, KEYS, passphrase)
    assert has_keys(folder)
    assert load_keys(folder, passphrase).public == KEYS.public
    assert sorted(path.name for path in folder.iterdir()) == [
        "node.pem", "receipt.pem", "seal.pem", "witness.pem",
    ]  # fmt: skip
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)


def test_keys_are_never_written_over(tmp_path: Path) -> None:
    save_keys(tmp_path, KEYS)
    with pytest.raises(KeyFileError, match="holds keys already"):
        save_keys(tmp_path, NodeKeys.generate())
    assert load_keys(tmp_path).public == KEYS.public


def test_an_unfinished_folder_is_written_anew(tmp_path: Path) -> None:
    save_keys(tmp_path, NodeKeys.from_seed(b"crashed"))
    (tmp_path / "node.pem").unlink()  # the node key is written last: a crash leaves this
    (tmp_path / "node.pem.part").write_bytes(b"half a ke")
    save_keys(tmp_path, KEYS)
    assert load_keys(tmp_path).public == KEYS.public


@pytest.mark.parametrize(
    ("saved", "given", "sentence"),
    [
        (b"right", b"wrong", "wrong"),
        (b"right", None, "no passphrase is configured"),
        (None, b"right", "not encrypted"),
    ],
)
def test_a_passphrase_that_does_not_fit_is_named(
    tmp_path: Path, saved: bytes | None, given: bytes | None, sentence: str
) -> None:
    save_keys(tmp_path, KEYS, saved)
    with pytest.raises(PassphraseError, match=sentence) as caught:
        load_keys(tmp_path, given)
    assert caught.value.code == "passphrase"
    assert "node.pem" in caught.value.detail


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(PassphraseError):
        to_pem(KEYS.node, b"")


def test_a_missing_damaged_or_misplaced_file_is_named(tmp_path: Path) -> None:
    save_keys(tmp_path, KEYS)
    witness = tmp_path / "witness.pem"
    whole = witness.read_bytes()
    witness.write_bytes(whole[:60])
    with pytest.raises(KeyFileError, match=r"witness\.pem.*PKCS"):
        load_keys(tmp_path)
    witness.unlink()
    with pytest.raises(KeyFileError, match=r"witness\.pem"):
        load_keys(tmp_path)
    witness.write_bytes((tmp_path / "seal.pem").read_bytes())
    with pytest.raises(KeyFileError, match="wrong curve"):
        load_keys(tmp_path)
    witness.write_bytes((tmp_path / "receipt.pem").read_bytes())
    with pytest.raises(Exception, match="must all be different"):
        load_keys(tmp_path)


def test_a_key_of_another_kind_is_refused() -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(KeyFileError, match="neither"):
        from_pem(other)


def test_old_seal_keys_are_kept_beside_the_new(tmp_path: Path) -> None:
    save_keys(tmp_path, KEYS, b"word")
    old = [X25519PrivateKey.generate(), X25519PrivateKey.generate()]
    for key in (*old, old[0]):
        save_old_seal_key(tmp_path, key, b"word")
    loaded = load_old_seal_keys(tmp_path, b"word")
    assert {public_of(key).kid for key in loaded} == {public_of(key).kid for key in old}
    assert len(loaded) == 2
    (tmp_path / "seal-x.pem").write_bytes(to_pem(KEYS.node, b"word"))
    with pytest.raises(KeyFileError, match="not a seal key"):
        load_old_seal_keys(tmp_path, b"word")
