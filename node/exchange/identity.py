"""Who this node is, on disk: keys, and the trust it was given when it joined (federation.md §2, §3).

    <data_dir>/keys/<n>/node.pem …   the four keys of the n-th set, mode 0600, old seal keys beside them
    <data_dir>/keys/current          the number of the set in use; written last, in one step
    <data_dir>/trust.json            the pinned anchor, the parent's name, address and key
    <data_dir>/heads.json            see `node.exchange.heads`

A rotation makes set n+1 first, asks the parent to state it, and only then writes `current`: a crash in between leaves
the old keys in use and the new ones ready for the same request again. Nothing here is in the database or a backup.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from federation.errors import TrustError
from federation.keyfiles import has_keys, load_keys, load_old_seal_keys, save_keys, save_old_seal_key
from federation.keys import Identity, NodeKeys
from node.exchange.heads import DiskHeadFile
from node.kernel.files import write_durably

FOLDER_MODE = 0o700


class NodeFolderError(TrustError):
    """The node's own files are missing, there already, or do not fit each other; the message names the file."""

    code = "node-folder"


@dataclass(frozen=True, slots=True)
class Trust:
    """What a node was told when it joined, and holds on to.

    Attributes:
        network, code, level: the node itself.
        anchor: thumbprint of the top's node key, pinned.
        parent: the parent's node name; "" at the top.
        parent_key: thumbprint of the parent's node key when last seen stated; "" at the top.
        parent_url: scheme, host and port; "" at the top.
        joined_at: RFC 3339; "" while the enrolment has not been answered with a chain.
        how: `founded` (a top), `invitation`, or `operator` (re-pinned by hand).
    """

    network: str
    code: str
    level: str
    anchor: str
    parent: str = ""
    parent_key: str = ""
    parent_url: str = ""
    joined_at: str = ""
    how: str = "invitation"

    @property
    def parent_code(self) -> str | None:
        """The parent's node code; None at the top."""
        return self.parent.rpartition("/")[2] or None

    @property
    def is_joined(self) -> bool:
        """Whether the node has its chain."""
        return self.joined_at != ""


def read_passphrase(path: Path | None) -> bytes | None:
    """The passphrase of the keys: the file's content without the line end; None when none is configured.

    Raises:
        NodeFolderError: the file cannot be read, is empty, or others may read it.
    """
    if path is None:
        return None
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise NodeFolderError(f"{path}: {error.strerror}") from error
    passphrase = content.rstrip(b"\r\n")
    if passphrase == b"":
        raise NodeFolderError(f"{path}: empty")
    if mode & 0o077:
        raise NodeFolderError(f"{path}: others may read it (mode {mode & 0o777:o}); make it 600")
    return passphrase


class NodeFolder:
    """The node's own files in its data folder.

    Args:
        data_dir: the folder; it must exist.
        passphrase: for the key files; None leaves them unencrypted.
    """

    def __init__(self, data_dir: Path, passphrase: bytes | None = None) -> None:
        self.data_dir = data_dir
        self._passphrase = passphrase
        self._keys_dir = data_dir / "keys"
        self._current_path = self._keys_dir / "current"
        self._trust_path = data_dir / "trust.json"
        self._lock = threading.Lock()
        self._loaded: tuple[tuple[int, ...], Identity] | None = None
        self.heads = DiskHeadFile(data_dir / "heads.json")

    @property
    def blob_folder(self) -> Path:
        """Where ciphertexts lie."""
        return self.data_dir / "blobs"

    # --- keys ------------------------------------------------------------------------------------------------

    @property
    def has_keys(self) -> bool:
        """Whether a set of keys is in use."""
        return self._current_path.exists()

    def make_keys(self) -> NodeKeys:
        """The keys of a new node: made once, the same at every later call."""
        if not self.has_keys:
            self._prepare(1)
            self._use(1)
        return self._load(self._current_number())

    def prepare_next_keys(self) -> NodeKeys:
        """The keys a rotation asks for: made once, and the same until `use_next_keys`."""
        number = self._current_number() + 1
        self._prepare(number)
        return self._load(number)

    def use_next_keys(self) -> NodeKeys:
        """Go over to the prepared keys; the seal keys of before are kept beside them. Twice is nothing.

        Raises:
            NodeFolderError: none are prepared.
        """
        number = self._current_number()
        if not has_keys(self._set(number + 1)):
            raise NodeFolderError(f"{self._set(number + 1)}: no keys are prepared")
        old = self._load(number)
        kept = load_old_seal_keys(self._set(number), self._passphrase)
        for key in (*kept, old.seal):
            save_old_seal_key(self._set(number + 1), key, self._passphrase)
        self._use(number + 1)
        return self._load(number + 1)

    def replace_keys(self) -> NodeKeys:
        """New keys at once, for a node that is enrolled again after its keys were revoked."""
        self.prepare_next_keys()
        return self.use_next_keys()

    def _set(self, number: int) -> Path:
        return self._keys_dir / str(number)

    def _prepare(self, number: int) -> None:
        self._keys_dir.mkdir(mode=FOLDER_MODE, exist_ok=True)
        if not has_keys(self._set(number)):
            save_keys(self._set(number), NodeKeys.generate(), self._passphrase)

    def _use(self, number: int) -> None:
        write_durably(self._current_path, f"{number}\n".encode("ascii"))

    def _current_number(self) -> int:
        try:
            return int(self._current_path.read_text(encoding="ascii"))
        except FileNotFoundError as error:
            raise NodeFolderError(f"{self._keys_dir}: this node has no keys yet") from error
        except ValueError as error:
            raise NodeFolderError(f"{self._current_path}: damaged") from error

    def _load(self, number: int) -> NodeKeys:
        return load_keys(self._set(number), self._passphrase)

    # --- trust -----------------------------------------------------------------------------------------------

    def read_trust(self) -> Trust | None:
        """What was pinned at joining; None before.

        Raises:
            NodeFolderError: the file is damaged.
        """
        try:
            value = json.loads(self._trust_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise NodeFolderError(f"{self._trust_path}: damaged") from error
        names = {entry.name for entry in fields(Trust)}
        if not isinstance(value, dict) or not set(value) <= names:
            raise NodeFolderError(f"{self._trust_path}: not what this version writes")
        try:
            return Trust(**value)
        except TypeError as error:
            raise NodeFolderError(f"{self._trust_path}: incomplete") from error

    def write_trust(self, trust: Trust) -> None:
        """Pin what a node trusts; durable when it returns."""
        text = json.dumps(asdict(trust), ensure_ascii=False, indent=1, sort_keys=True)
        write_durably(self._trust_path, text.encode("utf-8"))

    # --- identity --------------------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Who this node is, read again when another process changed the files (rotation, joining).

        Raises:
            NodeFolderError: the node has neither founded a network nor been given an invitation.
        """
        stamp = (*_stamp(self._current_path), *_stamp(self._trust_path))
        with self._lock:
            if self._loaded is None or self._loaded[0] != stamp:
                self._loaded = (stamp, self._read_identity())
            return self._loaded[1]

    def _read_identity(self) -> Identity:
        trust = self.read_trust()
        if trust is None:
            raise NodeFolderError(f"{self.data_dir}: this node belongs to no network yet")
        number = self._current_number()
        return Identity(
            network=trust.network,
            code=trust.code,
            level=trust.level,
            keys=self._load(number),
            parent_code=trust.parent_code,
            old_seal_keys=load_old_seal_keys(self._set(number), self._passphrase),
        )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
