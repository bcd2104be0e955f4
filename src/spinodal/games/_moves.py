"""Decisions as text: how they are asked for, written down and read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from spinodal.games._game import Game

EVERYBODY = "all"
"""Whom a decision for all opponents together is for."""


def targets(game: Game, opponents: Sequence[str]) -> tuple[str, ...]:
    """For whom a player of the game has to decide: each opponent, or all of them at once."""
    return tuple(opponents) if game.decision == "per-opponent" else (EVERYBODY,)


def write_moves(moves: Mapping[str, str]) -> str:
    """A decision as it is kept in the conversation: `[Jade: cooperate] [Olive: defect]`."""
    return " ".join(f"[{target}: {move}]" for target, move in moves.items())


def asked_form(for_whom: Sequence[str], moves: Sequence[str]) -> str:
    """The form of a decision as players are told it, the moves in the order given.

    It shows every move behind every name, and no move as an example.
    """
    return write_moves(dict.fromkeys(for_whom, either(moves)))


def either(moves: Sequence[str]) -> str:
    """Moves in words: "cooperate or defect"."""
    return " or ".join([", ".join(moves[:-1]), moves[-1]])


def read_moves(text: str, game: Game, for_whom: Sequence[str]) -> dict[str, str]:
    """The moves in a reply, by whom they are for; one that cannot be read is missing.

    Read are a JSON object, and `[NAME: MOVE]` in any order, with or without the colon, where a name says whom
    a move is for. A name with two different moves is unreadable. Whoever decides for one alone may leave the
    name out, if the reply brackets or consists of one move.
    """
    found: dict[str, set[str]] = {target: set() for target in for_whom}
    known = {move.casefold(): move for move in game.moves}
    names = {target.casefold(): target for target in for_whom}
    for name, said in _assignments(text):
        target, move = names.get(_plain(name)), known.get(_plain(said))
        if target and move:
            found[target].add(move)
    if len(for_whom) == 1 and not found[for_whom[0]]:
        bare = [text.strip().strip("[].\"'"), *re.findall(r"\[([^\[\]:]*)\]", text)]
        found[for_whom[0]] = {known[_plain(one)] for one in bare if _plain(one) in known}
    return {target: moves.pop() for target, moves in found.items() if len(moves) == 1}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _assignments(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    start, end = text.find("{"), text.rfind("}")
    if 0 <= start < end:
        try:
            # As pairs: a name that stands there twice must not lose its first move.
            entries = json.loads(text[start : end + 1], object_pairs_hook=list)
        except (ValueError, RecursionError):
            entries = []
        pairs += [(name, move) for name, move in entries if isinstance(move, str)]
    # Patterns that leave spaces to `split` read a reply of nothing but spaces in linear time.
    for inside in re.findall(r"\[([^\[\]]*)\]", text):
        pieces = inside.split(":" if ":" in inside else None, 1)
        if len(pieces) == 2:
            pairs.append((pieces[0], pieces[1]))
    return pairs
