"""A webhook receiver on loopback: keeps what it gets, and answers as a test tells it to."""
import base64
import hashlib
import hmac
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Delivery:
    def __init__(self, path, headers, content):
        self.path = path
        self.headers = headers
        self.content = content
        self.at = time.monotonic()
        self.event = json.loads(content)

    def is_signed_with(self, secret):
        """Standard Webhooks 1.0, worked out here anew."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = b".".join([self.headers["webhook-id"].encode(),
                          self.headers["webhook-timestamp"].encode(), self.content])
        mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return self.headers["webhook-signature"] == "v1," + mac


class Receiver:
    def __init__(self, certificate=None):
        self.deliveries = []
        self.status = 200
        self.answer_headers = {}
        self.body = b""
        self.delay = 0
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._arrived:
                    receiver.deliveries.append(Delivery(self.path, self.headers, content))
                    receiver._arrived.notify_all()
                time.sleep(receiver.delay)
                try:
                    self.send_response(receiver.status)
                    for name, value in receiver.answer_headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(receiver.body)))
                    self.end_headers()
                    self.wfile.write(receiver.body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.cert, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait(self, count, seconds=20):
        """The deliveries, once there are `count` of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.deliveries) >= count, seconds), \
                [delivery.event for delivery in self.deliveries]
            return list(self.deliveries)

    def events(self, kind):
        return [d.event for d in list(self.deliveries) if d.event["type"] == kind]

    def wait_for(self, kind, count=1, seconds=20):
        """The events of that type, once there are `count` of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.events(kind)) >= count, seconds), \
                [delivery.event for delivery in self.deliveries]
            return self.events(kind)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
