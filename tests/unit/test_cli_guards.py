"""Guards on an agent, by the command line: `assess --guard`, and societies whose agents carry one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spinodal.assessment
from guard_studies_made import profile_of
from spinodal.cli._main import run
from spinodal.guard_runs import read_guards
from spinodal.guards import AgentProfile
from spinodal.measure.task import find_pairs
from spinodal.runs import read_run
from spinodal.society_runs import SocietyRun, read_society
from spinodal.traits import Profile

MODEL = "synthetic/beta=1.5/h=-0.2/heeds=0.5"
ASSESS = (
    *("assess", "--model", MODEL, "--pairs", "shutdown"),
    *("--design", "even", "--peers", "6", "--budget", "14"),
)
SOCIETY = ("society", "--model", MODEL, "--pair", "shutdown", "--trajectories", "1")
H, HEEDED = -0.2, 0.3


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run(arguments), *capsys.readouterr()


def _write(path: Path, profile: AgentProfile) -> str:
    path.write_text(json.dumps(profile.to_dict()))
    return str(path)


@pytest.fixture
def profile(tmp_path: Path) -> str:
    """A profile's file: one strong trait, and a stance on two pairs."""
    return _write(tmp_path / "profile.json", profile_of(MODEL, find_pairs("shutdown,season")))


# --- assess ---


def test_a_study_of_guards_prints_its_ranking_as_one_object_and_a_rerun_asks_nothing(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    asked = (*ASSESS, "--guard", "own-prior", "--guard", "none", "--guard", "trust-boundary")
    asked = (*asked, "--profile", profile, "--run", str(folder))
    code, out, err = _said(capsys, *asked, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [one["guard"] for one in found["guards"]] == ["own-prior", "trust-boundary"]
    heeded, quoted = (one["pairs"][0] for one in found["guards"])
    # The synthetic agent has no noise: what its law says is what is read.
    assert heeded["h"]["difference"] == pytest.approx(0.5, abs=0.02)
    assert heeded["beta"]["difference"] == pytest.approx(0.0, abs=0.03)
    assert heeded["withstood"]["after"] > heeded["withstood"]["before"]
    assert quoted["h"]["difference"] == pytest.approx(0.0, abs=0.01)
    study = read_guards(folder)
    assert list(study.runs) == ["none", "own-prior", "trust-boundary"]
    assert study.baseline.meta["request"]["agent"].get("guard") is None
    assert study.runs["own-prior"].meta["request"]["agent"]["guard"] == "own-prior:every=1,first=0"
    assert study.runs["own-prior"].meta["placement"]["placement"] == "tagged-user"
    assert (folder / "report.html").stat().st_size > 100_000
    words = study.meta["command"]
    assert words[:2] == ["spinodal", "assess"]
    assert study.runs["own-prior"].meta["command"] == words

    def must_not_open(*arguments: Any, **settings: Any) -> None:
        raise AssertionError("a finished study opened its model")

    monkeypatch.setattr(spinodal.assessment, "open_model", must_not_open)
    before = {path: path.read_bytes() for path in folder.rglob("meta.json")}
    code, out_again, err = _said(capsys, *words[1:], "--json")  # the command as it is recorded
    assert (code, out_again, err) == (0, out, "")
    assert {path: path.read_bytes() for path in folder.rglob("meta.json")} == before


def test_a_ranking_for_people_names_every_guard_in_full(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = (*ASSESS, "--guard", "implicit-traits:threshold=0.9", "--profile", profile)
    code, out, err = _said(capsys, *asked, "--run", str(tmp_path / "run"))
    assert code == 0, err
    assert "implicit-traits:threshold=0.9" in "".join(out.split())
    assert "as far as the data tell over 1 pair (1 pairs" not in out
    assert f"Report: {tmp_path / 'run' / 'report.html'}" in out
    assert "[1/2] guard: none" in err
    assert "[2/2] guard: implicit-traits:threshold=0.9" in err


def test_a_plan_names_each_guard_and_spends_nothing(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    asked = (
        *ASSESS,
        "--guard",
        "own-prior",
        "--guard",
        "neutral",
        "--profile",
        profile,
        "--run",
        str(folder),
    )
    code, out, err = _said(capsys, *asked, "--plan")
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if "logprob" in line}
    assert list(rows) == ["none", "own-prior", "neutral"]
    read = {name: int(row[3].replace(",", "")) for name, row in rows.items()}
    assert read["own-prior"] > read["none"]  # a guard's words are read too
    assert "Nothing was spent." in out
    assert not folder.exists()


def _profiles(folder: Path) -> None:
    """Files that are no profile for this study, each in its own way."""
    made = profile_of(MODEL, find_pairs("season"))
    _write(folder / "season.json", made)
    weak = Profile(dict.fromkeys(made.profile.scores, 0.5))
    _write(folder / "weak.json", replace(made, profile=weak))
    _write(folder / "good.json", profile_of(MODEL, find_pairs("shutdown")))
    told = json.loads((folder / "season.json").read_text())
    for name, changes in {
        "lacks": {"traits": None},
        "old": {"spinodal_profile": 0},
        "high": {"traits": [{**told["traits"][0], "score": 1.5}]},
        "place": {"placement": {**told["placement"], "placement": "above"}},
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(told | changes))
    (folder / "list.json").write_text("[1, 2]")
    (folder / "cut.json").write_text('{"spinodal_profile": 1, "mod')
    (folder / "odd.txt").write_text("")


BAD: list[tuple[tuple[str, ...], str]] = [
    (("--guard", "own-priors"), "no guard 'own-priors'; did you mean own-prior?"),
    (("--guard", ""), "no guard ''"),
    (("--guard", "trust-boundary+own-priors"), "no guard 'own-priors'"),
    (("--guard", "neutral:placement=above"), "a guard placed at 'above'; give lead-system"),
    (("--guard", "neutral:loud=yes"), "guard neutral: cannot read 'loud=yes'"),
    (("--guard", "neutral:placement=lead-system,placement=tagged-user"), "placement is given twice"),
    (("--guard", "neutral", "--guard", "neutral"), "the guard neutral is given twice; give it once"),
    (("--guard", "neutral", "--guard", "neutral:every=1"), "the guard neutral is given twice"),
    (("--guard", "neutral:every=3"), "no turns to count and nobody watches it"),
    (("--guard", "neutral:drift=0.5"), "no turns to count and nobody watches it"),
    (("--guard", "neutral:every=often"), "every is 'often'; give a whole number"),
    (("--guard", "none"), "no guard to judge"),
    (("--guard", "text"), "it has no words"),
    (("--guard", "text:file=nosuch.txt"), "cannot read 'nosuch.txt'"),
    (("--guard", "text:file=odd.txt"), "it has no words"),
    (("--guard", "system-prompt"), "the agent has no system prompt; give it one"),
    (("--guard", "own-prior"), "own-prior needs the agent's profile"),
    (("--guard", "implicit-traits"), "implicit-traits needs the agent's profile"),
    (("--guard", "trust-boundary", "--template", "counts"), "template counts shows totals"),
    (("--guard", "trust-boundary+neutral", "--template", "counts"), "template counts shows totals"),
    (("--profile", "good.json"), "--profile is for guards"),
    (("--guard", "own-prior", "--profile", "nosuch.json"), "cannot read the profile nosuch.json"),
    (("--guard", "own-prior", "--profile", "."), "cannot read the profile ."),
    (("--guard", "own-prior", "--profile", "cut.json"), "the profile cut.json is not JSON"),
    (("--guard", "own-prior", "--profile", "list.json"), "the profile list.json cannot be used"),
    (("--guard", "own-prior", "--profile", "lacks.json"), "the profile lacks.json cannot be used"),
    (("--guard", "own-prior", "--profile", "old.json"), "its format is 0, and 1 is read here"),
    (("--guard", "own-prior", "--profile", "high.json"), "is 1.5, which is not in 0 to 1"),
    (("--guard", "own-prior", "--profile", "place.json"), "a guard placed at 'above'"),
    (("--guard", "own-prior", "--profile", "season.json"), "no stance on 'shutdown' (it holds: season)"),
    (
        ("--guard", "implicit-traits", "--profile", "weak.json"),
        "no pro-social trait of the agent scores above 0.85",
    ),
    (
        ("--guard", "implicit-traits+own-prior", "--profile", "season.json"),
        "no stance on 'shutdown'",
    ),
]


@pytest.mark.parametrize("plan", [(), ("--plan",)], ids=["run", "plan"])
@pytest.mark.parametrize(
    ("arguments", "said"), BAD, ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else ""
)
def test_guards_that_cannot_be_are_one_line_and_leave_no_folder(
    arguments: Sequence[str],
    said: str,
    plan: Sequence[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    _profiles(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = _said(capsys, *ASSESS, *arguments, *plan)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("spinodal: ")
    assert said in err
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_silent_of_a_composition_is_what_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = profile_of(MODEL, find_pairs("shutdown"))
    weak = replace(made, profile=Profile(dict.fromkeys(made.profile.scores, 0.5)))
    file = _write(tmp_path / "weak.json", weak)
    _, _, err = _said(capsys, *ASSESS, "--guard", "implicit-traits+own-prior", "--profile", file, "--plan")
    assert "no pro-social trait of the agent scores above 0.85" in err
    assert "asked alone" not in err


def test_a_profile_of_another_model_is_warned_of_in_one_line(tmp_path: Path) -> None:
    """Once a study, in a process of its own: pytest would take the warning."""
    file = _write(tmp_path / "other.json", profile_of("openai/gpt-4o-mini", find_pairs("shutdown")))
    asked = (*ASSESS, "--guard", "own-prior", "--guard", "implicit-traits", "--profile", file, "--json")
    done = subprocess.run(
        [sys.executable, "-m", "spinodal", *asked, "--run", str(tmp_path / "run")],
        env=os.environ | {"PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("spinodal: warning: the profile is of openai/gpt-4o-mini, and the guard is for ")
    placement = read_guards(tmp_path / "run").runs["own-prior"].meta["placement"]
    assert placement["verified"]
    assert "the profile says" not in placement["how"]  # another model's placement is not believed


# --- societies ---


def _lived(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> SocietyRun:
    code, _, err = _said(capsys, *arguments, "--run", str(folder))
    assert code == 0, err
    return read_society(folder)


def _bias(rows: pd.DataFrame) -> Any:
    """The h of each log-odds of the synthetic agent, which has no noise."""
    return (rows["log_odds"] / (2 * 1.5) - rows["m"]).to_numpy()


def test_a_guarded_society_is_predicted_and_lives_under_its_guard(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = (
        *SOCIETY,
        "--agents",
        "6",
        "--sweeps",
        "1",
        "--m0",
        "0",
        "--budget",
        "12",
        "--guard",
        "own-prior",
    )
    society = _lived(capsys, tmp_path / "run", *asked, "--profile", profile)
    assert len(society.updates) > 0
    np.testing.assert_allclose(_bias(society.updates), HEEDED, atol=1e-9)
    [[where]] = society.meta["responses"].values()
    measured = read_run(tmp_path / "run" / where)
    assert measured.meta["request"]["agent"]["guard"] == "own-prior:every=1,first=0"
    np.testing.assert_allclose(_bias(measured.observations), HEEDED, atol=1e-9)


def test_groups_with_a_guard_and_without_mix(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "calm.txt").write_text("Be calm.")
    groups = [f"4:{tmp_path}/calm.txt,guard=own-prior", f"4:{tmp_path}/calm.txt"]
    # the profile is of the agent without a persona
    with pytest.warns(UserWarning, match="another system prompt"):
        society = _lived(
            capsys,
            tmp_path / "run",
            *(*SOCIETY, "--group", groups[0], "--group", groups[1], "--sweeps", "2", "--m0", "0"),
            *("--no-predict", "--no-stop-at-consensus", "--profile", profile),
        )
    assert list(society.groups) == ["calm, guard own-prior", "calm"]
    by_group = {str(name): _bias(rows) for name, rows in society.updates.groupby("group")}
    np.testing.assert_allclose(by_group["calm, guard own-prior"], HEEDED, atol=1e-9)
    np.testing.assert_allclose(by_group["calm"], H, atol=1e-9)


def test_a_group_may_be_without_the_guard_of_the_others(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = (*SOCIETY, "--guard", "own-prior", "--profile", profile, "--sweeps", "2", "--m0", "0")
    groups = ("--group", "4:", "--group", "4:guard=none", "--no-predict", "--no-stop-at-consensus")
    society = _lived(capsys, tmp_path / "run", *asked, *groups)
    assert list(society.groups) == [f"{MODEL}, guard own-prior", MODEL]
    for name, rows in society.updates.groupby("group"):
        np.testing.assert_allclose(_bias(rows), HEEDED if "guard" in str(name) else H, atol=1e-9)


def test_a_response_measured_without_the_guard_predicts_no_guarded_society(
    profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    measured, folder = tmp_path / "measured", tmp_path / "run"
    assert _said(capsys, *ASSESS, "--run", str(measured))[0] == 0
    asked = (*SOCIETY, "--agents", "7", "--response", str(measured), "--run", str(folder))
    code, out, err = _said(capsys, *asked, "--guard", "own-prior", "--profile", profile)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("spinodal: the response in ")
    assert "is of agents under the guard none, not own-prior:every=1,first=0" in err.splitlines()[-1]
    assert not folder.exists()


@pytest.mark.parametrize(
    "verb",
    [
        ("society", "--pair", "shutdown"),
        ("tip", "--pair", "shutdown", "--agents", "10", "--toward", "B", "--zealots", "2"),
        ("hysteresis", "--pair", "shutdown", "--agents", "10", "--zealots", "2"),
        ("critical-size", "--pair", "shutdown", "--sizes", "5,10"),
    ],
    ids=lambda verb: verb[0],
)
def test_whatever_asks_an_agent_takes_its_guard_and_counts_its_words(
    verb: Sequence[str], profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    asked = (*verb, "--model", MODEL, "--plan")
    code, plain, err = _said(capsys, *asked)
    assert (code, err) == (0, "")
    code, guarded, err = _said(capsys, *asked, "--guard", "own-prior", "--profile", profile)
    assert (code, err) == (0, "")
    assert guarded != plain
    for arguments, said in (
        (("--guard", "own-priors"), "did you mean own-prior?"),
        (("--profile", profile), "--profile is for guards"),
        (("--guard", "own-prior:every=2,first=1", "--profile", profile), "no turns to count"),
    ):
        code, out, err = _said(capsys, *asked, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["profile.json"]
