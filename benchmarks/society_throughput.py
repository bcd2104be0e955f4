"""Calls a second of a society, against what the engine or the server behind it can do.

    python benchmarks/society_throughput.py [--rounds N] [--sweeps N] [--slots N ...]

The embedded model: a whole run of four populations at once, in a process of its own (imports, the engine's
start, Inspect's logs and the tables included), against a process that starts the same engine and sends it the
very same requests over four connections. The two take turns; target: a median ratio of at least 0.9.

A server behind HTTP: one that takes 50 ms a request in each of its slots, in a process of its own, and as
many populations at once as it has slots. The ratio is to its capacity, slots / 50 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _results import Row, write_results
from _slow_server import rate, slow_server
from throughput import requests_of, straight

PAIR = "oversight"
AGENTS = 20
LATENCY = 0.05


def live(folder: Path, model: str, populations: int, sweeps: int) -> dict[str, float]:
    """One run of so many populations at once, in a process of its own: its calls, and seconds all in all."""
    settings = {"folder": str(folder), "model": model, "populations": populations, "sweeps": sweeps}
    started = time.perf_counter()
    command = [sys.executable, __file__, "--live", json.dumps(settings)]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    whole = time.perf_counter() - started
    lived: dict[str, float] = json.loads(ran.stdout)
    return lived | {"whole": whole}


def live_here(folder: str, model: str, populations: int, sweeps: int) -> dict[str, float]:
    """The run itself: calls, and the seconds of `run_society`."""
    from spinodal.agents import AgentSpec
    from spinodal.measure.prompts import load_template
    from spinodal.measure.task import find_pairs
    from spinodal.societies import SocietyRequest, run_society
    from spinodal.society.group import Group
    from spinodal.society.plan import SocietyPlan
    from spinodal.theory import Stage

    plan = SocietyPlan(
        groups=(Group(AgentSpec(model), AGENTS),),
        pair=find_pairs(PAIR)[0],
        template=load_template("peers"),
        stages=(Stage(sweeps, 0, 0),),
        m0=(0.0,),
        trajectories=populations,
        stop_at_consensus=False,
        readout="logprob",
        prefill="on",
    )
    request = SocietyRequest(plan, predict=False, at_once=populations, max_connections=populations)
    started = time.perf_counter()
    run = run_society(request, Path(folder))
    seconds = time.perf_counter() - started
    return {"calls": run.meta["totals"]["calls"], "updates": len(run.updates), "seconds": seconds}


def embedded(rounds: int, sweeps: int, scratch: Path) -> tuple[list[Row], list[float]]:
    """Whole runs against the engine alone; rows, and the ratios."""
    from spinodal.agents import AgentSpec
    from spinodal.agents._engine import SLOTS

    rows: list[Row] = []
    ratios = []
    for number in range(1, rounds + 1):
        folder = scratch / f"embedded-{number}"
        lived = live(folder, AgentSpec().model, SLOTS, sweeps)
        requests = requests_of(folder)
        kept = scratch / "requests.json"
        kept.write_text(json.dumps(requests))
        alone = straight(kept)
        ratios.append(alone / lived["whole"])
        rows.append(
            _row(
                "embedded model",
                SLOTS,
                lived,
                society=len(requests) / lived["whole"],
                alone=len(requests) / alone,
            )
        )
    return rows, ratios


def served(slots: int, sweeps: int, scratch: Path) -> tuple[Row, float]:
    """A run against a server of so many slots; its row, and what the plainest client gets from the server."""
    from spinodal.measure.task import find_pairs

    with slow_server(slots, LATENCY, find_pairs(PAIR)[0].options) as url:
        able = rate(url, slots, 40 * slots)
        os.environ.update(SLOW_BASE_URL=url, SLOW_API_KEY="none")
        lived = live(scratch / f"served-{slots}", "openai-api/slow/any", slots, sweeps)
    row = _row(
        f"server of {slots} slots",
        slots,
        lived,
        society=lived["calls"] / lived["seconds"],
        alone=slots / LATENCY,
    )
    return row, able


def _row(behind: str, populations: int, lived: dict[str, float], *, society: float, alone: float) -> Row:
    row: Row = {
        "behind it": behind,
        "populations at once": populations,
        "calls": int(lived["calls"]),
        "calls a trajectory": f"{lived['calls'] / populations:.1f}",
        "calls an update": f"{lived['calls'] / lived['updates']:.3f}",
        "society, calls/s": f"{society:.2f}",
        "alone, calls/s": f"{alone:.2f}",
        "ratio": f"{society / alone:.3f}",
    }
    print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sweeps", type=int, default=2)
    parser.add_argument("--slots", type=int, nargs="*", default=[4, 16, 64])
    parser.add_argument("--live", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.live:
        print(json.dumps(live_here(**json.loads(arguments.live))))
        return
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        rows, ratios = embedded(arguments.rounds, arguments.sweeps, scratch)
        rows_served, able = zip(
            *(served(slots, 5 * arguments.sweeps, scratch) for slots in arguments.slots), strict=True
        )
    write_results(
        "society_throughput",
        "Calls a second: a society against what stands behind it",
        command=f"python benchmarks/society_throughput.py --rounds {arguments.rounds} "
        f"--sweeps {arguments.sweeps} --slots {' '.join(map(str, arguments.slots))}",
        about=f"Populations of {AGENTS} agents by log-probabilities. Embedded model: the whole run is a "
        "process of its own, its start included; alone is a process that starts the engine and sends it the "
        "same requests over four connections; they take turns. Servers: in a process of their own, each slot "
        f"busy for {LATENCY * 1000:.0f} ms with a request; alone is what that allows; the society's rate is "
        "that of `run_society`, its logs and tables included.",
        rows=[*rows, *rows_served],
        after=[
            f"Embedded model: median ratio {statistics.median(ratios):.3f}; the target is at least 0.9.",
            "The plainest client there is gets "
            f"{', '.join(f'{rate:.0f}' for rate in able)} calls/s from the servers.",
        ],
    )


if __name__ == "__main__":
    main()
