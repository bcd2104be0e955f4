"""Whatever made a folder, its results are the same tables."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import archive_made
import contagion_runs_made
import guard_runs_made
import report_runs
import society_runs_made
from spinodal import RequestError
from spinodal._files import write_table
from spinodal.archive import import_archive
from spinodal.response import TanhResponse
from spinodal.results import read_results
from spinodal.runs import OBSERVATIONS, write_meta
from spinodal.society_runs import SocietyRun
from spinodal.tables import LOOP_COLUMNS, OBSERVATION_COLUMNS, PATH_COLUMNS, TIPPING_COLUMNS
from spinodal.theory import Stage


def assessed(folder: Path, label: str = "synthetic, careful", **changes: Any) -> Path:
    meta = report_runs.meta(report_runs.PAIRS[:2], failures=[])
    meta["request"] = meta["request"] | {"agent": meta["request"]["agent"] | {"label": label}} | changes
    table = report_runs.observations(report_runs.PAIRS[:2], repeats=2)
    write_table(folder / OBSERVATIONS, table.assign(agent=label))
    write_meta(folder, meta)
    return folder


def over_sizes(folder: Path, label: str = "synthetic, careful") -> Path:
    meta = report_runs.meta(report_runs.PAIRS[:1], failures=[])
    request = {name: value for name, value in meta["request"].items() if name not in ("n_peers", "agents")}
    pairs = [{key: value for key, value in pair.items() if key != "truth"} for pair in report_runs.PAIRS[:1]]
    request |= {"sizes": [5, 10], "pairs": pairs, "agent": request["agent"] | {"label": label}}
    write_meta(folder, {**meta, "request": request})
    write_table(folder / "critical_size.parquet", pd.DataFrame({"agents": [5, 10]}))
    for size in (5, 10):
        assessed(folder / f"n-{size}", label)
    return folder


def studied(folder: Path, parts: Mapping[str, str], families: Mapping[str, str] | None = None) -> Path:
    told = [{"id": name, "kind": "x", "agent": "x", "folder": within} for name, within in parts.items()]
    write_meta(
        folder, {"request": {"name": "all"}, "study": {"name": "all", "parts": told, "families": families}}
    )
    return folder


def loop_run(folder: Path, **changes: Any) -> SocietyRun:
    stages = society_runs_made.up_and_back(4, 2, 4)
    return society_runs_made.write(
        folder, stages=stages, m0=(-1.0,), trajectories=2, experiment="hysteresis", **changes
    )


def test_an_assessment_gives_its_prompts_and_pairs(tmp_path: Path) -> None:
    results = read_results(assessed(tmp_path / "run"))
    assert results.name == "synthetic, careful"
    pd.testing.assert_frame_equal(results.observations, pd.read_parquet(tmp_path / "run" / OBSERVATIONS))
    assert list(results.pairs) == ["report-own-error", "accept-shutdown"]
    assert results.pairs["accept-shutdown"].aligned
    for table, columns in (
        (results.loops, LOOP_COLUMNS), (results.tippings, TIPPING_COLUMNS), (results.paths, PATH_COLUMNS)
    ):  # fmt: skip
        assert table.empty
        assert list(table) == list(columns)


def test_a_study_of_guards_gives_every_assessment(tmp_path: Path) -> None:
    study = guard_runs_made.write(
        tmp_path, {"own-prior": (-1.0, 0.2), "neutral": (0.0, 0.0)}, unmeasured=["neutral"]
    )
    results = read_results(tmp_path)
    assert len(results.observations) == sum(len(run.observations) for run in study.runs.values())
    assert len(study.runs) == 2


def test_a_society_left_alone_gives_paths_and_its_measured_response(tmp_path: Path) -> None:
    run = society_runs_made.write(tmp_path, failed=1, label="a test")
    results = read_results(tmp_path)
    assert results.name == "a test"
    assert list(results.paths) == list(PATH_COLUMNS)
    assert len(results.paths) == len(run.counts) * 9
    one = results.paths[results.paths["trajectory"] == 4]
    row = run.trajectories.set_index("trajectory").loc[4]
    assert one["m"].tolist() == pytest.approx([2 * a / 20 - 1 for a in row["agents_a"]])
    assert set(one["m0"]) == {row["m0"]}
    assert one["sweep"].tolist() == list(range(9))
    assert set(results.paths["agent"]) == {"synthetic/agent"}
    assert set(results.paths["agents"]) == {20}
    assert set(results.paths["temperature"]) == {1.0}
    assert len(results.observations) == len(run.responses["synthetic/agent"][0].observations)
    assert list(results.observations)[:3] == list(OBSERVATION_COLUMNS)[:3]
    assert "accept-shutdown" in results.pairs


def test_a_path_is_stopped_from_its_lasting_consensus_on(tmp_path: Path) -> None:
    run = society_runs_made.write(tmp_path, m0=(0.8,), trajectories=3, measured=())
    counts = [[18, 20, 19, 20, 20, 20, 20, 20, 20], [18] * 8 + [20], [20] * 9]
    table = run.trajectories.assign(agents_a=counts, end=["consensus", "sweeps", "consensus"])
    write_table(tmp_path / "trajectories.parquet", table)
    paths = read_results(tmp_path).paths
    stopped = paths.groupby("trajectory")["stopped"].apply(list).tolist()
    assert stopped == [[False] * 3 + [True] * 6, [False] * 9, [True] * 9]


def test_a_tipping_trial_gives_traces_with_the_zealots_stay(tmp_path: Path) -> None:
    stages = [Stage(2), Stage(4, 0, 8), Stage(3)]
    run = society_runs_made.write(
        tmp_path, stages=stages, m0=(0.8,), trajectories=2, experiment="tip", toward="B", measured=()
    )
    results = read_results(tmp_path)
    assert list(results.tippings) == list(TIPPING_COLUMNS)
    assert results.paths.empty
    stay = results.tippings[["zealots", "toward", "zealots_from", "zealots_until"]].drop_duplicates()
    assert stay.to_numpy().tolist() == [[8, "B", 2, 6]]
    assert results.tippings["m"].tolist() == pytest.approx((2 * run.counts / 20 - 1).ravel().tolist())


def test_zealots_who_are_always_there_join_at_once(tmp_path: Path) -> None:
    society_runs_made.write(tmp_path, stages=[Stage(3, 5, 0)], m0=(0.0,), trajectories=1, measured=())
    stay = read_results(tmp_path).tippings.iloc[-1]
    assert (stay["zealots"], stay["toward"], stay["zealots_from"], stay["zealots_until"]) == (5, "A", 0, 3)


@pytest.mark.parametrize(
    "stages", [[Stage(2, 0, 4), Stage(2, 0, 8)], [Stage(2, 4, 4)], [Stage(2, 0, 4), Stage(1), Stage(2, 0, 4)]]
)
def test_zealots_whose_number_changes_fit_no_table(tmp_path: Path, stages: list[Stage]) -> None:
    society_runs_made.write(tmp_path, stages=stages, m0=(0.0,), trajectories=1, measured=())
    results = read_results(tmp_path)
    assert results.tippings.empty
    assert results.paths.empty


def test_a_loop_has_the_mean_of_each_steps_second_half(tmp_path: Path) -> None:
    run = loop_run(tmp_path, measured=())
    loops = read_results(tmp_path).loops
    assert list(loops) == list(LOOP_COLUMNS)
    assert loops["zealots"].tolist() == [-4, -2, 0, 2, 4] * 2
    m = 2 * run.counts / 20 - 1
    means = np.array([m[:, 4 * step + 3 : 4 * step + 5].mean(axis=1) for step in range(10)])
    for number in (0, 1):
        own = loops[loops["trajectory"] == number]
        assert own["m_up"].tolist() == pytest.approx(means[:5, number].tolist())
        assert own["m_down"].tolist() == pytest.approx(means[:4:-1, number].tolist())


def test_a_loop_that_begins_at_the_other_end_and_turns_at_once(tmp_path: Path) -> None:
    stages = [Stage(4, max(z, 0), max(-z, 0)) for z in (2, 0, -2, 0, 2)]
    run = society_runs_made.write(
        tmp_path, stages=stages, m0=(1.0,), trajectories=1, experiment="hysteresis", measured=()
    )
    loops = read_results(tmp_path).loops
    m = 2 * run.counts[0] / 20 - 1
    means = [m[4 * step + 3 : 4 * step + 5].mean() for step in range(5)]
    assert loops["zealots"].tolist() == [-2, 0, 2]
    assert loops["m_down"].tolist() == pytest.approx([means[2], means[1], means[0]])
    assert loops["m_up"].tolist() == pytest.approx([np.nan, means[3], means[4]], nan_ok=True)


def test_groups_are_named_together(tmp_path: Path) -> None:
    groups = [("one/x", 5, TanhResponse(2.0, 0.0)), ("two/y", 7, TanhResponse(1.0, 0.0))]
    society_runs_made.write(tmp_path, groups=groups, m0=(0.0,), trajectories=1, measured=())
    row = read_results(tmp_path).paths.iloc[0]
    assert row["agent"] == "5 one/x + 7 two/y"
    assert row["model"] == "one/x + two/y"
    assert row["agents"] == 12


def test_sizes_are_kept_as_a_run_and_as_curves(tmp_path: Path) -> None:
    results = read_results(over_sizes(tmp_path / "run"))
    assert list(results.critical_sizes) == ["synthetic, careful, report-own-error"]
    assert list(next(iter(results.critical_sizes.values())).runs) == [5, 10]
    assert len(results.observations) == 2 * len(report_runs.observations(report_runs.PAIRS[:2], repeats=2))


def test_a_contagion_study_is_kept_by_its_agent(tmp_path: Path) -> None:
    run = contagion_runs_made.write(tmp_path)
    results = read_results(tmp_path)
    assert list(results.contagion) == [run.name]
    assert results.observations.empty


def test_a_study_gathers_every_part_that_has_results(tmp_path: Path) -> None:
    assessed(tmp_path / "parts/a", "agent a")
    assessed(tmp_path / "parts/b", "agent b")
    loop_run(tmp_path / "parts/loop")
    over_sizes(tmp_path / "parts/sizes", "agent a")
    import_archive(archive_made.write_tidy(tmp_path / "tidy"), tmp_path / "parts/published")
    shutil.copytree(tmp_path / "parts/a", tmp_path / "parts/inner/c")
    studied(tmp_path / "parts/inner", {"c": "c"}, {"agent c": "C"})
    write_meta(tmp_path / "parts/begun", {"request": {"n_peers": 20}})
    parts = {name: f"parts/{name}" for name in ("a", "b", "loop", "sizes", "published", "inner", "begun")}
    study = studied(tmp_path, {**parts, "again": "parts/a", "missing": "parts/missing"}, {"agent a": "A"})
    results = read_results(study)
    each = len(report_runs.observations(report_runs.PAIRS[:2], repeats=2))
    counts = results.observations["agent"].value_counts()
    assert counts["agent a"] == 4 * each, "parts a, c, and two sizes; a part named twice counts once"
    assert counts["agent b"] == each
    assert counts["model-7b"] == 10
    assert set(results.loops["agent"]) == {"synthetic/agent", "model-7b"}
    assert len(results.tippings) == 8
    assert results.families == {"agent a": "A", "agent c": "C", "model-7b": "model"}
    assert list(results.critical_sizes) == ["agent a, report-own-error"]
    assert {"rain", "accept-shutdown"} <= set(results.pairs)
    assert len(results.published_fits) == 1
    assert results.name == "all"


def test_parts_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        over_sizes(tmp_path / name)
    results = read_results(studied(tmp_path, {"one": "one", "two": "two"}))
    assert len(results.critical_sizes) == 2
    assert "synthetic, careful, report-own-error (two)" in results.critical_sizes


def test_a_folder_that_is_not_known_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no folder"):
        read_results(tmp_path / "missing")
    with pytest.raises(RequestError, match=r"holds no results: it has no meta\.json"):
        read_results(tmp_path)
    write_meta(tmp_path, {"request": {"x": 1}})
    with pytest.raises(RequestError, match="holds nothing that is known"):
        read_results(tmp_path)


def test_reading_loads_no_inspect(tmp_path: Path) -> None:
    assessed(tmp_path / "run")
    code = (
        "import sys; import spinodal.results as r; assert 'pandas' not in sys.modules; "
        f"r.read_results({str(tmp_path / 'run')!r}); assert 'inspect_ai' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
