// The laboratory's state between its controls and its engine: settings, the engine that they need, the selected
// step. It outlives a change of language.

import { findAdapter } from '../runner.js';
import { Catalogue } from './catalogue.js';
import { readDigits } from './digits.js';
import { Engine } from './lab_engine.js';
import { Recording } from './lab_recording.js';
import { DEFAULTS, isLink, lacking, linkTo, readLink, wanted } from './lab_settings.js';
import { unpack } from './packed.js';
import { keptSteps } from './view_data.js';

/** Milliseconds that the search for a GPU may take before the recorded run is shown. */
const PATIENCE_MS = 1500;
/** Milliseconds without a change of settings before networks are made for them. */
const SETTLED_MS = 200;

/**
 * `state` is the section's: `settings`, `tracks`, `engine` are read by other sections, too; `shown` is the selected
 * step, null for the newest one; `preset` the preset that the settings come from, `guess` the reader's guess.
 */
export class Session {
  /** Norms that the catalogue has no program for; null until that is known. */
  lacks = null;
  /** The catalogue, once it is open. */
  catalogue = null;
  /** Whether settings have changed but their networks are not ready yet. */
  settling = false;
  /** Why the recorded run is shown, as a key of the page's texts with its values; null if networks train. */
  reason = null;
  #state; #record; #changed = () => {};
  #opening = null; #dataset = null; #loaded = null; #timer = 0;
  #asked = null; // settings that wait for a GPU

  constructor(state, record) {
    this.#state = state;
    this.#record = record;
    state.settings = isLink(location.hash) ? readLink(location.hash) : { ...DEFAULTS };
    Object.assign(state, { tracks: [], shown: null, preset: null, guess: null });
    this.#train();
    addEventListener('hashchange', () => this.follow());
    this.#search();
  }

  /** Sets the callback for changes. @param {() => void} changed */
  tell(changed) {
    this.#changed = changed;
  }

  get engine() {
    return this.#state.engine;
  }

  /** The selected step. */
  get step() {
    return this.#state.shown ?? this.engine.step;
  }

  /** The steps that can be selected. */
  get steps() {
    return keptSteps(this.engine.tracks);
  }

  /** Applies the settings in the page's address, if there are any. */
  follow() {
    if (!isLink(location.hash)) return;
    const settings = readLink(location.hash);
    if (linkTo(settings) !== linkTo(this.#state.settings)) this.apply(settings);
    document.getElementById('s7')?.scrollIntoView();
  }

  /** Applies settings, and makes the networks for them. @param {string|null} preset whose settings they are */
  apply(settings, preset = null) {
    const state = this.#state;
    Object.assign(state, { settings, preset, shown: null });
    if (!preset) state.guess = null;
    if (this.reason) {
      this.#showRecorded();
      return;
    }
    history.replaceState(null, '', linkTo(settings));
    this.engine.pause();
    clearTimeout(this.#timer);
    this.settling = true;
    const loaded = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(this.#load()), SETTLED_MS);
    });
    this.#loaded = loaded;
    loaded.then(() => {
      if (this.#loaded !== loaded) return;
      this.settling = false;
      this.#notice();
    });
    this.#notice();
  }

  /** Makes the networks if needed. */
  ensure() {
    if (this.reason) return Promise.resolve();
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  /** Trains this many steps, or plays this many moments of a recording; without a number, to the set end. */
  async run(count) {
    await this.ensure();
    this.#state.shown = null;
    const { steps } = this.#state.settings;
    const left = steps - this.engine.step;
    this.engine.run(count ?? (this.reason ? Infinity : left > 0 ? left : steps));
  }

  /** Runs or pauses. */
  toggle() {
    return this.engine.running ? this.engine.pause() : this.run();
  }

  /** Goes back to the start with the same initial weights. */
  async reset() {
    await this.ensure();
    this.#state.shown = null;
    this.engine.reset();
  }

  /** Draws new weights and batches. */
  dice() {
    const { settings, preset } = this.#state;
    this.apply({ ...settings, seed: 1 + Math.floor(Math.random() * 99_999) }, preset);
  }

  /** Selects a recorded step; if it is the newest one, follows training from there. */
  seek(step) {
    if (this.reason) {
      this.engine.pause();
      this.engine.seek(step);
      return;
    }
    this.#state.shown = step === this.steps.at(-1) ? null : step;
    this.#notice();
  }

  /** Updates after a change in the engine. */
  #notice() {
    const { engine } = this;
    if (engine.status === 'lost') {
      this.#play({ key: 's7.lost', values: { error: engine.trouble } });
      return;
    }
    const state = this.#state;
    state.tracks = engine.tracks;
    if (state.shown !== null && !this.steps.includes(state.shown)) {
      // The selected step was thinned out: select the next older one.
      state.shown = this.steps.findLast((step) => step < state.shown) ?? null;
    }
    this.#changed();
  }

  /** Puts the networks of the settings on the device. */
  async #load() {
    const { settings } = this.#state;
    try {
      this.#opening ??= Catalogue.open();
      this.catalogue = await this.#opening;
    } catch (error) {
      this.#play({ key: 's7.no_catalogue', values: { error: error.message } });
      return;
    }
    if (settings !== this.#state.settings || this.reason) return;
    this.lacks = lacking(this.catalogue, settings);
    const norms = settings.norm.filter((norm) => !this.lacks.includes(norm));
    const fetch = async () => {
      this.#dataset ??= unpack('digits', { plain: true }).then(readDigits);
      const { activation } = settings;
      const documents = norms.map((norm) => this.catalogue.program(wanted(settings, norm), activation, settings));
      return { documents, dataset: await this.#dataset };
    };
    await this.engine.load(fetch, settings);
  }

  /** Looks for a GPU; plays the recorded run if there is none, or none answers. */
  async #search() {
    const none = { key: navigator.gpu ? 's7.no_adapter' : 's7.no_webgpu' };
    const late = { key: 's7.no_answer' };
    const found = findAdapter().then(() => null, () => none);
    const first = await Promise.race([found, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, late))]);
    if (first === null) return;
    this.#play(first);
    // A GPU that answers late is used after all.
    if (first !== late || (await found) !== null) return;
    this.#state.settings = this.#asked;
    this.#train();
  }

  /** Trains from now on. */
  #train() {
    this.reason = null;
    const state = this.#state;
    state.engine?.pause();
    state.engine = new Engine({ changed: () => this.#notice() });
    this.#notice();
  }

  /** The activations that were recorded. */
  get recorded() {
    return [...new Set(this.#record.networks.map(({ activation }) => activation))];
  }

  /** Shows the recorded tracks of the settings' activation, or of the first; other settings are the record's. */
  #showRecorded() {
    const state = this.#state;
    const { networks, depth, units, widths, batch, learning_rate: rate, init, seed, steps } = this.#record;
    const known = this.recorded.includes(state.settings.activation);
    const activation = known ? state.settings.activation : this.recorded[0];
    const tracks = networks.filter((one) => one.activation === activation);
    const norm = tracks.map((track) => track.norm);
    state.settings = { ...DEFAULTS, activation, norm, depth, units, widths, batch, rate, init, seed, steps };
    this.engine.take(tracks);
  }

  /** Plays the recorded run from now on. @param {{key: string, values?: object}} reason why */
  #play(reason) {
    if (this.reason) return;
    this.reason = reason;
    this.settling = false;
    const state = this.#state;
    this.#asked = state.settings;
    state.shown = null;
    state.engine = new Recording({ changed: () => this.#notice() });
    this.#showRecorded();
  }
}
