"""A model server of known capacity: so many slots, each busy with a request for as long as it is told.

    with slow_server(slots=16, latency=0.05, options=("accept", "refuse")) as url: ...

It answers in a process of its own, over keep-alive HTTP, and the same to every prompt: either option with
probability 1/2, as log-probabilities. No more than slots / latency requests are answered a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def slow_server(slots: int, latency: float, options: Sequence[str]) -> Iterator[str]:
    """Base address of the API while the block lasts."""
    command = [sys.executable, __file__, "--slots", str(slots), "--latency", str(latency), "--options"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait()


def rate(url: str, connections: int, requests: int) -> float:
    """Answers a second to the plainest client there is, over so many connections side by side."""
    host, port = url.split("/")[2].split(":")
    asked = b"POST /v1/chat/completions HTTP/1.1\r\nHost: slow\r\nContent-Length: 2\r\n\r\n{}"
    waiting = iter(range(requests))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in waiting:
            writer.write(asked)
            await _body(reader)
        writer.close()

    async def all_connections() -> None:
        await asyncio.gather(*(connection() for _ in range(connections)))

    started = time.perf_counter()
    asyncio.run(all_connections())
    return requests / (time.perf_counter() - started)


async def _body(reader: asyncio.StreamReader) -> bytes:
    """Body of the next message, which says its length."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    return await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))


def _answer(options: Sequence[str]) -> bytes:
    """A completion that goes on from the prefill `[`, with its HTTP head."""
    either = [{"token": option, "logprob": math.log(0.5)} for option in options]
    positions = [either[0] | {"top_logprobs": either}, {"token": "]", "logprob": 0.0, "top_logprobs": []}]
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": f"{options[0]}]"},
        "logprobs": {"content": positions},
    }
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    completion = {"id": "0", "object": "chat.completion", "created": 0, "model": "slow", "usage": usage}
    body = json.dumps(completion | {"choices": [choice]}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(slots: int, latency: float, options: Sequence[str]) -> None:
    slot, answer = asyncio.Semaphore(slots), _answer(options)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _body(reader)
                async with slot:
                    await asyncio.sleep(latency)
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()  # the client is done

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--options", nargs=2, required=True)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.slots, arguments.latency, arguments.options))
