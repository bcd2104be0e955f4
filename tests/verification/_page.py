"""The verification report: one page, written from what the tests of this room recorded.

A test that compares with an independent source carries `@pytest.mark.verifies(section, title, statement,
bound)` and tells with the fixture `record` what it found. Its outcome makes the verdict: failed is
"disagrees", skipped is "skipped" with the reason; passed is "agrees", unless the test says that what it found
is a disagreement of theory and data ("disagrees"), or that the data cannot tell ("null").
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Verdict = Literal["agrees", "disagrees", "null", "skipped"]

Record = Callable[..., None]
"""`record(found, verdict="agrees")`: what the test found, in words with numbers."""

COMMAND: Final = "make verify"

SECTIONS: Final = {
    "theory": "Theory against brute force",
    "simulation": "Simulation against the exact chain and EoN",
    "fits": "Fits against the published fits",
    "thresholds": "z_c and hysteresis: theory against the published loops",
    "trajectories": "Predictions against the published trajectories and tipping traces",
    "coverage": "Coverage of intervals",
    "alarms": "False-positive rates",
}

WIDTH: Final = 420
"""Of a picture on the page, in pixels: two stand side by side."""

WORST: Final[tuple[Verdict, ...]] = ("disagrees", "null", "skipped", "agrees")
"""Of several verdicts told by one test the first of these stands."""


@dataclass(frozen=True)
class Case:
    """One test, or one case of a parametrised one."""

    test: str
    """File and function."""
    case: str
    """What tells it from the others of its entry; empty of a test without parameters."""
    claim: dict[str, str]
    """The marker: `section, title, statement, bound`."""
    verdict: Verdict
    found: tuple[tuple[str, Verdict], ...] = ()
    """What was found, and what that says."""
    pictures: tuple[str, ...] = ()
    reason: str = ""
    """Why it was skipped, or that it failed."""

    @property
    def verdicts(self) -> list[Verdict]:
        """Of what it found; of the case, where it did not pass or told nothing."""
        return [self.verdict] if self.reason or not self.found else [said for _, said in self.found]


@dataclass
class Entry:
    """All cases of one comparison."""

    claim: dict[str, str]
    cases: list[Case] = field(default_factory=list)

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """Of its findings, how many have each; a case that failed or was skipped is one."""
        held = [said for case in self.cases for said in case.verdicts]
        return {verdict: held.count(verdict) for verdict in WORST if verdict in held}

    def __str__(self) -> str:
        if len(self.verdicts) == 1:
            return next(iter(self.verdicts))
        total = sum(self.verdicts.values())
        return ", ".join(f"{verdict} in {n} of {total}" for verdict, n in self.verdicts.items())


def case_of(
    nodeid: str, outcome: str, properties: Iterable[tuple[str, Any]], reason: str = ""
) -> Case | None:
    """A test's report as a case; None of a test that carries no marker."""
    claim: dict[str, str] | None = None
    found: list[tuple[str, Verdict]] = []
    pictures = []
    for name, value in properties:
        if name == "verifies":
            claim = dict(value)
        elif name == "found":
            found.append((value["found"], value["verdict"]))
        elif name == "picture":
            pictures.append(str(value))
    if claim is None:
        return None
    said = min((verdict for _, verdict in found), key=WORST.index, default="agrees")
    verdict: Verdict = said if outcome == "passed" else "skipped" if outcome == "skipped" else "disagrees"
    test, _, case = nodeid.partition("[")
    return Case(
        test=test.rpartition("/")[2],
        case=case.removesuffix("]"),
        claim=claim,
        verdict=verdict,
        found=tuple(found),
        pictures=tuple(pictures),
        reason=reason if outcome != "passed" else "",
    )


def page(cases: Iterable[Case], counts: dict[str, int], version: str) -> str:
    """The page in Markdown; `counts` are all tests of the room by outcome.

    The same cases in another order give the same page.
    """
    entries = _entries(cases)
    lines = [
        "# Verification report",
        "",
        f"Written by `{COMMAND}`, Spinodal {version}: {_tests(counts)}. Seeds are fixed: the same code gives "
        "the same page. How to read the comparisons is told in [verification](../verification.md).",
        "",
        "A verdict is about the comparison: *agrees*, within the bound; *disagrees*, beyond it, whether "
        "the program or the world is to blame (the entry says which); *null*, the data cannot tell; "
        "*skipped*, not run, and why. Counted are findings; a comparison may have several.",
        "",
        "| | agrees | disagrees | null | skipped |",
        "| --- | --- | --- | --- | --- |",
    ]
    for section, title in SECTIONS.items():
        held = [entry.verdicts for entry in entries if entry.claim["section"] == section]
        numbers = [
            str(sum(one.get(verdict, 0) for one in held))
            for verdict in ("agrees", "disagrees", "null", "skipped")
        ]
        cells = numbers if held else ["not run", "", "", ""]
        lines.append(f"| [{title}](#{_anchor(title)}) | " + " | ".join(cells) + " |")
    for section, title in SECTIONS.items():
        lines += ["", f"## {title}"]
        here = [entry for entry in entries if entry.claim["section"] == section]
        if not here:
            lines += ["", "Not run."]
        for entry in here:
            lines += ["", *_told(entry)]
    return "\n".join(lines) + "\n"


def below(error: float) -> str:
    """The power of ten that an error of rounding stays below: its digits differ from machine to machine."""
    return f"below 1e{math.floor(math.log10(max(error, 1e-300))) + 1}"


def _entries(cases: Iterable[Case]) -> list[Entry]:
    by_test: dict[str, Entry] = {}
    for case in sorted(cases, key=lambda case: (case.test, case.case)):
        by_test.setdefault(case.test, Entry(case.claim)).cases.append(case)
    return sorted(by_test.values(), key=lambda entry: entry.cases[0].test)


def _told(entry: Entry) -> list[str]:
    first = entry.cases[0]
    lines = [f"### {entry.claim['title']}: {entry}", "", entry.claim["statement"], ""]
    several = len(entry.cases) > 1
    for case in entry.cases:
        name = f" ({case.case})" if several and case.case else ""
        mixed = len({said for case in entry.cases for _, said in case.found}) > 1
        lines += [f"- Found{name}: {found}{f' ({said})' if mixed else ''}" for found, said in case.found]
        if case.verdict == "skipped":
            lines.append(f"- Skipped{name}: {case.reason}")
        elif case.reason:
            lines.append(f"- Failed{name}: the test says how (`{case.test}`)")
    lines += [f"- Bound: {entry.claim['bound']}", f"- Test: `{first.test}`"]
    pictures = [name for case in entry.cases for name in case.pictures]
    if pictures:
        lines += ["", *(f'<img src="{name}.png" alt="{_words(name)}" width="{WIDTH}">' for name in pictures)]
    return lines


def _words(name: str) -> str:
    return name.replace("_", " ")


def _tests(counts: dict[str, int]) -> str:
    told = [
        f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped") if counts.get(outcome)
    ]
    return f"{sum(counts.values())} tests, " + ", ".join(told)


def _anchor(title: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
