"""The effective response in the loop: what agents in a society did, given what they saw and held.

Every update of a society is an observation: the perceived m with the choice, or with the log-odds it was
drawn from. Given what it sees an agent's choice is fresh chance, so that updates are as good as prompts of a
measurement, however the trajectories wander. Agents without a memory do the same whatever they hold; inertia
is what is left when m is accounted for:

    logit P(A | m, own) = f(m) + c own [+ d argued],   own = +1 where the agent holds A, -1 where B,

f a polynomial of degree three at most (b0 + 2 beta m and its bend: a response that is no tanh must not pass
for inertia, for agents hold what their peers hold), `argued` the share of the peers shown that came with an
argument. Estimated by logistic regression, on probabilities where log-odds were read (Papke & Wooldridge
1996, J. Appl. Econometrics 11:619), with the weak normal prior of `PRIOR_SCALE`. The covariance is the
sandwich with trajectories as clusters (Liang & Zeger 1986, Biometrika 73:13), times G/(G - 1) for G of them,
and the interval takes Student's t with G - 1 degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from spinodal._errors import RequestError
from spinodal.fitting._curve_fit import CurveFit, Interval
from spinodal.fitting._draws import draw_responses, preferred_response
from spinodal.fitting._fit import fit_curve
from spinodal.response import FloatArray, OwnOpinionResponse, ResponseFunction

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class InLoopFit:
    """The effective response of agents in a society, fitted to their updates."""

    pooled: CurveFit
    """Of all updates, whatever the agent held."""
    inertia: float
    """c, in log-odds: half the difference between agents that hold A and that hold B, at the same m."""
    inertia_ci: Interval
    """95% interval of c; infinite where the updates do not tell."""
    holding_a: CurveFit | None
    """Of updates by agents that held A; None where that does not clearly matter, or updates of either opinion
    are too few."""
    holding_b: CurveFit | None
    """Of agents that held B."""
    argued: float | None
    """d, in log-odds: what it adds when all peers come with an argument, not none; None where nobody argues
    or all always do."""
    argued_ci: Interval | None
    updates: int
    """Updates behind it: those that showed a peer and decided."""
    trajectories: int

    @property
    def remembers(self) -> bool:
        """Whether what an agent holds clearly matters: the interval of c excludes 0."""
        return _matters(self.inertia_ci)

    @property
    def response(self) -> ResponseFunction:
        """The effective response: by what the agent holds where it has such curves, else the pooled one."""
        if self.remembers and self.holding_a is not None and self.holding_b is not None:
            return OwnOpinionResponse(preferred_response(self.holding_a), preferred_response(self.holding_b))
        return preferred_response(self.pooled)

    def draws(self, number: int, seed: int = 0) -> list[ResponseFunction]:
        """So many equally likely draws of `response`, to carry its uncertainty on."""
        if self.holding_a is not None and self.holding_b is not None:
            of_a = draw_responses(self.holding_a, number, seed)
            of_b = draw_responses(self.holding_b, number, seed + 1)  # independent of those of the others
            return [OwnOpinionResponse(a, b) for a, b in zip(of_a, of_b, strict=True)]
        return draw_responses(self.pooled, number, seed)

    def to_dict(self) -> dict[str, Any]:
        return {
            "pooled": self.pooled.to_dict(),
            "inertia": self.inertia,
            "inertia_ci": list(self.inertia_ci),
            "remembers": self.remembers,
            "holding_a": None if self.holding_a is None else self.holding_a.to_dict(),
            "holding_b": None if self.holding_b is None else self.holding_b.to_dict(),
            "argued": self.argued,
            "argued_ci": None if self.argued_ci is None else list(self.argued_ci),
            "updates": self.updates,
            "trajectories": self.trajectories,
        }


def fit_in_loop(updates: pd.DataFrame) -> InLoopFit:
    """Fit the updates of one group of agents: rows of `updates.parquet` (`tables.UPDATE_COLUMNS` and more).

    Updates that showed no peer, or took neither option, are left out. The curves are those of `fit_curve`,
    over the perceived m; where there are more than 25 magnetizations, over the means of 25 bins of equal
    width. Where inertia clearly shows, agents that hold A and that hold B get a curve each, from 30 updates
    of either on, at three magnetizations or more. With one trajectory its updates are the clusters.

    Raises:
        RequestError: no update is left.
    """
    rows = updates[updates["m"].notna() & (updates["chosen"] != "")]
    if not len(rows):
        raise RequestError("no update showed a peer and decided; there is no response in the loop to fit")
    held_a = (rows["held"] == "A").to_numpy()
    curves = rows[[name for name in _CURVE_COLUMNS if name in rows]].assign(m=_binned(rows["m"].to_numpy()))
    share = (rows["argued"] / rows["n_peers"]).to_numpy(dtype=np.float64)
    speaks = float(share.max()) > float(share.min())
    own = np.where(held_a, 1.0, -1.0)
    effects = np.column_stack([own, share]) if speaks else own[:, None]
    found = _effects(
        rows["m"].to_numpy(dtype=np.float64), effects, _chances(rows), rows["trajectory"].to_numpy()
    )
    apart = _matters(found[0][1]) and _enough(curves[held_a]) and _enough(curves[~held_a])
    return InLoopFit(
        pooled=fit_curve(curves, keys={}),
        inertia=found[0][0],
        inertia_ci=found[0][1],
        holding_a=fit_curve(curves[held_a], keys={}) if apart else None,
        holding_b=fit_curve(curves[~held_a], keys={}) if apart else None,
        argued=found[1][0] if speaks else None,
        argued_ci=found[1][1] if speaks else None,
        updates=len(rows),
        trajectories=rows["trajectory"].nunique(),
    )


PRIOR_SCALE = 20.0
"""Standard deviation of the normal prior on each coefficient: keeps a step finite, bends nothing else."""

NEGLIGIBLE = 0.01
"""No interval is narrower, to either side: it moves no probability by more than 0.0025."""

_CURVE_COLUMNS = ("log_odds", "count_a", "count_b", "readout", "temperature", "censored", "listed")
_BINS = 25
_FEWEST_UPDATES = 30
_FEWEST_LEVELS = 3
_LEAST_INFORMATION = 1.0
"""Fisher information on a coefficient, in that of a single choice, below which its interval is infinite: at
0 or 1 the choices stay as they are whatever the coefficient."""


def _binned(m: FloatArray) -> FloatArray:
    if np.unique(m).size <= _BINS:
        return m
    place = np.minimum((m + 1.0) * _BINS / 2.0, _BINS - 1.0).astype(np.int64)
    with np.errstate(invalid="ignore"):
        means = np.bincount(place, m, _BINS) / np.bincount(place, minlength=_BINS)
    return np.asarray(means[place])


def _matters(interval: Interval) -> bool:
    return not interval[0] <= 0.0 <= interval[1]


def _enough(curves: pd.DataFrame) -> bool:
    return len(curves) >= _FEWEST_UPDATES and curves["m"].nunique() >= _FEWEST_LEVELS


def _chances(rows: pd.DataFrame) -> FloatArray:
    """The probability of A that each choice was drawn with; the choice itself where it was sampled."""
    chose_a = (rows["chosen"] == "A").to_numpy(dtype=np.float64)
    p_a = rows["p_a"].to_numpy(dtype=np.float64)
    return np.where(np.isnan(p_a), chose_a, p_a)


def _effects(
    m: FloatArray, effects: FloatArray, y: FloatArray, clusters: NDArray[np.generic]
) -> list[tuple[float, Interval]]:
    """Each effect's coefficient beside a polynomial in m, with its 95% interval; `y` in [0, 1]."""
    degree = min(3, np.unique(m).size - 1)
    x = np.column_stack([effects, *(m**power for power in range(degree + 1))])
    theta, information = _logistic(x, y)
    bread = np.linalg.inv(information)
    score = x * (y - expit(x @ theta))[:, None]
    _, place = np.unique(clusters, return_inverse=True)
    groups = int(place.max()) + 1
    if groups == 1:
        place, groups = np.arange(len(y)), len(y)
    by_cluster = np.zeros((groups, x.shape[1]))
    np.add.at(by_cluster, place, score)
    covariance = bread @ (by_cluster.T @ by_cluster) @ bread * groups / max(groups - 1, 1)
    reach = float(stats.t.ppf(0.975, max(groups - 1, 1)))
    found: list[tuple[float, Interval]] = []
    for effect in range(effects.shape[1]):
        value, half = (
            float(theta[effect]),
            max(reach * float(np.sqrt(covariance[effect, effect])), NEGLIGIBLE),
        )
        told = 1.0 / bread[effect, effect] - PRIOR_SCALE**-2 >= _LEAST_INFORMATION
        found.append((value, (value - half, value + half) if told else (-np.inf, np.inf)))
    return found


def _logistic(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients, and the information on them with the prior's, of a (fractional) logistic regression."""
    theta, prior = np.zeros(x.shape[1]), np.eye(x.shape[1]) / PRIOR_SCALE**2

    def loss(at: FloatArray) -> float:
        eta = x @ at
        return float(np.logaddexp(0.0, eta).sum() - y @ eta + 0.5 * at @ prior @ at)

    information = prior
    for _ in range(_MOST_STEPS):
        p = expit(x @ theta)
        information = (x * (p * (1.0 - p))[:, None]).T @ x + prior
        step = np.linalg.solve(information, x.T @ (y - p) - prior @ theta)
        while loss(theta + step) > loss(theta) + _ROUNDING and np.max(np.abs(step)) > _ROUNDING:
            step = step / 2.0
        theta = theta + step
        if np.max(np.abs(step)) < _ROUNDING:
            break
    return theta, information


_MOST_STEPS = 100
_ROUNDING = 1e-9
