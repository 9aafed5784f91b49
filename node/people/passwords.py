"""Passwords: Argon2id, few at a time.

One hash takes tens of megabytes, so the number running at once is capped; others wait. A hash made with older costs
is renewed at the next sign-in. Source: RFC 9106; libraries.md (argon2-cffi).
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from node.people.problems import PASSWORD_MIN, weak_password

PASSWORD_MAX = 200
INITIAL_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that are read for another: l 1 o 0 i."""


@dataclass(frozen=True, slots=True)
class HashCost:
    """Argon2id costs: memory in KiB, passes, lanes; and how many hashes may run at once."""

    memory_kib: int = 65_536
    passes: int = 3
    lanes: int = 1
    parallel: int = 2


@dataclass(frozen=True)
class Passwords:
    """Hashes and checks passwords at one cost."""

    cost: HashCost = HashCost()
    _hasher: PasswordHasher = field(init=False, repr=False)
    _gate: threading.BoundedSemaphore = field(init=False, repr=False)
    _decoy: list[str] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        hasher = PasswordHasher(
            time_cost=self.cost.passes, memory_cost=self.cost.memory_kib, parallelism=self.cost.lanes
        )
        object.__setattr__(self, "_hasher", hasher)
        object.__setattr__(self, "_gate", threading.BoundedSemaphore(self.cost.parallel))

    def hash(self, password: str) -> str:
        """The encoded hash with its own salt."""
        with self._gate:
            return self._hasher.hash(password)

    def matches(self, encoded: str, password: str) -> bool:
        """Whether the password made that hash; False for a hash that cannot be read."""
        with self._gate:
            try:
                return self._hasher.verify(encoded, password)
            except (VerificationError, InvalidHashError):
                return False

    def spend(self, password: str) -> None:
        """Takes as long as a check of a real account, so that time does not tell which accounts exist."""
        if not self._decoy:
            self._decoy.append(self.hash(secrets.token_urlsafe(16)))
        self.matches(self._decoy[0], password)

    def is_outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(encoded)


def new_initial_password() -> str:
    """A first password to be handed over on paper: 12 unmistakable characters in groups of four."""
    letters = [secrets.choice(INITIAL_ALPHABET) for _ in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 12, 4))


def require_strong(password: str, login: str, name: str) -> None:
    """Refuses what is short, one repeated character, or the account's own name.

    Raises:
        Problem: `password-weak`, with the reason.
    """
    if len(password) < PASSWORD_MIN:
        raise weak_password(f"至少 {PASSWORD_MIN} 个字符", f"at least {PASSWORD_MIN} characters")
    if len(password) > PASSWORD_MAX:
        raise weak_password(f"最多 {PASSWORD_MAX} 个字符", f"at most {PASSWORD_MAX} characters")
    if len(set(password)) < 4:
        raise weak_password("重复的字符太多", "too many repeated characters")
    folded = password.casefold()
    if login.casefold() in folded or (len(name) > 1 and name.casefold() in folded):
        raise weak_password("不能包含账号或姓名", "it must not contain the account or the name")
