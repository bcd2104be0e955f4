"""Tables that users name on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from spinodal.response import FloatArray


def read_table(file: Path) -> pd.DataFrame:
    """A CSV or Parquet file as a table; `RequestError` where it is none."""
    import pandas as pd

    from spinodal._errors import RequestError

    if not file.is_file():
        raise RequestError(f"there is no file {file}; give a CSV or Parquet file")
    try:
        if file.suffix.lower() in (".parquet", ".pq"):
            return pd.read_parquet(file)
        table = pd.read_csv(file)
    except pd.errors.EmptyDataError:
        raise RequestError(f"{file} is empty; its first line has to name the columns") from None
    except (ValueError, OSError) as error:  # parser, encoding and Arrow errors are all ValueErrors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RequestError(f"{file} cannot be read as a table ({reason}); give CSV or Parquet") from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes surplus fields for row labels
        raise RequestError(f"{file} has rows with more fields than its first line names; mend those rows")
    return table


def read_fits(file: Path) -> pd.DataFrame:
    """A table of fits: a row a curve with `beta` and `h`, from a file or a run folder; not empty."""
    from spinodal._errors import RequestError
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
