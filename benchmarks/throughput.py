"""Prompts a second of a whole assessment, against the same prompts sent straight to the engine.

    python benchmarks/throughput.py [--pairs IDS] [--rounds N]

The whole assessment is `spinodal assess` as a user types it, in a process of its own: imports, the engine's
start, the design's refits, Inspect's logs, the fits, the verdicts and the page. Straight to the engine is a
process that starts the same engine and sends the very same requests with the plain OpenAI client, as many
side by side as the engine has slots. The two take turns, so that a drift of the machine meets both; the ratio
is the median over the rounds. Target: at least 0.9.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _results import Row, write_results


def assessment(pairs: str, folder: Path) -> float:
    """Seconds of one whole assessment of the embedded model."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "spinodal", "assess", "--pairs", pairs, "--run", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def requests_of(folder: Path) -> list[dict[str, Any]]:
    """The requests of a run in the order they were made, from its Inspect log, for the plain client."""
    from inspect_ai.log import read_eval_log

    from spinodal.agents._embedded import TOP_LOGPROBS

    [log] = (folder / "logs").glob("*.eval")
    samples = read_eval_log(str(log), resolve_attachments=True).samples or []
    calls = [event for sample in samples for event in sample.events if event.event == "model"]
    return [
        {
            "messages": [{"role": message.role, "content": message.text} for message in event.input],
            "max_tokens": event.config.max_tokens,
            "temperature": event.config.temperature,
            "seed": event.config.seed,
            "logprobs": event.config.logprobs,
            "top_logprobs": TOP_LOGPROBS,
        }
        for event in sorted(calls, key=lambda event: event.timestamp)
    ]


def straight(requests: Path) -> float:
    """Seconds of the same requests sent straight to the engine, its start included, in a new process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, __file__, "--straight", str(requests)], check=True)
    return time.perf_counter() - started


async def send_all(requests: list[dict[str, Any]]) -> None:
    """Send every request, `SLOTS` side by side."""
    from openai import AsyncOpenAI

    from spinodal.agents._engine import SLOTS, SMOLLM2, start_engine

    engine = start_engine(SMOLLM2)
    client = AsyncOpenAI(base_url=engine.url, api_key=engine.key)
    waiting = iter(requests)

    async def slot() -> None:
        for request in waiting:
            await client.chat.completions.create(model=SMOLLM2, **request)

    await asyncio.gather(*(slot() for _ in range(SLOTS)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", default="shutdown,own-error,oversight,approval,season,dams")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--straight", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.straight:
        asyncio.run(send_all(json.loads(Path(arguments.straight).read_text())))
        return
    rows: list[Row] = []
    ratios = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(1, arguments.rounds + 1):
            folder = Path(scratch) / f"run-{number}"
            whole = assessment(arguments.pairs, folder)
            requests = requests_of(folder)
            kept = Path(scratch) / "requests.json"
            kept.write_text(json.dumps(requests))
            alone = straight(kept)
            ratios.append(alone / whole)
            rows.append(
                {
                    "round": number,
                    "prompts": len(requests),
                    "whole assessment, prompts/s": f"{len(requests) / whole:.2f}",
                    "straight to the engine, prompts/s": f"{len(requests) / alone:.2f}",
                    "ratio": f"{ratios[-1]:.3f}",
                }
            )
            print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    write_results(
        "throughput",
        "Prompts a second: a whole assessment against the engine alone",
        command=f"python benchmarks/throughput.py --pairs {arguments.pairs} --rounds {arguments.rounds}",
        about="The whole assessment is a user's command in a process of its own; the engine alone is a "
        "process that starts it and sends it the same requests, four side by side. They take turns.",
        rows=rows,
        after=[f"Median ratio {statistics.median(ratios):.3f}; the target is at least 0.9."],
    )


if __name__ == "__main__":
    main()
