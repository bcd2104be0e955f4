"""The run folder: written whole or not at all, and read back or refused in one line."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from spinodal import RequestError
from spinodal._errors import RunError
from spinodal._files import write_table, write_whole
from spinodal.runs import (
    META,
    OBSERVATIONS,
    Run,
    clear_unfinished,
    fits_table,
    read_meta,
    read_run,
    write_meta,
)
from spinodal.tables import CONTRACT_COLUMNS, OBSERVATION_COLUMNS


def _table(**changes: Any) -> pd.DataFrame:
    """Two pairs, sampled: `lively` answers, `mute` never does."""
    rows = []
    for pair, valid in (("lively", 1), ("mute", 0)):
        for draw, n_a in enumerate([0, 5, 10, 15, 20] * 8):
            a = int(valid and n_a > 8 + draw % 5)
            row = dict.fromkeys(OBSERVATION_COLUMNS, 0) | {
                "model": "m", "agent": "m", "pair": pair, "option_a": "yes", "option_b": "no", "n_peers": 20,
                "n_a": n_a, "m": (2 * n_a - 20) / 20, "readout": "sample", "temperature": 1.0, "n_samples": 1,
                "log_odds": None, "count_a": a, "count_b": valid - a, "count_invalid": 1 - valid, "reply": "",
                "template": "peers", "listed": "ab", "censored": False, "refused": not valid, "draw": draw,
            }  # fmt: skip
            rows.append(row | changes)
    table = pd.DataFrame(rows)
    return table.astype({"log_odds": float})


def _meta(**changes: Any) -> dict[str, Any]:
    pairs = [
        {"id": name, "category": "c", "option_a": "yes", "option_b": "no", "aligned": True}
        for name in ("lively", "mute")
    ]
    return {"request": {"agents": 21}, "pairs": pairs, "failures": [], "finished": "today"} | changes


def test_the_contract_s_columns_come_first_and_in_order() -> None:
    assert OBSERVATION_COLUMNS[: len(CONTRACT_COLUMNS)] == (
        "model", "pair", "option_a", "option_b", "n_peers", "n_a", "m", "shuffle_seed", "readout",
        "temperature", "log_odds", "decided_mass", "n_samples", "count_a", "count_b", "count_invalid",
    )  # fmt: skip


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    write_meta(folder, _meta(words="β ≥ 1"))
    write_table(folder / OBSERVATIONS, _table())
    run = read_run(folder)
    pd.testing.assert_frame_equal(run.observations, _table())
    assert run.meta["words"] == "β ≥ 1"
    assert run.finished
    assert not list(folder.glob(".*"))


def test_a_pair_whose_replies_all_went_astray_has_no_fit_and_spoils_none(tmp_path: Path) -> None:
    run = Run(tmp_path, _meta(), _table())
    assert [fit.keys["pair"] for fit in run.fits] == ["lively"]
    assert [verdict.fit.keys["pair"] for verdict in run.verdicts] == ["lively"]
    assert Run(tmp_path, _meta(), _table(count_a=0, count_b=0)).fits == []


def test_a_run_with_failures_is_not_finished(tmp_path: Path) -> None:
    run = Run(tmp_path, _meta(failures=[{"pair": "mute", "message": "gone"}]), _table())
    assert not run.finished
    assert run.failures == [{"pair": "mute", "message": "gone"}]
    assert not Run(tmp_path, _meta(finished=None), _table()).finished


def test_fits_are_written_even_where_nothing_was_compared(tmp_path: Path) -> None:
    table = _table()
    fits = Run(tmp_path, _meta(), table[(table["pair"] == "lively") & (table["n_a"] == 10)]).fits
    write_table(tmp_path / "fits.parquet", fits_table(fits))
    assert list(pd.read_parquet(tmp_path / "fits.parquet")["pair"]) == ["lively"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is not a run folder"),
        ("{", "cannot read"),
        ("[]", "names no request"),
        ("{}", "names no request"),
        ("\udcff", "cannot read"),
    ],
)
def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / META).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(RequestError, match=said) as error:
        read_run(tmp_path)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no run folder at"):
        read_run(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="no run folder at"):
        read_run(tmp_path / "file")


def test_a_run_without_observations_or_with_broken_ones_is_refused(tmp_path: Path) -> None:
    write_meta(tmp_path, _meta())
    with pytest.raises(RequestError, match="has not finished a pair yet"):
        read_run(tmp_path)
    (tmp_path / OBSERVATIONS).write_bytes(b"PAR1 cut short")
    with pytest.raises(RequestError, match="cannot read") as error:
        read_run(tmp_path)
    assert "\n" not in str(error.value)


def test_meta_holds_no_number_that_is_none(tmp_path: Path) -> None:
    """NaN is no JSON: another reader would refuse the whole file."""
    with pytest.raises(ValueError, match="JSON"):
        write_meta(tmp_path, _meta(seconds=float("nan")))
    assert not (tmp_path / META).exists()


def test_a_full_disk_leaves_the_old_file_and_one_line(tmp_path: Path) -> None:
    file = tmp_path / "table"
    write_whole(file, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(RunError, match="cannot write") as error:
            write_whole(file, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "\n" not in str(error.value)
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["table"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        write_meta(tmp_path / "file" / "run", _meta())


def test_a_kill_at_any_moment_leaves_a_file_whole(tmp_path: Path) -> None:
    """A process writes two versions in turn, as fast as it can, and is killed 15 times."""
    file = tmp_path / "observations.parquet"
    versions = [bytes([letter]) * 300_000 for letter in b"ab"]
    code = (
        "import sys; from pathlib import Path; from spinodal._files import write_whole\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for letter in b'ab': write_whole(Path(sys.argv[1]), bytes([letter]) * 300_000)\n"
    )
    for moment in range(15):
        process = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + 0.0037 * moment)
        process.kill()
        process.communicate()
        assert not file.exists() or file.read_bytes() in versions
    clear_unfinished(tmp_path)
    assert os.listdir(tmp_path) == ["observations.parquet"]


def test_clearing_up_takes_only_what_is_unfinished(tmp_path: Path) -> None:
    for name in (".meta.json.x1", ".observations.parquet.x2", "meta.json", ".mine", "notes.txt"):
        (tmp_path / name).write_text("{}")
    clear_unfinished(tmp_path)
    assert set(os.listdir(tmp_path)) == {"meta.json", ".mine", "notes.txt"}
    clear_unfinished(tmp_path / "none")


def test_meta_is_readable_json(tmp_path: Path) -> None:
    write_meta(tmp_path, _meta())
    assert json.loads((tmp_path / META).read_text()) == read_meta(tmp_path) == _meta()
    assert (tmp_path / META).stat().st_mode & 0o777 == 0o644
