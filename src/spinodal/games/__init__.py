"""Games: social dilemmas as small objects, the match that carries out their rounds, scripted players.

A game is payoffs, moves and the text of its rules, in a file of a few lines; nothing here knows a model.
"""

from spinodal.games._game import Decision, Game, Moves
from spinodal.games._load import BANK, load_game
from spinodal.games._match import VOID_WORDS, Match, Round, meetings
from spinodal.games._moves import EVERYBODY, asked_form, either, read_moves, targets, write_moves

__all__ = [
    "BANK",
    "EVERYBODY",
    "VOID_WORDS",
    "Decision",
    "Game",
    "Match",
    "Moves",
    "Round",
    "asked_form",
    "either",
    "load_game",
    "meetings",
    "read_moves",
    "targets",
    "write_moves",
]
