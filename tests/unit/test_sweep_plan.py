"""Grids and lists of points to cells: what is meant, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from spinodal import RequestError
from spinodal.simulate.sweeps import Cell, SweepPlan, read_request

BASE: dict[str, Any] = {"beta": 2.0, "h": 0.1, "agents": 50}


def _values(name: str, given: Any) -> list[Any]:
    plan = SweepPlan.of(BASE | {name: given})
    return [getattr(point.cell, name) for point in plan.points]


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("beta", "1.5:3:0.5", [1.5, 2.0, 2.5, 3.0]),
        ("h", "0.1:0.3:0.1", [0.1, 0.2, 0.3]),  # to the last digit, which adding 0.1 twice does not give
        ("h", "-0.1,0,0.1", [-0.1, 0.0, 0.1]),
        ("zealots", "20:0:-10", [20, 10, 0]),
        ("zealots", "0:7:5", [0, 5]),
        ("zealots", "0:2:1,10", [0, 1, 2, 10]),
        ("agents", "50,1e3", [50, 1000]),
        ("agents", ["50", "60:70:10"], [50, 60, 70]),
        ("beta", 2, [2.0]),
        ("toward", "A,B", ["A", "B"]),
        ("shown", "5,all", [5, None]),
        ("hold", ["all", 10], [None, 10]),
        ("graph", "watts-strogatz:neighbors=8,rewire=0.1", ["watts-strogatz:neighbors=8,rewire=0.1"]),
    ],
)
def test_values_are_read_as_people_write_them(name: str, given: Any, meant: list[Any]) -> None:
    assert _values(name, given) == meant


def test_a_grid_holds_every_combination_in_the_order_of_the_columns() -> None:
    plan = SweepPlan.of({"h": [0, 0.1], "agents": 50, "beta": "2,3"})
    assert [(point.cell.beta, point.cell.h) for point in plan.points] == [(2, 0), (2, 0.1), (3, 0), (3, 0.1)]


def test_points_are_crossed_with_the_grid_and_keep_their_labels() -> None:
    fits = pd.DataFrame(
        {"model": ["a", "b"], "beta": [2.0, 3.0], "h": [0.1, -0.1], "beta_ci": [(1.0, 3.0), (2.0, 4.0)]}
    )
    plan = SweepPlan.of({"agents": "20,50"}, fits)
    assert [(point.labels["model"], point.cell.beta, point.cell.agents) for point in plan.points] == [
        ("a", 2.0, 20),
        ("a", 2.0, 50),
        ("b", 3.0, 20),
        ("b", 3.0, 50),
    ]
    assert set(plan.points[0].labels) == {"model"}  # an interval is no label


def test_a_label_may_be_like_a_parameter_that_is_given() -> None:
    plan = SweepPlan.of({"agents": 50}, [{"beta": 2, "h": 0, "agent": "gemma"}])
    assert plan.points[0].labels == {"agent": "gemma"}


def test_points_of_the_same_parameters_share_a_cell() -> None:
    plan = SweepPlan.of({}, [BASE | {"model": "a"}, BASE | {"model": "b"}])
    assert (len(plan.points), len(plan.cells)) == (2, 1)


def test_a_cell_is_known_by_its_values_however_they_were_written() -> None:
    written = Cell.of({"beta": "2", "h": "-0.0", "agents": "1e2", "shown": "all"})
    assert written.key == Cell(beta=2.0, h=0.0, agents=100).key
    assert written.key != Cell(beta=2.0, h=0.0, agents=101).key


def test_the_seed_of_a_cell_depends_on_its_values_and_the_sweeps_seed_alone() -> None:
    cell = Cell(beta=2.0, h=0.1, agents=50)
    alone = SweepPlan.of(BASE, seed=7)
    among = SweepPlan.of(BASE | {"beta": "1:3:0.5", "zealots": "0:10:5"}, seed=7)
    assert cell.key in alone.cells
    assert cell.key in among.cells
    assert alone.cells[cell.key].seed(7) == among.cells[cell.key].seed(7) != cell.seed(8)


def test_an_edge_file_says_how_many_agents_there_are(tmp_path: Path) -> None:
    file = tmp_path / "ring.edges"
    file.write_text("\n".join(f"{node} {(node + 1) % 10}" for node in range(10)))
    plan = SweepPlan.of({"beta": 2, "h": 0, "zealots": "0,3", "graph": str(file)})
    assert [point.cell.agents for point in plan.points] == [10, 7]


def test_an_edge_file_is_known_by_what_it_holds(tmp_path: Path) -> None:
    first, same, other = (tmp_path / name for name in ("first", "same", "other"))
    first.write_text("0 1\n1 2\n")
    same.write_text("0 1\n1 2\n")
    other.write_text("0 1\n0 2\n")
    one, two, three = (Cell(beta=2, h=0, agents=3, graph=str(file)).key for file in (first, same, other))
    assert one == two != three


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"beta": "nan"}, "beta is 'nan'; give a finite number"),
        ({"h": "inf"}, "h is 'inf'"),
        ({"agents": 1}, "agents is 1; give a whole number, 2 or more"),
        ({"agents": "10.5"}, "agents is '10.5'; give a whole number"),
        ({"agents": True}, "agents is True"),
        ({"beta": "3:1:0.5"}, "beta 3:1:0.5 is empty"),
        ({"beta": "1:3:0"}, "no range"),
        ({"beta": "1:3"}, "no range"),
        ({"beta": "1:x:1"}, "no range"),
        ({"beta": "0:1:1e-12"}, r"has 1e\+12 values"),
        ({"beta": "1,,2"}, "a value is missing"),
        ({"beta": ""}, "a value is missing"),
        ({"beta": []}, "beta has no values"),
        ({"beta": "1,2,1.0"}, "beta has 1.0 twice"),
        ({"zelaots": 2}, "no parameter 'zelaots', did you mean zealots"),
        ({"temperature": 2}, "no parameter 'temperature'; there are beta"),
        ({"m0": 1.5}, r"m0 is 1.5; give a magnetization in \[-1, 1\]"),
        ({"zealots": -1}, "zealots is -1"),
        ({"sweeps": 0}, "sweeps is 0"),
        ({"hold": 200}, "hold is 200 of 100 sweeps"),
        ({"shown": 0}, "shown is 0"),
        ({"toward": "C"}, "toward is 'C'; give one of A, B"),
        ({"method": "magic"}, "method is 'magic'"),
        ({"method": "attempts"}, "method attempts is not for graph well-mixed"),
        ({"graph": "complete", "method": "leaps"}, "method leaps is not for graph complete"),
        ({"zealots_on": "hubs"}, "zealots_on is 'hubs'"),
        ({"graph": "no-such-graph"}, "neither well-mixed nor an edge file nor a generator"),
        ({"graph": ["well-mixed", "random-regular:degree=4,size=2"]}, "write random-regular:degree="),
        ({"graph": "random-regular:degree=40", "agents": "60,30"}, "degree"),
        ({"beta": 1e308}, "exceeds the range of a float"),
    ],
)
def test_what_makes_no_sense_is_refused(grid: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said) as refused:
        SweepPlan.of(BASE | grid)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("grid", "points", "said"),
    [
        ({"h": 0}, None, "no beta and no agents; a sweep needs beta, h, agents"),
        ({"agents": 50}, [], "the list of points is empty"),
        ({"agents": 50}, [{"beta": 2, "h": 0}, {"beta": float("nan"), "h": 0}], "point 2: beta is nan"),
        ({"agents": 50, "beta": 2}, [{"beta": 2, "h": 0}], "beta is given in the points and in the grid"),
        ({"agents": 50}, [{"beta": 2, "h": 0, "zelaots": 3}], "'zelaots', did you mean zealots"),
        ({"agents": 50}, [{"beta": 2, "h": 0, "final_m": 3}], "a column 'final_m', which the sweep writes"),
    ],
)
def test_a_list_of_points_that_makes_no_sense_is_refused(grid: Any, points: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        SweepPlan.of(grid, points)


@pytest.mark.parametrize(
    ("runs", "seed", "said"), [(0, 0, "0 runs"), (1.5, 0, "1.5 runs"), (1, -1, "seed of -1")]
)
def test_runs_and_seed_are_whole_numbers(runs: Any, seed: int, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        SweepPlan.of(BASE, runs=runs, seed=seed)


@pytest.mark.parametrize(
    ("grid", "runs", "said"),
    [
        (
            {"beta": "0:1:0.00001", "h": "0:1:0.00001"},
            10,
            r"10,000,200,001 cells of 10 runs take about .* GB",
        ),
        ({}, 10**12, "1 cells of 1,000,000,000,000 runs take about"),
        ({"sweeps": 10**9}, 10**6, "runs of 1,000,000,000 sweeps take about"),
    ],
)
def test_more_than_memory_is_refused_with_its_size_before_it_is_laid_out(
    grid: dict[str, Any], runs: int, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        SweepPlan.of(BASE | grid, runs=runs)


def test_a_request_file_says_it_all(tmp_path: Path) -> None:
    (tmp_path / "fits.csv").write_text("model,beta,h\na,2.5,0.1\nb,3,-0.1\n")
    file = tmp_path / "sweep.yaml"
    file.write_text(
        "runs: 20\nseed: 7\nout: here.parquet\npoints: fits.csv\n"
        "grid:\n  agents: 50:100:10\n  zealots: [0, 5]\n"
        "  graph: [complete, 'watts-strogatz:neighbors=8,rewire=0.1']\n"
    )
    asked = read_request(file)
    plan = SweepPlan.of(asked.grid, asked.points, runs=asked.runs, seed=asked.seed)
    assert (plan.runs, plan.seed, asked.out) == (20, 7, Path("here.parquet"))
    assert len(plan.points) == 2 * 6 * 2 * 2  # YAML would take 50:100:10 for a time of day
    assert {point.cell.agents for point in plan.points} == {50, 60, 70, 80, 90, 100}


def test_points_may_stand_in_the_request_itself(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(
        "points:\n  - {beta: 2, h: 0, agents: 20, who: us}\n  - {beta: 3, h: 0, agents: 20, who: them}\n"
    )
    plan = SweepPlan.of(points=read_request(file).points)
    assert [(point.cell.beta, point.labels["who"]) for point in plan.points] == [(2.0, "us"), (3.0, "them")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "grid: [1, 2]", "grid is no mapping"),
        ("a.yaml", "grid: {beta: {low: 1}}", "grid is no mapping"),
        ("a.yaml", "gird: {beta: 1}", "has 'gird'; a request has grid"),
        ("a.yaml", "points: {beta: 1}", "points is no list"),
        ("a.yaml", "points: nowhere.csv", "there is no file"),
        ("a.yaml", "runs: many", "runs is 'many'"),
        ("a.yaml", "- 1", "is no request"),
        ("a.yaml", "grid: {beta: [1", "is no YAML"),
        ("a.txt", "", "neither a request nor a table"),
        ("a.csv", "", "is empty"),
        ("a.parquet", "no Parquet", "cannot be read as a table"),
        ("a.csv", "beta,h\n1,2,3\n", "more fields than its first line names"),
    ],
)
def test_a_file_that_is_no_request_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RequestError, match=said) as refused:
        read_request(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no file"):
        read_request(tmp_path / "none.yaml")
