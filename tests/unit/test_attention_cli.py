"""`spinodal attention`: from a table to words, JSON and a picture, and its errors in one line."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

import contagion_runs_made
from attention_made import MadeWeights
from spinodal.attention import measure_attention, run_conversations
from spinodal.cli._main import build_app, run


def _run(*arguments: str) -> None:
    build_app(["attention"])(args=["attention", *arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    contagion_runs_made.write(folder, repetitions=2, guards={"system-prompt": 0.0})
    return folder


@pytest.fixture(scope="module")
def table(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("table") / "attention.parquet"
    found = run_conversations(contagion_runs_made.read_contagion(study))
    measure_attention(found, MadeWeights()).to_parquet(file, index=False)
    return file


def test_a_table_is_summed_up_in_words(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(str(table))
    told = capsys.readouterr().out
    assert "Attention of made in 16 conversations, averaged over 2 layers" in told
    assert "Writing a message, without a guard: of the attention, " in told
    assert "Deciding, system-prompt: sinks left out, " in told


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_json_and_a_picture(
    table: Path, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / f"attention{suffix}"
    _run(str(table), "--json", "--plot", str(picture))
    told = json.loads(capsys.readouterr().out)
    assert told["guards"] == ["none", "system-prompt"]
    assert told["plot"] == str(picture)
    words = [
        one
        for one in told["contrasts"]
        if (one["what"], one["segment"], one["measure"]) == ("words", "guard", "share")
    ]
    assert len(words) == 2  # messages and decisions
    assert all(one["estimate"] > 0 for one in words)
    assert picture.stat().st_size > 5_000


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "give a run folder of `spinodal contagion`, or conversations by --transcript FILE"),
        (["nowhere"], "no run folder at nowhere"),
        (["{study}", "--profile", "p.json"], "--profile is for transcripts"),
        (["{study}", "--at", "end"], "--at end is no place to look from; give reply or start"),
        (["{study}", "--out", "table.csv"], "give a name that ends in .parquet"),
        (["{study}", "--plot", "x.bmp"], "cannot draw to x.bmp"),
        (["{table}", "--model", "embedded/smollm2-135m"], "--model is for measuring"),
        (["{study}"], "the weights of synthetic/agent are not on this machine"),
        (["--transcript", "{talk}", "--games", "2"], "--games is for a run folder"),
        (["--transcript", "{talk}", "--profile", "p.json"], "--profile is for guards"),
        (["--transcript", "{talk}", "--guard", "sytem-prompt"], "no guard 'sytem-prompt'"),
    ],
)
def test_a_wrong_request_is_one_line(
    arguments: list[str],
    why: str,
    study: Path,
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    talk = tmp_path / "talk.json"
    talk.write_text('[{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi."}]')
    code = run(["attention", *(one.format(study=study, table=table, talk=talk) for one in arguments)])
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err.startswith("spinodal: ")
    assert told.err.count("\n") == 1
    assert why in told.err


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is not None, reason="the extra spinodal[attention] is installed"
)
def test_a_missing_extra_is_named(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attention", str(study), "--model", "embedded/smollm2-135m"]) == 2
    assert capsys.readouterr().err == (
        "spinodal: attention is read through transformers, and transformers is not installed; "
        "run `pip install 'spinodal[attention]'`\n"
    )
    assert not (study / "attention.parquet").exists()


def test_the_same_command_goes_on_after_a_stop(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = MadeWeights()
    monkeypatch.setattr("spinodal.attention.open_weights", lambda name, template: weights)
    attend = MadeWeights.attend

    def stopped_at_the_second(self: MadeWeights, *arguments: Any) -> Any:
        if len(self.read) == 1:
            raise KeyboardInterrupt
        return attend(self, *arguments)

    table = tmp_path / "attention.parquet"
    command = ["attention", str(study), "--games", "1", "--guard", "none", "--out", str(table), "--json"]
    monkeypatch.setattr(MadeWeights, "attend", stopped_at_the_second)
    assert run(command) == 130
    assert [file.name for file in tmp_path.iterdir()] == [".attention-unfinished.parquet"]
    monkeypatch.setattr(MadeWeights, "attend", attend)
    assert run(command) == 0
    assert len(weights.read) == 2  # two games; opponents that say the same are read once
    assert list(tmp_path.iterdir()) == [table]
    assert json.loads(capsys.readouterr().out)["conversations"] == 4
