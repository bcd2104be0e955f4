"""The response function: the hinge of the package.

A response function gives the probability that an agent adopts option A when the magnetization it
perceives is m. It comes from a fit, from raw points or from theory; everything to its right
(`theory`, `simulate`, `verdict`) takes any of them.

Convention everywhere: P(m) = 1/2 [1 + tanh(beta (m + h))] = sigmoid(2 beta (m + h)).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinodal._errors import RequestError

FloatArray = NDArray[np.float64]


@runtime_checkable
class ResponseFunction(Protocol):
    """Anything that maps perceived magnetization to the probability of adopting A."""

    def __call__(self, m: ArrayLike) -> FloatArray:
        """Probability of A, in [0, 1], the shape of `m`; `m` in [-1, 1]."""
        ...


@runtime_checkable
class LogResponse(ResponseFunction, Protocol):
    """A response that also knows its probabilities in logs, where 1 - P would lose every digit."""

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """log P(m) and log(1 - P(m)), each the shape of `m`; -inf where a probability is 0.

        They are what moves a population: who holds B adopts A with the one, who holds A adopts B with the
        other. So where the own opinion matters (`OwnOpinionResponse`) each is of those who could change.
        """
        ...


def log_probabilities(response: ResponseFunction, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """log P(m) and log(1 - P(m)) of any response, as accurately as that response can give them.

    Of those who could change, where the own opinion matters (see `LogResponse`). Raises `RequestError` where
    the response returns something that is not a probability.
    """
    if isinstance(response, LogResponse):
        return response.log_probabilities(m)
    p = probabilities(response, m)
    return _log(p), _log(1.0 - p)


def probabilities(response: ResponseFunction, m: ArrayLike) -> FloatArray:
    """P(m) of any response, checked: raises `RequestError` where it is not a probability."""
    p = np.asarray(response(m), dtype=np.float64)
    wrong = ~((p >= 0.0) & (p <= 1.0))
    if wrong.any():
        where = float(np.broadcast_to(np.asarray(m, dtype=np.float64), p.shape)[wrong].flat[0])
        value = float(p[wrong].flat[0])
        raise RequestError(f"the response returns {value} at m = {where:.4g}; a probability lies in [0, 1]")
    return p


@dataclass(frozen=True)
class TanhResponse:
    """P(m) = sigmoid(2 beta (m + h)): the response of the conformity study (arXiv 2605.10721).

    `beta` is the conformity (any finite real; negative is contrarian), `h` the bias in units of
    magnetization. Raises `RequestError` unless both are finite.
    """

    beta: float
    h: float

    def __post_init__(self) -> None:
        _require_parameters(self.beta, self.h)

    @classmethod
    def from_log_odds(cls, b0: float, beta: float) -> TanhResponse:
        """The response with log-odds b0 + 2 beta m.

        A flat one (beta = 0) has no finite h, so its slope is set to the smallest that keeps b0.
        """
        steepness = math.copysign(max(abs(beta), _FLAT), beta)
        return cls(beta=steepness, h=b0 / (2.0 * steepness))

    @property
    def b0(self) -> float:
        """Log-odds bias 2 beta h."""
        return 2.0 * self.beta * self.h

    def log_odds(self, m: ArrayLike) -> FloatArray:
        """2 beta (m + h), the shape of `m`."""
        return np.asarray(2.0 * self.beta * (np.asarray(m, dtype=np.float64) + self.h))

    def __call__(self, m: ArrayLike) -> FloatArray:
        return _sigmoid(self.log_odds(m))

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        x = self.log_odds(m)
        return _log_sigmoid(x), _log_sigmoid(-x)


@dataclass(frozen=True)
class LapseResponse:
    """P(m) = floor + (ceiling - floor) sigmoid(2 beta (m + h)): an agent that sometimes ignores its peers.

    Raises `RequestError` unless beta and h are finite and 0 <= floor <= ceiling <= 1.
    """

    beta: float
    h: float
    floor: float
    ceiling: float

    def __post_init__(self) -> None:
        _require_parameters(self.beta, self.h)
        if not 0.0 <= self.floor <= self.ceiling <= 1.0:
            raise RequestError(
                f"floor {self.floor} and ceiling {self.ceiling} are not a range of probabilities; "
                "give 0 <= floor <= ceiling <= 1"
            )

    def __call__(self, m: ArrayLike) -> FloatArray:
        return np.asarray(self.floor + (self.ceiling - self.floor) * self._tanh(m))

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        log_a, log_b = self._tanh.log_probabilities(m)
        span = _log(self.ceiling - self.floor)
        return (
            np.logaddexp(_log(self.floor), span + log_a),
            np.logaddexp(_log(1.0 - self.ceiling), span + log_b),
        )

    @property
    def _tanh(self) -> TanhResponse:
        return TanhResponse(self.beta, self.h)


@dataclass(frozen=True, eq=False)
class EmpiricalResponse:
    """A measured monotone response: linear between its knots, constant beyond the outermost.

    `m` (shape (K,), K >= 2, strictly ascending in [-1, 1]) and `p` (shape (K,), in [0, 1], either
    never falling or never rising) are kept as read-only arrays. Raises `RequestError` otherwise.
    """

    m: FloatArray
    p: FloatArray

    def __post_init__(self) -> None:
        m, p = _read_only(self.m), _read_only(self.p)
        if m.ndim != 1 or m.shape != p.shape or m.size < 2:
            raise RequestError(
                f"an empirical response needs as many m as p, two or more; got {m.shape} and {p.shape}"
            )
        if not ((np.abs(m) <= 1.0).all() and (np.diff(m) > 0.0).all()):
            raise RequestError(f"the knots m = {_brief(m)} must ascend strictly within [-1, 1]")
        if not ((p >= 0.0) & (p <= 1.0)).all():
            raise RequestError(f"the probabilities p = {_brief(p)} must lie in [0, 1]")
        steps = np.diff(p)
        if (steps < 0.0).any() and (steps > 0.0).any():
            raise RequestError(f"the probabilities p = {_brief(p)} must be monotone in m")
        object.__setattr__(self, "m", m)
        object.__setattr__(self, "p", p)

    @property
    def knots(self) -> FloatArray:
        """Where the slope changes, shape (K,)."""
        return self.m

    def __call__(self, m: ArrayLike) -> FloatArray:
        return np.asarray(np.interp(np.asarray(m, dtype=np.float64), self.m, self.p))


@dataclass(frozen=True)
class MixtureResponse:
    """The mean response of a society of several kinds of agents.

    Every agent sees the same m, so in mean field a mixture acts as the weighted mean of its
    responses. `weights` are shares or head counts: not negative, not all zero; they are normalised.
    """

    responses: Sequence[ResponseFunction]
    weights: Sequence[float]

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, dtype=np.float64)
        if len(self.responses) == 0 or weights.shape != (len(self.responses),):
            raise RequestError(
                f"a mixture needs one weight a response; got {len(self.responses)} responses "
                f"and {weights.size} weights"
            )
        if not (np.isfinite(weights).all() and (weights >= 0.0).all() and weights.sum() > 0.0):
            raise RequestError(f"weights {_brief(weights)} must be finite, not negative and not all zero")
        object.__setattr__(self, "responses", tuple(self.responses))
        object.__setattr__(self, "weights", tuple(float(w) for w in weights / weights.sum()))

    @property
    def knots(self) -> FloatArray:
        """Where the slope of any of the responses changes."""
        return np.unique(np.concatenate([knots_of(response) for response in self.responses]))

    def __call__(self, m: ArrayLike) -> FloatArray:
        total = np.zeros(np.shape(m))
        for response, weight in zip(self.responses, self.weights, strict=True):
            total = total + weight * probabilities(response, m)
        return np.clip(total, 0.0, 1.0)  # weights may sum to one and a rounding

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        log_a = log_b = np.full(np.shape(m), -np.inf)
        for response, weight in zip(self.responses, self.weights, strict=True):
            of_a, of_b = log_probabilities(response, m)
            log_a = np.logaddexp(log_a, _log(weight) + of_a)
            log_b = np.logaddexp(log_b, _log(weight) + of_b)
        return np.minimum(log_a, 0.0), np.minimum(log_b, 0.0)


@dataclass(frozen=True)
class OwnOpinionResponse:
    """An agent that responds differently by what it itself holds: inertia, a memory of its own opinion.

    `holding_a` is the response of an agent that holds A, `holding_b` of one that holds B, each a function of
    the magnetization of the others. In a well-mixed population of one kind the number of agents for A
    remains a Markov chain, in which those who hold B climb with P_B and those who hold A fall with 1 - P_A:
    `theory.Chain` and `simulate` are exact, for they ask for `log_probabilities`.

    Called with m it gives the share of a population at m that adopts A,
    P(m) = (1 + m)/2 P_A(m) + (1 - m)/2 P_B(m), so that fixed points m = 2 P(m) - 1 are exact without
    zealots (beside them, what is perceived is not what the agents hold), and for one kind of agents.
    """

    holding_a: ResponseFunction
    holding_b: ResponseFunction

    @property
    def knots(self) -> FloatArray:
        """Where the slope of either part changes."""
        return np.unique(np.concatenate([knots_of(self.holding_a), knots_of(self.holding_b)]))

    def __call__(self, m: ArrayLike) -> FloatArray:
        share = np.clip((np.asarray(m, dtype=np.float64) + 1.0) / 2.0, 0.0, 1.0)
        of_a, of_b = probabilities(self.holding_a, m), probabilities(self.holding_b, m)
        return np.asarray(share * of_a + (1.0 - share) * of_b)

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """log of the probability that who holds B adopts A, and that who holds A adopts B."""
        return log_probabilities(self.holding_b, m)[0], log_probabilities(self.holding_a, m)[1]


@dataclass(frozen=True)
class LimitedVisibilityResponse:
    """The response to a random few of the peers: an agent is shown `shown` of its `peers`.

    The hypergeometric average of `response` over what the agent may be shown. It is exact where m
    is a magnetization that `peers` agents can have, and linear between those. In a population of N
    agents and S zealots, `peers` is N - 1 + S. Raises `RequestError` unless 1 <= shown <= peers.
    """

    response: ResponseFunction
    shown: int
    peers: int

    def __post_init__(self) -> None:
        if not 1 <= self.shown <= self.peers:
            raise RequestError(f"cannot show {self.shown} of {self.peers} peers; give 1 <= shown <= peers")

    @property
    def knots(self) -> FloatArray:
        """The magnetizations `peers` agents can have, if that is few enough to matter."""
        return np.linspace(-1.0, 1.0, self.peers + 1) if self.peers <= _MOST_KNOTS else np.empty(0)

    def __call__(self, m: ArrayLike) -> FloatArray:
        if isinstance(self.response, OwnOpinionResponse):
            return OwnOpinionResponse(holding(self, "A"), holding(self, "B"))(m)
        return np.exp(self.log_probabilities(m)[0])

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        holders = np.clip((np.asarray(m, dtype=np.float64) + 1.0) / 2.0, 0.0, 1.0) * self.peers
        below = np.clip(np.floor(holders), 0, self.peers - 1)
        share = holders - below
        of_a_below, of_b_below = self._averages(below)
        of_a_above, of_b_above = self._averages(below + 1.0)
        keep, move = _log(1.0 - share), _log(share)
        return (
            np.minimum(np.logaddexp(keep + of_a_below, move + of_a_above), 0.0),
            np.minimum(np.logaddexp(keep + of_b_below, move + of_b_above), 0.0),
        )

    def _averages(self, holders: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Logs of the mean probabilities of A and of B with `holders` (whole numbers) peers for A."""
        weights = (
            _log_choose(holders, seen)
            + _log_choose(self.peers - holders, self.shown - seen)
            - _log_choose(np.asarray(float(self.peers)), self.shown)
            for seen in range(self.shown + 1)
        )
        return _average_over_views(self.response, self.shown, weights)


@dataclass(frozen=True)
class SampledPeersResponse:
    """The response to a random few of the peers, of however many there are: `shown` of them.

    Of infinitely many: the binomial average of `response` over what an agent may be shown. A finite
    population asks `among` how many, and gets the hypergeometric one. Raises `RequestError` unless
    `shown` is a whole number, 1 or more.
    """

    response: ResponseFunction
    shown: int

    def __post_init__(self) -> None:
        if self.shown != int(self.shown) or self.shown < 1:
            raise RequestError(f"agents shown {self.shown} peers; give a whole number, 1 or more")

    def among(self, peers: int) -> ResponseFunction:
        """The response where an agent has so many peers; to all of them where they are too few."""
        if peers <= self.shown:
            return self.response
        return LimitedVisibilityResponse(self.response, self.shown, peers)

    def __call__(self, m: ArrayLike) -> FloatArray:
        if isinstance(self.response, OwnOpinionResponse):
            return OwnOpinionResponse(holding(self, "A"), holding(self, "B"))(m)
        return np.exp(self.log_probabilities(m)[0])

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        from scipy.special import xlogy

        held = np.clip((np.asarray(m, dtype=np.float64) + 1.0) / 2.0, 0.0, 1.0)
        weights = (
            _log_choose(np.asarray(float(self.shown)), seen)
            + xlogy(seen, held)
            + xlogy(self.shown - seen, 1.0 - held)
            for seen in range(self.shown + 1)
        )
        of_a, of_b = _average_over_views(self.response, self.shown, weights)
        return np.minimum(of_a, 0.0), np.minimum(of_b, 0.0)


@dataclass(frozen=True)
class ByPeersResponse:
    """A response that depends on how many peers an agent sees, measured at some numbers of them.

    A population asks `among` how many, and gets the one measured at the number nearest in ratio; asked
    without, it is the one at the fewest. `RequestError` unless `by_peers` names one or more, at 1 peer or
    more.
    """

    by_peers: Mapping[int, ResponseFunction]

    def __post_init__(self) -> None:
        if not self.by_peers or min(self.by_peers) < 1:
            raise RequestError(
                f"a response by peers for {sorted(self.by_peers)} peers; give one or more numbers, from 1 on"
            )

    def among(self, peers: int) -> ResponseFunction:
        """The response where an agent has so many peers."""
        nearest = min(sorted(self.by_peers), key=lambda measured: abs(math.log(measured / peers)))
        return self.by_peers[nearest]

    @property
    def knots(self) -> FloatArray:
        """Where the slope of any of them changes."""
        return np.unique(np.concatenate([knots_of(one) for one in self.by_peers.values()]))

    def __call__(self, m: ArrayLike) -> FloatArray:
        return probabilities(self.by_peers[min(self.by_peers)], m)

    def log_probabilities(self, m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        return log_probabilities(self.by_peers[min(self.by_peers)], m)


def among(response: ResponseFunction, peers: int) -> ResponseFunction:
    """The response of an agent with so many peers, for a response that depends on their number."""
    if isinstance(response, MixtureResponse):
        return MixtureResponse([among(one, peers) for one in response.responses], response.weights)
    if isinstance(response, OwnOpinionResponse):
        return OwnOpinionResponse(among(response.holding_a, peers), among(response.holding_b, peers))
    if isinstance(response, ByPeersResponse):
        return among(response.among(peers), peers)
    return response.among(peers) if isinstance(response, SampledPeersResponse) else response


def holding(response: ResponseFunction, side: Literal["A", "B"]) -> ResponseFunction:
    """The response of those who hold this option: the response itself, where that does not matter."""
    if isinstance(response, OwnOpinionResponse):
        return response.holding_a if side == "A" else response.holding_b
    if isinstance(response, MixtureResponse):
        return MixtureResponse([holding(one, side) for one in response.responses], response.weights)
    if isinstance(response, ByPeersResponse):
        return ByPeersResponse({peers: holding(one, side) for peers, one in response.by_peers.items()})
    if isinstance(response, LimitedVisibilityResponse | SampledPeersResponse):
        return replace(response, response=holding(response.response, side))
    return response


def knots_of(response: ResponseFunction) -> FloatArray:
    """Magnetizations where the slope of a response jumps; empty where it says of none."""
    return np.asarray(getattr(response, "knots", ()), dtype=np.float64)


_FLAT = 1e-9
"""Conformity that stands for none: over [-1, 1] it moves the log-odds by less than 1e-8."""

_MOST_KNOTS = 10_000


def _average_over_views(
    response: ResponseFunction, shown: int, log_weights: Iterable[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Logs of the mean probabilities of A and of B, where 0, 1, ... of `shown` peers for A weigh so much."""
    log_a = log_b = np.asarray(-np.inf)
    for seen, weight in enumerate(log_weights):  # one pass a view keeps the memory at the size of m
        of_a, of_b = log_probabilities(response, 2.0 * seen / shown - 1.0)
        log_a, log_b = np.logaddexp(log_a, weight + of_a), np.logaddexp(log_b, weight + of_b)
    return log_a, log_b


def _sigmoid(x: FloatArray) -> FloatArray:
    from scipy.special import expit  # here: SciPy would triple the time to import this module

    return np.asarray(expit(x))


def _log_sigmoid(x: FloatArray) -> FloatArray:
    from scipy.special import log_expit

    return np.asarray(log_expit(x))


def _log_choose(n: FloatArray, k: int) -> FloatArray:
    """log of n choose k for whole n >= 0; -inf where k > n."""
    from scipy.special import betaln  # differences of log-gammas lose their digits at large n

    possible = n >= k
    m = np.where(possible, n, k)
    return np.where(possible, -np.log1p(m) - betaln(m - k + 1.0, k + 1.0), -np.inf)


def _log(x: ArrayLike) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x))


def _require_parameters(beta: float, h: float) -> None:
    for name, value in (("beta", beta), ("h", h)):
        if not math.isfinite(value):
            raise RequestError(f"{name} is {value}; give a finite number")
    if not math.isfinite(4.0 * beta * (1.0 + abs(h))):
        raise RequestError(f"beta = {beta:g} with h = {h:g} exceeds the range of a float; give smaller ones")


def _read_only(values: ArrayLike) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def _brief(values: FloatArray) -> str:
    return np.array2string(values, precision=4, threshold=8, edgeitems=3, max_line_width=1000)
