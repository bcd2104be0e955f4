"""Seconds of what is exact, or nearly: chains, thresholds, a thousand million agents, the import.

    python benchmarks/exact.py [--rounds N]

Each figure is the median over the rounds, after a first go that is not counted: it loads libraries and
compiled code (the import is a new process each time, and has no such go). Targets: one second each, and
0.3 s for the import.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from _results import Row, write_results
from spinodal.response import TanhResponse
from spinodal.simulate import Kind, Population, Stage
from spinodal.simulate.engines import LeapsEngine
from spinodal.theory import Chain, fixed_points, outlooks

RESPONSE = TanhResponse(2.943, 0.325)
AGENTS = 100_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def chain(agents: int) -> None:
    """Stationary law, both escape times and the committor between the two states."""
    population = Chain(RESPONSE, agents)
    low, _, high = (population.nearest(point.m) for point in fixed_points(RESPONSE))
    population.log_stationary()
    population.log_passage(low, high)
    population.log_passage(high, low)
    population.committor(low, high)


def many_curves() -> None:
    """Phase, fixed points and both thresholds of 1,000 curves, spread as the conformity study's fits are."""
    generator = np.random.default_rng(2026)
    beta = 2.5 * np.exp(0.55 * generator.standard_normal(1_000))
    h = 0.3 + 0.5 * generator.standard_normal(1_000)
    outlooks([TanhResponse(*each) for each in zip(beta.tolist(), h.tolist(), strict=True)])


def leaps() -> None:
    """10^9 well-mixed agents for 100 sweeps."""
    population = Population([Kind(TanhResponse(1.5, 0.0), 10**9)])
    engine = LeapsEngine(population, 0.1, np.random.SeedSequence(1), stages=(Stage(100),))
    engine.enter(Stage(100))
    engine.advance(100)


def start() -> None:
    """`import spinodal` in a new process, the start of the interpreter included."""
    subprocess.run([sys.executable, "-c", "import spinodal"], check=True)


def seconds_of(work: Callable[[], None], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    asked: list[tuple[str, float, Callable[[], None]]] = [
        (f"stationary law, escapes and committor of {AGENTS:,} agents", 1.0, lambda: chain(AGENTS)),
        ("1,000 curves classified, with thresholds", 1.0, many_curves),
        ("10^9 well-mixed agents, 100 sweeps", 1.0, leaps),
        ("import spinodal, interpreter included", 0.3, start),
    ]
    rows: list[Row] = []
    for what, target, work in asked:
        work()
        seconds = seconds_of(work, rounds)
        met = "yes" if seconds <= target else "no"
        rows.append({"what": what, "seconds": f"{seconds:.3f}", "target": f"{target:g}", "met": met})
        print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    grown = [seconds_of(partial(chain, agents), rounds) for agents in SIZES]
    exponent = np.polyfit(np.log(SIZES), np.log(grown), 1)[0]
    late = np.log(grown[-1] / grown[-2]) / np.log(SIZES[-1] / SIZES[-2])
    sizes = ", ".join(f"{seconds:.4f} s at {agents:,}" for agents, seconds in zip(SIZES, grown, strict=True))
    write_results(
        "exact",
        "Seconds of what is exact",
        command=f"python benchmarks/exact.py --rounds {rounds}",
        about=f"Medians over {rounds} rounds.",
        rows=rows,
        after=[
            f"The chain's time grows with N: {sizes}; as N to the {exponent:.2f} over the whole range and "
            f"{late:.2f} over the last decade. It is a fixed number of passes over arrays of N + 1 doubles: "
            "two logarithms of the response a state, a running sum for the stationary law, one running "
            "log-sum each for the escapes and the committor."
        ],
    )


if __name__ == "__main__":
    main()
