"""A study of guards killed with SIGKILL: the same command goes on and repeats no finished model call."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from guard_studies_made import profile_of
from servers import ChatServer
from spinodal.guard_runs import read_guards
from spinodal.measure.task import find_pairs
from spinodal.runs import CACHE

CONNECTIONS = 2
GUARDS = ("own-prior", "trust-boundary")
KILLED_AFTER = (6, 40, 80)
"""Requests after which the study is killed: in the assessment without a guard, and in each with one."""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(response="beta=1.5/h=-0.1/heeds=0.4/noise=1", latency=0.02) as server:
        yield server


@pytest.fixture
def profile(server: ChatServer, tmp_path: Path) -> Path:
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(profile_of(server.model, find_pairs("season"), verified=False).to_dict()))
    return file


def _start(server: ChatServer, folder: Path, profile: Path) -> subprocess.Popen[bytes]:
    guards = [word for guard in GUARDS for word in ("--guard", guard)]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal", "assess", "--model", server.model, "--pairs", "season"),
            *("--design", "even", "--peers", "6", "--budget", "28", "--retries", "0", *guards),
            *("--profile", str(profile), "--max-connections", str(CONNECTIONS), "--run", str(folder)),
        ],
        env=os.environ | server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_killed_in_each_of_its_assessments_it_goes_on_where_it_was(
    server: ChatServer, profile: Path, tmp_path: Path
) -> None:
    folder, whole = tmp_path / "run", tmp_path / "whole"
    for until in KILLED_AFTER:
        process = _start(server, folder, profile)
        while len(server.requests) < until and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        time.sleep(0.2)  # the server finishes what it was asked
    assert _start(server, folder, profile).wait() == 0
    asked = [request.key for request in server.requests]
    # one request a call, but for those under way at the kills
    assert len(asked) - len(set(asked)) <= CONNECTIONS * len(KILLED_AFTER)
    assert len(set(asked)) > KILLED_AFTER[-1]

    before = len(server.requests)
    assert _start(server, folder, profile).wait() == 0
    assert len(server.requests) == before  # a finished study asks nothing

    assert _start(server, whole, profile).wait() == 0
    found, expected = read_guards(folder), read_guards(whole)
    assert list(found.runs) == ["none", *GUARDS]
    for name, run in found.runs.items():
        tables = [one.observations.drop(columns="seconds") for one in (run, expected.runs[name])]
        pd.testing.assert_frame_equal(*tables)
        assert run.finished
        assert not (run.path / CACHE).exists()
        assert len(list((run.path / "logs").glob("*.eval"))) == 1
    assert found.meta["finished"]
    assert (folder / "report.html").exists()
