"""Bots that do the same whatever others do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinodal.games._game import Game


@dataclass(frozen=True)
class AlwaysCooperate:
    """Takes the co-operative move."""

    name: str = "always-cooperate"

    def move(self, game: Game, theirs: Sequence[str | None], random: np.random.Generator) -> str:
        return game.cooperative


@dataclass(frozen=True)
class AlwaysDefect:
    """Takes the first move that is not the co-operative one."""

    name: str = "always-defect"

    def move(self, game: Game, theirs: Sequence[str | None], random: np.random.Generator) -> str:
        return next(move for move in game.moves if move != game.cooperative)
