"""`spinodal hysteresis`: the loop in JSON, in words and in a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinodal import RequestError
from spinodal.cli._main import build_app
from spinodal.response import TanhResponse
from spinodal.theory import hysteresis

ASKED = ("--beta", "3", "--h", "0", "--agents", "30", "--zealots", "12", "--settle", "5", "--sample", "3")


def _run(*arguments: str) -> None:
    build_app(["hysteresis"])(args=["hysteresis", *arguments], standalone_mode=False)


def test_json_holds_the_loop_and_where_the_infinite_population_jumps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _run(*ASKED, "--by", "3", "--json")
    found = json.loads(capsys.readouterr().out)
    loop = hysteresis(TanhResponse(3.0, 0.0), 30, 12, settle=5.0, sample=3, by=3)
    jump = {"zealots_per_agent": pytest.approx(0.321440, abs=1e-6), "zealots": 10}
    assert found == {
        "agents": 30,
        "zealots": list(range(-12, 13, 3)),
        "up": loop.up.tolist(),
        "down": loop.down.tolist(),
        "area": loop.area,
        "mean_field": {"A": jump, "B": jump},
    }


def test_without_json_it_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    _run(*ASKED)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("With no zealots mean m is -0.99")
    assert said[1] == "The infinite population jumps to A at 0.3214 zealots an agent, 10 here."
    _run("--beta", "0.5", *ASKED[2:])
    assert "jumps to B at no number of zealots." in capsys.readouterr().out


def test_it_draws(tmp_path: Path) -> None:
    _run(*ASKED, "--plot", str(tmp_path / "loop.png"))
    assert (tmp_path / "loop.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--agents", "1"), "a population of 1 agents"),
        (("--zealots", "0"), "give 1 or more of both"),
        (("--zealots", "-4"), "give 1 or more of both"),
        (("--sample", "0"), "give 1 or more of both"),
        (("--settle", "nan"), "nan sweeps"),
        (("--by", "13"), "a step from 1 to 12"),
        (("--h", "inf"), "h is inf"),
        (("--plot", "loop"), "cannot draw to loop"),
    ],
)
def test_bad_input_is_refused(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        _run(*ASKED, *arguments)
