"""An agent's traits, as its answers give them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spinodal._errors import RequestError
from spinodal.traits._inventory import Inventory, Questionnaire, Statement


@dataclass(frozen=True)
class Profile:
    """Score of each trait, in [0, 1]; NaN where no answer said Yes or No."""

    scores: Mapping[str, float]

    @classmethod
    def of(cls, answers: Iterable[tuple[Statement, float]]) -> Profile:
        """From statements and the probability of Yes to each: the mean over a trait's statements.

        Each keying counts half, so that saying Yes to everything gives 0.5 whatever was answered by chance.
        """
        told: dict[str, dict[str, list[float]]] = {}
        for statement, p_yes in answers:
            keyed = told.setdefault(statement.trait, {"yes": [], "no": []})
            if not math.isnan(p_yes):
                keyed[statement.key].append(statement.score(p_yes))
        scores = {}
        for trait, keyed in told.items():
            means = [sum(values) / len(values) for values in keyed.values() if values]
            scores[trait] = sum(means) / 2 if len(means) == 2 else math.nan
        return cls(scores)

    def core(self, inventory: Inventory, threshold: float, literal: bool = False) -> list[str]:
        """Traits above the threshold, strongest first.

        Args:
            inventory: what the traits are.
            threshold: in [0, 1].
            literal: every trait, as the contagion study has it; otherwise pro-social ones alone, for an
                anti-social trait above the threshold would be reinforced.
        """
        require_threshold(threshold)
        above = [
            trait.name
            for trait in inventory.traits
            if (literal or trait.valence == "pro") and self.scores.get(trait.name, math.nan) > threshold
        ]
        return sorted(above, key=lambda name: -self.scores[name])

    def to_dict(self) -> dict[str, Any]:
        return {name: None if math.isnan(score) else score for name, score in self.scores.items()}


def prosociality(scores: Mapping[str, float], signs: Mapping[str, int]) -> float:
    """Mean over pro-social traits and over anti-social ones turned round, in [0, 1]; NaN where none is known.

    Args:
        scores: of traits, in [0, 1].
        signs: direction of each trait: 1, -1, or 0 for one that does not count.
    """
    turned = [
        scores[name] if sign > 0 else 1.0 - scores[name]
        for name, sign in signs.items()
        if sign and not math.isnan(scores.get(name, math.nan))
    ]
    return sum(turned) / len(turned) if turned else math.nan


def require_threshold(threshold: float) -> None:
    """`RequestError` for a threshold that no score can pass or fail."""
    if not 0.0 <= threshold <= 1.0:
        raise RequestError(
            f"the threshold of a trait is {threshold}; scores lie in 0 to 1, give one of those"
        )


def core_statements(questions: Questionnaire, core: Iterable[str]) -> tuple[str, ...]:
    """Held-out statements that somebody with these traits would say: one of each trait in turn."""
    by_trait = [
        [one.text for one in questions.held_out if one.trait == name and one.key == "yes"] for name in core
    ]
    longest = max(map(len, by_trait), default=0)
    return tuple(texts[place] for place in range(longest) for texts in by_trait if place < len(texts))
