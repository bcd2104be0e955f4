"""Which estimator for log-odds when shuffle noise is not even: the evidence behind the default.

    python benchmarks/robustness.py [--agents 300]

Agents are those of `benchmarks/recovery.py`, but their shuffle noise changes with m (bridge noise of standard
deviation s(m)), so that the log-odds are neither straight in m nor evenly noisy, while the population's
response stays the exact tanh the intervals should cover. Prompts lie on an even grid.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from _results import write_results
from recovery import draw_agents
from spinodal.agents.bridge import bridge_log_odds
from spinodal.fitting import Estimator, LogOdds, estimate_tanh

NOISES: dict[str, Callable[[float], float]] = {
    "even, 1": lambda m: 1.0,
    "even, 0.3": lambda m: 0.3,
    "even, 3": lambda m: 3.0,
    "rising with m, 0.35 to 2.15": lambda m: 1.25 + 0.9 * m,
    "at the ends, 0.5 to 2": lambda m: 0.5 + 1.5 * abs(m),
    "in the middle, 2 to 0.5": lambda m: 2.0 - 1.5 * abs(m),
}
"""Standard deviation of the noise at m."""

ESTIMATORS: tuple[Estimator, ...] = ("auto", "line", "fractional")


def cover(noise: Callable[[float], float], prompts: int, count: int) -> dict[str, object]:
    """Share of `count` agents whose intervals cover, and the median width of beta's, by estimator."""
    generator = np.random.default_rng(20_26)
    m = np.resize(np.linspace(-1.0, 1.0, 6 if prompts < 40 else 11), prompts)
    scale = [noise(float(at)) for at in m]
    hits: dict[str, list[tuple[bool, bool, float]]] = {name: [] for name in ESTIMATORS}
    straight = 0
    for beta, h in draw_agents(count, generator):
        uniform = generator.random(prompts)
        x = np.array(
            [bridge_log_odds(at, beta, h, s, u) for at, s, u in zip(m, scale, uniform, strict=True)],
            dtype=float,
        )
        data = LogOdds(m, x, 1.0, np.zeros(prompts))
        for name in ESTIMATORS:
            found = estimate_tanh(data, name, n_draws=400)
            straight += name == "auto" and found.kind == "line"
            (b_low, b_high), (h_low, h_high) = found.beta_ci, found.h_ci
            hits[name].append((b_low <= beta <= b_high, h_low <= h <= h_high, (b_high - b_low) / beta))
    row: dict[str, object] = {"prompts": prompts, "line taken": round(straight / count, 3)}
    for name, found_all in hits.items():
        values = np.array(found_all, dtype=float)
        row[f"{name}: beta"] = round(float(values[:, 0].mean()), 3)
        row[f"{name}: h"] = round(float(values[:, 1].mean()), 3)
        row[f"{name}: width"] = round(float(np.median(values[:, 2])), 2)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the log-odds estimators under uneven noise.")
    parser.add_argument("--agents", type=int, default=300)
    count = parser.parse_args().agents
    rows: list[dict[str, object]] = []
    started = time.perf_counter()
    for name, noise in NOISES.items():
        for prompts in (24, 60):
            rows.append({"noise": name, **cover(noise, prompts, count)})
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    write_results(
        "robustness",
        "Estimators for log-odds under uneven shuffle noise",
        command=f"python benchmarks/robustness.py --agents {count}",
        about="Share of agents whose 95% interval covers beta and h, and the median width of beta's interval "
        "relative to beta. `auto` is the default: the line where the data pass its check, else fractional "
        f"logit. It took {time.perf_counter() - started:.0f} s.",
        rows=rows,
    )


if __name__ == "__main__":
    main()
