// The learned a (gamma) and b (beta) of the last hidden layer over the steps: median and middle 70 %.

import { el, set, rich } from './dom.js';
import { fixed, t } from './text.js';
import { band, momentAt, nameOf, remembered, thin } from './view_data.js';
import { perShow } from './view_scene.js';
import { cursor, curves, linearAxis, overSteps, panel, path, stepAxis } from './view_panel.js';

/** The most moments in a curve. */
const MOST = 150;

const gammas = remembered((layer) => band(layer.gamma ?? []));
const betas = remembered((layer) => band(layer.beta ?? []));

/** 15, 50, 85 % of a and of b of a moment's last layer; NaN where it has none. @param {Moment|null} moment */
function affineAt(moment) {
  const last = moment?.layers.at(-1);
  return last ? { a: gammas(last), b: betas(last) } : { a: [NaN, NaN, NaN], b: [NaN, NaN, NaN] };
}

/** Whether a network has an a or a b. @param {Track} track */
const has = (track) =>
  track.moments.some((moment) => moment.layers.at(-1)?.gamma?.length || moment.layers.at(-1)?.beta?.length);

/** The view of a and b. @param {object} scene */
export function affineView(scene) {
  const body = el('div', { class: 'view-panels' });
  const element = el(
    'div',
    { class: 'view wide', 'data-view': 'affine' },
    el('h3', {}, ...rich(t('view.affine.title'))),
    body,
    el('details', {}, el('summary', {}, t('view.how')), el('p', {}, t('view.affine.how'))),
  );
  const shown = () => scene.tracks.flatMap((track) => thin(track.moments, MOST));
  const axis = perShow(scene, () =>
    linearAxis(
      shown().flatMap((moment) => Object.values(affineAt(moment)).flat()),
      t('view.affine.axis'),
      { most: 1 },
    ),
  );
  const build = () => {
    scene.forget('affine');
    body.replaceChildren(...scene.tracks.map((_, place) => affinePanel(scene, axis, place)));
  };
  return { element, build };
}

/** A network's a and b at the selected step, in words. */
function sentence(scene, track) {
  const moment = momentAt(track, scene.step);
  if (!moment) return t('view.not_yet', { step: scene.step });
  const { a, b } = affineAt(moment);
  const part = (name, [low, median, high]) =>
    Number.isFinite(median)
      ? [t('view.affine.part', { name, median: fixed(median), low: fixed(low), high: fixed(high) })]
      : [];
  const parts = [...part('a', a), ...part('b', b)];
  if (parts.length) return t('view.at_step', { step: moment.step, what: parts.join(' · ') });
  return t(has(track) ? 'view.no_number' : 'view.affine.none', { step: moment.step });
}

function affinePanel(scene, axis, place) {
  const track = () => scene.tracks[place];
  const caption = el('p', { class: 'view-said' });
  const figure = el(
    'div',
    { class: 'view-panel' },
    el('p', { class: `view-name ${track().norm}` }, nameOf(track(), scene.tracks)),
  );
  const plot = panel(scene, 'affine', {
    label: () => t('view.affine.label', { name: nameOf(track(), scene.tracks) }),
    height: 190,
    room: 40,
    x: () => stepAxis(scene),
    y: axis,
    draw: (p, y) => {
      drawAffine(track(), p, y);
      cursor(scene, p);
      const now = momentAt(track(), scene.step);
      const { a, b } = affineAt(now);
      set(figure, {
        'data-network': track().name,
        'data-step': now?.step ?? '',
        'data-a': a.join(' '),
        'data-b': b.join(' '),
      });
      caption.textContent = sentence(scene, track());
      tell();
    },
  });
  const tell = overSteps(scene, plot, { say: () => sentence(scene, track()) });
  figure.append(plot, caption);
  return figure;
}

function drawAffine(track, p, y) {
  const moments = thin(track.moments, MOST);
  if (moments.length && !has(track)) {
    p.text('none', (p.left + p.right) / 2, (p.top + p.bottom) / 2, t('view.affine.no_norm'), {
      anchor: 'middle',
      class: 'label view-halo',
    });
    return;
  }
  const lines = ['a', 'b'].flatMap((name) => {
    const found = moments
      .map((moment) => [moment.step, ...affineAt(moment)[name]])
      .filter((one) => one.every(Number.isFinite));
    if (found.length === 0) return [];
    const upper = found.map(([step, , , high]) => [p.x(step), y(high)]);
    const lower = found.map(([step, low]) => [p.x(step), y(low)]).reverse();
    p.mark(`band-${name}`, 'path', {
      class: `view-band view-${name}`,
      'data-term': name,
      d: `${path([...upper, ...lower])}Z`,
    });
    return [
      {
        key: name,
        class: `view-solid view-${name}`,
        text: name,
        weight: 1,
        points: found.map(([step, , median]) => [step, median]),
      },
    ];
  });
  curves(p, y, lines);
}
