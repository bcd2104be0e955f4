"""`spinodal phase-diagram`: the plane, with any fits on it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spinodal import RequestError
from spinodal._files import write_table
from spinodal.cli._main import build_app
from spinodal.cli._marks import marks_of
from spinodal.cli._table import read_fits
from spinodal.fitting import fit_curves
from spinodal.plots import Mark
from spinodal.runs import fits_table


def _run(*arguments: str) -> None:
    build_app(["phase_diagram"])(args=["phase-diagram", *arguments], standalone_mode=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "fits.csv"
    file.write_text("model,pair,beta,h\none,x,2.5,0.1\none,y,1.5,-0.4\ntwo,x,0.5,0.1\ntwo,y,,0.1\n")
    return file


def test_the_bare_plane_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _run()
    assert "conformity β" in (tmp_path / "phase-diagram.svg").read_text("utf-8")


def test_fits_are_summed_up_by_group(capsys: pytest.CaptureFixture[str], tmp_path: Path, table: Path) -> None:
    picture = tmp_path / "plane.svg"
    _run(str(table), "--plot", str(picture), "--json")
    assert json.loads(capsys.readouterr().out) == {
        "plot": str(picture),
        "groups": [
            {
                "group": "one",
                "curves": 2,
                "median_beta": 2.0,
                "median_size_of_h": 0.25,
                "share_bistable": 0.5,
            },
            {"group": "two", "curves": 1, "median_beta": 0.5, "median_size_of_h": 0.1, "share_bistable": 0.0},
        ],
    }
    _run(str(table), "--by", "pair", "--plot", str(picture))
    assert capsys.readouterr().out.splitlines() == [
        "x: 2 curves, median beta 1.50, median |h| 0.10, 50% inside the spinodal",
        "y: 1 curve, median beta 1.50, median |h| 0.40, 0% inside the spinodal",
        str(picture),
    ]


def test_the_fits_of_a_run_are_drawn_with_their_names_and_intervals(tmp_path: Path) -> None:
    m = np.linspace(-0.9, 0.9, 10)
    share = 1.0 / (1.0 + np.exp(-2.0 * 2.0 * (m + 0.1)))
    counts = pd.DataFrame(
        {"model": "first-model", "pair": "shutdown", "m": m, "count_a": np.rint(100 * share)}
    )
    counts["count_b"] = 100 - counts["count_a"]
    [fit] = fit_curves(counts)
    write_table(tmp_path / "fits.parquet", fits_table([fit]))
    [mark] = marks_of(read_fits(tmp_path), tmp_path)
    assert mark == Mark(fit.beta, fit.h, fit.beta_ci, fit.h_ci, "first-model", "shutdown", True)
    _run(str(tmp_path), "--plot", str(tmp_path / "plane.svg"))
    assert "first-model" in (tmp_path / "plane.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        ("m,p\n1,2\n", (), "no column beta and no column h"),
        ("beta,h\n", (), "has no rows"),
        ("beta,h\nsteep,1\n", (), "beta is 'steep'"),
        ("beta,h\n1,1\n", ("--by", "model"), "no column model to group by"),
        ("", (), "is empty"),
        ("beta,h\n1,1\n", ("--plot", "absent/plane.png"), "there is no folder absent"),
    ],
)
def test_bad_input_is_refused(tmp_path: Path, content: str, more: tuple[str, ...], said: str) -> None:
    file = tmp_path / "fits.csv"
    file.write_text(content)
    with pytest.raises(RequestError, match=said):
        _run(str(file), "--plot", str(tmp_path / "plane.png"), *more)
    assert [path.name for path in tmp_path.iterdir()] == ["fits.csv"]


def test_a_folder_without_fits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"there is no file .*fits.parquet"):
        _run(str(tmp_path))
