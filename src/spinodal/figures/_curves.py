"""The response curves of results: read once, fitted when first needed, and chosen by agent and condition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal._errors import RequestError
from spinodal._nearest import nearest
from spinodal.figures._telling import told
from spinodal.fitting import (
    CurvePoint,
    LogOdds,
    Observations,
    TanhEstimate,
    curve_points,
    estimate_tanh,
    probability_bistable,
)
from spinodal.fitting._monotone import MonotoneFit, fit_monotone
from spinodal.fitting._table import read_curves
from spinodal.response import EmpiricalResponse, FloatArray, TanhResponse
from spinodal.tables import MEASURED_COLUMNS
from spinodal.theory import is_bistable

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.results import Results

_NAMING: Final = (
    "agent", "model", "pair", "option_a", "option_b", "template", "temperature", "n_peers", "readout"
)  # fmt: skip
_KEPT: Final = "_curves_of_figures"
_SET: Final = "set"
MAIN_SET: Final = "main"
"""The column `set` of imported curves, and its value for those that a study's own figures are of."""
_NAMED: Final = "options_named"
_NEXT_TO: Final = 1e-9
_FINER: Final = 8
"""Steps between two points."""


@dataclass(frozen=True)
class Condition:
    """How an agent was asked."""

    template: str
    temperature: float | None
    """None where the provider's own was used."""
    n_peers: int

    @property
    def in_words(self) -> str:
        """'template minimal, temperature 0.2, 49 peers shown'."""
        known = [f"template {self.template}"] if self.template else []
        known.append(
            "the provider's temperature" if self.temperature is None else f"temperature {self.temperature:g}"
        )
        return ", ".join([*known, f"{self.n_peers} peers shown"])


@dataclass(frozen=True, eq=False)
class Curve:
    """One agent's answers on one pair under one condition. Fits are made when first asked for, and kept."""

    agent: str
    pair: str
    option_a: str
    option_b: str
    condition: Condition
    observations: Observations
    main: bool
    """False for imported curves beside the set that their study's figures are of."""
    listed: bool
    """Whether the prompt names the options apart from who holds them."""

    @cached_property
    def estimate(self) -> TanhEstimate:
        """The tanh response with its uncertainty."""
        return estimate_tanh(self.observations)

    @cached_property
    def monotone(self) -> MonotoneFit:
        """The empirical response with its uncertainty."""
        tally = self.observations.effective_tally
        return fit_monotone(tally.m, tally.a, tally.b)

    @cached_property
    def points(self) -> tuple[CurvePoint, ...]:
        """The observations by magnetization, with 95% intervals."""
        return curve_points(self.observations)

    @cached_property
    def weight(self) -> float:
        """Observations behind it."""
        return float(self.observations.tally.n.sum())

    @property
    def beta(self) -> float:
        """Conformity."""
        return self.estimate.beta

    @property
    def h(self) -> float:
        """Bias in units of magnetization; NaN where beta is 0."""
        return self.estimate.h

    @property
    def identifiable(self) -> bool:
        """Whether the data determine (beta, h)."""
        return not self.estimate.note

    @property
    def bistable(self) -> bool:
        """Whether the best estimate lies inside the spinodal."""
        return bool(is_bistable(self.beta, self.h))

    @cached_property
    def p_bistable(self) -> float:
        """Probability of two states given the data."""
        return probability_bistable(self.estimate)

    @property
    def tanh(self) -> TanhResponse:
        """The fitted tanh response."""
        return TanhResponse.from_log_odds(self.estimate.b0, self.estimate.beta)

    @cached_property
    def in_a_population(self) -> EmpiricalResponse:
        """The empirical response, `between_points`, as the prompt lets it act in a population.

        Where the prompt names the options only by listing who holds them, an agent that sees one option alone
        cannot name the other: P(-1) = 0 and P(1) = 1.
        """
        m, p = between_points(self.monotone.m, self.monotone.p)
        if self.listed or p[-1] < p[0]:
            return EmpiricalResponse(m, p)
        inside = (m > -1.0) & (m < 1.0)
        m, p = m[inside], p[inside]
        return EmpiricalResponse(
            np.concatenate([[-1.0, -1.0 + _NEXT_TO], m, [1.0 - _NEXT_TO, 1.0]]),
            np.concatenate([[0.0, p[0]], p, [p[-1], 1.0]]),
        )

    def at(self, temperature: float) -> Curve:
        """The curve at another temperature; of log-odds only, else itself."""
        if not isinstance(self.observations, LogOdds) or self.condition.temperature == temperature:
            return self
        return replace(
            self,
            condition=replace(self.condition, temperature=temperature),
            observations=replace(self.observations, temperature=temperature),
        )

    @property
    def derivable(self) -> bool:
        """Whether the response at any temperature follows from the data."""
        return isinstance(self.observations, LogOdds)


def curves_of(results: Results) -> tuple[Curve, ...]:
    """Every curve in the results, in the order of their first rows; read once, and kept with them."""
    kept = vars(results)  # as functools.cached_property does: the curves live as long as the results
    if _KEPT not in kept:
        kept[_KEPT] = tuple(_read(results.observations))
    found: tuple[Curve, ...] = kept[_KEPT]
    return found


def main_curves(
    results: Results,
    agents: Sequence[str] | str | None = None,
    *,
    template: str | None = None,
    temperature: float | None = None,
    peers: int | None = None,
) -> dict[str, list[Curve]]:
    """By agent its curves under one condition: of those that the options allow, that with most pairs.

    A temperature is derived where the readout is log-odds. Raises `RequestError` for an unknown agent, and
    where no curve is left.
    """
    found: dict[str, list[Curve]] = {}
    for agent, own in by_agent(results, agents).items():
        own = [curve for curve in own if curve.main] or own
        conditions: dict[Condition, dict[str, Curve]] = {}
        for curve in own:
            asked = curve if temperature is None else curve.at(temperature)
            if _meets(asked.condition, template, temperature, peers):
                pairs = conditions.setdefault(asked.condition, {})
                if asked.pair not in pairs or asked.weight > pairs[asked.pair].weight:
                    pairs[asked.pair] = asked
        if conditions:
            found[agent] = list(max(conditions.values(), key=len).values())
    if not found:
        asked_for = [
            f"{name} {value}"
            for name, value in (("template", template), ("temperature", temperature), ("peers", peers))
            if value is not None
        ]
        there = sorted({curve.condition.in_words for curve in curves_of(results)})
        raise RequestError(
            f"{results.path} has no curve with {', '.join(asked_for)}; there is: {'; '.join(there[:4])}"
        )
    return found


def by_agent(results: Results, agents: Sequence[str] | str | None = None) -> dict[str, list[Curve]]:
    """Every curve by agent; of those named only. Raises `RequestError` for an unknown one."""
    found: dict[str, list[Curve]] = {}
    for curve in curves_of(results):
        found.setdefault(curve.agent, []).append(curve)
    if agents is None:
        return found
    named = [agents] if isinstance(agents, str) else list(agents)
    return {agent: found[agent] for agent in (known_agent(one, found, results) for one in named)}


def known_agent(name: str, known: Iterable[str], results: Results) -> str:
    """The agent of that label, or the one whose label alone holds the name; else `RequestError`."""
    labels = list(dict.fromkeys(known))
    if name in labels:
        return name
    like = [label for label in labels if name.lower() in label.lower()]
    if len(like) == 1:
        return like[0]
    if not labels:
        raise RequestError(f"{results.path} has no agent for this figure, so none called {name!r}")
    raise RequestError(
        f"{results.path} has no agent {name!r} for this figure; the nearest is {nearest(name, labels)!r}"
    )


def known_pair(name: str, known: Iterable[str], results: Results) -> str:
    """The pair of that id; else `RequestError` with the nearest."""
    ids = list(dict.fromkeys(known))
    if name in ids:
        return name
    if not ids:
        raise RequestError(f"{results.path} has no pair for this figure, so none called {name!r}")
    raise RequestError(
        f"{results.path} has no pair {name!r} for this figure; the nearest is {nearest(name, ids)!r}"
    )


def fitted(curves: Sequence[Curve]) -> list[Curve]:
    """The same curves, each fitted, whoever listens told how far."""
    for curve in told([one for one in curves if "estimate" not in vars(one)]):
        _ = curve.estimate
    return list(curves)


def nearest_curve(
    results: Results, agent: str, pair: str, agents: int, temperature: float | None
) -> Curve | None:
    """The curve that tells most about an agent in a population: of nearly as many peers, and as warm."""
    own = [curve for curve in curves_of(results) if curve.agent == agent and curve.pair == pair]
    if not own:
        return None
    if temperature is not None:
        own = [curve.at(temperature) for curve in own]

    def apart(curve: Curve) -> tuple[float, float]:
        warmth = curve.condition.temperature
        warmer = 0.0 if warmth == temperature else abs((warmth or 0.0) - (temperature or 0.0)) + 0.01
        return abs(curve.condition.n_peers - agents + 0.9) > 1.0, warmer

    best = min(own, key=lambda curve: (*apart(curve), abs(curve.condition.n_peers - agents), -curve.weight))
    return best if best.observations.tally.m.size > 1 else None


def between_points(m: FloatArray, p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Measured responses on a finer grid over [-1, 1]: linear in the log-odds between the points, and beyond.

    `p` (..., K), monotone, at the magnetizations `m` (K,), K >= 2. Straight lines in P itself would cut the
    bend of a sigmoid between points as far apart as those of the conformity study, and put the tipping
    thresholds of exact tanh responses a tenth too low.
    """
    from scipy.special import expit, logit

    steps = np.linspace(0.0, 1.0, _FINER, endpoint=False)
    inner = (m[:-1, None] + steps * np.diff(m)[:, None]).ravel()
    below, above = ([end] if abs(outermost) < 1.0 else [] for end, outermost in ((-1.0, m[0]), (1.0, m[-1])))
    fine = np.concatenate([below, inner, m[-1:], above])
    segment = np.clip(np.searchsorted(m, fine, side="right") - 1, 0, m.size - 2)
    odds = logit(np.clip(p, 1e-6, 1.0 - 1e-6))
    share = (fine - m[segment]) / (m[segment + 1] - m[segment])
    return fine, np.asarray(expit(odds[..., segment] + share * (odds[..., segment + 1] - odds[..., segment])))


def conditions_in_words(curves: Iterable[Curve]) -> str:
    """The conditions of these curves: one, or each with its agents."""
    by_condition: dict[str, list[str]] = {}
    for curve in curves:
        by_condition.setdefault(curve.condition.in_words, []).append(curve.agent)
    if len(by_condition) == 1:
        return f"Condition: {next(iter(by_condition))}."
    parts = [f"{words} ({', '.join(dict.fromkeys(agents))})" for words, agents in by_condition.items()]
    return f"Conditions, of each agent that with most pairs: {'; '.join(parts)}."


def undetermined_in_words(curves: Sequence[Curve], drawn: str = "") -> str:
    """How many curves leave (beta, h) undetermined, and what was done with them; empty where none does."""
    open_ones = sum(not curve.identifiable for curve in curves)
    if not open_ones:
        return ""
    what_of_them = drawn or ", which are left out"
    return f" The data do not determine (β, h) of {open_ones} of {len(curves)} curves{what_of_them}."


def _meets(condition: Condition, template: str | None, temperature: float | None, peers: int | None) -> bool:
    return (
        (template is None or condition.template == template)
        and (temperature is None or condition.temperature == temperature)
        and (peers is None or condition.n_peers == peers)
    )


def _read(table: pd.DataFrame) -> Iterable[Curve]:
    if table.empty:
        return
    kept = [name for name in table.columns if name in (*_NAMING, _SET) or name in MEASURED_COLUMNS]
    rows = table[kept]
    if "listed" in rows:  # whether a prompt names the options is no matter of its order
        rows = rows.assign(**{_NAMED: rows["listed"].fillna("").ne("")})
    naming = [name for name in (*_NAMING, _SET, _NAMED) if name in rows]
    usable = rows["log_odds"].notna() if "log_odds" in rows else np.zeros(len(rows), dtype=bool)
    if "count_a" in rows:
        usable = usable | (rows["count_a"].fillna(0) + rows["count_b"].fillna(0) > 0)
    number = rows.groupby(naming, sort=False, dropna=False).ngroup()
    rows = rows[number.isin(number[usable])]  # a curve without any reply that took either option is none
    for one in read_curves(rows) if len(rows) else ():
        keys: dict[str, Any] = dict(one.keys)
        temperature = keys.get("temperature")
        yield Curve(
            agent=str(keys.get("agent") or keys["model"]),
            pair=str(keys["pair"]),
            option_a=str(keys["option_a"]),
            option_b=str(keys["option_b"]),
            condition=Condition(
                str(keys.get("template") or ""),
                None if temperature is None else float(temperature),
                int(keys["n_peers"]),
            ),
            observations=one.observations,
            main=str(keys.get(_SET) or MAIN_SET) == MAIN_SET,
            listed=bool(keys.get(_NAMED, True)),
        )
