// What Streamlit calls: again with each change of data or theme, and a last time to clean up.

/**
 * The default export of a component whose view, made once in `parentElement`, has `update(component)`
 * and `destroy()`.
 *
 * Streamlit may call it again before an earlier call has answered, and then cleans up after the
 * earlier one: only the clean-up of the latest call takes the view away.
 */
export function mounting(View) {
  const mounted = new WeakMap(); // parent element -> {view, turn}
  return function mount(component) {
    const { parentElement } = component;
    let entry = mounted.get(parentElement);
    if (!entry) {
      entry = { view: new View(parentElement), turn: 0 };
      mounted.set(parentElement, entry);
    }
    entry.turn += 1;
    const { turn } = entry;
    entry.view.update(component);
    return () => {
      if (mounted.get(parentElement) !== entry || entry.turn !== turn) return;
      entry.view.destroy();
      mounted.delete(parentElement);
    };
  };
}
