"""Mirrors `pages/practice/one_step.py`: each control moves it, and it waits for its model."""

import pytest

from core.lessons import one_step as lesson
from core.lessons.one_step import CONFIG, STEPS, UNTOUCHED, Choices
from tests.core.lessons.test_one_step_lesson import RESOLVED, Kept
from tests.pages.opened import open_page
from tests.pages.stand_in import DOWN
from ui.controls import short


@pytest.fixture(scope="module")
def kept():
    return Kept()


@pytest.fixture
def trained(service, kept, monkeypatch):
    """
    A service whose default training is done.
    """
    run = service.put(RESOLVED, state="done", step=CONFIG.total_steps)
    monkeypatch.setattr(
        type(service), "weights", lambda _, run_id, step=None: kept.weights("aaaabbbbcccc", step)
    )
    return run


def view_of(trained, service, **choices):
    made = Choices(**choices)
    return lesson.view(lesson.model(service, trained.id, made.model), made)


def written(app):
    return [markdown.value for markdown in app.markdown]


class TestControls:
    @pytest.mark.parametrize(
        "moved",
        [
            {"model": "Untrained", "minibatch": 9, "image": 5},
            {"step": "Sample", "noise": 7},
            {"step": "Sample", "look": "Two gradients"},
            {"step": "Sample", "look": "How many draws", "samples": 64},
            {"step": "Decode", "sigma": 0.1},
            {"step": "Loss", "beta": 4.0},
            {"step": "Update", "size": 0.01},
            {"step": "KL by hand", "mean_1": -2.5, "log_var_2": 1.5, "draws": 10},
            {"step": "KL by hand", "mean_2": 0.25, "log_var_1": -0.001, "noise": 2},
        ],
        ids=str,
    )
    def test_a_link_sets_them(self, service, trained, moved):
        """
        The numbers on screen are those of the lesson for what the address says.
        """
        app = open_page("one_step", **{key: short(value) for key, value in moved.items()})

        assert not app.exception
        assert not app.error
        assert view_of(trained, service, **moved).equation in written(app)

    def test_moving_them_moves_the_numbers(self, service, trained):
        """
        Every kind of control, one after the other.
        """
        app = open_page("one_step")
        app.number_input(key="minibatch").set_value(3).run()
        app.number_input(key="image").set_value(4).run()
        app.button(key="next").click().run()
        app.button(key="again").click().run()
        moved = {"step": "Sample", "minibatch": 3, "image": 4, "noise": 1}
        assert view_of(trained, service, **moved).equation in written(app)

        app.button(key="next").click().run()
        app.select_slider(key="sigma").set_value(0.5).run()
        moved |= {"step": "Decode", "sigma": 0.5}
        assert view_of(trained, service, **moved).equation in written(app)

        app.button(key="next").click().run()
        app.select_slider(key="beta").set_value(8.0).run()
        app.button(key="next").click().run()
        moved |= {"step": "Update", "beta": 8.0}
        assert view_of(trained, service, **moved).equation in written(app)

    def test_next_and_back_walk_through_all(self, trained):
        """
        From the first step to the last and back, with an end on either side.
        """
        app = open_page("one_step")
        assert app.button(key="back").disabled
        for name in STEPS[1:]:
            app.button(key="next").click().run()
            assert app.session_state["step"] == name
        assert app.button(key="next").disabled
        for name in reversed(STEPS[:-1]):
            app.button(key="back").click().run()
            assert app.session_state["step"] == name

    @pytest.mark.parametrize(
        ("address", "sentence"),
        [
            ({"step": "Rest"}, "The address asks for Step Rest, which must be one of Encode, "),
            (
                {"minibatch": "163"},
                "The address asks for Mini-batch 163, which must be a whole number from 1 to ",
            ),
            (
                {"step": "Loss", "noise": "-1"},
                "The address asks for Noise seed -1, which must be a whole number from 0 to ",
            ),
            (
                {"step": "Loss", "beta": "nan"},
                "The address asks for β nan, which must be a mark from ",
            ),
        ],
    )
    def test_nonsense_in_the_address_is_said(self, trained, address, sentence):
        """
        A link that was mistyped opens the page, and says what it could not do.
        """
        app = open_page("one_step", **address)

        assert not app.exception
        assert any(error.value.startswith(sentence) for error in app.error)

    @pytest.mark.parametrize("name", lesson.PRESETS)
    def test_presets_open_their_view(self, service, trained, name):
        """
        A link to try sets every control.
        """
        app = open_page("one_step", preset=name)

        assert not app.exception
        choices = lesson.PRESETS[name].choices
        expected = lesson.view(lesson.model(service, trained.id, choices.model), choices)
        assert expected.equation in written(app)


class TestTraining:
    def test_the_first_visit_asks_for_the_default_training(self, service):
        """
        With a sentence and how far it is; whoever comes next watches the same.
        """
        app = open_page("one_step")
        open_page("one_step")

        (run,) = service.known.values()
        assert run.config == RESOLVED.to_json()
        assert not app.exception
        assert "run" not in app.query_params
        assert lesson.status(run).goes_on
        assert not app.error

    def test_it_goes_on_when_the_training_is_done(self, service, kept, monkeypatch):
        """
        The page shows its model as soon as there is one.
        """
        app = open_page("one_step")
        (run,) = service.known.values()
        service.become(run.id, state="done", step=CONFIG.total_steps)
        monkeypatch.setattr(
            type(service), "weights", lambda _, r, s=None: kept.weights("aaaabbbbcccc", s)
        )
        app.run()

        assert any("nats" in text and "image 1" in text for text in written(app))

    def test_a_training_that_failed_can_be_asked_for_again(self, service):
        """
        With what the worker said of it.
        """
        service.put(RESOLVED, state="failed", message="The disk is full.")
        app = open_page("one_step")

        assert any("The disk is full." in error.value for error in app.error)
        app.button(key="train_it").click().run()
        assert not app.exception

    def test_a_deleted_run_is_asked_for_again(self, service):
        """
        Whoever has deleted the default training gets it back where a page needs it.
        """
        app = open_page("one_step")
        (run,) = service.known.values()
        del service.known[run.id]
        app.run()

        assert not app.exception
        assert len(service.known) == 1

    def test_a_store_that_is_down_is_a_sentence(self, service):
        """
        And the calculator, which needs no model, waits for none.
        """
        service.is_down = True
        app = open_page("one_step")

        assert not app.exception
        assert DOWN in [error.value for error in app.error]

    def test_the_calculator_needs_no_model(self, service):
        """
        It works while the training is on its way.
        """
        app = open_page("one_step", step="KL by hand")

        choices = Choices(step="KL by hand")
        assert lesson.view(None, choices).equation in written(app)


def test_untouched_controls_leave_the_address_alone(trained):
    """
    A link to the page stays short.
    """
    app = open_page("one_step")

    assert not app.query_params or set(app.query_params) <= set(UNTOUCHED.values())
