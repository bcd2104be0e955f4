"""The engines of well-mixed populations: starts, stages, counters, keeping and going on, bad requests.

Their statistics are checked in tests/verification/test_simulate_well_mixed.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spinodal._errors import RequestError
from spinodal.response import LapseResponse, LimitedVisibilityResponse, TanhResponse
from spinodal.simulate._binomial import next_binomial
from spinodal.simulate._population import Kind, Population
from spinodal.simulate._random import stream_of
from spinodal.simulate.engines import CountsEngine, Engine, LeapsEngine, _well_mixed, leaps_pay
from spinodal.simulate.engines._well_mixed import Tables
from spinodal.theory import Chain, Stage, fixed_points, states_of

FOLLOWER = TanhResponse(2.943, 0.325)
ALWAYS_A = LapseResponse(1.0, 0.0, 1.0, 1.0)
ALWAYS_B = LapseResponse(1.0, 0.0, 0.0, 0.0)
ENGINES = [CountsEngine, LeapsEngine]


def seed(number: int = 7) -> np.random.SeedSequence:
    return np.random.SeedSequence(number)


def mixed(agents: int = 600) -> Population:
    """Followers, contrarians and those who ignore the crowd."""
    return Population(
        [
            Kind(FOLLOWER, agents // 2),
            Kind(TanhResponse(-1.5, 0.1), agents // 3),
            Kind(LapseResponse(3.0, 0.0, 0.2, 0.7), agents - agents // 2 - agents // 3),
        ]
    )


def alone(response: object = FOLLOWER, agents: int = 600) -> Population:
    return Population([Kind(response, agents)])


@pytest.mark.parametrize("engine", ENGINES)
def test_it_starts_at_the_nearest_counts_of_each_kind(engine: type[Engine]) -> None:
    population = Population([Kind(FOLLOWER, 50), Kind(FOLLOWER, 7)])
    assert engine(population, -0.5, seed()).counts.tolist() == [12, 2]
    assert engine(population, (1.0, -1.0), seed()).counts.tolist() == [50, 0]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("m0", "words"),
    [
        (1.01, "a starting magnetization of 1.01"),
        (float("nan"), "a starting magnetization of nan"),
        ((0.0, 0.0), "2 starting magnetizations for 3 kinds"),
    ],
)
def test_an_impossible_start_is_refused(engine: type[Engine], m0: object, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        engine(mixed(), m0, seed())


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_an_engine_that_counts_what_it_did(engine: type[Engine]) -> None:
    moving = engine(mixed(), 0.0, seed())
    seen = moving.advance(5)
    assert seen.shape == (5, 3)
    assert (seen[-1] == moving.counts).all()
    assert moving.attempts == 5 * 600
    assert 0 < moving.flips < moving.attempts


@pytest.mark.parametrize("engine", ENGINES)
def test_counts_given_out_are_not_the_engines_own(engine: type[Engine]) -> None:
    moving = engine(mixed(), 0.0, seed())
    before = moving.counts
    moving.counts[:] = 0
    assert (moving.counts == before).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_lives_the_same_life_however_it_is_cut(engine: type[Engine]) -> None:
    whole, cut = (engine(mixed(), 0.0, seed()) for _ in range(2))
    expected = whole.advance(12)
    assert np.array_equal(np.concatenate([cut.advance(5), cut.advance(0), cut.advance(7)]), expected)
    assert cut.flips == whole.flips
    other = engine(mixed(), 0.0, seed(8))
    assert not np.array_equal(other.advance(12), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_snapshot_goes_on_bit_for_bit_with_its_zealots(engine: type[Engine]) -> None:
    first, second = (engine(mixed(), 0.0, seed()) for _ in range(2))
    first.enter(Stage(20, zealots_a=90))
    first.advance(4)
    kept = {name: array.copy() for name, array in first.snapshot().items()}
    expected = first.advance(6)
    second.restore(kept)
    assert np.array_equal(second.advance(6), expected)
    assert (second.attempts, second.flips) == (first.attempts, first.flips)
    first.restore(kept)  # nothing of what was kept has moved meanwhile
    assert np.array_equal(first.advance(6), expected)


@pytest.mark.parametrize("engine", ENGINES)
def test_replicas_are_what_a_new_engine_with_that_seed_would_be(engine: type) -> None:
    first = engine(mixed(), 0.0, seed())
    first.enter(Stage(3, zealots_b=100))
    first.advance(3)
    replica, fresh = first.replica(seed(8)), engine(mixed(), 0.0, seed(8))
    assert (replica.attempts, replica.flips) == (0, 0)
    assert np.array_equal(replica.advance(5), fresh.advance(5))


@pytest.mark.parametrize("engine", ENGINES)
def test_zealots_are_seen_while_they_stay_and_only_then(engine: type[Engine]) -> None:
    # they respond to a majority for A only, and start without one
    moving = engine(alone(TanhResponse(50.0, -0.2)), -1.0, seed())
    assert (moving.advance(5) == 0).all()
    moving.enter(Stage(20, zealots_a=6000))
    assert moving.advance(20)[-1] == 600
    moving.enter(Stage(20, zealots_b=6000))
    assert moving.advance(20)[-1] == 0
    moving.enter(Stage(1))
    assert (moving.advance(5) == 0).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("zealots", [-1, 1.5, float("nan")])
def test_impossible_zealots_are_refused(engine: type[Engine], zealots: float) -> None:
    with pytest.raises(RequestError, match="zealots"):
        engine(mixed(), 0.0, seed()).enter(Stage(1, zealots_a=zealots))


@pytest.mark.parametrize("engine", ENGINES)
def test_each_kind_follows_its_own_response(engine: type[Engine]) -> None:
    population = Population([Kind(ALWAYS_A, 300), Kind(ALWAYS_B, 300)])
    moving = engine(population, 0.0, seed())
    assert moving.advance(60)[-1].tolist() == [300, 0]
    assert moving.flips == 300


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("m0", [-1.0, 1.0])
def test_a_consensus_is_left_unless_it_is_to_be_kept(engine: type[Engine], m0: float) -> None:
    population = alone(TanhResponse(0.1, 0.0))
    leaving = engine(population, m0, seed())
    staying = engine(population, m0, seed(), stop_at_consensus=True)
    agreed = staying.counts.copy()
    assert (leaving.advance(3)[-1] != agreed).all()
    assert (staying.advance(3) == agreed).all()
    assert staying.flips == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_that_reaches_consensus_stays_there(engine: type[Engine]) -> None:
    population = Population([Kind(TanhResponse(4.0, 0.1), 20), Kind(TanhResponse(3.5, 0.1), 10)])
    for one in np.random.SeedSequence(5).spawn(20):
        moving = engine(population, 0.3, one, stop_at_consensus=True)
        path = moving.advance(500).sum(axis=1)
        agreed = np.flatnonzero((path == 0) | (path == 30))
        assert agreed.size  # leaving is 30 agents times 1e-4 a sweep: they all arrive within 500
        assert (path[agreed[0] :] == path[agreed[0]]).all()


def test_two_contrarians_never_idle() -> None:
    # each sees the other alone and always opposes it: from agreement the first update flips one for certain
    engine = CountsEngine(alone(TanhResponse(-800.0, 0.0), 2), 1.0, seed())
    assert (engine.advance(50) == 1).all()
    assert engine.flips == 1


@pytest.mark.parametrize("m0", [-1.0, 1.0])
def test_flips_as_rare_as_a_float_can_tell_from_never_are_timed(m0: float) -> None:
    # 100 agents agree; one leaves with probability exp(-30) = 9e-14, of which 1 - P keeps three digits
    response = TanhResponse(15.0, 0.0)
    log_rate = Chain(response, 100).log_rates[1 if m0 > 0 else 0][100 if m0 > 0 else 0]
    engine = CountsEngine(alone(response, 100), m0, seed())
    p_a, p_b = engine._tables.during(0, 0)
    rare = p_b[0, -1] if m0 > 0 else p_a[0, 0]
    assert np.log(rare) == pytest.approx(log_rate, abs=1e-12)


def test_a_limited_view_is_tabulated_as_the_response_to_it() -> None:
    population = Population([Kind(FOLLOWER, 40)], shown=5)
    engine = CountsEngine(population, 0.0, seed())
    p_a, p_b = engine._tables.during(3, 1)
    chain = Chain(LimitedVisibilityResponse(FOLLOWER, 5, 43), 40, 3, 1)
    assert p_a[0] == pytest.approx(chain.response(chain.perceived), rel=1e-12)
    assert p_a[0] + p_b[0] == pytest.approx(1.0, abs=1e-12)


def test_tables_are_made_once_for_all_replicas_and_given_up_when_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def counting(m):
        calls.append(np.size(m))
        return FOLLOWER(m)

    engine = CountsEngine(alone(counting), 0.0, seed())
    for one in seed().spawn(5):
        replica = engine.replica(one)
        replica.enter(Stage(1, zealots_a=3))
        replica.advance(1)
    assert len(calls) == 2
    monkeypatch.setattr(_well_mixed, "MOST_ENTRIES", 1800)
    for zealots in range(4, 10):
        engine.enter(Stage(1, zealots_a=zealots))
    assert len(engine._tables._made) <= 3


def test_too_many_agents_to_tabulate_are_pointed_to_leaps() -> None:
    with pytest.raises(
        RequestError, match=r"too many to sample exactly; use tau-leaping .* 8,388,608 agents"
    ):
        CountsEngine(Population([Kind(FOLLOWER, 10**8), Kind(FOLLOWER, 1)]), 0.0, seed())


def test_more_agents_than_attempts_can_be_counted_for_are_refused() -> None:
    with pytest.raises(RequestError, match="1,000,000,000,001 agents; give 1,000,000,000,000 or fewer"):
        LeapsEngine(alone(FOLLOWER, 10**12 + 1), 0.0, seed())
    most = LeapsEngine(alone(FOLLOWER, 10**12), 0.9, seed())
    assert 2.0 * most.advance(40)[-1, 0] / 10**12 - 1.0 == pytest.approx(0.99918, abs=1e-5)
    assert most.snapshot()["done"][0] == 40 * 10**12


@pytest.mark.parametrize("step", [0.0, -1.0, 1.5, float("nan")])
def test_an_impossible_step_is_refused(step: float) -> None:
    with pytest.raises(RequestError, match="leaps of"):
        LeapsEngine(mixed(), 0.0, seed(), step=step)


@pytest.mark.parametrize("agents", [2, 3, 50, 10**3 + 1])
@pytest.mark.parametrize("step", [1.0, 0.3, 1.0 / 7.0, 1.0 / 128.0])
def test_leaps_fill_a_sweep_whatever_its_length(agents: int, step: float) -> None:
    # who always adopts A flips as soon as it is picked: with k for B left, at rate k/N an update
    engine = LeapsEngine(alone(ALWAYS_A, agents), -1.0, seed(), step=step)
    engine.advance(100)
    assert engine.counts.tolist() == [agents]
    assert engine.attempts == 100 * agents
    assert engine.flips >= agents


def test_a_shorter_step_states_a_smaller_error_of_second_order() -> None:
    stages = (Stage(10, zealots_b=50), Stage(10))
    errors = [
        LeapsEngine(mixed(10_000), 0.4, seed(), stages=stages, step=step).step_error
        for step in (1.0 / 16.0, 1.0 / 32.0, 1.0 / 64.0)
    ]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.15)
    assert np.isnan(LeapsEngine(mixed(), 0.4, seed()).step_error)
    assert CountsEngine(mixed(), 0.4, seed()).step_error == 0.0


@pytest.mark.parametrize("beta", [-5.0, 0.5, 2.0, 4.0, 6.0, 10.0])
@pytest.mark.parametrize("m0", [0.0, -0.3])
def test_the_default_step_keeps_its_error_below_a_ten_thousandth(beta: float, m0: float) -> None:
    engine = LeapsEngine(alone(TanhResponse(beta, 0.0), 10**9), m0, seed(), stages=(Stage(30),))
    steep_on_its_watershed = beta > 4.0 and m0 == 0.0
    assert engine.step_error < (1e-3 if steep_on_its_watershed else 1e-4)


def test_interpolated_tables_are_within_their_stated_error() -> None:
    agents, beta = 10**8, 30.0
    response = TanhResponse(beta, 0.1)
    p_a, _ = LeapsEngine(alone(response, agents), 0.0, seed())._tables.during(0, 0)
    halfway = 0.5 * (p_a[0, 1:] + p_a[0, :-1])
    m = np.linspace(-1.0, 1.0, p_a.shape[1])
    assert np.abs(halfway - response(0.5 * (m[1:] + m[:-1]))).max() < 5e-11 * beta**2


def test_leaps_are_for_crowds_with_many_flips() -> None:
    stages = (Stage(50),)
    assert not leaps_pay(alone(TanhResponse(0.5, 0.0), 10_000), 0.0, stages)
    assert leaps_pay(alone(TanhResponse(0.5, 0.0), 200_000), 0.0, stages)
    assert not leaps_pay(alone(TanhResponse(6.0, 0.0), 200_000), 0.9, stages)
    assert leaps_pay(alone(TanhResponse(12.0, 0.0), 10**9), 1.0, stages)  # quiet, but too large for tables


def test_a_billion_agents_follow_their_mean_field() -> None:
    engine = LeapsEngine(alone(FOLLOWER, 10**9), -0.9, seed())
    m = 2.0 * engine.advance(60)[-1, 0] / 10**9 - 1.0
    state = states_of(fixed_points(FOLLOWER)).B
    assert state is not None
    slack = (1.0 - state**2) / (1.0 - FOLLOWER.beta * (1.0 - state**2))  # N times the variance of m
    assert m == pytest.approx(state, abs=5.0 * np.sqrt(slack / 10**9))  # five deviations: fails once in 10^6


@pytest.mark.parametrize(
    ("trials", "p"),
    [
        (0, 0.5),
        (5, 0.0),
        (5, 1.0),
        (7, 0.3),
        (40, 0.9),
        (10**9, 2e-9),
        (10**12, 9e-12),
        (30, 0.5),
        (1000, 0.02),
    ],
)
def test_few_successes_have_the_binomial_law(trials: int, p: float) -> None:
    """Chi-squared against SciPy's law at level 1e-4 a case."""
    _check_binomial(trials, p)


@pytest.mark.parametrize(
    ("trials", "p"), [(100, 0.2), (1000, 0.6), (10**6, 1.1e-5), (10**6, 0.3), (10**9, 0.5), (10**12, 1e-9)]
)
def test_many_successes_have_the_binomial_law(trials: int, p: float) -> None:
    """Chi-squared against SciPy's law at level 1e-4 a case."""
    _check_binomial(trials, p)


def _check_binomial(trials: int, p: float) -> None:
    draws = 40_000
    stream = stream_of(seed(trials % 1009))
    numbers = np.array([next_binomial(trials, p, stream) for _ in range(draws)])
    assert ((numbers >= 0) & (numbers <= trials)).all()
    law = stats.binom(trials, p)
    if law.std() == 0.0:
        assert (numbers == law.mean()).all()
        return
    edges = np.unique(law.ppf(np.linspace(0.0, 1.0, 41)[1:-1]))
    expected = draws * np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))
    observed = np.bincount(np.searchsorted(edges, numbers), minlength=expected.size)
    enough = expected > 5.0
    rest = ~enough
    if rest.any():
        expected = np.append(expected[enough], expected[rest].sum())
        observed = np.append(observed[enough], observed[rest].sum())
        keep = expected > 0.0
        assert observed[~keep].sum() == 0
        expected, observed = expected[keep], observed[keep]
    assert stats.chisquare(observed, expected * draws / expected.sum()).pvalue > 1e-4


def test_a_long_run_states_the_error_of_its_way_to_rest() -> None:
    short, long = (
        LeapsEngine(alone(FOLLOWER, 10**7), 0.1, seed(), stages=(Stage(sweeps),), step=1.0 / 16.0)
        for sweeps in (60, 10**6)
    )
    assert long.step_error == short.step_error > 0.0


def test_tables_made_in_blocks_are_those_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Tables(mixed()).during(7, 2)
    monkeypatch.setattr(_well_mixed, "_BLOCK", 128)
    assert np.array_equal(Tables(mixed()).during(7, 2), whole)
