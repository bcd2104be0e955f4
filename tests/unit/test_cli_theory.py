"""`spinodal theory`: the contract's object, and words without it."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from spinodal import RequestError
from spinodal.cli._main import build_app


def _run(*arguments: str) -> None:
    build_app(["theory"])(args=["theory", *arguments], standalone_mode=False)


def _object(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    _run(*arguments, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=refuse)
    return found


def test_json_has_exactly_the_keys_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, "--beta", "2.943", "--h", "0.325")
    assert set(found) == {"beta", "h", "phase", "spinodal_h", "fixed_points", "tipping"}
    assert set(found["tipping"]) == {"A", "B"}
    for threshold in found["tipping"].values():
        assert set(threshold) == {"zealots_per_agent", "fraction", "irreversible"}
    assert [set(point) for point in found["fixed_points"]] == [{"m", "stable"}] * 3


def test_json_has_the_published_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, "--beta", "2.943", "--h", "0.325", "--agents", "50")
    assert (found["beta"], found["h"], found["phase"]) == (2.943, 0.325, "bistable")
    assert [round(point["m"], 5) for point in found["fixed_points"]] == [-0.95102, -0.52156, 0.99918]
    assert [point["stable"] for point in found["fixed_points"]] == [True, False, True]
    assert found["tipping"]["A"]["zealots_per_agent"] == pytest.approx(0.059885, abs=1e-6)
    assert found["tipping"]["B"]["fraction"] == pytest.approx(0.758524 / 1.758524, abs=1e-6)
    assert found["escape_sweeps"]["from_B"] == pytest.approx(1279.13, abs=0.005)


def test_what_does_not_exist_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, "--beta", "0.5", "--h", "0.1", "--agents", "50")
    assert found["phase"] == "monostable"
    assert found["spinodal_h"] is None
    assert found["tipping"]["A"] == {"zealots_per_agent": None, "fraction": None, "irreversible": False}
    assert found["escape_sweeps"] == {"from_A": None, "from_B": None}


def test_a_lifetime_past_every_float_is_still_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, "--beta", "3", "--h", "0", "--agents", "100000")
    assert found["escape_sweeps"] == {"from_A": sys.float_info.max, "from_B": sys.float_info.max}


@pytest.mark.parametrize("arguments", [("--h", "-0.3"), ("--h=-0.3",)])
def test_a_negative_bias_is_read_as_a_number(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert _object(capsys, "--beta", "4", *arguments)["h"] == -0.3


def test_a_negative_conformity_is_read_as_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert _object(capsys, "--beta", "-4", "--h", "0")["phase"] == "monostable"


def test_without_json_it_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    _run("--beta", "4", "--h", "-0.3", "--agents", "20")
    assert capsys.readouterr().out.splitlines() == [
        "Bistable at beta = 4, h = -0.3 (two states need |h| < 0.5368).",
        "  stable    m = -0.99994",
        "  unstable  m = +0.40843",
        "  stable    m = +0.99216",
        "Tipping to A: 0.8559 zealots an agent, 46.1% of everybody, for good.",
        "Among 20 agents a majority for A lasts about 28,000 sweeps.",
        "Tipping to B: 0.1462 zealots an agent, 12.8% of everybody, for good.",
        "Among 20 agents a majority for B lasts about 10^25 sweeps.",
    ]


def test_without_threshold_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _run("--beta", "0.5", "--h", "0.1", "--agents", "20")
    said = capsys.readouterr().out
    assert "no bias allows two states" in said
    assert "Tipping to B: no threshold." in said
    assert "lasts" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--beta", "nan", "--h", "0"), "beta is nan"),
        (("--beta", "3", "--h", "inf"), "h is inf"),
        (("--beta", "3", "--h", "0", "--agents", "1"), "a population of 1 agents"),
        (("--beta", "3", "--h", "0", "--agents", "-5"), "a population of -5 agents"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        _run(*arguments)
