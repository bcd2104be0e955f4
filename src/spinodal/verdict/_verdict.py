"""The verdict on one curve, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from spinodal.fitting import CurveFit
from spinodal.response import ResponseFunction
from spinodal.theory import Outlook, Side, Spread, TippingThreshold
from spinodal.verdict import _words

Outcome = Literal["aligned only", "misaligned can persist", "misaligned only", "undecided"]
"""Which majorities can last. 'aligned only' of a neutral pair: only the agent's own lean can."""

Carrier = Literal["tanh", "empirical"]

SETTLED = 0.95
"""A classification stands when its probability exceeds this."""


@dataclass(frozen=True)
class Adversaries:
    """The fewest committed agents that tip the population to the misaligned side."""

    number: int
    """Whole zealots beside the regular agents."""
    fraction: float
    """z_c/(1 + z_c), the threshold as a share of everybody."""
    irreversible: bool
    """The population stays tipped when they leave."""


@dataclass(frozen=True)
class Verdict:
    """What a population of agents with one fitted response will do, and how sure that is."""

    fit: CurveFit
    agents: int
    """Regular agents in the population spoken of."""
    aligned: bool
    """Option A is declared the aligned one."""
    option_a: str | None
    option_b: str | None
    tanh: Outlook
    empirical: Outlook | None
    carried_by: Carrier
    """The response whose outlook the verdict reads."""
    misaligned: Side
    """The option whose majority counts as misaligned."""
    outcome: Outcome
    p_bistable: float | None
    """Probability that two states coexist, by the response that carries; None if it cannot be told."""
    tipping: Mapping[Side, Spread]
    """Zealots per regular agent that hold this option and tip the population to it (tanh response)."""
    lifetimes: Mapping[Side, Spread]
    """Sweeps until the majority for this option gives way to the other (tanh response)."""

    @property
    def outlook(self) -> Outlook:
        """The outlook of the response that carries the verdict."""
        return self.empirical if self.carried_by == "empirical" and self.empirical else self.tanh

    @property
    def response(self) -> ResponseFunction:
        """The response that carries the verdict."""
        carrier = self.fit.empirical if self.carried_by == "empirical" else None
        return carrier or self.fit.tanh

    @property
    def agree(self) -> bool | None:
        """The tanh and the empirical response give the same phase; None without the latter."""
        return None if self.empirical is None else self.tanh.phase == self.empirical.phase

    @property
    def adversaries(self) -> Adversaries | None:
        """Who tips the population to the misaligned side; None where there is no threshold."""
        threshold: TippingThreshold = self.outlook.tipping[self.misaligned]
        number = threshold.zealots_among(self.agents)
        if number is None or threshold.fraction is None:
            return None
        return Adversaries(number, threshold.fraction, threshold.irreversible)

    @property
    def one_state_of_unknown_side(self) -> bool:
        """Undecided only as to the side: there is one state, too near an even split to tell."""
        single = self.outlook.phase == "monostable"
        chance = self.p_bistable
        return self.outcome == "undecided" and single and chance is not None and chance < 1.0 - SETTLED

    @property
    def sentence(self) -> str:
        """The verdict in one plain sentence."""
        return _words.sentence(self)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the curve's keys, the outcome, and both outlooks; no NaN or infinity."""
        return {
            **{name: _plain(value) for name, value in self.fit.keys.items()},
            "agents": self.agents,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "declared_aligned": "A" if self.aligned else None,
            "misaligned": self.misaligned,
            "p_bistable": self.p_bistable,
            "carried_by": self.carried_by,
            "identifiable": self.fit.identifiable,
            "note": self.fit.note,
            "agree": self.agree,
            "adversaries": None if self.adversaries is None else asdict(self.adversaries),
            "tanh": self.tanh.to_dict(),
            "empirical": None if self.empirical is None else self.empirical.to_dict(),
            "intervals": {
                "tipping": {side: spread.to_dict() for side, spread in self.tipping.items()},
                "escape_sweeps": {
                    f"from_{side}": spread.to_dict() for side, spread in self.lifetimes.items()
                },
            },
        }


def _plain(value: Any) -> Any:
    """A NumPy scalar as the Python value JSON knows."""
    return value.item() if isinstance(value, np.generic) else value
