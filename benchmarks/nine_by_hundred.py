"""The nine-by-hundred study on synthetic agents: nothing lost, nothing called twice, the medians come out.

    python benchmarks/nine_by_hundred.py [--agents N] [--pairs N] [--budget N] [--fits FILE]

Nine agents of known law, a law a pair, stand behind three HTTP servers that limit the rate and fail 2% of all
requests (500, or the connection closed before or amid the answer). A Ray cluster of two worker nodes runs the
study file through `spinodal study run`; on the way one node, with all its processes, gets SIGKILL. Then the
servers' journals tell what was asked how often, and the study's tables what was found.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from _nine_checks import Calls, Findings, count_calls, findings, kept_calls
from _nine_laws import FARTHEST, NINE, STEEPEST, Published, laws_of
from _ray_nodes import Cluster, cluster
from _results import Row, write_results
from spinodal.agents.serving import AgentServer, Failures, Law, Limits, ServedModel, read_journal
from spinodal.pairs import OptionPair, bank_pairs

FITS = Path(__file__).parents[2] / "shared" / "data" / "published" / "fits.csv"
TEMPERATURE = 0.2
PEERS = 50
NOISE = 1.0
"""Standard deviation in log-odds, at `TEMPERATURE`, of what names and order of the peers do to a prompt."""
FAILING = 0.02
LATENCY = 0.05
PAPER = 1000
"""Calls a curve in the paper."""


@dataclass(frozen=True)
class Provider:
    """One server: whom it serves, and its limits."""

    service: str
    agents: tuple[str, ...]
    limits: Limits
    sampled: tuple[str, ...] = ()
    """Those that return no log-probabilities, as these providers' models."""


PROVIDERS = (
    Provider(
        "open-weights",
        ("Llama-3.1-8B", "Qwen2.5-14B", "Qwen2.5-32B", "Qwen3-14B", "Qwen3-32B"),
        Limits(requests_per_minute=6000, connections=24),
    ),
    Provider(
        "one-lab",
        ("Gemini-2.5-flash-lite", "Gemma-3-12B", "Gemma-3-27B"),
        Limits(requests_per_minute=4500, connections=16),
        sampled=("Gemini-2.5-flash-lite",),
    ),
    Provider(
        "another-lab",
        ("GPT-5-mini",),
        Limits(requests_per_minute=3000, connections=12),
        sampled=("GPT-5-mini",),
    ),
)
FEW = ("Llama-3.1-8B", "GPT-5-mini", "Gemma-3-27B")
"""Whom a smaller trial takes first: one of each provider."""


@dataclass(frozen=True)
class Course:
    """How a trial went; kept beside what it left, so that this can be judged again."""

    seconds: float
    """That the study took."""
    killed_after: float
    """Seconds after the start at which the node was killed."""
    killed_at: float
    """The same in seconds since 1970."""
    kept: list[str]
    """Calls whose answers had been kept by then, so far as their parts were not finished."""
    load: float
    """Load average of the machine over the last quarter of an hour of it."""
    asked_by_rerun: int
    """Requests that the same command made when it was run again after the end: has to be 0."""


@dataclass
class Trial:
    """What a trial left."""

    course: Course
    calls: Calls
    table_calls: int
    """Calls in the study's table; the others that were answered settled how replies are read."""
    curves: int
    wanted: int
    incomplete: list[str]
    """Curves without rows, or with rows that are none."""
    lost_parts: int
    """Parts that lost their worker to the kill, and were handed out again."""
    found: dict[str, Findings] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """What should not be, in words; none where all is as it should."""
        again = self.course.asked_by_rerun
        checks = {
            f"{len(self.incomplete)} curves are incomplete": bool(self.incomplete),
            f"{self.curves} curves of {self.wanted}": self.curves != self.wanted,
            f"{self.calls.repeated} calls repeated": self.calls.repeated > 0,
            f"{self.calls.unanswered} calls unanswered": self.calls.unanswered > 0,
            "the kill hit no part": self.lost_parts == 0,
            f"{again} requests by the same command again": again > 0,
            f"{self.table_calls} calls in the table, {self.calls.answered} answered": self.table_calls
            > self.calls.answered,
        }
        return [told for told, wrong in checks.items() if wrong]


def chosen(agents: int) -> list[Published]:
    """The agents of a trial: all nine in the paper's order, or some of them."""
    by_label = {model.label: model for model in NINE}
    first = [by_label[label] for label in FEW]
    ordered = [*first, *(model for model in NINE if model not in first)]
    return [model for model in NINE if model in ordered[:agents]]


def servers(
    laws: pd.DataFrame, folder: Path, seed: int, stack: ExitStack
) -> tuple[list[tuple[Provider, AgentServer]], dict[str, str]]:
    """Start the providers' servers; and the environment that leads to them."""
    started, environment = [], {}
    for provider in PROVIDERS:
        models = []
        for name, rows in laws[laws["model"].isin(provider.agents)].groupby("model", sort=False):
            by_pair = {
                (row.option_a, row.option_b): Law(beta=row.beta, h=row.h, noise=NOISE, at=TEMPERATURE)
                for row in rows.itertuples()
            }
            model = ServedModel(str(name), by_pair)
            models.append(model.without_logprobs() if name in provider.sampled else model)
        if models:
            server = stack.enter_context(
                AgentServer(
                    models,
                    service=provider.service,
                    limits=provider.limits,
                    failures=Failures(FAILING, seed),
                    latency=LATENCY,
                    journal=folder / f"{provider.service}.journal",
                )
            )
            started.append((provider, server))
            environment |= server.environment
    return started, environment


def study_file(
    models: Sequence[Published],
    pairs: Sequence[OptionPair],
    served: Sequence[tuple[Provider, AgentServer]],
    budget: int | None,
    pairs_per_part: int,
    seed: int,
) -> dict[str, Any]:
    """The study, as its file says it."""
    by_label = {name: server for _, server in served for name in server.models}
    asked: dict[str, Any] = {
        "name": "nine-by-hundred",
        "agents": [
            {
                "label": model.label,
                "model": by_label[model.label].model(model.label),
                "family": model.family,
            }
            for model in models
        ],
        "providers": {
            provider.service: {
                "max_connections": provider.limits.connections,
                "requests_per_minute": provider.limits.requests_per_minute,
            }
            for provider, _ in served
        },
        "pairs": [pair.id for pair in pairs],
        "template": "study",
        "listed": False,
        "peers": PEERS,
        "temperature": TEMPERATURE,
        "pairs_per_part": pairs_per_part,
        "seed": seed,
    }
    return asked if budget is None else asked | {"budget": budget}


def answered(journals: Sequence[Path]) -> int:
    """Lines in the journals by now that are requests answered."""
    return sum(path.read_bytes().count(b'"status": 200') for path in journals if path.exists())


def run_and_kill(
    command: Sequence[str], ray: Cluster, journals: Sequence[Path], ports: set[int], kill_at: int, run: Path
) -> Course:
    """Run the study, kill a node amid a part, let it go to its end, and give the same command again."""
    started, log = time.time(), run.with_name("study.log")
    with log.open("w") as out:
        process = subprocess.Popen(command, env=ray.environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            while answered(journals) < kill_at or not ray.nodes[-1].connections(ports):
                if process.poll() is not None:
                    raise SystemExit(f"the study ended before the kill:\n{log.read_text()[-2000:]}")
                time.sleep(0.3)
            killed_at = time.time()
            ray.nodes[-1].kill()
            kept = kept_calls(run)
            print(f"killed a node after {killed_at - started:.0f} s", flush=True)
            if process.wait() != 0:
                raise SystemExit(f"the study ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    seconds, load = time.time() - started, os.getloadavg()[2]
    before = sum(len(read_journal(journal)) for journal in journals)
    subprocess.run(command, env=ray.environment, check=True, capture_output=True)
    again = sum(len(read_journal(journal)) for journal in journals) - before
    return Course(seconds, killed_at - started, killed_at, kept, load, again)


def carry_out(
    asked: argparse.Namespace,
    folder: Path,
    models: Sequence[Published],
    pairs: Sequence[OptionPair],
    laws: pd.DataFrame,
) -> Course:
    """Serve the agents, start the cluster, run the study."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "study.yaml"
    with ExitStack() as stack:
        served, environment = servers(laws, folder, asked.seed, stack)
        study = study_file(models, pairs, served, asked.budget, asked.pairs_per_part, asked.seed)
        file.write_text(yaml.safe_dump(study, sort_keys=False))
        ports = {int(server.url.split(":")[2].split("/")[0]) for _, server in served}
        ray = stack.enter_context(cluster(2, environment, head_works=asked.head_works))
        command = [
            *(sys.executable, "-m", "spinodal", "study", "run", str(file), "--run", str(folder / "run")),
            *("--address", ray.address),
        ]
        journals = [folder / f"{provider.service}.journal" for provider, _ in served]
        return run_and_kill(command, ray, journals, ports, asked.kill_at, folder / "run")


def trial(asked: argparse.Namespace, folder: Path) -> Trial:
    """The whole trial in a folder, or of one that lies there, what it left."""
    models, pairs = chosen(asked.agents), bank_pairs("opinions")[: asked.pairs]
    fits = asked.fits if asked.fits.is_file() else None
    laws = pd.concat([laws_of(model, pairs, fits, asked.seed) for model in models], ignore_index=True)
    kept = folder / "course.json"
    if not kept.is_file():
        kept.write_text(json.dumps(asdict(carry_out(asked, folder, models, pairs, laws))))
    course = Course(**json.loads(kept.read_text()))
    entries = [entry for journal in folder.glob("*.journal") for entry in read_journal(journal)]
    table = pd.read_parquet(folder / "run" / "observations.parquet")
    rows = table.groupby(["agent", "pair"])
    complete = {key for key, curve in rows if (curve["log_odds"].notna() | (curve["n_samples"] > 0)).all()}
    wanted = [(model.label, pair.id) for model in models for pair in pairs]
    return Trial(
        course=course,
        calls=count_calls(entries, course.killed_at, course.kept),
        table_calls=int(table["calls"].sum()),
        curves=len(rows),
        wanted=len(wanted),
        incomplete=[" ".join(key) for key in wanted if key not in complete],
        lost_parts=(folder / "study.log").read_text().count("its worker was lost"),
        found={
            model.label: findings(table[table["agent"] == model.label], laws[laws["model"] == model.label])
            for model in models
        },
    )


def rows_of(done: Trial) -> list[Row]:
    """The table: an agent a row."""
    rows: list[Row] = []
    for model in NINE:
        if model.label not in done.found:
            continue
        found = done.found[model.label]
        row: Row = {"agent": model.label, "readout": found.readout, "curves": found.curves}
        row["calls a curve"] = f"{found.calls / found.curves:.0f}"
        for name, figure, published in (
            ("median beta", found.beta, model.beta),
            ("median abs h", found.h, model.h),
            ("share inside", found.inside, model.inside),
        ):
            row[f"{name}: published"] = f"{published:.2f}"
            row[f"{name}: truth"] = f"{figure.truth:.3f}"
            row[f"{name}: found"] = f"{figure.found:.3f} ({figure.low:.3f} to {figure.high:.3f})"
        row["error of beta"] = f"{found.beta_error:.1%} ({found.beta_error_by_paper:.1%})"
        row["error of h"] = f"{found.h_error:.3f} ({found.h_error_by_paper:.3f})"
        rows.append(row)
    return rows


def paragraphs_of(done: Trial) -> list[str]:
    """What the trial shows, in words."""
    course, calls, found = done.course, done.calls, list(done.found.values())
    figures = [figure for one in found for figure in (one.beta, one.h, one.inside)]
    failed = ", ".join(f"{number} {kind.lower()}" for kind, number in sorted(calls.failed.items()))
    a_curve = done.table_calls / done.curves
    by_readout = [
        f"{sum(one.calls for one in some) / sum(one.curves for one in some):.0f} by {readout}"
        for readout in sorted({one.readout for one in found})
        if (some := [one for one in found if one.readout == readout])
    ]
    held_beta, held_h = sum(one.beta_held for one in found), sum(one.h_held for one in found)
    names = {"median beta": "beta", "median abs h": "h", "share inside": "inside"}
    off, off_published = [], []
    by_label = {model.label: model for model in NINE}
    for told, name in names.items():
        some = {label: getattr(one, name) for label, one in done.found.items()}
        ours = max(abs(one.found - one.truth) for one in some.values())
        theirs = max(abs(one.by_paper - one.truth) for one in some.values())
        off.append(f"{told} {ours:.2f} (with the paper's {PAPER} samples a curve, simulated, {theirs:.2f})")
        most = max(abs(one.found - getattr(by_label[label], name)) for label, one in some.items())
        off_published.append(f"{told} {most:.2f}")
    return [
        f"Nothing lost: {done.curves} curves of {done.wanted}, {len(done.incomplete)} incomplete. "
        f"{done.table_calls} calls are in the table; {calls.answered - done.table_calls} more settled how "
        "replies are read.",
        f"Nothing called twice: {calls.answered} different calls were answered; {calls.repeated} were asked "
        "again though the answer had been kept, or had gone to a worker that lived; "
        f"{calls.repeated_in_flight} of the {calls.in_flight} that were in flight to the killed node were "
        f"asked again after their answer had gone out to it. {calls.unanswered} calls were never answered. "
        f"The same command again made {course.asked_by_rerun} requests.",
        f"{calls.requests} requests in all; {sum(calls.failed.values())} failed on purpose "
        f"({failed or 'none'}) and were made again; {calls.refused} were refused by a rate limit.",
        f"The node was killed after {course.killed_after:.0f} s, amid {done.lost_parts} of the parts; the "
        f"study took {course.seconds:.0f} s on {os.cpu_count()} cores, which the servers shared (load "
        f"average at the end {course.load:.1f}).",
        f"Of the {done.curves} curves' own 95% intervals, {held_beta / done.curves:.1%} hold the truth of "
        f"beta and {held_h / done.curves:.1%} that of h.",
        f"The truth is in the interval for {sum(one.holds for one in figures)} of {len(figures)} figures; "
        f"{sum(one.chance for one in figures):.1f} are expected: noise of the single curves moves medians "
        "and shares too, for which these intervals do not make up.",
        f"Off the truth by at most: {', '.join(off)}.",
        f"Off what was published by at most: {', '.join(off_published)}.",
        f"Calls a curve: {', '.join(by_readout)}; {a_curve:.0f} over all, {PAPER / a_curve:.0f} times fewer "
        f"than the paper's {PAPER}.",
    ]


def write_down(asked: argparse.Namespace, rows: list[Row], paragraphs: list[str]) -> None:
    """Write the table to `results/`."""
    usual = {"agents": 9, "pairs": 100, "budget": None, "seed": 0}
    options = "".join(
        f" --{name} {getattr(asked, name)}" for name, value in usual.items() if getattr(asked, name) != value
    )
    drawn = "drawn so that the published figures come out"
    source = (
        f"of five agents the published fits, one a pair (|beta| to {STEEPEST:g} and |h| to {FARTHEST:g}: 7 "
        f"of 477 lie beyond), of four {drawn}"
        if asked.fits.is_file()
        else drawn
    )
    limits = "; ".join(
        f"{one.service}, {one.limits.requests_per_minute:g} requests a minute and "
        f"{one.limits.connections} at once"
        for one in PROVIDERS
    )
    write_results(
        "nine_by_hundred",
        "Nine agents, a hundred pairs, two workers of which one is killed",
        command=f"python benchmarks/nine_by_hundred.py{options}",
        about=f"Laws: {source}. They hold at temperature {TEMPERATURE:g}, with shuffle noise {NOISE:g} in "
        f"log-odds; {PEERS} peers, options unlisted, the design adaptive. Three servers: {limits}; each "
        f"fails {FAILING:.0%} of all requests and takes {LATENCY * 1000:.0f} ms. Found: with the 95% "
        "interval of the measurement, the pairs given. Share inside: by point estimates, as published. "
        "Errors: medians over the pairs, of |beta found / beta - 1| and |h found - h|; in brackets those of "
        f"the paper's {PAPER} samples a curve from the same laws, simulated.",
        rows=rows,
        after=paragraphs,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--agents", type=int, default=9, help="1 to 9")
    parser.add_argument("--pairs", type=int, default=100, help="1 to 100")
    parser.add_argument("--budget", type=int, help="most prompts a curve; default: the design's own")
    parser.add_argument("--pairs-per-part", type=int, default=50)
    parser.add_argument("--kill-at", type=int, help="answers after which a node is killed; default: a third")
    parser.add_argument(
        "--head-works", action="store_true", help="the cluster's head is one of the two workers"
    )
    parser.add_argument(
        "--fits", type=Path, default=FITS, help="published fits; without them all laws are drawn"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where all is kept; a trial there is judged again")
    parser.add_argument("--json", type=Path, help="write what was found there, and no table to results/")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and the cluster with it
    if asked.kill_at is None:
        asked.kill_at = asked.agents * asked.pairs * min(asked.budget or 60, 60) // 3
    with tempfile.TemporaryDirectory() as scratch:
        done = trial(asked, (asked.folder or Path(scratch)).absolute())
    rows, paragraphs = rows_of(done), paragraphs_of(done)
    for row in rows:
        print(", ".join(f"{name} {value}" for name, value in row.items()))
    print("\n".join(paragraphs))
    if asked.json:
        asked.json.write_text(json.dumps(asdict(done) | {"faults": done.faults}))
    else:
        write_down(asked, rows, paragraphs)
    if done.faults:
        sys.exit("; ".join(done.faults))


if __name__ == "__main__":
    main()
