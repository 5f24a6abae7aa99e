"""What a test said to a program and heard from it, and a program in the learner's language that says
it again. Pure: steps in, text out.

The reproduction starts the learner's `main` in the same process, plays the client beside it, and prints
what it receives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grader.course.languages import camel

LONGEST = 20_000  # bytes sent in all; more is no reproduction to read
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Step:
    """One thing that the test did; `connection` counts from 0."""

    kind: Literal["start", "connect", "send", "receive", "half-close", "reset"]
    connection: int = 0
    data: bytes = b""  # sent, or received
    module: str = ""
    config: Mapping[str, Any] | None = None


def reproduction(steps: Sequence[Step], language: str) -> str:
    """The program; empty where the talk cannot be repeated in one."""
    starts = [step for step in steps if step.kind == "start"]
    connections = sum(step.kind == "connect" for step in steps)
    sent = sum(len(step.data) for step in steps if step.kind == "send")
    writers: Mapping[str, Callable[[Step, Sequence[Step]], str]] = {
        "python": _python,
        "typescript": _typescript,
    }
    if len(starts) != 1 or not connections or connections > len(NUMBERS) or sent > LONGEST:
        return ""
    rest = [step for step in steps if step.kind != "start"]
    return writers[language](starts[0], rest) if language in writers else ""


def _python(start: Step, steps: Sequence[Step]) -> str:
    lines = []
    for step in steps:
        name = NUMBERS[step.connection]
        lines += {
            "connect": [f'{name} = socket.create_connection(("127.0.0.1", port), timeout=5)'],
            "send": [f"{name}.sendall({step.data!r})"],
            "receive": [f'print("{name} received", receive({name}, {len(step.data)}))'],
            "half-close": [f"{name}.shutdown(socket.SHUT_WR)"],
            "reset": [f"{name}.close()"],
        }[step.kind]
    last = NUMBERS[steps[-1].connection]
    if steps[-1].kind != "reset":
        lines.append(f'print("{last} then received", receive({last}, 1 << 20))')
    body = "\n".join(f"        {line}" for line in lines)
    return f'''\
# Save as reproduction.py in your folder and run: python reproduction.py
import os
import socket
import threading

from {start.module} import main


def receive(client, count):
    """Up to `count` bytes; what came so far if the end or 2 quiet seconds come first."""
    got = b""
    client.settimeout(2)
    try:
        while len(got) < count and (data := client.recv(count - len(got))):
            got += data
    except TimeoutError:
        got += b" ... and then nothing for 2 seconds"
    return got


def talk(port):
    try:
{body}
    finally:
        os._exit(0)


main({dict(start.config or {})!r}, lambda port: threading.Thread(target=talk, args=(port,)).start())
'''


def _typescript(start: Step, steps: Sequence[Step]) -> str:
    lines = []
    for step in steps:
        name = NUMBERS[step.connection]
        text = json.dumps(step.data.decode("latin-1"))
        lines += {
            "connect": [f"const {name} = await Client.to(port);"],
            "send": [f'{name}.socket.write(Buffer.from({text}, "latin1"));'],
            "receive": [f'console.log("{name} received", await {name}.receive({len(step.data)}));'],
            "half-close": [f"{name}.socket.end();"],
            "reset": [f"{name}.socket.destroy();"],
        }[step.kind]
    last = NUMBERS[steps[-1].connection]
    if steps[-1].kind != "reset":
        lines.append(f'console.log("{last} then received", await {last}.receive(1 << 20));')
    body = "\n".join(f"  {line}" for line in lines)
    return f"""\
// Save as reproduction.ts in your folder and run: node reproduction.ts
import * as net from "node:net";

import {{ main }} from "./{camel(start.module)}.ts";

class Client {{
  socket: net.Socket;
  got = Buffer.alloc(0);
  ended = false;

  constructor(socket: net.Socket) {{
    this.socket = socket;
    socket.on("data", (data: Buffer) => (this.got = Buffer.concat([this.got, data])));
    socket.on("close", () => (this.ended = true));
    socket.on("end", () => (this.ended = true));
    socket.on("error", () => (this.ended = true));
  }}

  static to(port: number): Promise<Client> {{
    return new Promise((resolve) => {{
      const options = {{ port, host: "127.0.0.1", allowHalfOpen: true }};
      const socket = net.connect(options, () => resolve(new Client(socket)));
    }});
  }}

  /** Up to `count` bytes; what came so far if the end or 2 quiet seconds come first. */
  async receive(count: number): Promise<string> {{
    const late = Date.now() + 2000;
    while (this.got.length < count && !this.ended && Date.now() < late) {{
      await new Promise((resolve) => setTimeout(resolve, 5));
    }}
    const taken = this.got.subarray(0, count).toString("latin1");
    this.got = this.got.subarray(count);
    return JSON.stringify(taken);
  }}
}}

async function talk(port: number): Promise<void> {{
{body}
  process.exit(0);
}}

await main({json.dumps(dict(start.config or {}))} as never, (port: number) => void talk(port));
"""
