"""A game: payoffs, moves and the text of its rules."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from spinodal._errors import RequestError

Decision = Literal["per-opponent", "one-for-all"]
"""Whether a player picks a move for each opponent, or one for all of them together."""

_BRACKETED = re.compile(r"\[([^\[\]]*)\]")
_MOVE = re.compile(r"[A-Za-z][A-Za-z0-9 _-]*")
_LONGEST_MOVE: Final = 24


@dataclass(frozen=True)
class Game:
    """A symmetric game between pairs, played by any number of players at once.

    Each player meets each other one; a round's gain is the sum over opponents. With one decision for all, a
    linear public good is such a game as well: a share of what the opponent gives, less a part of what one
    gives oneself.

    Raises:
        RequestError: a matrix that does not fit the moves, or rules that name other moves than it has.
    """

    name: str
    title: str
    moves: tuple[str, ...]
    cooperative: str
    """The move that counts as co-operation."""
    payoffs: tuple[tuple[float, ...], ...]
    """Own gain, by own move (row) and the opponent's (column), in the order of the moves."""
    rules: str
    """What players are told, each move in square brackets at least once."""
    decision: Decision = "per-opponent"

    def __post_init__(self) -> None:
        size = len(self.moves)
        if size < 2:
            raise RequestError(f"game {self.name} has {size} moves; give two or more")
        for move in self.moves:
            if not _MOVE.fullmatch(move) or len(move) > _LONGEST_MOVE:
                raise RequestError(
                    f"game {self.name}: a move is {move!r}; give a word of letters, "
                    f"{_LONGEST_MOVE} characters at most"
                )
        if len({move.casefold() for move in self.moves}) < size:
            raise RequestError(f"game {self.name} has a move twice ({', '.join(self.moves)}); name each once")
        rows = [len(row) for row in self.payoffs]
        if rows != [size] * size:
            shape = f"{len(rows)} rows of {', '.join(map(str, rows)) or 'no'} payoffs"
            raise RequestError(
                f"game {self.name} has {shape} for {size} moves; give {size} rows of {size}, "
                "own move by opponent's"
            )
        for row in self.payoffs:
            for payoff in row:
                if not abs(payoff) < 1e6:  # NaN too
                    raise RequestError(f"game {self.name} has a payoff of {payoff}; give a number")
        if self.cooperative not in self.moves:
            raise RequestError(
                f"game {self.name}: the co-operative move is {self.cooperative!r}; "
                f"name one of {', '.join(self.moves)}"
            )
        # Rules may be broken into lines anywhere, within a move's brackets too.
        named = {" ".join(found.split()) for found in _BRACKETED.findall(self.rules)}
        for move in sorted(named):
            if move not in self.moves:
                raise RequestError(
                    f"game {self.name}: its rules speak of the move [{move}], which the matrix lacks; it has "
                    f"{', '.join(self.moves)}"
                )
        for move in self.moves:
            if move not in named:
                raise RequestError(
                    f"game {self.name}: its rules never name the move [{move}]; write it in square brackets"
                )
        if self.decision not in ("per-opponent", "one-for-all"):
            raise RequestError(
                f"game {self.name}: decision is {self.decision!r}; give per-opponent or one-for-all"
            )

    def gain(self, own: str, theirs: str) -> float:
        """What a player gains from one opponent in one round."""
        return self.payoffs[self.moves.index(own)][self.moves.index(theirs)]

    def payoff_words(self, moves: Sequence[str] | None = None) -> str:
        """The matrix in words, its rows in the order of `moves`."""
        order = self.moves if moves is None else moves
        return "\n".join(
            f"- you {own}, the other {theirs}: you get {written(self.gain(own, theirs))}, "
            f"the other {written(self.gain(theirs, own))}"
            for own in order
            for theirs in order
        )

    @property
    def digest(self) -> str:
        """SHA-256 over everything it is, in hexadecimal."""
        return hashlib.sha256(repr(self.to_dict()).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "moves": list(self.moves),
            "cooperative": self.cooperative,
            "payoffs": [list(row) for row in self.payoffs],
            "rules": self.rules,
            "decision": self.decision,
        }


def written(points: float) -> str:
    """Points as players read them: no exponent, no negative zero, nothing that sums of floats leave."""
    return f"{round(points, 6) + 0.0:.6f}".rstrip("0").rstrip(".")


Moves = Mapping[str, Mapping[str, str]]
"""By player and opponent: the move; a missing one was not readable."""
