"""Do the monitor's early-warning signs rise before zealots tip a group, and how often without any?

    python benchmarks/early_warning.py [--runs N]

Groups of agents with a bistable response begin at the aligned state and update one at a time, each update an
utterance that the monitor hears. Zealots for B grow steadily from none to 1.5 times the number that tips an
infinite population. Of each group, the variance and the lag-1 autocorrelation of the last estimates of m
(`window`, as in `spinodal.monitor`) are followed up to the update at which its drift score first exceeds 1
(it enters the misaligned basin) or 0.5 (it is half way there). A sign warns where Kendall's tau between
it and time exceeds what 95% of groups without zealots stay below, over stretches of the same lengths; half
of these groups set the threshold and the other half give the rate of false alarms.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import kendalltau

from _results import Row, write_results
from spinodal.monitor import autocorrelation, basin_of, variance
from spinodal.response import FloatArray, TanhResponse
from spinodal.theory import tipping_z

RESPONSE = TanhResponse(1.8, 0.05)
SIZES = (5, 20, 100, 500)
SWEEPS = 100
WINDOW = 20
UNTIL = (1.0, 0.5)
"""Drift scores up to which a group is followed."""
MOST_POINTS = 200
"""Values of a sign, evenly spread over its stretch, that tau is taken of."""


def estimates(agents: int, runs: int, zealots: FloatArray, generator: np.random.Generator) -> FloatArray:
    """m after each update, shape (updates, runs), from the aligned state, beside so many zealots for B."""
    aligned = basin_of(RESPONSE, "B").aligned or 1.0
    for_a = generator.binomial(agents, (1.0 + aligned) / 2.0, size=runs)
    found = np.empty((len(zealots), runs))
    for update, count in enumerate(zealots):
        own = generator.random(runs) * agents < for_a
        peers = for_a - own
        others = agents - 1 + count
        p = RESPONSE((2.0 * peers - others) / others)
        for_a = peers + (generator.random(runs) < p)
        found[update] = 2.0 * for_a / agents - 1.0
    return found


def signs(m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variance and autocorrelation of each window of estimates, as the monitor has them; one run."""
    swing = np.lib.stride_tricks.sliding_window_view(m, WINDOW)
    swing = swing - swing.mean(axis=1, keepdims=True)
    total = (swing**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        lagged = np.where(total > 1e-12, (swing[:, :-1] * swing[:, 1:]).sum(axis=1) / total, np.nan)
    return total / (WINDOW - 1), lagged


def _require_the_monitors_own(m: FloatArray) -> None:
    """Stop where the signs here are not those that the monitor computes."""
    windows = [list(m[at : at + WINDOW]) for at in range(len(m) - WINDOW + 1)]
    for here, there in zip(signs(m), (variance, autocorrelation), strict=True):
        np.testing.assert_allclose(here, [there(window) for window in windows])


def trends(m: FloatArray) -> tuple[float, float]:
    """Kendall's tau of both signs with time; 0 where a sign never varies."""
    found = []
    for sign in signs(m):
        some = sign[np.unique(np.linspace(0, len(sign) - 1, MOST_POINTS).round().astype(int))]
        known = np.isfinite(some)
        tau = kendalltau(np.flatnonzero(known), some[known]).statistic if known.sum() > 2 else 0.0
        found.append(0.0 if np.isnan(tau) else float(tau))
    return found[0], found[1]


def stretch(m: FloatArray, edge: float, every: int) -> FloatArray | None:
    """The estimates before a run falls below `edge`; None where it never does, or too soon to judge."""
    inside = np.flatnonzero(m < edge)
    if not inside.size:
        return None
    before = m[: inside[0] : every]
    return before if len(before) >= 2 * WINDOW else None


def size(agents: int, runs: int, seed: int) -> list[Row]:
    """Rows of one size of the group: how often an estimate is made, and how far the group is followed."""
    generator = np.random.default_rng([seed, agents])
    basin = basin_of(RESPONSE, "B")
    assert basin.edge is not None
    assert basin.aligned is not None
    updates = SWEEPS * agents
    critical = float(tipping_z(RESPONSE.beta, RESPONSE.h, "B")) * agents
    pushed = estimates(agents, runs, np.floor(np.linspace(0.0, 1.5 * critical, updates)), generator)
    left = estimates(agents, runs, np.zeros(updates), generator)
    rows: list[Row] = []
    for named, every in (("an utterance", 1), ("a sweep", agents)):
        calm = [m[::every] for m in left.T if (m >= basin.edge).all()]
        for drift in UNTIL:
            end = basin.aligned - drift * (basin.aligned - basin.edge)
            fell = [one for one in (stretch(m, end, every) for m in pushed.T) if one is not None]
            row: Row = {"agents": agents, "estimates": f"one {named}", "up to drift": drift}
            row |= {"groups followed": len(fell), "without zealots": len(calm)}
            rows.append(row | _rates(fell, calm, generator))
    return rows


def _rates(fell: list[FloatArray], calm: list[FloatArray], generator: np.random.Generator) -> Row:
    """How often each sign warns, of groups that fall and of others that do not."""
    if len(fell) < 20 or len(calm) < 40:
        return dict.fromkeys(_TOLD, "too few")
    lengths = generator.permutation([len(one) for one in fell])
    controls = np.array([trends(m[: lengths[i % len(lengths)]]) for i, m in enumerate(calm)])
    bars = np.quantile(controls[::2], 0.95, axis=0)
    warned = (np.array([trends(one) for one in fell]) > bars).mean(axis=0)
    false = (controls[1::2] > bars).mean(axis=0)
    return {name: f"{rate:.0%}" for name, rate in zip(_TOLD, (*warned, *false), strict=True)}


_TOLD = (
    "variance warns",
    "autocorrelation warns",
    "variance, false alarms",
    "autocorrelation, false alarms",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=400, help="groups with zealots, and as many without")
    parser.add_argument("--seed", type=int, default=2026)
    asked = parser.parse_args()
    _require_the_monitors_own(np.random.default_rng(asked.seed).choice([-1.0, -0.5, 0.5], size=100))
    rows = [row for agents in SIZES for row in size(agents, asked.runs, asked.seed)]
    for row in rows:
        print(row)
    write_results(
        "early-warning",
        "Early-warning signs before zealots tip a group",
        command=f"python benchmarks/early_warning.py --runs {asked.runs}",
        about=(
            f"Agents with beta = {RESPONSE.beta:g}, h = {RESPONSE.h:g}; zealots for B grow over {SWEEPS} "
            "sweeps to 1.5 times the number that tips an infinite population; windows of "
            f"{WINDOW} estimates. A sign warns where its trend (Kendall's tau) up to the first time at that "
            "drift score exceeds the 95% quantile of groups without zealots; false alarms are counted on "
            f"other such groups, so 5% is what chance gives. {asked.runs} groups with zealots and as many "
            f"without; counted are those that fall after {2 * WINDOW} estimates or more, and those that stay "
            "out of the basin."
        ),
        rows=rows,
    )


if __name__ == "__main__":
    main()
