// The inputs of the first and the last hidden layer over the recorded moments, as ridges that can be rotated.

import { el, set } from './dom.js';
import { button } from './controls.js';
import { fixed, percent, significant, t } from './text.js';
import { ticks } from './plot.js';
import { momentAt, nameOf, remembered, thin } from './view_data.js';
import { perShow } from './view_scene.js';
import { slopeOf } from './view_slopes.js';
import { paintRidges, shares } from './view_ridges_paint.js';

const START = { yaw: 0.5, pitch: 0.5 };
const SIDE = { yaw: 0, pitch: 0 };
/** The most ridges in a panel. */
const MOST = 22;
/** The number of first moments, those of the original lesson: batches 0 to 4. */
const FIRST = 5;

/** The steps whose ridges are shown: evenly picked, and the selected one. @param {object} scene @returns {number[]} */
export function shownSteps(scene) {
  const steps = scene.state.firstMoments ? scene.steps.slice(0, FIRST) : thin(scene.steps, MOST);
  const now = scene.steps.findLast((step) => step <= scene.step);
  if (now === undefined || steps.includes(now) || scene.state.firstMoments) return steps;
  return [...steps, now].sort((one, other) => one - other);
}

/** The range of a layer's inputs except for a thousandth of them at either end, or null. @param {Layer} layer */
const extent = remembered((layer) => {
  const bars = shares(layer, [-Infinity, Infinity]);
  let [left, right] = [0, 0];
  const low = bars.find(([, share]) => (left += share) > 0.001);
  const high = bars.findLast(([, share]) => (right += share) > 0.001);
  return low && high ? [low[0], high[0]] : null;
});

const everywhere = remembered((layer) => shares(layer, [-Infinity, Infinity]));

/** The range of inputs that all panels share: that of all networks, at least ±3. */
function sharedDomain(scene, steps) {
  const ends = scene.tracks.flatMap((track) =>
    steps.flatMap((step) => {
      const layers = momentAt(track, step)?.layers ?? [];
      return [layers[0], layers.at(-1)].map((layer) => layer && extent(layer)).filter(Boolean);
    }),
  );
  const most = Math.max(3, ...ends.flat().map(Math.abs));
  return [-Math.ceil(most), Math.ceil(most)];
}

/** The view of the ridges. @param {object} scene */
export function ridgesView(scene) {
  const body = el('div', { class: 'view-panels' });
  const controls = el('div', { class: 'row view-controls' });
  const element = el(
    'div',
    { class: 'view wide', 'data-view': 'ridges' },
    el('h3', {}, t('view.ridges.title')),
    body,
    controls,
    el('details', {}, el('summary', {}, t('view.how')), el('p', {}, t('view.ridges.how'))),
  );
  scene.state.turn ??= { ...START };
  controls.append(...turning(scene));
  const build = () => {
    scene.forget('ridges');
    body.replaceChildren(
      ...scene.tracks.map((track, place) =>
        el(
          'div',
          { class: 'view-panel' },
          el('p', { class: `view-name ${track.norm}` }, nameOf(track, scene.tracks)),
          el('div', { class: 'view-pair' }, canvasOf(scene, place, 'first'), canvasOf(scene, place, 'last')),
        ),
      ),
    );
  };
  return { element, build };
}

/** Buttons: side view, turned view, the first moments only. */
function turning(scene) {
  const to = (turn) => () => {
    scene.state.turn = { ...turn };
    scene.redraw('ridges');
  };
  const first = button(
    t('view.ridges.beginning', { count: FIRST }),
    () => {
      scene.state.firstMoments = !scene.state.firstMoments;
      set(first, { 'aria-pressed': String(scene.state.firstMoments) });
      scene.redraw('ridges');
    },
    { 'aria-pressed': String(Boolean(scene.state.firstMoments)) },
  );
  return [button(t('view.ridges.side'), to(SIDE)), button(t('view.ridges.turned'), to(START)), first];
}

/** Drag and arrow keys turn all panels together. */
function turnable(scene, canvas) {
  const by = (yaw, pitch) => {
    const { turn } = scene.state;
    scene.state.turn = {
      yaw: Math.min(1.1, Math.max(-1.1, turn.yaw + yaw)),
      pitch: Math.min(1.3, Math.max(0, turn.pitch + pitch)),
    };
    scene.redraw('ridges');
  };
  let from = null;
  canvas.addEventListener('pointerdown', (event) => {
    from = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!from) return;
    by((event.clientX - from[0]) * 0.008, (event.clientY - from[1]) * 0.008);
    from = [event.clientX, event.clientY];
  });
  for (const kind of ['pointerup', 'pointercancel']) canvas.addEventListener(kind, () => (from = null));
  canvas.addEventListener('keydown', (event) => {
    const turn = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (event.key === 'Home') scene.state.turn = { ...START };
    else if (!turn) return;
    event.preventDefault();
    by(...(turn ?? [0, 0]));
  });
}

/** The canvas of a network's first or last layer, and what it shows in words. */
function canvasOf(scene, place, which) {
  const label = `${nameOf(scene.tracks[place], scene.tracks)}, ${t(`view.ridges.${which}`)}`;
  const canvas = el('canvas', { class: 'view-ridges', tabindex: 0, role: 'img', 'aria-label': label });
  const caption = el('p', { class: 'view-said' });
  const title = el('p', { class: 'view-which' }, t(`view.ridges.${which}`));
  const figure = el('div', { class: 'view-ridge', 'data-which': which }, title, canvas, caption);
  turnable(scene, canvas);
  const light = (on) => scene.light(on ? layerIndex(scene, place, which) : null);
  for (const [kind, on] of [
    ['pointerenter', true],
    ['focus', true],
    ['pointerleave', false],
    ['blur', false],
  ]) {
    canvas.addEventListener(kind, () => light(on));
  }
  let drawn = '';
  scene.piece('ridges', canvas, (width) => {
    const track = scene.tracks[place];
    const steps = shownSteps(scene);
    const domain = sharedDomain(scene, steps);
    const moment = momentAt(track, scene.step);
    const layer = which === 'first' ? moment?.layers[0] : moment?.layers.at(-1);
    tell(scene, { figure, title, canvas, caption, track, moment, layer, which, place });
    const key =
      JSON.stringify([
        width,
        domain,
        scene.state.turn,
        steps,
        moment?.step,
        track.moments.length,
        track.moments[0]?.step,
        document.documentElement.dataset.theme,
      ]) + stamp(track);
    if (key === drawn) return;
    drawn = key;
    paint(canvas, scene, { width, track, steps, domain, moment, which });
  });
  return figure;
}

let stamps = 0;
const numbered = remembered(() => ++stamps);
/** Distinguishes one run's moments from another's at the same steps. */
const stamp = (track) =>
  track.moments.length ? `${numbered(track.moments[0])}-${numbered(track.moments.at(-1))}` : '';

/** The layer that a panel shows, from 0; null if there is none. */
function layerIndex(scene, place, which) {
  const count = scene.tracks[place]?.moments[0]?.layers.length ?? 0;
  return count === 0 ? null : which === 'first' ? 0 : count - 1;
}

/** A percentile in words: outside the bins, only the side is known. */
export function within(layer, value = NaN) {
  if (layer?.below > 0 && value <= layer.low) return `< ${fixed(layer.low, 0)}`;
  if (layer?.above > 0 && value >= layer.high) return `> ${fixed(layer.high, 0)}`;
  return fixed(value);
}

/** Updates the texts and data of a panel. */
function tell(scene, { figure, title, canvas, caption, track, moment, layer, which, place }) {
  const index = layerIndex(scene, place, which);
  title.classList.toggle('view-lit-name', index !== null && index === scene.lit);
  const [low, median, high] = layer?.percentiles ?? [];
  const known = [low, median, high].every(Number.isFinite) && everywhere(layer).length > 0;
  const slope = layer ? slopeOf(layer, track.activation) : NaN;
  const values = {
    step: moment?.step,
    ...Object.fromEntries(Object.entries({ low, median, high }).map(([name, value]) => [name, within(layer, value)])),
    slope: significant(slope, 2),
  };
  if (!moment) caption.textContent = t('view.not_yet', { step: scene.step });
  else caption.textContent = t(known ? 'view.ridges.said' : 'view.no_number', values);
  const outside = layer ? (layer.below || 0) + (layer.above || 0) : 0;
  if (known && outside > 0)
    caption.textContent += ` ${t('view.ridges.outside', { low: layer.low, high: layer.high, count: outside })}`;
  set(figure, {
    'data-network': track.name,
    'data-step': moment?.step ?? '',
    'data-percentiles': known ? `${low} ${median} ${high}` : '',
  });
  set(canvas, {
    'aria-label': t('view.ridges.label', {
      name: nameOf(track, scene.tracks),
      which: t(`view.ridges.${which}`),
      what: caption.textContent,
    }),
  });
}

/** Sets the size and the colours, and paints. */
function paint(canvas, scene, { width, track, steps, domain, moment, which }) {
  const height = canvas.clientHeight;
  const density = Math.min(2, devicePixelRatio || 1);
  Object.assign(canvas, { width: Math.round(width * density), height: Math.round(height * density) });
  const context = canvas.getContext('2d');
  context.scale(density, density);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const norm = ['none', 'batch', 'layer', 'rms'].includes(track.norm) ? track.norm : 'ink';
  const ridges = steps.flatMap((step, at) => {
    const found = track.moments.find((one) => one.step === step);
    const layer = which === 'first' ? found?.layers[0] : found?.layers.at(-1);
    const bars = layer ? everywhere(layer).filter(([middle]) => middle >= domain[0] && middle <= domain[1]) : [];
    return bars.length
      ? [{ step, at: steps.length > 1 ? at / (steps.length - 1) : 1, now: found === moment, bars }]
      : [];
  });
  const peak =
    ridges.reduce((most, ridge) => ridge.bars.reduce((one, [, share]) => Math.max(one, share), most), 0) || 1;
  paintRidges(context, {
    width,
    height,
    turn: scene.state.turn,
    domain,
    activation: track.activation,
    ridges,
    peak,
    ticks: ticks(domain, width < 220 ? 3 : 6),
    colours: {
      ...Object.fromEntries(['ink', 'faint', 'rule', 'paper'].map((name) => [name, colour(name)])),
      norm: colour(norm),
    },
    words: {
      input: t('view.axis.input'),
      step: t('view.step'),
      tallest: t('view.ridges.tallest', { value: percent(peak) }),
    },
  });
}
