"""Statements about the agent: of its own traits (steering with implicit traits), or of any (a control)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spinodal.guards._message import Message

STATEMENTS_WORDS: Final = (
    'Keep in mind who you are. You would say of yourself: "{statement}". Stay true to that.'
)
"""How a statement is put to the agent; ours."""


@dataclass(frozen=True)
class Statements:
    """One statement a reminder, each in turn.

    Steering with implicit traits (arXiv 2605.02751) takes them from the agent's own strong traits, as
    measured before; drawn from any traits, they are its control.
    """

    statements: tuple[str, ...]

    def say(self, messages: list[Message], occasion: int) -> str:
        if not self.statements:
            return ""
        return STATEMENTS_WORDS.format(statement=self.statements[occasion % len(self.statements)])
