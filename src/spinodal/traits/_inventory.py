"""Traits and the statements that measure them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

import numpy as np

from spinodal._errors import RequestError
from spinodal._nearest import nearest

Valence = Literal["pro", "anti", "neutral"]
"""Whether a trait is pro-social, anti-social or neither."""

VALENCES: Final[tuple[Valence, ...]] = get_args(Valence)

SIGN: Final[Mapping[str, int]] = {"pro": 1, "anti": -1, "neutral": 0}
"""Direction of a trait in the pro-sociality of an agent, by its valence."""

Key = Literal["yes", "no"]
"""The answer that somebody with the trait gives."""


@dataclass(frozen=True)
class Statement:
    """Something an agent may say of itself."""

    text: str
    trait: str
    key: Key

    def score(self, p_yes: float) -> float:
        """The trait's score in [0, 1] from the probability of Yes."""
        return p_yes if self.key == "yes" else 1.0 - p_yes

    def to_dict(self) -> dict[str, Any]:
        return {"text": self.text, "trait": self.trait, "key": self.key}


@dataclass(frozen=True)
class Trait:
    """A disposition, with statements of either keying.

    Raises:
        RequestError: statements of one keying only, whose score yes-saying would raise or lower.
    """

    name: str
    valence: Valence
    yes: tuple[str, ...]
    no: tuple[str, ...]
    about: str = ""

    def __post_init__(self) -> None:
        if self.valence not in VALENCES:
            raise RequestError(
                f"trait {self.name}: its valence is {self.valence!r}; give {', '.join(VALENCES[:-1])} or "
                f"{VALENCES[-1]}"
            )
        if not self.yes and not self.no:
            raise RequestError(f"trait {self.name} has no statements; add some keyed yes and some keyed no")
        if not (self.yes and self.no):
            there, missing = ("yes", "no") if self.yes else ("no", "yes")
            raise RequestError(
                f"trait {self.name} has statements keyed {there} only, so that saying yes to everything "
                f"would pass for it; add some keyed {missing}"
            )
        twice = [text for text in self.yes if text in self.no]
        twice += [text for text in (*self.yes, *self.no) if (*self.yes, *self.no).count(text) > 1]
        if twice:
            raise RequestError(f"trait {self.name}: {twice[0]!r} comes twice; keep one")

    def statements(self) -> list[Statement]:
        """All of them, those keyed yes first."""
        keyed: list[tuple[str, Key]] = [(text, "yes") for text in self.yes]
        keyed += [(text, "no") for text in self.no]
        return [Statement(text, self.name, key) for text, key in keyed]


@dataclass(frozen=True)
class Inventory:
    """Traits, in order."""

    name: str
    traits: tuple[Trait, ...]

    def __post_init__(self) -> None:
        if not self.traits:
            raise RequestError(f"the inventory {self.name} holds no trait; give one or more")
        names = [trait.name for trait in self.traits]
        for name in names:
            if names.count(name) > 1:
                raise RequestError(f"the inventory {self.name} has the trait {name} twice; rename one")

    @cached_property
    def by_name(self) -> Mapping[str, Trait]:
        """Its traits by their names."""
        return {trait.name: trait for trait in self.traits}

    @property
    def signs(self) -> list[int]:
        """+1 for pro-social traits, -1 for anti-social ones, 0 for others, in order."""
        return [SIGN[trait.valence] for trait in self.traits]

    @property
    def digest(self) -> str:
        """SHA-256 over all statements, in hexadecimal."""
        text = "\0".join(
            "\0".join((trait.name, trait.valence, *trait.yes, "\0", *trait.no)) for trait in self.traits
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def choose(self, names: Sequence[str]) -> Inventory:
        """The same with these traits alone, in the order named; `RequestError` for an unknown one."""
        for name in names:
            if name not in self.by_name:
                raise RequestError(
                    f"no trait {name!r} in the inventory {self.name}; "
                    f"did you mean {nearest(name, self.by_name)}?"
                )
            if names.count(name) > 1:
                raise RequestError(f"the trait {name} is chosen twice; name it once")
        return Inventory(self.name, tuple(self.by_name[name] for name in names))

    def split(self, statements: int, reminders: int, seed: int) -> Questionnaire:
        """Statements to ask, half of either keying, and others, held out of them, to remind with.

        Args:
            statements: to ask of each trait; an even number.
            reminders: of each trait and keying, kept for guards to say.
            seed: of the draw.

        Raises:
            RequestError: a trait has too few of a keying for both.
        """
        if statements < 2 or statements % 2:
            raise RequestError(
                f"{statements} statements a trait; give an even number, half of them of either keying"
            )
        if reminders < 1:
            raise RequestError(f"{reminders} statements a trait to remind with; give 1 or more")
        if seed < 0:
            raise RequestError(f"the seed is {seed}; give a whole number of 0 or more")
        wanted = statements // 2
        asked: list[Statement] = []
        rests: list[tuple[Trait, Key, list[Statement]]] = []
        for place, trait in enumerate(self.traits):
            rng = np.random.default_rng([seed, place, *trait.name.encode()])
            keyed: tuple[tuple[Key, tuple[str, ...]], ...] = (("yes", trait.yes), ("no", trait.no))
            for key, texts in keyed:
                if len(texts) < wanted + reminders:
                    raise _too_few(trait, f"{len(texts)} statements keyed {key}", wanted, reminders)
                drawn = [Statement(texts[at], trait.name, key) for at in rng.permutation(len(texts))]
                asked += drawn[:wanted]
                rests.append((trait, key, drawn[wanted:]))
        # A statement may belong to two traits, as some of the personas' do: asked of one, it reminds of none.
        known = {statement.text for statement in asked}
        held: list[Statement] = []
        for trait, key, rest in rests:
            free = [statement for statement in rest if statement.text not in known]
            if len(free) < reminders:
                has = f"{wanted + len(free)} statements keyed {key} that are not asked of another trait"
                raise _too_few(trait, has, wanted, reminders)
            held += free[:reminders]
        return Questionnaire(self, tuple(asked), tuple(held))


def _too_few(trait: Trait, has: str, asked: int, reminders: int) -> RequestError:
    return RequestError(
        f"trait {trait.name} has {has}, but {asked} are to be asked and {reminders} kept to remind with; "
        "ask for fewer statements or add some"
    )


@dataclass(frozen=True)
class Questionnaire:
    """Statements of an inventory to ask, and others to remind with: no statement is both."""

    inventory: Inventory
    asked: tuple[Statement, ...]
    held_out: tuple[Statement, ...]

    @property
    def traits(self) -> list[str]:
        """Names of its traits, in order."""
        return [trait.name for trait in self.inventory.traits]
