"""The bot that leaves it to chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinodal.games._game import Game


@dataclass(frozen=True)
class RandomMoves:
    """Takes every move with the same probability."""

    name: str = "random"

    def move(self, game: Game, theirs: Sequence[str | None], random: np.random.Generator) -> str:
        return game.moves[int(random.integers(len(game.moves)))]
