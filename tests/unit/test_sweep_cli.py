"""`spinodal sweep`: options and files, what is said, and one line where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from spinodal.cli._main import run

SMALL = (
    "--beta",
    "1:3:0.5",
    "--h=-0.1,0.1",
    "--agents",
    "20",
    "--m0",
    "-0.8",
    "--sweeps",
    "5",
    "--seed",
    "7",
)


def _run(*arguments: str) -> int:
    return run(["sweep", *arguments])


def test_it_says_what_it_will_do_and_what_came_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.parquet"
    assert _run(*SMALL, "--runs", "3", "--out", str(out), "--workers", "2") == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "10 cells, 3 runs each: 30 runs, 3,000 updates",
        "about a second on 2 workers",
    ]
    assert said.out.startswith(f"30 runs in {out}, ")
    table = pd.read_parquet(out)
    assert f"{int(table['flips'].sum()):,} of them flips" in said.out
    assert f"Mean m at the end of all runs {table['final_m'].mean():+.3f}." in said.out
    assert f"The majority changed in {table['crossed'].mean():.1%} of the runs." in said.out
    assert _run(*SMALL, "--runs", "3", "--out", str(out)) == 0
    assert capsys.readouterr().err.splitlines()[1] == "all of them finished before"


def test_json_has_an_entry_a_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.parquet"
    assert _run(*SMALL, "--m0", "0", "--out", str(out), "--json") == 0
    said = capsys.readouterr()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    found: dict[str, Any] = json.loads(said.out, parse_constant=refuse)
    assert said.err == ""
    assert (found["runs"], found["swept"], len(found["cells"])) == (10, ["beta", "h"], 10)
    cell, table = found["cells"][3], pd.read_parquet(out)
    assert (cell["beta"], cell["h"], cell["runs"]) == (1.5, 0.1, 1)
    assert cell["final_m"] == table["final_m"][3]
    assert cell["crossed"] is cell["final_m_error"] is cell["shown"] is None


def test_a_request_file_is_followed_and_options_come_on_top(tmp_path: Path) -> None:
    (tmp_path / "fits.csv").write_text("model,beta,h\ngemma,2.5,0.1\nllama,1.5,-0.3\n")
    request, out = tmp_path / "sweep.yaml", tmp_path / "a.parquet"
    request.write_text("runs: 2\npoints: fits.csv\ngrid: {agents: '20,30', m0: 0.5, sweeps: 3}\n")
    assert _run(str(request), "--agents", "25", "--out", str(out), "--runs", "4") == 0
    table = pd.read_parquet(out)
    assert table.groupby("model")["beta"].unique().map(list).to_dict() == {"gemma": [2.5], "llama": [1.5]}
    assert (set(table["agents"]), set(table["m0"]), len(table)) == ({25}, {0.5}, 8)


def test_fits_of_a_run_are_points(tmp_path: Path) -> None:
    from spinodal._files import write_table
    from spinodal.fitting import fit_curves
    from spinodal.runs import fits_table

    counts = pd.DataFrame({"m": [-0.8, 0.0, 0.8] * 2, "pair": ["one"] * 3 + ["two"] * 3, "agent": "gemma"})
    counts["count_a"], counts["count_b"] = [5, 40, 90, 10, 60, 95], [95, 60, 10, 90, 40, 5]
    fits = fit_curves(counts)
    write_table(tmp_path / "fits.parquet", fits_table(fits))
    out = tmp_path / "a.parquet"
    assert _run(str(tmp_path / "fits.parquet"), "--agents", "20", "--sweeps", "3", "--out", str(out)) == 0
    table = pd.read_parquet(out)
    assert table["pair"].tolist() == ["one", "two"]
    assert table["agent"].tolist() == ["gemma", "gemma"]
    assert table["beta"].tolist() == [fit.beta for fit in fits]


def test_a_row_is_had_again_from_simulate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, graph = tmp_path / "a.parquet", "random-regular:degree=4"
    where = ("--beta", "2", "--h", "0.1", "--agents", "30", "--zealots", "2", "--sweeps", "8", "--m0", "-0.5")
    assert _run(*where, "--graph", graph, "--graph", "well-mixed", "--runs", "3", "--out", str(out)) == 0
    table = pd.read_parquet(out)
    for kind, options in ((graph, ("--graph", graph)), ("well-mixed", ())):
        rows = table[table["graph"] == kind]
        capsys.readouterr()
        seed = str(rows["seed"].iloc[0])
        assert run(["simulate", *where, *options, "--runs", "3", "--seed", seed, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["final_m"] == rows["final_m"].tolist()


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    assert _run(*SMALL, "--out", str(tmp_path / "a.parquet"), "--plot", str(tmp_path / "a.png")) == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*SMALL,), "where to? give --out, a .parquet file"),
        ((*SMALL, "--out", "a.csv"), "the table a.csv is no Parquet file"),
        ((*SMALL, "--out", "a.parquet", "--plot", "a.doc"), "a.doc"),
        (("--h", "0", "--agents", "20", "--out", "a.parquet"), "no beta; a sweep needs beta, h, agents"),
        ((*SMALL, "--beta", "nan", "--out", "a.parquet"), "beta is 'nan'"),
        ((*SMALL, "--agents", "1", "--out", "a.parquet"), "agents is 1"),
        ((*SMALL, "--beta", "3:1:1", "--out", "a.parquet"), "beta 3:1:1 is empty"),
        ((*SMALL, "--graph", "star:degree=2", "--out", "a.parquet"), "neither well-mixed nor an edge file"),
        ((*SMALL, "--graph", "random-regular:size=2", "--out", "a.parquet"), "random-regular:degree=8"),
        ((*SMALL, "--runs", "0", "--out", "a.parquet"), "0 runs"),
        ((*SMALL, "--workers", "0", "--out", "a.parquet"), "0 workers"),
        ((*SMALL, "--bata", "1", "--out", "a.parquet"), "--bata"),
        (("none.yaml", "--out", "a.parquet"), "there is no file none.yaml"),
        (
            (*SMALL, "--ray", "127.0.0.1:1", "--out", "a.parquet"),
            "nothing answers at the Ray address 127.0.0.1:1",
        ),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(*arguments) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("spinodal: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert list(tmp_path.iterdir()) == []
