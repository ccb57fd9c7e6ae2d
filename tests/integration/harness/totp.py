"""Time-based one-time passwords (RFC 6238), as an authenticator app makes them."""
import base64
import hashlib
import hmac
import struct
import time

STEP = 30


def code(secret, step=None):
    """The code of a step (now, when none is given) of a base32 secret."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    if step is None:
        step = current_step()
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = struct.unpack(">I", mac[offset:offset + 4])[0] & 0x7fffffff
    return f"{number % 10 ** 6:06d}"


def current_step():
    return int(time.time()) // STEP


class Authenticator:
    """Gives codes that the server has not seen: it takes none of a step before one it took."""

    def __init__(self, secret):
        self.secret = secret
        self.used = 0

    def fresh(self):
        step = max(current_step() - 1, self.used + 1)
        while step > current_step() + 1:  # the server looks one step ahead, no further
            time.sleep(0.5)
        self.used = step
        return code(self.secret, step)

    def wrong(self):
        near = {code(self.secret, current_step() + i) for i in range(-3, 4)}
        return next(text for text in (f"{i:06d}" for i in range(100)) if text not in near)
