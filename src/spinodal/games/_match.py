"""A match: so many rounds of a game among its players, each with every other."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spinodal.games._game import Game, Moves, written

VOID_WORDS: Final = "no readable move"
"""How a broadcast writes a move that could not be read."""


@dataclass(frozen=True)
class Round:
    """What came of one round."""

    number: int
    """From 1."""
    moves: Moves
    gains: dict[str, dict[str, float]]
    """By player and opponent."""
    scores: dict[str, float]
    """Of all rounds so far."""
    broadcast: str
    """What all players are told of it."""


class Match:
    """Payoffs and scores of a game that is played.

    A pair of whom one gave no readable move gets nothing from that meeting, neither of them, and everybody is
    told: an unreadable move is never taken for another.
    """

    def __init__(self, game: Game, players: Sequence[str], rounds: int) -> None:
        self.game, self.players, self.rounds = game, tuple(players), rounds
        self.scores = dict.fromkeys(self.players, 0.0)
        self.played: list[Round] = []

    def resolve(self, moves: Moves) -> Round:
        """Carry out a round in which everybody has moved."""
        gains: dict[str, dict[str, float]] = {player: {} for player in self.players}
        lines = []
        for one, other in itertools.combinations(self.players, 2):
            pair = moves[one].get(other), moves[other].get(one)
            if pair[0] is None or pair[1] is None:
                gains[one][other] = gains[other][one] = 0.0
            else:
                gains[one][other] = self.game.gain(pair[0], pair[1])
                gains[other][one] = self.game.gain(pair[1], pair[0])
            said = ", ".join(move or VOID_WORDS for move in pair)
            got = f"{_signed(gains[one][other])}, {_signed(gains[other][one])}"
            lines.append(f"{one} and {other}: {said} ({got})")
        for player in self.players:
            self.scores[player] += sum(gains[player].values())
        number = len(self.played) + 1
        scores = ", ".join(f"{player} {written(self.scores[player])}" for player in self.players)
        text = "\n".join([f"Results of round {number}:", *lines, f"Scores: {scores}."])
        self.played.append(Round(number, moves, gains, dict(self.scores), text))
        return self.played[-1]


def _signed(points: float) -> str:
    text = written(points)
    return text if text.startswith("-") else f"+{text}"


_MEETING = re.compile(r"^(.+?) and (.+?): (.+?), (.+?) \(", re.MULTILINE)


def meetings(name: str, text: str) -> list[tuple[str, str | None]]:
    """Of the broadcasts in a text, each opponent of a player and the move it made toward that player.

    None stands for a move that could not be read.
    """
    found = []
    for one, other, first, second in _MEETING.findall(text):
        if name in (one, other):
            opponent, move = (other, second) if name == one else (one, first)
            found.append((opponent, None if move == VOID_WORDS else move))
    return found
