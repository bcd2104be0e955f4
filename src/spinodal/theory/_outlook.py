"""Everything the theory says of one response, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinodal.response import ResponseFunction
from spinodal.theory._chain import Chain, EscapeTimes, escape_between
from spinodal.theory._mean_field import FixedPoint, Phase, States, fixed_points, phase_of, states_of
from spinodal.theory._tanh import Side
from spinodal.theory._tipping import TippingThreshold, tipping_threshold


@dataclass(frozen=True)
class Outlook:
    """What a population of agents with one response will do."""

    phase: Phase
    fixed_points: tuple[FixedPoint, ...]
    """Ascending in m."""
    tipping: Mapping[Side, TippingThreshold]
    """By the option that the zealots hold."""
    escape: EscapeTimes | None
    """Lifetimes in the finite population asked about; None if none was."""

    @property
    def states(self) -> States:
        """The A state and the B state."""
        return states_of(self.fixed_points)

    def to_dict(self) -> dict[str, Any]:
        """`phase`, `fixed_points`, `tipping`, and `escape_sweeps` if a finite population was asked about."""
        of_finite = {} if self.escape is None else {"escape_sweeps": self.escape.to_dict()}
        return {
            "phase": self.phase,
            "fixed_points": [point.to_dict() for point in self.fixed_points],
            "tipping": {side: threshold.to_dict() for side, threshold in self.tipping.items()},
            **of_finite,
        }


def outlook(response: ResponseFunction, agents: int | None = None) -> Outlook:
    """Phase, fixed points and tipping thresholds of a response; with `agents` >= 2, lifetimes as well.

    Raises `RequestError` for fewer agents, or a response that returns no probability.
    """
    chain = None if agents is None else Chain(response, agents)
    points = fixed_points(response)
    return Outlook(
        phase=phase_of(points),
        fixed_points=points,
        tipping={"A": tipping_threshold(response, "A"), "B": tipping_threshold(response, "B")},
        escape=None if chain is None else escape_between(chain, states_of(points)),
    )
