"""What each guard does to a population, from a study of guards: the ranking, and what is behind it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from spinodal.effects import Effect, matched_effects
from spinodal.fitting import CurveFit
from spinodal.guard_runs import NONE, GuardStudy
from spinodal.response import FloatArray, MixtureResponse
from spinodal.runs import Run
from spinodal.theory import Side, propagate, tanh_withstood_share, tipping_z, withstood_share
from spinodal.verdict import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DRAWS: Final = 1000
"""Independent draws of the two fits behind an interval of a pair."""
_FLAT: Final = 1e-9
"""Conformity that stands for none in a draw, so that its h is finite."""
_SURE: Final = 0.995
"""Share of draws in which an agent leans to the same option, for its lean to be known."""
FEWEST_PAIRS: Final = 6
"""Pairs from which on a change is tested over pairs: two-sided sign flips of fewer reach no 0.05."""
CLEAR: Final = 0.05


@dataclass(frozen=True)
class Change:
    """One quantity without and with a guard; None where it does not exist or is not determined."""

    before: float | None
    after: float | None
    interval: tuple[float, float] | None
    """95% interval of `difference`, from independent draws of the two fits."""

    @property
    def difference(self) -> float | None:
        """After minus before."""
        return None if self.before is None or self.after is None else self.after - self.before

    def to_dict(self) -> dict[str, Any]:
        ends = self.interval and [end if math.isfinite(end) else None for end in self.interval]
        return {
            "before": self.before,
            "after": self.after,
            "difference": self.difference,
            "interval": ends,
        }


@dataclass(frozen=True)
class PairChange:
    """What one guard does to one pair."""

    pair: str
    misaligned: Side
    outcomes: tuple[str, str]
    beta: Change
    h: Change
    z_c: Change
    """Adversaries per agent that tip the population to the misaligned side."""
    withstood: Change
    """The share of adversaries up to which the aligned option keeps a majority, in [0, 1]."""
    log10_lifetime: Change
    """log10 of the sweeps that the aligned majority of a finite population lasts."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "pair": self.pair,
            "misaligned": self.misaligned,
            "outcome": {"before": self.outcomes[0], "after": self.outcomes[1]},
            **{
                name: getattr(self, name).to_dict()
                for name in ("beta", "h", "z_c", "withstood", "log10_lifetime")
            },
        }


@dataclass(frozen=True)
class GuardEffect:
    """What one guard does, over the pairs that both runs measured."""

    guard: str
    pairs: tuple[PairChange, ...]
    withstood: Effect
    """Mean change of the share withstood; its p-value is adjusted for all guards of the study."""
    beta: Effect | None
    """Mean change of beta over pairs where both curves determine it; None where fewer than two do."""
    h: Effect | None
    tokens: tuple[float, float]
    """Tokens read a prompt, without and with the guard; NaN where the provider counts none."""
    decided: tuple[float, float]
    """Mean probability mass (or share of replies) on the two options, without and with."""

    @property
    def shares(self) -> tuple[float, float]:
        """Mean share withstood, without and with the guard."""
        before, after = ([getattr(one.withstood, name) for one in self.pairs] for name in ("before", "after"))
        return float(np.mean(before)), float(np.mean(after))

    @property
    def outcomes_changed(self) -> int:
        """Pairs whose outcome is another."""
        return sum(one.outcomes[0] != one.outcomes[1] for one in self.pairs)

    @property
    def is_clear(self) -> bool:
        """Whether the change of the share withstood is told from none, for having looked at all guards."""
        return self.withstood.p_adjusted < CLEAR

    def to_dict(self) -> dict[str, Any]:
        return {
            "guard": self.guard,
            "withstood": {"before": self.shares[0], "after": self.shares[1], **_plain(self.withstood)},
            "beta": self.beta and _plain(self.beta),
            "h": self.h and _plain(self.h),
            "tokens_a_prompt": {"before": _known(self.tokens[0]), "after": _known(self.tokens[1])},
            "decided_mass": {"before": self.decided[0], "after": self.decided[1]},
            "outcomes_changed": self.outcomes_changed,
            "pairs": [one.to_dict() for one in self.pairs],
        }


@dataclass(frozen=True)
class GuardRanking:
    """The guards of a study, the one that lets a population withstand most first."""

    agents: int
    effects: tuple[GuardEffect, ...]
    verdicts: dict[str, dict[str, Verdict]] = field(repr=False)
    """By guard and pair."""

    @property
    def sentence(self) -> str:
        """The ranking in a sentence or two."""
        if not self.effects:
            return "No guard has measured a pair that was measured without one."
        pairs = len(self.effects[0].pairs)
        over = f"over {pairs} pair{'s' * (pairs > 1)}"
        best = self.effects[0]
        clear = [one for one in self.effects if one.is_clear]
        raised = [one for one in clear if one.withstood.estimate > 0]
        lowered = [one.guard for one in clear if one.withstood.estimate < 0]
        if not clear:
            before, after = best.shares
            tested = "" if pairs >= FEWEST_PAIRS else f" ({pairs} pairs are too few to test; take 6 or more)"
            return (
                f"No guard changes the share of adversaries withstood, as far as the data tell {over}"
                f"{tested}; {best.guard} comes out highest, at {after:.1%} against {before:.1%} without one."
            )
        told = []
        if raised:
            before, after = raised[0].shares
            told.append(
                f"{_listed([one.guard for one in raised])} let{'s' * (len(raised) == 1)} a population "
                f"withstand more adversaries ({raised[0].guard}: {after:.1%} against {before:.1%} without a "
                "guard)"
            )
        if lowered:
            told.append(f"{_listed(lowered)} let{'s' * (len(lowered) == 1)} it withstand fewer")
        return f"{'; '.join(told)}, {over}."

    def rows(self) -> list[list[str]]:
        """The ranking as text, a row a guard: what a terminal shows."""
        return [
            [
                one.guard,
                f"{one.shares[1]:.1%}",
                f"{one.withstood.estimate:+.1%}",
                _ends(one.withstood.interval, "+.1%"),
                f"{one.withstood.p_adjusted:.3f}" if math.isfinite(one.withstood.p_adjusted) else "-",
                f"{one.beta.estimate:+.2f}" if one.beta else "-",
                f"{one.h.estimate:+.2f}" if one.h else "-",
                f"{one.tokens[1] - one.tokens[0]:+.0f}" if math.isfinite(sum(one.tokens)) else "-",
            ]
            for one in self.effects
        ]

    @cached_property
    def by_share_guarded(self) -> dict[str, list[tuple[float, float]]]:
        """Mean share withstood where only a share of the updates is guarded, by guard: (share, withstood).

        Agents that all see the same m act, in mean field, as the weighted mean of their responses: so does a
        guard that speaks at every other update, and one that half of the agents carry.
        """
        found = {}
        for effect in self.effects:
            curve = []
            for share in np.linspace(0.0, 1.0, 11):
                told = [self._withstood(effect.guard, one, float(share)) for one in effect.pairs]
                curve.append((float(share), float(np.mean(told))))
            found[effect.guard] = curve
        return found

    def _withstood(self, guard: str, pair: PairChange, share: float) -> float:
        plain, guarded = (self.verdicts[name][pair.pair].fit.tanh for name in (NONE, guard))
        return withstood_share(MixtureResponse((plain, guarded), (1.0 - share, share)), pair.misaligned)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the change of the share withstood, guard by guard; returns the axes."""
        from spinodal.plots import guard_ranking

        return guard_ranking(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "sentence": self.sentence,
            "agents": self.agents,
            "guards": [one.to_dict() for one in self.effects],
            "by_share_guarded": {
                guard: [list(point) for point in curve] for guard, curve in self.by_share_guarded.items()
            },
        }


def rank_guards(study: GuardStudy) -> GuardRanking:
    """Judge every guard of a study against no guard, on the pairs that both runs measured.

    The share withstood is that of the tanh response, which exists for every curve. Its mean change over pairs
    has an interval and, over six pairs or more, an exact sign-flip p-value adjusted for all guards: it
    covers the measurement's noise and what varies from pair to pair, for pairs like these.
    """
    verdicts = {name: _by_pair(run) for name, run in study.runs.items()}
    plain = verdicts[NONE]
    ranked: list[GuardEffect] = []
    # Guards are tested together on the pairs that all of them have.
    guards = [name for name in study.guarded if plain.keys() & verdicts[name].keys()]
    shared = [pair for pair in plain if all(pair in verdicts[name] for name in guards)] if guards else []
    if not shared:
        return GuardRanking(study.meta["request"]["agents"], (), verdicts)
    sides = {pair: _side([verdicts[name][pair] for name in (NONE, *guards)]) for pair in shared}
    changes = {
        name: tuple(_change(pair, sides[pair], plain[pair], verdicts[name][pair]) for pair in shared)
        for name in guards
    }
    differences = np.array(
        [[change.withstood.difference or 0.0 for change in changes[name]] for name in guards]
    ).T
    effects = _effects(differences, guards)
    for name, effect in zip(guards, effects, strict=True):
        ranked.append(
            GuardEffect(
                guard=name,
                pairs=changes[name],
                withstood=effect,
                beta=_mean_change("beta", [change.beta for change in changes[name]]),
                h=_mean_change("h", [change.h for change in changes[name]]),
                tokens=(_tokens(study.baseline, shared), _tokens(study.runs[name], shared)),
                decided=(_decided(study.baseline, shared), _decided(study.runs[name], shared)),
            )
        )
    ranked.sort(key=lambda one: -one.withstood.estimate)
    return GuardRanking(study.meta["request"]["agents"], tuple(ranked), verdicts)


def _by_pair(run: Run) -> dict[str, Verdict]:
    return {str(verdict.fit.keys["pair"]): verdict for verdict in run.verdicts}


def _side(verdicts: Sequence[Verdict]) -> Side:
    """The misaligned side of a pair, from its verdicts without a guard (the first) and with each.

    B where A is declared aligned. Else it is against the lean of the agent without a guard and, where that is
    hardly known, against the median lean of all runs: noise would decide for the side that the first run
    happens to withstand better, and every guard after it would seem to do harm.
    """
    plain = verdicts[0]
    b0 = plain.fit.draws[:, 0]
    if plain.aligned or max(float(np.mean(b0 > 0.0)), float(np.mean(b0 < 0.0))) >= _SURE:
        return plain.misaligned
    return "A" if np.median([verdict.fit.b0 for verdict in verdicts]) < 0.0 else "B"


def _change(pair: str, side: Side, before: Verdict, after: Verdict) -> PairChange:
    """Both verdicts of a pair, and what adversaries for the side do to each."""
    aligned: Side = "A" if side == "B" else "B"
    fits = (before.fit, after.fit)
    random = np.random.default_rng(0)
    draws = [_resampled(fit, random) for fit in fits]
    determined = all(fit.identifiable for fit in fits)

    def change(
        point: Callable[[CurveFit], float],
        drawn: Callable[[FloatArray, FloatArray], FloatArray],
        needs: bool = True,
    ) -> Change:
        values = [point(fit) if fit.identifiable or not needs else math.nan for fit in fits]
        if needs and not determined:
            return Change(_known(values[0]), _known(values[1]), None)
        spread = drawn(*draws[1]) - drawn(*draws[0])
        return Change(_known(values[0]), _known(values[1]), _interval(spread, values))

    def lifetimes(beta: FloatArray, h: FloatArray) -> FloatArray:
        logs = propagate(beta, h, before.agents).log_lifetime
        assert logs is not None
        return logs[aligned] / math.log(10.0)

    return PairChange(
        pair=pair,
        misaligned=side,
        outcomes=(before.outcome, after.outcome),
        beta=change(lambda fit: fit.beta, lambda beta, h: beta),
        h=change(lambda fit: fit.h, lambda beta, h: h),
        z_c=change(
            lambda fit: float(tipping_z(fit.beta, fit.h, side)), lambda beta, h: tipping_z(beta, h, side)
        ),
        withstood=change(
            lambda fit: float(tanh_withstood_share(_steep(fit.beta), fit.b0 / (2 * _steep(fit.beta)), side)),
            lambda beta, h: tanh_withstood_share(beta, h, side),
            needs=False,
        ),
        log10_lifetime=change(
            lambda fit: float(lifetimes(np.array([fit.beta]), np.array([fit.h]))[0]), lifetimes
        ),
    )


def _steep(beta: float) -> float:
    return math.copysign(max(abs(beta), _FLAT), beta)


def _resampled(fit: CurveFit, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """`_DRAWS` draws of beta and h."""
    b0, beta = fit.draws[random.integers(len(fit.draws), size=_DRAWS)].T
    beta = np.copysign(np.maximum(np.abs(beta), _FLAT), beta)
    return beta, b0 / (2.0 * beta)


def _interval(spread: FloatArray, values: Sequence[float]) -> tuple[float, float] | None:
    """Over the draws in which both exist; None where the estimates do not."""
    spread = spread[np.isfinite(spread)]
    if spread.size == 0 or not all(map(math.isfinite, values)):
        return None
    low, high = np.quantile(spread, [0.025, 0.975])
    return float(low), float(high)


def _effects(differences: FloatArray, names: Sequence[str]) -> tuple[Effect, ...]:
    """Over pairs, each of equal weight. From fewer than `FEWEST_PAIRS` no p-value is below 0.05."""
    return matched_effects(differences, np.zeros(len(differences), dtype=int), list(names))


def _mean_change(name: str, changes: Sequence[Change]) -> Effect | None:
    known = [one.difference for one in changes if one.difference is not None and one.interval is not None]
    if len(known) < 2:
        return None
    return _effects(np.array(known)[:, None], [name])[0]


def _tokens(run: Run, pairs: Sequence[str]) -> float:
    """Tokens read a prompt, over these pairs."""
    rows = run.observations[run.observations["pair"].isin(pairs)]
    tokens = float(rows["input_tokens"].sum()) / max(float(rows["calls"].sum()), 1.0)
    return tokens or math.nan


def _decided(run: Run, pairs: Sequence[str]) -> float:
    rows = run.observations[run.observations["pair"].isin(pairs)]
    return float(rows["decided_mass"].mean())


def _plain(effect: Effect) -> dict[str, Any]:
    told = {
        name: _known(value) if isinstance(value, float) else value for name, value in effect.to_dict().items()
    }
    return {**told, "interval": [_known(end) for end in effect.interval]}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _ends(ends: tuple[float, float], form: str) -> str:
    return f"{ends[0]:{form}} to {ends[1]:{form}}" if all(map(math.isfinite, ends)) else "-"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
