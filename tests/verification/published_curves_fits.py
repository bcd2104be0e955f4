"""The tables and the picture of five estimators of every published curve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from published_estimators import ESTIMATORS, PUBLISHED, Curves, Estimates, lapse, place_of, published_curves
from published_tables import PICTURES, RESAMPLES, canvas, interval, table

from spinodal.cli._progress import progress_bar
from spinodal.fitting import Counts
from spinodal.fitting._lack_of_fit import lack_of_fit
from spinodal.response import FloatArray

NAMES = list(ESTIMATORS)


def blocks_of_fits(folder: Path, draws: int) -> dict[str, str]:
    """The page's blocks, by name; the picture is left beside them."""
    curves = published_curves(folder)
    found: dict[str, Estimates] = {}
    with progress_bar("Fitting the published curves") as done:
        for name, estimate in ESTIMATORS.items():
            if estimate is lapse:
                fitted = 0

                def one_more() -> None:
                    nonlocal fitted
                    fitted += 1
                    done(0.1 + 0.8 * fitted / draws)

                found[name] = lapse(curves, draws, one_more)
            else:
                found[name] = estimate(curves, draws)
    picture_of_estimators(curves, found)
    return {
        "estimates": by_model(curves, found),
        "range": ranges(curves, found),
        "shares": pooled(curves, found),
        "disagreements": disagreements(curves, found),
    }


@dataclass(frozen=True)
class Told:
    """One number of one model by one estimator, with both of its intervals as draws."""

    value: float
    over_pairs: FloatArray
    over_replies: FloatArray | None

    def cell(self, percent: bool = False) -> str:
        if not np.isfinite(self.value):
            return "none"
        scale, digits = (100.0, 0) if percent else (1.0, 2)
        parts = [interval(scale * self.over_pairs, digits)]
        if self.over_replies is not None:
            parts.append(interval(scale * self.over_replies, digits))
        sign = "%" if percent else ""
        return f"{scale * self.value:.{digits}f}{sign} ({'; '.join(parts)})"


def told(one: Estimates, of: FloatArray) -> dict[str, Told]:
    """Median beta, median |h| and share inside of the curves numbered `of`."""
    chosen = np.random.default_rng(3).choice(of, (RESAMPLES, of.size))
    beta, h, inside = one.draws or (None, None, None)
    return {
        "beta": Told(
            float(np.median(one.beta[of])),
            np.median(one.beta[chosen], axis=1),
            None if beta is None else np.median(beta[:, of], axis=1),
        ),
        "h": Told(
            float(np.median(np.abs(one.h[of]))),
            np.median(np.abs(one.h[chosen]), axis=1),
            None if h is None else np.median(np.abs(h[:, of]), axis=1),
        ),
        "inside": Told(
            float(one.bistable[of].mean()),
            one.bistable[chosen].mean(axis=1),
            None if inside is None else inside[:, of].mean(axis=1),
        ),
    }


def by_model(curves: Curves, found: dict[str, Estimates]) -> str:
    rows = []
    for model, (beta, h, inside) in PUBLISHED.items():
        of = np.flatnonzero(curves.models == model)
        rows.append([f"{model}, {of.size} pairs", "reported", f"{beta:.2f}", f"{h:.2f}", f"{inside:.0%}"])
        for name, one in found.items():
            three = told(one, of)
            rows.append(
                ["", name, three["beta"].cell(), three["h"].cell(), three["inside"].cell(percent=True)]
            )
    return table(["model", "estimator", "median beta", "median \\|h\\|", "bistable"], rows)


def ranges(curves: Curves, found: dict[str, Estimates]) -> str:
    """All five estimators, and those that are not least squares, as the study's is."""
    rows = []
    count = {"all five": 0, "without least squares": 0}
    for model, reported in PUBLISHED.items():
        of = np.flatnonzero(curves.models == model)
        values = [
            [told(one, of)[number].value for one in found.values()] for number in ("beta", "h", "inside")
        ]
        for kind, first in zip(count, (0, 2), strict=True):
            cells = [model, kind]
            for value, many in zip(reported, values, strict=True):
                off, words = place_of(value, many[first:])
                count[kind] += off == 0.0
                cells.append(f"{value:.2f}: {words}")
            rows.append(cells)
    head = ["model", "estimators", "median beta", "median \\|h\\|", "share bistable"]
    numbers = ", ".join(f"{kind} {inside} of 15" for kind, inside in count.items())
    return f"Reported numbers inside the range: {numbers}.\n\n" + table(head, rows)


def pooled(curves: Curves, found: dict[str, Estimates]) -> str:
    """All curves; resampled are the pairs of options, each with all of its models."""
    topics = curves.topics
    number = topics.max() + 1
    random = np.random.default_rng(4)
    weight = random.multinomial(number, np.full(number, 1.0 / number), RESAMPLES)[:, topics]
    weight = weight / weight.sum(axis=1, keepdims=True)
    base = found["binomial likelihood"]
    rows = []
    for name, one in found.items():
        inside = one.bistable.astype(float)
        apart = inside - base.bistable
        replies = "" if one.draws is None else f"{interval(100.0 * one.draws[2].mean(axis=1), 1)}"
        rows.append(
            [
                name,
                f"{inside.mean():.1%}",
                interval(100.0 * weight @ inside, 1),
                replies or "not published",
                "" if one is base else f"{100 * apart.mean():+.1f} ({interval(100.0 * weight @ apart, 1)})",
                "" if one is base else f"{int(np.abs(apart).sum())}",
            ]
        )
    head = [
        "estimator",
        "bistable",
        "95% over pairs",
        "95% over replies",
        "minus binomial likelihood, points",
        "curves classed otherwise",
    ]
    return table(head, rows)


def disagreements(curves: Curves, found: dict[str, Estimates]) -> str:
    classes = np.array([one.bistable for one in found.values()])
    split = ~(classes.all(axis=0) | ~classes.any(axis=0))
    ours = {name: one for name, one in found.items() if one.draws is not None}
    p = {name: one.draws[2].mean(axis=0) for name, one in ours.items() if one.draws is not None}
    poor = np.array(
        [lack_of_fit(Counts(curves.m, a, b)) < 0.05 for a, b in zip(curves.a, curves.b, strict=True)]
    )
    sure = np.array([(of > 0.95).astype(int) - (of < 0.05) for of in p.values()])
    opposed = (sure.max(axis=0) == 1) & (sure.min(axis=0) == -1)
    rows = []
    for number in np.flatnonzero(split):
        names = curves.names.loc[number]
        cells = [names["model"], f"{names['option_a']} / {names['option_b']}"]
        for one in ours.values():
            if np.isfinite(one.beta[number]):
                cells.append(f"{one.beta[number]:.2f}, {one.h[number]:+.2f}")
        cells += [
            f"{'two' if one.bistable[number] else 'one'} ({p[name][number]:.2f})"
            for name, one in ours.items()
        ]
        cells.append("no" if poor[number] else "yes")
        rows.append(cells)
    head = ["model", "A / B"]
    head += [f"beta, h: {name}" for name, one in ours.items() if np.isfinite(one.beta).any()]
    head += [f"states: {name}" for name in ours]
    head.append("a tanh fits")
    same = int((found[NAMES[0]].bistable != found[NAMES[1]].bistable).sum())
    words = (
        f"{int(split.sum())} of {split.size} curves are classed differently by one estimator than by "
        f"another. On {int((split & opposed).sum())} of these that is beyond the error of the replies (one "
        "estimator has a probability above 0.95 of two states, another below 0.05). A tanh is refused at "
        f"0.05 by the lack-of-fit test on {int((split & poor).sum())} of the {int(split.sum())}, and on "
        f"{int(poor.sum())} of all {split.size}. The authors' least squares and ours part on {same}."
    )
    return words + "\n\n" + table(head, rows)


def picture_of_estimators(curves: Curves, found: dict[str, Estimates]) -> None:
    figure, panels = canvas(3, width=11.0, height=4.6)
    colours = ("#000000", "#0072B2", "#E69F00", "#009E73", "#CC79A7")
    titles = {"beta": "median conformity β", "h": "median |h|", "inside": "share bistable"}
    for axes, (number, title) in zip(panels, titles.items(), strict=True):
        for place, (model, reported) in enumerate(PUBLISHED.items()):
            of = np.flatnonzero(curves.models == model)
            value = dict(zip(titles, reported, strict=True))[number]
            axes.plot([value] * 2, [place - 0.42, place + 0.42], color="#888888", lw=5, alpha=0.5, zorder=0)
            for step, ((name, one), colour) in enumerate(zip(found.items(), colours, strict=True)):
                told_one = told(one, of)[number]
                if not np.isfinite(told_one.value):
                    continue
                at = place + 0.15 * (step - 2)
                low, high = np.nanquantile(told_one.over_pairs, [0.025, 0.975])
                axes.plot([low, high], [at, at], color=colour, lw=1.2)
                label = name if place == 0 else None
                axes.plot(told_one.value, at, "os^Dv"[step], color=colour, ms=5, label=label)
        axes.set_title(title, fontsize=11)
        axes.set_yticks(range(len(PUBLISHED)), list(PUBLISHED) if number == "beta" else [""] * len(PUBLISHED))
        axes.invert_yaxis()
        axes.grid(axis="x", color="#e6e6e6")
    handles, labels = panels[2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    figure.suptitle(
        "Grey: as the study reports it. Bars: 95% over pairs. The choice of estimator moves every number.",
        fontsize=10,
    )
    figure.savefig(PICTURES / "published-curves-estimators.png", dpi=110)
