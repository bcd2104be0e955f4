"""`spinodal contagion`: what its options ask for, what it prints, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spinodal.cli._main import run
from spinodal.contagion_runs import read_contagion

PLAYER = ("--model", "synthetic-player/shift=-0.02/scatter=0.01")
SHORT = (
    *("--game", "chicken", "--rounds", "1", "--games", "2", "--statements", "2", "--orders", "alternate"),
    *("--trait", "cooperativeness", "--trait", "hostility"),
    *("--treatment", "always-defect", "--control", "always-cooperate"),
)


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run(("contagion", *arguments)), *capsys.readouterr()


def test_a_study_ends_with_a_page_and_says_what_came_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code, out, err = _said(capsys, *PLAYER, *SHORT, "--guard", "neutral", "--run", str(folder))
    assert code == 0, err
    assert "No contagion was shown" in out  # two games can show none
    assert "cooperativeness" in out
    assert str(folder / "report.html") in out
    assert (folder / "report.html").stat().st_size > 100_000
    assert "8 games (1 games x 2 opponents x 2 guards, 2 each)" in err
    assert "Answers: logprob" in err
    study = read_contagion(folder)
    assert len(study.played) == 8
    assert study.meta["command"][:2] == ["spinodal", "contagion"]
    assert not (folder / "cache").exists()
    # the same command again asks nothing and says the same
    again, out_again, _ = _said(capsys, *PLAYER, *SHORT, "--guard", "neutral", "--run", str(folder))
    assert (again, out_again) == (0, out)


def test_json_is_one_object(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = _said(capsys, *PLAYER, *SHORT, "--json", "--run", str(tmp_path / "run"))
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["outcome"] == "none-shown"
    assert {one["name"] for one in found["contagion"]["traits"]} == {"cooperativeness", "hostility"}
    assert found["totals"]["games"] == 4
    assert found["failures"] == []


def test_a_plan_says_what_it_takes_and_could_show_and_spends_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    arguments = (*PLAYER, "--games", "10", "--guard", "implicit-traits", "--run", str(folder), "--plan")
    code, out, _ = _said(capsys, *arguments, "--effect", "0.02", "--price", "1", "4")
    assert code == 0
    assert "120 games (3 games x 2 opponents x 2 guards, 10 each)" in out
    assert "30 matched games" in out
    assert "To see a contagion of 0.02" in out
    assert "$" in out
    assert "Nothing was spent" in out
    assert not folder.exists()
    code, out, _ = _said(capsys, *arguments, "--json")
    planned = json.loads(out)
    assert planned["games"] == 120
    assert planned["question_calls"] == 120 * 12 * 8 * 2
    assert planned["power"]["matched"] == 30


def test_what_is_planned_bounds_what_is_spent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = (*PLAYER, *SHORT, "--run", str(tmp_path / "run"))
    planned = json.loads(_said(capsys, *arguments, "--plan", "--json")[1])
    spent = json.loads(_said(capsys, *arguments, "--json")[1])["totals"]
    assert spent["calls"] <= planned["calls"]
    assert planned["calls"] - spent["calls"] <= planned["before_calls"]  # play and questions are exact


def test_a_pilots_scatter_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pilot = tmp_path / "pilot"
    assert _said(capsys, *PLAYER, *SHORT, "--games", "6", "--json", "--run", str(pilot))[0] == 0
    code, out, _ = _said(capsys, *PLAYER, *SHORT, "--plan", "--json", "--pilot", str(pilot))
    assert code == 0
    power = json.loads(out)["power"]
    assert power["sd_of"] == f"as in {pilot}"
    assert 0 < power["sd"] < 0.05


def test_every_option_reaches_the_request(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    persona = tmp_path / "stern.txt"
    persona.write_text("You are stern.")
    folder = tmp_path / "run"
    code, _, err = _said(
        capsys,
        *(
            "--model",
            "synthetic-player/shift=0",
            "--system-prompt-file",
            str(persona),
            "--label",
            "stern one",
        ),
        *("--opponent-model", "synthetic-player/malice=1", "--game", "public-goods", "--players", "4"),
        *("--rounds", "2", "--chats", "0", "--chat-tokens", "12", "--treatment", "malicious"),
        *("--control", str(persona), "--also", "transcript", "--also", "tit-for-tat"),
        *("--guard", "system-prompt:every=1,first=0", "--guard", "trust-boundary", "--no-keep-reminders"),
        *(
            "--guarded-questions",
            "--trait",
            "honesty",
            "--statements",
            "4",
            "--reminders",
            "2",
            "--games",
            "1",
        ),
        *("--readout", "sample", "--seed", "7", "--run", str(folder), "--json"),
    )
    assert code == 0, err
    request: dict[str, Any] = json.loads((folder / "meta.json").read_text())["request"]
    assert request["agent"]["label"] == "stern one"
    assert request["system_prompt"] == "You are stern."
    assert request["opponent"]["model"] == "synthetic-player/malice=1"
    assert request["control"] == {"name": "stern", "system_prompt": "You are stern."}
    wanted = {
        "players": 4,
        "rounds": 2,
        "chats": 0,
        "chat_tokens": 12,
        "guards": ["none", "system-prompt:every=1,first=0", "trust-boundary"],
        "retained": False,
        "guarded_questions": True,
        "statements": 4,
        "held_out": 4,
        "repetitions": 1,
        "readout": "sample",
        "seed": 7,
        "traits": {"honesty": "pro"},
    }
    assert {name: request[name] for name in wanted} == wanted
    assert [one["name"] for one in request["others"]] == ["transcript", "tit-for-tat"]


BAD_MATRIX = """
title: Bad
moves: [give, keep]
cooperative: give
payoffs: [[1, 2, 3], [4, 5, 6]]
rules: Either [give] or [keep].
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--game", "bad.yaml"), "game bad has 2 rows of 3, 3 payoffs for 2 moves; give 2 rows of 2"),
        (("--game", "lacks.yaml"), "its rules speak of the move [share], which the matrix lacks"),
        (("--game", "prisoners-dilema"), "did you mean prisoners-dilemma?"),
        (("--inventory", "one-keying.yaml"), "has statements keyed yes only"),
        (("--inventory", "missing.yaml"), "no inventory 'missing.yaml'"),
        (
            ("--guard", "implicit-traits:threshold=1.5"),
            "the threshold of a trait is 1.5; scores lie in 0 to 1",
        ),
        (("--guard", "implicit-trait"), "no guard 'implicit-trait'; did you mean implicit-traits"),
        (("--guard", "neutral:placement=here"), "a guard placed at 'here'"),
        (("--guard", "neutral:drift=0.5"), "nobody watches a game, so there is no drift to follow"),
        (("--guard", "trust-boundary+neutral:drift=0.5"), "there is no drift to follow; leave out drift"),
        (("--treatment", "evil"), "no opponents 'evil'"),
        (("--treatment", "benevolent"), "the company 'benevolent' is named twice"),
        (("--statements", "3"), "3 statements a trait; give an even number"),
        (("--statements", "20"), "ask for fewer statements or add some"),
        (("--trait", "honestly"), "no trait 'honestly' in the inventory spinodal-12"),
        (("--players", "1"), "1 players; give 2 to 11"),
        (("--rounds", "0"), "rounds are 0"),
        (("--games", "0"), "games a cell are 0"),
        (("--seed", "-1"), "the seed is -1"),
        (("--effect", "0.1"), "--effect is for --plan"),
        (("--wording", "missing.yaml"), "cannot read the wording in missing.yaml"),
        (("--model", "synthetic-player/shift=far"), "synthetic player: shift is 'far'; give a number"),
        (("--run", "taken"), "taken holds another request"),
        (
            ("--model", "embedded/smollm2-135m", "--rounds", "60"),
            "but embedded/smollm2-135m reads 4096 at once",
        ),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_one_line_and_leaves_everything_as_it_was(
    arguments: Sequence[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(BAD_MATRIX)
    Path("lacks.yaml").write_text(
        BAD_MATRIX.replace("[[1, 2, 3], [4, 5, 6]]", "[[1, 2], [3, 4]]").replace(
            "or [keep]", "or [share] or [keep]"
        )
    )
    Path("one-keying.yaml").write_text("calm:\n  valence: pro\n  yes: [I am calm]\n  no: []\n")
    Path("taken").mkdir()
    Path("taken/meta.json").write_text(
        json.dumps({"request": {"treatment": {}}, "request_digest": "another"})
    )
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    given = arguments if "--model" in arguments else (*PLAYER, *arguments)
    code, out, err = _said(capsys, *given)
    assert (code, out) == (2, "")
    lines = err.splitlines()
    assert lines[-1].startswith("spinodal: ")
    assert said in lines[-1]
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_guard_of_stances_on_pairs_says_why_it_sits_out_a_game(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    guards = ("--guard", "own-prior", "--guard", "trust-boundary+own-prior", "--guard", "trust-boundary")
    code, _, err = _said(capsys, *PLAYER, *SHORT, *guards, "--json", "--run", str(folder))
    assert code == 0, err
    games = read_contagion(folder).games
    skipped = games[games["end"] == "skipped"]
    assert set(skipped["guard"]) == {"own-prior", "trust-boundary+own-prior"}
    assert set(skipped["why"]) == {
        "own-prior restates what the agent supports of two options, and a game has no such options"
    }
    assert set(games.loc[games["end"] == "played", "guard"]) == {"none", "trust-boundary"}
