"""A test double of a model server: OpenAI's chat protocol over real sockets on loopback.

Behind it sits a synthetic agent, so what a measurement ought to find is known; in front of it, whatever a
server may do wrong.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ResponseSchema,
)
from inspect_ai.util import JSONSchema

from spinodal.agents._synthetic import SyntheticAPI
from spinodal.contagion._synthetic_player import SyntheticPlayerAPI

SERVICE = "double"
"""Name of the service in model strings: `openai-api/double/MODEL`, so DOUBLE_BASE_URL and DOUBLE_API_KEY."""

_ROLES: dict[str, type[ChatMessage]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


@dataclass(frozen=True)
class Status:
    """Answer with this HTTP status and, as a server does, an error object."""

    code: int
    message: str = "the double refuses"


class Fault(Enum):
    """Other things a server may do to one request."""

    GARBAGE = "a page of HTML with status 200"
    NO_JSON = "status 200, announced as JSON, and none"
    NO_CHOICES = "a JSON object without choices"
    EMPTY_CHOICES = "a completion with no choice in it"
    DROPPED = "the connection closed without an answer"
    NO_BRANCH = "log-probabilities without the token of the other option"
    WRITTEN_ONLY = "log-probabilities of the written tokens alone"
    NO_LOGPROBS = "a completion without the log-probabilities that were asked for"


FaultHook = Callable[[int, dict[str, Any]], Status | Fault | None]
"""From the request's number (from 0, in order of arrival) and body to what goes wrong with it."""


@dataclass
class Request:
    """One request, as it came in."""

    body: dict[str, Any]
    arrived: float
    """`time.monotonic` when the body was read."""
    answered: float | None = None
    """`time.monotonic` when the last byte of the answer was handed to the socket; None if it never was."""
    status: int | None = None

    @property
    def key(self) -> str:
        """The whole body as text: the same call, the same key."""
        return json.dumps(self.body, sort_keys=True)


@dataclass
class ChatServer:
    """A chat server for the length of a `with` block.

    Args:
        response: the agent behind it, as `beta=2/h=0.3/...`.
        player: in its place a synthetic player, as `shift=-0.02/...`.
        late_system: what it does with a system message after the first turn: "takes", "refuses" (status 400,
            as some chat templates) or "drops" it without a word (as another).
        schemas: whether it holds a reply to a JSON schema, or leaves that unread.
        pairs: option pairs it knows besides the bank's, as mappings.
        logprobs: whether it returns log-probabilities when asked; if not it refuses them by status 400 where
            `refuses_logprobs`, else it leaves them out.
        honours_prefill: whether a trailing assistant message is gone on from, or answered afresh.
        latency: seconds before each answer.
        fault: what goes wrong, if anything.
        key: bearer key that is expected; any other is answered by 401, echoing the one that was given.
    """

    response: str = "beta=2/h=0.3"
    player: str | None = None
    late_system: str = "takes"
    schemas: bool = True
    pairs: Sequence[dict[str, Any]] = ()
    logprobs: bool = True
    refuses_logprobs: bool = False
    honours_prefill: bool = True
    latency: float = 0.0
    fault: FaultHook = lambda number, body: None
    key: str | None = None
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> ChatServer:
        self._agent: ModelAPI = (
            SyntheticAPI(self.response, pairs=list(self.pairs))
            if self.player is None
            else SyntheticPlayerAPI(self.player)
        )
        self._lock = threading.Lock()
        self._server = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Base address of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def model(self) -> str:
        """The model string under which Inspect finds this server."""
        return f"openai-api/{SERVICE}/known"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead Inspect here."""
        name = SERVICE.upper()
        return {f"{name}_BASE_URL": self.url, f"{name}_API_KEY": self.key or "any-key-will-do"}

    @property
    def answered(self) -> list[Request]:
        """Requests whose completion was handed over whole."""
        return [request for request in self.requests if request.answered and request.status == 200]

    def receive(self, body: dict[str, Any]) -> tuple[int, Request]:
        """Record a request; its number and record."""
        with self._lock:
            self.requests.append(Request(body, time.monotonic()))
            return len(self.requests) - 1, self.requests[-1]

    def complete(self, body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """The completion of a request, as the protocol writes it."""
        output = asyncio.run(self._generate(body))
        choice = output.choices[0]
        written: dict[str, Any] = {
            "index": 0,
            "finish_reason": "length" if choice.stop_reason == "max_tokens" else "stop",
            "message": {"role": "assistant", "content": choice.message.text},
        }
        if choice.logprobs and fault is not Fault.NO_LOGPROBS:
            entries = []
            for entry in choice.logprobs.content:
                tops = [(top.token, top.logprob) for top in entry.top_logprobs or []]
                tops = tops[: body.get("top_logprobs") or 0]
                if fault in (Fault.NO_BRANCH, Fault.WRITTEN_ONLY):
                    tops = [top for top in tops if top[0] == entry.token]
                if fault is Fault.NO_BRANCH:
                    # a wide vocabulary's leftovers, likelier by name than the missing branch
                    tops = [*tops, *((f" filler{n}", -9.0 - n) for n in range(3))]
                entries.append(
                    _token(entry.token, entry.logprob) | {"top_logprobs": [_token(*top) for top in tops]}
                )
            written["logprobs"] = {"content": entries}
        choices: dict[Fault | None, dict[str, Any]] = {
            Fault.EMPTY_CHOICES: {"choices": []},
            Fault.NO_CHOICES: {},
        }
        usage = output.usage
        assert usage is not None
        return {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": 0,
            "model": "known",
            **choices.get(fault, {"choices": [written]}),
            "usage": {
                "prompt_tokens": usage.input_tokens,
                "completion_tokens": usage.output_tokens,
                "total_tokens": usage.total_tokens,
            },
        }

    async def _generate(self, body: dict[str, Any]) -> ModelOutput:
        messages = [
            _ROLES[message["role"]](content=message["content"])
            for place, message in enumerate(body["messages"])
            if not (place and message["role"] == "system" and self.late_system == "drops")
        ]
        if not self.honours_prefill and messages[-1].role == "assistant":
            messages.pop()
        config = GenerateConfig(
            temperature=body.get("temperature"),
            max_tokens=body.get("max_tokens"),
            seed=body.get("seed"),
            logprobs=bool(body.get("logprobs")) and self.logprobs,
            response_schema=_schema(body) if self.schemas else None,
        )
        return await self._agent.generate(messages, [], "none", config)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, as one that was killed does, is no error of the double's."""


def _schema(body: dict[str, Any]) -> ResponseSchema | None:
    """The form that a request asks the reply to have."""
    if body.get("response_format", {}).get("type") != "json_schema":
        return None
    asked = body["response_format"]["json_schema"]
    return ResponseSchema(name=asked["name"], json_schema=JSONSchema(**asked["schema"]))


def _token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "bytes": list(text.encode()), "logprob": logprob}


def _handler(double: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number, request = double.receive(body)
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            time.sleep(double.latency)
            fault = double.fault(number, body)
            if self.path != "/v1/chat/completions":
                fault = Status(404)
            elif double.key is not None and given != double.key:
                fault = Status(401, f"Incorrect API key provided: {given}")
            elif double.late_system == "refuses" and any(m["role"] == "system" for m in body["messages"][1:]):
                fault = Status(400, "System message must be at the beginning.")
            elif body.get("logprobs") and double.refuses_logprobs:
                fault = Status(400, "logprobs are not supported by this model")
            if fault is Fault.DROPPED:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            elif isinstance(fault, Status):
                error = {"error": {"message": fault.message, "type": "double_error", "code": None}}
                self._answer(request, fault.code, json.dumps(error), "application/json")
            elif fault is Fault.GARBAGE:
                self._answer(request, 200, "<html><body>Bad gateway</body></html>", "text/html")
            elif fault is Fault.NO_JSON:
                self._answer(request, 200, '{"choices": [', "application/json")
            else:
                self._answer(request, 200, json.dumps(double.complete(body, fault)), "application/json")

        def _answer(self, request: Request, status: int, text: str, kind: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                self.wfile.write(content)
                self.wfile.flush()
            except OSError:  # whoever asked was killed meanwhile
                self.close_connection = True
                return
            request.status, request.answered = status, time.monotonic()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    return Handler
