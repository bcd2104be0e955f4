"""Replicas over all cores, kept while they run, and their trajectories at the end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

from spinodal._errors import RequestError
from spinodal.simulate._checkpoint import Checkpoint, Done, digest_of
from spinodal.simulate._machine import cores, require_memory
from spinodal.simulate._population import AtRandom, Placement, Population
from spinodal.simulate._result import Trajectories
from spinodal.simulate.engines import Engine, Method, engine_maker
from spinodal.theory import Stage


def simulate(
    population: Population,
    stages: Sequence[Stage] | int,
    *,
    m0: float | Sequence[float] = 0.0,
    runs: int = 1,
    seed: int | np.random.SeedSequence = 0,
    placement: Placement | None = None,
    method: Method = "auto",
    stop_at_consensus: bool = False,
    every: int = 1,
    workers: int | None = None,
    checkpoint: str | Path | None = None,
    keep_every: float = 10.0,
    progress: Callable[[float], None] | None = None,
) -> Trajectories:
    """Let `runs` replicas of a population live through `stages`, by random sequential updates.

    Args:
        population: Who is in it and what they see.
        stages: Stretches of time, each with its zealots and a whole number of sweeps; a number of
            sweeps stands for one stage without zealots.
        m0: Magnetization at the start, in [-1, 1], of all kinds or of each; who holds A is drawn.
        runs: Replicas, 1 or more, independent of each other.
        seed: Of everything random: the same gives the same, whatever the number of workers.
        placement: Where zealots sit on a graph (default: at random). They take the nodes that are
            not regular agents.
        method: See `Method`; `auto` takes the fastest that is exact, and well-mixed past a size `leaps`.
        stop_at_consensus: A replica in which all agree, zealots included, stays as it is.
        every: Record each so many sweeps, and the start; must divide the length of every stage.
        workers: Threads, by default one a core.
        checkpoint: A file that keeps what is done. The same call goes on from it, bit for bit, or
            returns at once if nothing is left to do.
        keep_every: Seconds between two writes of the checkpoint; also written at the end and on Ctrl-C.
        progress: Called now and then with the share done, in [0, 1].

    Raises:
        RequestError: Something asked for makes no sense; one line says what and how to mend it.
        RunError: The checkpoint cannot be written; the one before it is kept.
    """
    stages = _checked(stages, every)
    if runs != int(runs) or runs < 1:
        raise RequestError(f"{runs} runs; give a whole number, 1 or more")
    if workers is not None and workers < 1:
        raise RequestError(f"{workers} workers; give 1 or more")
    if not keep_every > 0.0:
        raise RequestError(f"a checkpoint every {keep_every} seconds; give more than 0")
    if population.graph is None and placement is not None:
        raise RequestError("zealots have places on a graph only; leave the placement out, or give a graph")
    placement = placement or AtRandom()
    began = time.perf_counter()
    method, make = engine_maker(population, stages, m0, placement, method, stop_at_consensus)
    seeds = _seeds(seed, runs)
    times = np.arange(0, sum(int(stage.sweeps) for stage in stages) + 1, every, dtype=np.int64)
    file, done = None, None
    if checkpoint is not None:
        asked = {
            "stages": stages,
            "m0": m0,
            "runs": runs,
            "seed": (seeds[0].entropy, seeds[0].spawn_key),
            "placement": placement,
            "method": method,
            "stop_at_consensus": stop_at_consensus,
            "every": every,
        }
        file = Checkpoint(Path(checkpoint), digest_of(population, **asked))
        done = file.read()
    if done is None:
        size = runs * times.size * len(population.kinds)
        require_memory(size * _BYTES_A_RECORD, f"{runs:,} runs with {times.size:,} records each")
        done = Done.nothing(runs, times.size, len(population.kinds))
    crew = _Crew(make, seeds, stages, every, done, began, file, keep_every)
    crew.work(workers or cores(), progress or (lambda share: None))
    return Trajectories(
        population=population,
        stages=stages,
        sweeps=times,
        counts=done.counts,
        attempts=done.attempts,
        flips=done.flips,
        seconds=crew.seconds,
        method=method,
        step_error=float(done.step_errors.max()),
    )


class _Crew:
    """Threads that take replicas one after the other; the kernels run outside the interpreter's lock."""

    def __init__(
        self,
        make: Callable[[np.random.SeedSequence], Engine],
        seeds: Sequence[np.random.SeedSequence],
        stages: Sequence[Stage],
        every: int,
        done: Done,
        began: float,
        file: Checkpoint | None,
        keep_every: float,
    ) -> None:
        self._make, self._seeds, self._stages, self._every = make, seeds, stages, every
        self._done, self._began, self._file, self._keep_every = done, began, file, keep_every
        self._sweeps = sum(int(stage.sweeps) for stage in stages)
        self._seconds_before = done.seconds
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._lived = int(done.sweeps.sum())

    @property
    def seconds(self) -> float:
        """Spent so far, before an interruption too."""
        return self._seconds_before + time.perf_counter() - self._began

    def work(self, workers: int, progress: Callable[[float], None]) -> None:
        """Finish all replicas; keep what is done now and then, at the end, and when interrupted."""
        unfinished = [int(replica) for replica in np.flatnonzero(self._done.sweeps < self._sweeps)]
        if not unfinished:
            return progress(1.0)
        waiting = iter(unfinished)
        try:
            with ThreadPoolExecutor(min(workers, len(unfinished))) as pool:
                crew = {pool.submit(self._take, waiting) for _ in range(min(workers, len(unfinished)))}
                try:
                    self._watch(crew, progress)
                finally:
                    self._stop.set()
        finally:
            self._keep()
        return progress(1.0)

    def _watch(self, crew: set[Future[None]], progress: Callable[[float], None]) -> None:
        kept_at = time.monotonic()
        while crew:
            finished, crew = wait(crew, timeout=_LOOK_EVERY, return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
            progress(self._lived / (self._sweeps * len(self._seeds)))
            if time.monotonic() - kept_at >= self._keep_every:
                self._keep()
                kept_at = time.monotonic()

    def _keep(self) -> None:
        if self._file is not None:
            with self._lock:
                self._file.write(self._done, self.seconds)

    def _take(self, waiting: Iterator[int]) -> None:
        while not self._stop.is_set():
            with self._lock:
                replica = next(waiting, None)
            if replica is None:
                return
            self._live(replica)

    def _live(self, replica: int) -> None:
        """Take one replica to its end, or until the crew is to stop."""
        engine, lived = self._make(self._seeds[replica]), 0
        if replica in self._done.snapshots:
            engine.restore(self._done.snapshots[replica])
            lived = int(self._done.sweeps[replica])
        else:
            self._done.counts[replica, 0] = engine.counts
        kept_at, chunk, end = time.monotonic(), self._every, 0
        for stage in self._stages:
            start, end = end, end + int(stage.sweeps)
            if lived == start:
                engine.enter(stage)
            while lived < end:
                if self._stop.is_set():
                    return self._hold(replica, engine, lived)
                now = min(chunk, end - lived)
                began = time.monotonic()
                counts = engine.advance(now)[self._every - 1 :: self._every]
                first = lived // self._every + 1
                self._done.counts[replica, first : first + len(counts)] = counts
                lived += now
                with self._lock:
                    self._lived += now
                took = time.monotonic() - began
                chunk = self._every * max(1, round(now / self._every * min(8.0, _CHUNK / max(took, 1e-9))))
                if self._file is not None and time.monotonic() - kept_at >= self._keep_every / 2.0:
                    self._hold(replica, engine, lived)
                    kept_at = time.monotonic()
        self._finish(replica, engine)
        return None

    def _hold(self, replica: int, engine: Engine, lived: int) -> None:
        if self._file is not None:
            snapshot = engine.snapshot()
            with self._lock:
                self._done.snapshots[replica], self._done.sweeps[replica] = snapshot, lived

    def _finish(self, replica: int, engine: Engine) -> None:
        with self._lock:
            self._done.attempts[replica], self._done.flips[replica] = engine.attempts, engine.flips
            self._done.step_errors[replica] = engine.step_error
            self._done.sweeps[replica] = self._sweeps
            self._done.snapshots.pop(replica, None)


_BYTES_A_RECORD = 16
"""A count, and the magnetization made of it."""
_LOOK_EVERY = 0.2
"""Seconds between two looks at how far the crew is."""
_CHUNK = 0.25
"""Seconds a replica runs before it looks up."""


def _checked(stages: Sequence[Stage] | int, every: int) -> tuple[Stage, ...]:
    if not isinstance(stages, Sequence):
        stages = (Stage(stages),)
    if every != int(every) or every < 1:
        raise RequestError(f"a record every {every} sweeps; give a whole number, 1 or more")
    for stage in stages:
        if not (math.isfinite(stage.sweeps) and stage.sweeps == int(stage.sweeps) and stage.sweeps >= 0):
            raise RequestError(f"a stage of {stage.sweeps} sweeps; give a whole number, 0 or more")
        if int(stage.sweeps) % every:
            raise RequestError(
                f"a record every {every} sweeps does not divide a stage of {stage.sweeps:g}; give a divisor"
            )
        for zealots in (stage.zealots_a, stage.zealots_b):
            if not (math.isfinite(zealots) and zealots == int(zealots) and 0 <= zealots <= _MOST_ZEALOTS):
                raise RequestError(
                    f"{zealots} zealots in a stage; give a whole number from 0 to {_MOST_ZEALOTS:.0e}"
                )
    lasting = tuple(stage for stage in stages if stage.sweeps)
    if not lasting:
        raise RequestError("the stages last 0 sweeps together; give 1 or more")
    return lasting


_MOST_ZEALOTS = 10**15
"""More could not be counted exactly beside the agents."""


def _seeds(seed: int | np.random.SeedSequence, runs: int) -> list[np.random.SeedSequence]:
    if not isinstance(seed, np.random.SeedSequence):
        if seed != int(seed) or seed < 0:
            raise RequestError(f"a seed of {seed}; give a whole number, 0 or more")
        seed = np.random.SeedSequence(int(seed))
    # a copy, for spawning leaves its mark on the parent and the next call would get others
    return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size).spawn(
        runs
    )
