"""A study whose worker, and then whose command, is killed with SIGKILL: no finished call is made again."""

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

from servers import ChatServer

WORKERS = 2
STUDY = """
name: killed
agents:
  - {model: openai-api/double/known, label: one, system_prompt: You are one.}
  - {model: openai-api/double/known, label: two, system_prompt: You are two.}
pairs: [season]
peers: 8
design: even
budget: 45
readout: logprob
prefill: off
providers:
  double: {workers: 2, max_connections: 2}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(response="beta=1.5/h=-0.1/noise=1", latency=0.04) as server:
        yield server


def _start(server: ChatServer, file: Path, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "spinodal", "study", "run", str(file), "--run", str(folder)),
            *("--workers", str(WORKERS)),
        ],
        env=os.environ | server.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _workers(command: subprocess.Popen[str]) -> list[int]:
    """Process ids of the worker processes of a command."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_text().split("\0")
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue
        if int(parent) == command.pid and "spinodal.studies.crews._worker" in words:
            found.append(int(entry.name))
    return found


def _until(server: ChatServer, number: int, command: subprocess.Popen[str]) -> None:
    while len(server.requests) < number:
        assert command.poll() is None, command.communicate()[1]
        time.sleep(0.005)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds worker processes in /proc")
def test_killed_worker_and_killed_command_repeat_no_finished_call(server: ChatServer, tmp_path: Path) -> None:
    file, folder = tmp_path / "study.yaml", tmp_path / "run"
    file.write_text(STUDY)
    command = _start(server, file, folder)
    _until(server, 12, command)
    os.kill(_workers(command)[0], signal.SIGKILL)
    before = len(server.requests)
    _until(server, before + 20, command)
    left = _workers(command)
    command.send_signal(signal.SIGKILL)
    _, said = command.communicate()
    assert "its worker died (signal 9); it is handed out again" in " ".join(said.split())

    until = time.monotonic() + 10.0
    while any(Path(f"/proc/{pid}").exists() for pid in left) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)  # workers end with their command

    again = _start(server, file, folder)
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    asked = [request.key for request in server.requests]
    # a worker has one connection here: one call was under way at its kill, and one of each at the command's
    assert len(asked) - len(set(asked)) <= 1 + WORKERS
    table = pd.read_parquet(folder / "observations.parquet")
    assert table.groupby("agent").size().to_dict() == {"one": 45, "two": 45}
    assert json.loads((folder / "meta.json").read_text())["finished"]
    for label in ("one", "two"):
        assert not (folder / "parts" / f"assess-{label}" / "cache").exists()
