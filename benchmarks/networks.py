"""Opinions on networks: attempts a second against other programs, and how that grows with the network.

    python benchmarks/networks.py [--quick] [--only peers|growth|events]

Same graph (Erdos-Renyi of mean degree 8, its largest component), same response (tanh, beta = 1.5, h = 0),
same start (m = 0.5) for all; see `_contenders.py` for what each is asked. Every figure is a process of its
own. The two that a ratio compares take turns, so that a drift of the machine meets both; ratios are medians
over the rounds. Spinodal runs two replicas on two threads, and one for the single-thread figures; the
others run as they do by themselves. Targets, and whether they are met, stand in `results/networks.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _contenders import PEERS
from _results import Row, write_results

GRAPH = "erdos-renyi:mean_degree=8,largest=true"
CONTEXT = ("NDlib",)
"""Not like for like: another rule."""
SYNCHRONOUS = ("netrd",)
ORDERED = (2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
"""Values of beta at which nearly everybody agrees from the start on."""
ORDERED_SIZES = (10_000, 100_000)
ABOUT_PEERS = """\
EoN jumps from flip to flip: it is credited with all attempts that its simulated time holds. netrd updates all
agents at once, which is another dynamics (it may oscillate where this one does not) and cheaper to do. mesa
and agentpy hold one object an agent, as their tutorials do, and activate all in shuffled order once a sweep.
NDlib has no such response: its voter copies one neighbour, and is here for context."""
ABOUT_EVENTS = """\
Plain attempts cost much the same whether or not they flip; from flip to flip only flips cost. So the ratio
is the time of an attempt over that of a flip, divided by the share that flips. A flip finds who is next, and
moves itself and its eight neighbours among the levels of readiness to flip."""
MIB, GIB = 2**20, 2**30

Found = dict[str, Any]


class Bench:
    """Measures, and takes note of what was measured against which target."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.rounds = 1 if quick else 3
        self.seconds = 0.3 if quick else 2.0
        self.sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
        self.own_sizes = (*self.sizes, 100_000) if quick else (*self.sizes, 1_000_000, 10_000_000)
        self.targets: list[Row] = []

    def run(self, name: str, nodes: int, *, seconds: float | None = None, **options: object) -> Found:
        command = [sys.executable, str(Path(__file__).with_name("_contenders.py")), name, "--graph", GRAPH]
        asked = {"nodes": nodes, "seconds": seconds or self.seconds, **options}
        for option, value in asked.items():
            command += [f"--{option}", str(value)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found: Found = json.loads(done.stdout.splitlines()[-1])
        if "attempts" in found:
            found["rate"] = found["attempts"] / found["seconds"]
        shown = found.get("cannot") or f"{found['rate']:.4g} attempts/s"
        print(name, *(f"{option} {value}" for option, value in asked.items()), shown, flush=True)
        return found

    def note(self, target: str, measured: str, met: bool, why: str = "") -> None:
        self.targets.append(
            {"target": target, "measured": measured, "met": "yes" if met else "no", "bounded by": why}
        )

    def against_peers(self) -> None:
        rows: list[Row] = []
        for nodes in self.sizes:
            ratios: dict[str, float] = {}
            own: list[Found] = []
            for peer in PEERS:
                compared: list[tuple[Found, Found, Found]] = []
                for _ in range(self.rounds):
                    two = self.run("spinodal", nodes, threads=2)
                    other = self.run(peer, nodes)
                    if "cannot" in other:
                        break
                    compared.append((two, other, self.run("spinodal", nodes, threads=1)))
                own += [two for two, _, _ in compared]
                if not compared:
                    rows.append(self._peer_row(nodes, peer, note=f"cannot run: {other['cannot']}"))
                    continue
                ratio = statistics.median(two["rate"] / other["rate"] for two, other, _ in compared)
                alone = statistics.median(one["rate"] / other["rate"] for _, other, one in compared)
                rate = statistics.median(other["rate"] for _, other, _ in compared)
                rows.append(
                    self._peer_row(nodes, peer, rate, f"{ratio:,.0f}", f"{alone:,.0f}", self._about(peer))
                )
                if peer not in CONTEXT:
                    ratios[peer] = ratio
            rate = statistics.median(two["rate"] for two in own)
            rows.append(self._peer_row(nodes, "spinodal", rate, note="two replicas on two threads"))
            nearest = min(ratios, key=ratios.__getitem__)
            if nodes >= 10_000:
                self.note(
                    f"200 times the fastest like-for-like peer at N = {nodes:,}",
                    f"{ratios[nearest]:,.0f} times {nearest}",
                    ratios[nearest] >= 200,
                )
        flips = own[-1]["flips"] / own[-1]["attempts"]
        self.publish(
            "networks_peers",
            "Opinions on networks: attempts a second against other programs",
            only="peers",
            about=f"An attempt is one agent's chance to change; a sweep is N of them. Graph `{GRAPH}`, tanh "
            f"response with beta 1.5 and h 0, from m = 0.5, where {flips:.0%} of attempts flip. Medians over "
            f"{self.rounds} rounds in which Spinodal and the other take turns. Nobody's set-up is counted.",
            rows=rows,
            after=[ABOUT_PEERS],
        )

    def _about(self, peer: str) -> str:
        if peer in CONTEXT:
            return "another rule, for context"
        return "all agents at once" if peer in SYNCHRONOUS else ""

    def _peer_row(
        self, nodes: int, name: str, rate: float | None = None, two: str = "", one: str = "", note: str = ""
    ) -> Row:
        return {
            "N": f"{nodes:,}",
            "program": name,
            "attempts/s": f"{rate:,.0f}" if rate else "",
            "sweeps/s": f"{rate / nodes:,.4g}" if rate else "",
            "spinodal, two threads: times": two,
            "one thread: times": one,
            "note": note,
        }

    def growth(self) -> None:
        rows: list[Row] = []
        taken: list[tuple[int, float]] = []
        two_threads: dict[int, list[float]] = {nodes: [] for nodes in self.own_sizes}
        singles: dict[int, list[Found]] = {nodes: [] for nodes in self.own_sizes}
        for _ in range(self.rounds):
            for nodes in self.own_sizes:
                singles[nodes].append(self.run("spinodal", nodes, threads=1))
                two_threads[nodes].append(self.run("spinodal", nodes, threads=2)["rate"])
        for nodes in self.own_sizes:
            rate = statistics.median(found["rate"] for found in singles[nodes])
            found = singles[nodes][-1]
            share = found["flips"] / found["attempts"]
            taken.append((nodes, 1e9 / rate))
            rows.append(
                {
                    "N": f"{nodes:,}",
                    "attempts/s, one thread": f"{rate:,.0f}",
                    "attempts/s, two threads": f"{statistics.median(two_threads[nodes]):,.0f}",
                    "sweeps/s, two threads": f"{statistics.median(two_threads[nodes]) / nodes:,.4g}",
                    "ns an attempt": f"{1e9 / rate:.2f}",
                    "flips": f"{share:.1%}",
                    "bytes a node, arrays": f"{found['bytes'] / found['nodes']:.1f}",
                    "bytes a node, process": f"{found['held'] / found['nodes']:.1f}"
                    if nodes >= 10**6
                    else "",
                    "peak of the process, MiB": f"{found['peak'] / MIB:.0f}",
                }
            )
            if nodes == 10**7:
                self.note(
                    "10^7 nodes within 1 GiB, graph drawn and simulated",
                    f"{found['peak'] / MIB:.0f} MiB at the peak",
                    found["peak"] <= GIB,
                )
            if nodes == 10**6:
                held = found["held"] / found["nodes"]
                self.note("at most 50 bytes a node", f"{held:.1f} by the process's memory", held <= 50)
                own = [big / small for big, small in zip(two_threads[nodes], two_threads[10**4], strict=True)]
                ratio = statistics.median(own)
                self.note(
                    "at 10^6 a quarter of the own rate at 10^4",
                    f"{ratio:.2f} of it",
                    ratio >= 0.25,
                    "" if ratio >= 0.25 else "waits for memory, see networks_growth.md",
                )
        self.publish(
            "networks_growth",
            "Opinions on networks: how the engine grows",
            only="growth",
            about=f"Graph `{GRAPH}`, beta 1.5, h 0, from m = 0.5; medians over {self.rounds} rounds. Arrays: "
            "the graph and one replica. Process: growth of its resident memory from before the graph was "
            "drawn. The peak includes the interpreter, the compiled code, and drawing the graph and taking "
            "its largest component.",
            rows=rows,
            after=[growth_explained(taken, share)],
        )

    def events(self) -> None:
        rows: list[Row] = []
        ordered: list[tuple[float, float, str]] = []
        for nodes in ORDERED_SIZES[:1] if self.quick else ORDERED_SIZES:
            for beta in ORDERED:
                pairs = []
                for _ in range(self.rounds):
                    one = {"threads": 1, "beta": beta, "m0": 1.0}
                    plain = self.run("spinodal", nodes, method="attempts", **one)
                    pairs.append((plain, self.run("spinodal", nodes, method="events", **one)))
                by_attempts, by_events = (
                    statistics.median(found["rate"] for found in way) for way in zip(*pairs, strict=True)
                )
                ratio = statistics.median(events["rate"] / plain["rate"] for plain, events in pairs)
                share = pairs[-1][1]["flips"] / pairs[-1][1]["attempts"]
                rows.append(
                    {
                        "N": f"{nodes:,}",
                        "beta": beta,
                        "attempts that flip": f"{share:.3%}",
                        "plain, sweeps/s": f"{by_attempts / nodes:,.0f}",
                        "events, sweeps/s": f"{by_events / nodes:,.0f}",
                        "events over plain": f"{ratio:.1f}",
                        "ns an attempt, plain": f"{1e9 / by_attempts:.2f}",
                        "ns a flip, events": f"{1e9 / (by_events * share):.0f}",
                        "EoN, sweeps/s": f"{self.run('EoN', nodes, beta=beta, m0=1.0)['rate'] / nodes:,.3g}",
                    }
                )
                if share < 0.01:
                    ordered.append((ratio, share, f"{nodes:,}"))
        least, most = min(ordered), max(ordered)
        self.note(
            "events 20 times plain attempts where under 1% flip",
            "; ".join(
                f"{ratio:.1f} times at {share:.3%}, N = {nodes}" for ratio, share, nodes in (least, most)
            ),
            least[0] >= 20,
            "" if least[0] >= 20 else "the time of a flip, see networks_events.md",
        )
        self.publish(
            "networks_events",
            "Opinions on networks: from flip to flip in ordered states",
            only="events",
            about=f"Simulated sweeps a second, one thread, graph `{GRAPH}`, h 0, from full agreement; ratios "
            f"are medians over {self.rounds} rounds in turns.",
            rows=rows,
            after=[ABOUT_EVENTS],
        )

    def publish(
        self, name: str, title: str, *, only: str = "", about: str, rows: list[Row], after: Sequence[str] = ()
    ) -> None:
        """Write a table for keeps; show it only, where the figures were made quickly."""
        if self.quick:
            print(
                title, *(", ".join(f"{key} {value}" for key, value in row.items()) for row in rows), sep="\n"
            )
            return
        command = "python benchmarks/networks.py" + (f" --only {only}" if only else "")
        write_results(name, title, command=command, about=about, rows=rows, after=after)


def growth_explained(taken: Sequence[tuple[int, float]], share: float) -> str:
    """What the times of an attempt, in ns by N, say of the operations and the memory behind them."""
    sizes, ns = np.array(taken).T
    exponent = np.polyfit(np.log(sizes), np.log(ns), 1)[0]
    lines = 1 + share * (1 + 1.5 + 8)
    caches = ", ".join(f"L{level} {size}" for level, size in caches_here())
    return f"""\
The operations of an attempt do not grow with N. Its time grows as N to the {exponent:.2f} over the whole
range, from {ns[0]:.2f} to {ns[-1]:.2f} ns, and that is memory: an attempt reads one code at a random place,
and a flip ({share:.1%} of attempts) where its row starts, the row of eight neighbours (a line and a half of
cache) and their eight codes. That makes {lines:.1f} lines an attempt which are not at hand once the network
has outgrown the caches ({caches} here): {(ns[-1] - ns[0]) / lines:.1f} ns a line at the largest size.
It is not more because blocks of attempts ask for their lines ahead, so that the waits overlap."""


def caches_here() -> list[tuple[str, str]]:
    """Level and size of the first core's data caches."""
    found = []
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (cache / "type").read_text().strip() != "Instruction":
            found.append(((cache / "level").read_text().strip(), (cache / "size").read_text().strip()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one round, nothing written for keeps"
    )
    parser.add_argument("--only", choices=["peers", "growth", "events"])
    asked = parser.parse_args()
    bench = Bench(asked.quick)
    parts = {"peers": bench.against_peers, "growth": bench.growth, "events": bench.events}
    for name, part in parts.items():
        if asked.only in (None, name):
            part()
    if asked.only is None:
        bench.publish(
            "networks",
            "Opinions on networks: targets",
            about="The tables behind: [against other programs](networks_peers.md), [how it grows]"
            "(networks_growth.md), [ordered states](networks_events.md).",
            rows=bench.targets,
        )


if __name__ == "__main__":
    main()
