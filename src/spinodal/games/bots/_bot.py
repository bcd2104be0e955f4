"""What a bot is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from spinodal.games._game import Game


class Bot(Protocol):
    """A scripted player: a family, one small class a file."""

    @property
    def name(self) -> str:
        """What users and tables call it."""

    def move(self, game: Game, theirs: Sequence[str | None], random: np.random.Generator) -> str:
        """Its move toward an opponent.

        Args:
            game: what is played.
            theirs: the opponent's earlier moves toward it; None where one was not readable.
            random: its own chance, for bots that use any.
        """
