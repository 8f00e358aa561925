"""The parts of a page that live in the browser: their modules are served by `ui.streams`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from core.figures import colours

__all__ = [
    "awaited",
    "belief_view",
    "densities_view",
    "density_view",
    "divergence_view",
    "explorer",
    "properties_view",
    "recipe_view",
    "run_view",
    "shells_view",
    "step_view",
]

_ASSETS = Path(__file__).parents[1] / "assets" / "components"

# Streamlit runs this from a blob, which has no address of its own to import from. It answers at
# once, not with a promise: a reader may press Train while the modules are still on their way, and
# Streamlit then cleans up after a first call that has not even begun to draw. All calls wait for
# one promise, for of two imports the later one may be answered first, and draw what has passed.
_LOADER = """
let modules = null;

export default function (component) {
  const address = `${component.data.base}/api/components/%s/index.js`;
  let isOver = false, cleanUp = null;
  modules ??= import(new URL(address, document.baseURI).href).catch((error) => {
    modules = null; // the next call tries again
    throw error;
  });
  modules.then((module) => {
    if (!isOver) cleanUp = module.default(component);
  });
  return () => {
    isOver = true;
    cleanUp?.();
  };
}
"""


def _made(name: str, folder: str, *basis: str) -> Callable[..., Any]:
    """The component whose modules, and style sheet if it needs one, are in a folder of the assets.

    Args:
        name: Its name.
        folder: The folder.
        basis: Folders whose style sheets come before.
    """
    sheets = (_ASSETS / each / "index.css" for each in (*basis, folder))
    return component(
        name,
        html='<div class="reserved"></div>',  # keeps the room: nothing jumps
        css="".join(sheet.read_text("utf-8") for sheet in sheets if sheet.exists()),
        js=_LOADER % folder,
    )


_run = _made("training_run", "run")
_belief, _densities = _made("belief", "belief", "run"), _made("densities", "densities", "run")
_divergence = _made("divergence", "divergence", "run", "scene")
_properties = _made("two_properties", "properties", "run", "scene")
_recipe = _made("universal_recipe", "recipe", "run", "scene")
_shells = _made("gaussian_shells", "shells", "run", "scene")
_density = _made("density", "density", "run", "scene")
_step, _explorer = _made("one_step", "one_step", "run"), _made("explorer", "explorer", "run")
_awaited = _made("awaited_run", "awaited")


def _sent(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a page says to the browser, with what all parts in it need.

    Those are `base`, what stands before the addresses of the routes, "" at the root of a host,
    and `colours`, what `core.figures.colours.for_browser` gives.
    """
    base = st.get_option("server.baseUrlPath").strip("/")
    return {"base": f"/{base}" if base else "", "colours": colours.for_browser(), **data}


def run_view(*, data: Mapping[str, Any], key: str) -> None:
    """Show a training run live: its curves, its way in the R-D plane, its pictures and codes.

    The browser follows the runs by itself; only a change of their states reruns the page. It
    writes the step where the reader rests into the address, as `at`, and reads it there.

    Args:
        data: What to show, as JSON values:
            `run`: id of the run, or None for an empty view.
            `attempt`, `state`, `step`, `message`: of the run, as the page knows them.
            `address`: what the address of the page is to name, null where it is not to.
            `pace`: seconds in which a whole run is played, or 0 to follow it as it comes.
            `steps_per_epoch`: optimiser steps of one pass through the data, or None.
            `labels`: names of the class labels in their order; numbers stand in for them.
            `others`: up to three runs beside it, each as `run`, `attempt`, `state`, `label`.
            `label`: what tells the run from those.
        key: Name of the component on the page.
    """
    _run(data=_sent(data), key=key, on_state_change=_rerun, on_beside_change=_rerun)


def belief_view(*, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]) -> None:
    """Show a belief as a gauge, and the sum that moved it as bars with handles.

    Args:
        data: What to show, as JSON values: what `Account.for_browser` of the lesson on weight of
            evidence gives.
        key: Name of the component on the page.
        on_move: Told what a hand has done, as one name with a number: `prior` or `weight` in
            nats, `raise` or `remove` with the number of an observation.
    """
    _belief(data=_sent(data), key=key, on_moved_change=lambda: on_move(_moved(key)))


def densities_view(
    *, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]
) -> None:
    """Show two densities, and their ratio at a point that follows the hand.

    Args:
        data: What to show, as JSON values: `real` and `dream` with `family`, `mean`, `scale`,
            `apart`, `share`; `x` and `unit`.
        key: Name of the component on the page.
        on_move: Told what a hand has done, as one name with a number: `x`, `p_mean`, `q_mean`.
    """
    _densities(data=_sent(data), key=key, on_moved_change=lambda: on_move(_moved(key)))


def divergence_view(
    *, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]
) -> None:
    """Show a picture of a divergence under its numbers; two densities follow the hand.

    Args:
        data: What to show, as JSON values: what a view of the lesson on KL divergence gives, with
            a `kind`, `numbers` as `label`, `text` and `role`, and a text alternative `alt` where
            the picture does not move.
        key: Name of the component on the page.
        on_move: Told what a hand has done, as the key of a control with a number.
    """
    _divergence(data=_sent(data), key=key, on_moved_change=lambda: on_move(_moved(key)))


def properties_view(
    *, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]
) -> None:
    """Show a picture of the two properties of KL; tables and a point follow the hand.

    Args:
        data: What to show, as JSON values: what a view of the lesson on the two properties gives.
        key: Name of the component on the page.
        on_move: Told what a hand has done: tables by `p` and `q`, or two numbers by the keys of
            their controls.
    """
    _properties(data=_sent(data), key=key, on_moved_change=lambda: on_move(_moved(key)))


def recipe_view(*, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]) -> None:
    """Show the four steps of the recipe as graphs, or a minimisation whose turns follow the hand.

    Args:
        data: What to show, as JSON values: what a view of the lesson on the recipe gives.
        key: Name of the component on the page.
        on_move: Told what a hand has done: the turn that it rests at, as `turn`.
    """
    _recipe(data=_sent(data), key=key, on_moved_change=lambda: on_move(_moved(key)))


def shells_view(*, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]) -> None:
    """Show where the mass of a Gaussian is, or how rare images are; dimensions follow the hand.

    Args:
        data: What to show, as JSON values: what a view of the lesson on Gaussian shells gives.
        key: Name of the component on the page.
        on_move: Told what a hand has done, as keys of controls with numbers: `d`, and with it
            `radius` or `eps`, or `place`.
    """
    _shells(data=_sent(data), key=key, on_moved_change=lambda: on_move(_moved(key)))


def density_view(*, data: Mapping[str, Any], key: str, on_move: Callable[[object], None]) -> None:
    """Show samples of a box, a model over them on its way, and its cross-entropies.

    The browser follows the training of a flow by itself; only a change of its state reruns the
    page.

    Args:
        data: What to show, as JSON values: what a view of the lesson on density estimation gives.
        key: Name of the component on the page.
        on_move: Told what a hand has done: what it has drawn, where a fit starts, or which size of
            a model it has picked.
    """
    _density(
        data=_sent(data),
        key=key,
        on_moved_change=lambda: on_move(_moved(key)),
        on_state_change=_rerun,
    )


def _moved(key: str) -> object:
    return st.session_state[key].get("moved")


def step_view(
    *,
    data: Mapping[str, Any],
    key: str,
    on_pick: Callable[[object], None],
    on_walk: Callable[[object], None],
) -> None:
    """Show the pictures of one step of training.

    Args:
        data: What to show, as JSON values:
            `step`: what the step is called.
            `panels`: the pictures, in reading order.
        key: Name of the component on the page.
        on_pick: Told which image the reader has picked, counted from 1.
        on_walk: Told by how many steps an arrow key has asked to go on, or back.
    """
    _step(
        data=_sent(data),
        key=key,
        on_picked_change=lambda: on_pick(st.session_state[key].get("picked")),
        on_walked_change=lambda: on_walk(st.session_state[key].get("walked")),
    )


def explorer(*, data: Mapping[str, Any], key: str) -> None:
    """Show a decoder that follows the hand: its code plane, samples, holes, and drawings encoded.

    The browser fetches the weights once for each model and decodes by itself. The page runs
    again when the hand comes to rest: the session then holds under `key` what it has left, `z`,
    a code, and `pair`, one or two images.

    Args:
        data: What to show, as JSON values:
            `view`: one of `core.lessons.generate.VIEWS`.
            `model`: the shown model, or None: `run`, `step`, `member`, `likelihood`, `scale`,
                `latent`, `side`, `name`, `labels`, `dataset`, `encodes`.
            `beside`: another one for the holes, or None.
            `z`, `pair`: the code and the images that the address names.
            `dims`, `dims_beside`: the code dimensions across and up of the two models, from zero;
                -1 where there is no second.
            `look`, `seed`, `temperature`: how images are drawn.
            `gaps`: for each model of the holes, codes and nats, or None.
            `cuts`: for each of them, its rate taken apart, as a line.
            `extremes`: the least and the most likely images, or None.
        key: Name of the component on the page.
    """
    _explorer(data=_sent(data), key=key, on_z_change=_rerun, on_pair_change=_rerun)


def awaited(run: str, words: str, *, key: str) -> None:
    """Show how far a training is, and run the page again once it is over.

    The browser follows the training by itself, so that many readers may wait at once.

    Args:
        run: Id of the run.
        words: What to say of it until its first report.
        key: Name of the component on the page.
    """
    _awaited(data=_sent({"run": run, "words": words}), key=key, on_state_change=_rerun)


def _rerun() -> None:
    """Nothing to do: that the page runs again is the point."""
