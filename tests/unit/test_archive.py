"""The published archive read into our tables: every layout, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import archive_made
from spinodal import RequestError
from spinodal.archive import FIT_COLUMNS, SETS, family_of, import_archive
from spinodal.pairs import bank_pairs
from spinodal.results import Results, read_results
from spinodal.runs import read_run
from spinodal.tables import LOOP_COLUMNS, OBSERVATION_COLUMNS, PATH_COLUMNS, TIPPING_COLUMNS

CURVES = "data/model-7b-it/results_batched_vllm/N=50"
RAIN = f"{CURVES}/transition_prob_50_0.2_rain.txt"
CLOSED = "data/closed-mini/results_batched_vllm/N=50/transition_prob_50_opinions_night_trains.txt"
LOOP = "data/model-7b-it/results_hysteresis_vllm/N=50/hysteresis_rain_vs_sun_T0.20.txt"
TIPPING = "data/model-7b-it/results_tipping_point/tipping_rain_Ns30_T0.20.json"
PATHS = "data/model-7b-it/rain/simulation_data_N50_T10.json"
FITS = "data/analysis_results_v2/all_fits_combined.csv"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return archive_made.write(tmp_path / "Opinion-Dynamics")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    root = tmp_path_factory.mktemp("made")
    import_archive(archive_made.write(root / "archive"), root / "out", revision=True)
    return read_results(root / "out")


def test_every_table_has_the_columns_that_others_rely_on(results: Results) -> None:
    assert list(results.observations) == [*OBSERVATION_COLUMNS, "set"]
    assert list(results.loops) == list(LOOP_COLUMNS)
    assert list(results.tippings) == list(TIPPING_COLUMNS)
    assert list(results.paths) == list(PATH_COLUMNS)
    assert list(results.published_fits) == list(FIT_COLUMNS)
    assert results.observations["log_odds"].dtype == float
    assert results.observations["cost"].dtype == float


@pytest.mark.parametrize(
    ("model", "option_a", "option_b", "temperature"),
    [("model-7b-it", "rain", "sun", 0.2), ("closed-mini", "night trains", "night flights", None)],
)
def test_a_curve_is_read_with_a_first_line_and_without(
    results: Results, model: str, option_a: str, option_b: str, temperature: float | None
) -> None:
    table = results.observations
    rows = table[(table["model"] == model) & (table["option_a"] == option_a) & (table["set"] == "main")]
    assert rows["m"].tolist() == list(archive_made.GRID)
    assert list(zip(rows["count_a"], rows["count_b"], strict=True)) == list(archive_made.COUNTS)
    assert rows["n_a"].tolist() == [48, 45, 40, 30, 27, 23, 20, 10, 5, 2]
    assert set(rows["n_peers"]) == {50}
    assert set(rows["option_b"]) == {option_b}
    assert set(rows["readout"]) == {"sample"}
    assert rows["count_invalid"].tolist() == [100 - a - b for a, b in archive_made.COUNTS]
    assert (rows["count_a"] + rows["count_b"] + rows["count_invalid"]).tolist() == rows["n_samples"].tolist()
    assert set(rows["temperature"].astype(object).where(rows["temperature"].notna(), None)) == {temperature}


def test_a_curve_may_reach_a_full_majority(results: Results) -> None:
    table = results.observations
    rows = table[(table["model"] == "model-7b-it") & (table["pair"] == "pro-tea")]
    assert rows["n_a"].tolist()[0] == 50
    assert rows["n_a"].tolist()[-1] == 0


def test_an_option_that_no_list_names_has_an_unknown_opponent(results: Results) -> None:
    rows = results.observations[results.observations["option_a"] == "winter"]
    assert set(rows["option_b"]) == {"Unknown"}
    assert set(rows["set"]) == {"further"}
    assert results.pairs["winter"].option_b == "Unknown"


def test_robustness_checks_are_curves_of_their_own_condition(results: Results) -> None:
    told = results.observations.drop_duplicates(["model", "pair", "set", "template", "n_peers"])
    told = told.set_index("set")
    assert told.loc["temperature", "temperature"] == 0.5
    assert told.loc["prompt", "template"] == "published-minimal"
    size = told.loc["system-size"]
    assert (size["n_peers"], size["pair"], size["option_b"]) == (20, "night-trains", "night flights")
    assert size["temperature"] != size["temperature"], (
        "the provider takes none, whatever the file's name says"
    )
    rows = results.observations[results.observations["set"] == "system-size"]
    assert rows["n_a"].tolist() == [19, 18, 16, 12, 11, 9, 8, 4, 2, 1]


def test_what_the_revision_added_is_read_when_asked_for(
    archive: Path, tmp_path: Path, results: Results
) -> None:
    found = import_archive(archive, tmp_path / "out")
    assert set(found.to_dict()["sets"]) == {"main", "further", "temperature", "system-size", "prompt"}
    assert found.to_dict()["not_read"]["of the revision"] == 2
    added = results.observations.set_index("set")
    assert set(added.loc["wording", "template"]) == {"published-wording-stance"}
    assert set(added.loc["explicit-v2", "template"]) == {"published-explicit-v2"}
    assert added.loc["explicit-v2", "count_invalid"].tolist() == [100 - a - b for a, b in archive_made.COUNTS]
    assert set(added.index) - {"explicit-v2"} <= set(SETS)


def test_each_cycle_of_a_loop_is_a_trajectory(results: Results) -> None:
    loops = results.loops.set_index(["model", "trajectory", "zealots"])
    for cycle in range(3):
        assert loops.loc[("model-7b-it", cycle, 2), "m_up"] == pytest.approx(0.2 - cycle / 100)
        assert loops.loc[("model-7b-it", cycle, 2), "m_down"] == pytest.approx(0.2 + cycle / 100)
    assert results.loops.groupby("model")["trajectory"].nunique().to_dict() == {
        "model-7b-it": 3,
        "closed-mini": 1,
    }
    closed = results.loops[results.loops["model"] == "closed-mini"]
    assert closed["zealots"].tolist() == [-6, -4, -2, 0, 2, 4, 6]
    assert closed["temperature"].isna().all()
    assert set(results.loops["agents"]) == {50}


def test_tipping_traces_tell_when_the_zealots_are_there(results: Results) -> None:
    table = results.tippings
    assert (
        table.groupby("trajectory")["m"].apply(list).tolist() == archive_made.tipping_object()["trajectories"]
    )
    assert table["sweep"].tolist() == [*range(7), *range(7)]
    first = table.iloc[0]
    assert (first["zealots"], first["toward"], first["zealots_from"], first["zealots_until"]) == (
        30,
        "B",
        2,
        5,
    )
    assert (first["agents"], first["temperature"], first["pair"]) == (50, 0.2, "rain")


def test_a_trajectory_that_stops_at_a_consensus_says_so(results: Results) -> None:
    table = results.paths
    short = table[table["trajectory"] == 0]
    assert short["m"].tolist() == [-0.8, -0.84, -0.92, -0.96, -1.0]
    assert short["sweep"].tolist() == [0.0, 0.02, 0.04, 0.06, 0.08]
    assert short["stopped"].tolist() == [False] * 4 + [True]
    long = table[table["trajectory"] == 1]
    assert long["sweep"].max() == 10.0
    assert not long["stopped"].any()
    assert set(table["temperature"]) == {0.2}, "that of the model's curves"
    assert set(table[table["trajectory"] == 2]["m0"]) == {0.2}


def test_the_authors_fits_keep_their_values(results: Results) -> None:
    fits = results.published_fits.set_index("pair")
    assert fits.loc["rain", ["beta", "h", "r_squared", "set"]].tolist() == [2.5, 0.125, 0.99, "main"]
    assert fits.loc["winter", "set"] == "further"


def test_families_are_of_models_that_name_a_size(results: Results) -> None:
    assert results.families == {"model-7b-it": "model"}
    assert [
        family_of(name) for name in ("Qwen3-32B", "Qwen2.5-14B-Instruct", "gemma-3-27b-it", "gpt-5-mini")
    ] == [
        "Qwen3",
        "Qwen2.5",
        "gemma-3",
        None,
    ]


def test_a_pair_of_the_bank_keeps_its_id(archive: Path, tmp_path: Path) -> None:
    ours = bank_pairs("safety")[0]
    (archive / "opinion_pairs_safety.csv").write_text(
        f"Opinion_A,Opinion_B,compliant_side\n{ours.option_a.upper()},{ours.option_b},A\nwinter,summer,A\n"
    )
    (archive / CURVES / f"transition_prob_50_0.2_{ours.option_a}.txt").write_text(archive_made.curve_text())
    import_archive(archive, tmp_path / "out")
    pairs = read_results(tmp_path / "out").pairs
    assert pairs[ours.id] == ours
    assert pairs["winter"].aligned
    assert pairs["winter"].option_b == "summer"


def test_ids_are_unique_and_never_those_of_other_bank_pairs(archive: Path, tmp_path: Path) -> None:
    taken = next(pair.id for pair in bank_pairs("opinions"))
    option = taken.replace("-", " ")
    for name in ("rain!", option, "[x] " + "long " * 30):
        (archive / CURVES / f"transition_prob_50_0.2_{name}.txt").write_text(archive_made.curve_text())
    (archive / "more_pairs.csv").write_text(f"Opinion_A,Opinion_B\n{option},another\n")
    import_archive(archive, tmp_path / "out")
    pairs = read_results(tmp_path / "out").pairs
    assert pairs[f"{taken}-or-another"].option_a == option
    assert all(len(pair.option_a) <= 80 and "[" not in pair.option_a for pair in pairs.values())


def test_the_tidy_tables_are_read_too(tmp_path: Path) -> None:
    found = import_archive(archive_made.write_tidy(tmp_path / "tidy"), tmp_path / "out")
    assert found.to_dict()["layout"] == "tidy"
    assert found.models == {
        "closed": {"curves": 1, "loops": 0, "tippings": 0, "paths": 0},
        "model-7b": {"curves": 1, "loops": 2, "tippings": 2, "paths": 2},
    }
    results = read_results(tmp_path / "out")
    assert results.observations.groupby("model")["set"].first().to_dict() == {
        "closed": "further",
        "model-7b": "main",
    }
    assert results.loops.groupby("trajectory")["zealots"].apply(list).tolist() == [
        [-4, -2, 0, 2, 4],
        [-2, -1, 0, 1, 2],
    ]
    assert set(results.loops["temperature"]) == {0.2}
    assert set(results.paths["model"]) == {"model-7b"}
    assert set(results.paths["option_b"]) == {"sun"}
    ends = results.paths.groupby("trajectory")["stopped"].last().tolist()
    assert ends == [False, True], "a run that ends before ten sweeps stopped at a consensus"
    assert results.tippings["sweep"].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]


def test_the_folder_says_what_was_read(archive: Path, tmp_path: Path) -> None:
    (archive / ".git/refs/heads").mkdir(parents=True)
    (archive / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (archive / ".git/refs/heads/main").write_text("0123abc\n")
    found = import_archive(archive, tmp_path / "out")
    imported = found.meta["imported"]
    assert imported["commit"] == "0123abc"
    assert imported["source"] == "Opinion-Dynamics"
    assert len(imported["files"]) == 15
    assert all(len(file["sha256"]) == 64 for file in imported["files"])
    assert (imported["curves"], imported["loops"], imported["tippings"], imported["paths"]) == (8, 4, 2, 3)
    assert imported["not_read"]["zealots of both sides"] == 1
    assert str(tmp_path) not in json.dumps(found.meta), "no machine paths"
    run = read_run(tmp_path / "out")
    assert len(run.observations) == 82
    assert run.meta["request"]["agents"] == 50


def test_a_part_of_the_archive_is_read_as_well(archive: Path, tmp_path: Path) -> None:
    found = import_archive(archive / "data/model-7b-it", tmp_path / "out")
    assert found.models == {"model-7b-it": {"curves": 3, "loops": 3, "tippings": 2, "paths": 3}}


def test_the_same_files_give_the_same_folder(archive: Path, tmp_path: Path) -> None:
    import_archive(archive, tmp_path / "one")
    before = {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "one").iterdir()
    }
    again = import_archive(archive, tmp_path / "one", skip_broken=True)
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "one").iterdir()}
    assert after == before
    assert again.meta["finished"]
    import_archive(archive, tmp_path / "two")
    for name in before.keys() - {"meta.json"}:
        assert (tmp_path / "two" / name).read_bytes() == before[name][0]


def test_an_import_that_was_killed_goes_on(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import spinodal.archive._import as module

    whole = module.write_table
    written: list[Path] = []

    def killed(path: Path, table: object) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        whole(path, table)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write_table", killed)
    with pytest.raises(KeyboardInterrupt):
        import_archive(archive, tmp_path / "out")
    (tmp_path / "out/.paths.parquet.abc").write_bytes(b"half")
    with pytest.raises(RequestError, match="has not come to its end; run its command again"):
        read_results(tmp_path / "out")
    monkeypatch.undo()
    import_archive(archive, tmp_path / "out")
    assert len(read_results(tmp_path / "out").tippings) == 14
    assert not list((tmp_path / "out").glob(".*"))


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def without_line(number: int) -> Callable[[str], str]:
    return lambda text: "".join(line for n, line in enumerate(text.splitlines(True), 1) if n != number)


def cut_after(characters: int) -> Callable[[str], str]:
    return lambda text: text[:characters]


BROKEN = [
    (RAIN, cut_after(-25), 11, "holds 2 of the 5 fields"),
    (RAIN, cut_after(-7), 11, "the last line breaks off"),
    (RAIN, without_line(11), 10, "ends without a row for m = -0.92"),
    (RAIN, without_line(4), 10, "ends without a row for m = 0.6"),
    (RAIN, cut_after(0), 1, "holds no magnetization"),
    (RAIN, cut_after(46), 1, "holds no magnetization"),
    (
        RAIN,
        replaced("97.0,3.0", "97.0,30.0"),
        2,
        "probability 0.970000 does not go with 97 replies for A and 30",
    ),
    (RAIN, replaced("97.0,3.0", "-97.0,3.0"), 2, "count_A is -97.0; it should be a number of 0 or more"),
    (RAIN, replaced("95.0,5.0", "95.5,5.0"), 3, "count_A is 95.5; it should be a whole number"),
    (RAIN, replaced("95.0,5.0", "ninety,5.0"), 3, "count_A is 'ninety'; it should be a number"),
    (RAIN, replaced("0.800000", "1.800000"), 3, r"m0 is 1.800000; it should be a number in \[-1, 1\]"),
    (RAIN, replaced("0.800000", "0.810000"), 3, "m0 is 0.810000, which 50 entries cannot show"),
    (RAIN, replaced("0.800000", "0.920000"), 3, "m0 = 0.920000 comes a second time"),
    (RAIN, replaced("count_A", "count_X"), 1, "names no column count_A"),
    (CLOSED, cut_after(-60), 9, "holds . of the 5 fields|ends without|breaks off"),
    (CLOSED, without_line(1), 9, "ends without a row for m = 0.92"),
    (CLOSED, replaced("0.92,97,3", "0.92,97,-3"), 1, "count_B is -3"),
    (LOOP, cut_after(-5), 16, "the last line breaks off without a line end"),
    (LOOP, without_line(16), 15, "ends without a row for stubborn_count 4"),
    (LOOP, without_line(11), 11, "stubborn_count goes from -2 to 0; a row is missing"),
    (LOOP, replaced("# Opinion A", "# Option A"), 1, "no comment ahead of the table tells 'opinion a'"),
    (LOOP, replaced("# Cycles: 3", "# Cycles: 4"), 7, "names no column magnetization_forward_c4"),
    (LOOP, replaced("-0.410000", "-4.410000"), 8, r"should be a number in \[-1, 1\]"),
    (TIPPING, cut_after(-40), 49, "not JSON .*; the file was cut short"),
    (TIPPING, replaced('"n_runs": 2', '"n_runs": 3'), 1, "n_runs is 3, but there are 2 trajectories"),
    (TIPPING, replaced('"n_blocks_after": 2', '"n_blocks_after": 3'), 1, "trajectory 0 has 7 blocks of 8"),
    (TIPPING, replaced('"N_stubborn_B": 30', '"N_stubborn_B": -30'), 1, "N_stubborn_B -30"),
    (TIPPING, replaced("-0.1,", "-1.1,"), 1, r"trajectory 0 holds -1.1; a magnetization lies in \[-1, 1\]"),
    (TIPPING, replaced('"t1"', '"t0"'), 1, "has no t1"),
    (PATHS, cut_after(-9), 2050, "not JSON"),
    (PATHS, replaced("          3,\n", "          5,\n"), 1, "does not number its updates 0, 1, 2"),
    (PATHS, replaced('"m0_actual": -0.8', '"m0_actual": null'), 1, "m0_actual of '-0.8' holds None"),
    (FITS, replaced("0.125", "x"), 2, "h is 'x'; it should be a number"),
    (FITS, cut_after(-30), 3, "holds . of the 10 fields"),
    ("opinion_pairs.csv", replaced(",sun", ","), 2, "Opinion_B is empty"),
    ("opinion_pairs.csv", cut_after(9), 1, "names no column Opinion_B"),
    ("opinion_pairs.csv", cut_after(-22), 4, "holds 1 of the 2 fields"),
]


@pytest.mark.parametrize(("file", "change", "line", "message"), BROKEN)
def test_a_broken_file_is_named_with_its_line_and_nothing_is_imported(
    archive: Path, tmp_path: Path, file: str, change: Callable[[str], str], line: int, message: str
) -> None:
    path = archive / file
    path.write_text(change(path.read_text()))
    with pytest.raises(RequestError, match=message) as caught:
        import_archive(archive, tmp_path / "out")
    told = str(caught.value)
    assert told.startswith(f"{path}:{line}: ")
    assert "nothing was imported" in told
    assert "\n" not in told
    assert not (tmp_path / "out").exists()


def test_broken_files_are_left_out_when_asked_for(archive: Path, tmp_path: Path) -> None:
    for name in (RAIN, TIPPING):
        (archive / name).write_text((archive / name).read_text()[:-30])
    (archive / CLOSED).write_bytes(b"0.92,97,3,\xff\n")
    found = import_archive(archive, tmp_path / "out", skip_broken=True)
    assert {one["file"] for one in found.left_out} == {RAIN, TIPPING, CLOSED}
    assert "byte 0xff is not UTF-8" in json.dumps(found.left_out)
    assert found.models["model-7b-it"]["curves"] == 4
    assert read_results(tmp_path / "out").tippings.empty
    again = import_archive(archive, tmp_path / "out", skip_broken=True)
    assert again.meta == found.meta
    with pytest.raises(RequestError, match=r"\(and 2 more\); nothing was imported"):
        import_archive(archive, tmp_path / "out")


def test_an_archive_with_nothing_whole_is_refused(tmp_path: Path) -> None:
    curve = tmp_path / "in/model/results_batched_vllm/N=50/transition_prob_50_0.2_rain.txt"
    curve.parent.mkdir(parents=True)
    curve.write_text("m0,count_A,count_B\n0.5,")
    with pytest.raises(RequestError, match=r"no file of .* can be read"):
        import_archive(tmp_path / "in", tmp_path / "out", skip_broken=True)
    assert not (tmp_path / "out").exists()


TIDY_BROKEN = [
    ("response_curves.csv", cut_after(-20), 21, "holds . of the 9 fields"),
    ("response_curves.csv", without_line(21), 20, r"\(the curve of closed, winter\) a row for m = -0.92"),
    ("response_curves.csv", replaced("0.92,97,3", "0.92,97,-3"), 2, "count_b is -3"),
    ("response_curves.csv", replaced("0.8,95,5", "0.92,95,5"), 3, "m = 0.92 comes a second time"),
    ("hysteresis.csv", without_line(11), 10, r"\(the loop of model-7b, rain\) a row for stubborn_signed 2"),
    ("tipping_model-7b.csv", without_line(9), 8, "run 1 ends without one of the sweeps 0 to 3"),
    (
        "trajectories_model-7b_rain.csv",
        without_line(55),
        56,
        "the run from 0.2 does not begin at 0, or misses",
    ),
    ("fits.csv", replaced("beta", "betas"), 1, "names no column beta"),
]


@pytest.mark.parametrize(("file", "change", "line", "message"), TIDY_BROKEN)
def test_a_broken_tidy_table_is_named_with_its_line(
    tmp_path: Path, file: str, change: Callable[[str], str], line: int, message: str
) -> None:
    tidy = archive_made.write_tidy(tmp_path / "tidy")
    (tidy / file).write_text(change((tidy / file).read_text()))
    with pytest.raises(RequestError, match=message) as caught:
        import_archive(tidy, tmp_path / "out")
    assert str(caught.value).startswith(f"{tidy / file}:{line}: ")


def test_folders_that_are_no_archive_are_refused(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no folder"):
        import_archive(tmp_path / "missing", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RequestError, match="is empty; name the folder"):
        import_archive(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").write_text("x")
    with pytest.raises(RequestError, match="is no archive of the conformity study: of its 1 files none"):
        import_archive(tmp_path / "other", tmp_path / "out")
    archive_made.write_tidy(archive / "tidy")
    with pytest.raises(RequestError, match="holds both the archive and tidy tables of it"):
        import_archive(archive, tmp_path / "out")


def test_a_folder_that_holds_something_else_is_left_alone(archive: Path, tmp_path: Path) -> None:
    tidy = archive_made.write_tidy(tmp_path / "tidy")
    import_archive(tidy, tmp_path / "out")
    before = (tmp_path / "out/meta.json").read_bytes()
    with pytest.raises(RequestError, match=r"holds another import .*; name another folder with --run"):
        import_archive(archive, tmp_path / "out")
    assert (tmp_path / "out/meta.json").read_bytes() == before
    (tmp_path / "out/meta.json").write_text('{"request": {}}')
    with pytest.raises(RequestError, match="holds another kind of run"):
        import_archive(archive, tmp_path / "out")
    with pytest.raises(RequestError, match="exists and holds no import"):
        import_archive(archive, tidy)


def test_a_part_that_is_the_revisions_alone_says_how_to_read_it(archive: Path, tmp_path: Path) -> None:
    part = archive / "data/wording_variants"
    with pytest.raises(RequestError, match="read it with --revision"):
        import_archive(part, tmp_path / "out")
    assert import_archive(part, tmp_path / "out", revision=True).models["model-7b-it"]["curves"] == 1
