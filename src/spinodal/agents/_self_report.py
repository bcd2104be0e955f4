"""Statements about traits as synthetic agents know them: those that ship with the project."""

from __future__ import annotations

import re
from functools import cache

from spinodal.traits import DEFAULT_INVENTORY, Statement, Valence, load_inventory


def statement_asked(text: str) -> Statement | None:
    """The first statement between quotation marks that the shipped inventory holds; None without one."""
    return next(filter(None, map(known_statement, re.findall(r'"([^"\n]+)"', text))), None)


def known_statement(text: str) -> Statement | None:
    """The statement of these words in the shipped inventory; None where it has none."""
    return _statements().get(text)


def valence_of(trait: str) -> Valence:
    """The valence of a trait of the shipped inventory."""
    return _valences()[trait]


@cache
def _statements() -> dict[str, Statement]:
    inventory = load_inventory(DEFAULT_INVENTORY)
    return {one.text: one for trait in inventory.traits for one in trait.statements()}


@cache
def _valences() -> dict[str, Valence]:
    return {trait.name: trait.valence for trait in load_inventory(DEFAULT_INVENTORY).traits}
