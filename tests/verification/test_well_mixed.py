"""Well-mixed engines against the exact chain, dense matrices and the Gibbs law.

Seeds are fixed. The statements are statistical: each chi-squared and each comparison of a mean or a
variance would fail by chance once in 10^4 fresh seeds, about 50 of them in all: once in 200.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from spinodal.response import (
    EmpiricalResponse,
    LimitedVisibilityResponse,
    MixtureResponse,
    ResponseFunction,
    TanhResponse,
)
from spinodal.simulate._population import Kind, Population
from spinodal.simulate.engines import CountsEngine, LeapsEngine
from spinodal.theory import Chain, Stage, critical_share, evolve, mean_field_path

if TYPE_CHECKING:
    from _page import Record
    from matplotlib.axes import Axes

KeepPlot = Callable[..., "Axes"]
Engine = CountsEngine | LeapsEngine

RARE = 1e-4
"""Chance that a comparison fails though nothing is wrong."""
DEVIATIONS = float(stats.norm.isf(RARE / 2.0))

PUBLISHED = TanhResponse(2.943, 0.325)
MEASURED = EmpiricalResponse(np.array([-0.9, -0.2, 0.3, 0.9]), np.array([0.03, 0.2, 0.7, 0.98]))


def lives(engine: Engine, stages: Sequence[Stage], runs: int, seed: int) -> np.ndarray:
    """Counts of each kind after every sweep of `runs` replicas, shape (runs, sweeps, kinds)."""
    all_seen = []
    for one in np.random.SeedSequence(seed).spawn(runs):
        replica = engine.replica(one)
        seen = []
        for stage in stages:
            replica.enter(stage)
            seen.append(replica.advance(int(stage.sweeps)))
        all_seen.append(np.concatenate(seen))
    return np.array(all_seen)


def laws(
    response: ResponseFunction,
    agents: int,
    start: int,
    stages: Sequence[Stage],
    shown: int | None = None,
    **how: bool,
) -> np.ndarray:
    """The exact law of the count after every sweep, shape (sweeps, agents + 1)."""
    law = np.zeros(agents + 1)
    law[start] = 1.0
    after = []
    for stage in stages:
        peers = agents - 1 + stage.zealots_a + stage.zealots_b
        seen = response if shown is None else LimitedVisibilityResponse(response, shown, peers)
        chain = Chain(seen, agents, stage.zealots_a, stage.zealots_b)
        for _ in range(int(stage.sweeps)):
            law = evolve(chain, law, 1.0, **how)
            after.append(law)
    return np.array(after)


def p_value(counts: np.ndarray, law: np.ndarray) -> float:
    """Chi-squared of observed states against their law, states in order pooled to 8 expected or more."""
    observed, expected = np.bincount(counts, minlength=law.size), law * counts.size
    assert observed[law <= 0.0].sum() == 0
    pools = np.floor(np.cumsum(expected) / 8.0).astype(int)
    pools = np.minimum(pools, pools[-1] - 1)  # the last pool may be short of 8
    _, pools = np.unique(pools, return_inverse=True)
    o, e = np.bincount(pools, observed), np.bincount(pools, expected)
    return 1.0 if e.size == 1 else float(stats.chisquare(o, e * o.sum() / e.sum()).pvalue)


ADVERSARIES = [Stage(4, zealots_a=12), Stage(4, zealots_a=2, zealots_b=9), Stage(3)]
CASES = {
    "published pair": (PUBLISHED, -0.4, [Stage(11)], {}),
    "published pair, zealots who come and go": (PUBLISHED, -0.9, ADVERSARIES, {}),
    "published pair, stopped at consensus": (PUBLISHED, -0.5, [Stage(11)], {"stop_at_consensus": True}),
    "zealots, stopped at consensus": (TanhResponse(2.0, 0.0), 0.1, ADVERSARIES, {"stop_at_consensus": True}),
    "contrarians": (TanhResponse(-2.5, 0.2), 0.8, [Stage(11)], {}),
    "measured curve": (MEASURED, 0.0, ADVERSARIES, {}),
    "seven peers shown": (PUBLISHED, -0.4, ADVERSARIES, {"shown": 7}),
}


@pytest.mark.verifies(
    "simulation",
    "Well-mixed engine, agent by agent",
    "10,000 replicas of 50 agents at four moments against the law of the exact chain.",
    "chi-squared at 1e-4 a case",
)
@pytest.mark.parametrize("case", CASES)
def test_fifty_agents_have_the_law_of_the_exact_chain(case: str, keep_plot: KeepPlot, record: Record) -> None:
    response, m0, stages, how = CASES[case]
    shown, stop = how.get("shown"), how.get("stop_at_consensus", False)
    population = Population([Kind(response, 50)], shown=shown)
    engine = CountsEngine(population, m0, np.random.SeedSequence(0), stop_at_consensus=stop)
    seen = lives(engine, stages, 10_000, seed=50)[:, :, 0]
    exact = laws(response, 50, int(engine.counts[0]), stages, shown, stop_at_consensus=stop)
    axes = keep_plot(f"counts_{case.replace(' ', '_').replace(',', '')}")
    levels = []
    for sweep in (1, 4, 8, 11):
        levels.append(p_value(seen[:, sweep - 1], exact[sweep - 1]))
        m = np.linspace(-1.0, 1.0, 51)
        (line,) = axes.plot(m, exact[sweep - 1], lw=1.0, label=f"{sweep} sweeps (p = {levels[-1]:.2f})")
        share = np.bincount(seen[:, sweep - 1], minlength=51) / len(seen)
        axes.plot(m, share, ".", color=line.get_color())
    record(f"smallest p of four moments {min(levels):.2g}")
    axes.set(
        title=f"50 agents, {case}:\nreplicas (dots) have the law of the exact chain (lines)",
        xlabel="magnetization",
        ylabel="probability",
        yscale="log",
        ylim=(1e-5, 1.5),
    )
    axes.legend()
    assert min(levels) > RARE / 4.0


@pytest.mark.verifies(
    "simulation",
    "Escape from a metastable state",
    "Mean first-passage time of 10,000 replicas against the exact 1279.13 sweeps.",
    "3.9 standard errors, one comparison in 10,000",
)
def test_fifty_agents_escape_after_as_many_sweeps_as_the_exact_chain_says(
    keep_plot: KeepPlot, record: Record
) -> None:
    """From k nearest -0.95102 to k nearest 0.99918: 1279.13 sweeps on average."""
    chain = Chain(PUBLISHED, 50)
    start, target = chain.nearest(-0.95102), chain.nearest(0.99918)
    expected = float(np.exp(chain.log_passage(start, target)))
    assert expected == pytest.approx(1279.13, abs=0.005)
    engine = CountsEngine(
        Population([Kind(PUBLISHED, 50)]), 2.0 * start / 50.0 - 1.0, np.random.SeedSequence(0)
    )
    times = []
    for one in np.random.SeedSequence(51).spawn(10_000):
        replica, before = engine.replica(one), 0
        while True:
            arrived = np.flatnonzero(replica.advance(1000)[:, 0] == target)
            if arrived.size:
                break
            before += 1000
        # seen at the end of the sweep, half a sweep late (the state stays at the target, but for 2%)
        times.append(before + arrived[0] + 0.5)
    mean, error = float(np.mean(times)), float(stats.sem(times))
    record(f"{mean:.0f} ± {error:.0f} sweeps, exact {expected:.2f}")
    axes = keep_plot("counts_escape")
    late = np.sort(times)
    axes.semilogy(
        late, 1.0 - np.arange(late.size) / late.size, label=f"replicas: mean {mean:.0f} ± {error:.0f}"
    )
    axes.semilogy(
        late, np.exp(-late / expected), "--", label=f"exponential with the exact mean {expected:.2f}"
    )
    axes.set(
        title="50 agents leave the B state as late as the exact chain says",
        xlabel="sweeps",
        ylabel="share that has not left",
    )
    axes.legend()
    assert abs(mean - expected) < DEVIATIONS * error


@pytest.mark.parametrize(("beta", "h", "zealots"), [(0.8, 0.1, 0), (1.1, 0.0, 5), (-2.0, -0.3, 2)])
def test_the_stationary_law_is_gibbs(beta: float, h: float, zealots: int) -> None:
    """log pi(k) = log C(N,k) - 2 beta k (N-k)/(N-1+S) + 2 beta k [h + S/(N-1+S)], written out here."""
    agents, k = 50, np.arange(51)
    others = agents - 1 + zealots
    log_pi = stats.binom(agents, 0.5).logpmf(k)
    log_pi += 2.0 * beta * k * (h + zealots / others - (agents - k) / others)
    gibbs = np.exp(log_pi - np.logaddexp.reduce(log_pi))
    engine = CountsEngine(Population([Kind(TanhResponse(beta, h), agents)]), 0.0, np.random.SeedSequence(0))
    seen = lives(engine, [Stage(80, zealots_a=zealots)], 10_000, seed=52)[:, -1, 0]
    assert p_value(seen, gibbs) > RARE


def product_chain(
    kinds: Sequence[Kind], zealots_a: int, zealots_b: int
) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """States (counts of A of each kind) and the matrix of one update, kind by kind and option by option."""
    states = list(itertools.product(*(range(kind.agents + 1) for kind in kinds)))
    place = {state: i for i, state in enumerate(states)}
    agents = sum(kind.agents for kind in kinds)
    matrix = np.zeros((len(states), len(states)))
    for state in states:
        for j, kind in enumerate(kinds):
            for holds_a, of_them in ((1, state[j]), (0, kind.agents - state[j])):
                if not of_them:
                    continue
                others_a = sum(state) - holds_a
                others_b = agents - 1 - others_a
                mu = (others_a + zealots_a - others_b - zealots_b) / (agents - 1 + zealots_a + zealots_b)
                p = float(kind.response(mu))
                for adopts, chance in ((1, p), (0, 1.0 - p)):
                    after = tuple(c + (adopts - holds_a) * (i == j) for i, c in enumerate(state))
                    matrix[place[state], place[after]] += of_them / agents * chance
    return states, matrix


SOCIETIES = {
    "two kinds": [Kind(PUBLISHED, 8), Kind(TanhResponse(-1.5, 0.2), 8)],
    "three kinds": [Kind(TanhResponse(3.0, 0.0), 4), Kind(MEASURED, 3), Kind(TanhResponse(0.3, -1.0), 5)],
}


@pytest.mark.parametrize("society", SOCIETIES)
def test_kinds_have_the_joint_law_of_the_dense_product_chain(society: str) -> None:
    kinds = SOCIETIES[society]
    stages = [Stage(3), Stage(2, zealots_b=3)]
    engine = CountsEngine(Population(kinds), -0.5, np.random.SeedSequence(0))
    seen = lives(engine, stages, 20_000, seed=53)
    states, _ = product_chain(kinds, 0, 0)
    place = {state: i for i, state in enumerate(states)}
    law = np.zeros(len(states))
    law[place[tuple(int(c) for c in engine.counts)]] = 1.0
    sweep = 0
    for stage in stages:
        _, matrix = product_chain(kinds, stage.zealots_a, stage.zealots_b)
        one_sweep = np.linalg.matrix_power(matrix, sum(kind.agents for kind in kinds))
        for _ in range(int(stage.sweeps)):
            law = law @ one_sweep
            observed = np.array([place[tuple(row)] for row in seen[:, sweep].tolist()])
            assert p_value(observed, law) > RARE
            sweep += 1


def moments(law: np.ndarray) -> tuple[float, float, float]:
    """Mean, variance and fourth central moment of m under a law of the count."""
    m = np.linspace(-1.0, 1.0, law.size)
    mean = float(law @ m)
    return mean, float(law @ (m - mean) ** 2), float(law @ (m - mean) ** 4)


def errors(counts: np.ndarray, law: np.ndarray) -> tuple[float, float, float, float]:
    """Of the mean and of the variance of m over replicas, each followed by the standard error it would
    have under the exact law, whose tails the replicas themselves may have missed."""
    mean, variance, fourth = moments(law)
    m = 2.0 * counts / (law.size - 1) - 1.0
    return (
        m.mean() - mean,
        np.sqrt(variance / m.size),
        m.var(ddof=1) - variance,
        np.sqrt((fourth - variance**2) / m.size),
    )


ORDERS = {
    "mean": (TanhResponse(3.0, 0.1), -0.25, 3, (1 / 2, 1 / 4, 1 / 8)),
    "variance": (TanhResponse(2.0, 0.1), 0.1, 2, (1.0, 1 / 2)),
}


@pytest.mark.verifies(
    "simulation",
    "Order of the leaping engine",
    "The error of the mean and of the variance of m against the exact chain, as the step shrinks.",
    "order above 1.7 (2 is the scheme’s, 1 would be a first-order one)",
)
@pytest.mark.parametrize("of", ORDERS)
def test_leaps_err_with_the_square_of_the_step(of: str, keep_plot: KeepPlot, record: Record) -> None:
    """An order fitted above 1.7, where errors stand out of the noise; one of first order would give 1.

    The stated error covers the real one of the mean at every step.
    """
    response, m0, sweeps, steps = ORDERS[of]
    population, stages = Population([Kind(response, 1_000)]), [Stage(sweeps)]
    law = laws(response, 1_000, round(500 * (1.0 + m0)), stages)[-1]
    found, stated = [], []
    for step in steps:
        engine = LeapsEngine(population, m0, np.random.SeedSequence(0), stages=stages, step=step)
        found.append(errors(lives(engine, stages, 40_000, seed=54)[:, -1, 0], law))
        stated.append(engine.step_error)
    of_mean, mean_noise, of_variance, variance_noise = np.abs(np.array(found)).T
    error, noise = (of_mean, mean_noise) if of == "mean" else (of_variance, variance_noise)
    assert (error[:-1] > 2.0 * DEVIATIONS * noise[:-1]).all()  # the last may be as small as it likes
    order = float(np.polyfit(np.log(steps), np.log(np.maximum(error, noise)), 1)[0])
    record(f"order {order:.2f}")
    axes = keep_plot(f"leaps_order_of_{of}")
    axes.errorbar(steps, error, noise, fmt="o", label=f"error of the {of} of m: order {order:.2f}")
    axes.plot(steps, error[0] * (np.array(steps) / steps[0]) ** 2, ":", label="order 2")
    if of == "mean":
        axes.plot(steps, stated, "--", label="stated error")
    axes.set(
        title=f"Leaps against the exact chain, 1,000 agents after {sweeps} sweeps:\n"
        "the error falls with the square of the step",
        xlabel="step (sweeps)",
        ylabel="error",
        xscale="log",
        yscale="log",
    )
    axes.legend()
    assert order > 1.7
    assert (of_mean < np.array(stated) + DEVIATIONS * mean_noise).all()


@pytest.mark.verifies(
    "simulation",
    "Leaps at the default step",
    "Mean and variance of m over ten sweeps with zealots who leave, against the exact chain.",
    "3.9 standard errors beside the stated error of the step",
)
@pytest.mark.parametrize(("agents", "runs"), [(1_000, 2_000), (10_000, 1_500)])
def test_leaps_of_the_default_step_have_the_exact_mean_and_variance(
    agents: int, runs: int, keep_plot: KeepPlot, record: Record
) -> None:
    stages = [Stage(5, zealots_a=agents // 10), Stage(5)]
    engine = LeapsEngine(
        Population([Kind(PUBLISHED, agents)]), -0.9, np.random.SeedSequence(0), stages=stages
    )
    seen = lives(engine, stages, runs, seed=55)[:, :, 0]
    exact = laws(PUBLISHED, agents, int(engine.counts[0]), stages)
    sweeps = np.arange(1, 11)
    means, variances, _ = np.array([moments(law) for law in exact]).T
    m = 2.0 * seen / agents - 1.0
    axes = keep_plot(f"leaps_{agents}_agents")
    axes.plot(sweeps, means, label="mean, exact chain")
    axes.plot(sweeps, m.mean(axis=0), "o", label="mean, leaps")
    axes.plot(sweeps, np.sqrt(variances), label="standard deviation, exact chain")
    axes.plot(sweeps, m.std(axis=0), "s", mfc="none", label="standard deviation, leaps")
    axes.set(title=f"Leaps have the exact mean and variance of m, {agents:,} agents", xlabel="sweeps")
    axes.legend()
    off = [errors(seen[:, sweep - 1], exact[sweep - 1]) for sweep in (2, 5, 6, 10)]
    record(
        f"mean at worst {max(abs(one[0] / one[1]) for one in off):.1f} standard errors off, variance "
        f"{max(abs(one[2] / one[3]) for one in off):.1f}"
    )
    for sweep in (2, 5, 6, 10):
        of_mean, mean_noise, of_variance, variance_noise = errors(seen[:, sweep - 1], exact[sweep - 1])
        assert abs(of_mean) < DEVIATIONS * mean_noise + engine.step_error
        assert abs(of_variance) < DEVIATIONS * variance_noise


@pytest.mark.verifies(
    "simulation",
    "Leaps of several kinds",
    "Counts of three kinds of agents by leaps against exact replicas.",
    "Welch’s and Levene’s tests at 1e-4",
)
def test_leaps_of_several_kinds_have_the_moments_of_exact_replicas(
    keep_plot: KeepPlot, record: Record
) -> None:
    """Welch's t on the means and Levene's test on the variances, of each kind and of the whole."""
    population = Population(
        [Kind(PUBLISHED, 900), Kind(TanhResponse(-1.5, 0.2), 600), Kind(TanhResponse(0.5, -1.0), 500)]
    )
    stages = [Stage(4, zealots_b=100), Stage(2)]
    how = {"seed": 56, "runs": 1_500}
    exact = lives(CountsEngine(population, 0.2, np.random.SeedSequence(0)), stages, **how)
    leaps = lives(LeapsEngine(population, 0.2, np.random.SeedSequence(1)), stages, **(how | {"seed": 57}))
    axes = keep_plot("leaps_kinds")
    quantiles = np.linspace(0.5, 99.5, 100)
    for kind, name in enumerate(("followers", "contrarians", "sceptics")):
        middle, width = exact[:, -1, kind].mean(), exact[:, -1, kind].std()
        of_exact, of_leaps = (
            (np.percentile(counts[:, -1, kind], quantiles) - middle) / width for counts in (exact, leaps)
        )
        axes.plot(of_exact, of_leaps, ".", label=name)
    axes.axline((0.0, 0.0), slope=1.0, lw=0.8, color="black")
    axes.set(
        title="Quantiles of the counts of each kind: leaps against exact replicas",
        xlabel="exact, in standard deviations",
        ylabel="leaps",
    )
    axes.legend()
    levels = []
    for sweep in (1, 4, 6):
        for a, b in [
            *zip(exact[:, sweep - 1].T, leaps[:, sweep - 1].T, strict=True),
            (exact[:, sweep - 1].sum(axis=1), leaps[:, sweep - 1].sum(axis=1)),
        ]:
            levels.append(float(stats.ttest_ind(a, b, equal_var=False).pvalue))
            levels.append(float(stats.levene(a, b).pvalue))
    record(f"smallest p of {len(levels)} tests {min(levels):.2g}")
    assert min(levels) > RARE


@pytest.mark.verifies(
    "simulation",
    "Leaps near consensus",
    "A few dissenters among 1,000 agents, where a leap could go below zero, against the exact law.",
    "chi-squared at 1e-4",
)
@pytest.mark.parametrize("beta", [3.0, 4.0])
def test_a_few_dissenters_have_the_exact_law(beta: float, keep_plot: KeepPlot, record: Record) -> None:
    """0.3 or 2.5 dissenters among 1,000, in leaps; their mean to step/10 even in long leaps."""
    response, stages = TanhResponse(beta, 0.0), [Stage(4)]
    population = Population([Kind(response, 1_000)])
    law = laws(response, 1_000, 1_000, stages)[-1]
    short = LeapsEngine(population, 1.0, np.random.SeedSequence(0), step=1 / 64)
    seen = lives(short, stages, 10_000, seed=58)[:, -1, 0]
    level = p_value(seen, law)
    axes = keep_plot(f"leaps_few_dissenters_{beta:g}")
    dissenters = np.arange(12)
    axes.bar(dissenters, law[::-1][:12], label="exact chain", alpha=0.4)
    axes.plot(dissenters, np.bincount(1_000 - seen, minlength=12)[:12] / seen.size, "o", label="leaps")
    axes.set(
        title=f"Leaps near consensus, beta = {beta:g}: p = {level:.2f}",
        xlabel="dissenters",
        ylabel="probability",
    )
    axes.legend()
    record(f"p = {level:.2g}")
    assert level > RARE
    long = LeapsEngine(population, 1.0, np.random.SeedSequence(0), step=1 / 2)
    few = 1_000 - lives(long, stages, 20_000, seed=59)[:, -1, 0]
    mean = float(law @ np.arange(1_000, -1, -1))
    assert abs(few.mean() / mean - 1.0) < 0.5 / 10.0 + DEVIATIONS * few.std() / np.sqrt(few.size) / mean


def test_leaps_stop_at_consensus_as_the_exact_chain_does() -> None:
    response, stages = TanhResponse(5.0, 0.2), [Stage(8)]
    population = Population([Kind(response, 1_000)])
    engine = LeapsEngine(population, 0.5, np.random.SeedSequence(0), stop_at_consensus=True)
    seen = lives(engine, stages, 3_000, seed=60)[:, :, 0]
    exact = laws(response, 1_000, 750, stages, stop_at_consensus=True)
    for sweep in (6, 8):
        agreed, chance = (seen[:, sweep - 1] == 1_000).sum(), float(exact[sweep - 1][-1])
        assert stats.binomtest(int(agreed), len(seen), chance).pvalue > RARE


@pytest.mark.verifies(
    "simulation",
    "A hundred million agents",
    "Three kinds of agents against the mean-field path at twenty sweeps.",
    "six standard deviations of each kind",
)
def test_a_hundred_million_agents_of_three_kinds_follow_the_mean_field(
    keep_plot: KeepPlot, record: Record
) -> None:
    """Each kind within six standard deviations of an unbiased guess, 6 sqrt(2/n), at every sweep."""
    kinds = [
        Kind(TanhResponse(4.0, 0.1), 50_000_000),
        Kind(TanhResponse(-2.0, 0.3), 30_000_000),
        Kind(MEASURED, 20_000_000),
    ]
    start, agents = (-0.6, 0.5, 0.1), 100_000_000
    engine = LeapsEngine(Population(kinds), start, np.random.SeedSequence(61))
    engine.enter(Stage(20, zealots_b=agents // 20))
    seen = engine.advance(20) / np.array([kind.agents for kind in kinds]) * 2.0 - 1.0
    society = MixtureResponse([kind.response for kind in kinds], [kind.agents for kind in kinds])
    path = mean_field_path(society, start, 20.0, zealots_b=0.05, points=21)
    axes = keep_plot("leaps_mean_field_of_kinds")
    for k, name in enumerate(("followers", "contrarians", "as measured")):
        (line,) = axes.plot(path.sweeps, path.kinds[:, k], lw=1.0, label=name)
        axes.plot(np.arange(1, 21), seen[:, k], "o", mfc="none", color=line.get_color())
    axes.set(
        title="Three kinds, 10^8 agents: leaps (circles) on the mean-field path (lines)",
        xlabel="sweeps",
        ylabel="magnetization",
    )
    axes.legend()
    slack = 6.0 * np.sqrt(2.0 / np.array([kind.agents for kind in kinds]))
    record(f"at most {(np.abs(seen - path.kinds[1:]) / slack).max() * 6:.1f} standard deviations off")
    assert (np.abs(seen - path.kinds[1:]) < slack + 1e-6).all()


@pytest.mark.parametrize("above", [False, True])
def test_a_guarded_share_past_the_critical_one_rids_a_sampled_society_of_its_state(above: bool) -> None:
    """A million agents start in the misaligned state, 2% of them more or fewer guarded than it takes."""
    agents, open_, guarded = 10**6, TanhResponse(3.0, 0.0), TanhResponse(3.0, 0.8)
    share = critical_share(open_, guarded).share
    assert share is not None
    many = round((share + (0.02 if above else -0.02)) * agents)
    engine = LeapsEngine(
        Population([Kind(open_, agents - many), Kind(guarded, many)]), -1.0, np.random.SeedSequence(62)
    )
    m = 2.0 * engine.advance(200)[-1].sum() / agents - 1.0
    assert (m > 0.0) == above
