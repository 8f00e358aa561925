"""Mirrors `ui/owner.py`: who may stop a run."""

import asyncio
import re

from ui.owner import COOKIE, OwnerCookie


async def site(scope, receive, send):
    """A site of pages, and of files under /file."""
    kind = b"text/plain" if scope["path"].startswith("/file") else b"text/html; charset=utf-8"
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]}
    await send(start)
    await send({"type": "http.response.body", "body": b"hello"})


def answered(path="/", cookie=None, scheme="http"):
    """The cookie that the site sets when a browser asks for `path`, or None."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    headers = [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "path": path, "scheme": scheme, "headers": headers}
    asyncio.run(OwnerCookie(site)(scope, receive, send))
    assert sent[1]["body"] == b"hello"
    return dict(sent[0]["headers"]).get(b"set-cookie", b"").decode() or None


def test_the_first_page_gives_a_token_that_scripts_cannot_read():
    """
    The token is long, random and out of reach of anything on the page or on other sites.
    """
    token, *attributes = answered().split("; ")

    assert re.fullmatch(rf"{COOKIE}=[A-Za-z0-9_-]{{32}}", token)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)


def test_the_token_stays():
    """
    A browser that has one keeps it, whatever other cookies it sends.
    """
    token = answered().split(";")[0]

    assert answered(cookie=token) is None
    assert answered(cookie=f"other=1; {token}") is None


def test_files_give_no_token():
    """
    A page and its files are asked for at once; only one of them may name the owner.
    """
    assert answered("/file.js") is None


def test_a_token_of_the_wrong_shape_is_replaced():
    """
    What a browser sends is not trusted to be ours.
    """
    assert answered(cookie=f"{COOKIE}=x").startswith(COOKIE)


def test_an_encrypted_site_never_sends_it_in_the_clear():
    """
    Behind TLS the cookie is marked secure.
    """
    assert "Secure" in answered(scheme="https").split("; ")
    assert "Secure" not in answered(scheme="http").split("; ")


def test_two_browsers_are_two_owners():
    """
    Tokens do not repeat.
    """
    assert answered().split(";")[0] != answered().split(";")[0]
