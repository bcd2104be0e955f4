"""Where a benchmark leaves its figures: a table, the same as CSV, and the command that makes them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

Row = dict[str, object]


def write_results(
    name: str, title: str, *, command: str, about: str, rows: Sequence[Row], after: Sequence[str] = ()
) -> None:
    """Write `results/NAME.csv` and `results/NAME.md`; `after` are paragraphs below the table."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    table = [
        "| " + " | ".join(rows[0]) + " |",
        "|" + " --- |" * len(rows[0]),
        *("| " + " | ".join(str(value) for value in row.values()) + " |" for row in rows),
    ]
    paragraphs = [f"# {title}", f"`{command}`", about, "\n".join(table), *after]
    (RESULTS / f"{name}.md").write_text("\n\n".join(paragraphs) + "\n")
