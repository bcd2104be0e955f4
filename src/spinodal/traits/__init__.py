"""Traits: dispositions with a score in [0, 1], and the statements that measure them.

An inventory is a file of statements with trait and keying; a questionnaire is a draw of it, some statements
to ask and others, held out, to remind an agent with; a profile is what the answers come to.
"""

from spinodal.traits._inventory import (
    SIGN,
    Inventory,
    Key,
    Questionnaire,
    Statement,
    Trait,
    Valence,
)
from spinodal.traits._load import DEFAULT_INVENTORY, example_inventory, load_inventory
from spinodal.traits._profile import Profile, core_statements, prosociality, require_threshold

__all__ = [
    "DEFAULT_INVENTORY",
    "SIGN",
    "Inventory",
    "Key",
    "Profile",
    "Questionnaire",
    "Statement",
    "Trait",
    "Valence",
    "core_statements",
    "example_inventory",
    "load_inventory",
    "prosociality",
    "require_threshold",
]
