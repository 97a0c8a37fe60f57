// How batch norm's running means fill up, batch by batch.

import { plot } from './plot.js';
import { fixed, t } from './text.js';

/** The least number of batches on the axis. */
const BATCHES = 20;

/** The lowest distance in pixels between two labels at the lines' ends. */
const LABEL = 15;

/** Moves overlapping labels apart, from top to bottom. @param {number[]} places */
export function apart(places, distance = LABEL) {
  const order = places.map((_, at) => at).sort((a, b) => places[a] - places[b]);
  const moved = [...places];
  order.forEach((at, rank) => {
    if (rank > 0) moved[at] = Math.max(moved[at], moved[order[rank - 1]] + distance);
  });
  return moved;
}

/** The picture of the running means. @param {object} state with `history`: the means after each batch */
export function runningPicture(state, population) {
  const last = () => Math.max(BATCHES, state.history.length - 1);
  const low = Math.min(...population.map(({ mean }) => mean)) - 0.6;
  const high = Math.max(...population.map(({ mean }) => mean)) + 0.6;
  return plot({
    label: t('s5.running_picture'), height: 230, margin: { right: 72 },
    x: () => ({ domain: [0, last()], label: t('s5.batches') }),
    y: { domain: [low, high], label: t('s5.running_mean'), show: (value) => fixed(value, 1) },
    draw: (p) => {
      population.forEach(({ mean }, unit) =>
        p.line(`true-${unit}`, [[0, mean], [last(), mean]], { class: 's5-true' }));
      population.forEach((_, unit) =>
        p.line(`mean-${unit}`, state.history.map((means, at) => [at, means[unit]]), { class: 's5-running' }));
      const now = state.history.at(-1);
      population.forEach((_, unit) =>
        p.dot(`now-${unit}`, state.history.length - 1, now[unit], { r: 4, class: 's5-dot' }));
      const places = apart(population.map(({ mean }) => p.y(mean) + 4));
      population.forEach((_, unit) =>
        p.text(`name-${unit}`, p.right + 6, places[unit], t('s5.unit', { unit: unit + 1 }), { class: 's5-name' }));
    },
  });
}
