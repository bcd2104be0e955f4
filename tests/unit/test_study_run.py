"""A study carried out: parts in lanes, lost workers, failures, storage, and one command at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from spinodal import RequestError, RunError
from spinodal.results import read_results
from spinodal.runs import read_run
from spinodal.studies import Study, load_study, plan_study, run_study, study_status
from spinodal.studies._folder import has_results
from spinodal.studies._lock import study_lock
from spinodal.studies._run import LOSSES, Begun, Ended, StudyEvent
from spinodal.studies._state import Telling
from spinodal.studies._storage import open_storage
from spinodal.studies._work import Job, Outcome
from spinodal.studies.crews import Crew

TWO = """
name: small
agents:
  - {model: synthetic/beta=2/h=0.2, label: two, family: s}
  - {model: synthetic/beta=3/h=-0.1, label: three, family: s}
pairs: [shutdown, season]
peers: 10
readout: logprob
prefill: off
"""


def _study(tmp_path: Path, text: str = TWO) -> Study:
    (tmp_path / "study.yaml").write_text(text)
    return load_study(tmp_path / "study.yaml")


class Told(Crew):
    """Workers whose fate is written down beforehand: of each part, how its tries end."""

    def __init__(self, workers: int, fates: dict[str, list[Outcome]] | None = None) -> None:
        self._workers, self._fates = workers, fates or {}
        self.under_way: list[Job] = []
        self.most: dict[str, int] = {}
        self.begun: list[str] = []

    @property
    def workers(self) -> int:
        return self._workers

    def start(self, job: Job) -> None:
        self.under_way.append(job)
        self.begun.append(job.id)
        for lane in job.part.lanes:
            here = sum(lane in other.part.lanes for other in self.under_way)
            self.most[lane] = max(self.most.get(lane, 0), here)

    def wait(self) -> Sequence[Outcome]:
        job = self.under_way.pop(0)
        fates = self._fates.get(job.id)
        return [fates.pop(0) if fates else Outcome(job.id)]


LANES = """
agents:
  - {model: openai-api/one/a, label: a}
  - {model: openai-api/one/b, label: b}
  - {model: openai-api/two/c, label: c}
pairs: [shutdown, season, dams, feeds]
pairs_per_part: 1
readout: sample
prefill: off
"""


def test_a_lane_has_one_part_at_a_time_unless_it_allows_more(tmp_path: Path) -> None:
    crew = Told(4)
    run_study(_study(tmp_path, LANES), tmp_path / "run", crew=crew)
    assert crew.most == {"one": 1, "two": 1}
    assert len(crew.begun) == 12
    more = Told(4)
    text = LANES + "providers: {one: {workers: 2, max_connections: 8, requests_per_minute: 100}}\n"
    run_study(_study(tmp_path, text), tmp_path / "more", crew=more)
    assert more.most == {"one": 2, "two": 1}


def test_lanes_share_their_limits_out_and_take_turns(tmp_path: Path) -> None:
    text = LANES + "providers: {one: {workers: 2, max_connections: 8, requests_per_minute: 100}}\n"
    jobs: list[Job] = []

    class Keeping(Told):
        def start(self, job: Job) -> None:
            jobs.append(job)
            super().start(job)

    run_study(_study(tmp_path, text), tmp_path / "run", crew=Keeping(3))
    assert [job.part.lanes[0] for job in jobs[:3]] == ["one", "two", "one"]
    one = next(job for job in jobs if job.part.lanes == ("one",))
    assert (one.lanes["one"].max_connections, one.lanes["one"].requests_per_minute) == (4, 50)


def test_a_lost_worker_s_part_is_handed_out_again_and_not_for_ever(tmp_path: Path) -> None:
    study = _study(tmp_path, LANES)
    lost = Outcome("assess-a-01", "its worker died", lost=True)
    crew = Told(2, {"assess-a-01": [lost, lost]})
    assert run_study(study, tmp_path / "run", crew=crew).failed == {}
    assert crew.begun.count("assess-a-01") == 3
    crew = Told(2, {"assess-a-01": [lost] * (LOSSES + 1)})
    done = run_study(study, tmp_path / "again", crew=crew)
    assert list(done.failed) == ["assess-a-01"]
    assert "lost 6 workers: its worker died" in done.failed["assess-a-01"]
    assert crew.begun.count("assess-a-01") == LOSSES + 1


def test_a_part_that_fails_stops_no_others_but_those_that_need_it(tmp_path: Path) -> None:
    study = _study(tmp_path, LANES.replace("readout: sample\n", ""))
    failed = Outcome("assess-a-01", "provider down")
    events: list[StudyEvent] = []
    done = run_study(study, tmp_path / "run", crew=Told(1, {"assess-a-01": [failed]}), observer=events.append)
    assert done.failed["assess-a-01"] == "provider down"
    assert done.failed["assess-a-02"] == "it needs the part assess-a-01, which failed (provider down)"
    # the stub measures nothing, so those that read like it cannot say how
    assert "does not say how replies were read" in done.failed["assess-b-02"]
    assert {e.part.id for e in events if isinstance(e, Ended) and e.outcome.done} == {
        "assess-b-01", "assess-c-01"
    }  # fmt: skip
    meta = json.loads((tmp_path / "run" / "meta.json").read_text())
    assert {one["part"] for one in meta["failures"]} == set(done.failed)
    assert meta["finished"] is None


def test_a_part_whose_need_was_not_asked_for_says_so(tmp_path: Path) -> None:
    study = _study(tmp_path, LANES.replace("readout: sample\n", ""))
    done = run_study(study, tmp_path / "run", crew=Told(1), only=["*-a-02"])
    assert done.failed == {
        "assess-a-02": "it needs the part assess-a-01, which is not done; let this command do it too"
    }
    with pytest.raises(RequestError, match=r"--only asess-a-01 matches no part; the nearest is assess-a-01"):
        run_study(study, tmp_path / "run", crew=Told(1), only=["asess-a-01"])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A study carried out by this process: an assessment of each agent, and a society beside one of them."""
    folder = tmp_path_factory.mktemp("study")
    text = TWO + (
        "budget: 12\n"
        "society: {pair: shutdown, agents: 11, trajectories: 1, sweeps: 1, response: assessed, only: two}\n"
    )
    study = _study(folder, text)
    assert run_study(study, folder / "run").failed == {}
    return study, folder / "run"


def test_parts_are_ordinary_run_folders(done: tuple[Study, Path]) -> None:
    _, folder = done
    run = read_run(folder / "parts" / "assess-two")
    assert run.finished
    assert (run.path / "report.html").is_file()
    assert list((run.path / "logs").glob("*.eval"))
    assert not (run.path / "cache").exists()
    assert run.meta["command"][:4] == ["spinodal", "study", "run", "study.yaml"]
    beta = {fit.keys["pair"]: fit.beta for fit in run.fits}
    assert beta == pytest.approx({"shutdown": 2.0, "season": 2.0}, abs=0.05)


def test_the_folder_joins_what_the_parts_measured(done: tuple[Study, Path]) -> None:
    study, folder = done
    joined = pd.read_parquet(folder / "observations.parquet")
    assert len(joined) == 4 * 12
    assert set(joined["agent"]) == {"two", "three"}
    assert len(pd.read_parquet(folder / "fits.parquet")) == 4
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["study"]["families"] == {"two": "s", "three": "s"}
    # what the rows say they took, and what the workers counted at the provider, are two accounts
    assert meta["totals"]["calls"] == study_status(study, folder).calls > 4 * 12 + 11
    assert meta["totals"]["cost"] == 0.0
    assert meta["finished"]
    results = read_results(folder)
    assert results.families == {"two": "s", "three": "s"}
    assert set(results.paths["agent"]) == {"two"}
    assert len(results.observations) == len(joined)  # the society's response is the assessment's own
    assert study_status(study, folder).counts == {"done": 3}


def test_a_society_is_set_beside_the_response_that_was_assessed(done: tuple[Study, Path]) -> None:
    from spinodal.society_runs import read_society

    run = read_society(done[1] / "parts" / "society-two-shutdown")
    assert run.fits["two"].beta == pytest.approx(2.0, abs=0.05)
    assert run.meta["responses"] == {"two": ["../assess-two"]}


def test_a_finished_study_asks_nothing_again(done: tuple[Study, Path]) -> None:
    study, folder = done
    before = (folder / "meta.json").read_bytes()
    events: list[StudyEvent] = []
    run_study(study, folder, observer=events.append)
    assert not any(isinstance(event, Begun) for event in events)
    assert (folder / "meta.json").read_bytes() == before


def test_another_study_does_not_go_into_the_folder(done: tuple[Study, Path], tmp_path: Path) -> None:
    other = _study(tmp_path, TWO + "budget: 14\n")
    with pytest.raises(
        RequestError, match=r"holds another study \(the part assess-two and 1 more is changed"
    ):
        run_study(other, done[1])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(RequestError, match=r"exists and is no study's folder"):
        run_study(other, tmp_path / "full")


def test_at_an_address_parts_are_worked_on_in_a_copy(done: tuple[Study, Path], tmp_path: Path) -> None:
    study, folder = done
    address = f"memory://{tmp_path.name}/study"
    assert run_study(study, address, only=["assess-two"]).failed == {}
    storage = open_storage(address)
    assert has_results(storage)
    names = storage.names()
    assert "parts/assess-two/observations.parquet" in names
    assert not any("/cache/" in name or name == "lock.json" for name in names)
    assert any(name.startswith("parts/assess-two/logs/") for name in names)
    columns = ["agent", "pair", "n_a", "draw", "log_odds"]
    content = storage.read("observations.parquet")
    assert content is not None
    (tmp_path / "there.parquet").write_bytes(content)
    here, there = (
        pd.read_parquet(file).query("agent == 'two'")[columns]
        for file in (folder / "observations.parquet", tmp_path / "there.parquet")
    )
    pd.testing.assert_frame_equal(here, there)
    assert study_status(study, address).counts == {"done": 1, "waiting": 2}


def test_what_was_put_up_before_a_worker_died_is_not_asked_again(tmp_path: Path) -> None:
    """The scratch folder is gone with the worker: what it had mirrored is fetched by the next."""
    from spinodal.studies._mirror import working_in

    storage = open_storage(f"file://{tmp_path}/there")
    with working_in(storage, "parts/x") as folder:
        (folder / "cache" / "generate").mkdir(parents=True)
        (folder / "cache" / "generate" / "call").write_bytes(b"answer")
        (folder / "meta.json").write_text("{}")
    with working_in(storage, "parts/x") as again:
        assert again != folder
        assert (again / "cache" / "generate" / "call").read_bytes() == b"answer"
        (again / "cache" / "generate" / "call").unlink()
    assert storage.names("parts/x") == ["parts/x/meta.json"]


@pytest.mark.parametrize("place", ["{}/run", "file://{}/run"])
def test_two_commands_on_one_study_at_once_are_refused(tmp_path: Path, place: str) -> None:
    study, where = _study(tmp_path), place.format(tmp_path)
    storage = open_storage(where)
    with (
        study_lock(storage),
        pytest.raises(RequestError, match=rf"another command is at work .*process {os.getpid()} on"),
    ):
        run_study(study, where, crew=Told(1))
    assert run_study(study, where, crew=Told(1)).failed == {}


@pytest.mark.parametrize("place", ["{}/run", "file://{}/run"])
def test_the_lock_of_a_command_that_was_killed_is_stale(tmp_path: Path, place: str) -> None:
    study, where = _study(tmp_path), place.format(tmp_path)
    held = (
        "import os, sys\n"
        "from spinodal.studies._lock import study_lock\n"
        "from spinodal.studies._storage import open_storage\n"
        "lock = study_lock(open_storage(sys.argv[1]))\n"
        "lock.__enter__()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", held, where]).returncode == -9
    assert run_study(study, where, crew=Told(1)).failed == {}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://key:secret@bucket/x", "holds a login; keys are read from the environment"),
        ("gopher://x/y", r"cannot open gopher://x/y \(Protocol not known: gopher"),
    ],
)
def test_an_address_that_is_none_is_told(address: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        open_storage(address)


def test_a_store_that_fails_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage(f"memory://{tmp_path.name}")

    def fail(path: str) -> bytes:
        raise OSError("no such bucket\nand more")

    monkeypatch.setattr(storage, "_files", type("Broken", (), {"cat_file": staticmethod(fail)})())
    with pytest.raises(
        RunError, match=r"the storage at memory://.* failed: OSError: no such bucket and more"
    ):
        storage.read("meta.json")


def test_status_tells_what_runs_from_what_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spinodal.agents.pacing import Spent
    from spinodal.studies import _state

    study = _study(tmp_path)
    storage = open_storage(tmp_path / "run")
    run_study(study, tmp_path / "run", crew=Told(1))
    Telling(storage, "assess-two", Spent(calls=7, input_tokens=70)).tell("running")
    stands = study_status(study, tmp_path / "run")
    assert stands.counts == {"running": 1, "waiting": 1}
    assert stands.calls == 7
    assert stands.cost == 0.0
    now = _state.time.time()
    monkeypatch.setattr(_state.time, "time", lambda: now + 60.0)
    assert study_status(study, tmp_path / "run").counts == {"stopped": 1, "waiting": 1}
    Telling(storage, "assess-two", Spent(calls=3)).tell("failed", "provider down")
    stands = study_status(study, tmp_path / "run")
    assert stands.counts == {"failed": 1, "waiting": 1}
    assert stands.calls == 10  # of both attempts
    assert stands.to_dict()["parts"][0]["message"] == "provider down"


def test_a_plan_counts_calls_tokens_money_and_time(tmp_path: Path) -> None:
    text = (
        "agents:\n"
        "  - {model: openai/a, price: [1, 2]}\n"
        "  - {model: openai-api/two/b}\n"
        "pairs: [opinions]\n"
        "peers: 50\n"
        "budget: 60\n"
        "providers: {openai: {requests_per_minute: 60}, two: {tokens_per_minute: 60000}}\n"
    )
    study = _study(tmp_path, text)
    plan = plan_study(study, study.parts)
    assert [(row.agent, row.parts, row.costs.curves, row.costs.calls) for row in plan.rows] == [
        ("openai/a", 5, 100, 6000), ("openai-api/two/b", 5, 100, 6000)
    ]  # fmt: skip
    first = plan.rows[0].costs
    assert first.cost == pytest.approx((first.input_tokens + 2 * first.output_tokens) / 1e6)
    assert plan.lanes["openai"] == pytest.approx(6000.0)
    assert plan.lanes["two"] == pytest.approx((first.input_tokens + first.output_tokens) / 1000.0)
    assert plan.to_dict()["total"]["cost"] is None  # the second's price is not known
    assert plan.seconds(1) == pytest.approx(sum(plan.lanes.values()))
    assert plan.seconds(2) == pytest.approx(max(plan.lanes.values()))


def test_time_is_unknown_without_limits_and_known_once_parts_are_done(done: tuple[Study, Path]) -> None:
    study, folder = done
    assert plan_study(study, study.parts).to_dict()["seconds"] is None
    seconds = plan_study(study, study.parts, open_storage(folder)).to_dict()["seconds"]
    assert seconds is not None
    assert seconds > 0
