"""Names on the wire: networks, node codes, node names, log origins (federation.md §2).

    network      nantong.example                          a domain-like name, no scheme
    node code    320623101001                             12 digits, statistical division code
    node name    nantong.example/320623101001             <network>/<code>
    log origins  nantong.example/320623101001/ledger/1    <node name>/ledger/<epoch>
                 nantong.example/320623101001/up/1        <node name>/up/<epoch>
                 nantong.example/320623101000/down/320623101001/1
                                                          <node name>/down/<child code>/<epoch>

Epochs count from 1 and are written without leading zeros. Every parser here re-formats what it read and
compares, so that a name has exactly one spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from federation.errors import TrustError

OriginKind = Literal["ledger", "up", "down"]

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NETWORK = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_CODE = re.compile(r"[0-9]{12}")
_EPOCH = re.compile(r"[1-9][0-9]{0,8}")
_NETWORK_LENGTH = 253  # characters, as for a domain name


class WireNameError(TrustError):
    """A network, code, node name or origin is not spelled as §2 says."""

    code = "name"


def check_network(network: str) -> str:
    """Return `network` when it is a lower-case domain-like name.

    Raises:
        WireNameError: it is not.
    """
    if len(network) > _NETWORK_LENGTH or _NETWORK.fullmatch(network) is None:
        raise WireNameError(f"not a network name: {network!r}")
    return network


def check_code(code: str) -> str:
    """Return `code` when it is twelve ASCII digits.

    Raises:
        WireNameError: it is not.
    """
    if _CODE.fullmatch(code) is None:
        raise WireNameError(f"not a node code of 12 digits: {code!r}")
    return code


def is_code(code: object) -> bool:
    """Whether `code` is a string of twelve ASCII digits."""
    return isinstance(code, str) and _CODE.fullmatch(code) is not None


def node_name(network: str, code: str) -> str:
    """`<network>/<code>`, both checked."""
    return f"{check_network(network)}/{check_code(code)}"


def parse_node_name(name: str) -> tuple[str, str]:
    """Split a node name into (network, code).

    Raises:
        WireNameError: it is no node name.
    """
    network, slash, code = name.partition("/")
    if slash != "/":
        raise WireNameError(f"not a node name: {name!r}")
    return check_network(network), check_code(code)


@dataclass(frozen=True, slots=True)
class Origin:
    """The name of one log. `child` is the child's code for a `down` log and "" for the others."""

    network: str
    code: str
    kind: OriginKind
    child: str
    epoch: int

    @property
    def owner(self) -> str:
        """Node name of the node that writes the log."""
        return f"{self.network}/{self.code}"

    def __str__(self) -> str:
        middle = f"down/{self.child}" if self.kind == "down" else self.kind
        return f"{self.network}/{self.code}/{middle}/{self.epoch}"


def _origin(name: str, kind: OriginKind, child: str, epoch: int) -> str:
    network, code = parse_node_name(name)
    if epoch < 1:
        raise WireNameError(f"epochs count from 1, not {epoch}")
    return str(Origin(network, code, kind, child, epoch))


def origin_up(name: str, epoch: int = 1) -> str:
    """Origin of the log a node writes to its parent. `name` is the writer's node name."""
    return _origin(name, "up", "", epoch)


def origin_down(name: str, child: str, epoch: int = 1) -> str:
    """Origin of the log a node writes to the child with the code `child`."""
    return _origin(name, "down", check_code(child), epoch)


def origin_ledger(name: str, epoch: int = 1) -> str:
    """Origin of a node's own ledger log."""
    return _origin(name, "ledger", "", epoch)


def parse_origin(text: str) -> Origin:
    """Read a log origin.

    Raises:
        WireNameError: it is none, or not in its one spelling.
    """
    parts = text.split("/")
    if len(parts) == 4 and parts[2] in ("up", "ledger"):
        network, code, kind, epoch = parts
        child = ""
    elif len(parts) == 5 and parts[2] == "down":
        network, code, kind, child, epoch = parts
        check_code(child)
    else:
        raise WireNameError(f"not a log origin: {text!r}")
    if _EPOCH.fullmatch(epoch) is None:
        raise WireNameError(f"not an epoch: {epoch!r}")
    checked: OriginKind = "up" if kind == "up" else "ledger" if kind == "ledger" else "down"
    return Origin(check_network(network), check_code(code), checked, child, int(epoch))
