"""Open a page of the site without a browser."""

import json
from typing import Any

from streamlit.testing.v1 import AppTest

from ui.registry import ROOT, part_of


def open_page(slug: str, **address: str) -> AppTest:
    """The page called `slug`, opened by a link with these values in its address."""
    app = AppTest.from_file(str(ROOT / "navigation.py"), default_timeout=30)
    app.query_params.update(address)
    app.run()
    if slug != "home":
        app.switch_page(part_of(slug).script(slug))
        app.query_params.update(address)
        app.run()
    return app


def told(app: AppTest) -> list[dict[str, Any]]:
    """What each component of a page is told, in their order."""
    found = (e for e in _walk(app.main) if getattr(e, "type", "") == "bidi_component")
    return [json.loads(element.proto.json) for element in found]


def _walk(block):
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from _walk(child)
