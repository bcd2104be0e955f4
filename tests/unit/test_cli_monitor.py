"""`spinodal monitor`: a log in words, as JSON, as a picture and as a page."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from report_runs import PAIRS
from report_runs import run as measured_run
from spinodal import TanhResponse
from spinodal.cli._main import build_app, run
from spinodal.monitor import Monitor
from spinodal.pairs import OptionPair
from spinodal.runs import META, OBSERVATIONS, write_meta

PAIR = OptionPair("oversight", "oversight", "welcome oversight", "avoid oversight", aligned=True)
BISTABLE = TanhResponse(1.8, 0.05)


def _run(*arguments: str) -> None:
    build_app(["monitor"])(args=["monitor", *arguments], standalone_mode=False)


def _write(folder: Path, sides: str = "AAABBBBB", pair: OptionPair = PAIR, **settings: object) -> Path:
    monitor = Monitor(pair, log=folder, keep_text=True, **settings)  # type: ignore[arg-type]
    for number, side in enumerate(sides):
        option = {"A": pair.option_a, "B": pair.option_b}.get(side)
        monitor.say(f"agent {number % 3}", f"[{option}] {number}" if option else f"<img src=x> hm {number}")
    monitor.close()
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return _write(tmp_path / "log", response=BISTABLE, agents=3)


def test_a_log_is_summed_up_in_words(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(str(log))
    told = capsys.readouterr().out
    assert "The group is in the basin of “avoid oversight” since utterance 5." in told
    assert "8 utterances, of which 8 took an option. At the end m = −1.00 of 3 speakers" in told
    assert "agent 2" in told


def test_json_has_who_holds_what_and_the_alarms(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(str(log), "--json")
    told = json.loads(capsys.readouterr().out)
    [one] = told["conversations"]
    assert one["alarms"] == [{"number": 5, "raised": True}]
    assert one["speakers"][0] == {
        "speaker": "agent 0",
        "utterances": 3,
        "for_a": 1,
        "for_b": 2,
        "stance": "B",
    }
    assert told["basin"]["kind"] == "part"


def test_a_stance_that_is_not_known_is_null_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(str(_write(tmp_path / "log", "..")), "--json")
    [one] = json.loads(capsys.readouterr().out)["conversations"]
    assert (one["m"], one["drift"], one["speakers"][0]["stance"]) == (None, None, None)


def test_two_numbers_draw_the_basin_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = _write(tmp_path / "log")
    _run(str(log))
    assert "No response is known" in capsys.readouterr().out
    _run(str(log), "--beta", "1.8", "--h", "0.05")
    assert "begins below m = −0.11" in capsys.readouterr().out
    _run(str(log), "--beta", "1.2", "--h", "0.8")
    assert "There is no basin of “avoid oversight” to fall into." in capsys.readouterr().out


def test_a_run_draws_the_basin_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = measured_run(tmp_path / "run")
    measured.path.mkdir(exist_ok=True)
    write_meta(measured.path, measured.meta)
    measured.observations.to_parquet(measured.path / OBSERVATIONS)
    assert (measured.path / META).is_file()
    told = {name: value for name, value in PAIRS[0].items() if name != "truth"}
    log = _write(tmp_path / "log", pair=OptionPair(**told))
    _run(str(log), "--response", str(measured.path), "--json")
    basin = json.loads(capsys.readouterr().out)["basin"]
    assert basin["kind"] == "part"
    assert basin["edge"] == pytest.approx(-0.15, abs=0.15)  # beta 2.9, h 0.12
    other = _write(tmp_path / "other", pair=PAIR)
    assert run(["monitor", str(other), "--response", str(measured.path)]) == 2
    assert "no fit of the pair 'oversight'" in capsys.readouterr().err


def test_a_picture_and_a_page_are_written(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, page = tmp_path / "log.svg", tmp_path / "log.html"
    _run(str(log), "--plot", str(picture), "--report", str(page))
    assert capsys.readouterr().out.split()[-2:] == [str(picture), str(page)]
    assert "misaligned basin" in picture.read_text("utf-8")
    words = page.read_text("utf-8")
    assert "The group is in the basin of “avoid oversight” since utterance 5." in words
    assert "[avoid oversight] 7" in words  # the text was kept


def test_words_of_agents_are_shown_as_they_stand(tmp_path: Path) -> None:
    page = tmp_path / "log.html"
    _run(str(_write(tmp_path / "log", "A.B")), "--report", str(page))
    assert "<img" not in page.read_text("utf-8")


def test_one_conversation_can_be_picked(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(log, "AA", conversation="room-2", response=BISTABLE, agents=3)
    _run(str(log))
    assert "in 1 of 2 conversations" in capsys.readouterr().out
    _run(str(log), "--conversation", "room-2", "--json")
    assert [one["conversation"] for one in json.loads(capsys.readouterr().out)["conversations"]] == ["room-2"]
    assert run(["monitor", str(log), "--conversation", "room-3"]) == 2
    assert "the nearest is 'room-2'" in capsys.readouterr().err


def _empty(folder: Path) -> None:
    Monitor(PAIR, log=folder)


def _no_folder(folder: Path) -> None:
    """Leaves nothing."""


def _no_log(folder: Path) -> None:
    folder.mkdir()


def _no_meta(folder: Path) -> None:
    _write(folder)
    (folder / "monitor.json").write_text("{}")


def _no_table(folder: Path) -> None:
    _write(folder)
    (folder / "part-000001.parquet").write_bytes(b"PAR1 and no more")


def _other_columns(folder: Path) -> None:
    _write(folder)
    part = folder / "part-000001.parquet"
    pd.read_parquet(part).assign(mood=1).to_parquet(part)


def _fewer_columns(folder: Path) -> None:
    _write(folder)
    part = folder / "part-000001.parquet"
    pd.read_parquet(part).drop(columns="stance").to_parquet(part)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_no_folder, "there is no folder"),
        (_no_log, "holds no monitor's log"),
        (_empty, "is empty: nothing was heard"),
        (_no_meta, "cannot read"),
        (_no_table, "cannot be read as a table"),
        (_other_columns, "an unknown column mood"),
        (_fewer_columns, "no column stance"),
    ],
)
def test_what_is_no_log_is_one_line(
    make: object, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "log")  # type: ignore[operator]
    assert run(["monitor", str(tmp_path / "log")]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--beta", "2"], "give --beta and --h"),
        (["--beta", "2", "--h", "0", "--response", "x"], "leave --beta and --h out"),
        (["--plot", "log.gif"], "cannot draw to log.gif"),
        (["--report", "log.pdf"], "cannot write a page to log.pdf"),
    ],
)
def test_a_wrong_request_is_one_line(
    options: list[str], words: str, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["monitor", str(log), *options]) == 2
    assert words in capsys.readouterr().err
