"""Forecasts and their test: laws against plain simulation and dense matrices, and what the test refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from spinodal._errors import RequestError
from spinodal.agreement import ASPECTS, Forecast, agreement
from spinodal.agreement._distance import distances
from spinodal.response import (
    EmpiricalResponse,
    LimitedVisibilityResponse,
    MixtureResponse,
    OwnOpinionResponse,
    ResponseFunction,
    SampledPeersResponse,
    TanhResponse,
    among,
    holding,
)
from spinodal.simulate import Kind, Population, simulate
from spinodal.simulate.graphs import generate
from spinodal.theory import Chain, Stage, evolve, fixed_points, follow_protocol

TANH = TanhResponse(1.5, 0.1)
OWN = OwnOpinionResponse(TanhResponse(1.2, 0.6), TanhResponse(1.2, -0.4))


def forecast(*responses: ResponseFunction, agents: int = 12, sweeps: int = 4, **more: object) -> Forecast:
    populations = [Population([Kind(one, agents)]) for one in responses]
    return Forecast(populations, [Stage(sweeps)], **more)


def one_update(response: OwnOpinionResponse, agents: int, zealots: tuple[int, int]) -> NDArray[np.float64]:
    """The matrix of one update, from who is asked, what it sees and what it holds."""
    matrix = np.zeros((agents + 1, agents + 1))
    peers = agents - 1 + sum(zealots)
    for k in range(agents + 1):
        for holds_a, share in ((1, k / agents), (0, 1 - k / agents)):
            if share:
                part = response.holding_a if holds_a else response.holding_b
                p = float(part((2 * (k - holds_a + zealots[0]) - peers) / peers))
                matrix[k, k + 1 - holds_a if not holds_a else k] += share * p
                matrix[k, k - 1 if holds_a else k] += share * (1 - p)
    return matrix


class TestOwnOpinion:
    @pytest.mark.parametrize("zealots", [(0, 0), (2, 1)])
    def test_the_chain_is_the_matrix_over_who_is_asked(self, zealots: tuple[int, int]) -> None:
        matrix = one_update(OWN, 7, zealots)
        start = np.zeros(8)
        start[3] = 1.0
        law = evolve(Chain(OWN, 7, *zealots), start, 2)
        assert law == pytest.approx(start @ np.linalg.matrix_power(matrix, 14), abs=1e-12)
        stationary = np.exp(Chain(OWN, 7, *zealots).log_stationary())
        assert stationary @ matrix == pytest.approx(stationary, abs=1e-12)

    def test_the_engines_live_as_the_chain_says(self) -> None:
        """Means of 4,000 populations, at 4 standard errors: one seed in 10^4 fails a sweep."""
        found = simulate(Population([Kind(OWN, 10)]), 3, m0=0.2, runs=4000, seed=3)
        on_graph = simulate(
            Population([Kind(OWN, 10)], graph=generate("complete", 10, 0)), 3, m0=0.2, runs=4000, seed=4
        )
        exact = forecast(OWN, agents=10, sweeps=3).trace(0.2)
        spread = np.sqrt(exact.laws @ exact.magnetization**2 - exact.mean**2)
        for sampled in (found, on_graph):
            assert (np.abs(sampled.mean_m - exact.mean) <= 4.0 * spread / np.sqrt(4000.0) + 1e-12).all()

    def test_two_equal_parts_are_the_response_itself(self) -> None:
        m = np.linspace(-1.0, 1.0, 21)
        same = OwnOpinionResponse(TANH, TANH)
        assert same(m) == pytest.approx(TANH(m))
        assert Chain(same, 30).log_stationary() == pytest.approx(Chain(TANH, 30).log_stationary())

    def test_large_populations_stay_at_its_fixed_points(self) -> None:
        stable = [point.m for point in fixed_points(OWN) if point.stable]
        chain = Chain(OWN, 4000)
        log_law = chain.log_stationary()
        peaks = np.flatnonzero((log_law[1:-1] > log_law[:-2]) & (log_law[1:-1] > log_law[2:])) + 1
        assert chain.magnetization[peaks] == pytest.approx(stable, abs=2e-3)
        assert len(stable) == 2

    def test_parts_are_told_apart_through_what_is_seen_and_mixed(self) -> None:
        m = np.linspace(-1.0, 1.0, 5)
        assert holding(OWN, "A") is OWN.holding_a
        assert holding(TANH, "B") is TANH
        mixed = MixtureResponse([OWN, TANH], [1.0, 3.0])
        assert holding(mixed, "B")(m) == pytest.approx(0.25 * OWN.holding_b(m) + 0.75 * TANH(m))
        few = among(SampledPeersResponse(OWN, 3), 9)
        parts = [LimitedVisibilityResponse(part, 3, 9)(m) for part in (OWN.holding_a, OWN.holding_b)]
        assert few(m) == pytest.approx((1 + m) / 2 * parts[0] + (1 - m) / 2 * parts[1])
        many = SampledPeersResponse(OWN, 3)
        assert holding(many, "A")(m) == pytest.approx(SampledPeersResponse(OWN.holding_a, 3)(m))


class TestForecast:
    def test_a_known_response_has_the_law_of_the_chain(self) -> None:
        stages = [Stage(2), Stage(3, 0, 4)]
        start = np.zeros(13)
        start[9] = 1.0
        told = Forecast([Population([Kind(TANH, 12)])], stages, stop_at_consensus=True).trace(0.5)
        exact = follow_protocol(TANH, 12, start, stages, stop_at_consensus=True)
        assert told.sweeps.tolist() == exact.sweeps.tolist()
        assert told.laws == pytest.approx(exact.laws, abs=1e-12)

    def test_shown_peers_are_the_chains(self) -> None:
        shown = Forecast([Population([Kind(TANH, 12)], shown=3)], [Stage(4)])
        plain = forecast(SampledPeersResponse(TANH, 3))
        assert shown.trace(0.0).laws == pytest.approx(plain.trace(0.0).laws)

    def test_the_law_is_the_mean_over_the_draws(self) -> None:
        both = forecast(TANH, TanhResponse(0.5, -0.3))
        alone = [forecast(TANH).trace(0.0).laws, forecast(TanhResponse(0.5, -0.3)).trace(0.0).laws]
        assert both.trace(0.0).laws == pytest.approx(np.mean(alone, axis=0))
        assert not both.known

    def test_updates_that_do_not_decide_slow_it_down(self) -> None:
        """At half the pace, N updates are a binomial number of them: the law mixes those after 0..N."""
        start = np.zeros(13)
        start[6] = 1.0
        chain = Chain(TANH, 12)
        from scipy.stats import binom

        mixed = sum(binom.pmf(n, 12, 0.5) * evolve(chain, start, n / 12) for n in range(13))
        assert forecast(TANH, sweeps=1, pace=0.5).trace(0.0).laws[1] == pytest.approx(mixed)
        still = forecast(TANH, sweeps=1, pace=0.0).trace(0.0)
        assert still.laws[1] == pytest.approx(start)

    @pytest.mark.parametrize("pace", [1.0, 0.6])
    def test_sampled_forecasts_have_the_law_of_the_exact_one(self, pace: float) -> None:
        """A complete graph, and two kinds alike: each mean of 2,000 within 4 standard errors."""
        exact = forecast(OWN, TANH, sweeps=3, pace=pace).trace(0.5)
        graph = generate("complete", 12, 0)
        on_graph = [Population([Kind(one, 12)], graph=graph) for one in (OWN, TANH)]
        kinds = [Population([Kind(one, 8), Kind(one, 4)]) for one in (OWN, TANH)]
        spread = np.sqrt(exact.laws @ exact.magnetization**2 - exact.mean**2)
        for populations in (on_graph, kinds):
            sampled = Forecast(populations, [Stage(3)], pace=pace)
            assert not sampled.exact
            off = np.abs(sampled.trace(0.5).mean - exact.mean)
            assert (off <= 4.0 * spread / np.sqrt(2000.0) + 1e-12).all()

    def test_sets_follow_the_law_with_one_draw_each(self) -> None:
        told = forecast(TanhResponse(0.0, 0.0), TanhResponse.from_log_odds(6.0, 0.0), agents=20)
        *_, (last,) = told.sets([0.0], [5], 400, seed=1)
        means = last.mean(axis=1) / 20.0
        split = means > 0.75  # the draws are at a half and at one; a set never mixes them
        assert 0.4 < split.mean() < 0.6
        assert np.abs(means[split] - 1.0).max() < 0.1
        assert np.abs(means[~split] - 0.5).max() < 0.25

    @pytest.mark.parametrize(
        ("populations", "stages", "pace", "said"),
        [
            ([], [Stage(1)], 1.0, "no population"),
            ([Population([Kind(TANH, 5)]), Population([Kind(TANH, 6)])], [Stage(1)], 1.0, "differ in more"),
            ([Population([Kind(TANH, 5)])], [Stage(0)], 1.0, "0 sweeps"),
            ([Population([Kind(TANH, 5)])], [Stage(1.5)], 1.0, "1.5 sweeps"),
            ([Population([Kind(TANH, 5)])], [Stage(1)], 1.2, "1.2 of updates"),
        ],
    )
    def test_nonsense_is_refused_in_one_line(
        self, populations: Sequence[Population], stages: Sequence[Stage], pace: float, said: str
    ) -> None:
        with pytest.raises(RequestError, match=said):
            Forecast(populations, stages, pace=pace)


def lived(runs: int, response: ResponseFunction = TANH, seed: int = 0) -> NDArray[np.int64]:
    return simulate(Population([Kind(response, 12)]), 4, m0=0.0, runs=runs, seed=seed).counts[:, :, 0]


class TestAgreement:
    def test_the_same_seed_gives_the_same(self) -> None:
        counts = lived(6)
        first, again = (agreement(forecast(TANH), [0.0] * 6, counts, repeats=99, seed=4) for _ in range(2))
        assert first.to_dict() == again.to_dict()

    def test_one_trajectory_is_enough_to_refute_what_cannot_be(self) -> None:
        fixed = EmpiricalResponse(np.array([-1.0, 1.0]), np.array([1.0, 1.0]))
        sunk = np.array([[6, 4, 2, 1, 0]])
        found = agreement(forecast(fixed), [0.0], sunk, repeats=99)
        assert found.p_value == pytest.approx(0.01)
        assert found.rejects()
        assert not found.rejects(0.001)
        assert found.surprise.tolist() == [0.0]

    @pytest.mark.parametrize(
        ("true", "name", "sign"),
        [
            (TanhResponse(1.5, 0.4), "drift", 1.0),
            (TanhResponse(3.0, 0.05), "feedback", 1.0),
            (OwnOpinionResponse(TanhResponse(1.5, 0.7), TanhResponse(1.5, -0.5)), "scatter", -1.0),
        ],
    )
    def test_aspects_tell_in_which_way(self, true: ResponseFunction, name: str, sign: float) -> None:
        found = agreement(forecast(TANH), [0.0] * 80, lived(80, true), repeats=99)
        assert found.rejects(0.05)
        assert found.aspects[name].p_value <= 0.05
        assert sign * found.aspects[name].mean > 0.0

    def test_populations_at_half_the_pace_are_slower(self) -> None:
        steady = TanhResponse.from_log_odds(3.0, 0.0)
        told = forecast(steady, agents=20)
        slow = forecast(steady, agents=20, pace=0.5)
        counts = np.stack([of_start[0][0] for of_start in slow.sets([-0.8], [60], 1, seed=2)], axis=1)
        found = agreement(told, [-0.8] * 60, counts, repeats=99)
        assert found.aspects["pace"].p_value == pytest.approx(0.01)
        assert found.aspects["pace"].mean > 0.0
        assert not agreement(slow, [-0.8] * 60, counts, repeats=99).rejects(0.01)

    def test_means_bands_and_surprise_are_those_of_the_trajectories(self) -> None:
        counts = lived(5)
        told = forecast(TANH)
        found = agreement(told, [0.0] * 5, counts, repeats=19)
        trace = told.trace(0.0)
        (start,) = found.by_start
        assert start.observed_m == pytest.approx((2.0 * counts / 12.0 - 1.0).mean(axis=0))
        assert start.predicted_final_m == pytest.approx(trace.mean[-1])
        law = trace.laws[-1]
        assert found.surprise == pytest.approx([law[law <= law[k] + 1e-12].sum() for k in counts[:, -1]])
        low, high = trace.quantile(0.05), trace.quantile(0.95)
        m = 2.0 * counts / 12.0 - 1.0
        inside = (m > low - 1e-9) & (m < high + 1e-9)
        assert found.in_band == pytest.approx(inside[:, 1:].mean())
        assert 0.9 <= found.in_band_predicted < 1.0

    def test_starts_are_told_apart(self) -> None:
        counts = np.concatenate([lived(4), lived(4, TanhResponse(1.5, 3.0), seed=1)])
        counts[4:, 0] = 9
        found = agreement(forecast(TANH), [0.0] * 4 + [0.5] * 4, counts, repeats=199)
        assert [(start.m0, start.runs) for start in found.by_start] == [(0.0, 4), (0.5, 4)]
        assert found.by_start[1].observed_m[0] == pytest.approx(0.5)
        assert found.by_start[1].p_value < found.by_start[0].p_value

    def test_on_a_graph_a_right_forecast_passes_and_a_wrong_one_fails(self) -> None:
        """The right one fails in one seed of a hundred."""
        ring = generate("watts-strogatz:neighbors=4,rewire=0", 12, 0)
        counts = simulate(Population([Kind(TANH, 12)], graph=ring), 4, m0=0.0, runs=40, seed=2).counts[
            :, :, 0
        ]

        def told(response: ResponseFunction) -> Forecast:
            return Forecast([Population([Kind(response, 12)], graph=ring)], [Stage(4)])

        assert agreement(told(TANH), [0.0] * 40, counts, repeats=99).p_value > 0.01
        assert agreement(told(TanhResponse(0.8, 0.1)), [0.0] * 40, counts, repeats=99).p_value <= 0.01

    def test_it_is_ready_for_json_and_says_how_far_it_is(self) -> None:
        told: list[float] = []
        found = agreement(forecast(TANH, TANH), [0.0] * 2, lived(2), repeats=19, progress=told.append)
        assert told == pytest.approx([0.25, 0.5, 0.75, 1.0])
        written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert tuple(written["aspects"]) == ASPECTS
        assert written["known"] is False
        assert len(written["surprise"]) == 2

    @pytest.mark.parametrize(
        ("m0", "counts", "repeats", "said"),
        [
            ([], np.empty((0, 5)), 99, "R >= 1 starts"),
            ([0.0], [[6, 6, 6]], 99, "for 4 sweeps"),
            ([0.0], [[6, 7, 8, 9, 13]], 99, "counts from 6 to 13 of 12"),
            ([0.0], [[6, 7, 8, 9, 9.5]], 99, "whole numbers"),
            ([0.5], [[6, 6, 6, 6, 6]], 99, "starts with 6 agents for A, but the forecast with 9"),
            ([0.0], [[6, 6, 6, 6, 6]], 5, "19 or more"),
        ],
    )
    def test_what_does_not_fit_is_refused_in_one_line(
        self, m0: list[float], counts: object, repeats: int, said: str
    ) -> None:
        with pytest.raises(RequestError, match=said):
            agreement(forecast(TANH), m0, counts, repeats=repeats)


def test_the_distance_is_nothing_for_the_law_itself_and_the_same_for_both_options() -> None:
    law = np.array([0.1, 0.2, 0.4, 0.3])
    itself = np.repeat([0, 1, 2, 3], [1, 2, 4, 3])
    assert distances(itself[None], law) == pytest.approx([0.0])
    seen = np.array([[0, 1, 1, 3]])
    assert distances(seen, law) == pytest.approx(distances(3 - seen, law[::-1]))


def test_the_distance_sees_what_lies_beside_a_law_of_one_state() -> None:
    law = np.array([0.0, 0.0, 1.0, 0.0, 0.0])
    at, above, below = distances(np.array([[2], [4], [0]]), law)
    assert at == 0.0
    assert above == pytest.approx(below)
    assert above > 0.0
