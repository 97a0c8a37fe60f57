// A layer's outputs for an image of each class: a row of grey pixels per class, a pixel per unit.

import { el, set } from './dom.js';
import { choices } from './controls.js';
import { significant, t } from './text.js';
import { momentAt, nameOf, spread } from './view_data.js';

/** The view of the pictures. @param {object} scene */
export function digitsView(scene) {
  const body = el('div', { class: 'view-panels' });
  const title = el('h3');
  const element = el(
    'div',
    { class: 'view wide', 'data-view': 'digits' },
    title,
    body,
    modes(scene),
    el('details', {}, el('summary', {}, t('view.how')), el('p', {}, t('view.digits.how'))),
  );
  const name = () => (title.textContent = t('view.digits.title', { layer: shown(scene) + 1 }));
  const build = () => {
    scene.forget('digits');
    body.replaceChildren(...scene.tracks.map((_, place) => picture(scene, place, name)));
    name();
  };
  return { element, build };
}

/** The layer whose pictures are shown: the highlighted one, else the chosen one. */
const shown = (scene) => Math.min(scene.lit ?? scene.chosen(), scene.depth - 1);

/** Training or inference. */
function modes(scene) {
  const change = (value) => {
    scene.state.mode = value;
    scene.redraw('digits');
  };
  return choices({
    label: t('view.digits.mode'),
    value: scene.state.mode ?? 'inference',
    change,
    options: ['inference', 'training'].map((value) => ({ value, text: t(`view.digits.${value}`) })),
  });
}

/**
 * The rows of a layer in training or inference: without batch statistics the two are the same.
 * @param {Layer|undefined} layer @param {'training'|'inference'} mode
 */
const rowsOf = (layer, mode) => (mode === 'training' && layer?.outputs_in_training) || layer?.outputs;

/** How far the rows differ, in words. @param {Rows|undefined} rows */
export function differ(rows) {
  const found = spread(rows);
  if (!Number.isFinite(found)) return t('view.digits.no_picture');
  const range = rows.high - rows.low;
  const values = { spread: significant(found, 2), low: significant(rows.low, 2), high: significant(rows.high, 2) };
  if (range === 0) return t('view.digits.flat', values);
  return t(found < range * 0.01 ? 'view.digits.same' : 'view.digits.differ', values);
}

function picture(scene, place, name) {
  const canvas = el('canvas', { role: 'img' });
  const caption = el('p', { class: 'view-said' });
  const names = el('div', { class: 'view-classes', 'aria-hidden': 'true' });
  const holder = el('div', { class: 'view-picture' }, names, canvas);
  const axis = el('p', { class: 'view-axis', 'aria-hidden': 'true' }, t('view.digits.axis'));
  const title = el('p', { class: `view-name ${scene.tracks[place].norm}` }, nameOf(scene.tracks[place], scene.tracks));
  const figure = el('div', { class: 'view-panel' }, title, holder, axis, caption);
  let drawn = null;
  scene.piece('digits', holder, () => {
    const track = scene.tracks[place];
    const moment = momentAt(track, scene.step);
    const mode = scene.state.mode ?? 'inference';
    const chosen = shown(scene);
    const layer = moment?.layers[chosen];
    const rows = rowsOf(layer, mode);
    name();
    set(figure, {
      'data-network': track.name,
      'data-step': moment?.step ?? '',
      'data-layer': chosen,
      'data-spread': spread(rows),
    });
    caption.textContent = said(scene, { moment, layer, rows, mode, chosen });
    set(canvas, { 'aria-label': `${nameOf(track, scene.tracks)}: ${caption.textContent}` });
    if (rows === drawn) return;
    drawn = rows;
    paint(canvas, names, rows, track.first_label ?? 0);
  });
  return figure;
}

/** The sentence below a picture. */
function said(scene, { moment, layer, rows, mode, chosen }) {
  if (!moment) return t('view.not_yet', { step: scene.step });
  if (!layer) return t('view.digits.no_layer', { layer: chosen + 1 });
  const both = mode === 'training' && !layer.outputs_in_training ? ` ${t('view.digits.alike')}` : '';
  return t('view.digits.said', { step: moment.step, layer: chosen + 1, what: differ(rows) }) + both;
}

/** Paints the rows, one grey pixel per byte, and labels them, starting with `first`. */
function paint(canvas, names, rows, first) {
  const count = Number.isFinite(spread(rows)) ? Math.floor(rows.bytes.length / rows.width) : 0;
  const [width, height] = [(count && rows.width) || 1, count || 1];
  Object.assign(canvas, { width, height });
  canvas.style.height = `${Math.min(320, Math.max(16, count * (count <= 12 ? 15 : 6)))}px`;
  const every = count <= 12 ? 1 : Math.ceil(count / 10);
  const shown = Array.from({ length: count }, (_, at) => at).filter((at) => at % every === 0);
  if (names.childElementCount !== shown.length)
    names.replaceChildren(...shown.map((at) => el('span', {}, String(first + at))));
  const context = canvas.getContext('2d');
  if (count === 0) return context.clearRect(0, 0, 1, 1);
  const image = context.createImageData(width, height);
  for (let at = 0; at < width * height; at++)
    image.data.set([rows.bytes[at], rows.bytes[at], rows.bytes[at], 255], at * 4);
  context.putImageData(image, 0, 0);
}
