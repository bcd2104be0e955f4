"""The errors that reach a user, and the exit code each carries."""

from __future__ import annotations


class SpinodalError(Exception):
    """Base of every error raised on purpose. Its text is one line fit to be shown to a user."""

    exit_code = 1


class RequestError(SpinodalError):
    """The request was wrong: says what, the value, and how to mend it. Exit code 2, nothing lost."""

    exit_code = 2


class RunError(SpinodalError):
    """The request was right but the run failed (a provider down, a disk full). Exit code 1."""
