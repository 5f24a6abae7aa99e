"""The probe's program: how it behaves is in its configuration."""

import signal
import socket
import threading
import time

from kit.errors import corrupt


def main(config, ready):
    mode = config["mode"]
    if mode == "early":
        return
    if mode == "todo":
        raise NotImplementedError("01-byte-stream: main")
    if mode == "never ready":
        time.sleep(3600)
    if mode == "raise before":
        corrupt(1)
    listener = socket.create_server((config["host"], config["port"]))
    stop = threading.Event()
    if mode != "deaf":
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=greet, args=(listener,)).start()
    ready(listener.getsockname()[1])
    ready(1)
    print("serving", flush=True)
    if mode == "raise after":
        corrupt(2)
    while not stop.wait(0.02):
        pass


def greet(listener):
    while True:
        connection, _ = listener.accept()
        connection.sendall(b"hello\n")
        connection.close()
