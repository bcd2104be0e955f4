"""The published curves by five estimators, and z_c against the published loops (arXiv 2605.10721).

    python tests/verification/published_curves.py [--draws 100] [--populations 200]

Reads the reference tables (CONTRIBUTING says where) and writes the tables of `docs/published-curves.md`, each
between its markers, and the pictures beside it; the words there are written by hand and stay.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads that wake cost more than they do

import argparse
import re
import sys
from pathlib import Path

from published_curves_fits import blocks_of_fits
from published_curves_loops import blocks_of_loops
from published_tables import ROOT

from spinodal._files import write_whole

PAGE = ROOT / "docs" / "published-curves.md"


def main() -> None:
    parser = argparse.ArgumentParser(description="Published curves by five estimators; z_c against loops.")
    parser.add_argument("--draws", type=int, default=100, help="draws of each curve's replies")
    parser.add_argument("--populations", type=int, default=200, help="simulated sets of loops")
    arguments = parser.parse_args()
    folder = Path(os.environ.get("SPINODAL_SHARED_DATA") or ROOT.parent / "shared" / "data") / "published"
    if not folder.is_dir():
        sys.exit(f"no published tables at {folder}; set SPINODAL_SHARED_DATA to the folder that holds them")
    blocks = blocks_of_fits(folder, arguments.draws) | blocks_of_loops(folder, arguments.populations)
    page = PAGE.read_text()
    for name, block in blocks.items():
        page = filled(page, name, block)
    write_whole(PAGE, page.encode())


def filled(page: str, name: str, block: str) -> str:
    """The page with a block between `<!-- NAME -->` and the next `<!-- end -->`."""
    page, found = re.subn(
        rf"(<!-- {name} -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}\n{block}\n\n{match[2]}",
        page,
        flags=re.DOTALL,
    )
    if found != 1:
        raise SystemExit(f"{PAGE.name} has {found} places for the table {name!r}; one is needed")
    return page


if __name__ == "__main__":
    main()
