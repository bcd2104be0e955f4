"""A Ray cluster on this machine, of nodes with one CPU each that can be killed.

with cluster(2, environment) as ray: ray.address, ray.nodes[-1].kill()
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_DETECTION = {
    # A node that is gone is found out within seconds: by default it takes Ray half a minute.
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "3000",
    "RAY_health_check_failure_threshold": "3",
}


@dataclass(frozen=True)
class Node:
    """One node: the process of `ray start --block`, and all that it started."""

    process: subprocess.Popen[str]

    def await_start(self) -> None:
        """Wait until it has joined."""
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            if "Ray runtime started" in line:
                return
            said.append(line)
        raise RuntimeError(f"a Ray node ended with {self.process.wait()}: {''.join(said[-20:])}")

    def processes(self) -> list[psutil.Process]:
        """It and what it started, as of now."""
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def connections(self, ports: set[int]) -> int:
        """Connections of its processes to these ports of this machine."""
        found = 0
        for process in self.processes():
            try:
                lines = process.net_connections("tcp")
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            found += sum(bool(line.raddr) and line.raddr.port in ports for line in lines)
        return found

    def kill(self) -> None:
        """SIGKILL to all of it at once, as when a machine loses its power: stopped first, so none reacts."""
        everything = self.processes()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in everything:
                try:
                    process.send_signal(number)
                except psutil.NoSuchProcess:
                    continue
        self.process.wait()

    def end(self) -> None:
        """End it, and whatever of it is left after that."""
        everything = self.processes()
        self.process.terminate()
        try:
            self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for process in everything:
            if process.is_running():
                process.kill()


@dataclass(frozen=True)
class Cluster:
    """Address of the head, what is to be in the environment of whoever joins it, and the worker nodes."""

    address: str
    environment: dict[str, str]
    nodes: tuple[Node, ...]


@contextmanager
def cluster(nodes: int, environment: Mapping[str, str], *, head_works: bool = False) -> Iterator[Cluster]:
    """A cluster of so many nodes for as long as the block lasts.

    Args:
        nodes: nodes that take work.
        environment: variables that the workers are to have.
        head_works: whether the head is one of them, the first; it starts sooner so. Else it is beside them.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    told = {
        **os.environ,
        **environment,
        **_DETECTION,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": uuid.uuid4().hex,
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # sockets lie there, whose paths have to be short
    address = f"127.0.0.1:{port}"
    common = ["--node-ip-address=127.0.0.1", "--object-store-memory=100000000"]
    head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}"]
    with ExitStack() as undone:
        undone.callback(shutil.rmtree, folder, ignore_errors=True)
        started = [_start([*head, f"--num-cpus={int(head_works)}", *common], told, undone)]
        for _ in range(nodes - head_works):  # one after the other: at once they may take each other's ports
            started.append(_start([f"--address={address}", "--num-cpus=1", *common], told, undone))
        yield Cluster(address, told, tuple(started[not head_works :]))


def _start(options: list[str], environment: dict[str, str], undone: ExitStack) -> Node:
    command = [str(Path(sys.executable).with_name("ray")), "start", "--block", *options]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    node = Node(process)
    undone.callback(node.end)
    node.await_start()
    return node
