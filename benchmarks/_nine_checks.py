"""What the nine-by-hundred trial has to show, read off the servers' journals and the study's tables."""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from spinodal.agents.serving import JournalEntry
from spinodal.fitting import Counts, estimate_tanh
from spinodal.fitting._table import read_curves
from spinodal.measure.designs import POINTS_OF_50
from spinodal.theory import is_bistable

DYING = 30.0
"""Seconds within which a busy server is sure to have seen that a killed worker's connections ended."""


_TOLD = 24
"""Characters of a digest that the id of a completion tells."""


@dataclass(frozen=True)
class Calls:
    """What was asked of the servers. A call is a request's body: the same body asks the same again."""

    answered: int
    """Different calls that were answered whole."""
    repeated: int
    """Calls asked again whose answer had been kept, or had gone to a worker that lived: has to be 0."""
    repeated_in_flight: int
    """Calls asked again whose answer had gone out to the killed worker, which died before it kept it."""
    in_flight: int
    """Requests of the killed worker without an answer that was kept."""
    unanswered: int
    """Calls that nobody got an answer to: has to be 0."""
    failed: dict[str, int]
    """Requests that failed on purpose, by kind."""
    refused: int
    """Requests beyond a rate limit, answered by 429."""
    requests: int
    """All in all."""


def kept_calls(run: Path) -> list[str]:
    """Calls whose answers lie in the caches of a study's parts: of their digests what completions tell.

    Parts that are finished have no cache any more. A file that is being written counts as none.
    """
    files = list(run.glob("parts/*/cache/**/*"))  # at once, before anybody goes on
    kept = []
    for file in files:
        try:
            _, output = pickle.loads(file.read_bytes())
        except (OSError, EOFError, pickle.UnpicklingError):
            continue
        kept.append(str(output.response_id).removeprefix("chatcmpl-"))
    return kept


def count_calls(entries: Iterable[JournalEntry], killed_at: float, kept: Iterable[str] = ()) -> Calls:
    """Count requests and calls, those in flight at the kill apart.

    Args:
        entries: of all servers.
        killed_at: when the worker was killed, in seconds since 1970.
        kept: what `kept_calls` found right after.

    In flight is what was the last request on a connection that ended with the kill, and was not kept.
    """
    known = set(kept)
    by_call: dict[str, list[JournalEntry]] = defaultdict(list)
    requests = 0
    for entry in entries:
        requests += 1
        by_call[entry.digest].append(entry)

    def died(entry: JournalEntry) -> bool:
        ended = entry.closed is not None and killed_at <= entry.closed <= killed_at + DYING
        return ended and entry.failure is None and entry.digest[:_TOLD] not in known

    repeated = repeated_in_flight = unanswered = 0
    for calls in by_call.values():
        calls.sort(key=lambda entry: entry.received)
        answers = [at for at, entry in enumerate(calls) if entry.answered]
        unanswered += not answers
        for at in answers:
            if at + 1 < len(calls):
                repeated_in_flight += died(calls[at])
                repeated += not died(calls[at])
    every = [entry for calls in by_call.values() for entry in calls]
    return Calls(
        answered=len(by_call) - unanswered,
        repeated=repeated,
        repeated_in_flight=repeated_in_flight,
        in_flight=sum(died(entry) for entry in every),
        unanswered=unanswered,
        failed=dict(Counter(entry.failure for entry in every if entry.failure)),
        refused=sum(entry.status == 429 for entry in every),
        requests=requests,
    )


@dataclass(frozen=True)
class Figure:
    """A figure of one agent: the truth, what was found, and the 95% interval of that, the pairs given."""

    truth: float
    found: float
    low: float
    high: float
    chance: float
    """How likely an interval made in this way holds the truth, by simulation. It is not 95%: noise of the
    single curves moves medians and shares, and a curve near the spinodal is likelier moved out than in."""
    by_paper: float
    """What the paper's 1,000 samples a curve find of the same laws, simulated."""

    @property
    def holds(self) -> bool:
        """Whether the truth is in the interval."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Findings:
    """What the study found of one agent, beside the truth of its laws."""

    curves: int
    readout: str
    calls: int
    """That its curves took."""
    beta: Figure
    """Median over the pairs."""
    h: Figure
    """Median of |h|."""
    inside: Figure
    """Share of pairs inside the spinodal, by their point estimates."""
    beta_held: int
    """Curves whose own 95% interval holds the truth."""
    h_held: int
    beta_error: float
    """Median over the pairs of |beta found / beta - 1|."""
    h_error: float
    """Median over the pairs of |h found - h|."""
    beta_error_by_paper: float
    h_error_by_paper: float


def findings(observations: pd.DataFrame, laws: pd.DataFrame) -> Findings:
    """Judge one agent's rows of a study by the laws it was made of."""
    curves = read_curves(
        observations[["pair", "m", "log_odds", "temperature", "censored", "count_a", "count_b"]]
    )
    law = laws.set_index("pair").loc[[str(curve.keys["pair"]) for curve in curves]]
    beta, h = law["beta"].to_numpy(), law["h"].to_numpy()
    fits = [estimate_tanh(curve.observations) for curve in curves]
    found_beta, found_h = (np.array([getattr(fit, name) for fit in fits]) for name in ("beta", "h"))
    beta_ci, h_ci = (np.array([getattr(fit, name) for fit in fits]).T for name in ("beta_ci", "h_ci"))
    random = np.random.default_rng(0)
    fewest = min(len(fit.draws) for fit in fits)
    draws = np.array([random.permutation(fit.draws)[:fewest] for fit in fits])  # (curves, draws, 2)
    drawn = _figures(draws[..., 1].T, (draws[..., 0] / (2 * draws[..., 1])).T)
    truth, found = _figures(beta, h), _figures(found_beta, found_h)
    by_paper = [estimate_tanh(_as_the_paper(*one, random)) for one in zip(beta, h, strict=True)]
    paper_beta, paper_h = (np.array([getattr(fit, name) for fit in by_paper]) for name in ("beta", "h"))
    columns = (truth, found, *np.quantile(drawn, [0.025, 0.975], axis=0))
    chance = _chance(beta, h, _spread(beta_ci, 2.0), _spread(h_ci, 1.0), random)
    figures = [
        Figure(*map(float, one)) for one in zip(*columns, chance, _figures(paper_beta, paper_h), strict=True)
    ]
    return Findings(
        curves=len(fits),
        readout=", ".join(sorted(set(observations["readout"]))),
        calls=int(observations["calls"].sum()),
        beta=figures[0],
        h=figures[1],
        inside=figures[2],
        beta_held=int(((beta_ci[0] <= beta) & (beta <= beta_ci[1])).sum()),
        h_held=int(((h_ci[0] <= h) & (h <= h_ci[1])).sum()),
        beta_error=float(np.median(np.abs(found_beta / beta - 1))),
        h_error=float(np.nanmedian(np.abs(found_h - h))),
        beta_error_by_paper=float(np.median(np.abs(paper_beta / beta - 1))),
        h_error_by_paper=float(np.nanmedian(np.abs(paper_h - h))),
    )


def _figures(beta: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Median beta, median |h| and share inside over the last axis; these three last."""
    parts = np.nanmedian(beta, -1), np.nanmedian(np.abs(h), -1), is_bistable(beta, h).mean(-1)
    return np.stack(parts, axis=-1)


def _as_the_paper(beta: float, h: float, random: np.random.Generator) -> Counts:
    """Counts of a curve as the paper takes it: a hundred samples at each of ten magnetizations."""
    m = (2 * np.array(POINTS_OF_50) - 50) / 50
    a = random.binomial(100, expit(2 * beta * (m + h))).astype(float)
    return Counts(m, a, 100 - a)


def _spread(interval: np.ndarray, most: float) -> np.ndarray:
    """Standard deviations that go with 95% intervals; bounded, as some are infinite."""
    return np.minimum((interval[1] - interval[0]) / (2 * 1.96), most)


def _chance(
    beta: np.ndarray,
    h: np.ndarray,
    beta_spread: np.ndarray,
    h_spread: np.ndarray,
    random: np.random.Generator,
    repeats: int = 200,
) -> np.ndarray:
    """How often the intervals hold the truth when the same laws are measured again and again."""
    truth, held = _figures(beta, h), np.zeros(3)
    for _ in range(repeats):
        found = beta + beta_spread * random.normal(size=beta.size), h + h_spread * random.normal(size=h.size)
        shape = (repeats, beta.size)
        drawn = _figures(
            found[0] + beta_spread * random.normal(size=shape),
            found[1] + h_spread * random.normal(size=shape),
        )
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        held += (low <= truth) & (truth <= high)
    return held / repeats
