"""Requests that cannot be: the real command says so in one line, before anything is asked or written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_SOCIETY = ("society", "--pair", "season", "--model", "synthetic/beta=2")
_RING = "0 1\n1 2\n2 3\n3 0\n"


def _spinodal(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spinodal", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=120)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (*_SOCIETY, "--graph", "ring.edges", "--agents", "7"),
            "--agents 7 on a graph of 4 nodes, 0 of them for zealots; give 4 or leave it out",
        ),
        (
            (*_SOCIETY, "--group", "5:calm.txt", "--group", "5:bold.txt"),
            "cannot read the persona in bold.txt",
        ),
        (
            (*_SOCIETY[:3], "--model", "embedded/smollm2-135m", "--zealots", "900", "--toward", "B"),
            "at most 496 fit: show fewer with --shown, or take fewer agents or zealots",
        ),
        (
            (*_SOCIETY, "--run", "taken"),
            "taken holds another request",
        ),
    ],
    ids=["graph", "persona", "context", "folder"],
)
def test_a_society_that_cannot_be_is_one_line_and_leaves_everything_as_it_was(
    arguments: Sequence[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "ring.edges").write_text(_RING)
    (tmp_path / "calm.txt").write_text("Be calm.")
    taken = tmp_path / "taken" / "meta.json"
    taken.parent.mkdir()
    taken.write_text(json.dumps({"request": {"experiment": "tip"}, "request_digest": "another"}))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ran = _spinodal(tmp_path, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    lines = ran.stderr.splitlines()
    assert lines[-1].startswith("spinodal: ")
    assert said in lines[-1]
    assert "Traceback" not in ran.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
