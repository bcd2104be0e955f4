"""Recovery of (beta, h) from synthetic agents: do the 95% intervals cover the truth 95% of the time?

    python benchmarks/recovery.py [--agents 500] [--noise 1.0]

Agents are drawn from a smooth distribution that spans the fits of the conformity study (arXiv 2605.10721):
beta log-normal with median 2.5 and standard deviation 0.55 of its logarithm (the middle 90%: 1.0 to 6.2), h
normal about 0.3 with standard deviation 0.5. Those numbers were rounded from the quartiles of the study's
fits; no fit itself is used. An agent answers by sampled replies, or with log-odds whose shuffle noise has the
given standard deviation and leaves its population response an exact tanh (see `spinodal.agents.bridge`).

Each agent is asked by the adaptive design as shipped, optional stopping included, and by the study's grid. A
last row has Gaussian shuffle noise instead; the truth is then the tanh nearest to the agent's response.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from _results import write_results
from _synthetic import agent, follow, gaussian_agent
from spinodal.fitting import estimate_tanh
from spinodal.measure.designs import AdaptiveDesign, Design, Readout, StudyGrid

N_PEERS = 20


def draw_agents(count: int, generator: np.random.Generator) -> list[tuple[float, float]]:
    """(beta, h) of `count` agents."""
    beta = 2.5 * np.exp(0.55 * generator.standard_normal(count))
    h = 0.3 + 0.5 * generator.standard_normal(count)
    return [(float(one), float(other)) for one, other in zip(beta, h, strict=True)]


def recover(
    name: str, design: Design, readout: Readout, count: int, noise: float, *, gaussian: bool = False
) -> dict[str, object]:
    """Coverage over `count` agents, for one design and readout."""
    generator = np.random.default_rng(20_26)
    covered, identified, asked = [], [], []
    started = time.perf_counter()
    for beta, h in draw_agents(count, generator):
        answer, truth = agent(beta, h, readout, noise, generator), (beta, h)
        if gaussian:
            answer, *nearest = gaussian_agent(beta, h, noise, generator)
            truth = (nearest[0], nearest[1])
        for curve in follow(design, readout, answer, N_PEERS):
            last = curve
        found = estimate_tanh(last.observations)
        covered.append(
            [low <= at <= high for at, (low, high) in zip(truth, (found.beta_ci, found.h_ci), strict=True)]
        )
        identified.append(not found.note)
        asked.append(last.n_asked)
    inside, known = np.array(covered), np.array(identified)
    return {
        "design": name,
        "readout": readout,
        "agents": count,
        "calls (median)": int(np.median(asked)),
        "calls (mean)": round(float(np.mean(asked)), 1),
        "beta covered": round(float(inside[:, 0].mean()), 4),
        "h covered": round(float(inside[:, 1].mean()), 4),
        "flagged": round(float(1.0 - known.mean()), 4),
        "beta covered, identifiable": round(float(inside[known, 0].mean()), 4),
        "h covered, identifiable": round(float(inside[known, 1].mean()), 4),
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the intervals over synthetic agents.")
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--noise", type=float, default=1.0, help="shuffle noise in log-odds")
    arguments = parser.parse_args()
    rows = []
    for readout in ("sample", "logprob"):
        for name, design in (("adaptive", AdaptiveDesign()), ("study grid", StudyGrid())):
            rows.append(recover(name, design, readout, arguments.agents, arguments.noise))
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    rows.append(
        recover(
            "adaptive, Gaussian noise",
            AdaptiveDesign(),
            "logprob",
            arguments.agents,
            arguments.noise,
            gaussian=True,
        )
    )
    print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    error = np.sqrt(0.95 * 0.05 / arguments.agents)
    write_results(
        "recovery",
        "Recovery of (beta, h) from synthetic agents",
        command=f"python benchmarks/recovery.py --agents {arguments.agents} --noise {arguments.noise:g}",
        about=f"Share of agents whose 95% interval covers the truth (Monte Carlo error {error:.1%}); "
        f"{N_PEERS} peers, shuffle noise {arguments.noise:g} in log-odds. Infinite ends count as covering.",
        rows=rows,
    )


if __name__ == "__main__":
    main()
