"""Mirrors `pages/ruler/kl_divergence.py`: controls move every view, and infinity has words."""

import pytest

from core.lessons.kl_divergence import CASES, UNTOUCHED, VIEWS
from tests.pages.opened import open_page

SLUG = "kl_divergence"


def written(app):
    return "\n".join(markdown.value for markdown in app.markdown)


def rows(app):
    """
    Rows of the table of numbers, by name.
    """
    (text,) = (m.value for m in app.markdown if m.value.startswith("|") and "--:" in m.value)
    lines = [line[1:-1].split("|") for line in text.splitlines()[2:]]
    return {name: cells for name, *cells in lines}


def refused(app):
    return " ".join(error.value for error in app.error)


class TestViews:
    @pytest.mark.parametrize("view", VIEWS)
    def test_each_opens_by_its_link(self, view):
        """
        With its own controls, what it says, and what to notice; and nothing is not a number.
        """
        app = open_page(SLUG, view=view)

        assert not app.exception
        assert not app.error
        assert "nan" not in written(app).lower().split()
        assert app.session_state["view"] == view

    def test_each_is_a_press_away(self):
        """
        From one to the next, on one page, and back.
        """
        app = open_page(SLUG)
        for view in (*VIEWS[1:], VIEWS[0]):
            app.button_group(key="view").set_value(view).run()
            assert not app.exception
            assert not app.error

    @pytest.mark.parametrize("name", CASES)
    def test_ready_cases_are_links(self, name):
        """
        Each sets every control of its view, and shows what it promises without a complaint.
        """
        app = open_page(SLUG, preset=name)
        expected = CASES[name].choices.values()

        assert not app.exception
        assert not app.error
        for key, value in expected.items():
            if key in app.session_state:
                assert app.session_state[key] == value, key

    def test_a_bad_link_gets_a_sentence_and_loses_nothing(self):
        """
        What a control cannot be is said, and the rest of the link holds.
        """
        app = open_page(SLUG, p_mean="77", p="Zeta", q_scale="2")

        assert not app.exception
        assert "asks for Centre of P 77" in refused(app)
        assert app.select_slider(key="q_scale").value == 2.0


class TestNumbers:
    @pytest.mark.parametrize(
        ("preset", "row", "cell"),
        [
            ("moved", "KL[P; Q]", "**0.5000 nats**"),
            ("narrow", "KL[P; Q]", "**0.3181 nats**"),
            ("wide", "KL[P; Q]", "**0.8069 nats**"),
            ("needle", "KL[P; Q]", "**3.8076 nats**"),
            ("support", "KL[P; Q]", "**infinite**"),
            ("heads", "KL[Q; P]", "**3.0103 dB**"),
            ("births", "KL[P; Q]", "**8.69·10⁻⁴ dB**"),
            ("table", "KL[P; Q]", "**0.2500 bits**"),
        ],
    )
    def test_of_the_lecture_are_ready(self, preset, row, cell):
        """
        The Gaussians against the standard one, the coins, Laplace's births, the table.
        """
        assert rows(open_page(SLUG, preset=preset))[row][0] == cell

    def test_of_laplace_s_births_say_how_many(self):
        """
        14,966 births to 13 dB, if the truth were exactly 51 %.
        """
        assert rows(open_page(SLUG, preset="births"))["KL[P; Q]"][1] == "14,966"

    def test_of_codes_are_said(self):
        """
        2 bits in the wrong code, 0.25 more than in the right one.
        """
        text = written(open_page(SLUG, preset="codes"))

        assert "takes 2 bits on average, 0.25 bits more than in its own" in text

    def test_say_where_infinity_comes_from(self):
        """
        In words, with the exact place.
        """
        text = written(open_page(SLUG, preset="support"))

        assert "P may fall below x = −2 and above x = 2, where Q never does" in text


class TestControls:
    @pytest.mark.parametrize(
        ("view", "kind", "key", "value"),
        [
            ("Integrand", "select_slider", "p_mean", -2.0),
            ("Integrand", "select_slider", "q_scale", 3.0),
            ("Integrand", "selectbox", "q", "Student, 1 degree"),
            ("Integrand", "selectbox", "unit", "Bits"),
            ("Integrand", "number_input", "draw", 5),
            ("Samples", "selectbox", "source", "Q"),
            ("Samples", "selectbox", "of", "Coins"),
            ("Samples", "select_slider", "horizon", 10),
            ("Race", "text_input", "threshold", "20 dB"),
            ("Race", "selectbox", "ends", "Two"),
            ("Coins", "text_input", "heads_p", "60 %"),
            ("Coins", "number_input", "flips", 7),
            ("Coins", "text_input", "threshold", "30 dB"),
            ("Two fits", "select_slider", "apart", 6.0),
            ("Two fits", "select_slider", "share", 0.2),
            ("Two fits", "select_slider", "part", 1.0),
            ("Two fits", "select_slider", "own_mean", -1.0),
            ("Two fits", "select_slider", "own_scale", 3.0),
            ("Families", "selectbox", "family", "Beta"),
            ("Families", "text_input", "table_q", "1/8, 1/8, 1/4, 1/2"),
            ("Units", "select_slider", "height_p", 190.0),
            ("Units", "select_slider", "spread_q", 9.0),
            ("Units", "selectbox", "measure", "Metres"),
            ("Codes", "text_input", "table_p", "1/8, 1/8, 1/4, 1/2"),
        ],
    )
    def test_every_one_moves_what_is_shown(self, view, kind, key, value):
        """
        What the page says becomes something else, and stays without a complaint.
        """
        app = open_page(SLUG, view=view)
        before = written(app)
        getattr(app, kind)(key=key).set_value(value).run()

        assert not app.exception
        assert not app.error
        assert written(app) != before

    @pytest.mark.parametrize(
        ("family", "kind", "key", "value"),
        [
            ("Poisson", "select_slider", "poisson_p", 8.0),
            ("Exponential", "select_slider", "rate_q", 0.5),
            ("Beta", "select_slider", "alpha_p", 8.0),
            ("Beta", "select_slider", "beta_q", 8.0),
            ("Gaussian, any dimension", "text_input", "mean_p", "1, 1"),
            ("Gaussian, any dimension", "text_input", "cov_q", "2, 0; 0, 2"),
            ("Coin", "text_input", "heads_q", "1/3"),
        ],
    )
    def test_of_each_family_move_it(self, family, kind, key, value):
        """
        Only those of the family are there.
        """
        app = open_page(SLUG, view="Families", family=family)
        before = rows(app)
        getattr(app, kind)(key=key).set_value(value).run()

        assert not app.exception
        assert not app.error
        assert rows(app) != before

    def test_a_mixture_has_a_shape(self):
        """
        The distance of its parts and their shares, which no other family has.
        """
        app = open_page(SLUG, p="Two normals")
        before = rows(app)
        app.select_slider(key="p_apart").set_value(1.0).run()
        assert rows(app) != before

        app.selectbox(key="p").set_value("Normal").run()
        assert "p_apart" not in [slider.key for slider in app.select_slider]

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            ({"view": "Race", "threshold": "0"}, "`Threshold` must be"),
            ({"view": "Coins", "heads_p": "often"}, "`Heads for P` must be a chance"),
            ({"view": "Codes", "table_p": "1/2, 1/4"}, "`Table of P` must sum to 1"),
            (
                {"view": "Families", "family": "Gaussian, any dimension", "cov_p": "1, 2; 2, 1"},
                "`Covariance of P` must be positive definite",
            ),
        ],
    )
    def test_what_cannot_be_gets_a_sentence(self, address, sentence):
        """
        With field, rule and value, in place of the picture.
        """
        app = open_page(SLUG, **address)

        assert not app.exception
        assert sentence in refused(app)

    def test_what_is_typed_is_never_followed(self):
        """
        A link that is typed as a chance stays text.
        """
        app = open_page(SLUG, view="Coins", heads_p="[x](http://example.org)")

        assert not app.exception
        assert "](http" not in refused(app)


class TestDraws:
    @pytest.mark.parametrize("view", ["Samples", "Race", "Integrand"])
    def test_new_ones_are_in_the_address(self, view):
        """
        A press takes the next draw, and the same draw shows the same numbers again.
        """
        app = open_page(SLUG, view=view)
        first = written(app)
        app.button(key="again").click().run()
        assert app.session_state["draw"] == UNTOUCHED.draw + 1
        assert written(app) != first

        assert written(open_page(SLUG, view=view)) == first

    def test_many_are_a_press(self):
        """
        10,000 runs of 1,000 are shown, until something else is asked for.
        """
        app = open_page(SLUG, preset="close")
        app.button(key="many").click().run()
        assert "10,000 runs of 1,000 samples" in written(app)

        app.selectbox(key="source").set_value("Q").run()
        assert "2,000 runs of 200 samples" in written(app)

    def test_a_coin_is_flipped(self):
        """
        Heads are a bit for the wrong coin, and one tails rules it out; then another coin is taken.
        """
        app = open_page(SLUG, preset="first_tails")
        assert "3 heads, 0 tails" in written(app)
        app.button(key="flip").click().run()
        assert "**Q is ruled out**, for good" in written(app)

        app.button(key="flip_ten").click().run()
        assert app.session_state["flips"] == 14
        app.button(key="again").click().run()
        assert app.session_state["flips"] == 0
        assert "Flip the coin." in written(app)
