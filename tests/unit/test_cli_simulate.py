"""`spinodal simulate`: the contract's object, words without it, and one line where the request is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from spinodal.cli._main import run

_ASKED = (
    "--beta",
    "2.943",
    "--h",
    "0.325",
    "--agents",
    "50",
    "--sweeps",
    "10",
    "--runs",
    "8",
    "--m0",
    "-0.4",
)


def _object(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["simulate", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def _line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["simulate", *arguments]) == 2
    out, line = capsys.readouterr()
    assert out == ""
    assert line.count("\n") == 1
    return line


def test_json_holds_what_the_contract_promises(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(capsys, *_ASKED, "--seed", "7")
    assert len(found["mean_m"]) == 11
    assert found["mean_m"][0] == pytest.approx(-0.4)
    assert len(found["final_m"]) == 8
    assert found["attempts"] == 8 * 50 * 10
    assert 0 < found["flips"] < found["attempts"]
    assert found["seconds"] > 0.0


def test_the_same_seed_gives_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    first, again = (_object(capsys, *_ASKED, "--seed", "3") for _ in range(2))
    other = _object(capsys, *_ASKED, "--seed", "4")
    assert first["final_m"] == again["final_m"]
    assert first["final_m"] != other["final_m"]


def test_zealots_pull_toward_their_option(capsys: pytest.CaptureFixture[str]) -> None:
    steep = ("--beta", "3", "--h", "0", "--agents", "60", "--sweeps", "30", "--zealots", "60")
    assert _object(capsys, *steep, "--toward", "A")["mean_m"][-1] > 0.9
    assert _object(capsys, *steep, "--toward", "B")["mean_m"][-1] < -0.9


def test_stages_follow_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    staged = ("--stage", "5:0:0", "--stage", "20:0:50", "--stage", "5:0:0")
    found = _object(capsys, "--beta", "3", "--h", "0", "--agents", "80", "--m0", "1", *staged)
    assert found["sweeps"][-1] == 30
    assert found["mean_m"][5] > 0.9
    assert found["mean_m"][25] < -0.9


def test_kinds_of_agents_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    found = _object(
        capsys, "--kind", "3:0.2:40:model", "--kind", "0:0:20:coin", "--sweeps", "20", "--m0", "0.9"
    )
    assert [(kind["name"], kind["agents"]) for kind in found["kinds"]] == [("model", 40), ("coin", 20)]
    assert found["kinds"][0]["mean_m"][-1] > 0.8
    assert abs(found["kinds"][1]["mean_m"][-1]) < 0.5


def test_a_graph_comes_from_a_generator_or_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ring = tmp_path / "ring.edges"
    ring.write_text("".join(f"{node} {(node + 1) % 40}\n" for node in range(40)))
    here = ("--beta", "1", "--h", "0.1", "--sweeps", "5")
    assert _object(capsys, *here, "--graph", str(ring))["agents"] == 40
    assert _object(capsys, *here, "--graph", str(ring), "--agents", "40")["agents"] == 40
    assert _object(capsys, *here, "--graph", "random-regular:degree=4", "--agents", "30")["agents"] == 30
    with_zealots = (*here, "--graph", str(ring), "--zealots", "4")
    for places in ("random", "degree", "3,17,21,30"):
        assert _object(capsys, *with_zealots, "--zealots-on", places)["agents"] == 36


def test_every_run_can_be_written_and_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table, picture = tmp_path / "runs.parquet", tmp_path / "runs.svg"
    found = _object(capsys, *_ASKED, "--out", str(table), "--plot", str(picture))
    frame = pd.read_parquet(table)
    assert frame.groupby("sweep")["m"].mean().tolist() == pytest.approx(found["mean_m"])
    assert picture.read_text().lstrip().startswith("<?xml")


def test_words_say_what_the_majority_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", *_ASKED]) == 0
    told = capsys.readouterr().out
    for words in ("Mean m -0.400 at the start", "majority for A", "8 runs of 50 agents", "4,000 updates"):
        assert words in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--agents", "50", "--sweeps", "5"), "give --beta and --h"),
        (("--beta", "2", "--h", "0", "--sweeps", "5"), "give --agents"),
        (("--beta", "2", "--h", "0", "--agents", "50"), "give --sweeps"),
        (("--beta", "nan", "--h", "0", "--agents", "50", "--sweeps", "5"), "beta is nan"),
        (("--beta", "2", "--h", "0", "--agents", "1", "--sweeps", "5"), "1 agents"),
        ((*_ASKED, "--m0", "2"), "magnetization of 2"),
        ((*_ASKED, "--zealots", "-3"), "-3 zealots"),
        ((*_ASKED, "--toward", "C"), "--toward C"),
        ((*_ASKED, "--method", "guess"), "--method guess"),
        ((*_ASKED, "--stage", "5:1:1"), "leave --sweeps"),
        ((*_ASKED[:-8], "--agents", "9", "--stage", "5:1"), "--stage 5:1"),
        ((*_ASKED, "--graph", "no-such.edges"), "no-such.edges"),
        ((*_ASKED, "--graph", "moebius:degree=4"), "moebius"),
        ((*_ASKED, "--kind", "2:0:5"), "leave --beta"),
        (("--kind", "2:0", "--sweeps", "5"), "--kind 2:0"),
        ((*_ASKED, "--plot", "runs.docx"), ".docx"),
    ],
)
def test_a_wrong_request_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    assert told in _line(capsys, *arguments)
