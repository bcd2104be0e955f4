"""Guards that say something at intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from spinodal.guards._cadence import Cadence, When
from spinodal.guards._forgery import defused
from spinodal.guards._guard import GuardState
from spinodal.guards._message import Message, in_turn, turn_starts
from spinodal.guards._placement import Placement, place_all


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
    cadence: When = field(default_factory=Cadence)
    placement: Placement = "trailing-system"
    retained: bool = False

    def apply(self, messages: list[Message], state: GuardState = GuardState()) -> list[Message]:  # noqa: B008
        """The conversation with the reminders in it."""
        stored = messages if state.stored is None else list(state.stored)
        places = turn_starts(messages)
        if state.pending and not in_turn(messages):
            places.append(len(messages))
        pending = len(places) - 1 if state.pending else None
        due = [
            turn
            for turn in (range(len(places)) if self.retained else () if pending is None else (pending,))
            if self.cadence.due(turn, state.drift if turn == pending else None)
        ]
        said = [(places[turn], self.words.say(stored, self.cadence.occasion(turn))) for turn in due]
        return place_all(defused(messages), [one for one in said if one[1]], self.placement, self.name)
