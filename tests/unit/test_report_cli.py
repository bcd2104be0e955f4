"""`spinodal report` and `spinodal compare`: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

import report_runs
import society_runs_made as made
from spinodal import RequestError, TanhResponse
from spinodal._files import write_table
from spinodal.cli import _main
from spinodal.runs import META, OBSERVATIONS, write_meta
from spinodal.society_runs import read_society

PAIRS = report_runs.PAIRS[:1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return _save(tmp_path / "one")


def _save(folder: Path, pairs: list[dict[str, object]] = PAIRS) -> Path:
    folder.mkdir()
    write_meta(folder, report_runs.meta(pairs))
    write_table(folder / OBSERVATIONS, report_runs.observations(pairs, repeats=3))
    return folder


def _spinodal(*arguments: str | Path) -> None:
    _main.build_app(("report", "compare"))(args=[str(one) for one in arguments], standalone_mode=False)


def test_report_writes_the_page_and_prints_its_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _spinodal("report", folder)
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert (folder / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_open_hands_the_page_to_the_browser(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    _spinodal("report", folder, "--open")
    assert opened == [str(folder / "report.html")]


def test_a_folder_that_is_not_there_not_a_run_or_not_finished_is_refused(folder: Path) -> None:
    with pytest.raises(RequestError, match="no run folder"):
        _spinodal("report", folder / "nowhere")
    (folder / OBSERVATIONS).unlink()
    with pytest.raises(RequestError, match="not finished a pair"):
        _spinodal("report", folder)
    (folder / META).unlink()
    with pytest.raises(RequestError, match="not a run folder"):
        _spinodal("report", folder)


def test_compare_writes_a_page_beside_the_second_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = _save(tmp_path / "two")
    _spinodal("compare", folder, second)
    printed = capsys.readouterr().out
    assert "report-own-error" in printed
    assert printed.strip().endswith(str(second / "comparison.html"))
    assert (second / "comparison.html").is_file()


def test_compare_as_json_prints_one_object_and_writes_only_where_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = _save(tmp_path / "two")
    _spinodal("compare", folder, second, "--json")
    found = json.loads(capsys.readouterr().out)
    assert [pair["pair"] for pair in found["pairs"]] == ["report-own-error"]
    assert found["second"]["run"] == str(second)
    assert not (second / "comparison.html").exists()
    _spinodal("compare", folder, second, "--json", "--out", tmp_path / "page.html")
    assert json.loads(capsys.readouterr().out) == found
    assert (tmp_path / "page.html").is_file()


def test_compare_refuses_runs_that_share_no_pair(folder: Path, tmp_path: Path) -> None:
    second = _save(tmp_path / "two", report_runs.PAIRS[1:2])
    with pytest.raises(RequestError, match="no pair in common"):
        _spinodal("compare", folder, second)


def _society(folder: Path) -> Path:
    """Ten agents whose response was measured wrong: as flat as their true one is steep."""
    made.write(
        folder,
        groups=(("synthetic/agent", 10, TanhResponse(2.0, 0.0)),),
        measured=[TanhResponse(0.4, 0.0)],
        trajectories=6,
    )
    return folder


def _measured(folder: Path, **changes: object) -> Path:
    """An assessment of the same agents that found their true response."""
    asked = {**made.PAIR, "truth": {"beta": 2.0, "h": 0.0, "noise": 0.3}}
    write_table(folder / OBSERVATIONS, report_runs.observations([asked]))
    meta = report_runs.meta([asked], failures=[])
    society = read_society(folder.parent / "society").meta["request"]
    agent = society["groups"][0]["agent"]
    same = {name: agent.get(name) for name in ("model", "system_prompt", "temperature")}
    same |= {name: society[name] for name in ("template_digest", "listed")}
    write_meta(folder, {**meta, "pairs": [made.PAIR], "request": meta["request"] | same | changes})
    return folder


def test_a_society_can_be_judged_by_another_measurement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _society(tmp_path / "society")
    _spinodal("report", run, "--json")
    assert json.loads(capsys.readouterr().out)["holds"] is False
    _spinodal("report", run, "--json", "--response", _measured(tmp_path / "measured"))
    assert json.loads(capsys.readouterr().out)["holds"] is True


def test_a_measurement_of_other_agents_is_refused(tmp_path: Path) -> None:
    run = _society(tmp_path / "society")
    other = _measured(tmp_path / "measured", temperature=0.1)
    with pytest.raises(RequestError, match=r"of agents with temperature 0\.1"):
        _spinodal("report", run, "--response", other)


def test_a_society_is_drawn_where_asked(tmp_path: Path) -> None:
    run, picture = _society(tmp_path / "society"), tmp_path / "paths.png"
    _spinodal("report", run, "--plot", picture)
    assert picture.stat().st_size > 10_000
    with pytest.raises(RequestError, match="gif"):
        _spinodal("report", run, "--plot", tmp_path / "paths.gif")


def test_what_is_for_societies_is_refused_of_other_runs(folder: Path) -> None:
    with pytest.raises(RequestError, match="holds no society"):
        _spinodal("report", folder, "--json")
