"""Uncertainty carried through: from draws of (beta, h) to the spread of everything computed from them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal._errors import RequestError
from spinodal.response import FloatArray
from spinodal.theory._chain import require_agents, tanh_log_escape
from spinodal.theory._progress import Progress
from spinodal.theory._tanh import Side, is_bistable, tipping_z

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_WORK = 20_000_000
FEWEST_DRAWS = 200
"""Lifetimes are computed for as many draws as keep draws times agents below `MOST_WORK`, but for these."""


@dataclass(frozen=True)
class Spread:
    """What draws say of a quantity that need not exist."""

    interval: tuple[float, float] | None
    """Central 95% of the draws in which it exists; None if there are none."""
    probability: float
    """Share of the draws in which it exists, in [0, 1]."""
    median: float | None = None
    """Median of the draws in which it exists; None if there are none."""

    @classmethod
    def over(cls, values: FloatArray) -> Spread:
        """Of values that are NaN where the quantity does not exist; beyond the largest float, that float."""
        existing = values[~np.isnan(values)]
        if existing.size == 0:
            return cls(None, 0.0)
        low, median, high = (
            min(float(np.quantile(existing, level)), sys.float_info.max) for level in (0.025, 0.5, 0.975)
        )
        return cls((low, high), existing.size / values.size, median)

    def to_dict(self) -> dict[str, Any]:
        return {
            "interval": None if self.interval is None else list(self.interval),
            "probability": self.probability,
            "median": self.median,
        }


@dataclass(frozen=True, eq=False)
class OutlookSamples:
    """The outlook of the tanh response over draws of its parameters, shape (D,) each."""

    beta: FloatArray
    h: FloatArray
    agents: int | None
    """Regular agents of the finite population asked about; None if none was."""
    bistable: NDArray[np.bool_]
    zealots_per_agent: Mapping[Side, FloatArray]
    """Tipping thresholds by the option that the zealots hold; NaN where there is none."""
    log_lifetime: Mapping[Side, FloatArray] | None
    """Natural logs of the sweeps out of the state of each option; NaN where it is not metastable. In a large
    population, of evenly chosen draws only."""

    @property
    def p_bistable(self) -> float:
        """Share of the draws that are bistable."""
        return float(self.bistable.mean())

    @property
    def tipping(self) -> dict[Side, Spread]:
        """Zealots per regular agent that hold this option and tip the population to it."""
        return {side: Spread.over(z) for side, z in self.zealots_per_agent.items()}

    @property
    def fraction(self) -> dict[Side, Spread]:
        """The same as a share of everybody, z_c/(1 + z_c)."""
        return {side: Spread.over(z / (1.0 + z)) for side, z in self.zealots_per_agent.items()}

    @property
    def lifetimes(self) -> dict[Side, Spread] | None:
        """Sweeps until the majority for this option gives way to the other; None without `agents`."""
        if self.log_lifetime is None:
            return None
        longest = math.log(sys.float_info.max)
        return {
            side: Spread.over(np.exp(np.minimum(logs, longest))) for side, logs in self.log_lifetime.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Shares and spreads; not the draws."""
        found: dict[str, Any] = {
            "draws": self.beta.size,
            "p_bistable": self.p_bistable,
            "tipping": {
                side: {
                    "zealots_per_agent": self.tipping[side].to_dict(),
                    "fraction": self.fraction[side].to_dict(),
                }
                for side in self.zealots_per_agent
            },
        }
        if self.lifetimes is not None:
            found["escape_sweeps"] = {
                f"from_{side}": spread.to_dict() for side, spread in self.lifetimes.items()
            }
        return found

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the draws on the phase plane."""
        from spinodal.plots import samples

        return samples(self, ax)


def propagate(
    beta: ArrayLike, h: ArrayLike, agents: int | None = None, *, progress: Progress | None = None
) -> OutlookSamples:
    """Phase and tipping thresholds of every draw of (beta, h); with `agents` >= 2, lifetimes as well.

    `beta` and `h` have shape (D,), D >= 1, and are finite, else `RequestError`. By the closed forms, all
    draws at once; lifetimes take O(D N) time, `progress` is told the share of them done.
    """
    b, bias = np.asarray(beta, dtype=np.float64), np.asarray(h, dtype=np.float64)
    if b.ndim != 1 or b.shape != bias.shape or b.size == 0:
        raise RequestError(f"draws of beta and h of shapes {b.shape} and {bias.shape}; give as many of both")
    if not (np.isfinite(b).all() and np.isfinite(bias).all()):
        raise RequestError("the draws of beta and h hold infinities or gaps; give finite numbers")
    logs: Mapping[Side, FloatArray] | None = None
    if agents is not None:
        require_agents(agents)
        kept = max(MOST_WORK // agents, FEWEST_DRAWS)
        thin = slice(None, None, max(1, math.ceil(b.size / kept)))
        from_a, from_b = tanh_log_escape(b[thin], bias[thin], agents, progress=progress)
        logs = {"A": from_a, "B": from_b}
    return OutlookSamples(
        beta=b,
        h=bias,
        agents=agents,
        bistable=is_bistable(b, bias),
        zealots_per_agent={"A": tipping_z(b, bias, "A"), "B": tipping_z(b, bias, "B")},
        log_lifetime=logs,
    )
