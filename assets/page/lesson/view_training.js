// Training loss and test accuracy over the steps, all networks in one plot each.

import { el, set } from './dom.js';
import { fixed, percent, t } from './text.js';
import { condense, evaluationAt, failure, lossAt, nameOf, shortName } from './view_data.js';
import { perShow } from './view_scene.js';
import { cursor, curves, dots, linearAxis, overSteps, panel, stepAxis } from './view_panel.js';

/** A network's accuracy at a step, in words. @param {Track} track @param {number} step */
export function accuracyText(track, step) {
  const found = evaluationAt(track, step);
  return found ? t('view.accuracy.at', { value: percent(found[1]), step: found[0] }) : t('view.accuracy.not_yet');
}

/** A network's loss at a step, in words. @param {Track} track @param {number} step */
export function lossText(track, step) {
  const found = lossAt(track, step);
  if (!found) return t('view.loss.not_yet');
  return Number.isFinite(found[1])
    ? t('view.loss.at', { value: fixed(found[1], 3), step: found[0] })
    : t('view.loss.no_number', { step: found[0] });
}

/**
 * The largest loss on the axis: losses above three times the initial one are drawn at the upper end.
 * @param {Track[]} tracks
 */
function lossCeiling(tracks) {
  let [first, most] = [0, 0];
  for (const { losses } of tracks) {
    first = Math.max(first, losses.find((entry) => Number.isFinite(entry[1]))?.[1] ?? 0);
    for (const [, loss] of losses) if (Number.isFinite(loss) && loss > most) most = loss;
  }
  return Math.min(most, first * 3) || 1;
}

/** The view of loss and accuracy. @param {object} scene */
export function trainingView(scene) {
  const body = el('div', { class: 'view-panels view-two' });
  const element = el(
    'div',
    { class: 'view wide', 'data-view': 'training' },
    el('h3', {}, t('view.training.title')),
    body,
  );
  const build = () => {
    scene.forget('training');
    body.replaceChildren(lossPanel(scene), accuracyPanel(scene));
  };
  return { element, build };
}

/** Where a network diverged, at the upper end of the plot. */
function crosses(scene, p) {
  scene.tracks.forEach((track, place) => {
    const failed = failure(track);
    if (!failed || !Number.isFinite(failed.step)) return;
    const [x, y] = [p.x(Math.min(Math.max(failed.step, scene.span[0]), scene.span[1])), p.top + 6 + 16 * place];
    p.mark(`cross-${place}`, 'path', { class: `view-solid ${track.norm}`, d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8` });
    const words = t('view.failed_short', { name: shortName(track), step: failed.step });
    const right = x < (p.left + p.right) / 2;
    p.text(`crossed-${place}`, right ? x + 9 : x - 9, y + 4, words, {
      anchor: right ? 'start' : 'end',
      class: `${track.norm} view-halo`,
    });
  });
}

/** The plot of the losses. */
function lossPanel(scene) {
  const ceiling = perShow(scene, () => lossCeiling(scene.tracks));
  const y = () => {
    const top = ceiling();
    return { ...linearAxis([top], t('view.loss.axis')), place: (value) => Math.min(value, top) };
  };
  const points = (track) => track.losses;
  return trainingPanel(scene, { key: 'loss', y, points, at: lossAt, text: lossText, extra: (p) => crosses(scene, p) });
}

/** The plot of the accuracies. */
function accuracyPanel(scene) {
  const y = () => ({
    domain: [0, 1.02],
    label: t('view.accuracy.axis'),
    ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
    show: (value) => String(Math.round(value * 100)),
    place: (value) => value,
  });
  const extra = (p, place) => chance(scene, p, place);
  const points = (track) => track.evaluations;
  return trainingPanel(scene, { key: 'accuracy', y, points, at: evaluationAt, text: accuracyText, extra });
}

/**
 * A plot of all networks over the steps, and their values at the selected step.
 * @param {object} scene @param {{key: string, y: () => Axis, points: (track: Track) => number[][],
 *   at: (track: Track, step: number) => number[]|null, text: (track: Track, step: number) => string,
 *   extra: (p: Picture, place: (value: number) => number) => void}} options
 */
function trainingPanel(scene, { key, y, points, at, text, extra }) {
  const title = t(`view.${key}.title`);
  const caption = el('p', { class: 'view-said' });
  const sentence = (step) =>
    scene.tracks.map((track) => `${nameOf(track, scene.tracks)}: ${text(track, step)}`).join('; ');
  // A diverged network's cross already has its name.
  const named = (track) => (key === 'loss' && failure(track) ? '' : shortName(track));
  const lines = (buckets) =>
    scene.tracks.map((track, place) => ({
      ...{ key: place, class: track.norm, text: named(track), weight: 1 },
      points: condense(points(track), scene.span, buckets).map(([step, value]) => [step, value]),
    }));
  const marks = () =>
    scene.tracks.flatMap((track, place) => {
      const found = at(track, scene.step);
      return found ? [{ key: place, at: found[0], value: found[1], class: track.norm }] : [];
    });
  const draw = (p, place) => {
    cursor(scene, p);
    curves(p, place, lines(Math.max(20, Math.floor((p.right - p.left) / 2))));
    dots(p, place, marks());
    extra(p, place);
    caption.textContent = sentence(scene.step);
    tell();
  };
  const x = () => stepAxis(scene);
  const plot = panel(scene, 'training', { label: () => title, height: 240, room: 52, x, y, draw });
  const tell = overSteps(scene, plot, { say: () => sentence(scene.from()) });
  const name = el('p', { class: 'view-name' }, title);
  return el('div', { class: 'view-panel', 'data-plot': key }, name, plot, caption);
}

/** The accuracy of a constant guess. */
function chance(scene, p, place) {
  const share = scene.state.chance;
  const mark = Number.isFinite(share) && share >= 0 && share <= 1;
  if (!mark) return;
  set(p.mark('chance', 'path', { class: 'view-chance', d: `M${p.left} ${place(share)}H${p.right}` }), {
    'data-chance': share,
  });
  // The names of the curves are at the right.
  const above = place(share) + 16 > p.bottom;
  p.text('chance-name', p.left + 4, place(share) + (above ? -5 : 14), t('view.chance', { value: percent(share) }), {
    class: 'label view-halo',
  });
}
