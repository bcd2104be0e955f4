"""The server that every framework is made to talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from recorder import Recorder


@pytest.fixture(scope="session")
def running_server() -> Iterator[Recorder]:
    with Recorder() as server:
        yield server


@pytest.fixture
def server(running_server: Recorder) -> Recorder:
    """The embedded model behind HTTP, with no request noted yet."""
    running_server.clear()
    return running_server
