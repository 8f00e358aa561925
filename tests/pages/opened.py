"""Open a page of the site without a browser."""

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
