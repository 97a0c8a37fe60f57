// What the laboratory can be set to, how that stands in a link, and the same for the command line.

/** The link of the laboratory begins so. */
const LINK = '#s7?';

/** The settings, as they are at first. */
export const DEFAULTS = {
  activation: 'sigmoid',
  norm: ['none', 'batch', 'layer'],
  depth: 5,
  units: 32,
  rate: 0.1,
  batch: 32,
  init: 'uniform',
  optimizer: 'sgd',
  position: 'before',
  affine: 'per_unit',
  seed: 1,
  steps: 1500,
};

/** What can be chosen of a setting. */
export const OPTIONS = {
  activation: ['sigmoid', 'relu', 'tanh'],
  norm: ['none', 'batch', 'layer', 'rms'],
  depth: [1, 2, 3, 5, 10, 20],
  units: [32, 100],
  rate: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10],
  batch: [1, 4, 32, 60, 256],
  init: ['uniform', 'glorot', 'he', 'normal:0.01', 'normal:1'],
  optimizer: ['sgd', 'adam'],
  position: ['before', 'after'],
  affine: ['per_unit', 'shared'],
};

/** The settings on which it depends which program is needed. The others are only numbers in it. */
export const OF_PROGRAM = ['activation', 'depth', 'units', 'batch', 'optimizer', 'position', 'affine'];

/** One of some words, or nothing. */
const word = (key) => (text) => (OPTIONS[key].includes(text) ? text : undefined);

/** An integer within bounds, or nothing. */
const whole = (low, high) => (text) => {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= low && value <= high ? value : undefined;
};

/** Norms, in the order in which they are shown; nothing where one is unknown. */
function norms(text) {
  const found = text.split(',');
  if (!found.every((one) => OPTIONS.norm.includes(one))) return undefined;
  return OPTIONS.norm.filter((one) => found.includes(one));
}

/** A number above 0 that f32 can hold, or nothing. */
function positive(text) {
  const value = /^[\d.]+(e-?\d+)?$/.test(text) ? Number(text) : NaN;
  return value > 0 && Number.isFinite(Math.fround(value)) && Math.fround(value) > 0 ? value : undefined;
}

/** How initial weights are drawn, or nothing. */
function init(text) {
  if (['uniform', 'glorot', 'he'].includes(text)) return text;
  const deviation = /^normal:(.+)$/.exec(text)?.[1];
  return deviation && positive(deviation) ? text : undefined;
}

/** How settings are read from a link; what cannot be read is as it is at first. */
const READERS = {
  activation: word('activation'),
  norm: norms,
  depth: whole(1, 64),
  units: whole(1, 16384),
  rate: positive,
  batch: whole(1, 10000),
  init,
  optimizer: word('optimizer'),
  position: word('position'),
  affine: word('affine'),
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  steps: whole(1, 1e8),
};

/** Reads a value as a link or a field has it; nothing where it is none. @param {string} key @param {string} text */
export const readSetting = (key, text) => READERS[key](text);

/** Whether a fragment sets the laboratory. @param {string} hash */
export const isLink = (hash) => hash.startsWith(LINK);

/** The settings in a link, all others being as they are at first. @param {string} hash `#s7?depth=20&…` */
export function readLink(hash) {
  const settings = { ...DEFAULTS };
  for (const part of hash.slice(LINK.length).split('&')) {
    const [key, text = ''] = part.split('=').map(decoded);
    const value = Object.hasOwn(READERS, key) ? READERS[key](text) : undefined;
    if (value !== undefined) settings[key] = value;
  }
  return settings;
}

/** A part of a link as it is meant; as it stands where it means nothing. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The link to settings: only what differs from the first ones stands in it. */
export function linkTo(settings) {
  const differs = Object.keys(DEFAULTS).filter((key) => String(settings[key]) !== String(DEFAULTS[key]));
  return `${LINK}${differs.map((key) => `${key}=${settings[key]}`).join('&')}`;
}

/** What the program calls settings that are not as it has them by itself. */
function extras({ init, optimizer, position, affine }) {
  const all = { init, optimizer, norm_position: position, affine };
  const usual = { init: 'uniform', optimizer: 'sgd', norm_position: 'before', affine: 'per_unit' };
  return Object.entries(all).filter(([key, value]) => value !== usual[key]);
}

/** The units of each hidden layer: a recorded network may have layers of several widths. */
export const widthsOf = ({ widths, depth, units }) => widths ?? Array(depth).fill(units);

/** The same training on the command line. */
export function commandLine(settings) {
  const { activation, norm, rate, batch, seed, steps } = settings;
  const widths = widthsOf(settings);
  const hidden = new Set(widths).size > 1 ? widths.join() : `${widths[0]} --depth ${widths.length}`;
  const more = extras(settings).map(([key, value]) => `--${key.replace('_', '-')} ${value}`);
  return [
    `normlab train --activation ${activation} --norm ${norm.join(',')} --hidden ${hidden}`,
    `--learning-rate ${rate} --batch ${batch} --steps ${steps} --seed ${seed}`,
    ...more,
  ].join(' ');
}

/** The same training as an experiment file. */
export function toml(settings) {
  const { activation, norm, rate, batch, seed, steps } = settings;
  const list = (values) => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
  return [
    `activation = ${list([activation])}`,
    `norm = ${list(norm)}`,
    `hidden = ${list(widthsOf(settings))}`,
    ...extras(settings).map(([key, value]) => `${key} = "${value}"`),
    // A float in TOML has a point or an exponent.
    `learning_rate = ${Number.isInteger(rate) ? rate.toFixed(1) : rate}`,
    `batch = ${batch}`,
    `steps = ${steps}`,
    `seed = ${seed}`,
  ].join('\n');
}

/** What the catalogue calls the network of a norm. @returns {import('./catalogue.js').Combination} */
export const wanted = ({ depth, units, batch, position, affine, optimizer }, norm) =>
  ({ norm, depth, units, batch, position, affine, optimizer, momentum: 0 });

/** The norms among the settings' that a catalogue has no network for. */
export function lacking(catalogue, settings) {
  const known = catalogue.activations.includes(settings.activation);
  return settings.norm.filter((norm) => !known || !catalogue.has(wanted(settings, norm)));
}
