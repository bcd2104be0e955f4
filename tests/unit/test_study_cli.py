"""`spinodal study`, and `spinodal report` on a study's folder: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archive_made
import report_runs
import study_runs_made as made
from spinodal import RunError
from spinodal.cli._main import run as spinodal
from spinodal.studies import _work

STUDY = """
name: small
agents:
  - {model: synthetic/beta=2/h=0.2, label: two}
pairs: [season]
peers: 10
design: even
budget: 22
readout: logprob
prefill: off
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return path


def _say(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = spinodal(["study", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_plan_spends_nothing_and_adds_up(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = _say(capsys, "plan", file, "--run", tmp_path / "run", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["total"]["calls"] == sum(row["calls"] for row in told["rows"]) == 22
    assert told["total"]["cost"] == 0.0
    assert told["seconds"] is None
    assert not (tmp_path / "run").exists()
    code, out, _ = _say(capsys, "plan", file)
    assert code == 0
    assert "Nothing was spent." in out


def test_run_status_and_report_tell_the_same_story(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    code, out, err = _say(capsys, "run", file, "--run", run)
    assert code == 0, err
    assert "small: 1 part, 1 worker" in err
    assert "[1/1] assess-two: done, " in err
    assert f"Report: {run / 'report.html'}" in out
    page = (run / "report.html").read_bytes()
    code, out, _ = _say(capsys, "status", file, "--run", run, "--json")
    told = json.loads(out)
    assert (told["done"], told["waiting"], told["calls"] >= 22) == (1, 0, True)
    (run / "report.html").unlink()
    code, out, _ = _say(capsys, "report", file, "--run", run)
    assert out.strip() == str(run / "report.html")
    assert (run / "report.html").read_bytes() == page


def test_a_part_that_fails_is_named_and_the_code_is_one(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(job: object, storage: object) -> str:
        raise RunError("synthetic kept failing (HTTP 500)")

    monkeypatch.setattr(_work, "_run", fail)
    code, out, err = _say(capsys, "run", file, "--run", tmp_path / "run")
    assert code == 1
    assert err.splitlines()[-1] == (
        "spinodal: 1 of 1 parts failed (assess-two); assess-two: synthetic kept failing (HTTP 500); "
        "the same command tries them again"
    )
    assert "Nothing is measured yet" in out
    monkeypatch.undo()
    code, _, _ = _say(capsys, "status", file, "--run", tmp_path / "run")
    assert code == 0
    code, _, err = _say(capsys, "run", file, "--run", tmp_path / "run")
    assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "{file}", "--workers", "0"), "--workers 0; give 1 or more"),
        (("run", "{file}", "--address", "nonsense"), "'nonsense' is no address of a Ray head"),
        (("run", "{file}", "--only", "asess*"), "--only asess* matches no part; the nearest is assess-two"),
        (("report", "{file}", "--run", "{tmp}/none"), "there is no study in"),
        (("plan", "{tmp}/none.yaml"), "cannot read the study file"),
        (("plan", "{bad}"), "bad.yaml:2: unknown key 'paris' in a study; the nearest known one is 'pairs'"),
        (("status", "{file}", "--run", "s3://k:s@b/x"), "the study's address holds a login"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("agents: [openai/a]\nparis: [season]\n")
    words = [one.format(file=file, tmp=tmp_path, bad=tmp_path / "bad.yaml") for one in arguments]
    code, _, err = _say(capsys, *words)
    assert code == 2
    assert told in err
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("meta.json"))


def test_a_key_that_is_missing_is_told_before_anything_is_spent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOWHERE_API_KEY", raising=False)
    path = tmp_path / "study.yaml"
    path.write_text("agents: [openai-api/nowhere/model]\npairs: [season]\n")
    code, _, err = _say(capsys, "run", path, "--run", tmp_path / "run")
    assert code == 2
    assert "NOWHERE_API_KEY" in err
    assert not (tmp_path / "run").exists()
    assert _say(capsys, "plan", path)[0] == 0  # a plan needs none


def test_report_writes_the_page_of_a_study_s_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made.write(tmp_path / "study", pairs=report_runs.PAIRS[:1], society=False)
    assert spinodal(["report", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert "two minds" in (folder / "report.html").read_text()


def test_report_writes_the_page_of_an_imported_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive_made.write(tmp_path / "archive")
    assert spinodal(["import", str(tmp_path / "archive"), "--run", str(tmp_path / "imported")]) == 0
    capsys.readouterr()
    assert spinodal(["report", str(tmp_path / "imported")]) == 0
    page = (tmp_path / "imported" / "report.html").read_text()
    assert "Imported data" in page
    assert "spinodal figure loop" in page
