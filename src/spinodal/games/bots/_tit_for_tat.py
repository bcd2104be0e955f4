"""The bot that does as it was done by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinodal.games._game import Game


@dataclass(frozen=True)
class TitForTat:
    """Co-operates first, then repeats what the opponent last did toward it (Axelrod 1984)."""

    name: str = "tit-for-tat"

    def move(self, game: Game, theirs: Sequence[str | None], random: np.random.Generator) -> str:
        readable = [move for move in theirs if move is not None]
        return readable[-1] if readable else game.cooperative
