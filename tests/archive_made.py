"""Small folders in the layouts of the published archive, with invented numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

GRID = (0.92, 0.8, 0.6, 0.2, 0.08, -0.08, -0.2, -0.6, -0.8, -0.92)
HEADER = "m0,count_A,count_B,probability,standard_error"
PAIRS = (("rain", "sun"), ("night trains", "night flights"), ("pro-tea", "pro-coffee (strong)"))
COUNTS = ((97, 3), (95, 5), (90, 9), (66, 33), (55, 45), (47, 50), (40, 60), (14, 86), (6, 94), (3, 97))


def curve_text(
    grid: Sequence[float] = GRID, counts: Sequence[tuple[int, int]] = COUNTS, *, header: bool = True
) -> str:
    """A response curve: with a first line and counts as decimals, or without and as whole numbers."""
    lines = [HEADER] if header else []
    for m, (a, b) in zip(grid, counts, strict=True):
        p = a / (a + b) if a + b else 0.0
        error = (p * (1 - p) / max(a + b, 1)) ** 0.5
        lines.append(f"{m:.6f},{a}.0,{b}.0,{p:.6f},{error:.6f}" if header else f"{m},{a},{b},{p},{error}")
    return "\n".join(lines) + "\n"


def loop_text(
    pair: tuple[str, str] = PAIRS[0],
    zealots: Sequence[int] = range(-4, 5),
    *,
    cycles: int = 1,
    temperature: float | None = 0.2,
) -> str:
    """A hysteresis file: in cycle c m_up is z/10 - c/100, and m_down z/10 + c/100."""
    names = ["stubborn_count", "field", "magnetization_forward", "error_forward"]
    names += ["magnetization_backward", "error_backward"]
    if cycles > 1:
        names += [f"magnetization_{way}_c{c + 1}" for way in ("forward", "backward") for c in range(cycles)]
    told = [f"# Opinion A: {pair[0]}", f"# Opinion B: {pair[1]}", "# N_regular: 50"]
    told += [] if temperature is None else [f"# Temperature: {temperature}"]
    lines = ["# Hysteresis Cycle Data", *told, f"# Cycles: {cycles}", ",".join(names)]
    for z in zealots:
        row = [str(z), f"{z / 54:.6f}", f"{z / 10:.6f}", "0.0", f"{z / 10:.6f}", "0.0"]
        if cycles > 1:
            row += [f"{z / 10 + sign * c / 100:.6f}" for sign in (-1, 1) for c in range(cycles)]
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def tipping_object(pair: tuple[str, str] = PAIRS[0], zealots: int = 30) -> dict[str, object]:
    """Two populations over 2 + 3 + 2 sweeps, 30 zealots for B in the middle."""
    traces = [[0.7, 0.8, 0.5, -0.1, -0.6, -0.9, -1.0], [0.6, 0.8, 0.4, 0.0, -0.5, -0.8, -0.9]]
    return {
        "opinion_A": pair[0], "opinion_B": pair[1], "label": pair[0], "model_id": "maker/model-7b-it",
        "N_regular": 50, "N_stubborn_B": zealots, "frac_A_init": 0.8, "steps_per_block": 50,
        "n_blocks_before": 2, "n_blocks_during": 3, "n_blocks_after": 2, "t1": 2, "t2": 5,
        "n_runs": 2, "trajectories": traces, "mean": traces[0], "std": [0.0] * 7,
    }  # fmt: skip


def paths_object() -> dict[str, object]:
    """Two populations from -0.8, one of which comes to a consensus after four updates, and one from 0.2."""
    still = [[update, -0.8] for update in range(501)]
    short = [[0, -0.8], [1, -0.84], [2, -0.92], [3, -0.96], [4, -1.0]]
    return {
        "-0.8": {"Na_init": 5, "m0_actual": -0.8, "histories": [short, still]},
        "0.2": {"Na_init": 30, "m0_actual": 0.2, "histories": [[[0, 0.2], [1, 0.24]]]},
    }


def write(root: Path) -> Path:
    """An archive with every layout: two models, three pairs and an option that no list names."""

    def put(path: str, text: str) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    put("README.md", "# Replication\n")
    put("figures/plot.py", "print()\n")
    put("opinion_pairs.csv", "Opinion_A,Opinion_B\n" + "".join(f"{a},{b}\n" for a, b in PAIRS))
    open_model, closed = "data/model-7b-it", "data/closed-mini"
    curves = f"{open_model}/results_batched_vllm/N=50/transition_prob_50_0.2_"
    put(f"{curves}rain.txt", curve_text())
    put(f"{curves}pro-tea.txt", curve_text((1.0, *GRID, -1.0), ((100, 0), *COUNTS, (0, 92))))
    put(f"{curves}winter.txt", curve_text())
    closed_curves = f"{closed}/results_batched_vllm/N=50/transition_prob_50_opinions_"
    put(f"{closed_curves}night_trains.txt", curve_text(header=False))
    put(f"{closed_curves}pro-tea.txt", curve_text(header=False))
    added = f"{closed}/results_batched_vllm_explicit_v2/N=50/transition_prob_50_opinions_"
    lines = curve_text().splitlines()
    invalid = [lines[0].replace("count_B,", "count_B,invalid,")]
    for line, (a, b) in zip(lines[1:], COUNTS, strict=True):
        fields = line.split(",")
        invalid.append(",".join([*fields[:3], str(100 - a - b), *fields[3:]]))
    put(f"{added}rain.txt", "\n".join(invalid) + "\n")
    put("data/wording_variants/model-7b-it/stance/transition_prob_50_0.2_rain.txt", curve_text())
    checks = "data/results_robustness"
    put(f"{checks}/model-7b-it/vary_temperature/rain_vs_sun/T0.5_N50_pv0.txt", curve_text())
    put(f"{checks}/model-7b-it/vary_prompt/rain_vs_sun/T0.2_N50_pv4.txt", curve_text())
    small = (0.9, 0.8, 0.6, 0.2, 0.1, -0.1, -0.2, -0.6, -0.8, -0.9)
    tag = "night_trains_vs_night_flights"
    put(f"{checks}/closed-mini/vary_system_size/{tag}/T0.2_N20_pv0.txt", curve_text(small))
    put(f"{open_model}/results_hysteresis_vllm/N=50/hysteresis_rain_vs_sun_T0.20.txt", loop_text(cycles=3))
    put(
        f"{closed}/results_hysteresis_openai/N=50/hysteresis_night trains_vs_night flights.txt",
        loop_text(PAIRS[1], range(-6, 7, 2), temperature=None),
    )
    both = loop_text().replace("stubborn_count,", "N_stubborn_A,N_stubborn_B,")
    put(f"{open_model}/results_hysteresis_constant_size_vllm/N=80/hysteresis_rain_vs_sun_T0.20.txt", both)
    put(
        f"{open_model}/results_tipping_point/tipping_rain_Ns30_T0.20.json",
        json.dumps(tipping_object(), indent=2),
    )
    put(f"{open_model}/rain/simulation_data_N50_T10.json", json.dumps(paths_object(), indent=2))
    put(
        "data/analysis_results_v2/all_fits_combined.csv",
        "Model,Size,Opinion_A,Opinion_B,beta,h,delta_P,MSE,R_squared,Filepath\n"
        "model-7b-it,50,rain,sun,2.5,0.125,0.0001,0.001,0.99,x.txt\n"
        "model-7b-it,50,winter,Unknown,1.5,-0.25,0.0001,0.001,0.98,x.txt\n",
    )
    return root


TIDY = {
    "response_curves.csv": [
        "model,option_a,option_b,n_agents,temperature,m,count_a,count_b,main_set",
        *(f"model-7b,rain,sun,50,0.2,{m},{a},{b},True" for m, (a, b) in zip(GRID, COUNTS, strict=True)),
        *(f"closed,winter,Unknown,50,,{m},{a},{b},False" for m, (a, b) in zip(GRID, COUNTS, strict=True)),
    ],
    "fits.csv": [
        "model,option_a,option_b,beta,h,r_squared,main_set",
        "model-7b,rain,sun,2.5,0.125,0.99,True",
    ],
    "hysteresis.csv": [
        "model,option_a,option_b,n_regular,cycles,stubborn_signed,m_forward,m_backward",
        *(f"model-7b,rain,sun,50,3,{z},{z / 10},{z / 10}" for z in range(-4, 5, 2)),
        *(f"model-7b,rain,sun,50,3,{z},{z / 10},{z / 10}" for z in range(-2, 3)),
    ],
    "tipping_model-7b.csv": [
        "option_a,option_b,n_regular,n_stubborn_b,frac_a_init,stubborn_from,stubborn_until,run,sweep,m_mean",
        *(f"rain,sun,50,30,0.8,1,2,{run},{sweep},{0.5 - sweep / 10}" for run in (0, 1) for sweep in range(4)),
    ],
    "trajectories_model-7b_rain.csv": [
        "m0,run,update,m",
        *(f"-0.8,0,{update},{-0.8}" for update in range(0, 501, 10)),
        *(f"0.2,0,{update},{0.2 + update / 100}" for update in range(0, 41, 10)),
    ],
}


def write_tidy(root: Path) -> Path:
    """The tidy layout of the same."""
    root.mkdir(parents=True, exist_ok=True)
    for name, lines in TIDY.items():
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root
