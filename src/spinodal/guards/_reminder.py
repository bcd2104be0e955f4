"""Guards that say something at intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from spinodal.guards._cadence import Cadence
from spinodal.guards._guard import GuardState
from spinodal.guards._message import Message
from spinodal.guards._placement import Placement, defused, place


class Words(Protocol):
    """What a reminder says: a family, one small class a file."""

    def say(self, messages: list[Message], occasion: int) -> str:
        """The words of a reminder; "" says nothing.

        Args:
            messages: the stored conversation.
            occasion: number of the reminder within it, from 0.
        """


@dataclass(frozen=True)
class Reminder:
    """Words put before some of the agent's own turns.

    An injection is never stored. By default the model sees it at the turn it is for, and not afterwards; with
    `retained` the model goes on seeing each reminder where it once stood, which keeps prompts prefixes of
    one another and is what a study that inserts messages into the conversation does.
    """

    name: str
    words: Words
    cadence: Cadence = field(default_factory=Cadence)
    placement: Placement = "trailing-system"
    retained: bool = False

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:  # noqa: B008
        """The conversation with the reminders in it."""
        places = [at for at, message in enumerate(messages) if message.role == "assistant"]
        if state.pending:
            places.append(len(messages))
        shown = defused(messages)
        last = len(places) - 1
        due = [
            turn
            for turn in range(len(places))
            if self.cadence.due(turn) and (self.retained or (state.pending and turn == last))
        ]
        if self.placement != "lead-system":
            due.reverse()  # from the last to the first, so that earlier places stay what they are
        for turn in due:
            words = self.words.say(messages, self.cadence.occasion(turn))
            if words:
                shown = place(shown, places[turn], words, self.placement, self.name)
        return shown
