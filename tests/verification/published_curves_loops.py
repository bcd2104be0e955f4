"""The tables and the picture of z_c on every published loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from published_estimators import PUBLISHED
from published_runs import AGENTS, Loop, published_loops
from published_tables import PICTURES, RESAMPLES, canvas, interval, table
from published_thresholds import (
    STUDY_LEVEL,
    acting,
    crossings,
    drifted,
    lived,
    monotone_table,
    tanh_fits,
    tanh_table,
    vanishing,
)

from spinodal.cli._progress import progress_bar
from spinodal.fitting import TanhEstimate
from spinodal.response import FloatArray

SIDES = ("forward (towards A)", "backward (towards B)")
LEAST = 0.05
"""Smallest mean-field z_c compared: the ratio to a smaller one says nothing."""


@dataclass(frozen=True)
class Readings:
    """z_c of every loop, both ways: shape (loops, 2) each, or (loops, 2, replicates)."""

    level: float
    observed: FloatArray
    mean_field: FloatArray
    """Of our (beta, h), swept infinitely slowly: where the other side's state ends."""
    predicted: dict[str, FloatArray]
    simulated: dict[str, FloatArray]
    """Single populations."""

    @property
    def chosen(self) -> Any:
        return np.isfinite(self.mean_field) & (self.mean_field >= LEAST)


def blocks_of_loops(folder: Path, populations: int) -> dict[str, str]:
    """The page's blocks, by name; the picture is left beside them."""
    loops = published_loops(folder)
    fits = tanh_fits(folder, loops)
    readings = both_readings(loops, fits, populations)
    models = np.array([loop.model for loop in loops])
    picture_of_thresholds(readings[0.0])
    return {
        "thresholds": lines(readings),
        "excess": excess(readings),
        "cutoff": cutoffs(readings[0.0]),
        "jumps": jumps(readings),
        "resting": resting(loops, readings[0.0].chosen),
        "excess-by-model": excess_by_model(readings[0.0], models),
        "calibration": calibration(readings[0.0], models),
    }


OBSERVED = "observed"
SLOW = "finite N alone: 50 agents, 25 sweeps a step"
RATE = {settle: f"finite rate alone: mean field, {settle} updates a step" for settle in (25, 50)}
BOTH = {settle: f"both: 50 agents, {settle} updates a step" for settle in (25, 50)}
TANH = {settle: f"both, by (beta, h): {settle} updates a step" for settle in (25, 50)}
"""Updates before the 25 that are recorded."""
PREDICTED = (SLOW, *RATE.values(), *BOTH.values(), *TANH.values())


Means = tuple[FloatArray, FloatArray]
"""Up and back, each of shape (..., Z)."""


def both_readings(
    loops: Sequence[Loop], fits: Sequence[TanhEstimate], populations: int
) -> dict[float, Readings]:
    """Every loop predicted once, and read at both levels."""
    levels = (0.0, STUDY_LEVEL)
    mean_field: list[FloatArray] = []
    read: dict[float, list[dict[str, FloatArray]]] = {level: [] for level in levels}
    with progress_bar("Predicting the published loops") as done:
        for number, (loop, fit) in enumerate(zip(loops, fits, strict=True)):
            tanh = tanh_table(np.array([fit.b0]), np.array([fit.beta]))
            mean_field.append(vanishing(tanh, loop.zealots.max() / AGENTS)[0])
            means = {OBSERVED: (loop.up, loop.down), **predictions(loop, number, tanh, populations)}
            for level in levels:
                read[level].append(
                    {name: crossings(loop.zealots, *ways, level) for name, ways in means.items()}
                )
            done((number + 1) / len(loops))
    return {
        level: Readings(
            level,
            np.array([one[OBSERVED] for one in read[level]]),
            np.array(mean_field),
            {name: np.array([one[name] for one in read[level]]) for name in PREDICTED},
            {name: np.array([one[runs_of(name)].T for one in read[level]]) for name in BOTH.values()},
        )
        for level in levels
    }


def predictions(loop: Loop, number: int, tanh: FloatArray, populations: int) -> dict[str, Means]:
    """By name: one loop each, and of single populations as many as asked."""
    measured = monotone_table(loop.curve.m, loop.curve.p)
    some = min(populations, len(loop.curve.draws))
    chosen = np.random.default_rng(number).choice(len(loop.curve.draws), some, replace=False)
    drawn = monotone_table(loop.curve.m, loop.curve.draws[chosen])
    means: dict[str, Means] = {SLOW: loop.predicted(25 * AGENTS, every=AGENTS)}
    for settle in (25, 50):
        up, down = drifted(measured, loop, settle)
        means[RATE[settle]] = up[0], down[0]
        means[BOTH[settle]] = loop.predicted(settle)
        means[TANH[settle]] = loop.predicted(settle, response=acting(tanh[0]))
        means[runs_of(BOTH[settle])] = lived(drawn, loop, settle, populations, [settle, number])
    return means


def runs_of(name: str) -> str:
    return f"{name}, single populations"


def resampled(loops: int) -> Any:
    return np.random.default_rng(5).integers(0, loops, (RESAMPLES, loops))


def of_sides(side: int | None, chosen: Any) -> Any:
    mask = np.zeros(2, dtype=bool)
    mask[[0, 1] if side is None else [side]] = True
    return chosen & mask


def lines(readings: dict[float, Readings]) -> str:
    """Correlation and line of observed on predicted z_c, where both are finite."""
    rows = []
    for level, one in readings.items():
        for side in (0, 1):
            for name, x in (
                ("mean field", one.mean_field),
                (BOTH[25], one.predicted[BOTH[25]]),
                (BOTH[50], one.predicted[BOTH[50]]),
            ):
                use = of_sides(side, one.chosen) & np.isfinite(one.observed) & np.isfinite(x)
                x_all, y_all = np.where(use, x, 0.0), np.where(use, one.observed, 0.0)
                value = line(x_all, y_all, use)
                many = np.array([line(x_all[of], y_all[of], use[of]) for of in resampled(len(use))[:1000]])
                rows.append(
                    [
                        "m = 0" if level == 0.0 else "∓0.7",
                        SIDES[side],
                        name,
                        f"{int(use.sum())}",
                        *(f"{value[k]:.2f} ({interval(many[:, k])})" for k in range(4)),
                    ]
                )
    head = ["read at", "way", "predicted by", "loops", "correlation", "slope", "intercept", "slope through 0"]
    return table(head, rows)


def line(x: FloatArray, y: FloatArray, use: Any) -> FloatArray:
    x, y = x[use], y[use]
    slope, intercept = np.polyfit(x, y, 1)
    return np.array([np.corrcoef(x, y)[0, 1], slope, intercept, (x * y).sum() / (x * x).sum()])


def ratio(values: FloatArray, one: Readings, use: Any) -> float:
    """Median of z_c over the mean field's; a threshold beyond the sweep counts as above all others."""
    return float(np.median(values[use] / one.mean_field[use]))


def excess(readings: dict[float, Readings]) -> str:
    """The median ratio to the mean field, and that of the chain: all thresholds, and by way."""
    zero, study = readings[0.0], readings[STUDY_LEVEL]
    kinds = (
        ("m = 0", zero, zero.chosen),
        ("∓0.7", study, study.chosen),
        ("∓0.7, where it is passed", study, study.chosen & np.isfinite(study.observed)),
    )
    rows = []
    for label, one, chosen in kinds:
        for side in (None, 0, 1):
            use = of_sides(side, chosen)
            cells = [label, "both" if side is None else SIDES[side], f"{int(use.sum())}"]
            cells.append(ratio_cell(one.observed, one, use))
            cells += [f"{ratio(one.predicted[name], one, use):.2f}" for name in (SLOW, RATE[25], RATE[50])]
            for settle in (25, 50):
                cells.append(simulated_cell(one, BOTH[settle], use))
                cells.append(f"{ratio(one.predicted[TANH[settle]], one, use):.2f}")
                cells.append(explained_cell(one, BOTH[settle], use))
            rows.append(cells)
    head = ["read at", "way", "thresholds", "observed", "N = 50 alone, 25 sweeps a step"]
    head += [f"rate alone, {settle} updates" for settle in (25, 50)]
    for settle in (25, 50):
        head += [f"both, {settle} updates", f"both, {settle}, by beta and h", f"explained, {settle}"]
    return table(head, rows)


def jumps(readings: dict[float, Readings]) -> str:
    """Zealots per agent between the passage of -0.7 (0.7 on the way back) and that of 0."""
    zero, study = readings[0.0], readings[STUDY_LEVEL]
    with np.errstate(invalid="ignore"):
        seen = (zero.observed - study.observed)[zero.chosen]
        many = {
            settle: (zero.simulated[BOTH[settle]] - study.simulated[BOTH[settle]])[zero.chosen]
            for settle in (25, 50)
        }
    random = np.random.default_rng(8)
    rows = []
    for name, values in (("observed", seen), *((f"simulated, {k} updates", v) for k, v in many.items())):
        kept = values[np.isfinite(values)]
        if name == "observed":
            spread = np.median(random.choice(kept, (RESAMPLES, kept.size)), axis=1)
        else:
            spread = np.nanmedian(np.where(np.isfinite(values), values, np.nan), axis=0)
        rows.append([name, f"{np.median(kept):.3f} ({interval(spread, 3)})"])
    return table(["loops", "median, zealots per agent"], rows)


def cutoffs(one: Readings) -> str:
    """The ratios at m = 0 for other least thresholds than `LEAST`."""
    rows = []
    for least in (0.02, LEAST, 0.1, 0.2):
        use = np.isfinite(one.mean_field) & (one.mean_field >= least)
        cells = [f"{least:g}", f"{int(use.sum())}", ratio_cell(one.observed, one, use)]
        for settle in (25, 50):
            cells += [simulated_cell(one, BOTH[settle], use), explained_cell(one, BOTH[settle], use)]
        rows.append(cells)
    head = ["mean-field z_c of at least", "thresholds", "observed"]
    for settle in (25, 50):
        head += [f"both, {settle} updates", f"explained, {settle}"]
    return table(head, rows)


def resting(loops: Sequence[Loop], chosen: Any) -> str:
    """m of the state against the zealots to come, where none are there yet: mean over the thresholds."""
    ways = {"observed": [(loop.up, loop.down) for loop in loops]}
    ways |= {f"expected, {settle} updates": [loop.predicted(settle) for loop in loops] for settle in (25, 50)}
    rows = []
    for name, means in ways.items():
        m = np.array(
            [
                [up[loop.zealots == 0][0], -down[loop.zealots == 0][0]]
                for loop, (up, down) in zip(loops, means, strict=True)
            ]
        )
        many = [m[of][chosen[of]].mean() for of in resampled(len(loops))]
        rows.append([name, f"{m[chosen].mean():.3f} ({interval(np.array(many), 3)})"])
    return table(["loops", "mean m without zealots, seen from the side that is to be left"], rows)


def ratio_cell(values: FloatArray, one: Readings, use: Any) -> str:
    many = [ratio_of(values, one, use, of) for of in resampled(len(use))]
    return f"{ratio(values, one, use):.2f} ({interval(np.array(many))})"


def ratio_of(values: FloatArray, one: Readings, use: Any, of: Any) -> float:
    return float(np.median(values[of][use[of]] / one.mean_field[of][use[of]]))


def simulated_ratios(one: Readings, name: str, use: Any) -> FloatArray:
    many = one.simulated[name]  # (loops, 2, replicates)
    return np.asarray(np.median(many[use] / one.mean_field[use][:, None], axis=0))


def simulated_cell(one: Readings, name: str, use: Any) -> str:
    many = simulated_ratios(one, name, use)
    return f"{np.mean(many):.2f} ({interval(many)})"


def explained_cell(one: Readings, name: str, use: Any) -> str:
    """Share of the observed excess that the chain gives; loops and populations resampled together."""
    many = one.simulated[name]
    random = np.random.default_rng(6)
    pairs = []
    for of in resampled(len(use)):
        run = many[..., random.integers(many.shape[-1])]
        pairs.append((ratio_of(run, one, use, of) - 1.0, ratio_of(one.observed, one, use, of) - 1.0))
    predicted, seen = np.array(pairs).T
    if np.quantile(seen, 0.025) <= 0.0:
        return "no excess to explain"
    shares = predicted / seen
    value = (np.mean(simulated_ratios(one, name, use)) - 1.0) / (ratio(one.observed, one, use) - 1.0)
    if value <= 0.0:
        return "none of it"
    return f"{value:.0%} ({100 * np.quantile(shares, 0.025):.0f} to {100 * np.quantile(shares, 0.975):.0f})"


def excess_by_model(one: Readings, models: Any) -> str:
    rows = []
    for model in PUBLISHED:
        use = one.chosen & (models == model)[:, None]
        both = use & np.isfinite(one.observed)
        r = np.corrcoef(one.mean_field[both], one.observed[both])[0, 1]
        rows.append(
            [
                model,
                f"{int((models == model).sum())}",
                f"{int(use.sum())}",
                f"{r:.2f}",
                *(ratio_cell_within(one, use & of_sides(side, one.chosen)) for side in (None, 0, 1)),
                *(simulated_cell(one, BOTH[settle], use) for settle in (25, 50)),
                *(explained_cell_within(one, BOTH[settle], use) for settle in (25, 50)),
            ]
        )
    head = [
        "model",
        "loops",
        "thresholds",
        "correlation with the mean field",
        "observed",
        "observed, forward",
        "observed, backward",
        "both, 25 updates",
        "both, 50 updates",
        "explained, 25 updates",
        "explained, 50 updates",
    ]
    return table(head, rows)


def ratio_cell_within(one: Readings, use: Any) -> str:
    rows = np.flatnonzero(use.any(axis=1))
    part = restricted(one, rows)
    return ratio_cell(part.observed, part, use[rows])


def explained_cell_within(one: Readings, name: str, use: Any) -> str:
    rows = np.flatnonzero(use.any(axis=1))
    return explained_cell(restricted(one, rows), name, use[rows])


def restricted(one: Readings, rows: Any) -> Readings:
    return Readings(
        one.level,
        one.observed[rows],
        one.mean_field[rows],
        {name: values[rows] for name, values in one.predicted.items()},
        {name: values[rows] for name, values in one.simulated.items()},
    )


def calibration(one: Readings, models: Any) -> str:
    """How often the observed z_c lies in the central 95% (and the central half) of its simulated ones."""
    rows = []
    for model in ("all", *PUBLISHED):
        use = one.chosen & ((models == model) | (model == "all"))[:, None]
        cells = [model, f"{int(use.sum())}"]
        for settle in (25, 50):
            many, seen = one.simulated[BOTH[settle]][use], one.observed[use][:, None]
            level = (many < seen).mean(axis=1) + 0.5 * (many == seen).mean(axis=1)
            inside = (level >= 0.025) & (level <= 0.975)
            cells.append(f"{inside.mean():.0%}")
            cells.append(f"{((level >= 0.25) & (level <= 0.75)).mean():.0%}")
            cells.append(f"{(level > 0.5).mean():.0%}")
        rows.append(cells)
    head = ["model", "thresholds"]
    for settle in (25, 50):
        head += [f"{where}, {settle} updates" for where in ("in 95%", "in half", "above the middle")]
    return table(head, rows)


def picture_of_thresholds(one: Readings) -> None:
    figure, (left, right) = canvas(2, width=11.0, height=5.0)
    for side, marker, colour in ((0, "^", "#0072B2"), (1, "v", "#D55E00")):
        use = of_sides(side, one.chosen) & np.isfinite(one.observed)
        left.plot(
            one.mean_field[use], one.observed[use], marker, color=colour, alpha=0.55, mec="none", ms=5,
            label=SIDES[side],
        )  # fmt: skip
    left.axline((0, 0), slope=1, color="#6b6b6b", lw=1)
    everything = one.chosen
    left.axline(
        (0, 0), slope=ratio(one.observed, one, everything), color="#000000", lw=1.2, ls="--",
        label=f"median ratio {ratio(one.observed, one, everything):.2f}",
    )  # fmt: skip
    left.set(
        xlim=(0, 0.9), ylim=(-0.05, 0.9),
        xlabel="$z_c$ of the mean field by our β and h, zealots per agent",
        ylabel="$z_c$ observed: where the loop's m passes 0",
        title="Published loops hold out longer than the mean field says",
    )  # fmt: skip
    left.legend(frameon=False, fontsize=9, loc="lower right")
    names = {
        "observed": None,
        "both: 50 agents, 25 updates a step": BOTH[25],
        "both: 50 agents, 50 updates a step": BOTH[50],
        "finite rate alone, 25 updates a step": RATE[25],
        "finite rate alone, 50 updates a step": RATE[50],
        "finite N alone, 25 sweeps a step": SLOW,
    }
    for place, name in enumerate(names.values()):
        for side, colour, shift in ((0, "#0072B2", -0.12), (1, "#D55E00", 0.12)):
            use = of_sides(side, one.chosen)
            values = one.observed if name is None else one.predicted[name]
            if name in one.simulated:
                many = simulated_ratios(one, name, use)
                middle = float(np.mean(many))
            else:
                middle = ratio(values, one, use)
                many = np.array([ratio_of(values, one, use, of) for of in resampled(len(use))[:1000]])
            low, high = np.quantile(many, [0.025, 0.975])
            if name is None:
                right.axvspan(low, high, color=colour, alpha=0.12, lw=0)
            right.plot([low, high], [place + shift] * 2, color=colour, lw=1.5)
            right.plot(middle, place + shift, "^v"[side], color=colour, ms=6)
    right.axvline(1.0, color="#6b6b6b", lw=1)
    right.set_yticks(range(len(names)), list(names))
    right.invert_yaxis()
    right.set(
        xlabel="median of $z_c$ over the mean field's (95%)",
        title="Where the excess comes from",
    )
    figure.savefig(PICTURES / "published-curves-thresholds.png", dpi=110)
