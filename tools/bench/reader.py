"""``python -m bench.reader HOST:PORT RATE``: reads the paths on standard input in turn, at that many requests a second.

It goes on until standard input is closed, then prints what came of it as one JSON object.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import uvloop

CONNECTIONS: Final = 16


@dataclass(slots=True)
class Reading:
    """Requests so far, and how many were not answered with 200 and a whole body."""

    done: int = 0
    wrong: int = 0


async def read(host: str, port: int, rate: float, paths: Sequence[str], reading: Reading, number: int) -> None:
    """Read on one of ``CONNECTIONS`` connections, each request at its time on a common clock, until cancelled."""
    reader, writer = await asyncio.open_connection(host, port)
    step, begun, turn = CONNECTIONS / rate, time.monotonic() + number / rate, 0
    while True:
        await asyncio.sleep(max(0.0, begun + turn * step - time.monotonic()))
        path = paths[(number + turn * CONNECTIONS) % len(paths)]
        writer.write(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in head if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        reading.wrong += not (head[0].startswith(b"http/1.1 200") and length)
        reading.done, turn = reading.done + 1, turn + 1


async def main(address: str, rate: float, paths: Sequence[str]) -> None:
    """Read until standard input ends."""
    host, _, port = address.rpartition(":")
    reading, begun = Reading(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(read(host, int(port), rate, paths, reading, number)) for number in range(CONNECTIONS)
        ]
        print("reading", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
    seconds = time.monotonic() - begun
    print(json.dumps({"requests": reading.done, "wrong": reading.wrong, "per_s": reading.done / seconds}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], float(sys.argv[2]), sys.stdin.readline().split()))
