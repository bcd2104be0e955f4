"""The embedded model behind an HTTP server that keeps every request, for frameworks to talk to.

The model is real. It knows no tools; where a request offers some, the server holds its reply to the schema of
the first tool's arguments, as servers do that call tools by constrained decoding, and answers with the call.
After a tool's result it answers in words.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from spinodal.agents._engine import SMOLLM2, Engine, start_engine

KEY = "any-key-will-do"
MODEL = "smollm2"
_LONGEST_REPLY = 4
_KEPT = ("messages", "temperature", "seed", "top_p", "stop")


@dataclass
class Recorder:
    """A chat-completions server for the length of a `with` block."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies as they came in, oldest first."""

    def __enter__(self) -> Recorder:
        self._engine: Engine = start_engine(SMOLLM2)
        self._open = build_opener(ProxyHandler({})).open
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Base address of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def clear(self) -> None:
        """Forget what came in so far."""
        with self._lock:
            self.requests.clear()

    def texts(self, number: int = -1) -> list[tuple[str, str]]:
        """Role and text of each message of a request."""
        return [(message["role"], text_of(message)) for message in self.requests[number]["messages"]]

    def note(self, body: dict[str, Any]) -> None:
        with self._lock:
            self.requests.append(body)

    def complete(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer to a request, unstreamed."""
        asked = {name: body[name] for name in _KEPT if body.get(name) is not None}
        asked["messages"] = [_plain(message) for message in body["messages"]]
        asked["max_tokens"] = _LONGEST_REPLY
        tools = body.get("tools") or []
        call = tools and body.get("tool_choice") != "none" and body["messages"][-1]["role"] != "tool"
        if call:
            schema = _short(tools[0]["function"]["parameters"])
            asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
            asked |= {"max_tokens": 150, "temperature": 0.0}  # whole, and the same for the same request
        request = Request(
            f"{self._engine.url}/chat/completions",
            json.dumps(asked).encode(),
            {"Authorization": f"Bearer {self._engine.key}", "Content-Type": "application/json"},
        )
        try:
            with self._open(request) as reply:
                answer: dict[str, Any] = json.load(reply)
        except HTTPError as error:
            return error.code, json.load(error)
        answer["model"] = MODEL
        choice = answer["choices"][0]
        choice["finish_reason"] = "stop"
        message = choice["message"]
        message["content"] = message["content"].strip() or "Yes."
        if call:
            function = {"name": tools[0]["function"]["name"], "arguments": message["content"]}
            message["tool_calls"] = [{"id": answer["id"][-12:], "type": "function", "function": function}]
            message["content"] = None
            choice["finish_reason"] = "tool_calls"
        return 200, answer


def text_of(message: dict[str, Any]) -> str:
    """The text of a message, whether it comes as one or in parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message as the engine's chat template takes it: roles it knows, and text."""
    if message["role"] == "tool":
        return {"role": "user", "content": f"(tool) {text_of(message)}"}
    if message["role"] == "assistant" and message.get("tool_calls"):
        return {"role": "assistant", "content": json.dumps(message["tool_calls"])}
    role = "system" if message["role"] == "developer" else message["role"]
    return {"role": role, "content": text_of(message)}


def _short(schema: Any) -> Any:
    """The schema of a tool's arguments with every text kept short, so that the model comes to an end."""
    if isinstance(schema, dict):
        kept = {name: _short(value) for name, value in schema.items()}
        return kept | {"maxLength": 12} if kept.get("type") == "string" else kept
    return [_short(value) for value in schema] if isinstance(schema, list) else schema


def _chunks(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The answer as the events of a stream, word by word."""
    choice = answer["choices"][0]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if message.get("tool_calls"):
        deltas += [{"tool_calls": [{"index": 0, **message["tool_calls"][0]}]}]
    else:
        words = message["content"].split(" ")
        deltas += [{"content": word if not at else f" {word}"} for at, word in enumerate(words)]
    head = {name: answer[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    events = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    events.append({**head, "choices": [], "usage": answer["usage"]})
    return events


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not self.path.endswith("/chat/completions"):
                self._answer(404, {"error": {"message": f"no {self.path} here"}})
                return
            recorder.note(body)
            status, answer = recorder.complete(body)
            if status != 200 or not body.get("stream"):
                self._answer(status, answer)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for event in _chunks(answer):
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")
            self.wfile.flush()
            self.close_connection = True

        def do_GET(self) -> None:
            self._answer(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    return Handler
