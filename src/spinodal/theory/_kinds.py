"""Heterogeneous societies in mean field: several kinds of agents, each with its own response.

With shares w_k (a `MixtureResponse`: its responses and weights), all kinds perceive the same mu, and

    dm_k/dt = 2 P_k(mu) - 1 - m_k,   mu = (sum_k w_k m_k + z_A - z_B)/(1 + z_A + z_B).

The magnetization of the whole, M = sum_k w_k m_k, obeys the mean field of the mixture on its own. So the
fixed points M, the phase and the tipping thresholds of a society are those of its mixture
(`fixed_points`, `phase`, `tipping_threshold`, `outlook`), with m_k = 2 P_k(mu) - 1 at each.

Nothing is lost in stability: with z = z_A + z_B the Jacobian is J_kj = -delta_kj + u_k w_j, where
u_k = 2 P_k'(mu)/(1 + z): minus the identity and one dyad. Its eigenvalues are -1, K - 1 times, and
-1 + sum_k w_k u_k, which is the slope of the mixture's drift at M. Anti-conformists (P_k' < 0) stabilise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from spinodal._errors import RequestError
from spinodal.response import (
    FloatArray,
    MixtureResponse,
    ResponseFunction,
    TanhResponse,
    knots_of,
    probabilities,
)
from spinodal.theory._mean_field import Phase, drift, fixed_points, perceived, phase, require_zealots
from spinodal.theory._search import highest_between, search_grid
from spinodal.theory._tanh import SIGN, Side
from spinodal.theory._tipping import TippingThreshold, tipping_threshold

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class SocietyState:
    """A fixed point of a society."""

    m: float
    """Magnetization of the whole, regular agents only."""
    kinds: tuple[float, ...]
    """Magnetization of each kind."""
    stable: bool
    growth: float
    """Rate, per sweep, at which a small deviation of the whole grows, or decays (negative): the one
    eigenvalue that is not -1. At a kink of a response, from the mean of its two slopes."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class SocietyOutlook:
    """What a society of several kinds will do, in mean field."""

    phase: Phase
    states: tuple[SocietyState, ...]
    """Every fixed point, ascending in m."""
    tipping: Mapping[Side, TippingThreshold]
    """By the option that the zealots hold."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "states": [state.to_dict() for state in self.states],
            "tipping": {side: threshold.to_dict() for side, threshold in self.tipping.items()},
        }


def society_outlook(society: MixtureResponse) -> SocietyOutlook:
    """Phase, fixed points kind by kind, and tipping thresholds."""
    return SocietyOutlook(
        phase=phase(society),
        states=society_states(society),
        tipping={"A": tipping_threshold(society, "A"), "B": tipping_threshold(society, "B")},
    )


def society_states(
    society: MixtureResponse, *, zealots_a: float = 0.0, zealots_b: float = 0.0
) -> tuple[SocietyState, ...]:
    """Every fixed point of a society, ascending in m, with each kind's share in it.

    Zealots are per regular agent (finite, not negative; else `RequestError`).
    """
    states = []
    for point in fixed_points(society, zealots_a=zealots_a, zealots_b=zealots_b):
        mu = float(perceived(point.m, zealots_a, zealots_b))
        slope = sum(
            weight * 2.0 * _slope(response, mu)
            for response, weight in zip(society.responses, society.weights, strict=True)
        )
        states.append(
            SocietyState(
                m=point.m,
                kinds=tuple(2.0 * float(probabilities(one, mu)) - 1.0 for one in society.responses),
                stable=point.stable,
                growth=slope / (1.0 + zealots_a + zealots_b) - 1.0,
            )
        )
    return tuple(states)


def society_drift(
    society: MixtureResponse, m: ArrayLike, *, zealots_a: float = 0.0, zealots_b: float = 0.0
) -> FloatArray:
    """dm_k/dt of each kind, per sweep; `m` and the answer have shape (..., kinds)."""
    require_zealots(zealots_a, zealots_b)
    m = np.asarray(m, dtype=np.float64)
    if m.shape[-1:] != (len(society.responses),):
        raise RequestError(f"magnetizations of shape {m.shape}; the last axis needs {len(society.responses)}")
    mu = perceived(m @ np.asarray(society.weights), zealots_a, zealots_b)
    p = np.stack([probabilities(response, mu) for response in society.responses], axis=-1)
    return np.asarray(2.0 * p - 1.0 - m)


@dataclass(frozen=True, eq=False)
class MeanFieldPath:
    """An infinite population over time."""

    sweeps: FloatArray
    """Shape (T,), from 0."""
    m: FloatArray
    """Magnetization of the whole, shape (T,)."""
    kinds: FloatArray
    """Magnetization of each kind, shape (T, kinds)."""

    def to_dict(self) -> dict[str, Any]:
        return {"sweeps": self.sweeps.tolist(), "m": self.m.tolist(), "kinds": self.kinds.tolist()}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the magnetization of the whole and of each kind over time."""
        from spinodal.plots import mean_field_path as draw

        return draw(self, ax)


def mean_field_path(
    response: ResponseFunction,
    m0: float | Sequence[float],
    sweeps: float,
    *,
    zealots_a: float = 0.0,
    zealots_b: float = 0.0,
    points: int = 201,
) -> MeanFieldPath:
    """Follow the mean field for so many sweeps, at `points` equal intervals of time, to 1e-9.

    A `MixtureResponse` is followed kind by kind. `m0`, in [-1, 1], is the start of all kinds or of each;
    zealots are per regular agent. Where zealots come and go, go on from the last `kinds`. Raises
    `RequestError` for an impossible start, time or number of points.
    """
    from scipy.integrate import solve_ivp

    society = response if isinstance(response, MixtureResponse) else MixtureResponse([response], [1.0])
    start = _start(m0, len(society.responses))
    if not (math.isfinite(sweeps) and sweeps > 0.0) or points < 2:
        raise RequestError(f"{sweeps} sweeps at {points} points; give a time above 0 and 2 points or more")
    times = np.linspace(0.0, sweeps, points)

    def rhs(time: float, m: FloatArray) -> FloatArray:
        # an intermediate stage of the solver may overstep the range by a rounding
        return society_drift(society, np.clip(m, -1.0, 1.0), zealots_a=zealots_a, zealots_b=zealots_b)

    found = solve_ivp(rhs, (0.0, sweeps), start, method="DOP853", t_eval=times, rtol=1e-10, atol=1e-12)
    kinds = np.clip(found.y.T, -1.0, 1.0)
    return MeanFieldPath(sweeps=times, m=kinds @ np.asarray(society.weights), kinds=kinds)


@dataclass(frozen=True)
class CriticalShare:
    """How many agents of a society must be of another kind for its misaligned state to disappear."""

    misaligned: Side
    """The option whose majority is unwanted."""
    share: float | None
    """The smallest share in [0, 1] without that state: 0 where there is none to begin with, None where no
    share makes it disappear."""
    until: float | None
    """Up to this share the state stays away: below 1 where the other kind has such a state of its own."""

    def among(self, agents: int) -> int | None:
        """The least whole number of agents of the other kind, of so many in all, that reaches the share."""
        return None if self.share is None else math.ceil(self.share * agents * (1.0 - _ROUNDING))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def critical_share(
    response: ResponseFunction,
    other: ResponseFunction,
    *,
    misaligned: Side = "B",
    zealots_a: float = 0.0,
    zealots_b: float = 0.0,
) -> CriticalShare:
    """The smallest share of agents with the response `other` (guarded, say) that rids a society of a state.

    The state is gone where no stable magnetization has the majority of `misaligned`. For B that is where
    the drift is nowhere negative below m = 0 (it never is at m = -1). With a share s of the other kind the
    drift is (1 - s) f(m) + s g(m), so each m with f(m) < 0 asks for s >= f/(f - g) if g(m) >= 0 and rules
    every s out if g(m) < 0; each with f >= 0 > g bounds s from above. The share is the largest of the lower
    bounds, and the state is away up to the smallest of the upper ones. Zealots are per regular agent.
    """
    require_zealots(zealots_a, zealots_b)
    sign, crowd = SIGN[misaligned], 1.0 + zealots_a + zealots_b

    def pulls(m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Drift towards the misaligned side of either kind alone; rounding taken for zero."""
        both = [sign * drift(one, m, zealots_a=zealots_a, zealots_b=zealots_b) for one in (response, other)]
        first, second = (np.where(np.abs(pull) <= _ROUNDING, 0.0, pull) for pull in both)
        return first, second

    def needed(m: FloatArray) -> FloatArray:
        f, g = pulls(m)
        share = f / np.where(f > 0.0, f - np.minimum(g, 0.0), 1.0)
        return np.where(f <= 0.0, 0.0, np.where(g > 0.0, np.inf, share))

    def forbidden(m: FloatArray) -> FloatArray:
        """1 minus the bound from above."""
        f, g = pulls(m)
        return np.where((g > 0.0) & (f <= 0.0), g / np.where(g > 0.0, g - np.minimum(f, 0.0), 1.0), 0.0)

    knots = np.concatenate([knots_of(response), knots_of(other)])
    grid = search_grid(knots * crowd - zealots_a + zealots_b)
    grid = grid[sign * grid >= 0.0]
    share = _highest(needed, grid)
    until = 1.0 - _highest(forbidden, grid)
    if share > until:
        return CriticalShare(misaligned, share=None, until=None)
    return CriticalShare(misaligned, share=share, until=until)


_ROUNDING = 1e-14
"""Drift below this is rounding: it is made of three numbers of order one."""
_STEP = 1e-6


def _highest(function: Any, grid: FloatArray) -> float:
    """The largest value of a function on the grid and around its largest there."""
    values = function(grid)
    best = int(np.argmax(values))
    if not np.isfinite(values[best]) or values[best] == 0.0:
        return float(values[best])
    left, right = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    return max(float(values[best]), highest_between(function, float(left), float(right))[1])


def _slope(response: ResponseFunction, mu: float) -> float:
    """P'(mu): 2 beta P (1 - P) for the tanh response, else a central difference within [-1, 1]."""
    if isinstance(response, TanhResponse):
        log_a, log_b = response.log_probabilities(mu)
        return 2.0 * response.beta * float(np.exp(log_a + log_b))
    ends = np.array([max(mu - _STEP, -1.0), min(mu + _STEP, 1.0)])
    low, high = probabilities(response, ends)
    return float((high - low) / (ends[1] - ends[0]))


def _start(m0: float | Sequence[float], kinds: int) -> FloatArray:
    start = np.asarray(m0, dtype=np.float64)
    if start.ndim == 0:
        start = np.full(kinds, start)
    if start.shape != (kinds,):
        raise RequestError(f"{start.size} starting magnetizations for {kinds} kinds; give one, or one each")
    if not (np.abs(start) <= 1.0).all():
        raise RequestError(f"starting magnetizations {start.tolist()}; give them in [-1, 1]")
    return start
