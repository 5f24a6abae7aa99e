"""Honest programs of the other languages find all that they need in a sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader.course.languages import LANGUAGES
from grader.errors import RuntimeMissing
from grader.machine.sandbox import Command, Limits, Mount, Sandbox

NODE = """
import net from "node:net";
import fs from "node:fs";
import os from "node:os";
import { Worker } from "node:worker_threads";
import { execFileSync } from "node:child_process";
const user: string = os.userInfo().username;
const child: string = execFileSync("/bin/echo", ["child"]).toString().trim();
fs.writeFileSync("/tmp/file", "file");
const file: string = await fs.promises.readFile("/tmp/file", "utf8");
const worker: string = await new Promise<string>((done) => {
  const code = "require('node:worker_threads').parentPort.postMessage('worker')";
  new Worker(code, { eval: true }).on("message", done);
});
const tcp: string = await new Promise<string>((done) => {
  const server = net.createServer((peer) => peer.end("tcp"));
  server.listen(0, "localhost", () => {
    const { port } = server.address() as net.AddressInfo;
    net.connect(port, "localhost").on("data", (data) => { server.close(); done(data.toString()); });
  });
});
console.log(user, child, file, worker, tcp);
"""
JAVA = """
import java.net.*;
import java.nio.file.*;
import java.util.concurrent.*;

public class Honest {
    public static void main(String[] arguments) throws Exception {
        var child = new ProcessBuilder("/bin/echo", "child").start();
        var said = new String(child.getInputStream().readAllBytes()).trim();
        var file = Files.writeString(Files.createTempFile("a", "b"), "file");
        var pool = Executors.newFixedThreadPool(16);
        var thread = pool.submit(() -> "thread").get();
        pool.shutdown();
        try (var server = new ServerSocket(0, 5, InetAddress.getLocalHost());
                var socket = new Socket("localhost", server.getLocalPort())) {
            System.out.println(String.join(" ", System.getProperty("user.name"), said,
                    Files.readString(file), thread, socket.isConnected() ? "tcp" : "cut"));
        }
    }
}
"""


def program(name: str, argv: list[str], folder: Path) -> Command:
    """A program of `folder` under the language's own limits."""
    runtime = LANGUAGES[name].runtime(os.environ)
    folder.chmod(0o755)
    return Command(
        argv=(*argv,),
        mounts=(*(Mount(a, b) for a, b in runtime.mounts), Mount(folder, "/code")),
        environment=runtime.environment,
        limits=Limits(memory=runtime.memory, processes=runtime.processes),
    )


@pytest.fixture
def run(sandbox: Sandbox, started: Any) -> Any:
    return lambda command: started.finish(sandbox.start(command))


def test_node_works(run: Any, tmp_path: Path) -> None:
    """Types stripped; users, children, files, workers, sockets."""
    (tmp_path / "honest.ts").write_text(NODE)
    try:
        node = LANGUAGES["typescript"].runtime(os.environ).argv[0]
    except RuntimeMissing as error:
        pytest.skip(error.message)
    ran = run(program("typescript", [node, "/code/honest.ts"], tmp_path))
    assert ran.out == "learner child file worker tcp\n", ran.err


def test_java_works(run: Any, tmp_path: Path) -> None:
    """Children, files, threads, sockets, under the machine's own name."""
    (tmp_path / "Honest.java").write_text(JAVA)
    try:
        java = LANGUAGES["java"].runtime(os.environ).argv[0]
    except RuntimeMissing as error:
        pytest.skip(error.message)
    ran = run(program("java", [java, "-XX:+UseSerialGC", "/code/Honest.java"], tmp_path))
    assert ran.out == "learner child file thread tcp\n", ran.err
