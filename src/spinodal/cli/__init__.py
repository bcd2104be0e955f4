"""The command line: one file a verb, each imported only when it is called."""

from spinodal.cli._main import main

__all__ = ["main"]
