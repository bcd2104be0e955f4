"""System prompt repetition: the agent is told again what it was told at first."""

from __future__ import annotations

from dataclasses import dataclass

from spinodal.guards._message import Message


@dataclass(frozen=True)
class SystemPrompt:
    """The words of the conversation's own system prompt; nothing where it has none.

    The mitigation that the contagion study (arXiv 2605.02751) found of no help, and often harmful.
    """

    def say(self, messages: list[Message], occasion: int) -> str:
        lead = messages[0] if messages else None
        return lead.content if lead is not None and lead.role == "system" else ""
