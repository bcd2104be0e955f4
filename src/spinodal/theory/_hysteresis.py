"""Hysteresis: zealots swept from one side to the other and back, exactly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray, ResponseFunction
from spinodal.theory._chain import Chain, require_agents
from spinodal.theory._evolve import evolve
from spinodal.theory._progress import Progress

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class HysteresisLoop:
    """Mean magnetization of the regular agents as signed zealots (+ for A) are swept up and back."""

    zealots: NDArray[np.int_]
    """Signed numbers of zealots, ascending, as many below 0 as above, shape (Z,)."""
    up: FloatArray
    """The same shape: on the way from B's zealots to A's."""
    down: FloatArray
    """The same shape, in the order of `zealots`: on the way back."""
    agents: int
    """Regular agents."""
    response: ResponseFunction = field(repr=False)

    @property
    def area(self) -> float:
        """Between the two branches, in units of m times zealots per regular agent; 0 without memory."""
        return float(np.trapezoid(self.down - self.up, self.zealots / self.agents))

    def to_dict(self) -> dict[str, Any]:
        """The branches as lists, and the area between them."""
        return {
            "agents": self.agents,
            "zealots": self.zealots.tolist(),
            "up": self.up.tolist(),
            "down": self.down.tolist(),
            "area": self.area,
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the loop over the mean-field states, with the zealots at which a state disappears."""
        from spinodal.plots import hysteresis_loop

        return hysteresis_loop(self, ax)


def hysteresis(
    response: ResponseFunction,
    agents: int,
    most: int,
    *,
    settle: float = 25.0,
    sample: int = 25,
    by: int = 1,
    progress: Progress | None = None,
) -> HysteresisLoop:
    """Sweep the zealots from `most` for B to `most` for A and back, `by` so many at a time.

    At each count the population settles for `settle` sweeps and its mean m is averaged over the next
    `sample` (>= 1). It starts as all B, settled. Expectations over populations, exactly. `progress` is told
    the share done. Raises `RequestError` for numbers out of range.
    """
    require_agents(agents)
    if most < 1 or sample < 1:
        raise RequestError(f"{most} zealots and {sample} sweeps sampled; give 1 or more of both")
    path = zealots_swept(most, by)
    law = np.zeros(agents + 1)
    law[0] = 1.0
    means = []
    for done, count in enumerate(path, 1):
        chain = Chain(response, agents, max(count, 0), max(-count, 0))
        law = evolve(chain, law, settle)
        seen = []
        for _ in range(sample):
            law = evolve(chain, law, 1.0)
            seen.append(float(law @ chain.magnetization))
        means.append(float(np.mean(seen)))
        if progress:
            progress(done / len(path))
    counts = np.array(path[: len(path) // 2])
    up, down = np.array(means[: counts.size]), np.array(means[counts.size :][::-1])
    return HysteresisLoop(counts, up, down, agents, response)


def zealots_swept(most: int, by: int = 1) -> list[int]:
    """Signed zealots (+ for A), one a step: from `most` for B to `most` for A, `by` at a time, and back.

    0 is among them, and both ways hold all steps: the last of the way there comes twice. Raises
    `RequestError` for numbers out of range.
    """
    if most < 1:
        raise RequestError(f"{most} zealots to sweep; give 1 or more")
    if not 1 <= by <= most:
        raise RequestError(f"zealots swept by {by} up to {most}; give a step from 1 to {most}")
    side = range(by, most + 1, by)
    there = [*(-count for count in reversed(side)), 0, *side]
    return [*there, *reversed(there)]
