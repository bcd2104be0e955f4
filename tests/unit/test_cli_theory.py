"""`spinodal theory`: the contract's object, and words without it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spinodal import RequestError
from spinodal.cli._main import build_app
from spinodal.response import EmpiricalResponse, SampledPeersResponse, TanhResponse
from spinodal.theory import outlook, propagate


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


def test_a_measured_curve_has_the_same_keys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("m,p\n0.5,0.9\n-0.5,0.1\n0,0.4\n")
    found = _object(capsys, "--curve", str(curve), "--agents", "30")
    expected = outlook(EmpiricalResponse(np.array([-0.5, 0.0, 0.5]), np.array([0.1, 0.4, 0.9])), 30)
    assert found == {"beta": None, "h": None, "spinodal_h": None, **expected.to_dict()}
    _run("--curve", str(curve))
    assert capsys.readouterr().out.startswith(f"Bistable by the curve in {curve}.")


def test_agents_shown_a_few_of_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, "--beta", "3", "--h", "0.1", "--agents", "50", "--shown", "3")
    expected = outlook(SampledPeersResponse(TanhResponse(3.0, 0.1), 3), 50)
    assert found == {"beta": 3.0, "h": 0.1, "spinodal_h": None, **expected.to_dict()}


def test_many_curves_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "fits.csv"
    table.write_text("model,pair,beta,h,b0\none,x,3,0.1,0.6\none,y,0,,0.5\n")
    _run("--fits", str(table), "--agents", "20", "--json", "--plot", str(tmp_path / "plane.png"))
    first, flat = json.loads(capsys.readouterr().out)
    alone = outlook(TanhResponse(3.0, 0.1), 20).to_dict()
    limit = pytest.approx(0.434425, abs=1e-6)
    assert first == {"model": "one", "pair": "x", "beta": 3.0, "h": 0.1, "spinodal_h": limit, **alone}
    assert flat["fixed_points"] == [{"m": pytest.approx(np.tanh(0.25)), "stable": True}]
    assert (tmp_path / "plane.png").stat().st_size > 5_000
    _run("--fits", str(table), "--agents", "20")
    header, line, _ = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["pair", "beta", "h", "phase"]
    assert line.split()[:6] == ["x", "3.00", "0.10", "bistable", "0.229", "0.430"]


def test_draws_carry_the_uncertainty_through(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    beta, h = generator.normal(2.2, 0.3, 100), generator.normal(0.25, 0.05, 100)
    draws = tmp_path / "draws.csv"
    np.savetxt(draws, np.column_stack([beta, h]), delimiter=",", header="beta,h", comments="", fmt="%.17g")
    assert _object(capsys, "--samples", str(draws), "--agents", "30") == propagate(beta, h, 30).to_dict()
    _run("--samples", str(draws), "--agents", "30", "--plot", str(tmp_path / "draws.pdf"))
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Bistable with probability 0.")
    assert "zealots an agent (95%: " in said[1]
    assert said[3].startswith("Among 30 agents a majority for A lasts ")


def test_it_draws(tmp_path: Path) -> None:
    _run("--beta", "3", "--h", "0.1", "--plot", str(tmp_path / "response.svg"))
    assert "probability to adopt A" in (tmp_path / "response.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("beta,h\n1,nan\n", ("--fits",), "row 1: h is nan"),
        ("beta,h\n1,nan\n", ("--samples",), "finite numbers"),
        ("m,p\n0,0.5\n", ("--curve",), "two or more"),
        ("m,p\n0,0.5\n1,1.5\n", ("--curve",), r"must lie in \[0, 1\]"),
        ("m,p\n-1,0.2\n0,0.5\n1,0.4\n", ("--curve",), "must be monotone"),
        ("m,q\n0,0.5\n", ("--curve",), "no column p"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, content: str, arguments: tuple[str, ...], said: str) -> None:
    file = tmp_path / "table.csv"
    file.write_text(content)
    with pytest.raises(RequestError, match=said):
        _run(*arguments, str(file))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --beta and --h, or --curve"),
        (("--beta", "3"), "give --beta and --h, or --curve"),
        (("--beta", "3", "--h", "0", "--fits", "x.csv"), "give one of"),
        (("--fits", "x.csv"), "there is no file x.csv"),
        (("--samples", "x.csv", "--shown", "3"), "--shown is for one response"),
        (("--beta", "3", "--h", "0", "--shown", "0"), "agents shown 0 peers"),
        (("--beta", "3", "--h", "0", "--plot", "x.gif"), "cannot draw to x.gif"),
        (("--beta", "3", "--h", "0", "--agents", "1000000000000"), "too many to list"),
        (("--beta", "nan", "--h", "0"), "beta is nan"),
        (("--beta", "3", "--h", "inf"), "h is inf"),
        (("--beta", "3", "--h", "0", "--agents", "1"), "a population of 1 agents"),
        (("--beta", "3", "--h", "0", "--agents", "-5"), "a population of -5 agents"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        _run(*arguments)
