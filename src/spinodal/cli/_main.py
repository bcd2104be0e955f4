"""The `spinodal` command: verbs, one-line errors, exit codes."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial

import typer

from spinodal._errors import SpinodalError

_VERBS = (
    "assess",
    "attention",
    "compare",
    "contagion",
    "critical_size",
    "figure",
    "fit",
    "hysteresis",
    "import_",
    "models",
    "monitor",
    "pairs",
    "phase_diagram",
    "profile",
    "report",
    "simulate",
    "society",
    "study",
    "sweep",
    "theory",
    "tip",
)
"""Modules of this package. Each has `register(app)`, and imports what it needs inside the verb."""

_INTERRUPTED = 130


def build_app(verbs: Sequence[str] = _VERBS) -> typer.Typer:
    """Assemble the Typer application from the verbs' modules."""
    app = typer.Typer(
        name="spinodal",
        help="Population-level safety evaluation for AI agents.",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def root(
        context: typer.Context,
        version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    ) -> None:
        if version:
            from spinodal import __version__

            typer.echo(__version__)
        elif context.invoked_subcommand is None:
            typer.echo(context.get_help())

    for verb in verbs:
        importlib.import_module(f"spinodal.cli.{verb}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the run failed, 2 the request was wrong."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. Errors and warnings go to standard error, one line each."""
    # Before NumPy is loaded: our matrices are small, and threads that share one mostly wait for one another.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    usual = warnings.formatwarning
    warnings.formatwarning = partial(_one_line, set())
    try:
        code = build_app()(args=arguments, standalone_mode=False)
        sys.stdout.flush()
        if code == _INTERRUPTED:  # Typer's own answer to Ctrl-C
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except SpinodalError as error:
        return _fail(str(error), error.exit_code)
    except MemoryError as error:
        return _fail(f"this takes more memory than there is ({error or 'no more to give'}); ask for less", 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(
            "stopped; what was finished is kept, and the same command goes on from there", _INTERRUPTED
        )
    except typer.TyperException as error:  # a wrong option or argument
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "spinodal"
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return _fail(f"{message} (see `{command} --help`)", 2)
    except (BrokenPipeError, SystemExit) as error:  # the reader of our output went away (`| head`)
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        warnings.formatwarning = usual


def _one_line(
    told: set[str],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """A warning of ours as a user reads it: once, and without its place in the code, which is of no use.

    Python itself repeats a warning after anything has touched its filters, as libraries do.
    """
    if category.__module__.startswith("spinodal"):
        text = f"spinodal: warning: {_flat(str(message))}\n"
        if text in told:
            return ""
        told.add(text)
        return text
    return f"{filename}:{lineno}: {category.__name__}: {message}\n"


def _fail(message: str, code: int) -> int:
    typer.echo(f"spinodal: {_flat(message)}", err=True)
    return code


def _flat(text: str) -> str:
    return " ".join(text.split())
