"""What is done of a simulation, and the file that keeps it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinodal import __version__
from spinodal._errors import RequestError
from spinodal._files import write_whole
from spinodal.response import log_probabilities
from spinodal.simulate._population import Population

Snapshot = Mapping[str, NDArray[Any]]


@dataclass(eq=False)
class Done:
    """What is done: whole replicas, and where the others stand."""

    counts: NDArray[np.int64]
    """Shape (R, T, kinds); what is not reached yet is -1."""
    attempts: NDArray[np.int64]
    """Shape (R,), as the next three."""
    flips: NDArray[np.int64]
    step_errors: NDArray[np.float64]
    sweeps: NDArray[np.int64]
    """Sweeps lived through; of unfinished replicas those of their snapshots, once read from a file."""
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    """Of unfinished replicas, the newest kept."""
    seconds: float = 0.0

    @classmethod
    def nothing(cls, runs: int, times: int, kinds: int) -> Done:
        return cls(
            counts=np.full((runs, times, kinds), -1, dtype=np.int64),
            attempts=np.zeros(runs, dtype=np.int64),
            flips=np.zeros(runs, dtype=np.int64),
            step_errors=np.zeros(runs),
            sweeps=np.zeros(runs, dtype=np.int64),
        )


_ARRAYS = ("counts", "attempts", "flips", "step_errors", "sweeps")


@dataclass(frozen=True)
class Checkpoint:
    """A file for one request: it says which by a digest, and is written whole or not at all."""

    path: Path
    digest: str

    def read(self) -> Done | None:
        """What is done, or None if there is no file yet.

        Raises:
            RequestError: the file is of another request, or is no checkpoint.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                kept = {name: archive[name] for name in archive.files}
            digest, seconds = str(kept["digest"]), float(kept["seconds"])
            done = Done(**{name: kept[name] for name in _ARRAYS}, seconds=seconds)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise RequestError(f"{self.path} is no checkpoint of a simulation; name another file") from error
        if digest != self.digest:
            raise RequestError(
                f"{self.path} keeps another simulation than the one asked for; name another file, "
                "or ask for the same parameters, stages, runs and seed"
            )
        for replica in {name.partition("/")[0] for name in kept if "/" in name}:
            own = f"{replica}/"
            parts = {name.removeprefix(own): array for name, array in kept.items() if name.startswith(own)}
            done.snapshots[int(replica)] = parts
        return done

    def write(self, done: Done, seconds: float) -> None:
        """Keep what is done.

        Raises:
            RunError: the disk does not take it; the file is as it was.
        """
        arrays: dict[str, Any] = {
            f"{replica}/{name}": array
            for replica, snapshot in done.snapshots.items()
            for name, array in snapshot.items()
        }
        arrays |= {name: getattr(done, name) for name in _ARRAYS}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, digest=self.digest, seconds=seconds, **arrays)
        write_whole(self.path, buffer.getvalue())


def digest_of(population: Population, **request: Any) -> str:
    """A digest that two requests share only if they ask for the same thing."""
    seen = np.linspace(-1.0, 1.0, _PROBES)
    digest = hashlib.sha256(__version__.encode())
    for kind in population.kinds:
        for logs in log_probabilities(kind.response, seen):
            digest.update(np.ascontiguousarray(logs).tobytes())
        digest.update(f"{kind.agents};".encode())
    digest.update(f"{population.shown};".encode())
    if population.graph is not None:
        digest.update(np.ascontiguousarray(population.graph.offsets).tobytes())
        digest.update(np.ascontiguousarray(population.graph.neighbors).tobytes())
    digest.update(json.dumps(request, sort_keys=True, default=repr).encode())
    return digest.hexdigest()


_PROBES = 1025
"""Magnetizations at which two responses are compared: any finer difference does not matter here."""
