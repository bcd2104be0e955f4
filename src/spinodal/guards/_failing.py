"""What happens when a guard fails: by default it is seen, at the call that it failed in."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from spinodal._errors import RequestError, RunError
from spinodal.guards._guard import Guard, GuardState
from spinodal.guards._message import Message

FailPolicy = Literal["closed", "open"]
"""What a guard that fails does to the call: stops it, or lets it go on unguarded."""

FAIL_POLICIES: Final[tuple[FailPolicy, ...]] = get_args(FailPolicy)


class GuardError(RunError):
    """A guard failed, and its policy is to fail closed: the model is not called."""


class GuardWarning(UserWarning):
    """A guard failed, and its policy is to fail open: the model is shown what is stored."""


@dataclass(frozen=True)
class Failing:
    """A guard with a policy for when it fails.

    Args:
        guard: the one that may fail.
        policy: "closed" raises `GuardError`; "open" warns (`GuardWarning`), counts, and shows what is stored.
    """

    guard: Guard
    policy: FailPolicy = "closed"
    _count: list[int] = field(default_factory=lambda: [0], repr=False, compare=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.policy not in FAIL_POLICIES:
            raise RequestError(f"a guard that fails {self.policy!r}; give closed or open")

    @property
    def name(self) -> str:
        return self.guard.name

    @property
    def failures(self) -> int:
        """Calls that went on unguarded."""
        return self._count[0]

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:  # noqa: B008
        """What the guard shows; what is stored where it failed and may."""
        try:
            return self.guard.apply(messages, state)
        except Exception as error:
            told = f"guard {self.name} failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
            if self.policy == "closed":
                raise GuardError(f"{told}; the model was not called") from error
            with self._lock:
                self._count[0] += 1
            warnings.warn(
                f"{told}; the model is shown the conversation without it ({self.failures} calls so far)",
                GuardWarning,
                stacklevel=2,
            )
            return list(messages)
