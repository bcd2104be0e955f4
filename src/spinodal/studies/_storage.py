"""Where a study lies: a folder, or an fsspec address that several machines share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError, RunError
from spinodal._files import write_whole

_AT_ONCE = 256
"""Files fetched together."""


class Storage(ABC):
    """Files by their names within a study, as in `parts/assess-x/meta.json`."""

    address: str
    """As it was named."""

    @property
    @abstractmethod
    def local(self) -> Path | None:
        """The folder to work in; None where the files lie elsewhere and are worked on in a copy."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none."""

    @abstractmethod
    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each whole or not at all."""

    @abstractmethod
    def names(self, under: str = "") -> list[str]:
        """Names of all files below a folder of the study."""

    @abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and those that are not there too."""

    def read_all(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Several files with their content."""
        for name in names:
            content = self.read(name)
            if content is not None:
                yield name, content


def open_storage(where: str | Path) -> Storage:
    """The storage that a path or an address names.

    Raises:
        RequestError: an address of a kind that nothing here can open, or one with a login in it.
    """
    text = str(where)
    if "://" not in text:
        return FolderStorage(Path(text))
    return AddressStorage(text)


class FolderStorage(Storage):
    """A folder on this machine, or one that all workers' machines see at the same path."""

    def __init__(self, path: Path) -> None:
        self.address, self._path = str(path), path

    @property
    def local(self) -> Path:
        return self._path

    def read(self, name: str) -> bytes | None:
        try:
            return (self._path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RunError(f"cannot read {self._path / name}: {error.strerror or error}") from None

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            write_whole(self._path / name, content)

    def names(self, under: str = "") -> list[str]:
        top = self._path / under
        return sorted(str(file.relative_to(self._path)) for file in top.rglob("*") if file.is_file())

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            (self._path / name).unlink(missing_ok=True)


class AddressStorage(Storage):
    """What fsspec opens: `s3://bucket/study`, `gs://...`, `memory://...`, `file:///...`.

    Whoever works on it works in a copy (`_mirror`), so a worker that dies costs what it had not put up yet.
    """

    def __init__(self, address: str) -> None:
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        if "@" in address:
            raise RequestError("the study's address holds a login; keys are read from the environment only")
        self.address = address
        try:
            self._files, root = fsspec.url_to_fs(address)
        except (ImportError, ValueError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise RequestError(
                f"cannot open {address} ({reason}); give a folder, or install what opens it"
            ) from None
        self._root = root.rstrip("/")
        self._plain = isinstance(self._files, LocalFileSystem)

    @property
    def local(self) -> None:
        return None

    def read(self, name: str) -> bytes | None:
        with self._told():
            try:
                return bytes(self._files.cat_file(self._at(name)))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def read_all(self, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        wanted = [self._at(name) for name in names]
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            with self._told():
                # Asked for one by one, a name that is gone would end the others.
                found = self._files.cat(some, on_error="omit") if len(some) > 1 else self._one(some[0])
            for path, content in found.items():
                yield self._name(path), bytes(content)

    def _one(self, path: str) -> dict[str, bytes]:
        try:
            return {path: self._files.cat_file(path)}
        except FileNotFoundError:
            return {}

    def write(self, files: Mapping[str, bytes]) -> None:
        if not files:
            return
        with self._told():
            if self._plain:  # an object store writes whole or not at all; a disk does not
                for name, content in files.items():
                    write_whole(Path(self._at(name)), content)
            else:
                self._files.pipe({self._at(name): content for name, content in files.items()})

    def names(self, under: str = "") -> list[str]:
        with self._told():
            self._files.invalidate_cache()
            try:
                found = self._files.find(self._at(under) if under else self._root)
            except FileNotFoundError:
                return []
        return sorted(self._name(path) for path in found)

    def remove(self, names: Iterable[str]) -> None:
        with self._told():
            for name in names:
                try:
                    self._files.rm_file(self._at(name))
                except FileNotFoundError:
                    continue

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root).lstrip("/")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults of the store in one line; which errors there are is the store's affair."""
        try:
            yield
        except (RequestError, RunError):
            raise
        except Exception as error:
            raise _fault(self.address, error) from None


def _fault(address: str, error: Exception) -> RunError:
    from spinodal.agents.faults import scrub

    text = " ".join(scrub(str(error)).split())[:200]
    return RunError(f"the storage at {address} failed: {type(error).__name__}: {text}")


def as_json(content: bytes | None) -> Any:
    """What a file of JSON says; None where there is none, or it is none."""
    import json

    if content is None:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return None
