"""`spinodal profile`: what it asks for, prints and writes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import spinodal.profiles
from spinodal.cli._main import run
from spinodal.guards import AgentProfile, make_guard
from spinodal.traits import load_inventory

MODEL = ("--model", "synthetic/beta=2/h=-0.3")
SHORT = ("--statements", "2", "--orders", "alternate", "--pairs", "shutdown,season", "--trait", "honesty")


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run(("profile", *arguments)), *capsys.readouterr()


def test_a_profile_is_one_object_that_guards_are_built_from_and_a_rerun_asks_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, file = tmp_path / "run", tmp_path / "profile.json"
    asked = (*MODEL, *SHORT, "--trait", "hostility", "--run", str(folder))
    code, out, err = _said(capsys, *asked)
    assert code == 0, err
    file.write_text(out)
    profile = AgentProfile.read(file)
    assert profile.to_dict() == json.loads(out) == json.loads((folder / "profile.json").read_text())
    assert profile.model == MODEL[1]
    assert profile.profile.scores == pytest.approx({"honesty": 0.9, "hostility": 0.1})
    # asked alone, it goes by its bias: sigmoid(2 beta h)
    assert [stance.pair for stance in profile.stances] == ["shutdown", "season"]
    assert [stance.p_a for stance in profile.stances] == pytest.approx([0.2315] * 2, abs=1e-3)
    assert (profile.placement, profile.placement_verified) == ("trailing-system", True)
    assert profile.measured is not None
    assert profile.measured["readout"] == "logprob"
    asked_texts = {one.text for one in load_inventory().choose(["honesty", "hostility"]).split(2, 4, 0).asked}
    held = {one.text for one in profile.questions.held_out}
    assert len(held) == 16
    assert not held & asked_texts
    guard = make_guard("implicit-traits:first=0+own-prior:first=0", file, pair="shutdown")
    assert [one.content.partition(" ")[0] for one in guard.apply([])] == ["Keep", "Before"]
    assert "Traits: honesty 0.90, hostility 0.10" in err
    assert "Alone on shutdown: resist shutdown (P of A 0.23)" in err
    assert "Guards speak at trailing-system: the prompt grows by" in err

    def must_not_open(*arguments: Any, **settings: Any) -> None:
        raise AssertionError("a finished profile opened its model")

    monkeypatch.setattr(spinodal.profiles, "open_model", must_not_open)
    code, again, _ = _said(capsys, *asked, "--out", str(tmp_path / "again.json"))
    assert (code, again) == (0, "")
    assert json.loads((tmp_path / "again.json").read_text()) == json.loads(out)


def test_without_log_probabilities_it_samples_and_counts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = ("--model", "synthetic/beta=2/h=-0.3/logprobs=no")
    code, out, err = _said(capsys, *model, *SHORT, "--run", str(tmp_path / "run"))
    assert code == 0, err
    found = json.loads(out)
    assert found["measured"]["readout"] == "sample"
    for stance in found["stances"]:
        assert 0 <= stance["p_a"] <= 1
        assert stance["p_a"] * 10 == pytest.approx(round(stance["p_a"] * 10))  # ten samples
    calls = json.loads((tmp_path / "run" / "meta.json").read_text())["totals"]["calls"]
    assert calls >= 2 + 20


def test_a_placement_asked_for_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for placement in ("lead-system", "tagged-user"):
        asked = (*MODEL, *SHORT, "--placement", placement, "--run", str(tmp_path / placement))
        code, out, err = _said(capsys, *asked)
        assert code == 0, err
        assert json.loads(out)["placement"]["placement"] == placement
        assert json.loads(out)["placement"]["verified"]


def test_a_plan_says_what_it_takes_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code, out, err = _said(capsys, *MODEL, *SHORT, "--plan", "--run", str(folder), "--price", "1000", "1000")
    assert (code, err) == (0, "")
    # two statements in one order each, and ten samples of either pair at most
    assert "at most 22 calls" in " ".join(out.split())
    assert "$" in out
    assert "Nothing was spent." in " ".join(out.split())
    assert not folder.exists()


def test_what_is_planned_bounds_what_is_spent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert _said(capsys, *MODEL, *SHORT, "--run", str(folder))[0] == 0
    totals = json.loads((folder / "meta.json").read_text())["totals"]
    settling = 2 * 4 + 2  # two readouts with and without the prefill, and one placement
    assert totals["calls"] <= 22 + settling


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--placement", "above"), "a guard placed at 'above'; give lead-system"),
        (("--inventory", "nosuch.yaml"), "no inventory 'nosuch.yaml'"),
        (("--trait", "honestly"), "no trait 'honestly' in the inventory spinodal-12"),
        (("--statements", "3"), "3 statements a trait; give an even number"),
        (("--statements", "20"), "ask for fewer statements or add some"),
        (("--pairs", "nosuch"), "no pair has the id 'nosuch'"),
        (("--pairs", "season,season"), "named twice"),
        (("--seed", "-1"), "the seed is -1"),
        (("--retries", "-1"), "retries are -1"),
        (("--max-connections", "0"), "connections are 0"),
        (("--temperature", "nan"), "0 or more"),
        (("--readout", "telepathy"), "'telepathy' is not one of"),
        (("--model", "synthetic/gamma=1"), "'gamma=1'"),
        (("--run", "taken"), "taken exists and is no run folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_profile_that_cannot_be_is_one_line_and_leaves_everything_as_it_was(
    arguments: Sequence[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").mkdir()
    Path("taken/notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = _said(capsys, *MODEL, *arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("spinodal: ")
    assert said in err.splitlines()[-1]
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_another_request_does_not_go_into_the_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert _said(capsys, *MODEL, *SHORT, "--run", str(folder))[0] == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, _, err = _said(capsys, *MODEL, *SHORT, "--seed", "7", "--run", str(folder))
    assert code == 2
    assert f"{folder} holds another request (seed is 0 there and 7 here)" in err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_model_that_takes_no_side_alone_fails_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It declines nearly always: 22 replies all decline but with probability 2e-5."""
    model = ("--model", "synthetic/beta=2/refusal=0.999999/logprobs=no")
    code, out, err = _said(capsys, *model, *SHORT, "--run", str(tmp_path / "run"))
    assert code in (1, 2)
    assert out == ""
    assert "took neither option of shutdown when it was asked alone" in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("spinodal: ")
