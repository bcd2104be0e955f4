"""The main module of a worker process: parts come in through a pipe, and outcomes go out."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from spinodal.studies._work import Outcome, carry_out


def _end_with(life: int) -> None:
    """End this process when the command has: its end of the pipe is closed then, whatever became of it."""
    os.read(life, 1)
    os._exit(1)


def main() -> None:
    """Carry parts out until the command wants no more."""
    line, life = Connection(int(sys.argv[1])), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's to answer
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    while True:
        try:
            job = line.recv()
        except EOFError:
            return
        try:
            outcome = carry_out(job)
        except KeyboardInterrupt:
            return
        except Exception as error:
            outcome = Outcome(job.id, f"{type(error).__name__}: {error}")
        line.send(outcome)


if __name__ == "__main__":
    main()
