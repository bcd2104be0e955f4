"""`spinodal fit`: the contract's JSON, a table for people, one line for every malformed file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from spinodal.cli._main import run

LEVELS = np.linspace(-1.0, 1.0, 11)


def counts(beta: float, h: float, **keys: object) -> pd.DataFrame:
    a = np.round(100 * expit(2 * beta * (LEVELS + h))).astype(int)
    return pd.DataFrame({"m": LEVELS, "count_a": a, "count_b": 100 - a, **keys})


@pytest.fixture
def two_curves(tmp_path: Path) -> Path:
    file = tmp_path / "curves.csv"
    pd.concat([counts(2.0, 0.1, pair="cats", model="x"), counts(0.5, 0.5, pair="dogs", model="x")]).to_csv(
        file, index=False
    )
    return file


def test_json_holds_an_object_a_curve_with_the_contracts_keys(
    two_curves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fit", str(two_curves), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["pair"], one["model"], one["phase"]) for one in found] == [
        ("cats", "x", "bistable"),
        ("dogs", "x", "monostable"),
    ]
    contract = {"beta", "h", "b0", "beta_ci", "h_ci", "phase", "p_bistable", "identifiable"}
    assert contract <= set(found[0])
    assert found[0]["beta"] == pytest.approx(2.0, abs=0.1)
    assert found[0]["beta_ci"][0] < 2.0 < found[0]["beta_ci"][1]
    assert found[0]["identifiable"] is True


def test_what_json_has_no_number_for_is_null(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "separated.csv"
    file.write_text("m,count_a,count_b\n-1,0,9\n-0.5,0,9\n0.5,9,0\n1,9,0\n")
    assert run(["fit", str(file), "--json"]) == 0
    text = capsys.readouterr().out
    assert "Infinity" not in text
    assert "NaN" not in text
    (found,) = json.loads(text)
    assert found["beta_ci"][1] is None
    assert found["fit_p_value"] is None
    assert found["identifiable"] is False


def test_people_get_a_table(two_curves: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit", str(two_curves)]) == 0
    text = capsys.readouterr().out
    assert "cats" in text
    assert "dogs" in text
    assert "bistable" in text
    assert "model" not in text  # the same for every curve


def test_a_grouping_value_with_markup_is_shown_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "curves.csv"
    counts(2.0, 0.1, pair="[red]x[/red]").to_csv(file, index=False)
    assert run(["fit", str(file)]) == 0
    assert "[red]x[/red]" in capsys.readouterr().out


def test_parquet_with_log_odds_is_read_and_another_temperature_derived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "observations.parquet"
    m = np.repeat(LEVELS, 4)
    noise = np.random.default_rng(0).normal(0.0, 0.3, m.size)
    pd.DataFrame(
        {
            "pair": "cats",
            "m": m,
            "readout": "logprob",
            "temperature": 1.0,
            "log_odds": 2.0 * m + noise,
            "count_a": 0,
            "count_b": 0,
            "count_invalid": 0,
        }
    ).to_parquet(file)
    betas = []
    for options in ([], ["--at-temperature", "0.5"]):
        assert run(["fit", str(file), "--json", *options]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert found["readout"] == "logprob"
        betas.append(found["beta"])
    assert betas[0] == pytest.approx(1.0, abs=0.15)
    assert betas[1] == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"m,count_a,count_b\n", "no rows"),
        (b"m,count_a\n0,1\n", "missing column count_b"),
        (b"m,count_a,count_b\n0,1.5,2\n", "count_a is 1.5 in row 1"),
        (b"m,count_a,count_b\n0,1,2\n0,-3,2\n", "count_a is -3"),
        (b"m,count_a,count_b\n2,1,2\n", "m is 2 in row 1"),
        (b"m,count_a,count_b\n,1,2\n", "m is nan in row 1"),
        (b"m,count_a,count_b\nhalf,1,2\n", "m is half in row 1"),
        (b"m,count_a,count_b\n0,1,2,3,4\n", "more fields"),
        (b"\xff\xfe\x00\x81\x9f\x00\x01", "cannot be read as a table"),
    ],
)
def test_a_malformed_file_ends_in_one_line_and_code_2(
    content: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "curves.csv"
    file.write_bytes(content)
    assert run(["fit", str(file)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("name", ["absent.csv", "broken.parquet"])
def test_a_file_that_is_not_there_or_not_parquet_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"not parquet at all")
    assert run(["fit", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def test_counts_at_another_temperature_are_refused(
    two_curves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fit", str(two_curves), "--at-temperature", "0.5"]) == 2
    assert "log-odds only" in capsys.readouterr().err
