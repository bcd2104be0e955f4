"""`spinodal figure`: one, all, or the list of them, from folders that verbs wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import report_runs
import society_runs_made
from spinodal._files import write_table
from spinodal.cli._main import run
from spinodal.figures import FIGURES
from spinodal.runs import OBSERVATIONS, write_meta
from spinodal.theory import Stage


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an assessment."""
    folder = tmp_path_factory.mktemp("assessed")
    made = report_runs.run(folder)
    write_meta(folder, made.meta)
    write_table(folder / OBSERVATIONS, made.observations)
    return folder


@pytest.fixture(scope="module")
def society(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a society without zealots, its response measured."""
    folder = tmp_path_factory.mktemp("society")
    society_runs_made.write(folder, stages=[Stage(4)], trajectories=3)
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["figure", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_one_figure_is_drawn_with_its_caption(
    assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plane.svg"
    code, told, _ = said(capsys, "phase-plane", "--data", str(assessed), "--out", str(out))
    assert code == 0
    caption, path = told.splitlines()
    assert "option pairs at conformity β and bias h" in caption
    assert path == str(out)
    assert "<title>The phase plane of one agent</title>" in out.read_text("utf-8")


@pytest.mark.parametrize(("kind", "begins"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_the_suffix_decides_the_kind(
    assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, begins: bytes
) -> None:
    out = tmp_path / f"drawn.{kind}"
    code, told, _ = said(capsys, "models", "--data", str(assessed), "--out", str(out), "--json")
    assert code == 0
    assert json.loads(told)["out"] == str(out)
    assert out.read_bytes().startswith(begins)


def test_options_reach_the_figure(assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ("phase-plane", "--data", str(assessed), "--out", str(tmp_path / "p.svg"), "--temperature", "0.5")
    code, told, _ = said(capsys, *ask, "--absolute", "--json")
    assert code == 0
    caption = json.loads(told)["caption"]
    assert "temperature 0.5" in caption
    assert "|h|" in caption


def test_the_list_names_every_figure_and_with_data_what_can_be_drawn(
    assessed: Path, society: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, _ = said(capsys, "list")
    assert code == 0
    assert all(name in told for name in FIGURES)
    assert "spinodal hysteresis" in told
    drawable = {}
    for folder in (assessed, society):
        code, told, _ = said(capsys, "list", "--data", str(folder), "--json")
        assert code == 0
        drawable[folder] = {one["figure"]: one["drawable"] for one in json.loads(told)}
    assert drawable[society]["trajectories"]
    assert not drawable[assessed]["trajectories"]
    assert drawable[assessed]["responses"]
    assert not drawable[assessed]["cooperation"]


def test_all_draws_what_the_data_have_and_names_the_rest(
    society: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all"
    code, told, _ = said(capsys, "all", "--data", str(society), "--out", str(out), "--json")
    assert code == 0
    found = json.loads(told)
    drawn = {one["figure"] for one in found["drawn"]}
    assert {"trajectories", "responses", "phase-plane", "staying"} <= drawn
    assert drawn == {path.stem for path in out.iterdir()}
    assert drawn | set(found["left_out"]) == set(FIGURES)
    assert not drawn & set(found["left_out"])
    assert found["left_out"]["loop"] == "it has no hysteresis loops; `spinodal hysteresis` makes such data"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lop",), "there is no figure 'lop'; the nearest is 'loop'"),
        (("loop",), "it has no hysteresis loops; `spinodal hysteresis` makes such data"),
        (("responses", "--guard", "x"), "responses takes no --guard; it takes --agent, --pair, --template"),
        (("responses", "--agent", "zzz"), "has no agent 'zzz' for this figure; the nearest is"),
        (("responses", "--pair", "zzz"), "has no pair 'zzz' for this figure; the nearest is"),
        (("responses", "--out", "x.gif"), "cannot draw to x.gif; give a name that ends in .png, .svg, .pdf"),
        (("all", "--out", "x.svg"), "--out x.svg is no folder"),
        (("all", "--format", "gif"), "--format gif is no kind of picture"),
    ],
)
def test_a_wrong_request_is_one_line(
    assessed: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = said(capsys, *arguments, "--data", str(assessed))
    assert code == 2
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_without_data_and_without_results_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "loop")
    assert (code, err.count("\n")) == (2, 1)
    assert "no --data; name a folder" in err
    code, _, err = said(capsys, "loop", "--data", str(tmp_path / "none"))
    assert (code, err.count("\n")) == (2, 1)


def test_the_library_says_what_it_shows_without_loading_matplotlib_first() -> None:
    import subprocess
    import sys

    script = (
        "import sys, spinodal.figures; print('matplotlib.pyplot' in sys.modules, 'inspect_ai' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
