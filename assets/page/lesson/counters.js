// Where each claim can be seen in the laboratory, and the setting that refutes it.

import { DEFAULTS } from './lab_settings.js';

/**
 * For each claim: the settings and the view (its title's key) that show it, and from which step on; and the changes
 * to the settings that change its verdict, as found by the program's runs with 32 units and a batch of 32.
 * @type {Record<string, {view: string, shown: object, step: number, counter: object}>}
 */
const PLACES = {
  'one-sided-batches': { view: 'view.ridges.title', shown: { activation: 'relu', steps: 100 }, step: 0,
    counter: { activation: 'relu', depth: 1, steps: 100 } },
  'scale-and-shift': { view: 'view.affine.title', shown: { norm: ['batch'], steps: 500 }, step: 500,
    counter: { init: 'normal:0.00001', rate: 0.001, steps: 200 } },
  'vanishing-gradients': { view: 'view.gradient.title', shown: { steps: 1000 }, step: 1000,
    counter: { depth: 1, steps: 1000 } },
  'slope-times-weights': { view: 'view.slope.title', shown: { norm: ['none'], steps: 100 }, step: 1,
    counter: { norm: ['none'], init: 'normal:1', steps: 100 } },
  'drifting-inputs': { view: 'view.ridges.title', shown: { steps: 1500 }, step: 1500,
    counter: { depth: 1, steps: 1000 } },
  'batch-norm-keeps': { view: 'view.gradient.title', shown: { steps: 100 }, step: 1,
    counter: { batch: 1, steps: 100 } },
  'layer-norm-slows': { view: 'view.gradient.title', shown: { steps: 100 }, step: 1,
    counter: { position: 'after', steps: 100 } },
  'norms-train': { view: 'view.accuracy.title', shown: { steps: 1000 }, step: 1000,
    counter: { depth: 10, steps: 1000 } },
  location: { view: 'view.ridges.title', shown: { norm: ['none', 'batch'], steps: 1000 }, step: 1000,
    counter: { norm: ['none', 'batch'], rate: 3, steps: 1000 } },
  spread: { view: 'view.affine.title', shown: { norm: ['none', 'batch'], steps: 1000 }, step: 1000,
    counter: { norm: ['none', 'batch'], rate: 0.001, steps: 1000 } },
  'relu-survives': { view: 'view.gradient.title', shown: { activation: 'relu', steps: 1000 }, step: 1000,
    counter: { activation: 'relu', depth: 20, steps: 1000 } },
  'batch-size-one': { view: 'view.gradient.title', shown: { batch: 1, rate: 0.01, steps: 1000 }, step: 1,
    counter: { batch: 4, steps: 1000 } },
  'learning-rates': { view: 'view.accuracy.title', shown: { activation: 'relu', steps: 1000 }, step: 1000,
    counter: { activation: 'relu', rate: 1, steps: 1000 } },
  affine: { view: 'view.accuracy.title', shown: { affine: 'shared', steps: 1000 }, step: 1000,
    counter: { affine: 'shared', rate: 0.001, steps: 1000 } },
};

/** Where a claim can be seen: the laboratory's settings, the view, its title's key and the step. @param {string} id */
export function shownBy(id) {
  const { view, shown, step } = PLACES[id];
  const [, name] = view.split('.');
  return { settings: { ...DEFAULTS, ...shown }, view, part: name === 'accuracy' ? 'training' : name, step };
}

/** The settings under which a claim's verdict changes. @param {string} id */
export const counterOf = (id) => ({ ...DEFAULTS, ...PLACES[id].counter });
