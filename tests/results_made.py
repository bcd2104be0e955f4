"""Results for tests of figures and pages: curves, loops and populations of known laws, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spinodal.pairs import OptionPair
from spinodal.response import TanhResponse
from spinodal.results import Results
from spinodal.tables import LOOP_COLUMNS, OBSERVATION_COLUMNS, PATH_COLUMNS, TIPPING_COLUMNS
from spinodal.theory import Chain, Stage
from spinodal.theory import hysteresis as exact_loop

STUDY_GRID = (48, 45, 40, 30, 27, 23, 20, 10, 5, 2)
"""A's shown of 50 entries, as in the conformity study."""
FIXED = {
    "readout": "sample",
    "log_odds": np.nan,
    "shuffle_seed": 0,
    "count_invalid": 0,
    "listed": "",
    "template": "study",
    "censored": False,
    "refused": False,
    "reply": "",
    "calls": 0,
    "input_tokens": 0,
    "output_tokens": 0,
    "seconds": 0.0,
    "cost": np.nan,
}


def pairs_made(number: int, *, aligned: bool = False) -> dict[str, OptionPair]:
    """So many pairs, `pair-0` and on."""
    made = [OptionPair(f"pair-{n}", "made", f"for {n}", f"against {n}", aligned) for n in range(number)]
    return {pair.id: pair for pair in made}


def laws_made(
    agents: Mapping[str, tuple[float, float]], number: int, seed: int = 0
) -> dict[str, list[TanhResponse]]:
    """For each agent so many responses about its (beta, size of h); the pairs' leanings are shared by all."""
    random = np.random.default_rng(seed)
    leaning = random.normal(size=number)
    return {
        agent: [
            TanhResponse(
                beta * float(np.exp(0.25 * random.normal())),
                size * float(0.8 * leaning[n] + 0.6 * random.normal()) / 0.67,
            )
            for n in range(number)
        ]
        for agent, (beta, size) in agents.items()
    }


def counted(
    agent: str,
    pair: OptionPair,
    law: TanhResponse,
    *,
    replies: int = 100,
    n_peers: int = 50,
    temperature: float = 0.2,
    template: str = "study",
    random: np.random.Generator | None = None,
) -> list[dict[str, Any]]:
    """A curve of counts: a row a point; the expected counts where no chance is given."""
    rows = []
    for of_50 in STUDY_GRID:
        n_a = round(of_50 / 50 * n_peers)
        m = (2 * n_a - n_peers) / n_peers
        p = float(law(m))
        count = round(replies * p) if random is None else int(random.binomial(replies, p))
        rows.append(
            {
                **FIXED,
                "model": agent,
                "agent": agent,
                "pair": pair.id,
                "option_a": pair.option_a,
                "option_b": pair.option_b,
                "n_peers": n_peers,
                "n_a": n_a,
                "m": m,
                "temperature": temperature,
                "template": template,
                "decided_mass": 1.0,
                "n_samples": replies,
                "count_a": count,
                "count_b": replies - count,
                "draw": len(rows),
            }
        )
    return rows


def told(
    agent: str,
    pair: OptionPair,
    law: TanhResponse,
    *,
    prompts: int = 4,
    n_peers: int = 20,
    scatter: float = 0.3,
    seed: int = 0,
    temperature: float = 1.0,
    template: str = "minimal",
) -> list[dict[str, Any]]:
    """A curve of log-odds at temperature 1, where the law holds: a row a prompt."""
    random = np.random.default_rng(seed)
    rows = counted(agent, pair, law, n_peers=n_peers, temperature=temperature, template=template)
    return [
        {
            **row,
            "readout": "logprob",
            "listed": ("ab", "ba")[number % 2],
            "log_odds": float(law.log_odds(row["m"])) + scatter * random.normal(),
            "n_samples": 0,
            "count_a": 0,
            "count_b": 0,
        }
        for row in rows
        for number in range(prompts)
    ]


def loop_rows(
    agent: str,
    pair: OptionPair,
    law: TanhResponse,
    *,
    agents: int = 50,
    most: int = 30,
    trajectory: int = 0,
    temperature: float = 0.2,
) -> list[dict[str, Any]]:
    """The expected loop of a population, swept slowly."""
    loop = exact_loop(law, agents, most, settle=5.0, sample=5)
    common = _common(agent, pair, agents) | {"temperature": temperature}
    return [
        {**common, "trajectory": trajectory, "zealots": int(z), "m_up": float(up), "m_down": float(down)}
        for z, up, down in zip(loop.zealots, loop.up, loop.down, strict=True)
    ]


def path_rows(
    agent: str,
    pair: OptionPair,
    law: TanhResponse,
    *,
    m0: Sequence[float] = (-0.8, 0.0, 0.8),
    agents: int = 50,
    sweeps: int = 10,
    runs: int = 5,
    stages: Sequence[Stage] = (),
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Populations lived update by update, recorded every sweep."""
    random = np.random.default_rng(seed)
    rows, trajectory = [], 0
    for start in m0:
        for _ in range(runs):
            k = round(agents * (1 + start) / 2)
            for sweep, stage in enumerate([Stage(0.0), *(stages or [Stage(1.0)] * sweeps)]):
                up, down = (
                    np.exp(rate) for rate in Chain(law, agents, stage.zealots_a, stage.zealots_b).log_rates
                )
                for _ in range(round(stage.sweeps * agents)):
                    chance = random.random()
                    k += int(chance < up[k]) - int(chance > 1.0 - down[k])
                rows.append(
                    {
                        **_common(agent, pair, agents),
                        "m0": start,
                        "trajectory": trajectory,
                        "sweep": float(sweep),
                        "m": 2.0 * k / agents - 1.0,
                        "stopped": False,
                    }
                )
            trajectory += 1
    return rows


def tipping_rows(
    agent: str,
    pair: OptionPair,
    law: TanhResponse,
    zealots: int,
    *,
    runs: int = 3,
    agents: int = 50,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Populations that zealots for B join after 5 sweeps, for 10, and leave; 10 sweeps more."""
    stages = [Stage(1.0, zealots_b=zealots if 5 <= sweep < 15 else 0) for sweep in range(25)]
    rows = path_rows(agent, pair, law, m0=[0.6], agents=agents, runs=runs, stages=stages, seed=seed)
    return [
        {name: value for name, value in row.items() if name not in ("m0", "stopped")}
        | {
            "zealots": zealots,
            "toward": "B",
            "zealots_from": 5.0,
            "zealots_until": 15.0,
            "sweep": int(row["sweep"]),
        }
        for row in rows
    ]


def results(
    observations: Sequence[Mapping[str, Any]] = (),
    *,
    loops: Sequence[Mapping[str, Any]] = (),
    tippings: Sequence[Mapping[str, Any]] = (),
    paths: Sequence[Mapping[str, Any]] = (),
    pairs: Mapping[str, OptionPair] | None = None,
    **more: Any,
) -> Results:
    """Results of these rows."""
    return Results(
        path=Path("made"),
        name="made",
        observations=pd.DataFrame(observations, columns=list(OBSERVATION_COLUMNS)),
        loops=pd.DataFrame(loops, columns=list(LOOP_COLUMNS)),
        tippings=pd.DataFrame(tippings, columns=list(TIPPING_COLUMNS)),
        paths=pd.DataFrame(paths, columns=list(PATH_COLUMNS)),
        pairs=pairs or {},
        **more,
    )


def _common(agent: str, pair: OptionPair, agents: int) -> dict[str, Any]:
    return {
        "agent": agent,
        "model": agent,
        "pair": pair.id,
        "option_a": pair.option_a,
        "option_b": pair.option_b,
        "agents": agents,
        "temperature": 0.2,
    }
