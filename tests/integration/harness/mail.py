"""A real SMTP server on loopback that keeps what it gets."""
import email
import email.policy
import re
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, SMTP

from harness.client import PASSWORD, Person, unique_email


class Mail:
    def __init__(self, envelope, over_tls):
        self.sender = envelope.mail_from
        self.recipients = envelope.rcpt_tos
        self.content = envelope.content
        self.over_tls = over_tls
        self.message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.subject = self.message["Subject"]
        self.text = self.message.get_content()

    @property
    def link(self):
        """The only link of the email."""
        links = re.findall(r"https?://\S+", self.text)
        assert len(links) == 1, self.text
        return links[0]

    @property
    def token(self):
        """What the link ends with."""
        return re.split(r"[/=#]", self.link)[-1]


class MailSink:
    """`security`: none, starttls or tls; `login`: (username, password) that is asked for."""

    def __init__(self, security="none", certificate=None, login=None):
        self.mails = []
        self.refuse = {}  # recipient: SMTP answer
        self._arrived = threading.Condition()
        context = None
        if security != "none":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.cert, certificate.key)

        def authenticate(_server, _session, _envelope, _mechanism, data):
            right = login == (data.login.decode(), data.password.decode())
            return AuthResult(success=right, handled=False)

        options = {}
        if login is not None:
            options = {"authenticator": authenticate, "auth_required": True,
                       "auth_require_tls": False}

        class SinkController(Controller):
            def factory(self):
                return SMTP(self.handler, enable_SMTPUTF8=False, timeout=60,
                            tls_context=context if security == "starttls" else None,
                            require_starttls=security == "starttls", **options)

            def _trigger_server(self):
                self.port = self.server.sockets[0].getsockname()[1]
                super()._trigger_server()

        self._controller = SinkController(self, hostname="127.0.0.1", port=0,
                                          ssl_context=context if security == "tls" else None,
                                          ready_timeout=20)
        self._controller.start()
        self.port = self._controller.port
        self.security = security
        self.certificate = certificate
        self.login = login

    def config(self):
        smtp = {"host": "127.0.0.1", "port": self.port, "security": self.security,
                "from": "oneclaw@secrets.test", "first_retry_seconds": 1}
        if self.certificate is not None:
            smtp["ca_file"] = str(self.certificate.cert)
        if self.login is not None:
            smtp["username"] = self.login[0]
        return {"smtp": smtp}

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):
        with self._arrived:
            self.mails.append(Mail(envelope, session.ssl is not None or self.security == "tls"))
            self._arrived.notify_all()
        return "250 OK"

    def to(self, address):
        return [mail for mail in list(self.mails) if mail.recipients == [address]]

    def wait(self, address, count=1, seconds=20):
        """The last email to that address, once there are `count` of them."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.to(address)) >= count, seconds), \
                [(mail.recipients, mail.subject) for mail in self.mails]
            return self.to(address)[-1]

    def sign_up(self, api, email=None, **more):
        """A person who has signed up and opened the email's link; the sink is empty then."""
        email = email or unique_email()
        api.request("POST", "/v1/auth/signup", json={"email": email, "password": PASSWORD, **more})
        answer = api.request("POST", "/v1/auth/verify-email", 200,
                             json={"token": self.wait(email).token})
        self.mails = [mail for mail in self.mails if mail.recipients != [email]]
        return Person(api, answer, email, PASSWORD)

    def close(self):
        self._controller.stop()
