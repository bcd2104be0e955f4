"""Tables that users name on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.response import FloatArray


def read_fits(file: Path) -> pd.DataFrame:
    """A table of fits: a row a curve with `beta` and `h`, from a file or a run folder; not empty."""
    from spinodal._errors import RequestError
    from spinodal._files import read_table
    from spinodal.runs import FITS

    table = read_table(file / FITS if file.is_dir() else file)
    require_columns(table, file, "beta", "h")
    if table.empty:
        raise RequestError(f"{file} has no rows; give a row a curve, with beta and h")
    return table


def require_columns(table: pd.DataFrame, file: Path, *columns: str) -> None:
    """Raise `RequestError` unless the table has these columns."""
    from spinodal._errors import RequestError

    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise RequestError(
            f"{file} has no column {' and no column '.join(missing)}; it needs {', '.join(columns)}"
        )


def numbers(table: pd.DataFrame, file: Path, column: str) -> FloatArray:
    """A column as numbers; NaN where the table has none. Raises `RequestError` for words."""
    import numpy as np
    import pandas as pd

    from spinodal._errors import RequestError

    found = pd.to_numeric(table[column], errors="coerce")
    wrong = found.isna() & table[column].notna()
    if wrong.any():
        raise RequestError(f"{file}: {column} is {table[column][wrong].iloc[0]!r}; give a number")
    return np.asarray(found, dtype=np.float64)
