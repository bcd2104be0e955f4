"""Several guards as one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spinodal.guards._guard import Guard, GuardState
from spinodal.guards._message import Message


@dataclass(frozen=True)
class Composed:
    """Guards in turn, each on what those before it show; each counts and quotes what is stored."""

    guards: tuple[Guard, ...]

    @property
    def name(self) -> str:
        return "+".join(guard.name for guard in self.guards)

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:  # noqa: B008
        """The conversation as the last of them shows it."""
        if state.stored is None:
            state = replace(state, stored=tuple(messages))
        shown = list(messages)
        for guard in self.guards:
            shown = guard.apply(shown, state)
        return shown
