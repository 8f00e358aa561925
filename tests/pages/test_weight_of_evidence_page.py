"""Mirrors `pages/ruler/weight_of_evidence.py`: controls move the page, extremes have words."""

import pytest

from core.lessons.weight_of_evidence import CASES, UNTOUCHED
from tests.pages.opened import open_page, told

SLUG = "weight_of_evidence"


def table(app):
    """
    Rows of the table of forms, by name.
    """
    (text,) = (m.value for m in app.markdown if m.value.startswith("|for P|"))
    rows = [line.strip("|").split("|") for line in text.splitlines()[2:]]
    return {name: cells for name, *cells in rows}


def written(app):
    return "\n".join(markdown.value for markdown in app.markdown)


class TestCalculator:
    def test_the_antibody_test_is_typed_and_read(self):
        """
        Type it from somewhere else, and read 0.616, +13.288 dB, -11.234 dB and +2.054 dB.
        """
        app = open_page(SLUG, prior="1:1", given_p="1/2", given_q="1/2")
        for key, text in (("prior", "0.07"), ("given_p", "0.938"), ("given_q", "0.044")):
            app.text_input(key=key).set_value(text).run()

        assert not app.exception
        rows = table(app)
        assert rows["Prior"][-1] == "−11.234 dB"
        assert rows["Weight of X"][-1] == "+13.288 dB"
        assert rows["Posterior"][-1] == "+2.054 dB"
        assert rows["Posterior"][0] == "0.616"
        assert app.text_input(key="typed_weight").value == "+13.288 dB"
        assert app.text_input(key="typed_posterior").value == "+2.054 dB"

    @pytest.mark.parametrize(
        ("key", "text", "row", "cell"),
        [
            ("prior", "1:1", "Posterior", "+13.288 dB"),
            ("given_p", "4.4 %", "Weight of X", "0.000 dB"),
            ("given_q", "93.8 %", "Posterior", "−11.234 dB"),
            ("typed_weight", "3 bits", "Weight of X", "+9.031 dB"),
            ("typed_weight", "1:20", "Weight of X", "−13.010 dB"),
            ("typed_posterior", "1/2", "Posterior", "0.000 dB"),
            ("typed_posterior", "1/2", "Prior", "−13.288 dB"),
        ],
    )
    def test_changing_one_moves_all(self, key, text, row, cell):
        """
        Every quantity may be typed, in any notation, and the others follow.
        """
        app = open_page(SLUG)
        app.text_input(key=key).set_value(text).run()

        assert not app.exception
        assert table(app)[row][-1] == cell

    def test_the_unit_is_a_choice(self):
        """
        The results are written, and typed again, in the unit of the page.
        """
        app = open_page(SLUG)
        app.selectbox(key="unit").set_value("Bits").run()

        assert app.text_input(key="typed_weight").value == "+4.414 bits"
        app.text_input(key="typed_posterior").set_value("0 bits").run()
        assert app.session_state["prior"].endswith(" bits")

    @pytest.mark.parametrize(
        ("address", "words"),
        [
            ({"given_q": "0"}, "This rules Q out"),
            ({"prior": "1e-300", "given_p": "1", "given_q": "0"}, "This rules Q out"),
            ({"prior": "1 - 1e-300"}, "1 − 4.69·10⁻³⁰²"),
            ({"prior": "0", "given_q": "0"}, "Certainty has met certainty"),
            ({"prior": "1"}, "The prior was certain of P already"),
        ],
    )
    def test_extremes_are_words(self, address, words):
        """
        And nothing is NaN.
        """
        app = open_page(SLUG, **address)

        assert not app.exception
        assert words in written(app)
        assert "nan" not in written(app).lower()

    @pytest.mark.parametrize(
        ("key", "text", "sentence"),
        [
            ("prior", "perhaps", "`Prior for P` must be a chance such as"),
            ("given_q", "2", "`Pr(X|Q)` must be a chance such as"),
            ("typed_posterior", "soon", "`Posterior` must be a chance such as"),
        ],
    )
    def test_what_cannot_be_read_gets_a_sentence(self, key, text, sentence):
        """
        The other controls stay as they are.
        """
        app = open_page(SLUG)
        app.text_input(key=key).set_value(text).run()

        assert not app.exception
        assert any(sentence in error.value for error in app.error)
        assert app.text_input(key="given_p").value == UNTOUCHED.given_p

    def test_a_bad_link_gets_a_sentence_and_loses_nothing(self):
        """
        What a control cannot be is said, and the rest of the link holds.
        """
        app = open_page(SLUG, unit="Miles", copies="7", given_p="1/2")

        assert not app.exception
        said = " ".join(error.value for error in app.error)
        assert "asks for Unit of evidence Miles" in said
        assert "asks for Chance of a copy 7" in said
        assert app.text_input(key="given_p").value == "1/2"


class TestLedger:
    def test_grows_with_every_press(self):
        """
        Each press is another head, one bit, in one line of the ledger.
        """
        app = open_page(SLUG, preset="coins")
        app.button(key="again").click().run()
        app.button(key="again").click().run()

        assert not app.exception
        assert app.session_state["earlier"] == "heads, 1, 1/2, 6"
        assert table(app)["Posterior"][3] == "+7.000 bits"

    @pytest.mark.parametrize("name", CASES)
    def test_has_ready_cases(self, name):
        """
        Each is a link that sets every control, with its story and its figures.
        """
        app = open_page(SLUG, preset=name)
        case = CASES[name]

        assert not app.exception
        assert not app.error
        assert app.text_input(key="prior").value == case.choices.prior
        assert case.story in written(app)
        for figure in case.figures:
            assert f"{figure.label}|{figure.value}" in written(app)

    def test_is_a_link(self):
        """
        The address holds the ledger, and opens it.
        """
        app = open_page(SLUG, earlier="a, 1/2, 1/4; b, 1/4, 1/2, 3", prior="1:1", copies="0.5")

        assert not app.exception
        assert "the order counts" in written(app)

    def test_is_edited_as_text(self):
        """
        Lines typed into it count; a broken one is named.
        """
        app = open_page(SLUG, prior="1:1", given_p="1/2", given_q="1/2")
        app.text_area(key="earlier").set_value("a, 1/2, 1/4, 2").run()
        assert table(app)["All evidence"][3] == "+2.000 bits"

        app.text_area(key="earlier").set_value("a, 1/2").run()
        assert any("`Line 1 of the ledger`" in error.value for error in app.error)

    @pytest.mark.parametrize(
        ("kind", "key", "value", "row"),
        [
            ("number_input", "times", 3, "+39.863 dB"),
            ("select_slider", "copies", 0.5, "+13.288 dB"),
        ],
    )
    def test_its_other_controls_move_it(self, kind, key, value, row):
        """
        Repetitions count, and the chance of a copy matters once there is something to copy.
        """
        app = open_page(SLUG)
        getattr(app, kind)(key=key).set_value(value).run()

        assert table(app)["All evidence"][-1] == row


class TestDensities:
    @pytest.mark.parametrize(
        ("kind", "key", "value", "words"),
        [
            ("select_slider", "x", -1.0, "Q is 4.926 times as dense"),
            ("select_slider", "p_mean", -1.0, "P is "),
            ("select_slider", "q_scale", 3.0, "P is "),
            ("selectbox", "p", "Uniform", "P is "),
            ("selectbox", "q", "Student, 1 degree", "P is "),
        ],
    )
    def test_every_control_moves_the_point(self, kind, key, value, words):
        """
        The weight at the point follows.
        """
        app = open_page(SLUG)
        before = [m.value for m in app.markdown if "dense here" in m.value]
        getattr(app, kind)(key=key).set_value(value).run()
        after = [m.value for m in app.markdown if "dense here" in m.value]

        assert not app.exception
        assert after != before
        if "times" in words:
            assert words in after[0]

    @pytest.mark.parametrize(("key", "value"), [("p_apart", 1.0), ("p_share", 0.95)])
    def test_a_mixture_has_a_shape(self, key, value):
        """
        The distance of its parts and their shares count, and only it has them.
        """
        app = open_page(SLUG, p="Two normals", x="2")
        before = [m.value for m in app.markdown if "dense here" in m.value]
        app.select_slider(key=key).set_value(value).run()

        assert [m.value for m in app.markdown if "dense here" in m.value] != before
        app.selectbox(key="p").set_value("Normal").run()
        assert key not in [slider.key for slider in app.select_slider]

    def test_a_link_names_the_point_and_what_it_cannot_be_is_said(self):
        """
        The picture is drawn where the link says, from the first run on.
        """
        app = open_page(SLUG, x="5", p_scale="abc")
        picture = told(app)[1]

        assert picture["x"] == 5.0
        assert "asks for Scale of P abc" in "\n".join(error.value for error in app.error)

    def test_a_place_that_q_forbids_rules_it_out(self):
        """
        In words, not as a number that overflows.
        """
        app = open_page(SLUG, q="Uniform", x="5")

        assert "Only P falls here: this rules the other out." in written(app)
