"""Everything the theory says of one response, in one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spinodal.response import ResponseFunction
from spinodal.theory._chain import Chain, EscapeTimes, escape_between
from spinodal.theory._mean_field import FixedPoint, Phase, States, fixed_points, phase_of, states_of
from spinodal.theory._progress import Progress
from spinodal.theory._tanh import Side
from spinodal.theory._tipping import TippingThreshold, threshold_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    agents: int | None
    """Regular agents in that population."""
    response: ResponseFunction = field(repr=False)

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

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the response with its fixed points and the flow between them."""
        from spinodal.plots import outlook

        return outlook(self, ax)


def outlook(response: ResponseFunction, agents: int | None = None) -> Outlook:
    """Phase, fixed points and tipping thresholds of a response; with `agents` >= 2, lifetimes as well.

    Raises `RequestError` for fewer agents, or a response that returns no probability.
    """
    chain = None if agents is None else Chain(response, agents)
    points = fixed_points(response)
    unmoved = phase_of(points)
    return Outlook(
        phase=unmoved,
        fixed_points=points,
        tipping={"A": threshold_in(response, "A", unmoved), "B": threshold_in(response, "B", unmoved)},
        escape=None if chain is None else escape_between(chain, states_of(points)),
        agents=agents,
        response=response,
    )


def outlooks(
    responses: Iterable[ResponseFunction], agents: int | None = None, *, progress: Progress | None = None
) -> list[Outlook]:
    """The outlook of each of many responses: about half a millisecond a curve, without `agents`.

    `progress` is told the share done.
    """
    asked = list(responses)
    found = []
    for response in asked:
        found.append(outlook(response, agents))
        if progress:
            progress(len(found) / len(asked))
    return found
