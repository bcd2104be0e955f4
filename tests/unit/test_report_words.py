"""Numbers on the page: signs, units, and values that are missing or out of range."""

from __future__ import annotations

import math

import pytest

from spinodal.report import _words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.304, "−0.30"),
        (-0.001, "0.00"),
        (1234.5, "1,234.50"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (None, "—"),
        (math.nan, "—"),
    ],
)
def test_numbers_carry_a_real_minus_sign_and_missing_ones_a_dash(value: float | None, text: str) -> None:
    assert _words.number(value) == text


def test_an_open_interval_shows_its_open_end() -> None:
    assert _words.interval((0.5, math.inf)) == "0.50 to ∞"
    assert _words.interval((math.nan, 1.0)) == "—"
    assert _words.interval(None) == "—"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0%"), (0.001, "< 1%"), (0.5, "50%"), (0.999, "> 99%"), (1.0, "100%"), (None, "—")],
)
def test_a_percentage_never_claims_certainty_it_lacks(value: float | None, text: str) -> None:
    assert _words.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.24, "2.2 sweeps"),
        (1279.13, "1,279 sweeps"),
        (3.2e9, "3.2 × 10⁹ sweeps"),
        (9.97e99, "1.0 × 10¹⁰⁰ sweeps"),
        (math.inf, "longer than can be computed"),
        (None, "—"),
    ],
)
def test_times_in_sweeps_stay_readable_at_any_size(value: float | None, text: str) -> None:
    assert _words.sweeps(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.2, "4.2 s"), (59.7, "1 min 0 s"), (192.4, "3 min 12 s"), (7500, "2 h 5 min"), (None, "—")],
)
def test_durations_use_the_largest_fitting_unit(seconds: float | None, text: str) -> None:
    assert _words.duration(seconds) == text


def test_money_keeps_the_cents_of_a_cent() -> None:
    assert _words.money(0.0123) == "$0.0123"
    assert _words.money(12.5) == "$12.50"
    assert _words.money(None) == "—"


def test_powers_of_ten_in_a_sentence_are_raised() -> None:
    assert _words.powers("about 10^11 sweeps, 10^-2") == "about 10¹¹ sweeps, 10⁻²"


def test_an_id_becomes_a_heading() -> None:
    assert _words.title("report-own_error") == "Report own error"
