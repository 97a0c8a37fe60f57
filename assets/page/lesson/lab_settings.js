// The laboratory's settings, how they are written in a link, and the same settings for the command line.

/** The beginning of a link to the laboratory. */
const LINK = '#s7?';

/** The default settings. */
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

/** The options of each setting. */
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

/** The settings that determine which program is needed. The others are only numbers in it. */
export const OF_PROGRAM = ['activation', 'depth', 'units', 'batch', 'optimizer', 'position', 'affine'];

/** One of a setting's options, or undefined. */
const word = (key) => (text) => (OPTIONS[key].includes(text) ? text : undefined);

/** An integer within bounds, or undefined. */
const whole = (low, high) => (text) => {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= low && value <= high ? value : undefined;
};

/** Norms, in the order in which they are shown; undefined if one is unknown. */
function norms(text) {
  const found = text.split(',');
  if (!found.every((one) => OPTIONS.norm.includes(one))) return undefined;
  return OPTIONS.norm.filter((one) => found.includes(one));
}

/** A positive number representable in f32, or undefined. */
function positive(text) {
  const value = /^[\d.]+(e-?\d+)?$/.test(text) ? Number(text) : NaN;
  return value > 0 && Number.isFinite(Math.fround(value)) && Math.fround(value) > 0 ? value : undefined;
}

/** How initial weights are drawn, or undefined. */
function init(text) {
  if (['uniform', 'glorot', 'he'].includes(text)) return text;
  const deviation = /^normal:(.+)$/.exec(text)?.[1];
  return deviation && positive(deviation) ? text : undefined;
}

/** How settings are read from a link; what cannot be read keeps its default. */
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

/** Reads a value from the text of a link or a field; undefined if invalid. @param {string} key @param {string} text */
export const readSetting = (key, text) => READERS[key](text);

/** Whether a fragment sets the laboratory. @param {string} hash */
export const isLink = (hash) => hash.startsWith(LINK);

/** The settings in a link, with defaults for all others. @param {string} hash `#s7?depth=20&…` */
export function readLink(hash) {
  const settings = { ...DEFAULTS };
  for (const part of hash.slice(LINK.length).split('&')) {
    const [key, text = ''] = part.split('=').map(decoded);
    const value = Object.hasOwn(READERS, key) ? READERS[key](text) : undefined;
    if (value !== undefined) settings[key] = value;
  }
  return settings;
}

/** A part of a link, decoded if possible. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The link to settings: it contains only what differs from the defaults. */
export function linkTo(settings) {
  const differs = Object.keys(DEFAULTS).filter((key) => String(settings[key]) !== String(DEFAULTS[key]));
  return `${LINK}${differs.map((key) => `${key}=${settings[key]}`).join('&')}`;
}

/** The settings that differ from the program's defaults, by the program's names. */
function extras({ init, optimizer, position, affine }) {
  const all = { init, optimizer, norm_position: position, affine };
  const usual = { init: 'uniform', optimizer: 'sgd', norm_position: 'before', affine: 'per_unit' };
  return Object.entries(all).filter(([key, value]) => value !== usual[key]);
}

/** The units of each hidden layer: a recorded network may have layers of several widths. */
export const widthsOf = ({ widths, depth, units }) => widths ?? Array(depth).fill(units);

/** The same run on the command line. */
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

/** The same run as an experiment file. */
export function toml(settings) {
  const { activation, norm, rate, batch, seed, steps } = settings;
  const list = (values) => `[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
  return [
    `activation = ${list([activation])}`,
    `norm = ${list(norm)}`,
    `hidden = ${list(widthsOf(settings))}`,
    ...extras(settings).map(([key, value]) => `${key} = "${value}"`),
    // A float in TOML needs a point or an exponent.
    `learning_rate = ${Number.isInteger(rate) ? rate.toFixed(1) : rate}`,
    `batch = ${batch}`,
    `steps = ${steps}`,
    `seed = ${seed}`,
  ].join('\n');
}

/** The catalogue's description of a norm's network. @returns {import('./catalogue.js').Combination} */
export const wanted = ({ depth, units, batch, position, affine, optimizer }, norm) =>
  ({ norm, depth, units, batch, position, affine, optimizer, momentum: 0 });

/** The norms among the settings' that a catalogue has no network for. */
export function lacking(catalogue, settings) {
  const known = catalogue.activations.includes(settings.activation);
  return settings.norm.filter((norm) => !known || !catalogue.has(wanted(settings, norm)));
}
