"""Scripted players, one class a strategy: a new one is a small file and a line in `BOTS`."""

from collections.abc import Mapping
from typing import Final

from spinodal.games.bots._always import AlwaysCooperate, AlwaysDefect
from spinodal.games.bots._bot import Bot
from spinodal.games.bots._random import RandomMoves
from spinodal.games.bots._tit_for_tat import TitForTat

BOTS: Final[Mapping[str, Bot]] = {
    bot.name: bot for bot in (AlwaysCooperate(), AlwaysDefect(), TitForTat(), RandomMoves())
}
"""Every bot by its name."""

__all__ = ["BOTS", "AlwaysCooperate", "AlwaysDefect", "Bot", "RandomMoves", "TitForTat"]
