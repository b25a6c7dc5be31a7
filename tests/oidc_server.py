"""A real HTTP server that speaks OpenID Connect: discovery, authorisation code, tokens, user info.

What it says of whoever signs in is `claims`, which a test sets. The server runs in a thread of its
own, as a real one is another process.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SECRET = "supportbot-test", "a-secret-of-the-test"


class Provider:
    """`claims` are of the ID token and of the user info alike; `userinfo`, if set, of the latter
    alone; `error` is what the authorisation ends in; `wrong` changes the ID token."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.reset()

    def reset(self) -> None:
        self.claims: dict[str, Any] = {"sub": "1"}
        self.userinfo: dict[str, Any] | None = None
        self.wrong: dict[str, Any] = {}
        self.error = ""

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent to: back, with a code."""
        if self.error:
            answer = {"error": self.error, "state": query["state"]}
        else:
            code = secrets.token_urlsafe()
            self.codes[code] = query
            answer = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        """The tokens, for a code that is good once, with the secret and the PKCE verifier."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or form.get("client_secret") != SECRET:
            return None
        if asked.get("code_challenge") != challenge or asked["redirect_uri"] != form.get(
            "redirect_uri"
        ):
            return None
        access, now = secrets.token_urlsafe(), int(time.time())
        self.tokens[access] = self.claims if self.userinfo is None else self.userinfo
        id_token = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60}
        signed = jwt.encode(
            {**id_token, **self.claims, **self.wrong}, self.key, "RS256", {"kid": "1"}
        )
        return {"access_token": access, "token_type": "Bearer", "id_token": signed}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path.endswith("/.well-known/openid-configuration"):
            self._answer(200, self.provider.discovery())
        elif address.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            self.send_response(302)
            self.send_header("Location", self.provider.authorize(query))
            self.end_headers()
        elif address.path == "/userinfo":
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            found = self.provider.tokens.get(token)
            self._answer(200 if found is not None else 401, found or {})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        found = self.provider.exchange({n: v[0] for n, v in parse_qs(body).items()})
        self._answer(200 if found is not None else 400, found or {"error": "invalid_grant"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[Provider]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield _Handler.provider
    finally:
        server.shutdown()
        server.server_close()
