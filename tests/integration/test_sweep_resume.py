"""The real command, killed with SIGKILL anywhere, goes on from there and repeats no finished cell."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

CELLS = 12 * 5 * 2

KILLED_AT_REPLACE = """
import os, signal, sys
from spinodal.cli._main import run

def die(source, target):
    if moment == "after":
        replace(source, target)
    os.kill(os.getpid(), signal.SIGKILL)

moment, replace, os.replace = sys.argv.pop(1), os.replace, die
sys.exit(run(sys.argv[1:]))
"""
"""The command, killed around the moment the table takes its place."""


def _start(out: Path, *driver: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, *(driver or ("-m", "spinodal")), "sweep", "--beta", "1:3.75:0.25"),
            *("--h", "0:0.4:0.1", "--agents", "50,300", "--m0", "-0.8", "--sweeps", "100"),
            *("--runs", "20", "--seed", "7", "--workers", "2", "--out", str(out)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _kept(out: Path) -> list[str]:
    """Keys of the finished cells in the journal, as often as they stand there."""
    journal = out.with_name(f"{out.name}.cells")
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [json.loads(line)["key"] for line in lines[1:] if line.endswith(b"\n")]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("whole") / "sweep.parquet"
    process = _start(out)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert said.startswith(f"{CELLS} cells, 20 runs each: 2,400 runs, 42,000,000 updates\n")
    assert len(pd.read_parquet(out)) == CELLS * 20
    return out.read_bytes()


def test_killed_among_the_cells_it_goes_on_where_it_was(uninterrupted: bytes, tmp_path: Path) -> None:
    """Killed twice, each a seeded number of cells further on; then left to finish."""
    rng = random.Random(5)
    out = tmp_path / "sweep.parquet"
    for _ in range(2):
        before, process = _kept(out), _start(out)
        until = len(before) + rng.randrange(5, 40)
        while len(_kept(out)) < until and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not out.exists()
        assert len(before) < len(_kept(out)) < CELLS
    before, process = _kept(out), _start(out)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert f"{len(before)} cells finished before, the rest takes about" in said
    assert out.read_bytes() == uninterrupted
    assert len(_kept(out)) == len(set(_kept(out))) == CELLS  # a cell done twice would stand there twice


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_the_table_is_written_it_has_no_cell_left_to_do(
    uninterrupted: bytes, tmp_path: Path, moment: str
) -> None:
    out = tmp_path / "sweep.parquet"
    process = _start(out, "-c", KILLED_AT_REPLACE, moment)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert out.exists() == (moment == "after")
    process = _start(out)
    _, said = process.communicate(timeout=120)
    assert "all of them finished before" in said
    assert out.read_bytes() == uninterrupted
    assert len(_kept(out)) == CELLS


def test_an_interrupt_keeps_what_was_finished_and_says_so(uninterrupted: bytes, tmp_path: Path) -> None:
    """Ctrl-C, as a terminal sends it."""
    out = tmp_path / "sweep.parquet"
    process = _start(out)
    while len(_kept(out)) < 10:
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("spinodal: stopped; what was finished is kept")
    assert "Traceback" not in said
    assert 10 <= len(_kept(out)) < CELLS
    assert _start(out).wait(timeout=120) == 0
    assert out.read_bytes() == uninterrupted
