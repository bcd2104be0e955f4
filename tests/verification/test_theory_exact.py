"""The theory against dense linear algebra and brute force, each with a picture.

Transition matrices are made agent by agent, folds are found by looking at every magnetization of a fine grid:
nothing of `spinodal.theory` is used on the other side of a comparison. All of it is deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from _page import Record, below
from scipy.special import gammaln

from spinodal.response import EmpiricalResponse, LapseResponse, ResponseFunction, TanhResponse
from spinodal.theory import (
    Chain,
    Stage,
    evolve,
    fixed_points,
    log_kramers_time,
    log_relaxation_time,
    run_protocol,
    tipping_z,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    KeepPlot = Callable[..., Axes]

BLUE, RED, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6b6b6b"
MEASURED = EmpiricalResponse(np.array([-0.9, -0.2, 0.3, 0.9]), np.array([0.03, 0.2, 0.7, 0.98]))
RESPONSES: list[ResponseFunction] = [
    TanhResponse(2.943, 0.325),
    TanhResponse(-1.2, 0.4),
    LapseResponse(4.0, -0.1, 0.03, 0.95),
    MEASURED,
]


def transition_matrix(
    response: ResponseFunction, n: int, zealots_a: int = 0, zealots_b: int = 0
) -> np.ndarray:
    """One update: one of n agents, at random, sees the n - 1 others and the zealots, and adopts."""
    matrix = np.zeros((n + 1, n + 1))
    for k in range(n + 1):
        for holds_a, of_this_kind in ((1, k), (0, n - k)):
            if of_this_kind:
                others = k - holds_a
                balance = others + zealots_a - (n - 1 - others) - zealots_b
                p = float(response(balance / (n - 1 + zealots_a + zealots_b)))
                matrix[k, others + 1] += of_this_kind / n * p
                matrix[k, others] += of_this_kind / n * (1.0 - p)
    return matrix


def at(k: int, n: int) -> np.ndarray:
    law = np.zeros(n + 1)
    law[k] = 1.0
    return law


@pytest.mark.parametrize("size", [(2, 0, 0), (9, 0, 0), (50, 0, 0), (50, 4, 1), (120, 0, 30)])
@pytest.mark.parametrize("response", RESPONSES, ids=lambda r: type(r).__name__)
def test_the_law_at_any_time_is_a_power_of_the_dense_matrix(
    response: ResponseFunction, size: tuple[int, int, int]
) -> None:
    n = size[0]
    matrix = transition_matrix(response, *size)
    stopping = matrix.copy()
    for k, opposed in ((0, size[1]), (n, size[2])):
        if not opposed:  # by zealots, who keep agents who agree from a consensus
            stopping[k] = at(k, n)
    for updates in (0, 1, 7, n, 10 * n, 200_000):
        for stops, dense in ((False, matrix), (True, stopping)):
            law = evolve(Chain(response, *size), at(n // 3, n), updates / n, stop_at_consensus=stops)
            expected = at(n // 3, n) @ np.linalg.matrix_power(dense, updates)
            expected /= expected.sum()  # the dense matrix's rounding doubles with each square
            assert law == pytest.approx(expected, abs=1e-11), (updates, stops)


@pytest.mark.verifies(
    "theory",
    "Schedules of zealots",
    (
        "The law of 50 agents after three stages, zealots joining and leaving, against powers of dense "
        "matrices made agent by agent."
    ),
    "1e-12 in every probability",
)
def test_zealots_who_come_and_go_multiply_the_powers(keep_plot: KeepPlot, record: Record) -> None:
    n, response = 50, TanhResponse(2.943, 0.325)
    stages = [Stage(3.0), Stage(10.0, zealots_b=45), Stage(10.0)]
    expected, ends = at(49, n), []
    for stage in stages:
        matrix = transition_matrix(response, n, stage.zealots_a, stage.zealots_b)
        expected = expected @ np.linalg.matrix_power(matrix, round(stage.sweeps * n))
        ends.append(expected)
    found = run_protocol(response, n, at(49, n), stages)
    m = np.linspace(-1.0, 1.0, n + 1)
    axes = keep_plot("exact_schedule")
    names = ("before", "after 10 sweeps with 45 zealots for B", "10 sweeps after they left")
    for law, dense, name, colour in zip(found, ends, names, (GREEN, RED, BLUE), strict=True):
        axes.plot(m, law, color=colour, lw=1.6, label=name)
        axes.plot(m, dense, "o", color=colour, ms=4, mfc="none")
        assert law == pytest.approx(dense, abs=1e-12)
    worst = max(np.abs(law - dense).max() for law, dense in zip(found, ends, strict=True))
    record(f"largest difference of a probability {below(worst)}")
    axes.set(
        yscale="log",
        ylim=(1e-9, 2.0),
        xlabel="magnetization m",
        ylabel="probability",
        title="50 agents, β = 2.943, h = 0.325, zealots who come and go:\n"
        "the law (lines) is that of powers of dense matrices (circles)",
    )
    axes.legend(frameon=False, fontsize=9, loc="lower left")


@pytest.mark.verifies(
    "theory",
    "Stationary law and committor",
    "The recursions of 50 agents against a dense eigenvector, a dense linear system and the Gibbs law.",
    "1e-8 relative for the law, 1e-10 for the committor",
)
def test_stationary_law_and_committor_are_those_of_dense_algebra_and_gibbs(
    keep_plot: KeepPlot, record: Record
) -> None:
    n, beta, h = 50, 1.6, 0.02
    chain, matrix = Chain(TanhResponse(beta, h), n), transition_matrix(TanhResponse(beta, h), n)
    values, vectors = np.linalg.eig(matrix.T)
    dense = np.abs(vectors[:, values.real.argmax()].real)
    dense /= dense.sum()
    k = np.arange(n + 1)
    gibbs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    gibbs += -2 * beta * k * (n - k) / (n - 1) + 2 * beta * h * k
    law = np.exp(chain.log_stationary())
    assert law == pytest.approx(dense, rel=1e-8)
    assert law == pytest.approx(np.exp(gibbs - np.logaddexp.reduce(gibbs)), rel=1e-10)

    a, b = 5, 45
    inside = np.arange(a + 1, b)
    system = np.eye(inside.size) - matrix[np.ix_(inside, inside)]
    q = np.concatenate([np.zeros(a + 1), np.linalg.solve(system, matrix[inside, b]), np.ones(n + 1 - b)])
    found = chain.committor(a, b)
    assert found == pytest.approx(q, abs=1e-10)
    record(f"stationary law: {below(np.abs(law / dense - 1.0).max())} relative")
    record(f"committor: {below(np.abs(found - q).max())}")
    axes = keep_plot("exact_stationary_and_committor")
    m = chain.magnetization
    axes.plot(m, law / law.max(), color=BLUE, lw=1.6, label="stationary law, of its maximum")
    axes.plot(m, dense / dense.max(), "o", color=BLUE, ms=4, mfc="none", label="dense eigenvector")
    axes.plot(m, found, color=RED, lw=1.6, label="committor from m = -0.8 to 0.8")
    axes.plot(m, q, "s", color=RED, ms=4, mfc="none", label="dense linear system")
    axes.set(
        xlabel="magnetization m",
        ylabel="probability",
        title=f"50 agents, β = {beta}, h = {h}: recursions agree with dense algebra",
    )
    axes.legend(frameon=False, fontsize=9)


@pytest.mark.verifies(
    "theory",
    "Relaxation time",
    (
        "The slowest relaxation time over conformity, for 20, 60 and 150 agents, against the gap of the "
        "dense spectrum."
    ),
    "1e-6 relative",
)
def test_relaxation_time_is_one_over_the_gap_of_the_dense_spectrum(
    keep_plot: KeepPlot, record: Record
) -> None:
    """While the gap is above 1e-8: below, eigenvalues of 16 digits are the ones that fail.

    The square roots of products of opposite entries make a symmetric matrix with the same spectrum.
    """
    axes = keep_plot("exact_relaxation_time")
    betas = np.linspace(0.2, 2.4, 23)
    for n, colour in ((20, GREEN), (60, BLUE), (150, RED)):
        found, gaps = [], []
        for beta in betas:
            response = TanhResponse(float(beta), 0.01)
            found.append(math.exp(log_relaxation_time(Chain(response, n))))
            matrix = transition_matrix(response, n)
            spectrum = np.linalg.eigvalsh(np.sqrt(matrix * matrix.T))
            gaps.append((1.0 - spectrum[-2]) * n)
        sharp = np.array(found) * n < 1e8
        axes.plot(betas, found, color=colour, lw=1.6, label=f"N = {n}")
        dense = 1.0 / np.array(gaps)[sharp]
        axes.plot(betas[sharp], dense, "o", color=colour, ms=4, mfc="none")
        record(f"N = {n}: {below(np.abs(np.array(found)[sharp] / dense - 1.0).max())} relative")
        assert sharp.sum() >= 12
        assert np.array(found)[sharp] == pytest.approx(dense, rel=1e-6)
    axes.axvline(1.0, color=GREY, lw=1, ls=":")
    axes.set(
        yscale="log",
        ylim=(0.5, 1e6),
        xlabel="conformity β (critical at 1)",
        ylabel="relaxation time, sweeps",
        title="Critical slowing down, then hops between two states:\n"
        "relaxation times (lines) are those of the dense spectrum (circles)",
    )
    axes.legend(frameon=False, fontsize=9)


@pytest.mark.verifies(
    "theory",
    "Kramers’ lifetimes",
    (
        "Kramers’ asymptotic lifetimes against the exact ones, 250 to 16,000 agents: the ratio less 1, "
        "times N, must settle."
    ),
    "the last two sizes alike to 0.5%",
)
def test_kramers_over_exact_tends_to_one_as_one_over_n(keep_plot: KeepPlot, record: Record) -> None:
    """The ratio less 1, times N, settles: at -1.61 and at -0.79, the last two of four alike to 0.5%."""
    sizes = np.array([250, 1000, 4000, 16000])
    axes = keep_plot("exact_kramers")
    cases = [
        (TanhResponse(1.6, 0.02), "tanh, β = 1.6, h = 0.02", BLUE),
        (LapseResponse(4.0, -0.1, 0.03, 0.95), "tanh between a floor and a ceiling", RED),
    ]
    for response, name, colour in cases:
        b, *_, a = (point.m for point in fixed_points(response) if point.stable)
        ratios = []
        for n in sizes:
            low, high = b, a
            chain = Chain(response, int(n))
            exact = chain.log_passage(chain.nearest(low), chain.nearest(high))
            asymptotic = log_kramers_time(response, int(n), "B")
            assert asymptotic is not None
            ratios.append(math.exp(asymptotic - exact))
        off = (np.array(ratios) - 1.0) * sizes
        apart = abs(off[-1] / off[-2] - 1.0)
        record(f"{name}: the ratio less 1 is {off[-1]:.2f}/N; the two largest sizes differ by {apart:.2%}")
        assert off[-1] == pytest.approx(off[-2], rel=0.005)
        axes.plot(sizes, np.abs(np.array(ratios) - 1.0), "o-", color=colour, label=name)
    axes.plot(sizes, 2.0 / sizes, color=GREY, ls=":", lw=1, label="1/N")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="agents N",
        ylabel="|Kramers / exact − 1|",
        title="Kramers' lifetimes tend to the exact ones as 1/N",
    )
    axes.legend(frameon=False, fontsize=9)


@pytest.mark.verifies(
    "theory",
    "Tipping threshold",
    "The closed form of z_c with Lambert’s W against the highest fold on a grid of 2,000,000 states.",
    "1e-9",
)
def test_tipping_formula_is_the_highest_fold_of_a_fine_grid(keep_plot: KeepPlot, record: Record) -> None:
    """Every perceived mu is a state for one z; the B state ends at the largest z on its branch."""
    mu = np.linspace(-1.0, 1.0, 2_000_001)[:-1]
    axes = keep_plot("exact_tipping_formula")
    betas = np.linspace(1.2, 6.0, 25)
    for h, colour in ((-0.3, RED), (0.0, GREY), (0.2, GREEN), (0.4, BLUE)):
        folds = []
        for beta in betas:
            tanh = np.tanh(beta * (mu + h))
            z = (mu - tanh) / (1.0 - mu)
            climbing = np.flatnonzero(np.diff(z) < 0.0)
            top = z[climbing[0]] if climbing.size else np.nan
            folds.append(top if top > 0.0 else np.nan)
        formula = tipping_z(betas, h, "A")
        formula = np.where(formula > 0.0, formula, np.nan)
        axes.plot(betas, formula, color=colour, lw=1.6, label=f"h = {h}")
        axes.plot(betas, folds, "o", color=colour, ms=4, mfc="none")
        record(f"h = {h}: {below(np.nanmax(np.abs(formula - np.array(folds))))}")
        assert formula == pytest.approx(np.array(folds), abs=1e-9, nan_ok=True)
        assert np.isfinite(formula).sum() > 8
    axes.set(
        xlabel="conformity β",
        ylabel="zealots for A per agent that end the B state, $z_c$",
        title="Tipping: the closed form (lines) is the fold that a scan finds (circles)",
    )
    axes.legend(frameon=False, fontsize=9)
