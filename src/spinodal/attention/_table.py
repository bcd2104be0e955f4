"""The table that a measurement of attention leaves, and how it is read back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from spinodal._errors import RequestError
from spinodal.attention._measure import ATTENTION_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

ATTENTION: Final = "attention.parquet"
"""Its name in the run folder of the study."""


def read_attention(path: str | Path) -> pd.DataFrame:
    """Read a table of `ATTENTION_COLUMNS`, or the one in a run folder.

    Raises:
        RequestError: there is none, or it is a table of something else.
    """
    from spinodal._files import read_table

    file = Path(path)
    file = file / ATTENTION if file.is_dir() else file
    table = read_table(file)
    missing = [column for column in ATTENTION_COLUMNS if column not in table.columns]
    if missing or table.empty:
        lacks = f"has no column {missing[0]}" if missing else "has no rows"
        raise RequestError(f"{file} {lacks}; name a table that `spinodal attention` wrote")
    return table
