"""Who started a run: a token that the browser keeps, so that a reload is still the same reader.

The token is a cookie because the very first script run already sees it: the page sets it, and
the connection that runs the script carries it. Nothing in the page can read it.
"""

import hashlib
import re
import secrets
from typing import TypeGuard

import streamlit as st
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "OwnerCookie", "owner"]

COOKIE = "companion_owner"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_YEAR_S = 365 * 24 * 3600


class OwnerCookie:
    """Gives each browser that opens a page a token of its own, once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the cookie to a page that goes to a browser without one."""
        if scope["type"] != "http" or _is_token(HTTPConnection(scope).cookies.get(COOKIE)):
            await self.app(scope, receive, send)
            return
        cookie = _new_cookie(secure=scope["scheme"] == "https")

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                headers = [*message["headers"], (b"set-cookie", cookie)]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def owner() -> str:
    """Whoever reads the page, as a name that is safe to store.

    It is a digest of the browser's token, so whoever reads the store cannot pass for a reader.
    Where the browser keeps no cookies the session stands in for it, until it ends.
    """
    token = st.context.cookies.get(COOKIE)
    if not _is_token(token):
        token = st.session_state.setdefault("owner_token", secrets.token_urlsafe(24))
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def _is_token(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and _TOKEN.fullmatch(text) is not None


def _is_page(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in message["headers"]
    )


def _new_cookie(*, secure: bool) -> bytes:
    token = secrets.token_urlsafe(24)
    cookie = f"{COOKIE}={token}; Path=/; Max-Age={_YEAR_S}; HttpOnly; SameSite=Lax"
    return (cookie + "; Secure" * secure).encode("ascii")
