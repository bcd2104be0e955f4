"""Response curves: how many of the replies at each magnetization took A.

Three layouts of one table: with a first line that names the columns `m0, count_A, count_B, probability,
standard_error`, in places a column `invalid` too; and the same five columns without it. The file's name tells
the entries shown, the temperature and option A; the folders tell the model and the experiment.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from spinodal.archive._faults import Fault
from spinodal.archive._source import SourceFile
from spinodal.archive._text import number, require_opposites, whole

REPLIES: Final = 100
"""Replies that the study asked for at each magnetization."""

MAIN: Final = "main"

_COLUMNS: Final = ("m0", "count_A", "count_B", "probability", "standard_error")
_BY_OPTION: Final = re.compile(r"transition_prob_(\d+)_(opinions|\d+(?:\.\d+)?)_(.+)\.txt")
_ROBUSTNESS: Final = re.compile(r"T([\d.]+)_N(\d+)_pv(\d+)\.txt")
_VARIED: Final = re.compile(r"vary_(.+)")
_RESULTS: Final = re.compile(r"results_batched(?:_vllm)?(?:_(.+))?")
_WORDINGS: Final = re.compile(r"wording_variants")
_FRAMINGS: Final = ("original", "peer", "survey", "discussion", "minimal")
"""Prompt variants pv0, pv1, ... of the robustness checks."""


@dataclass(frozen=True)
class Curve:
    """One file, read. Option B is "" where neither the name nor the folder tells it."""

    model: str
    option_a: str
    option_b: str
    n_peers: int
    temperature: float
    """NaN where the provider's own was used."""
    template: str
    set: str
    m: list[float]
    n_a: list[int]
    count_a: list[int]
    count_b: list[int]
    count_invalid: list[int]


def is_of_revision(file: SourceFile) -> bool:
    """Whether it belongs to the experiments that the paper's revision added."""
    results = _RESULTS.fullmatch(file.folder_after(_RESULTS))
    return bool(results and results.group(1)) or _WORDINGS.pattern in file.where


def read_curve(file: SourceFile) -> Curve:
    """Read a curve.

    Raises:
        Fault: a line that is not what it should be, or lines that are missing.
    """
    model, option_a, option_b, n_peers, temperature, template, of = _told_by_path(file)
    m: list[float] = []
    counts: list[tuple[int, int, int | None]] = []
    told: list[tuple[int, str, float]] = []
    lines = file.text.splitlines()
    names: tuple[str, ...] = _COLUMNS
    for line, text in enumerate(lines, start=1):
        fields = [field.strip() for field in text.split(",")]
        if line == 1 and fields[0] == _COLUMNS[0]:
            names = _named(fields)
            continue
        if not text.strip():
            continue
        if len(fields) != len(names):
            raise Fault(line, f"holds {len(fields)} of the {len(names)} fields {', '.join(names)}")
        row = dict(zip(names, fields, strict=True))
        m.append(_level(row["m0"], line, n_peers, m))
        invalid = whole(row["invalid"], line, "invalid", 0) if "invalid" in row else None
        a, b = (whole(row[name], line, name, 0) for name in ("count_A", "count_B"))
        counts.append((a, b, invalid))
        if "probability" in row and a + b:
            told.append((line, row["probability"], number(row["probability"], line, "probability", 0.0, 1.0)))
            if "standard_error" in row:
                number(row["standard_error"], line, "standard_error", 0.0)
        elif "probability" in row:
            told.append((line, row["probability"], math.nan))
    if not m:
        raise Fault(max(len(lines), 1), "holds no magnetization; the file is empty or was cut short")
    file.require_end()
    require_opposites(m, len(lines), "a row for m =")
    asked = max(REPLIES, *(a + b + (invalid or 0) for a, b, invalid in counts))
    for (line, text, p), (a, b, _) in zip(told, counts, strict=False):
        # Some of the files divide by the valid replies, some by all.
        if p == p and min(abs(p - a / (a + b)), abs(p - a / asked)) > 1e-3:
            raise Fault(line, f"probability {text} does not go with {a} replies for A and {b} for B")
    return Curve(
        model=model,
        option_a=option_a,
        option_b=option_b,
        n_peers=n_peers,
        temperature=temperature,
        template=f"published-{template}",
        set=of,
        m=m,
        n_a=[round((value + 1.0) / 2.0 * n_peers) for value in m],
        count_a=[a for a, _, _ in counts],
        count_b=[b for _, b, _ in counts],
        count_invalid=[max(asked - a - b, 0) if invalid is None else invalid for a, b, invalid in counts],
    )


def _named(fields: list[str]) -> tuple[str, ...]:
    for name in _COLUMNS[:3]:
        if name not in fields:
            raise Fault(1, f"the first line names no column {name}; it should name {', '.join(_COLUMNS)}")
    return tuple(fields)


def _level(text: str, line: int, n_peers: int, before: list[float]) -> float:
    m = number(text, line, "m0", -1.0, 1.0)
    held = (m + 1.0) / 2.0 * n_peers
    if abs(held - round(held)) > 0.01:
        raise Fault(line, f"m0 is {text}, which {n_peers} entries cannot show")
    if m in before:
        raise Fault(line, f"m0 = {text} comes a second time, first on line {before.index(m) + 1}")
    return m


def _told_by_path(file: SourceFile) -> tuple[str, str, str, int, float, str, str]:
    """Model, options, entries shown, temperature, template and set."""
    name = file.path.name
    if found := _ROBUSTNESS.fullmatch(name):
        temperature, entries, variant = found.groups()
        option_a, _, option_b = (file.where[-1] if file.where else "").partition("_vs_")
        experiment = file.folder_after(_VARIED)
        model = file.folder_after(_VARIED, 1)
        if not (model and option_b):
            raise Fault(1, "lies in no folder MODEL/vary_EXPERIMENT/A_vs_B, which would tell what it is of")
        of = experiment.removeprefix("vary_").replace("_", "-")
        template = _FRAMINGS[int(variant)] if int(variant) < len(_FRAMINGS) else f"variant-{variant}"
        first, second = (text.replace("_", " ") for text in (option_a, option_b))
        return model, first, second, int(entries), float(temperature), template, of
    found = _BY_OPTION.fullmatch(name)
    if found is None:
        raise Fault(1, "its name does not tell the entries shown, the temperature and option A")
    entries, temperature, option = found.groups()
    asked = math.nan if temperature == "opinions" else float(temperature)
    option = option.replace("_", " ").strip()
    if model := file.folder_after(_RESULTS, 1):
        results = _RESULTS.fullmatch(file.folder_after(_RESULTS))
        further = results.group(1) if results else None
        of = further.replace("_", "-") if further else MAIN
        template = of if further else "original"
    elif len(file.where) > 2 and _WORDINGS.fullmatch(file.where[-3]):
        model, of, template = file.where[-2], "wording", f"wording-{file.where[-1]}"
    else:
        raise Fault(1, "lies in no folder MODEL/results_batched_vllm, which would tell the model")
    return model, option, "", int(entries), asked, template, of
