// A quantity of each layer: over the steps, in a plot per network, and as a profile over the layers at the selected
// step. The views of slopes, gradients and weight changes are this view of three quantities.

import { el, set } from './dom.js';
import { significant, t } from './text.js';
import { momentAt, nameOf, shortName, thin } from './view_data.js';
import { perShow } from './view_scene.js';
import { cursor, curves, dots, linearAxis, logAxis, overSteps, panel, stepAxis } from './view_panel.js';

/** The most moments in a curve: more cannot be distinguished on a plot of this width. */
const MOST = 150;

/**
 * @typedef {{key: string, log?: boolean, most?: number, of: (layer: Layer, moment: Moment, track: Track) => number,
 *   output?: (output: object, moment: Moment) => number,
 *   remark?: (values: number[], moment: Moment, track: Track) => string}} Quantity
 * A linear axis reaches at least to `most`; `output` gives the value of the output layer, if it has one; `remark` is
 * a sentence on the values at the selected step.
 */

/** The values of all layers at a moment, with that of the output layer last if it has one. @returns {number[]} */
export function figures(quantity, moment, track) {
  const hidden = moment.layers.map((layer) => quantity.of(layer, moment, track));
  return quantity.output && moment.output ? [...hidden, quantity.output(moment.output, moment)] : hidden;
}

/** The short name of a layer: its number, or that it is the output. */
const short = (layer, hidden) => (layer < hidden ? String(layer + 1) : t('view.out'));

/** A value in words: exact zeros as 0. */
export const said = (value) => (value === 0 ? '0' : significant(value, 2));

/** @param {object} scene @param {Quantity} quantity @returns {{element: HTMLElement, build: () => void}} */
export function layersView(scene, quantity) {
  const { key } = quantity;
  const body = el('div', { class: 'view-panels' });
  const element = el(
    'div',
    { class: 'view wide', 'data-view': key },
    el('h3', {}, t(`view.${key}.title`)),
    body,
    el('details', {}, el('summary', {}, t('view.how')), el('p', {}, t(`view.${key}.how`))),
  );
  const table = memory(scene, quantity);
  const axis = perShow(scene, () => {
    const values = table.all();
    const label = t(`view.${key}.axis`);
    return quantity.log ? logAxis(values, label) : linearAxis(values, label, { most: quantity.most });
  });
  const build = () => {
    scene.forget(key);
    body.replaceChildren(
      ...scene.tracks.map((_, at) => networkPanel(scene, quantity, table, axis, at)),
      profilePanel(scene, quantity, table, axis),
    );
  };
  return { element, build };
}

/** The values of the current tracks, computed once per moment. */
function memory(scene, quantity) {
  const known = new WeakMap();
  const of = (moment, track) => {
    if (!known.has(moment)) known.set(moment, figures(quantity, moment, track));
    return known.get(moment);
  };
  const at = (place) => {
    const track = scene.tracks[place];
    const moment = track && momentAt(track, scene.step);
    return { track, moment, values: moment ? of(moment, track) : [] };
  };
  const all = () => scene.tracks.flatMap((track) => thin(track.moments, MOST).flatMap((moment) => of(moment, track)));
  return { of, at, all };
}

/** The plot of a network over the steps. */
function networkPanel(scene, quantity, table, axis, place) {
  const label = () => `${nameOf(scene.tracks[place], scene.tracks)}: ${t(`view.${quantity.key}.title`)}`;
  const caption = el('p', { class: 'view-said' });
  const title = el('p', { class: `view-name ${scene.tracks[place].norm}` }, nameOf(scene.tracks[place], scene.tracks));
  const figure = el('div', { class: 'view-panel' }, title);
  let tell = () => {};
  const plot = panel(scene, quantity.key, {
    label,
    height: 190,
    room: 58,
    x: () => stepAxis(scene),
    y: axis,
    draw: (p, y) => {
      cursor(scene, p);
      drawLayers(scene, quantity, table, place, p, y);
      const now = table.at(place);
      set(figure, {
        'data-network': now.track.name,
        'data-step': now.moment?.step ?? '',
        'data-values': JSON.stringify(now.values),
      });
      caption.textContent = sentence(scene, quantity, now);
      tell();
    },
  });
  tell = overSteps(scene, plot, {
    say: () => sentence(scene, quantity, table.at(place)),
    layerAt: (_, y) => layerNear(plot.picture, table.at(place).values, axis().place, y),
  });
  figure.append(plot, caption);
  return figure;
}

/** The curves of a network: first and last layer strong, those between fainter, the highlighted one strongest. */
function drawLayers(scene, quantity, table, place, p, y) {
  const track = scene.tracks[place];
  const moments = thin(track.moments, MOST);
  const hidden = moments[0]?.layers.length ?? 0;
  const count = moments.length ? table.of(moments[0], track).length : 0;
  const lit = scene.lit;
  const look = (layer) => {
    const end = layer === 0 || layer === hidden - 1 || layer >= hidden;
    const light = lit === null ? (end ? '' : 'view-between') : layer === lit ? 'view-lit' : 'view-dim';
    return `view-solid ${track.norm} ${light}${layer >= hidden ? ' view-output' : ''}`;
  };
  const lines = Array.from({ length: count }, (_, layer) => ({
    key: layer,
    layer,
    class: look(layer),
    text: short(layer, hidden),
    joins: layer < hidden && layer !== lit,
    weight: layer === lit ? 9 : layer === 0 ? 8 : layer >= hidden - 1 ? 7 : layer % 5 === 4 ? 2 : 1,
    points: moments.map((moment) => [moment.step, table.of(moment, track)[layer]]),
  }));
  curves(p, y, lines);
  const now = table.at(place);
  if (now.moment)
    dots(
      p,
      y,
      now.values.map((value, layer) => ({ key: layer, at: now.moment.step, value, layer, class: look(layer) })),
    );
  else if (!track.moments.length)
    p.text('none', (p.left + p.right) / 2, (p.top + p.bottom) / 2, t('view.nothing'), {
      anchor: 'middle',
      class: 'label view-halo',
    });
}

/** The layer whose value is nearest to a height in pixels, or null if none is near. */
function layerNear(p, values, place, y) {
  const distance = (value) => (Number.isFinite(value) ? Math.abs(p.y(place(value)) - y) : Infinity);
  const best = values.reduce((found, value, layer) => (distance(value) < distance(values[found]) ? layer : found), 0);
  return distance(values[best]) < 22 ? best : null;
}

/** The values of a network's layers at the selected step, in words. */
function sentence(scene, quantity, { track, moment, values }) {
  if (!moment) return t('view.not_yet', { step: scene.step });
  const hidden = moment.layers.length;
  const named = [...new Set([0, scene.lit, hidden - 1, values.length - 1])]
    .filter((layer) => layer !== null && layer >= 0 && layer < values.length)
    .sort((one, other) => one - other);
  const parts = named.map((layer) =>
    t(layer < hidden ? 'view.at_layer' : 'view.at_output', { layer: layer + 1, value: said(values[layer]) }),
  );
  const remark = quantity.remark?.(values, moment, track) ?? '';
  if (values.every(Number.isNaN)) return remark || t('view.no_number', { step: moment.step });
  return `${t('view.at_step', { step: moment.step, what: parts.join(' · ') })} ${remark}`.trim();
}

/** The profile over the layers, all networks in one. */
function profilePanel(scene, quantity, table, axis) {
  const count = () => Math.max(1, ...scene.tracks.map((_, at) => table.at(at).values.length));
  const x = () => ({
    domain: [0.7, Math.max(count(), 2) + 0.3],
    label: t(quantity.output ? 'view.axis.layer' : 'view.axis.hidden'),
    ticks: layerTicks(count()),
    show: (value) => short(value - 1, scene.depth),
  });
  const plot = panel(scene, quantity.key, {
    label: () => t('view.profile', { what: t(`view.${quantity.key}.title`) }),
    height: 190,
    room: 52,
    x,
    y: axis,
    draw: (p, y) => {
      const { lit } = scene;
      if (lit !== null && lit < count()) {
        p.mark('lit', 'path', { class: 'view-hover', d: `M${p.x(lit + 1)} ${p.top}V${p.bottom}` });
      }
      drawProfiles(scene, table, p, y);
      tell();
    },
  });
  const tell = overLayers(scene, plot, count, () =>
    scene.tracks
      .map((track, place) => {
        const value = table.at(place).values[scene.lit ?? scene.chosen()];
        return `${nameOf(track, scene.tracks)} ${said(value ?? NaN)}`;
      })
      .join(', '),
  );
  return el('div', { class: 'view-panel view-profile' }, el('p', { class: 'view-name' }, t('view.by_layer')), plot);
}

/** A profile per network, with a dot per layer. */
function drawProfiles(scene, table, p, y) {
  const lines = scene.tracks.map((track, place) => ({
    ...{ key: place, class: track.norm, text: shortName(track), weight: 1 },
    points: table.at(place).values.map((value, layer) => [layer + 1, value]),
  }));
  curves(p, y, lines);
  const marks = lines.flatMap((line) =>
    line.points.map(([at, value]) => ({ key: `${line.key}-${at}`, at, value, layer: at - 1, class: line.class })),
  );
  dots(p, y, marks);
}

/** Ticks of layers: all, or the first and every fifth of many. */
function layerTicks(count) {
  const shown = (layer) => count <= 7 || layer === 1 || layer === count || (layer % 5 === 0 && count - layer > 2);
  return Array.from({ length: count }, (_, at) => at + 1).filter(shown);
}

/** Lets a reader point at a plot over layers. @returns {() => void} updates the value for screen readers */
function overLayers(scene, plot, count, say) {
  const tell = () =>
    set(plot, {
      'aria-valuemin': 1,
      'aria-valuemax': count(),
      'aria-valuenow': (scene.lit ?? scene.chosen()) + 1,
      'aria-valuetext': `${t('view.layer', { layer: short(scene.lit ?? scene.chosen(), scene.depth) })}: ${say()}`,
    });
  plot.addEventListener('pointermove', (event) => {
    if (!plot.picture.x) return;
    const layer = Math.round(plot.picture.x.invert(event.clientX - plot.getBoundingClientRect().left)) - 1;
    scene.light(Math.min(Math.max(layer, 0), count() - 1));
  });
  for (const kind of ['pointerleave', 'pointercancel', 'blur']) plot.addEventListener(kind, () => scene.light(null));
  plot.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    scene.light(Math.min(Math.max((scene.lit ?? scene.chosen()) + by, 0), count() - 1));
    tell();
  });
  tell();
  return tell;
}
