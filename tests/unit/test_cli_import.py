"""`spinodal import`: a summary for people, one object for scripts, one line for everything that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archive_made
from spinodal.cli._main import run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return archive_made.write(tmp_path / "archive")


def test_it_prints_what_there_is_of_each_model(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["import", str(archive), "--run", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    lines = [line.split() for line in told.splitlines()]
    assert lines[:4] == [
        ["model", "curves", "loops", "tippings", "paths"],
        ["closed-mini", "3", "1", "0", "0"],
        ["model-7b-it", "5", "3", "2", "3"],
        ["all", "8", "4", "2", "3"],
    ]
    assert "4 pairs, 2 published fits, from 15 files (archive layout)." in told
    assert "2 curves of the paper's revision were not read; --revision reads them." in told
    assert told.splitlines()[-1] == str(tmp_path / "out")


def test_json_is_one_object(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["import", str(archive), "--run", str(tmp_path / "out"), "--revision", "--json"]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["curves"] == 10
    assert found["sets"]["explicit-v2"] == found["sets"]["wording"] == 1
    assert found["models"]["model-7b-it"] == {"curves": 6, "loops": 3, "tippings": 2, "paths": 3}
    assert (found["files"], found["pairs"], found["left_out"]) == (17, 4, [])
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_a_broken_file_is_one_line_or_left_out(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [broken] = archive.glob("data/model-7b-it/results_tipping_point/*.json")
    broken.write_text(broken.read_text()[:200])
    words = ["import", str(archive), "--run", str(tmp_path / "out")]
    assert run(words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert f"{broken}:" in told.err
    assert "--skip-broken" in told.err
    assert run([*words, "--skip-broken"]) == 0
    assert f"left out: {broken.relative_to(archive)}:" in capsys.readouterr().out


def test_a_folder_that_is_no_archive_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("missing", "empty"):
        assert run(["import", str(tmp_path / folder), "--run", str(tmp_path / "out")]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_another_import_in_the_folder_is_one_line(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tidy = archive_made.write_tidy(tmp_path / "tidy")
    assert run(["import", str(tidy), "--run", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert run(["import", str(archive), "--run", str(tmp_path / "out")]) == 2
    assert "holds another import" in capsys.readouterr().err
