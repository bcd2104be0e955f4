"""The published figures themselves, in their tidy layout, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from spinodal.archive import import_archive
from spinodal.results import Results, read_results

KEYS = ["model", "option_a", "option_b"]


@pytest.fixture(scope="module")
def published(shared_data: Path) -> Path:
    return shared_data / "published"


@pytest.fixture(scope="module")
def results(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("published") / "out"
    import_archive(published, out)
    return read_results(out)


def test_every_curve_is_there(results: Results) -> None:
    curves = results.observations.drop_duplicates(["agent", "pair", "set"])
    assert curves["agent"].value_counts().to_dict() == {
        "gemma-3-27b-it": 107,
        "gemini-2.5-flash-lite": 107,
        "gpt-5-mini": 106,
        "Qwen3-32B": 103,
        "Llama-3.1-8B-Instruct": 92,
    }
    assert curves["set"].value_counts().to_dict() == {"main": 477, "further": 38}
    assert len(results.observations) == 5150


def test_every_loop_trace_and_trajectory_is_there(results: Results) -> None:
    loops = results.loops.drop_duplicates(["agent", "pair", "trajectory"])
    assert loops["agent"].value_counts().to_dict() == {
        "gemma-3-27b-it": 70,
        "gemini-2.5-flash-lite": 57,
        "Qwen3-32B": 43,
        "gpt-5-mini": 31,
        "Llama-3.1-8B-Instruct": 25,
    }
    ends = results.loops.groupby(["agent", "pair", "trajectory"])["zealots"].agg(["min", "max"])
    assert (ends["min"] == -ends["max"]).all()
    traces = results.tippings.drop_duplicates(["pair", "zealots", "trajectory"])
    assert traces["zealots"].value_counts().to_dict() == {35: 3, 50: 3, 200: 3, 225: 3, 250: 3}
    starts = results.paths.drop_duplicates("trajectory")["m0"].value_counts()
    assert starts.to_dict() == dict.fromkeys((-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4), 25)


def test_values_are_those_of_the_csv(results: Results, published: Path) -> None:
    """All of them, in the order of the files: three tables are compared whole."""
    points = pd.read_csv(published / "response_curves.csv")
    read = results.observations.set_index([*KEYS, "m"])[["count_a", "count_b", "temperature"]]
    known = points[points["main_set"]].set_index([*KEYS, "m"])
    pd.testing.assert_frame_equal(read.loc[known.index], known[read.columns])
    loops = (
        pd.read_csv(published / "hysteresis.csv").query("cycles == 1").set_index([*KEYS, "stubborn_signed"])
    )
    ours = results.loops.set_index([*KEYS, "zealots", "trajectory"]).loc[:, ["m_up", "m_down"]]
    ours = ours.xs(0, level="trajectory").reindex(loops.index.rename([*KEYS, "zealots"]))
    assert ours["m_up"].tolist() == loops["m_forward"].tolist()
    assert ours["m_down"].tolist() == loops["m_backward"].tolist()
    traces = pd.read_csv(published / "tipping_gemma-3-27b-it.csv")
    assert sorted(results.tippings["m"]) == sorted(traces["m_mean"])


def test_three_spot_values(results: Results) -> None:
    curves = results.observations.set_index(["agent", "pair", "m"])
    spot = curves.loc[("Llama-3.1-8B-Instruct", "cancel-culture-necessary", 0.92)]
    assert (spot["count_a"], spot["count_b"], spot["n_a"], spot["n_peers"]) == (91, 9, 48, 50)
    loops = results.loops.set_index(["agent", "pair", "zealots"])
    spot = loops.loc[("gpt-5-mini", "freedom-of-religion", -34)]
    assert (spot["m_up"], spot["m_down"]) == (-0.8592, -1.0)
    fits = results.published_fits.set_index(["agent", "pair"])
    assert tuple(fits.loc[("Llama-3.1-8B-Instruct", "cats"), ["beta", "h"]]) == (3.53578, 0.13715)


def test_a_copy_that_was_cut_short_is_refused(published: Path, tmp_path: Path) -> None:
    from spinodal import RequestError

    (tmp_path / "in").mkdir()
    (tmp_path / "in/response_curves.csv").write_bytes(
        (published / "response_curves.csv").read_bytes()[:200_003]
    )
    with pytest.raises(RequestError, match=r"response_curves\.csv:\d+: .*; nothing was imported"):
        import_archive(tmp_path / "in", tmp_path / "out")
