"""The command: exit codes, and one line on standard error for whatever goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
import typer

import spinodal
from spinodal import RequestError
from spinodal._errors import RunError
from spinodal.cli import _main
from spinodal.cli._main import build_app, run

VERBS = ("assess", "compare", "fit", "models", "pairs", "report", "theory")


def _failing(error: BaseException) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (RequestError("the number is 3;\n give 4"), 2, "spinodal: the number is 3; give 4\n"),
        (RunError("the server is down"), 1, "spinodal: the server is down\n"),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    error: Exception,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(_main, "build_app", lambda: _failing(error))
    assert run([]) == code
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_says_that_nothing_is_lost(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_main, "build_app", lambda: _failing(error))
    assert run([]) == 130
    err = capsys.readouterr().err
    assert "goes on from there" in err
    assert err.count("\n") == 1


def test_a_bug_of_ours_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_main, "build_app", lambda: _failing(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        run([])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "nosuch"),
        (["--nosuch"], "--nosuch"),
        (["theory", "--beta", "x", "--h", "0"], "--beta"),
        (["theory", "--beta", "1"], "--h"),
        (["assess", "--readout", "guess"], "--readout"),
        (["assess", "--peers", "many"], "--peers"),
        (["assess", "--price", "1"], "--price"),
        (["assess", "extra"], "extra"),
        (["models", "extra"], "extra"),
    ],
)
def test_a_usage_error_is_one_line_that_names_it(
    arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err
    assert "--help" in err


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_verb(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([flag]) == 0
    out, err = capsys.readouterr()
    assert all(verb in out for verb in VERBS)
    assert err == ""


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_spends_nothing_on_it(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "-h"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_no_verb_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == spinodal.__version__


def test_building_the_command_loads_no_model_code() -> None:
    code = (
        "import sys; from spinodal.cli._main import build_app; build_app()\n"
        "print([m for m in ('inspect_ai', 'pandas', 'scipy', 'plotly', 'xllamacpp') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_reader_who_goes_away_is_no_error() -> None:
    """As `spinodal pairs list | head -1`: the reader closes the pipe before the verb has written all."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "spinodal", "pairs", "list"], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_exits_with_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spinodal", "theory", "--beta", "nan", "--h", "0"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_verbs_are_modules_that_can_be_assembled_alone() -> None:
    names = {
        command.callback.__name__ for command in build_app(["theory"]).registered_commands if command.callback
    }
    assert names == {"theory"}
