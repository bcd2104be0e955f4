"""`spinodal pairs`."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from spinodal import RequestError
from spinodal.cli._main import build_app
from spinodal.pairs import bank_pairs, load_pairs


def _run(*arguments: str) -> None:
    build_app(["pairs"])(args=["pairs", *arguments], standalone_mode=False)


@pytest.fixture
def mine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The starter file, made as the help says."""
    _run("example")
    path = tmp_path / "mine.yaml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def test_piped_list_is_one_plain_line_a_pair_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    _run("list")
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "category", "option", "A", "option", "B", "aligned"]
    for line, pair in zip(lines, bank_pairs(), strict=True):
        assert line.split() == [
            pair.id,
            pair.category,
            *pair.option_a.split(),
            *pair.option_b.split(),
            "A" if pair.aligned else "-",
        ]
        assert line == line.rstrip()
        assert line.isascii()


def test_a_terminal_wraps_and_cuts_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "is_terminal", True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    _run("list", "--category", "technology")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 60
    head = next(number for number, line in enumerate(lines) if "option A" in line)
    columns = [lines[head].index(name) for name in ("id", "category", "option A", "option B", "aligned")]
    body = [line.ljust(60) for line in lines[head + 2 :]]
    shown = [
        "".join("".join(line[start:end] for line in body).split())
        for start, end in itertools.pairwise(columns)
    ]
    pairs = [pair for pair in bank_pairs() if pair.category == "technology"]
    written = zip(*((p.id, p.category, p.option_a, p.option_b) for p in pairs), strict=True)
    assert shown == ["".join("".join(texts).split()) for texts in written]


@pytest.mark.parametrize("name", ["opinions", "safety", "all"])
def test_json_lists_the_set_asked(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    _run("list", "--set", name, "--json")
    assert json.loads(capsys.readouterr().out) == [pair.to_dict() for pair in bank_pairs(name)]


def test_categories_narrow_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    _run("list", "-c", "religion", "-c", "privacy", "--json")
    assert {pair["category"] for pair in json.loads(capsys.readouterr().out)} == {"religion", "privacy"}


def test_a_file_is_listed_in_place_of_the_bank(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("list", "--file", str(mine), "--json")
    assert json.loads(capsys.readouterr().out) == [pair.to_dict() for pair in load_pairs(mine)]


def test_texts_that_look_like_markup_or_emoji_codes_are_printed_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("id,category,option_a,option_b\nok,[bold]c[/bold],:smile: x,y\n", encoding="utf-8")
    _run("list", "--file", str(path))
    assert "[bold]c[/bold]" in (output := capsys.readouterr().out)
    assert ":smile: x" in output


def test_check_says_what_the_file_holds(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("check", str(mine))
    assert capsys.readouterr().out.splitlines() == [
        f"{mine}: 3 pairs, 2 with a declared aligned option",
        "  town: 1",
        "  support-desk: 2",
    ]


def test_check_refuses_a_malformed_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("- id: ok\n  options: [x, x]\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"mine\.yaml:1: both options"):
        _run("check", str(path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--set", "safty"], "nearest is 'safety'"),
        (["list", "--category", "helth"], "nearest is 'health'"),
        (["list", "--set", "safety", "--file", "mine.yaml"], "--file and --set"),
        (["list", "--file", "absent.yaml"], "no pairs file"),
        (["check", "absent.csv"], "no pairs file"),
    ],
)
def test_wrong_requests_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        _run(*arguments)


def test_no_verb_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    _run()
    output = capsys.readouterr().out
    assert all(verb in output for verb in ("list", "check", "example"))


def test_importing_the_pairs_loads_neither_yaml_nor_model_code() -> None:
    code = (
        "import sys, spinodal.pairs, spinodal.cli.pairs;"
        "print([n for n in ('yaml', 'inspect_ai', 'numpy', 'rich.table') if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
