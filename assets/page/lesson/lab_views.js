// The laboratory's views: the tracks of a run, recorded or live, on a common time axis. Every view shows the same
// step; pointing at a step or a layer in one view shows it in all.

import { el, set } from './dom.js';
import { button } from './controls.js';
import { t } from './text.js';
import { evaluationAt, failure, lossAt, nameOf } from './view_data.js';
import { createScene } from './view_scene.js';
import { accuracyText, lossText, trainingView } from './view_training.js';
import { ridgesView } from './view_ridges.js';
import { slopesView } from './view_slopes.js';
import { changeView, gradientsView } from './view_curves.js';
import { digitsView } from './view_digits.js';
import { affineView } from './view_affine.js';

const VIEWS = [trainingView, ridgesView, slopesView, gradientsView, digitsView, changeView, affineView];

/**
 * The views of a laboratory.
 * @param {{state: {onStep?: (step: number) => void, chance?: number, layer?: number},
 *   announce: (sentence: string) => void}} options `state` outlives a rebuild; `onStep` is called with each step that
 *   the reader points at
 * @returns {{elements: HTMLElement[], show: (tracks: Track[], step: number) => void}} `show` may be called every frame
 */
export function createViews({ state, announce }) {
  const scene = createScene(state);
  const views = VIEWS.map((make) => make(scene));
  const head = header(scene);
  const elements = [head.element, ...views.map((view) => view.element)];
  const say = saying(scene, announce, head.element);
  let built = null;
  const show = (tracks, step) => {
    const shape = JSON.stringify(tracks.map(({ name, norm, activation }) => [name, norm, activation]));
    scene.take(tracks, step);
    if (shape !== built) {
      built = shape;
      for (const element of elements.slice(1)) element.hidden = tracks.length === 0;
      for (const view of views) view.build();
      head.build();
    }
    scene.onLit();
    scene.redraw();
    say();
  };
  printed(scene);
  return { elements, show };
}

/** Draws off-screen views before the page is printed; replaces the listener of earlier views. */
function printed(scene) {
  removeEventListener('beforeprint', scene.state.print);
  scene.state.print = () => scene.drawAll();
  addEventListener('beforeprint', scene.state.print);
}

/** Announces the selected step, at most once per second, and only when it has changed. */
function saying(scene, announce, element) {
  let timer = 0;
  let said = null;
  const speak = () => {
    timer = 0;
    if (!element.isConnected || scene.step === said || scene.tracks.length === 0) return;
    said = scene.step;
    announce(stepSentence(scene.tracks, scene.step));
    timer = setTimeout(speak, 1000);
  };
  return () => (timer ||= setTimeout(speak, 0));
}

/** The current step in a sentence. @param {Track[]} tracks @param {number} step */
function stepSentence(tracks, step) {
  const parts = tracks.map((track) => `${nameOf(track, tracks)}: ${status(track, step)}`);
  return `${t('view.now', { step })} ${parts.join('; ')}.`;
}

/** A network's status at a step: its loss and accuracy, or that it diverged. */
function status(track, step) {
  const failed = failure(track);
  if (failed && step >= failed.step) return t('view.failed', { step: failed.step, sentence: failed.sentence });
  return `${lossText(track, step)}, ${accuracyText(track, step)}`;
}

/** The selected step, each network's status, and the layers to highlight and choose. */
function header(scene) {
  const now = el('p', { class: 'view-step' });
  const list = el('ul', { class: 'view-status' });
  const layers = el('div', { class: 'row view-layers', role: 'group', 'aria-label': t('view.layers') });
  const element = el('div', { class: 'view-head wide' }, now, list, layers);
  let rows = [];
  let buttons = [];
  const build = () => {
    rows = scene.tracks.map((track) =>
      el(
        'li',
        { 'data-network': track.name },
        el('span', { class: `view-name ${track.norm}` }, nameOf(track, scene.tracks)),
        el('span'),
      ),
    );
    list.replaceChildren(...rows);
  };
  scene.onLit = () => {
    if (buttons.length !== scene.depth) {
      buttons = Array.from({ length: scene.depth }, (_, layer) => layerButton(scene, layer));
      layers.replaceChildren(el('span', {}, t('view.layers')), ...buttons);
      layers.hidden = scene.depth === 0;
    }
    buttons.forEach((one, layer) => {
      set(one, { 'aria-pressed': String(layer === scene.chosen()) });
      one.classList.toggle('view-lit-name', layer === scene.lit);
    });
  };
  const tell = () => {
    now.textContent = scene.tracks.length ? t('view.now', { step: scene.step }) : t('view.empty');
    set(element, { 'data-step': scene.step, 'data-hover': scene.hover });
    scene.tracks.forEach((track, place) => tellRow(rows[place], track, scene.step));
  };
  scene.piece('head', element, tell, true);
  return { element, build };
}

/** A button that highlights its layer while it has the pointer or the focus, and chooses it when clicked. */
function layerButton(scene, layer) {
  const light = () => scene.light(layer);
  const leave = () => scene.light(null);
  return button(String(layer + 1), () => scene.choose(layer), {
    'aria-label': t('view.layer', { layer: layer + 1 }),
    onpointerenter: light,
    onfocus: light,
    onpointerleave: leave,
    onblur: leave,
  });
}

/** A network's line in the header. */
function tellRow(row, track, step) {
  const evaluation = evaluationAt(track, step);
  set(row, {
    'data-loss': lossAt(track, step)?.[1] ?? '',
    'data-loss-step': lossAt(track, step)?.[0] ?? '',
    'data-accuracy': evaluation?.[1] ?? '',
    'data-accuracy-step': evaluation?.[0] ?? '',
    'data-failed': failure(track)?.step ?? null,
  });
  const failed = failure(track);
  const early = failed && step < failed.step ? ` · ${t('view.will_fail', { step: failed.step })}` : '';
  const words = status(track, step) + early;
  if (row.lastChild.textContent !== words) row.lastChild.textContent = words;
}
