"""HTTP by hand, for what a good client never sends."""
import socket

from harness.client import Answer, check_answer


class Headers(dict):
    def __init__(self, pairs):
        super().__init__((name.lower(), value) for name, value in pairs)

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def get(self, name, fallback=None):
        return super().get(name.lower(), fallback)


class Connection:
    def __init__(self, port, seconds=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.buffer += data

    def answer(self, method="GET", path="/v1/health"):
        """The next answer, 1xx included."""
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = Headers(line.split(": ", 1) for line in lines[1:])
        length = int(headers.get("Content-Length", "0"))
        while len(self.buffer) < length:
            self._more()
        content, self.buffer = self.buffer[:length], self.buffer[length:]
        answer = Answer(method, path, int(lines[0].split(" ")[1]), headers, content)
        if answer.status >= 200:
            check_answer(answer)
        return answer

    def is_closed(self, seconds=10):
        """Whether the other side closes within that time, sending nothing more."""
        self.socket.settimeout(seconds)
        try:
            return self.buffer == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def head(method, target, token=None, version="HTTP/1.1", **headers):
    lines = [f"{method} {target} {version}", "Host: localhost"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def exchange(port, data, method="GET", path="/v1/health"):
    with Connection(port) as connection:
        connection.send(data)
        return connection.answer(method, path)


def send_target(port, method, target, token=None, body=None):
    """A request to exactly this target, which no client library tidies up."""
    content = b"" if body is None else body
    headers = {"Content_Length": len(content)} if body is not None else {}
    return exchange(port, head(method, target, token, **headers) + content, method,
                    target.split("?")[0])
