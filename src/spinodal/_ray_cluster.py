"""A Ray cluster that a command joins: by address, told in one line where that cannot be."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from spinodal._errors import RequestError

LOCAL = "local"
"""The address that stands for a cluster of this machine alone, started and ended with the command."""
_PATIENCE = 3.0
"""Seconds an address has to answer in."""


class RayMember:
    """In a cluster from entering the context to leaving it; one that was joined before stays joined.

    Args:
        address: `host:port` of its head, `auto` for the one this machine is in, or `local`.
        workers: CPUs to use at most; all where none is given.
    """

    def __init__(self, address: str, workers: int | None = None) -> None:
        self._address, self._asked = address, workers
        self._joined = False

    @property
    def workers(self) -> int:
        """CPUs to use."""
        cpus = int(load_ray().cluster_resources().get("CPU", 1))
        return max(1, cpus if self._asked is None else min(cpus, self._asked))

    def __enter__(self) -> Self:
        ray = load_ray()
        if not ray.is_initialized():
            join(ray, self._address, self._asked)
            self._joined = True
        return self

    def __exit__(self, *exception: object) -> None:
        if self._joined:
            load_ray().shutdown()


def load_ray() -> Any:
    """Ray itself; `RequestError` where it is not installed."""
    try:
        import ray
    except ModuleNotFoundError:
        raise RequestError("Ray is not installed; install the extra: pip install 'spinodal[ray]'") from None
    return ray


def join(ray: Any, address: str, workers: int | None) -> None:
    """Connect, quietly; `ray.init` alone would try for minutes where nothing answers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine unasked
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        ray.init(address=LOCAL, num_cpus=workers, include_dashboard=False, **quiet)
        return
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", address)
    if address != "auto":
        _knock(address)
    try:
        with _hushed():
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        # Ray shows its token to no address that was given by hand, unless told to: nor do we
        hint = "" if os.environ.get("RAY_AUTH_MODE") else "; if it asks for a token, set RAY_AUTH_MODE=token"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RequestError(f"cannot join the Ray cluster at {address}: {reason}{hint}") from None


@contextmanager
def _hushed() -> Iterator[None]:
    """Nothing on standard error: Ray's core writes a warning there for every try, past Python's logging."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _knock(address: str) -> None:
    """Raise unless a Ray head answers: it speaks gRPC, so to the preface of HTTP/2 it sends its settings."""
    if address.startswith("ray://"):
        raise RequestError(
            f"{address} is for Ray's client; run this on a machine of the cluster with the address auto, "
            "say through `ray job submit`"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise RequestError(f"{address!r} is no address of a Ray head; give host:port, auto or {LOCAL}")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE) as line:
            line.settimeout(_PATIENCE)
            line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
            answer = line.recv(9)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(
            f"nothing answers at the Ray address {address} ({reason}); start a cluster with "
            "`ray start --head`, or leave ray out for this machine's cores"
        ) from None
    if answer[3:4] != b"\4" and not os.environ.get("RAY_USE_TLS"):
        raise RequestError(
            f"what answers at {address} is no Ray head; give the address `ray start --head` prints"
        )
