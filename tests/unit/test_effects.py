"""Effects from matched games: estimates, the sign-flip test against plain enumeration, and power."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from spinodal._errors import RequestError
from spinodal.effects import Effect, detectable_effect, games_needed, holm, matched_effects

DRAWS = 499


def effects(differences: object, strata: object, **more: object) -> tuple[Effect, ...]:
    names = [f"trait {number}" for number in range(np.shape(differences)[1])]
    return matched_effects(differences, strata, names, **{"draws": DRAWS, **more})


def standing(differences: NDArray[np.float64], strata: NDArray[np.int64]) -> NDArray[np.float64]:
    """|estimate| / SE of each trait, from the formulas."""
    groups = [differences[strata == label] for label in np.unique(strata)]
    estimate = np.mean([group.mean(axis=0) for group in groups], axis=0)
    error2 = sum(group.var(axis=0, ddof=1) / len(group) for group in groups) / len(groups) ** 2
    return np.abs(estimate) / np.sqrt(error2)


def enumerated(
    differences: NDArray[np.float64], strata: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p-values by every flip, and step-down max-T by its definition: drop a trait once it is judged."""
    flips = list(itertools.product([1.0, -1.0], repeat=len(strata)))
    flipped = np.array([standing(np.array(signs)[:, None] * differences, strata) for signs in flips])
    seen = flipped[0]
    p = np.mean(flipped >= seen - 1e-9, axis=0)
    adjusted, least, left = np.empty_like(p), 0.0, list(range(p.size))
    while left:
        trait = max(left, key=lambda one: seen[one])
        least = max(least, float(np.mean(flipped[:, left].max(axis=1) >= seen[trait] - 1e-9)))
        adjusted[trait] = least
        left.remove(trait)
    return p, adjusted


class TestEstimate:
    def test_strata_weigh_the_same_however_many_games_they_have(self) -> None:
        (effect,) = effects([[0.2], [0.4], [0.9], [0.5], [0.1], [0.5]], [7, 7, -1, -1, -1, -1])
        assert effect.estimate == pytest.approx((0.3 + 0.5) / 2)
        assert effect.games == 6

    def test_sd_is_of_one_difference_within_strata(self) -> None:
        differences = np.random.default_rng(1).normal(size=(9, 1)) + np.repeat([0.0, 5.0], [4, 5])[:, None]
        (effect,) = effects(differences, np.repeat([0, 1], [4, 5]))
        rest = 3 * differences[:4].var(ddof=1) + 4 * differences[4:].var(ddof=1)
        assert effect.sd == pytest.approx(math.sqrt(rest / 7))

    def test_the_order_of_games_changes_neither_estimate_nor_exact_p_values(self) -> None:
        random = np.random.default_rng(2)
        differences, strata, order = random.normal(size=(8, 3)), np.repeat([0, 1], 4), random.permutation(8)
        one, other = effects(differences, strata), effects(differences[order], strata[order])
        assert [e.estimate for e in one] == pytest.approx([e.estimate for e in other])
        assert [e.p_adjusted for e in one] == pytest.approx([e.p_adjusted for e in other])

    def test_result_is_kept_as_json(self) -> None:
        (effect,) = effects(np.random.default_rng(3).normal(size=(6, 1)), [0] * 6)
        kept = json.loads(json.dumps(effect.to_dict()))
        assert kept["name"] == "trait 0"
        assert kept["interval"] == list(effect.interval)


class TestInterval:
    def test_it_is_nowhere_narrower_than_students(self) -> None:
        differences = np.random.default_rng(4).exponential(size=(12, 1))
        (effect,) = effects(differences, [0] * 12)
        student = stats.t.interval(0.95, 11, differences.mean(), stats.sem(differences[:, 0]))
        assert effect.interval[0] <= student[0] + 1e-12
        assert effect.interval[1] > student[1] * 1.05  # the long tail is on the side of larger effects

    def test_many_normal_differences_have_about_students(self) -> None:
        differences = np.random.default_rng(5).normal(size=(200, 1))
        (effect,) = effects(differences, [0] * 200, draws=4000)
        student = stats.t.interval(0.95, 199, differences.mean(), stats.sem(differences[:, 0]))
        assert effect.interval == pytest.approx(student, abs=0.15 * np.ptp(student))

    def test_it_turns_with_the_sign_and_scales_with_the_score(self) -> None:
        differences = np.random.default_rng(6).normal(size=(9, 1)) * [1.0, 3.0]
        differences[:, 1] = 3.0 * differences[:, 0]
        one, thrice = effects(differences, np.repeat([0, 1, 2], 3))
        assert thrice.interval == pytest.approx([3.0 * end for end in one.interval])

    def test_few_answers_that_are_mostly_alike_have_an_interval_with_two_ends(self) -> None:
        (effect,) = effects([[0.0], [0.0], [0.0], [0.0], [1 / 3]], [0] * 5)
        assert effect.interval[0] < 0.0 < effect.estimate < effect.interval[1]
        assert np.isfinite(effect.interval).all()

    def test_a_stratum_of_one_game_leaves_no_interval_but_an_exact_p_value(self) -> None:
        effects_of = effects(np.random.default_rng(7).normal(size=(6, 2)), [0, 0, 0, 0, 0, 1])
        assert all(math.isnan(end) for effect in effects_of for end in effect.interval)
        assert all(0.0 < effect.p_value <= effect.p_adjusted <= 1.0 for effect in effects_of)

    def test_strata_of_one_game_each_leave_the_estimate_alone(self) -> None:
        (effect,) = effects([[0.1], [0.3]], [0, 1])
        assert effect.estimate == pytest.approx(0.2)
        assert all(math.isnan(x) for x in (*effect.interval, effect.p_value, effect.p_adjusted, effect.sd))


class TestSignFlip:
    @pytest.mark.parametrize("strata", [[0] * 8, [0, 0, 0, 1, 1, 1, 1, 1]])
    def test_p_values_are_those_of_plain_enumeration(self, strata: list[int]) -> None:
        random = np.random.default_rng(8)
        differences = random.normal(size=(8, 1)) + random.normal(size=(8, 4)) + [1.5, 0.0, 0.6, 0.0]
        p, adjusted = enumerated(differences, np.array(strata))
        found = effects(differences, strata)
        assert [effect.p_value for effect in found] == pytest.approx(p)
        assert [effect.p_adjusted for effect in found] == pytest.approx(adjusted)

    def test_ties_among_scores_are_ties_among_flips(self) -> None:
        # thirds do not add up alike in every order; most flips of these tie with what was seen
        differences = np.array([1, -1, 2, 1, 1, -1, 2, 1])[:, None] / 3.0
        p = np.mean([abs(np.dot(signs, [1, -1, 2, 1, 1, -1, 2, 1])) >= 6 for signs in _all_signs(8)])
        (effect,) = effects(differences, [0] * 8)
        assert effect.p_value == pytest.approx(p)

    def test_random_flips_come_near_all_of_them(self) -> None:
        differences = np.random.default_rng(9).normal(size=(10, 3)) + 0.3
        every, some = (effects(differences, [0] * 10, draws=draws) for draws in (1024, 1000))
        # fails by chance for one in 30 000 seeds, a trait: four standard errors
        for one, other in zip(every, some, strict=True):
            margin = 4.0 * math.sqrt(one.p_value * (1.0 - one.p_value) / 1000) + 1 / 1001
            assert other.p_value == pytest.approx(one.p_value, abs=margin)

    def test_a_random_p_value_counts_what_was_observed(self) -> None:
        (effect,) = effects(np.random.default_rng(10).normal(5.0, 1.0, size=(40, 1)), [0] * 40)
        assert effect.p_value == pytest.approx(1 / (DRAWS + 1))

    def test_adjusted_p_values_are_no_smaller_and_keep_the_order(self) -> None:
        random = np.random.default_rng(11)
        differences = random.normal(size=(15, 1)) + random.normal(size=(15, 12)) + np.linspace(0, 1, 12)
        strata = np.repeat([0, 1, 2], 5)
        found = effects(differences, strata)
        order = np.argsort(-standing(differences, strata))
        adjusted = np.array([effect.p_adjusted for effect in found])
        assert all(effect.p_adjusted >= effect.p_value for effect in found)
        assert (np.diff(adjusted[order]) >= 0.0).all()
        assert found[order[-1]].p_adjusted < 1.0 or adjusted.max() == 1.0

    def test_one_trait_alone_needs_no_adjustment(self) -> None:
        (effect,) = effects(np.random.default_rng(12).normal(size=(20, 1)), [0] * 20)
        assert effect.p_adjusted == effect.p_value

    def test_copies_of_a_trait_cost_nothing(self) -> None:
        differences = np.random.default_rng(13).normal(0.5, 1.0, size=(20, 1))
        alone, copied = effects(differences, [0] * 20), effects(np.repeat(differences, 5, axis=1), [0] * 20)
        assert {effect.p_adjusted for effect in copied} == {alone[0].p_value}


class TestNothingVaries:
    def test_equal_differences_are_as_far_as_two_flips_in_all(self) -> None:
        (effect,) = effects(np.full((6, 1), 0.1), [0, 0, 0, 1, 1, 1])
        assert effect.estimate == pytest.approx(0.1)
        assert effect.interval == pytest.approx((0.1, 0.1))
        assert effect.sd == pytest.approx(0.0)
        assert effect.p_value == 2 / 2**6

    def test_no_difference_at_all_has_p_one(self) -> None:
        varied, none = effects(np.random.default_rng(14).normal(size=(9, 1)) * [1.0, 0.0], [0] * 9)
        assert (none.estimate, none.interval, none.p_value, none.p_adjusted) == (0.0, (0.0, 0.0), 1.0, 1.0)
        assert varied.p_adjusted == varied.p_value

    def test_strata_that_cancel_are_no_effect(self) -> None:
        (effect,) = effects([[0.1]] * 3 + [[-0.1]] * 3, [0, 0, 0, 1, 1, 1])
        assert effect.p_value == 1.0


class TestSeed:
    def test_the_seed_decides(self) -> None:
        differences = np.random.default_rng(15).normal(size=(20, 2))
        one, same, other = (effects(differences, [0] * 20, seed=seed) for seed in (1, 1, 2))
        assert one == same
        assert one != other


class TestRefused:
    @pytest.mark.parametrize(
        ("differences", "strata", "names", "draws", "said"),
        [
            ([[0.1], [math.nan]], [0, 0], ["a"], 499, "nan in game 1, trait 'a'"),
            ([[0.1], [math.inf]], [0, 0], ["a"], 499, "inf in game 1"),
            ([0.1, 0.2], [0, 0], ["a"], 499, r"shape \(2,\)"),
            (np.zeros((0, 2)), np.zeros(0, dtype=int), ["a", "b"], 499, r"shape \(0, 2\)"),
            ([[0.1], [0.2]], [0], ["a"], 499, r"strata of shape \(1,\)"),
            ([[0.1], [0.2]], [0.0, 1.0], ["a"], 499, "whole number"),
            ([[0.1], [0.2]], [0, 0], ["a", "b"], 499, "2 names for 1 traits"),
            ([[0.1], [0.2]], [0, 0], ["a"], 50, "50 draws"),
        ],
    )
    def test_says_what_is_wrong(
        self, differences: object, strata: object, names: list[str], draws: int, said: str
    ) -> None:
        with pytest.raises(ValueError, match=said):
            matched_effects(differences, strata, names, draws=draws)


class TestPower:
    def test_known_sample_size(self) -> None:
        # Cohen's d of 0.5 at 0.05 and power 0.8 takes 34 pairs: G*Power and every textbook table
        assert games_needed(0.5, 1.0) == 34
        assert games_needed(0.1, 0.2) == 34

    @pytest.mark.parametrize("tests", [1, 12])
    @pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
    @pytest.mark.parametrize("games", [10, 11, 30, 1000])
    def test_each_is_the_inverse_of_the_other(self, games: int, power: float, tests: int) -> None:
        seen = detectable_effect(games, 0.3, tests=tests, power=power)
        assert games_needed(seen * (1 + 1e-8), 0.3, tests=tests, power=power) == games
        assert games_needed(seen * (1 - 1e-6), 0.3, tests=tests, power=power) == games + 1

    @pytest.mark.parametrize(("games", "tests"), [(11, 1), (11, 12), (40, 12)])
    def test_t_tests_reject_as_often_as_promised(self, games: int, tests: int) -> None:
        """20 000 tests each; a right program fails for one seed in 16 000 a case (four standard errors)."""
        effect = detectable_effect(games, 0.4, tests=tests, power=0.8)
        differences = np.random.default_rng(games).normal(effect, 0.4, size=(20_000, games))
        rejected = stats.ttest_1samp(differences, 0.0, axis=1).pvalue <= 0.05 / tests
        assert rejected.mean() == pytest.approx(0.8, abs=4.0 * math.sqrt(0.8 * 0.2 / 20_000))

    @pytest.mark.parametrize("games", [6, 8, 10, 14])
    def test_the_tests_of_a_study_show_as_much_as_promised(self, games: int) -> None:
        """2 000 studies each: four standard errors of what is drawn here and there, one seed in 16 000 fails.

        At 14 games, where the t test stands in, the sign flips may show two percent less.
        """
        effect = detectable_effect(games, 0.4)
        differences = np.random.default_rng(games + 100).normal(effect, 0.4, size=(games, 2000))
        told = matched_effects(
            differences, np.zeros(games, dtype=int), list(map(str, range(2000))), draws=1024
        )
        shown = np.mean([one.p_value < 0.05 for one in told])
        assert shown == pytest.approx(
            0.8, abs=4.0 * math.sqrt(0.8 * 0.2 * (1 / 2000 + 1 / 4000)) + 0.02 * (games > 10)
        )

    def test_of_six_games_all_must_point_the_same_way(self) -> None:
        # P(all six positive) = 0.8 at Phi(effect)^6 = 0.8
        assert detectable_effect(6, 1.0) == pytest.approx(stats.norm.ppf(0.8 ** (1 / 6)), rel=0.02)

    def test_fewer_games_than_a_sign_flip_test_needs_show_nothing(self) -> None:
        for tests, fewest in ((1, 6), (3, 7), (12, 9)):
            assert 2.0 / 2**fewest <= 0.05 / tests < 2.0 / 2 ** (fewest - 1)
            assert math.isinf(detectable_effect(fewest - 1, 0.2, tests=tests))
            assert math.isfinite(detectable_effect(fewest, 0.2, tests=tests))
        alike = np.full((6, 1), 0.1) + np.arange(6)[:, None] * 1e-3
        assert effects(alike, np.zeros(6, dtype=int))[0].p_value < 0.05
        assert effects(alike[:5], np.zeros(5, dtype=int))[0].p_value > 0.05

    def test_a_large_effect_takes_six_games_and_a_tiny_one_many(self) -> None:
        assert games_needed(1e4, 1.0) == 6
        assert games_needed(1e-4, 1.0) == pytest.approx(7.8489e8, rel=1e-4)

    def test_more_tests_and_more_power_take_more_games(self) -> None:
        least = games_needed(0.2, 0.3)
        assert games_needed(0.2, 0.3, tests=12) > least
        assert games_needed(0.2, 0.3, power=0.95) > least
        assert games_needed(0.2, 0.3, level=0.01) > least

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"effect": 0.0}, "effect 0"),
            ({"effect": -0.1}, "effect -0.1"),
            ({"effect": math.nan}, "effect nan"),
            ({"effect": 1e-9}, "games; give a larger effect"),
            ({"sd": 0.0}, "sd 0"),
            ({"sd": math.inf}, "sd inf"),
            ({"power": 1.0}, "power 1"),
            ({"power": 0.0}, "power 0"),
            ({"power": 0.04}, "power 0.04 at level 0.05"),
            ({"level": 1.5}, "level 1.5"),
            ({"tests": 0}, "tests 0"),
            ({"tests": 1.5}, "tests 1.5"),
        ],
    )
    def test_games_needed_says_what_is_wrong(self, wrong: dict[str, float], said: str) -> None:
        with pytest.raises(RequestError, match=said):
            games_needed(**{"effect": 0.1, "sd": 0.2, **wrong})

    @pytest.mark.parametrize("games", [1, 0, -3, 2.5])
    def test_games_are_whole_and_at_least_two(self, games: float) -> None:
        with pytest.raises(RequestError, match=f"games {games}; give a whole number, 2 or more"):
            detectable_effect(games, 0.2)


def _all_signs(games: int) -> itertools.product[tuple[int, ...]]:
    return itertools.product([1, -1], repeat=games)


def test_holm_is_step_down_and_leaves_unknown_ones_out() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": math.nan})
    assert adjusted["a"] == pytest.approx(0.03)
    assert adjusted["c"] == adjusted["b"] == pytest.approx(0.06)
    assert math.isnan(adjusted["d"])
