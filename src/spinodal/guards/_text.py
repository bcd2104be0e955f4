"""The user's own words, as a reminder."""

from __future__ import annotations

from dataclasses import dataclass

from spinodal.guards._message import Message


@dataclass(frozen=True)
class Text:
    """The same words at every reminder."""

    words: str

    def say(self, messages: list[Message], occasion: int) -> str:
        return self.words
