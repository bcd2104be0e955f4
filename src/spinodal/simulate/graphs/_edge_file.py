"""Edge files: text, one edge a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spinodal._errors import RequestError, RunError
from spinodal.simulate.graphs._graph import Graph, Labels

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE = 2**20
"""Rows of the graph that are turned to text together."""


def read_edges(path: str | os.PathLike[str]) -> Graph:
    """The graph of an edge file: two columns, parted by blanks or by commas; `#` starts a comment.

    Nodes are called by whole numbers or by names. Names, and numbers that leave gaps, become the labels
    of nodes numbered from 0 in ascending order. A third column, of weights, may hold only 1. Raises
    `RequestError` on a file that is missing, unreadable or malformed; it names the line.
    """
    import pandas as pd

    file = Path(path)
    try:
        first = next(_lines(file), None)
        if first is None:
            raise RequestError(f"{file} holds no edge; give two nodes a line")
        try:
            # Everything is read as numbers at first, which is fast; names are read in a second go.
            table = _parse(file, first[1], None)
        except (pd.errors.ParserError, ValueError) as error:
            raise _complaint(file) or RequestError(f"{file} is no edge file: {error}") from None
    except OSError as error:
        raise RequestError(f"cannot read {file}: {error.strerror or error}; give an edge file") from None
    except UnicodeDecodeError:
        raise RequestError(f"{file} is no text; give an edge file, two nodes a line") from None
    if not 2 <= table.shape[1] <= 3 or table.isna().to_numpy().any() or _weighted(table):
        raise _complaint(file) or RequestError(f"{file} is no edge file; give two nodes a line")
    return _graph_of(file, table, first[1])


def write_edges(graph: Graph, path: str | os.PathLike[str]) -> None:
    """Write each edge once, as two labels parted by a blank. Nodes without neighbours leave no trace.

    Raises `RequestError` where a label holds what parts columns, `RunError` where the disk is full.
    """
    import pandas as pd

    labels = None if graph.labels is None else _writable(graph.labels)
    file = Path(path)
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with unfinished.open("wb") as out:
            out.write(f"# {graph.nodes} nodes, {graph.edges} edges\n".encode())
            for sources, targets in _edges(graph):
                ends = (sources, targets) if labels is None else (labels[sources], labels[targets])
                pd.DataFrame(dict(enumerate(ends))).to_csv(out, sep=" ", header=False, index=False)
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise RunError(f"cannot write {file}: {error.strerror or error}") from None


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold something, comments apart, with their numbers from 1."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if text := line.partition("#")[0].strip():
                yield number, text


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.split(",")] if "," in line else line.split()


def _parse(file: Path, line: str, dtype: type[str] | None) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(
        file,
        sep="," if "," in line else r"\s+",
        comment="#",
        header=None,
        dtype=dtype,
        skipinitialspace=True,
        low_memory=False,
    )


def _weighted(table: pd.DataFrame) -> bool:
    return table.shape[1] == 3 and not (table[2] == 1).all()


def _graph_of(file: Path, table: pd.DataFrame, line: str) -> Graph:
    import pandas as pd

    if table[0].dtype.kind == "i" and table[1].dtype.kind == "i":
        numbers = table[[0, 1]].to_numpy().T
        without_gaps = numbers.min() >= 0 and numbers.max() < numbers.size
        if without_gaps and np.bincount(numbers.ravel()).all():
            return Graph.from_edges(*numbers, name=str(file))
    else:  # names, some of which may look like numbers: 007 is not 7
        table = _parse(file, line, str)
        table = table.apply(lambda column: column.str.strip())
    codes, labels = pd.factorize(pd.concat([table[0], table[1]]), sort=True)
    sources, targets = codes.reshape(2, -1)
    return Graph.from_edges(sources, targets, labels.size, name=str(file), labels=np.asarray(labels))


def _complaint(file: Path) -> RequestError | None:
    """What is wrong in the first faulty line, with its number; None where each line looks right."""
    for number, line in _lines(file):
        fields = _fields(line)
        where = f"{file}, line {number}: {line[:60]!r}"
        if len(fields) not in (2, 3) or any(field.lower() in ("", "nan") for field in fields):
            return RequestError(f"{where}; give two nodes a line, parted by a blank or a comma")
        if len(fields) == 3 and _number(fields[2]) != 1.0:
            return RequestError(
                f"{where} has weight {fields[2]}; all neighbours count equally: leave weights out"
            )
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _edges(graph: Graph) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Each edge once, from the smaller number to the larger, some rows at a time."""
    for start in range(0, graph.nodes, ROWS_AT_ONCE):
        end = min(start + ROWS_AT_ONCE, graph.nodes)
        bounds = graph.offsets[start : end + 1].astype(np.int64)
        sources = np.repeat(np.arange(start, end, dtype=np.uint32), np.diff(bounds))
        targets = graph.neighbors[bounds[0] : bounds[-1]]
        once = sources < targets
        yield sources[once], targets[once]


def _writable(labels: Labels) -> NDArray[Any]:
    texts = [str(label) for label in labels]
    for text in texts:
        if not text or any(mark in text for mark in ",#\"'") or text.split() != [text]:
            raise RequestError(
                f"node {text!r} cannot stand in an edge file; rename it without blanks , # or quotes"
            )
    return np.array(texts)
