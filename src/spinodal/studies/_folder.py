"""A study's folder: begun, gathered from its parts, and read back.

meta.json              what was asked for, the parts, and the agents' families
observations.parquet   all assessments joined
fits.parquet           a row a curve
parts/ID/              a run folder each
state/ID.json          what is known of each part while the study runs
report.html            the page
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError
from spinodal._recording import now
from spinodal.runs import FITS, META, OBSERVATIONS
from spinodal.studies._mirror import fetch
from spinodal.studies._storage import Storage, as_json
from spinodal.studies._study import Part, Study

_TOTALS = ("calls", "input_tokens", "output_tokens")


def open_study(storage: Storage, study: Study) -> dict[str, Any]:
    """The study's meta, begun where it is new.

    Raises:
        RequestError: the folder holds another study, or something else.
    """
    meta = as_json(storage.read(META))
    if isinstance(meta, dict):
        if "study" not in meta:
            raise RequestError(
                f"{storage.address} holds a run that is no study; name another folder with --run"
            )
        if meta.get("request_digest") != study.digest:
            raise RequestError(
                f"{storage.address} holds another study ({_difference(meta, study)}); "
                "name another folder with --run, or mend the file"
            )
        # What decides nothing may have changed: families, say.
        return {**meta, "study": study.describe()}
    path = storage.local
    if path is not None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RequestError(f"{path} exists and is no study's folder; name another with --run")
    return {
        "spinodal_version": metadata.version("spinodal"),
        "created": now(),
        "request": study.to_dict(),
        "request_digest": study.digest,
        "study": study.describe(),
        "agents": {
            agent.label: {**agent.spec.to_dict(), "family": agent.family, "lane": agent.lane}
            for agent in study.agents
        },
        "prices": {
            agent.label: None if agent.prices is None else asdict(agent.prices) for agent in study.agents
        },
        "failures": [],
    }


def _difference(meta: Mapping[str, Any], study: Study) -> str:
    """What differs between the study of a folder and another, in words."""
    there = (meta.get("request") or {}).get("digests") or {}
    here = study.to_dict()["digests"]
    changed = [id for id in here if id in there and there[id] != here[id]]
    added, gone = [id for id in here if id not in there], [id for id in there if id not in here]
    for what, ids in (("changed", changed), ("new", added), ("missing", gone)):
        if ids:
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            return f"the part {ids[0]}{more} is {what} in the file"
    return "its name or conditions differ"


def write_meta_of(storage: Storage, meta: Mapping[str, Any]) -> None:
    """Write the study's meta.json."""
    storage.write({META: json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False).encode()})


def part_meta(storage: Storage, part: Part) -> dict[str, Any]:
    """A part's meta.json; empty where it has not begun."""
    meta = as_json(storage.read(f"{part.folder}/{META}"))
    return meta if isinstance(meta, dict) else {}


def is_done(meta: Mapping[str, Any]) -> bool:
    """Whether nothing of a part is left, by its meta."""
    return bool(meta.get("finished")) and not meta.get("failures")


@contextmanager
def copy_to_read(storage: Storage) -> Iterator[Path]:
    """The study's folder, or a copy of what can be read of it."""
    if storage.local is not None:
        yield storage.local
        return
    with tempfile.TemporaryDirectory(prefix="spinodal-") as scratch:
        path = Path(scratch)
        fetch(storage, "", path, whole=False)
        yield path


def gather(storage: Storage, study: Study, meta: dict[str, Any], failed: Mapping[str, str]) -> None:
    """Join the tables of the parts, add up what they took, and write both.

    Args:
        storage: of the study.
        study: its parts.
        meta: of the study; written too.
        failed: why parts failed, by id.
    """
    import io

    import pandas as pd

    tables: dict[str, list[pd.DataFrame]] = {OBSERVATIONS: [], FITS: []}
    metas = {part.id: part_meta(storage, part) for part in study.parts}
    for part in study.parts:
        if part.kind != "assess" or not metas[part.id].get("finished"):
            continue
        for name, found in tables.items():
            content = storage.read(f"{part.folder}/{name}")
            if content is not None:
                found.append(pd.read_parquet(io.BytesIO(content)))
    files = {}
    for name, found in tables.items():
        if found:
            buffer = io.BytesIO()
            pd.concat(found, ignore_index=True).to_parquet(buffer, index=False)
            files[name] = buffer.getvalue()
    storage.write(files)
    meta["failures"] = [{"part": id, "message": message} for id, message in failed.items()]
    meta["totals"] = add_up(metas.values())
    meta["seconds"] = round(sum(float(one.get("seconds") or 0.0) for one in metas.values()), 3)
    done = all(is_done(one) for one in metas.values())
    meta["finished"] = (meta.get("finished") or now()) if done else None
    write_meta_of(storage, meta)


def add_up(metas: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Calls, tokens and money of the parts that are finished; the money is None where a price is unknown."""
    every = [one["totals"] for one in metas if one.get("finished") and one.get("totals")]
    total: dict[str, Any] = {name: sum(int(one.get(name) or 0) for one in every) for name in _TOTALS}
    total["calls"] += sum(int(one.get("measurement_calls") or 0) for one in every)
    costs = [one.get("cost") for one in every]
    known = every and None not in costs
    total["cost"] = round(sum(float(cost) for cost in costs if cost is not None), 6) if known else None
    return total


def has_results(storage: Storage) -> bool:
    """Whether any part of the study in a folder has tables."""
    meta = as_json(storage.read(META)) or {}
    parts = (meta.get("study") or {}).get("parts") or []
    return any((as_json(storage.read(f"{one['folder']}/{META}")) or {}).get("finished") for one in parts)


def parts_named(study: Study, patterns: Sequence[str]) -> list[Part]:
    """The parts whose ids match one of the patterns; all where there is none.

    Raises:
        RequestError: a pattern that matches none.
    """
    from fnmatch import fnmatchcase

    from spinodal._nearest import nearest

    if not patterns:
        return list(study.parts)
    for pattern in patterns:
        if not any(fnmatchcase(part.id, pattern) for part in study.parts):
            near = nearest(pattern, [part.id for part in study.parts])
            raise RequestError(f"--only {pattern} matches no part; the nearest is {near}")
    return [part for part in study.parts if any(fnmatchcase(part.id, pattern) for pattern in patterns)]
