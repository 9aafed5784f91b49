"""Who takes part in the vectors: four real places, keys from fixed seeds, fixed instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from federation.keys import NodeKeys

NETWORK = "nantong.example"
CITY, COUNTY, TOWNSHIP, VILLAGE = "320600000000", "320623000000", "320623101000", "320623101001"
PLACES = {
    CITY: ("city", ("3206",), "南通市政务服务中心"),
    COUNTY: ("county", ("320623",), "如东县政务服务中心"),
    TOWNSHIP: ("township", ("320623101",), "洋口镇便民服务中心"),
    VILLAGE: ("village", ("320623101001",), "四海社区便民服务室"),
}
ISSUED = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
EXPIRES = ISSUED + timedelta(days=90)
WRITTEN = datetime(2026, 11, 24, 1, 14, tzinfo=UTC)
SENT = datetime(2026, 11, 24, 1, 14, 5, tzinfo=UTC)
RECEIPTED = datetime(2026, 11, 24, 1, 14, 6, tzinfo=UTC)
WITNESSED = datetime(2026, 11, 24, 1, 20, tzinfo=UTC)

CASE = "7b3a6c8e-51d2-4f09-9c1e-2f4a5b6c7d8e"
OFFER = "0d9f8e7c-6b5a-4938-8271-605f4e3d2c1b"


def seed_of(code: str) -> str:
    """The ASCII seed of a node's four keys."""
    return f"bianmin/1 vectors {code}"


KEYS = {code: NodeKeys.from_seed(seed_of(code).encode("ascii")) for code in PLACES}


def name_of(code: str) -> str:
    """Node name."""
    return f"{NETWORK}/{code}"


def nonce_of(label: str) -> bytes:
    """A fixed stand-in for randomness, as long as asked for by slicing: only ever in vectors."""
    return sha256(f"bianmin/1 vectors {label}".encode("ascii")).digest()
