"""Which runs a page shows: those in the address, so that a reload or another browser finds them.

The address wins. Without one there, the run that the reader last saw on the page is shown
again, so that a walk to another page and back loses nothing. Whatever goes wrong on the way to
the store comes back as a sentence.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st

from core.lessons import past_runs
from core.runs.engine import EngineUnavailable
from core.runs.records import Run, StoreUnavailable
from core.runs.service import Config, Service
from ui import runs
from ui.owner import owner

__all__ = [
    "VAE",
    "Beside",
    "Shown",
    "ask_again",
    "begin_with_weights",
    "beside",
    "choose",
    "go_on",
    "is_settled",
    "kept",
    "last_done",
    "last_weights",
    "leave",
    "named",
    "pause",
    "read",
    "reports",
    "resume",
    "shown",
    "start",
    "steer",
    "stop",
]

T = TypeVar("T")

_RUN = "run"
"""Name of the run in the address."""

_PATIENCE_S = 0.5
"""How long a press waits for its run before the page goes on without it."""

_ASKING = ThreadPoolExecutor(8, thread_name_prefix="asking")

_BESIDE = "compare"
"""Name of the runs beside it there."""

_STEP = "at"
"""Name of the step where the reader rests, which the run view itself writes into the address."""

_LOOKED_AT = "looked_at"
"""Where a session notes which runs are on the reader's list for having been shown."""

VAE = "vae"
"""The kind of training that a page shows unless it says otherwise."""

_OTHER_KIND = "The run in the address is a training of another kind, which this page cannot show."
_DELETED = (
    "The run in the address has been deleted. For a day, Past runs can bring it back, for whoever "
    "deleted it."
)
_NOT_DONE = "The run in the address is not known on this machine, or its training is not over."
_INSTEAD = "Train starts one with the settings that came with it."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows.

    Attributes:
        run: The run, or None if there is none to show.
        is_own: Whether this reader started it.
        place: Its place in the queue, where 1 starts next, or None once it has left the queue.
        problem: Why the run that was asked for is not shown, as a sentence, or None.
        is_starting: Whether a run has been asked for that is not there yet.
    """

    run: Run | None = None
    is_own: bool = False
    place: int | None = None
    problem: str | None = None
    is_starting: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What a page shows beside its run.

    Attributes:
        choice: The ids of all that is on the charts.
        runs: The runs, in the order of their letters.
        names: What this reader calls them and the shown one, by id.
        problem: Why a run that was asked for is not there, as a sentence, or None.
    """

    choice: past_runs.Choice
    runs: tuple[Run, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def shown(page: str, instead: str = _INSTEAD, *, kind: str = VAE) -> Shown:
    """The run that was asked for, that the address names, or that was last shown on this page.

    Workers are made ready on the way, so that whoever presses Train need not wait for them.

    Args:
        page: Slug of the page.
        instead: What to do where the address names no run, as a sentence.
        kind: The kind of training that the page shows.
    """
    if _asked_for(page) in st.session_state:
        failure = _settle(page, 0)
        if failure is not None:
            return Shown(problem=failure)
        if _asked_for(page) in st.session_state:
            return Shown(is_starting=True)
    run_id = st.query_params.get(_RUN) or st.session_state.get(_remembered(page))
    try:
        service = runs.service()
        service.warm()
        if run_id is None:
            return Shown()
        run, place = service.run(run_id), service.queue_position(run_id)
        if run is None and service.was_deleted(run_id):
            return Shown(problem=f"{_DELETED} {instead}")
        if run is not None and run.kind != kind:
            return Shown(problem=f"{_OTHER_KIND} {instead}")
        if run is not None and run.id not in st.session_state.setdefault(_LOOKED_AT, set()):
            service.look(run.id, owner())
            st.session_state[_LOOKED_AT].add(run.id)
    except ValueError:
        return Shown(problem=f"The address does not name a run: part of it is missing. {instead}")
    except StoreUnavailable as error:
        return Shown(problem=str(error))
    if run is None:
        return Shown(problem=f"The run in the address is not known on this machine. {instead}")
    _show(run, page)
    return Shown(run=run, is_own=run.owner == owner(), place=place)


def kept(config: Config, page: str) -> Shown:
    """The run of a training that a page stands on, which is asked for at the first visit.

    It does not stand in the address: a link means the same training, wherever it is opened.
    """
    known = st.session_state.get(_remembered(page))
    try:
        if known is not None and _asked_for(page) not in st.session_state:
            run = runs.service().run(known)
            if run is not None:  # else it was deleted, and is asked for again
                return Shown(run=run, is_own=run.owner == owner())
        patience_s = 0.0  # whoever has waited once need not again
        if _asked_for(page) not in st.session_state:
            _ask(lambda service, reader: service.submit(config, reader), page)
            patience_s = _PATIENCE_S
    except StoreUnavailable as error:
        return Shown(problem=str(error))
    run, failure = _answer(page, patience_s)
    st.session_state[_remembered(page)] = run and run.id
    if run is None:
        return Shown(problem=failure, is_starting=failure is None)
    return Shown(run=run, is_own=run.owner == owner())


def read(ask: Callable[[Service], T]) -> tuple[T | None, str | None]:
    """What a question to the service comes to, or why it comes to nothing, as a sentence."""
    try:
        return ask(runs.service()), None
    except (StoreUnavailable, ValueError) as error:
        return None, str(error)


def last_weights(run: Run) -> tuple[int | None, str | None]:
    """The last step of a run whose weights are kept, or None; and what was wrong, if anything."""
    return read(lambda service: service.last_weights(run.id))


def last_done() -> tuple[Run | None, str | None]:
    """The run in the address, or the newest on the reader's list, if it is done.

    Nothing is started for it, and nothing is put on the list.

    Returns:
        The run, or None; and what was wrong with what the address names, or with the store.
    """
    named_run = st.query_params.get(_RUN)
    if named_run is not None:
        run, problem = read(lambda service: service.run(named_run))
        is_there = run is not None and run.state == "done"
        return (run, None) if is_there else (None, problem or _NOT_DONE)
    listed, problem = read(lambda service: service.runs(owner(), limit=50))
    done = (each.run for each in listed or () if each.run.state == "done")
    return next(done, None), problem


def ask_again(page: str) -> None:
    """Have `kept` ask for its run once more, whatever has become of it."""
    st.session_state.pop(_remembered(page), None)


def reports(run: Run | None, most: int = 300) -> list[str]:
    """The first batches of reports of a run as the store keeps them: half a minute's at least.

    None of a run that goes on: the browser follows it, and a page that looks a training over
    at each move of a control would answer more slowly.
    """
    if run is None or not run.is_final:
        return []
    try:
        return [body for _, body in runs.service().store.batches(run.id, 0, most)]
    except StoreUnavailable:
        return []


def start(config: Config, page: str) -> str | None:
    """Train, or watch the training that somebody has started already.

    Returns:
        None if the page shows the run now, or soon; otherwise a sentence that says why not.
    """
    return _begin(lambda service, reader: service.submit(config, reader), page)


def stop(run: Run) -> str | None:
    """Stop a run of this reader's own; somebody else's goes on.

    Returns:
        None if it was asked to stop; otherwise a sentence that says why not. The same holds for
        the functions below.
    """
    return _asked(lambda service: service.stop(run.id, owner()))


def pause(run: Run) -> str | None:
    """Have a run of this reader's own wait where it is."""
    return _asked(lambda service: service.pause(run.id, owner()))


def resume(run: Run) -> str | None:
    """Have a paused or stopped run of this reader's own go on."""
    return _asked(lambda service: service.resume(run.id, owner()))


def steer(run: Run, beta: float) -> str | None:
    """Have a run of this reader's own, which nobody shares, go on with another beta."""
    return _asked(lambda service: service.steer(run.id, owner(), beta))


def go_on(run: Run, config: Config, page: str) -> str | None:
    """Show a new run of this reader's own that goes on where another one stands."""
    return _begin(lambda service, reader: service.fork(run.id, reader, config), page)


def begin_with_weights(run: Run, config_at: Callable[[int], Config], page: str) -> str | None:
    """Show a new run of this reader's own that starts with the last weights of another.

    Args:
        run: The other run.
        config_at: What to train, given the step that the weights are of.
        page: The page that is to show it.
    """

    def fork(service: Service, reader: str) -> Run | None:
        step = service.last_weights(run.id)
        if step is None:
            return None
        return service.fork(run.id, reader, config_at(step), weights_of=step)

    return _begin(fork, page)


def is_settled(page: str) -> bool:
    """Whether the page has been answered what it has asked for last."""
    asked = st.session_state.get(_asked_for(page))
    return asked is None or asked.done()


def _begin(ask: Callable[[Service, str], Run | None], page: str) -> str | None:
    """Ask for a run, and wait a little for it; most are there at once.

    A reader who moves a control meanwhile makes another run of the script overtake this one,
    which can then no longer write into the session. So what was asked for is put there first.
    """
    try:
        _ask(ask, page)
    except StoreUnavailable as error:
        return str(error)
    return _settle(page, _PATIENCE_S)


def _ask(ask: Callable[[Service, str], Run | None], page: str) -> None:
    service, reader = runs.service(), owner()
    st.session_state[_asked_for(page)] = _ASKING.submit(ask, service, reader)


def _settle(page: str, patience_s: float) -> str | None:
    """Show the run that was asked for if it is there by now; why it will not be, if so."""
    run, failure = _answer(page, patience_s)
    if run is not None:
        _show(run, page)
    return failure


def _answer(page: str, patience_s: float) -> tuple[Run | None, str | None]:
    """The run that was asked for if it is there by now; why it will not be, if so."""
    asked: Future[Run | None] = st.session_state[_asked_for(page)]
    if not wait([asked], patience_s).done:
        return None, None
    del st.session_state[_asked_for(page)]
    try:
        run = asked.result()
    except TimeoutError:
        return None, "The workers did not answer within a minute; try again."
    except (EngineUnavailable, StoreUnavailable, ValueError) as error:
        return None, str(error)
    return run, None if run else "There is nothing yet to go on from; try again in a second."


def _asked(ask: Callable[[Service], object]) -> str | None:
    try:
        ask(runs.service())
    except (StoreUnavailable, ValueError) as error:
        return str(error)
    return None


def named() -> dict[str, str | None]:
    """What the address is to name, for the browser to make sure of it.

    What a script writes there may be lost where another one overtakes it.
    """
    return {name: st.query_params.get(name) for name in (_RUN, _BESIDE)}


def leave(page: str) -> None:
    """Show no run."""
    _write(_RUN, None, page)


def beside(page: str, run: Run | None) -> Beside:
    """The runs that the address names beside the shown one, or those last shown on this page."""
    text = st.query_params.get(_BESIDE) or st.session_state.get(_remembered(page, _BESIDE)) or ""
    choice, problem = past_runs.asked_for(text, run and run.id)
    if run is None or not choice.beside:
        return Beside(choice=choice, problem=problem if run else None)
    try:
        service = runs.service()
        known = map(service.run, choice.beside)
        found = [other for other in known if other is not None and other.kind == run.kind]
        names = service.names(owner(), [run.id, *choice.beside])
    except StoreUnavailable as error:
        return Beside(choice=choice, problem=str(error))
    if len(found) < len(choice.beside):
        problem = "A run to compare is not known on this machine, or was deleted; it is left out."
    choice = past_runs.Choice(run.id, tuple(other.id for other in found))
    if problem is None:
        choose(choice, page)
    return Beside(choice, tuple(found), names, problem)


def choose(choice: past_runs.Choice, page: str) -> None:
    """Show these runs from the next run of the script on."""
    _write(_RUN, choice.shown, page)
    _write(_BESIDE, ",".join(choice.beside) or None, page)


def _show(run: Run, page: str) -> None:
    _write(_RUN, run.id, page)


def _write(name: str, value: str | None, page: str) -> None:
    """Write into the address, where it differs, and into the memory of the session."""
    st.session_state[_remembered(page, name)] = value
    if st.query_params.get(name) == value:
        return
    for old in (name, _STEP) if name == _RUN else (name,):
        if old in st.query_params:
            del st.query_params[old]
    if value is not None:
        st.query_params[name] = value


def _remembered(page: str, name: str = _RUN) -> str:
    return f"{page}_{name}"


def _asked_for(page: str) -> str:
    return f"{page}_asked"
