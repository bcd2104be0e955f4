"""A sweep: the same table whoever works and however often it is interrupted, and no cell done twice."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spinodal import RequestError, RunError
from spinodal.response import TanhResponse
from spinodal.simulate import AtRandom, Kind, Population, Stage, simulate
from spinodal.simulate.graphs import generate
from spinodal.simulate.sweeps import PARAMETERS, RESULTS, SweepProgress, _sweep, read_sweep, sweep
from spinodal.theory import Chain, run_protocol

GRID: dict[str, Any] = {
    "beta": "1.5:2.5:0.5",
    "h": "0,0.1",
    "agents": 20,
    "zealots": "0,5",
    "toward": "A",
    "m0": -0.8,
    "sweeps": 10,
}
RUNS, SEED = 4, 7
CELLS = 3 * 2 * 2


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the cells simulated from here on."""
    lived: list[str] = []
    live = _sweep.live

    def noted(cell: Any, **how: Any) -> Any:
        lived.append(cell.key)
        return live(cell, **how)

    monkeypatch.setattr(_sweep, "live", noted)
    return lived


def _sweep_to(path: Path, grid: Any = GRID, **how: Any) -> bytes:
    sweep(grid, **{"runs": RUNS, "seed": SEED, "out": path, **how})
    return path.read_bytes()


def _cut(journal: Path, cells: float) -> None:
    """Leave the journal as a kill would, after so many cells; a fraction leaves a line cut short."""
    lines = journal.read_bytes().splitlines(keepends=True)
    whole = int(cells)
    part = lines[1 + whole][: int((cells - whole) * len(lines[1 + whole]))]
    journal.write_bytes(b"".join(lines[: 1 + whole]) + part)


def test_the_table_has_a_row_a_run_with_its_parameters(tmp_path: Path) -> None:
    found = sweep(GRID, runs=RUNS, seed=SEED, out=tmp_path / "a.parquet")
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert list(table.columns) == [*PARAMETERS, *RESULTS]
    assert len(table) == CELLS * RUNS
    assert table["replica"].tolist() == [0, 1, 2, 3] * CELLS
    assert table["final_m"].between(-1, 1).all()
    assert (table["attempts"] == 20 * 10).all()
    assert found.swept == ("beta", "h", "zealots")
    assert read_sweep(tmp_path / "a.parquet").summary.equals(found.summary)


def test_the_table_is_the_same_to_the_byte_whatever_the_number_of_workers(tmp_path: Path) -> None:
    tables = {_sweep_to(tmp_path / f"{workers}.parquet", workers=workers) for workers in (1, 2, 5)}
    assert len(tables) == 1


def test_a_cell_is_what_simulate_gives_with_its_seed(tmp_path: Path) -> None:
    found = sweep(GRID | {"hold": 6}, runs=RUNS, seed=SEED, out=tmp_path / "a.parquet").table
    cell = found[(found["beta"] == 2.0) & (found["h"] == 0.1) & (found["zealots"] == 5)]
    alone = simulate(
        Population([Kind(TanhResponse(2.0, 0.1), 20)]),
        [Stage(6, 5, 0), Stage(4)],
        m0=-0.8,
        runs=RUNS,
        seed=int(cell["seed"].iloc[0]),
    )
    assert cell["final_m"].tolist() == alone.final_m.tolist()
    assert cell["mean_m"].tolist() == alone.m[:, 6:].mean(axis=1).tolist()
    assert cell["flips"].tolist() == alone.flips.tolist()


def test_a_cell_on_a_graph_is_what_simulate_gives_on_the_graph_of_its_seed(tmp_path: Path) -> None:
    spec = "random-regular:degree=4"
    grid = {"beta": 2, "h": 0, "agents": 30, "zealots": 6, "graph": spec, "sweeps": 10, "draw": "0,1"}
    found = sweep(grid, runs=RUNS, seed=SEED, out=tmp_path / "a.parquet").table
    for _, cell in found.groupby("draw"):
        seed = int(cell["seed"].iloc[0])
        alone = simulate(
            Population([Kind(TanhResponse(2.0, 0.0), 30)], graph=generate(spec, 36, seed)),
            [Stage(10, 0, 6)],
            runs=RUNS,
            seed=seed,
            placement=AtRandom(),
        )
        assert cell["final_m"].tolist() == alone.final_m.tolist()
    assert found["seed"].nunique() == 2


def test_a_run_has_crossed_when_its_majority_changed(tmp_path: Path) -> None:
    grid = {"beta": 2, "h": "-1,1", "agents": 20, "m0": "-0.8,0,0.8", "sweeps": 20}
    found = sweep(grid, runs=2, out=tmp_path / "a.parquet").table
    away = found["m0"] != 0
    assert (found["crossed"][away] == (found["m0"] * found["h"] < 0)[away]).all()  # |h| = 1 leaves one state
    assert found["crossed"][~away].isna().all()


def test_a_tie_at_the_end_is_no_crossing(tmp_path: Path) -> None:
    """Without conformity or bias opinions are coin flips, and two agents disagree in half of the runs."""
    found = sweep(
        {"beta": 0, "h": 0, "agents": 2, "m0": "-1,1", "sweeps": 5}, runs=40, out=tmp_path / "a.parquet"
    )
    table = found.table
    ties = table["final_m"] == 0
    assert ties.any()
    assert not table["crossed"][ties].any()
    assert (table["crossed"] == (table["final_m"] * table["m0"] < 0)).all()


def test_the_mean_agrees_with_the_exact_chain(tmp_path: Path) -> None:
    """Within 4.5 standard errors in 8 cells: of 20,000 seeds about one would fail, and it is fixed."""
    runs = 2000
    grid = {
        "beta": "1.5,2.5",
        "h": "0,0.2",
        "agents": 10,
        "zealots": "0,2",
        "toward": "A",
        "m0": -0.8,
        "sweeps": 5,
    }
    found = sweep(grid, runs=runs, seed=3, out=tmp_path / "a.parquet")
    start = np.eye(11)[1]
    m = Chain(TanhResponse(1.0, 0.0), 10).magnetization
    for cell in found.summary.itertuples():
        (law,) = run_protocol(TanhResponse(cell.beta, cell.h), 10, start, [Stage(5, cell.zealots, 0)])
        error = np.sqrt((law @ m**2 - (law @ m) ** 2) / runs)
        assert abs(cell.final_m - law @ m) < 4.5 * error


@pytest.mark.parametrize("cells", [0, 0.5, 1, 5.99, 11])
def test_cut_off_anywhere_it_goes_on_and_repeats_no_finished_cell(
    tmp_path: Path, done: list[str], cells: float
) -> None:
    path, journal = tmp_path / "a.parquet", tmp_path / "a.parquet.cells"
    whole = _sweep_to(path)
    path.unlink()
    _cut(journal, cells)
    kept = {json.loads(line)["key"] for line in journal.read_bytes().splitlines()[1 : 1 + int(cells)]}
    done.clear()
    assert _sweep_to(path) == whole
    assert len(done) == len(set(done)) == CELLS - int(cells)
    assert not kept & set(done)
    done.clear()
    assert _sweep_to(path) == whole  # the line that was cut short is not in the way later either
    assert done == []


def test_finished_again_does_nothing(tmp_path: Path, done: list[str]) -> None:
    whole = _sweep_to(tmp_path / "a.parquet")
    done.clear()
    assert _sweep_to(tmp_path / "a.parquet") == whole
    assert done == []


def test_another_grid_takes_over_the_cells_in_common(tmp_path: Path, done: list[str]) -> None:
    path = tmp_path / "a.parquet"
    whole = _sweep_to(path)
    done.clear()
    wider = _sweep_to(path, GRID | {"beta": "1.5:3:0.5"})
    assert len(done) == CELLS // 3
    assert wider == _sweep_to(tmp_path / "fresh.parquet", GRID | {"beta": "1.5:3:0.5"})
    done.clear()
    assert _sweep_to(path) == whole  # and back: what the narrower table leaves out is not forgotten
    assert done == []


def test_fewer_runs_are_the_first_of_more(tmp_path: Path, done: list[str]) -> None:
    path = tmp_path / "a.parquet"
    few = _sweep_to(path, runs=2)
    _sweep_to(path, runs=RUNS)
    assert len(done) == 2 * CELLS
    assert _sweep_to(path, runs=2) == few
    assert len(done) == 2 * CELLS


def test_a_journal_of_another_seed_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    whole = _sweep_to(path)
    with pytest.raises(RequestError, match="begun with seed 7, not 8; give seed 7, or name another file"):
        _sweep_to(path, seed=8)
    assert _sweep_to(path) == whole


def test_a_journal_of_another_version_is_refused(tmp_path: Path) -> None:
    path, journal = tmp_path / "a.parquet", tmp_path / "a.parquet.cells"
    _sweep_to(path)
    header, *rest = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([json.dumps(json.loads(header) | {"spinodal": "0.0.1"}) + "\n", *rest]))
    with pytest.raises(RequestError, match=r"begun with spinodal 0\.0\.1"):
        _sweep_to(path)


@pytest.mark.parametrize(("text", "line"), [("notes\n", 1), ('{"a": 1}\n', 1)])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path, text: str, line: int) -> None:
    journal = tmp_path / "a.parquet.cells"
    journal.write_text(text)
    with pytest.raises(RequestError, match=f"line {line} of .* is not a sweep's"):
        _sweep_to(tmp_path / "a.parquet")
    assert journal.read_text() == text


def test_a_table_that_no_sweep_left_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_text("mine")
    with pytest.raises(RequestError, match="is there already"):
        _sweep_to(tmp_path / "mine.parquet")
    assert (tmp_path / "mine.parquet").read_text() == "mine"


def test_two_sweeps_do_not_write_one_table(tmp_path: Path) -> None:
    refused: list[str] = []

    def meanwhile(now: SweepProgress) -> None:
        if not refused:
            with pytest.raises(RequestError, match="another sweep is writing") as error:
                _sweep_to(tmp_path / "a.parquet")
            refused.append(str(error.value))

    _sweep_to(tmp_path / "a.parquet", progress=meanwhile)
    assert refused


@pytest.mark.parametrize(("name", "said"), [("a.csv", "ends in .parquet"), ("folder.parquet", "is a folder")])
def test_an_output_that_is_no_table_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(RequestError, match=said):
        _sweep_to(tmp_path / name)


@pytest.mark.parametrize("how", [{"workers": 0}, {"grid": GRID | {"agents": 10**9, "method": "counts"}}])
def test_a_request_refused_leaves_nothing_behind(tmp_path: Path, how: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        _sweep_to(tmp_path / "a.parquet", **how)
    assert list(tmp_path.iterdir()) == []


def test_a_cell_that_cannot_be_simulated_is_named(tmp_path: Path) -> None:
    grid = {"beta": 2, "h": 0, "agents": 10**9, "method": "counts"}
    with pytest.raises(
        RequestError, match=r"the cell beta = 2\.0, h = 0\.0, agents = 1000000000, method = counts"
    ):
        _sweep_to(tmp_path / "a.parquet", grid)


def test_a_fault_in_one_cell_keeps_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = _sweep.live

    def failing(cell: Any, **how: Any) -> Any:
        if cell.beta == 2.5:
            raise RunError("no luck")
        return live(cell, **how)

    monkeypatch.setattr(_sweep, "live", failing)
    with pytest.raises(RunError, match="no luck"):
        _sweep_to(tmp_path / "a.parquet", GRID | {"beta": "1.5,2,2.5"}, workers=1)
    kept = (tmp_path / "a.parquet.cells").read_text().splitlines()[1:]
    assert len(kept) >= CELLS - CELLS // 3 - 2  # all before the fault but those under way
    assert not (tmp_path / "a.parquet").exists()


def test_a_full_disk_is_one_line_and_what_is_finished_is_kept(tmp_path: Path, done: list[str]) -> None:
    """A limit on file size stands for the disk's; it fails the write in the midst of a line."""
    path, limit = tmp_path / "a.parquet", 4000
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {resource.RLIM_INFINITY}))\n"
        "from spinodal.simulate.sweeps import sweep\n"
        "try:\n"
        f"    sweep({GRID!r}, runs={RUNS}, seed={SEED}, out={str(path)!r})\n"
        "except Exception as error:\n"
        "    sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stderr.startswith(f"RunError: cannot write {path}.cells: File too large; ")
    assert len(ended.stderr.splitlines()) == 1
    lines = (tmp_path / "a.parquet.cells").read_bytes().splitlines(keepends=True)
    assert lines[-1].endswith(b"\n")
    assert f"{len(lines) - 1} finished cells are kept" in ended.stderr
    assert not path.exists()
    assert _sweep_to(path) == _sweep_to(tmp_path / "fresh.parquet")
    assert len(done) == CELLS - (len(lines) - 1) + CELLS


def test_progress_tells_the_plan_and_every_cell(tmp_path: Path) -> None:
    told: list[SweepProgress] = []
    _sweep_to(tmp_path / "a.parquet", progress=told.append)
    assert [now.finished for now in told] == list(range(CELLS + 1))
    assert told[0].share == 0.0
    assert told[-1].share == pytest.approx(1.0)
    _cut(tmp_path / "a.parquet.cells", 5)
    told.clear()
    _sweep_to(tmp_path / "a.parquet", progress=told.append)
    assert [(now.kept, now.finished) for now in told] == [(5, n) for n in range(5, CELLS + 1)]


def test_a_table_without_the_columns_of_a_sweep_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"beta": [1.0]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(RequestError, match="no column h"):
        read_sweep(tmp_path / "a.parquet")
    with pytest.raises(RequestError, match="cannot read"):
        read_sweep(tmp_path / "none.parquet")


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    grid = {"beta": "0.5:3:0.5", "h": "-0.2,0,0.2", "agents": "20,40", "m0": -0.8, "sweeps": 20}
    return sweep(grid, runs=3, out=tmp_path_factory.mktemp("plane") / "a.parquet")


def test_conformity_and_bias_are_drawn_as_a_plane_with_the_spinodal(plane: Any) -> None:
    from spinodal.theory import spinodal_h

    ax = plane.plot()
    tiles = ax.collections[0].get_array()
    shown = plane.summary[plane.summary["agents"] == 20].pivot_table(
        index="h", columns="beta", values="final_m"
    )
    assert np.allclose(np.asarray(tiles, dtype=float).ravel(), shown.to_numpy(float).ravel())
    upper = max(ax.lines, key=lambda line: line.get_ydata().max())
    assert np.allclose(upper.get_ydata(), spinodal_h(upper.get_xdata()))
    assert "agents = 20" in ax.get_title()


def test_other_parameters_are_drawn_as_curves_with_bands(plane: Any) -> None:
    ax = plane.plot(over=["beta", "agents"], where={"h": 0.2}, value="crossed")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "regular agents = 20",
        "regular agents = 40",
    ]
    shown = plane.summary[(plane.summary["h"] == 0.2) & (plane.summary["agents"] == 40)]
    assert np.allclose(ax.lines[1].get_ydata(), shown["crossed"].to_numpy(float))
    assert len(ax.collections) == 2


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"over": ["zealots"]}, "cannot draw over zealots"),
        ({"over": []}, "cannot draw over nothing"),
        ({"where": {"beta": 1}}, "cannot fix 'beta'"),
        ({"where": {"agents": 30}}, "no cell has agents = 30"),
        ({"value": "flips"}, "no value 'flips'"),
    ],
)
def test_a_picture_of_what_is_not_there_is_refused(plane: Any, how: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        plane.plot(**how)


def test_limits_and_words_are_drawn_in_their_order(tmp_path: Path) -> None:
    grid = {"beta": 2, "h": 0, "agents": 20, "sweeps": 5, "hold": "2,all"}
    shown = sweep(grid | {"shown": "3,all"}, runs=3, out=tmp_path / "a.parquet").plot(over=["shown"])
    assert [label.get_text() for label in shown.get_xticklabels()] == ["3", "all"]
    assert shown.get_title() == "sweeps the zealots stay = 2"
    graphs = ["well-mixed", "complete"]
    drawn = sweep(grid | {"graph": graphs, "hold": 2}, runs=3, out=tmp_path / "b.parquet").plot()
    assert [label.get_text() for label in drawn.get_xticklabels()] == graphs


def test_a_sweep_of_one_cell_is_drawn_as_its_runs(tmp_path: Path) -> None:
    found = sweep({"beta": 2, "h": 0, "agents": 20, "sweeps": 5}, runs=30, out=tmp_path / "a.parquet")
    assert sum(bar.get_height() for bar in found.plot().patches) == 30
