"""From a downloaded folder to one of our own, whole or not at all."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spinodal._errors import RequestError
from spinodal._files import write_table
from spinodal.archive import _frames
from spinodal.archive._curves import is_of_revision
from spinodal.archive._fits import family_of
from spinodal.archive._read import Contents, read_files
from spinodal.archive._source import SourceFile, commit_of, find_files
from spinodal.results import IMPORTED, LOOPS, PATHS, PUBLISHED_FITS, TIPPINGS
from spinodal.runs import META, OBSERVATIONS, read_meta, write_meta

if TYPE_CHECKING:
    import pandas as pd

NAME: Final = "arXiv 2605.10721"
"""The study whose archive is read."""

_READER: Final = 1
"""Changed whenever the same files come to give other tables."""

_TABLES: Final = (OBSERVATIONS, LOOPS, TIPPINGS, PATHS, PUBLISHED_FITS)


@dataclass(frozen=True)
class Imported:
    """An imported folder; `read_results` reads its tables."""

    path: Path
    meta: Mapping[str, Any]

    @property
    def left_out(self) -> list[dict[str, Any]]:
        """Broken files: `{"file", "line", "message"}`."""
        return list(self.meta[IMPORTED]["left_out"])

    @property
    def models(self) -> dict[str, dict[str, int]]:
        """What there is of each model: curves, loops, tippings and paths."""
        return dict(self.meta[IMPORTED]["models"])

    def to_dict(self) -> dict[str, Any]:
        """The summary, JSON-ready: everything but the list of files."""
        told = {name: value for name, value in self.meta[IMPORTED].items() if name != "files"}
        return {
            "folder": str(self.path),
            **told,
            "files": len(self.meta[IMPORTED]["files"]),
            "pairs": len(self.meta["pairs"]),
        }


def import_archive(
    folder: str | Path,
    out: str | Path,
    *,
    revision: bool = False,
    skip_broken: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Imported:
    """Read the replication archive of arXiv 2605.10721, or its tidy tables, into a folder of ours.

    The same files give the same folder: where it is there already, nothing is written.

    Args:
        folder: the downloaded archive, or a part of it; or a folder of the tidy tables.
        out: the folder to be made.
        revision: also the curves that the paper's revision added, which the paper's figures do not show.
        skip_broken: leave broken files out, and list them, where otherwise nothing would be imported.
        progress: called with the share done.

    Raises:
        RequestError: no such folder, nothing in it that is known, a broken file, or something else in `out`.
    """
    source, target = Path(folder), Path(out)
    files, others = find_files(source, lambda share: progress(share / 2))
    found = len(files)
    files = [file for file in files if revision or file.kind != "curve" or not is_of_revision(file)]
    layout = _layout(files, source)
    digest = _digest(files)
    there = _held(target, digest)
    if there is not None and _is_whole(target, there) and (skip_broken or not there[IMPORTED]["left_out"]):
        progress(1.0)
        return Imported(target, there)
    contents = read_files(files, lambda share: progress((1 + share) / 2))
    _refuse_broken(contents, source, skip_broken)
    tables = _tables_of(contents)
    meta = {
        **_begun(digest, tables[OBSERVATIONS]),
        IMPORTED: {
            "name": NAME,
            "source": source.resolve().name,
            "layout": layout,
            "commit": commit_of(source),
            "curves": len(contents.curves),
            "sets": dict(Counter(contents.set_of(curve) for curve in contents.curves)),
            "loops": len(contents.loops),
            "tippings": sum(len(tipping.runs) for tipping in contents.tippings),
            "paths": len(contents.paths),
            "published_fits": len(contents.fits),
            "models": _by_model(contents),
            "families": {model: family for model in contents.models if (family := family_of(model))},
            "left_out": [one.to_dict() for one in contents.left_out],
            "not_read": {
                "of the revision": found - len(files),
                "zealots of both sides": contents.other_experiment,
                "other files": others,
            },
            "files": [
                {"path": str(file.path), "sha256": file.digest, "kind": file.kind}
                for file in sorted(files, key=lambda file: file.path.parts)
            ],
        },
        "pairs": [pair.to_dict() for pair in dict.fromkeys(contents.pairs.values())],
    }
    write_meta(target, meta)
    for name, table in tables.items():
        write_table(target / name, table)
    meta = {**meta, "finished": _now()}
    write_meta(target, meta)
    return Imported(target, meta)


def _layout(files: Sequence[SourceFile], source: Path) -> str:
    tidy = [file for file in files if file.kind.startswith("tidy-")]
    if tidy and any(not file.kind.startswith(("tidy-", "pairs")) for file in files):
        raise RequestError(
            f"{source} holds both the archive and tidy tables of it ({tidy[0].path}); name one of the two"
        )
    if all(file.kind == "pairs" for file in files):
        raise RequestError(f"{source} holds only what the paper's revision added; read it with --revision")
    return "tidy" if tidy else "archive"


def _digest(files: Sequence[SourceFile]) -> str:
    told = sorted(f"{file.path}\0{file.digest}" for file in files)
    return hashlib.sha256("\n".join([f"reader {_READER}", *told]).encode()).hexdigest()


def _held(target: Path, digest: str) -> dict[str, Any] | None:
    """The meta of an earlier attempt at the same import; None where there was none."""
    if target.is_dir():
        for name in (META, *_TABLES):  # left by a kill in the midst of `write_whole`
            for left in target.glob(f".{name}.*"):
                left.unlink(missing_ok=True)
    if (target / META).is_file():
        meta = read_meta(target)
        if IMPORTED not in meta:
            raise RequestError(f"{target} holds another kind of run; name another folder with --run")
        if meta["request_digest"] != digest:
            raise RequestError(
                f"{target} holds another import (of {len(meta[IMPORTED]['files'])} files, "
                f"begun {meta['created']}); name another folder with --run"
            )
        return meta
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RequestError(f"{target} exists and holds no import; name another folder with --run")
    return None


def _is_whole(target: Path, meta: Mapping[str, Any]) -> bool:
    return bool(meta.get("finished")) and all((target / name).is_file() for name in _TABLES)


def _refuse_broken(contents: Contents, source: Path, skip_broken: bool) -> None:
    broken = contents.left_out
    if broken and not skip_broken:
        first, more = f"{source}/{broken[0]}", f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise RequestError(
            f"{first}{more}; nothing was imported: download it again, or leave out what is broken with "
            "--skip-broken"
        )
    if not (contents.curves or contents.loops or contents.tippings or contents.paths):
        raise RequestError(f"no file of {source} can be read ({broken[0]}); download it again")


def _tables_of(contents: Contents) -> dict[str, pd.DataFrame]:
    curves = _frames.observations(contents.curves, contents.pair_of, contents.temperature_of, contents.set_of)
    return {
        OBSERVATIONS: curves,
        LOOPS: _frames.loops(contents.loops, contents.pair_of, contents.temperature_of),
        TIPPINGS: _frames.tippings(contents.tippings, contents.pair_of, contents.temperature_of),
        PATHS: _frames.paths(contents.paths, contents.pair_of, contents.temperature_of),
        PUBLISHED_FITS: _frames.fits(contents.fits, contents.pair_of, contents.set_of),
    }


def _begun(digest: str, observations: pd.DataFrame) -> dict[str, Any]:
    """What every run folder's meta says. An agent is one of the entries shown to another."""
    from spinodal import __version__

    shown = observations["n_peers"].mode()
    return {
        "spinodal_version": __version__,
        "created": _now(),
        "request": {"import": NAME, "reader": _READER, "agents": int(shown.iloc[0]) if len(shown) else None},
        "request_digest": digest,
        "failures": [],
    }


def _by_model(contents: Contents) -> dict[str, dict[str, int]]:
    found = {model: dict.fromkeys(("curves", "loops", "tippings", "paths"), 0) for model in contents.models}
    for curve in contents.curves:
        found[curve.model]["curves"] += 1
    for loop in contents.loops:
        found[loop.model]["loops"] += 1
    for tipping in contents.tippings:
        found[tipping.model]["tippings"] += len(tipping.runs)
    for path in contents.paths:
        found[path.model]["paths"] += 1
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
