"""`spinodal tip`: who tips a finite population, in JSON, in words and in a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spinodal import RequestError
from spinodal.cli._main import build_app
from spinodal.response import SampledPeersResponse, TanhResponse
from spinodal.theory import Stage, operational_threshold, run_protocol, start_against, tipping_trial

RESPONSE = TanhResponse(2.943, 0.325)
ASKED = ("--beta", "2.943", "--h", "0.325", "--agents", "50", "--toward", "B")


def _run(*arguments: str) -> None:
    build_app(["tip"])(args=["tip", *arguments], standalone_mode=False)


def _object(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    _run(*arguments, "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_fewest_zealots_stand_beside_the_mean_field_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, *ASKED, "--hold", "10", "--after", "20", "--probability", "0.7")
    expected = operational_threshold(RESPONSE, 50, "B", hold=10, after=20, probability=0.7)
    assert expected is not None
    assert set(found) == {
        "toward", "agents", "hold", "after", "probability", "trial", "fewest", "mean_field"
    }  # fmt: skip
    assert found["trial"] is None
    assert found["fewest"] == {
        "zealots": expected.zealots,
        "fraction": expected.zealots / (50 + expected.zealots),
        "p_tipped": expected.p_tipped,
        "p_remains": expected.p_remains,
        "returns": False,
    }
    assert found["mean_field"] == {
        "zealots_per_agent": pytest.approx(0.758524, abs=1e-6),
        "fraction": pytest.approx(0.431341, abs=1e-6),
        "irreversible": True,
        "zealots": 38,
    }


def test_a_number_of_zealots_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, *ASKED, "--zealots", "40", "--hold", "10", "--after", "20")
    trial = tipping_trial(RESPONSE, 50, "B", 40, hold=10, after=20)
    assert (found["trial"]["p_tipped"], found["trial"]["p_remains"]) == (trial.p_tipped, trial.p_remains)


def test_a_schedule_is_lived_through_stage_by_stage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stages = ("--stage", "2.5:0:0", "--stage", "10:3:40", "--stage", "5:0:0")
    found = _object(capsys, *ASKED, *stages)
    laws = run_protocol(
        RESPONSE, 50, start_against(RESPONSE, 50, "B"), [Stage(2.5), Stage(10, 3, 40), Stage(5)]
    )
    assert [stage["zealots_b"] for stage in found["stages"]] == [0, 40, 0]
    past = slice(0, 12)  # k below the watershed -0.52156 of 50 agents
    assert [stage["p_tipped"] for stage in found["stages"]] == pytest.approx(
        [law[past].sum() for law in laws]
    )
    file = tmp_path / "schedule.csv"
    file.write_text("sweeps,zealots_a,zealots_b\n2.5,0,0\n10,3,40\n5,0,0\n")
    assert _object(capsys, *ASKED, "--schedule", str(file)) == found


def test_agents_shown_a_few_are_tipped_by_fewer(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, *ASKED, "--shown", "3")
    expected = operational_threshold(SampledPeersResponse(RESPONSE, 3), 50, "B", hold=10, after=10)
    assert expected is not None
    assert found["fewest"]["zealots"] == expected.zealots < 41


def test_who_follows_continuously_has_no_threshold(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("m,p\n1,0.95\n-1,0.9\n")
    asked = ("--curve", str(curve), "--agents", "20", "--toward", "B", "--hold", "5")
    found = _object(capsys, *asked)
    assert found["fewest"] is None
    assert found["mean_field"]["zealots"] is None
    _run(*asked)
    said = capsys.readouterr().out
    assert "No number of zealots tips 20 agents to B within 5 sweeps." in said
    assert "no threshold" in said


def test_without_json_it_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    _run(*ASKED, "--zealots", "40", "--hold", "10", "--after", "20")
    assert capsys.readouterr().out.splitlines() == [
        "40 zealots tip 50 agents to B within 10 sweeps with probability 0.4827; 20 sweeps after they left "
        "0.4729 are tipped (most stay).",
        "The fewest that tip with probability 0.5 are 41: they tip 50 agents to B within 10 sweeps with "
        "probability 0.6141; 20 sweeps after they left 0.6014 are tipped (most stay).",
        "An infinite population tips at 0.7585 zealots an agent (43.1% of everybody; 38 here), "
        "and stays tipped.",
    ]
    _run(*ASKED, "--stage", "10:0:40")
    assert "tipped to B with probability 0.4827" in capsys.readouterr().out


@pytest.mark.parametrize("more", [(), ("--zealots", "40"), ("--stage", "3:0:40", "--stage", "3:0:0")])
def test_it_draws(tmp_path: Path, more: tuple[str, ...]) -> None:
    _run(*ASKED, *more, "--hold", "3", "--after", "3", "--plot", str(tmp_path / "tip.svg"))
    assert b"</svg>" in (tmp_path / "tip.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--toward", "C"), "--toward C is no option"),
        (("--agents", "1"), "a population of 1 agents"),
        (("--beta", "nan"), "beta is nan"),
        (("--zealots", "-3"), "-3 zealots"),
        (("--hold", "-1"), "-1.0 sweeps"),
        (("--after", "inf"), "inf sweeps"),
        (("--probability", "1"), "between 0 and 1"),
        (("--toward", "A", "--h", "0.9"), "there already"),
        (("--stage", "3:x:1"), "--stage 3:x:1 is not"),
        (("--stage", "3:1"), "--stage 3:1 is not"),
        (("--stage", "nan:1:1"), "nan sweeps"),
        (("--stage", "3:1:-1"), "-1 zealots"),
        (("--stage", "3:1:1", "--zealots", "3"), "leave --zealots out"),
        (("--stage", "3:1:1", "--schedule", "x.csv"), "give one of them"),
        (("--schedule", "absent.csv"), "there is no file absent.csv"),
        (("--curve", "absent.csv"), "leave --beta and --h out"),
        (("--plot", "tip.gif"), "cannot draw to tip.gif"),
        (("--plot", "absent/tip.png"), "there is no folder absent"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        _run(*ASKED, *arguments)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sweeps,zealots_a\n1,2\n", "no column zealots_b"),
        ("sweeps,zealots_a,zealots_b\n", "has no rows"),
        ("sweeps,zealots_a,zealots_b\n1,2,many\n", "zealots_b is 'many'"),
        ("sweeps,zealots_a,zealots_b\n1,2.5,0\n", "whole numbers"),
        ("sweeps,zealots_a,zealots_b\n1,,0\n", "nan zealots"),
        ("", "is empty"),
    ],
)
def test_a_bad_schedule_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "schedule.csv"
    file.write_text(content)
    with pytest.raises(RequestError, match=said):
        _run(*ASKED, "--schedule", str(file))
