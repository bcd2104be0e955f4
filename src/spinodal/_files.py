"""Files written whole or not at all, and tables read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from spinodal._errors import RequestError, RunError

if TYPE_CHECKING:
    import pandas as pd


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet file whole or not at all."""
    import io

    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_whole(path, buffer.getvalue())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a kill or a full disk at any moment leaves the old one or the new one.

    Raises:
        RunError: the disk does not take it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o644)
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error


def read_table(file: Path) -> pd.DataFrame:
    """A CSV or Parquet file as a table; `RequestError` where it is none."""
    import pandas as pd

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
