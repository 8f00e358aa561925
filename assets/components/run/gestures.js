// Hands on the curves: drag to zoom, click to go there, wheel, double click, arrow keys.

const CLICK_PX = 4; // a press that moves less is a click
const DOUBLE_CLICK_MS = 250;

/**
 * Connects pointer, wheel and keyboard with a chart. `act` has `seek(step)`, `changed()`, and
 * `rests()`, the steps where something was measured; `scene()` is what is on screen.
 *
 * The wheel zooms where the chart has been clicked or with Ctrl, as a pinch on a touchpad does;
 * else it scrolls the page, which a reader on the way down would miss.
 */
export function connect(chart, act) {
  const { canvas } = chart.surface;
  let press = null;
  let isArmed = false;
  let timer = 0;

  const inside = (pixel) => Math.max(chart.plot.left, Math.min(chart.plot.right, pixel));
  const stepAt = (event) => chart.x.value(inside(event.offsetX));
  const hasCurves = () => Boolean(chart.x) && act.rests().length > 0;

  const onDown = (event) => {
    if (event.button !== 0 || !hasCurves()) return;
    canvas.setPointerCapture(event.pointerId);
    press = { id: event.pointerId, from: inside(event.offsetX), isDrag: false };
    isArmed = true;
  };
  const onMove = (event) => {
    if (!hasCurves()) return;
    if (press && event.pointerId === press.id) {
      press.isDrag ||= Math.abs(event.offsetX - press.from) > CLICK_PX;
      chart.band = press.isDrag ? [press.from, inside(event.offsetX)] : null;
    }
    chart.cursor = stepAt(event);
    act.changed();
  };
  const onUp = (event) => {
    if (!press || event.pointerId !== press.id) return;
    const { isDrag, from } = press;
    press = chart.band = null;
    if (isDrag) {
      const [low, high] = [from, inside(event.offsetX)].sort((a, b) => a - b);
      if (high - low > CLICK_PX) zoomTo(chart, act.scene(), chart.x.value(low), chart.x.value(high));
    } else {
      // A second click would make it a double click, which means something else.
      const step = stepAt(event);
      clearTimeout(timer);
      timer = setTimeout(() => act.seek(step), DOUBLE_CLICK_MS);
    }
    act.changed();
  };
  const onCancel = () => {
    press = chart.band = null;
    act.changed();
  };
  const onLeave = () => {
    isArmed = false;
    if (press) return;
    chart.cursor = null;
    act.changed();
  };
  const onDoubleClick = () => {
    clearTimeout(timer);
    chart.zoom = null;
    act.changed();
  };
  const onWheel = (event) => {
    const isMeant = isArmed || event.ctrlKey || event.metaKey;
    if (!isMeant || !hasCurves()) return;
    event.preventDefault();
    event.stopPropagation();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const factor = Math.exp(Math.max(-1, Math.min(1, event.deltaY * lines * 0.003)));
    zoomBy(chart, act.scene(), factor, inside(event.offsetX));
    act.changed();
  };
  const onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !hasCurves()) return;
    if (!pressKey(chart, act, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    act.changed();
  };
  const onBlur = () => {
    chart.cursor = null;
    act.changed();
  };

  const listeners = {
    pointerdown: onDown,
    pointermove: onMove,
    pointerup: onUp,
    pointercancel: onCancel,
    pointerleave: onLeave,
    dblclick: onDoubleClick,
    wheel: onWheel,
    keydown: onKey,
    blur: onBlur,
  };
  for (const [name, listener] of Object.entries(listeners)) {
    canvas.addEventListener(name, listener, { passive: false });
  }
  return () => {
    clearTimeout(timer);
    for (const [name, listener] of Object.entries(listeners)) {
      canvas.removeEventListener(name, listener);
    }
  };
}

/** What a key does on the focused chart; false for keys that mean nothing here. */
function pressKey(chart, act, key) {
  const scene = act.scene();
  const rests = act.rests();
  const here = chart.cursor ?? Math.max(0, scene.step);
  const place = rests.findIndex((step) => step >= here - 1e-9);
  const index = place < 0 ? rests.length - 1 : place;
  const go = (to) => {
    chart.cursor = rests[Math.max(0, Math.min(rests.length - 1, to))];
  };
  if (key === "ArrowRight") go(index + (chart.cursor === null ? 0 : 1));
  else if (key === "ArrowLeft") go(index - 1);
  else if (key === "Home") go(0);
  else if (key === "End") go(rests.length - 1);
  else if (key === "Enter" && chart.cursor !== null) act.seek(chart.cursor);
  else if (key === "+" || key === "=") zoomBy(chart, scene, 0.6, chart.x.at(here));
  else if (key === "-") zoomBy(chart, scene, 1 / 0.6, chart.x.at(here));
  else if (key === "0") chart.zoom = null;
  else if (key === "Escape" && (chart.zoom || chart.cursor !== null)) {
    if (chart.cursor !== null) chart.cursor = null;
    else chart.zoom = null;
  } else return false;
  return true;
}

/** Show the steps from `low` to `high`, as far as there are any. */
export function zoomTo(chart, scene, low, high) {
  const [first, last] = chart.fullRange(scene);
  const from = Math.max(first, low);
  const to = Math.min(last, high);
  const least = Math.min(4, last - first);
  if (to - from < least) return;
  const isEverything = from <= first && to >= last;
  chart.zoom = isEverything ? null : [from, to];
}

/** Zoom by a factor around a pixel; below 1 is closer. */
export function zoomBy(chart, scene, factor, pixel) {
  const { left, right } = chart.plot;
  const edge = (side) => chart.x.value(pixel + (side - pixel) * factor);
  zoomTo(chart, scene, edge(left), edge(right));
}
