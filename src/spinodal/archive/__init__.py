"""Published data of the conformity study (arXiv 2605.10721), read into our tables.

import_archive(folder, out)   a folder that `results.read_results` reads; a kind of file, a reader
"""

from __future__ import annotations

from typing import Final

from spinodal.archive._fits import FIT_COLUMNS, family_of
from spinodal.archive._import import Imported, import_archive

SETS: Final = {
    "main": "one of the study's hundred pairs, as the paper's figures show them",
    "further": "asked in the same way, but of none of the hundred pairs",
    "temperature": "robustness check: three pairs at several temperatures",
    "system-size": "robustness check: three pairs with several numbers of entries shown",
    "prompt": "robustness check: three pairs in several framings",
    "wording": "of the revision: another noun for what is supported",
}
"""What a curve was measured for: the column `set` of imported observations. Any other value is the name of
the revision's folder that it lies in."""

__all__ = ["FIT_COLUMNS", "SETS", "Imported", "family_of", "import_archive"]
