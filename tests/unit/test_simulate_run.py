"""The runner: replicas, records, checkpoints, and requests that make no sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinodal import (
    Chain,
    Graph,
    RequestError,
    RunError,
    SampledPeersResponse,
    TanhResponse,
    evolve,
    generate,
)
from spinodal.simulate import AtRandom, Kind, Method, Population, Stage, Trajectories, simulate

_FOLLOWERS = Population([Kind(TanhResponse(2.0, 0.1), 30)])
_SOCIETY = Population(
    [Kind(TanhResponse(2.9, 0.3), 20, "model"), Kind(TanhResponse(-1.0, 0.0), 10, "contrary")]
)
_STAGES = [Stage(6, 0, 9), Stage(4)]


def _same(first: Trajectories, second: Trajectories) -> bool:
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("counts", "attempts", "flips")
    )


def test_every_sweep_of_every_run_is_recorded() -> None:
    found = simulate(_SOCIETY, _STAGES, m0=0.6, runs=5, seed=1)
    assert found.counts.shape == (5, 11, 2)
    assert found.sweeps.tolist() == list(range(11))
    assert found.m.shape == (5, 11)
    assert found.m_by_kind.shape == (5, 11, 2)
    assert (found.counts[:, 0] == [16, 8]).all()
    assert (found.attempts == 300).all()
    assert found.step_error == 0.0
    np.testing.assert_allclose(found.m, (2 * found.m_by_kind[..., 0] + found.m_by_kind[..., 1]) / 3)
    np.testing.assert_array_equal(found.final_m, found.m[:, -1])


def test_flips_are_counted_beside_attempts() -> None:
    found = simulate(_FOLLOWERS, 20, runs=4, seed=3)
    moved = np.abs(np.diff(found.counts.sum(axis=2), axis=1)).sum(axis=1)
    assert (found.flips >= moved).all()
    assert (found.flips < found.attempts).all()


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_does_not_change_the_numbers(workers: int) -> None:
    alone = simulate(_SOCIETY, _STAGES, runs=7, seed=5, workers=1)
    assert _same(alone, simulate(_SOCIETY, _STAGES, runs=7, seed=5, workers=workers))


def test_another_seed_gives_other_runs_and_each_run_is_its_own() -> None:
    found = simulate(_FOLLOWERS, 10, runs=6, seed=1)
    assert not _same(found, simulate(_FOLLOWERS, 10, runs=6, seed=2))
    assert len({run.tobytes() for run in found.counts}) == 6


def test_a_seed_sequence_may_be_used_twice() -> None:
    seed = np.random.SeedSequence(7)
    assert _same(simulate(_FOLLOWERS, 5, runs=2, seed=seed), simulate(_FOLLOWERS, 5, runs=2, seed=seed))
    assert _same(simulate(_FOLLOWERS, 5, runs=2, seed=seed), simulate(_FOLLOWERS, 5, runs=2, seed=7))


def test_sparser_records_are_of_the_same_runs() -> None:
    all_of_them = simulate(_FOLLOWERS, 12, runs=3, seed=2)
    some = simulate(_FOLLOWERS, 12, runs=3, seed=2, every=4)
    assert some.sweeps.tolist() == [0, 4, 8, 12]
    np.testing.assert_array_equal(some.counts, all_of_them.counts[:, ::4])


def test_zealots_move_the_population_while_they_are_there() -> None:
    steep = Population([Kind(TanhResponse(3.0, 0.0), 100)])
    found = simulate(steep, [Stage(10), Stage(15, 0, 60), Stage(10)], m0=0.9, runs=8, seed=4)
    assert (found.m[:, 10] > 0.8).all()
    assert (found.m[:, 25] < -0.8).all()
    assert (found.final_m < -0.8).all()


def test_a_population_that_agrees_may_be_left_as_it_is() -> None:
    found = simulate(
        Population([Kind(TanhResponse(1.2, 0.0), 6)]), 200, m0=0.0, runs=20, seed=9, stop_at_consensus=True
    )
    agreed = np.abs(found.m) == 1.0
    assert agreed[:, -1].all()
    assert (np.diff(agreed.astype(int), axis=1) >= 0).all()


def test_progress_ends_at_one() -> None:
    seen: list[float] = []
    simulate(_FOLLOWERS, 5, runs=3, progress=seen.append)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


def test_a_finished_checkpoint_gives_the_same_again(tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    first = simulate(_SOCIETY, _STAGES, runs=3, seed=5, checkpoint=kept)
    again = simulate(_SOCIETY, _STAGES, runs=3, seed=5, checkpoint=kept)
    assert _same(first, again)


def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(share: float) -> None:
        raise Stop

    kept = tmp_path / "run.npz"
    # long enough (about a second) that the first look at the progress comes in its midst
    large = Population([Kind(TanhResponse(1.1, 0.0), 200_000)])
    stages = [Stage(40), Stage(40, 0, 20_000), Stage(40)]
    with pytest.raises(Stop):
        simulate(large, stages, runs=3, seed=8, method="counts", checkpoint=kept, progress=stop)
    assert kept.exists()
    with np.load(kept) as archive:
        assert 0 < archive["sweeps"].sum() < 360
    resumed = simulate(large, stages, runs=3, seed=8, method="counts", checkpoint=kept)
    assert _same(resumed, simulate(large, stages, runs=3, seed=8, method="counts"))


def test_a_checkpoint_of_another_request_is_refused_and_kept(tmp_path: Path) -> None:
    kept = tmp_path / "run.npz"
    simulate(_FOLLOWERS, 5, checkpoint=kept)
    before = kept.read_bytes()
    for other in ({"seed": 1}, {"m0": 0.5}, {"runs": 2}, {"stop_at_consensus": True}):
        with pytest.raises(RequestError, match="keeps another simulation"):
            simulate(_FOLLOWERS, 5, checkpoint=kept, **other)
    with pytest.raises(RequestError, match="keeps another simulation"):
        simulate(Population([Kind(TanhResponse(2.0, 0.1001), 30)]), 5, checkpoint=kept)
    assert kept.read_bytes() == before


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "notes.npz"
    kept.write_text("my notes")
    with pytest.raises(RequestError, match="is no checkpoint"):
        simulate(_FOLLOWERS, 5, checkpoint=kept)
    assert kept.read_text() == "my notes"


def test_a_checkpoint_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        simulate(_FOLLOWERS, 5, checkpoint=tmp_path / "taken" / "run.npz")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stages": 0}, "last 0 sweeps"),
        ({"stages": []}, "last 0 sweeps"),
        ({"stages": [Stage(2.5)]}, "2.5 sweeps"),
        ({"stages": [Stage(float("nan"))]}, "nan sweeps"),
        ({"stages": [Stage(5, -1)]}, "-1 zealots"),
        ({"stages": [Stage(5, 10**16)]}, "10000000000000000 zealots"),
        ({"stages": 5, "every": 2}, "does not divide"),
        ({"stages": 5, "every": 0}, "every 0 sweeps"),
        ({"stages": 5, "runs": 0}, "0 runs"),
        ({"stages": 5, "m0": 1.5}, "1.5"),
        ({"stages": 5, "m0": float("nan")}, "nan"),
        ({"stages": 5, "seed": -1}, "seed of -1"),
        ({"stages": 5, "workers": 0}, "0 workers"),
        ({"stages": 5, "method": "events"}, "well-mixed"),
        ({"stages": 5, "placement": AtRandom()}, "graph"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        simulate(_FOLLOWERS, **arguments)
    assert "\n" not in str(caught.value)


def test_the_frame_has_a_row_a_run_and_sweep() -> None:
    frame = simulate(_SOCIETY, 4, runs=3, seed=1, every=2).to_frame()
    assert list(frame.columns) == ["run", "sweep", "m", "m_0", "m_1"]
    assert frame[["run", "sweep"]].to_numpy().tolist() == [[r, s] for r in range(3) for s in (0, 2, 4)]


def test_a_graph_in_several_parts_is_refused() -> None:
    parts = Graph.from_edges([0, 1, 3, 4], [1, 2, 4, 5])
    with pytest.raises(RequestError, match="2 parts, the largest of 3 of 6 nodes") as caught:
        simulate(Population([Kind(TanhResponse(2.0, 0.1), 6)], graph=parts), 5)
    assert "largest_component()" in str(caught.value)


def test_records_that_no_memory_would_hold_are_refused_before_they_are_made() -> None:
    with pytest.raises(RequestError, match="1,000,000 runs with 1,000,001 records each take about 16,000 GB"):
        simulate(_FOLLOWERS, 10**6, runs=10**6)


def test_agents_shown_a_few_peers_may_be_so_by_their_response_or_by_the_population() -> None:
    response = TanhResponse(3.0, 0.1)
    by_response = Population([Kind(SampledPeersResponse(response, 5), 30)])
    by_population = Population([Kind(response, 30)], shown=5)
    assert _same(simulate(by_response, _STAGES, seed=3), simulate(by_population, _STAGES, seed=3))


@pytest.mark.parametrize("method", ["counts", "leaps", "attempts", "events"])
def test_agents_who_agree_are_no_consensus_while_zealots_oppose_them(method: Method) -> None:
    graph = generate("complete", 120, 1) if method in ("attempts", "events") else None
    population = Population([Kind(TanhResponse(3.0, 0.0), 60)], graph=graph)
    stages = [Stage(5), Stage(30, zealots_b=60), Stage(5)]
    found = simulate(population, stages, m0=1.0, seed=3, runs=4, method=method, stop_at_consensus=True)
    assert (found.m[:, 5] == 1.0).all()
    assert (found.m[:, 35] < -0.9).all()


def test_the_chain_too_takes_agents_who_agree_for_a_consensus_only_where_nobody_opposes_them() -> None:
    response, everybody = TanhResponse(3.0, 0.0), np.eye(61)[-1]
    for zealots, staying in (({"zealots_b": 60}, 0.0), ({"zealots_a": 60}, 1.0)):
        law = evolve(Chain(response, 60, **zealots), everybody, 30.0, stop_at_consensus=True)
        assert law[-1] == pytest.approx(staying, abs=1e-6)
