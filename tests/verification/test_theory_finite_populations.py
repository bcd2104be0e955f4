"""The exact chain against dense linear algebra, the Gibbs law, simulation and Kramers' asymptotics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.special import gammaln

from spinodal.response import EmpiricalResponse, LapseResponse, ResponseFunction, TanhResponse
from spinodal.theory import Chain, barriers, escape_times, fixed_points, log_kramers_time, potential

RESPONSES: list[ResponseFunction] = [
    TanhResponse(2.943, 0.325),
    TanhResponse(-1.2, 0.4),
    LapseResponse(4.0, -0.1, 0.03, 0.95),
    EmpiricalResponse(np.array([-0.9, -0.2, 0.3, 0.9]), np.array([0.03, 0.2, 0.7, 0.98])),
]
SIZES = [(2, 0, 0), (7, 0, 0), (7, 2, 0), (30, 0, 3), (30, 2, 5)]


@pytest.fixture(autouse=True)
def _eighty_decimals() -> Iterator[None]:
    with localcontext(prec=80):
        yield


def transition_matrix(response: ResponseFunction, n: int, zealots_a: int, zealots_b: int) -> np.ndarray:
    """One update, agent by agent: pick one of n; it sees the n - 1 others and the zealots; it adopts."""
    matrix = np.full((n + 1, n + 1), Decimal(0))
    everyone_else = n - 1 + zealots_a + zealots_b
    for k in range(n + 1):
        for holds_a, of_this_kind in ((True, k), (False, n - k)):
            if not of_this_kind:
                continue
            others_a = k - holds_a
            seen = (others_a + zealots_a - (n - 1 - others_a) - zealots_b) / everyone_else
            share, p = Decimal(of_this_kind) / n, Decimal(float(response(seen)))
            matrix[k, others_a + 1] += share * p
            matrix[k, others_a] += share * (1 - p)
    return matrix


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Gaussian elimination, in the 80 decimals of the context: metastable chains defeat 16."""
    rows = np.column_stack([matrix, right])
    n = len(rows)
    for i in range(n):
        pivot = i + int(np.argmax(np.abs(rows[i:, i])))
        rows[[i, pivot]] = rows[[pivot, i]]
        rows[i] = rows[i] / rows[i, i]
        for j in range(n):
            if j != i and rows[j, i]:
                rows[j] = rows[j] - rows[j, i] * rows[i]
    return rows[:, -1].astype(float)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("response", RESPONSES, ids=lambda r: type(r).__name__)
def test_stationary_law_passages_and_committor_solve_the_dense_equations(
    response: ResponseFunction, size: tuple[int, int, int]
) -> None:
    n = size[0]
    matrix = transition_matrix(response, *size)
    identity = np.full((n + 1, n + 1), Decimal(0))
    np.fill_diagonal(identity, Decimal(1))
    chain = Chain(response, *size)

    system = np.vstack([(matrix.T - identity)[:-1], np.full(n + 1, Decimal(1))])
    pi = solve(system, np.append(np.full(n, Decimal(0)), Decimal(1)))
    assert np.exp(chain.log_stationary()) == pytest.approx(pi, rel=1e-10, abs=0.0)

    low, high = n // 5, n - n // 6
    for start, target in ((low, high), (high, low), (0, n), (n, 0)):
        rest = [k for k in range(n + 1) if k != target]
        times = solve((identity - matrix)[np.ix_(rest, rest)], np.full(n, Decimal(1)))
        expected = times[rest.index(start)] / n
        assert math.exp(chain.log_passage(start, target)) == pytest.approx(expected, rel=1e-10)

    inside = np.arange(low + 1, high)
    expected_q = np.where(np.arange(n + 1) >= high, 1.0, 0.0)
    if inside.size:
        expected_q[inside] = solve((identity - matrix)[np.ix_(inside, inside)], matrix[inside, high])
    assert chain.committor(low, high) == pytest.approx(expected_q, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("size", [(50, 0, 0), (200, 7, 0), (1000, 0, 30)])
def test_stationary_law_of_the_tanh_response_is_gibbs(size: tuple[int, int, int]) -> None:
    """log pi(k) = log C(N,k) - 2 beta k(N-k)/(N-1+S) + 2 beta k [h + sS/(N-1+S)] + const."""
    beta, h = 2.943, 0.325
    n, zealots_a, zealots_b = size
    k = np.arange(n + 1)
    seen = n - 1 + zealots_a + zealots_b
    log_pi = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    log_pi += -2 * beta * k * (n - k) / seen + 2 * beta * k * (h + (zealots_a - zealots_b) / seen)
    log_pi -= np.logaddexp.reduce(log_pi)
    assert Chain(TanhResponse(beta, h), *size).log_stationary() == pytest.approx(log_pi, abs=1e-8)


def simulated_passages(
    response: ResponseFunction, n: int, start: int, target: int, runs: int, seed: int
) -> np.ndarray:
    """First-passage times in sweeps, update by update, from agents that look at one another."""
    generator = np.random.default_rng(seed)
    table = np.asarray(response((2.0 * np.arange(n) - (n - 1)) / (n - 1)))
    k = np.full(runs, start)
    times = np.zeros(runs)
    going = np.arange(runs)
    while going.size:
        holds_a = generator.random(going.size) * n < k[going]
        others = k[going] - holds_a
        k[going] = others + (generator.random(going.size) < table[others])
        times[going] += 1.0
        going = going[k[going] != target]
    return times / n


@pytest.mark.parametrize(
    ("response", "n"), [(TanhResponse(1.5, 0.03), 14), (LapseResponse(3.0, 0.02, 0.12, 0.85), 16)]
)
def test_mean_escape_times_are_those_of_simulated_populations(response: ResponseFunction, n: int) -> None:
    """4,000 runs each way. A correct chain fails one comparison in 16,000 (4 standard errors)."""
    stable = [point.m for point in fixed_points(response) if point.stable]
    chain = Chain(response, n)
    b, a = chain.nearest(stable[0]), chain.nearest(stable[-1])
    found = escape_times(response, n)
    for seed, (start, target, exact) in enumerate(((b, a, found.from_B), (a, b, found.from_A))):
        times = simulated_passages(response, n, start, target, runs=4000, seed=seed)
        standard_error = times.std(ddof=1) / math.sqrt(times.size)
        assert standard_error < 0.03 * times.mean()
        assert abs(times.mean() - exact) < 4.0 * standard_error


@pytest.mark.parametrize(
    "response", [TanhResponse(2.0, 0.1), LapseResponse(4.0, -0.1, 0.03, 0.95)], ids=lambda r: type(r).__name__
)
@pytest.mark.parametrize("side", ["A", "B"])
def test_lifetimes_grow_with_size_at_the_rate_of_the_barrier(response: ResponseFunction, side: str) -> None:
    """d ln(tau)/dN tends to the barrier as 1/N^2: the prefactor tends to a constant as 1/N."""
    barrier = getattr(barriers(response), f"from_{side}")

    def slope(n: int) -> float:
        def log_time(size: int) -> float:
            chain = Chain(response, size)
            stable = [point.m for point in fixed_points(response) if point.stable]
            k = [chain.nearest(m) for m in stable]
            start, target = (k[0], k[-1]) if side == "B" else (k[-1], k[0])
            return chain.log_passage(start, target)

        return (log_time(2 * n) - log_time(n)) / n

    errors = [abs(slope(n) - barrier) for n in (500, 2000, 8000)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-3 * barrier


def test_stationary_law_of_a_large_population_is_the_potential() -> None:
    response = LapseResponse(4.0, -0.1, 0.03, 0.95)
    n = 20_000
    chain = Chain(response, n)
    m = np.array([-0.9, -0.5, 0.0, 0.5, 0.9])
    k = np.rint(n * (1 + m) / 2).astype(int)
    rate = -chain.log_stationary()[k] / n
    expected = potential(response, m)
    # both up to a constant; the rest is O(1/N)
    assert rate - rate[2] == pytest.approx(expected - expected[2], abs=5.0 / n)


@pytest.mark.parametrize("zealots", [0, 20])
@pytest.mark.parametrize(
    "response", [TanhResponse(2.0, 0.1), LapseResponse(4.0, -0.1, 0.03, 0.95)], ids=lambda r: type(r).__name__
)
@pytest.mark.parametrize("side", ["A", "B"])
def test_kramers_times_tend_to_the_exact_ones(response: ResponseFunction, zealots: int, side: str) -> None:
    """Their ratio tends to 1: to 1% at N = 16,000."""
    errors = []
    for n in (1000, 4000, 16000):
        z = zealots / 1000.0
        chain = Chain(response, n, zealots_a=round(z * n))
        stable = [point.m for point in fixed_points(response, zealots_a=z) if point.stable]
        low, high = chain.nearest(stable[0]), chain.nearest(stable[-1])
        exact = chain.log_passage(low, high) if side == "B" else chain.log_passage(high, low)
        asymptotic = log_kramers_time(response, n, side, zealots_a=z)
        assert asymptotic is not None
        errors.append(abs(asymptotic - exact))
    assert errors[2] < errors[0]
    assert errors[2] < 0.01
