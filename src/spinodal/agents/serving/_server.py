"""The server: models, limits, failures and the journal behind a port of this machine."""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from spinodal._errors import RequestError, RunError
from spinodal._nearest import nearest
from spinodal.agents.serving._failures import Failure, Failures
from spinodal.agents.serving._http import LONGEST_HEAD, Received, Refused, receive, response
from spinodal.agents.serving._journal import Journal, JournalEntry
from spinodal.agents.serving._laws import ServedAPI, ServedModel
from spinodal.agents.serving._limits import Gate, Limits
from spinodal.agents.serving._protocol import (
    BadRequest,
    completion,
    digest_of,
    fault,
    listing,
    read_body,
    read_config,
    read_messages,
)

_HOST = "127.0.0.1"
_SERVICE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class AgentServer:
    """Synthetic agents over HTTP, for the length of a `with` block, on loopback alone.

    Args:
        models: what is served, each under its name.
        service: what Inspect is to call the provider, in kebab-case: `openai-api/SERVICE/MODEL`.
        limits: requests a minute and at once, over all models.
        failures: requests that fail on purpose.
        latency: seconds that every answer takes, 0 or more.
        journal: file to which every request is appended; None keeps none.
        port: 0 takes one that is free.

    Any key will do, and none is looked at. `POST /v1/chat/completions` and `GET /v1/models` are answered.

    Raises:
        RequestError: no model, two of one name, a service that is no name, a latency below 0.
        RunError: the port is taken, or the journal cannot be written; both on entering the block.
    """

    def __init__(
        self,
        models: Iterable[ServedModel],
        *,
        service: str = "synthetic-http",
        limits: Limits = Limits(),  # noqa: B008 - frozen
        failures: Failures = Failures(),  # noqa: B008 - frozen
        latency: float = 0.0,
        journal: str | Path | None = None,
        port: int = 0,
    ) -> None:
        served = list(models)
        self.models: tuple[str, ...] = tuple(model.name for model in served)
        twice = [name for name, times in Counter(self.models).items() if times > 1]
        if not served or twice:
            raise RequestError(
                f"model {twice[0]!r} is named twice; name each once" if twice else "name a model to serve"
            )
        if not _SERVICE.fullmatch(service):
            raise RequestError(
                f"service {service!r} is no name; use small letters, digits and single hyphens"
            )
        if not (math.isfinite(latency) and latency >= 0):
            raise RequestError(f"the latency is {latency}; give seconds, 0 or more")
        if not 0 <= port < 2**16:
            raise RequestError(f"the port is {port}; give 0 to 65535")
        self.service = service
        self._agents = {model.name: ServedAPI(model) for model in served}
        self._failures, self._latency, self._port = failures, latency, port
        self._journal = Journal(None if journal is None else Path(journal))
        self._gate = Gate(limits, time.monotonic())
        self._attempts: Counter[str] = Counter()
        self._connections = 0
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._journal.__enter__()
        ready: threading.Event = threading.Event()
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(ready)), daemon=True)
        self._thread.start()
        ready.wait()
        if self._fault is not None:
            self.__exit__(None, None, None)
            raise RunError(f"cannot listen on port {self._port}: {self._fault.strerror or self._fault}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._journal.__exit__(None, None, None)

    @property
    def url(self) -> str:
        """Base address of the API."""
        return f"http://{_HOST}:{self._port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead Inspect here."""
        name = self.service.upper().replace("-", "_")
        return {f"{name}_BASE_URL": self.url, f"{name}_API_KEY": "any-key-will-do"}

    def model(self, name: str) -> str:
        """The string under which Inspect finds a model of this server."""
        return f"openai-api/{self.service}/{name}"

    async def _live(self, ready: threading.Event) -> None:
        """Listen until told to end."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(
                self._converse, _HOST, self._port, limit=LONGEST_HEAD, backlog=1024
            )
        except OSError as error:
            self._fault = error
            ready.set()
            return
        self._port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._ended.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self._connections += 1
        connection = self._connections
        # an answer counts as handed over once the kernel has the whole of it
        writer.transport.set_write_buffer_limits(high=0)
        try:
            while request := await receive(reader, writer):
                if not await self._handle(request, connection, reader, writer) or not request.keeps:
                    break
        except Refused as error:
            writer.write(response(error.status, fault(str(error), "invalid_request_error"), {}, False))
        except (ConnectionError, asyncio.CancelledError):
            pass  # whoever asked is gone, or the server ends
        finally:
            self._open.discard(task)
            self._journal.closed(connection, time.time())
            writer.close()

    async def _handle(
        self,
        request: Received,
        connection: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer a request, or fail it; whether the connection can go on."""
        where = (request.method, request.path)
        try:
            if where == ("POST", "/v1/chat/completions"):
                return await self._call(request, read_body(request.body), connection, reader, writer)
            status, told = (
                (200, listing(self.models))
                if where == ("GET", "/v1/models")
                else (404, fault(f"there is no {' '.join(where)} here", "not_found_error"))
            )
        except BadRequest as error:
            status, told = 400, fault(str(error), "invalid_request_error")
        writer.write(response(status, told, {}, request.keeps))
        await writer.drain()
        return True

    async def _call(
        self,
        request: Received,
        body: dict[str, Any],
        connection: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer a call of a model, or fail it, and write it down."""
        received, digest, attempt = time.time(), digest_of(body), 0
        status, sent, failure, headers = None, None, None, {}
        wait = self._gate.enter(time.monotonic())
        try:
            if wait:
                status, told = 429, fault("too many requests; slow down", "rate_limit_error")
                headers = {"Retry-After": str(math.ceil(wait)), "Retry-After-Ms": str(math.ceil(wait * 1000))}
            else:
                self._attempts[digest] += 1
                attempt = self._attempts[digest]
                failure = self._failures.of(digest, attempt)
                await asyncio.sleep(self._latency)
                if failure is Failure.ERROR:
                    status, told = 500, fault("failed on purpose", "server_error")
                else:
                    status, told = await self._complete(body, digest, attempt)
            if failure is Failure.SILENCE or reader.at_eof():  # the latter: whoever asked is gone
                return False
            whole = response(status, told, headers, request.keeps)
            if failure is Failure.CUT:
                writer.write(whole[: len(whole) * 2 // 3])
                await writer.drain()
                return False
            writer.write(whole)
            await writer.drain()
            sent = time.time()
            return True
        finally:
            if not wait:
                self._gate.leave()
            name = None if failure is None else failure.name
            model = str(body.get("model"))
            self._journal.request(
                JournalEntry(digest, model, attempt, connection, received, status, sent, name)
            )

    async def _complete(self, body: dict[str, Any], digest: str, attempt: int) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a request that came through."""
        name = body.get("model")
        if name not in self._agents:
            near = nearest(str(name), self.models)
            return 404, fault(f"there is no model {name!r}; did you mean {near!r}?", "not_found_error")
        try:
            messages = read_messages(body)
            # a reply without a seed of its own follows from the request, so that a trial can be repeated
            config = read_config(body, int(digest[:8], 16) + attempt)
            output = await self._agents[name].generate(messages, [], "none", config)
        except (BadRequest, RequestError) as error:
            return 400, fault(str(error), "invalid_request_error")
        return 200, completion(output, name, digest, config.top_logprobs or 0)
