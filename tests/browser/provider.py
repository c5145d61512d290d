"""A small identity provider on loopback: discovery, authorisation code with PKCE, signed id tokens, sign out."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "konzern", "the client's own"


class Provider(ThreadingHTTPServer):
    """Signs people in by name: ``people`` are their claims, ``forgers`` get tokens that another key signed."""

    daemon_threads = True

    def __init__(self, people: Mapping[str, Mapping[str, Any]], forgers: tuple[str, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.people, self.forgers = people, forgers
        self.key, self.other = (RSAKey.generate_key(2048, {"kid": "1"}) for _ in range(2))
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def token(self, asked: Mapping[str, str]) -> str:
        """The id token of the person who was asked for."""
        person, now = asked["person"], int(time.time())
        told = {
            "iss": self.address, "aud": CLIENT, "sub": person, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            **self.people[person],
        }  # fmt: skip
        key = self.other if person in self.forgers else self.key
        return jwt.encode({"alg": "RS256", "kid": "1"}, told, key, algorithms=["RS256"])


class _Handler(BaseHTTPRequestHandler):
    """The endpoints."""

    server: Provider

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
        at = self.server.address
        if parts.path == "/.well-known/openid-configuration":
            ends = {"authorization": "authorize", "token": "token", "end_session": "logout"}
            places = {f"{name}_endpoint": f"{at}/{path}" for name, path in ends.items()}
            self._json(
                {
                    "issuer": at, "jwks_uri": f"{at}/jwks", "response_types_supported": ["code"],
                    "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"], **places,
                }
            )  # fmt: skip
        elif parts.path == "/jwks":
            self._json(KeySet([self.server.key]).as_dict(private=False))
        elif parts.path == "/authorize" and asked["client_id"] == CLIENT:
            self._ask(asked)
        elif parts.path == "/logout":
            self._go(asked["post_logout_redirect_uri"])
        else:
            self.send_error(404)

    def _ask(self, asked: dict[str, str]) -> None:
        """Who is it? A link a person; a chosen one goes back with a code."""
        if "person" in asked:
            code = secrets.token_urlsafe(16)
            self.server.codes[code] = asked
            self._go(asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]}))
            return
        links = "".join(
            f'<p><a href="/authorize?{escape(urlencode({**asked, "person": p}))}">{escape(p)}</a>'
            for p in self.server.people
        )
        self._send(200, "text/html", f"<!doctype html><title>Bank</title>{links}".encode())

    def do_POST(self) -> None:
        """The token endpoint: a code once, with the client's secret and the verifier of its challenge."""
        told = {
            k: v[0]
            for k, v in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()
        }
        given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.server.codes.pop(told.get("code", ""), None)
        digest = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None or self.headers["Authorization"] != f"Basic {given}"
            or (told["redirect_uri"], challenge) != (asked["redirect_uri"], asked["code_challenge"])
        ):  # fmt: skip
            self._json({"error": "invalid_grant"}, 400)
            return
        token = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300}
        self._json({**token, "id_token": self.server.token(asked)})

    def _json(self, told: Mapping[str, Any], status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(told).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _go(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def providing(people: Mapping[str, Mapping[str, Any]], forgers: tuple[str, ...] = ()) -> Iterator[Provider]:
    """A provider that listens until the block ends."""
    provider = Provider(people, forgers)
    serving = threading.Thread(target=provider.serve_forever, daemon=True)
    serving.start()
    try:
        yield provider
    finally:
        provider.shutdown()
        provider.server_close()
        serving.join()
