"""A stand-in for Google: an RSA key pair, its JWKS on loopback, and ID tokens."""
import base64
import http.server
import json
import threading
import time
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "oneclaw-test.apps.googleusercontent.com"


def _number(value):
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Google:
    def __init__(self):
        self.rotate()
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(issuer.jwks()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def rotate(self):
        """A new key in place of the old one."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = "key-" + uuid.uuid4().hex

    @property
    def jwks_url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/certs"

    def config(self):
        return {"client_ids": ["another-client", CLIENT_ID], "jwks_url": self.jwks_url}

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        return {"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid,
                          "n": _number(numbers.n), "e": _number(numbers.e)}]}

    def claims(self, **changes):
        now = int(time.time())
        claims = {"iss": "https://accounts.google.com", "aud": CLIENT_ID,
                  "sub": uuid.uuid4().hex, "email": f"g-{uuid.uuid4().hex}@example.test",
                  "email_verified": True, "name": "A Person", "iat": now, "exp": now + 600}
        claims.update(changes)
        return {name: value for name, value in claims.items() if value is not None}

    def id_token(self, claims=None, key=None, algorithm="RS256", kid=None, **changes):
        claims = self.claims(**changes) if claims is None else claims
        return jwt.encode(claims, key or self.key, algorithm=algorithm,
                          headers={"kid": kid or self.kid})

    def close(self):
        self._server.shutdown()
        self._server.server_close()
