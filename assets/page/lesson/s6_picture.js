// The picture of the ladder: a bar for each factor of the chosen norm, and the gradient's size for every norm.

import { plot } from './plot.js';
import { apart } from './s5_running.js';
import { significant, t } from './text.js';

/** The positions of the bars between two layers, as shares of the way back. */
const PLACES = { weights: 0.25, slope: 0.5, norm: 0.75 };

/** A share below this is drawn at the lower edge. */
const FLOOR = 1e-60;

/** The room in pixels that a bar needs to be labelled with its factor. */
const LABELLED = 42;

/** The range of the sizes of all known norms and of the bars, in whole powers of ten. */
function range({ ladders, norm }) {
  const sizes = Object.values(ladders).flatMap((one) => one.sizes);
  const between = ladders[norm] ? steps(ladders[norm]).flatMap((one) => one.bars.map((bar) => bar.to)) : [];
  const all = [...sizes, ...between].filter((size) => size > FLOOR && Number.isFinite(size)).map(Math.log10);
  const low = Math.min(-1, ...all);
  const high = Math.max(1, ...all);
  return [10 ** Math.floor(low), 10 ** Math.ceil(high)];
}

/** The bars of each step back: the size before and after each factor. */
function steps({ sizes, rungs }) {
  return rungs.map((rung, layer) => {
    let size = sizes[layer + 1];
    const bars = Object.keys(PLACES).map((part) => {
      const from = size;
      size *= rung[part];
      return { part, from, to: size, factor: rung[part] };
    });
    return { layer, bars };
  });
}

/** The path from layer to layer over all bars, as points. @returns {[number, number][]} */
function stairs(one, clip) {
  return steps(one).reverse().flatMap(({ layer, bars }) => [
    [layer + 2, clip(bars[0].from)],
    ...bars.flatMap(({ part, from, to }) => [from, to].map((size) => [layer + 2 - PLACES[part], clip(size)])),
    [layer + 1, clip(bars.at(-1).to)],
  ]);
}

/** Draws the bars of one step. */
function drawStep(p, { layer, bars }, plain, clip) {
  const width = Math.min(26, (p.x(layer + 1) - p.x(layer + 2)) / 5);
  const labelled = (p.x(layer + 1) - p.x(layer + 2)) / 4 >= LABELLED;
  for (const { part, from, to, factor } of bars) {
    if (plain && part === 'norm') continue;
    const middle = p.x(layer + 2 - PLACES[part]);
    const [top, bottom] = [p.y(clip(Math.max(from, to))), p.y(clip(Math.min(from, to)))];
    p.mark(`${part}-${layer}`, 'rect', { x: middle - width / 2, y: top, width, height: Math.max(1, bottom - top),
      class: `s6-${part}`, 'data-term': part === 'norm' ? 'sigma' : part });
    if (!labelled) continue;
    const below = to < from;
    p.text(`factor-${part}-${layer}`, middle, below ? bottom + 15 : top - 5, `×${significant(factor)}`,
      { anchor: 'middle', class: 's6-factor' });
  }
}

/** The names of the norms next to the ends of their lines. */
function drawNames(p, { ladders, norm: chosen }, clip) {
  const names = Object.keys(ladders);
  const places = apart(names.map((norm) => p.y(clip(ladders[norm].sizes[0])) + 4));
  // If labels were moved below the axis, all move up.
  const over = Math.max(0, Math.max(...places) - p.bottom);
  names.forEach((norm, at) => {
    const text = t(`s6.${norm}`);
    p.text(`name-${norm}`, p.right + 8, places[at] - over, text,
      { class: `${norm}${norm === chosen ? ' s6-chosen' : ''}` });
  });
}

/** The layers labelled on the axis: all, or on a narrow page every fifth. */
function layerTicks(depth, narrow) {
  const all = Array.from({ length: depth }, (_, at) => at + 1);
  return narrow && depth > 10 ? all.filter((layer) => layer === 1 || layer % 5 === 0) : all;
}

/** Whether the page is as narrow as a phone. */
const narrow = () => innerWidth < 600;

/** The picture. @param {() => {depth: number, norm: string, ladders: object}} now */
export function ladderPicture(now) {
  return plot({
    label: t('s6.picture'), height: (width) => (width < 600 ? 340 : 400), margin: { right: 84, left: 66 },
    x: () => {
      const { depth } = now();
      return { domain: [depth + 0.3, 0.7], label: t('s6.layer_axis'),
        ticks: layerTicks(depth, narrow()) };
    },
    y: () => ({ domain: range(now()), label: t('s6.share_axis'), log: true,
      show: (value) => significant(value, 1).replace('1×', '') }),
    draw: (p) => {
      const { norm, ladders } = now();
      const clip = (size) => Math.min(p.y.domain[1], Math.max(p.y.domain[0], Number.isFinite(size) ? size : 0));
      p.line('all', [[p.x.domain[0], 1], [p.x.domain[1], 1]], { class: 's6-all' });
      const here = ladders[norm];
      if (!here) return;
      p.line('steps', stairs(here, clip), { class: 's6-stairs' });
      for (const step of steps(here)) drawStep(p, step, norm === 'none', clip);
      for (const [name, { sizes }] of Object.entries(ladders)) {
        const points = sizes.map((size, layer) => [layer + 1, clip(size)]);
        if (name !== norm) {
          p.line(`line-${name}`, points, { class: `${name} s6-other` });
          continue;
        }
        points.forEach(([x, y]) => p.dot(`dot-${x}`, x, y, { r: 4, class: `s6-dot s6-dot-${name}` }));
      }
      drawNames(p, { ladders, norm }, clip);
    },
  });
}
