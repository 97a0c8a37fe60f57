// The gradient of each layer, and how far its weights have moved.

import { t } from './text.js';
import { number } from './view_data.js';
import { layersView } from './view_layers.js';
import { ranges } from './view_panel.js';

/**
 * Whether a moment is from before the first step: its recorded zeros are placeholders, not gradients.
 * @param {Moment} moment
 */
const beforeFirst = (moment) =>
  moment.step === 0 && [...moment.layers, moment.output].every((one) => !one?.gradient);

/** The remark on exact zeros. @param {number[]} values */
function zeros(values, moment) {
  if (beforeFirst(moment)) return t('view.gradient.before');
  const hidden = values.slice(0, moment.layers.length);
  const which = hidden.flatMap((value, layer) => (value === 0 ? [layer] : []));
  if (which.length === 0) return '';
  if (which.length === hidden.length) return t('view.gradient.all_zero');
  return t('view.gradient.zero', { layers: ranges(which) });
}

/** The view of the gradients. @param {object} scene */
export function gradientsView(scene) {
  const read = (from, moment) => (beforeFirst(moment) ? NaN : number(from.gradient));
  return layersView(scene, { key: 'gradient', log: true, of: read, output: read, remark: zeros });
}

/** The view of how far the weights have moved. @param {object} scene */
export function changeView(scene) {
  const read = (from) => number(from.change);
  return layersView(scene, { key: 'change', log: true, of: read, output: read });
}
