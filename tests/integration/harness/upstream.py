"""A host of the outside world that shows what it was sent."""
import base64
import gzip
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        authorization = self.headers.get("Authorization") or ""
        value = authorization.split(" ", 1)[-1]
        if url.path == "/redirect":
            return self.answer(int(query.get("status", "302")), b"", Location=query["to"])
        if url.path == "/encodings":
            raw = value.encode()
            forms = [value, base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(),
                     base64.b64encode(b"u:" + raw).decode(), base64.b64encode(b"x" + raw).decode(),
                     raw.hex(), raw.hex().upper(), urllib.parse.quote(value, safe=""),
                     urllib.parse.quote_plus(value), json.dumps(value)]
            return self.answer(200, "\n".join(forms).encode(), X_Echo=value,
                               Set_Cookie="token=" + urllib.parse.quote(value, safe=""))
        if url.path == "/gzip":
            return self.answer(200, gzip.compress(value.encode() * 3), Content_Encoding="gzip")
        if url.path == "/big":
            return self.answer(200, b"x" * int(query["size"]) + value.encode() * 50)
        if url.path == "/binary":
            return self.answer(200, b"\xff\xfe" + value.encode() + b"\x00")
        if url.path == "/slow":
            self.server.released.wait(20)
            return self.answer(200, b"late")
        echo = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()),
                "body": body.decode(errors="replace")}
        self.answer(200, json.dumps(echo).encode(), Content_Type="application/json")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any


class Upstream:
    def __init__(self):
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.seen = []
        self.http.released = threading.Event()
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def seen(self):
        return self.http.seen

    def close(self):
        self.http.released.set()
        self.http.shutdown()
        self.http.server_close()
