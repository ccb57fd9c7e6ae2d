"""A server far away: what a client sends arrives late."""
import socket
import threading
import time
import urllib.parse


class SlowProxy:
    """Holds each block of bytes that a client sends for `seconds` before it passes it on."""

    def __init__(self, url, seconds):
        there = urllib.parse.urlsplit(url)
        self.there = (there.hostname, there.port)
        self.seconds = seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.there)
            for source, target, wait in ((client, server, self.seconds), (server, client, 0)):
                threading.Thread(target=self._pass_on, args=(source, target, wait),
                                 daemon=True).start()

    @staticmethod
    def _pass_on(source, target, wait):
        try:
            while block := source.recv(65536):
                time.sleep(wait)
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()
