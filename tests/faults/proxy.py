"""A proxy on loopback between a driver and a server, which cuts a connection where a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

COMMIT = bytes([0x00, 0x02, 0xB0, 0x12, 0x00, 0x00])
"""The Bolt message that commits a transaction, as it goes over the wire."""


class Proxy:
    """Passes bytes on; before what the driver sends it asks ``cut``, and cuts before or after sending it on."""

    def __init__(self, port: int, cut: Callable[[bytes], str]) -> None:
        self._target = port
        self._cut = cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for held in list(self._open):
            self._end(held)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                mine, _ = self._listener.accept()
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self._target))
            self._open += [mine, other]
            for source, sink, asked in ((mine, other, True), (other, mine, False)):
                thread = threading.Thread(target=self._pass_on, args=(source, sink, asked), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, asked: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                when = self._cut(data) if asked else ""
                if when == "before":
                    break
                if when == "after":
                    self._end(source)  # the answer finds nobody
                    sink.sendall(data)
                    sink.recv(1 << 16)
                    break
                sink.sendall(data)
        except OSError:
            pass
        self._end(source)
        self._end(sink)

    def _end(self, one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
