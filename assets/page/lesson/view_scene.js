// What the views share: the tracks, the selected step, what is highlighted; and the scheduling of drawing. A piece
// (one plot) is drawn at most once per frame, only while it is on screen; when a frame's time is up, the rest waits
// for the next frame, and those that have waited longest go first.

import { depthOf, keptSteps, lastStep, nearest } from './view_data.js';

/** Milliseconds after which a frame starts no further piece. */
const BUDGET = 3;

/**
 * @param {object} state outlives a rebuild: `layer` (chosen; the last where undefined), `turn`, `firstMoments`,
 *   and `onStep`, called with a step that the reader clicks
 * @returns the scene: `tracks`, `step`, `hover` (a step pointed at, or null), `lit` (a layer, or null), `steps`,
 *   `span` (of the axis of steps), `depth` (hidden layers), and the members of `painter` and `pointing`
 */
export function createScene(state) {
  const scene = { state, tracks: [], step: 0, hover: null, lit: null, steps: [], span: [0, 1], depth: 0, version: 0 };
  return Object.assign(scene, painter(), pointing(scene));
}

/** Whether a piece is to be drawn now. */
const isDue = (piece) => piece.dirty && piece.width > 0 && (piece.seen || piece.always);

/** Schedules the drawing. */
function painter() {
  const pieces = new Map();
  let asked = 0;
  const ask = () => (asked ||= requestAnimationFrame(frame));
  const frame = () => {
    asked = 0;
    const began = performance.now();
    for (const [element, piece] of [...pieces].filter(([, piece]) => isDue(piece))) {
      if (performance.now() - began > BUDGET) return void ask();
      drawPiece(element, piece);
    }
  };
  const drawPiece = (element, piece) => {
    piece.dirty = false;
    pieces.delete(element);
    pieces.set(element, piece);
    piece.draw(piece.width);
  };
  const { watch, unwatch } = watcher((element, changes) => {
    const piece = pieces.get(element);
    if (!piece) return;
    Object.assign(piece, changes);
    ask();
  });
  return {
    /** Registers an element to draw in, even off screen if `always`. @param {(width: number) => void} draw */
    piece(owner, element, draw, always = false) {
      pieces.set(element, { owner, draw, always, dirty: true, seen: false, width: 0 });
      watch(element);
    },
    /** Removes all pieces of an owner. @param {string} owner */
    forget(owner) {
      for (const [element, piece] of [...pieces]) {
        if (piece.owner !== owner) continue;
        pieces.delete(element);
        unwatch(element);
      }
    },
    /** Requests that everything, or everything of one owner, is redrawn. @param {string} [owner] */
    redraw(owner) {
      for (const piece of pieces.values()) if (!owner || piece.owner === owner) piece.dirty = true;
      ask();
    },
    /** Draws everything that waits, even off screen, for printing. */
    drawAll() {
      for (const [element, piece] of [...pieces]) if (piece.dirty && piece.width) drawPiece(element, piece);
    },
  };
}

/** Watches which elements are on screen, and their widths. @param {(element: Element, changes: object) => void} tell */
function watcher(tell) {
  const seen = new IntersectionObserver(
    (entries) => entries.forEach((entry) => tell(entry.target, { seen: entry.isIntersecting })),
    { rootMargin: '120px' },
  );
  const sized = new ResizeObserver((entries) =>
    entries.forEach((entry) => tell(entry.target, { width: entry.contentRect.width, dirty: true })),
  );
  const both = [seen, sized];
  return {
    watch: (element) => both.forEach((observer) => observer.observe(element)),
    unwatch: (element) => both.forEach((observer) => observer.unobserve(element)),
  };
}

/**
 * A value that is computed once per scene content, however many plots use it.
 * @template T @param {object} scene @param {() => T} compute @returns {() => T}
 */
export function perShow(scene, compute) {
  let [version, value] = [-1, null];
  return () => {
    if (version !== scene.version) [version, value] = [scene.version, compute()];
    return value;
  };
}

/** Pointing at steps and layers. */
function pointing(scene) {
  return {
    /** Sets the tracks and the step. */
    take(tracks, step) {
      const steps = keptSteps(tracks);
      Object.assign(scene, {
        tracks,
        step,
        steps,
        span: [0, lastStep(tracks)],
        depth: depthOf(tracks),
        version: scene.version + 1,
      });
    },
    /** Points at the kept step nearest to one, or at none (null): a line in all views. */
    point(step) {
      const next = step === null || scene.steps.length === 0 ? null : nearest(scene.steps, step);
      if (next === scene.hover) return;
      scene.hover = next;
      scene.redraw();
    },
    /** Asks the laboratory to go to the step pointed at. */
    go() {
      if (scene.hover !== null) scene.state.onStep?.(scene.hover);
    },
    /** Highlights a layer (0 is the first) in all views, or none (null). */
    light(layer) {
      if (layer === scene.lit) return;
      scene.lit = layer;
      scene.onLit?.();
      scene.redraw();
    },
    /** Chooses the layer whose digits are shown. */
    choose(layer) {
      scene.state.layer = layer;
      scene.onLit?.();
      scene.redraw();
    },
    /** The chosen layer: the last, unless the reader chose another valid one. */
    chosen() {
      const { layer } = scene.state;
      return Number.isInteger(layer) && layer >= 0 && layer < scene.depth ? layer : scene.depth - 1;
    },
    /** The step that keys move from: the one pointed at, else the selected one. */
    from: () => scene.hover ?? scene.step,
  };
}
