"""The folder that is read: its files by what they are, their digests, and the commit it stands at."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from spinodal._errors import RequestError
from spinodal.archive._faults import Fault

Kind = Literal[
    "pairs", "curve", "loop", "tipping", "paths", "fits", "tidy-curves", "tidy-fits", "tidy-loops",
    "tidy-tipping", "tidy-paths",
]  # fmt: skip
"""What a file holds, told by its name."""

_NAMES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("pairs", re.compile(r"(opinion_pairs|.*_pairs)(_.*)?\.csv")),
    ("curve", re.compile(r"transition_prob_.*\.txt|T[\d.]+_N\d+_pv\d+\.txt")),
    ("loop", re.compile(r"hysteresis_.*\.txt")),
    ("tipping", re.compile(r"tipping_.*\.json")),
    ("paths", re.compile(r"simulation_data_N\d+.*\.json")),
    ("fits", re.compile(r"all_fits_combined\.csv")),
    ("tidy-curves", re.compile(r"response_curves\.csv")),
    ("tidy-fits", re.compile(r"fits\.csv")),
    ("tidy-loops", re.compile(r"hysteresis\.csv")),
    ("tidy-tipping", re.compile(r"tipping_.*\.csv")),
    ("tidy-paths", re.compile(r"trajectories_.*\.csv")),
)


@dataclass(frozen=True)
class SourceFile:
    """A file of the folder, read."""

    path: PurePosixPath
    """Within the folder."""
    where: tuple[str, ...]
    """Names of the folders that it lies in, the innermost last, above the folder that is read too: those tell
    the model where only a part of the archive was downloaded."""
    kind: Kind
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        """Raises `Fault` where it is not UTF-8."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.content.count(b"\n", 0, error.start) + 1
            raise Fault(line, f"byte 0x{self.content[error.start]:02x} is not UTF-8") from None

    def require_end(self) -> None:
        """Refuse a file whose last line is not ended: a number in it may lack digits. Raises `Fault`."""
        if self.content and not self.content.endswith(b"\n"):
            line = self.content.count(b"\n") + 1
            raise Fault(line, "the last line breaks off without a line end; the file was cut short")

    def folder_after(self, name: re.Pattern[str], up: int = 0) -> str:
        """The name of the folder that lies `up` above the innermost one of this name; "" if there is none."""
        for place in reversed(range(len(self.where))):
            if name.fullmatch(self.where[place]):
                return self.where[place - up] if place >= up else ""
        return ""


def find_files(
    folder: Path, progress: Callable[[float], None] = lambda share: None
) -> tuple[list[SourceFile], int]:
    """The files that are known by name, in the order of their paths; and how many others there are.

    Raises:
        RequestError: there is no such folder, nothing in it, nothing that is known, or it cannot be read.
    """
    if not folder.is_dir():
        raise RequestError(f"there is no folder {folder}; name the folder that you downloaded the archive to")
    try:
        every = sorted(_walk(folder))
    except OSError as error:
        raise RequestError(f"cannot read {folder} ({error.strerror}); name a readable folder") from None
    if not every:
        raise RequestError(f"{folder} is empty; name the folder that you downloaded the archive to")
    known = [(name, kind) for name in every if (kind := _kind_of(name.name)) is not None]
    if not any(kind not in ("pairs", "fits", "tidy-fits") for _, kind in known):
        raise RequestError(
            f"{folder} is no archive of the conformity study: of its {len(every)} files none is named like a "
            "response curve, a hysteresis loop, a tipping trace or a trajectory; name the downloaded folder"
        )
    above = folder.resolve().parts[1:]
    found = []
    for number, (name, kind) in enumerate(known):
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise RequestError(
                f"cannot read {folder / name} ({error.strerror}); make it readable, or download it again"
            ) from None
        found.append(SourceFile(name, (*above, *name.parent.parts), kind, content))
        progress((number + 1) / len(known))
    return found, len(every) - len(known)


def commit_of(folder: Path) -> str | None:
    """The commit that a clone stands at; None where it is no clone."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref:"):
            return head
        name = head.removeprefix("ref:").strip()
        if (git / name).is_file():
            return (git / name).read_text("utf-8").strip()
        packed = (git / "packed-refs").read_text("utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except (OSError, UnicodeDecodeError):
        return None


def _walk(folder: Path) -> list[PurePosixPath]:
    """Paths of all files within, but for hidden ones."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        within = Path(root).relative_to(folder)
        found += [PurePosixPath(within / name) for name in names if not name.startswith(".")]
    return found


def _kind_of(name: str) -> Kind | None:
    return next((kind for kind, pattern in _NAMES if pattern.fullmatch(name)), None)
