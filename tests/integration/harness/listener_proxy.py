"""Between a node and PostgreSQL: passes everything on, but can cut off the node's listener alone."""
import socket
import threading

LISTEN = b"LISTEN oneclaw_changes"


class ListenerProxy:
    """cut("held"): bytes of listening connections go nowhere; cut("closed"): these end at once."""

    def __init__(self, port):
        self.there = ("127.0.0.1", port)
        self.lock = threading.Lock()
        self.passing = threading.Event()
        self.passing.set()
        self.mode = None
        self.listening = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.restore()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def cut(self, mode):
        with self.lock:
            assert self.listening, "nobody listens"
            self.mode = mode
            if mode == "held":
                self.passing.clear()
            else:
                self._end_all()

    def restore(self):
        with self.lock:
            self.mode = None
            self._end_all()
            self.passing.set()

    def _end_all(self):
        for pair in self.listening:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.listening.clear()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            pair = (client, socket.create_connection(self.there))
            for source, target in (pair, pair[::-1]):
                threading.Thread(target=self._pass_on, args=(source, target, pair),
                                 daemon=True).start()

    def _pass_on(self, source, target, pair):
        try:
            while block := source.recv(65536):
                if LISTEN in block:
                    with self.lock:
                        self.listening.append(pair)
                        if self.mode == "closed":
                            self._end_all()
                if pair in self.listening:
                    self.passing.wait()
                target.sendall(block)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
