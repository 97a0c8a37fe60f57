// The laboratory's engine: up to four networks that train side by side on one device, from the same weights and
// on the same batches, and their results.

import { RunnerError, Runner, compile, describe, openDevice } from '../runner.js';
import { Batches, assemble } from './lab_program.js';
import { Losses, MOST_MOMENTS, Stops, takeMoment } from './lab_track.js';
import { t } from './text.js';

/** About how many milliseconds a round of steps of all networks takes: a pause waits for one round. */
const ROUND_MS = 50;
/** The most steps in a round, so that the page shows something new now and then. */
const MOST_STEPS = 32;
/** Steps between moments, and between evaluations, at first. */
const [MOMENT_EVERY, EVALUATE_EVERY] = [20, 50];
/** The most evaluations kept. */
const MOST_EVALUATIONS = 80;
/** Early steps at which networks are evaluated in addition. */
const EARLY_EVALUATIONS = [1, 10];
/** Steps since the last evaluation after which the end of a run is evaluated. */
const EVALUATE_AGAIN = 10;
/** The weight of the last round in the displayed speed. */
const SPEED_SHARE = 0.15;
/** The most pipelines kept for the next settings. */
const MOST_PIPELINES = 300;

/**
 * How far a network's first steps were from the reference: `ratio` is the worst error as a fraction of its
 * tolerance, `tensor` where it was; `off` is the first error out of tolerance, if any.
 * @typedef {{steps: number, ratio: number, tensor: string,
 *   off: {tensor: string, step: number, ratio: number} | null}} Check
 */

/** A failure because a network's loss is no longer finite, in the page's current language. */
const failure = (step) => ({
  step,
  get sentence() {
    return t('s7.failed');
  },
});

/** A network on the device, and its track. */
class Live {
  /** @param {Runner} runner @param {object} document @param {object} program the result of {@link assemble} */
  constructor(runner, document, program) {
    Object.assign(this, { runner, document, program });
    this.initial = new Map(program.uploads.state.map(({ tensor, data }) => [tensor, data]));
    const [activation, norm] = document.name.split('-');
    /** @type {import('./record.js').Track & {references: number, check: Check | null,
     *   failed: {step: number, sentence: string} | null}} */
    this.track = { name: document.name, activation, norm, losses: [], evaluations: [], moments: [] };
    this.track.references = program.references.length;
    this.clear();
  }

  /** Clears the results of training. */
  clear() {
    const { track } = this;
    for (const list of [track.losses, track.evaluations, track.moments]) list.length = 0;
    track.failed = null;
    track.check = null;
    this.losses = new Losses(track.losses);
  }

  /** Trains; stops at a loss that is not finite. */
  async train(steps, refills) {
    const { track, runner, program } = this;
    program.loops.train.batch_indices.refills = refills;
    const before = runner.step;
    const found = await runner.train(steps);
    for (const [at, { loss: [loss] }] of found.entries()) {
      if (!Number.isFinite(loss)) {
        track.failed = failure(before + at + 1);
        return;
      }
      this.losses.add(before + at + 1, loss);
    }
  }

  /** Compares the last step with the reference, if there is one. */
  async compare() {
    const { track, runner } = this;
    const found = await runner.compare();
    if (found.length === 0) return;
    const worst = found.reduce((a, b) => (b.ratio > a.ratio ? b : a));
    const off = found.find(({ ratio }) => !(ratio <= 1));
    const { steps, ratio, tensor, off: earlier } = track.check ?? { steps: 0, ratio: -1, tensor: '', off: null };
    track.check = {
      steps: steps + 1,
      ...(worst.ratio > ratio ? { ratio: worst.ratio, tensor: worst.tensor } : { ratio, tensor }),
      off: earlier ?? (off ? { tensor: off.tensor, step: runner.step, ratio: off.ratio } : null),
    };
  }
}

/**
 * The engine. `changed` is called whenever there is something new to show. Requests are processed in order; a later
 * request stops the one that is running.
 */
export class Engine {
  /** Steps done by all networks that have not failed. */
  step = 0;
  /** `empty`, `loading`, `ready`, `running` or `lost`. */
  status = 'empty';
  /** Why the engine has stopped, as a sentence; null if all is well. */
  trouble = null;
  /** The name of the adapter. */
  adapter = '';
  /** Recent steps per second of all networks together. */
  speed = 0;
  #changed; #device; #batches; #moments; #evaluations;
  #live = [];
  #queue = Promise.resolve();
  #pause = new AbortController();
  #orders = 0; // how many loads were requested
  #fitting = 1; // steps that fit into a round
  #pipelines = new Map();

  /** @param {{changed: () => void}} options */
  constructor({ changed }) {
    this.#changed = changed;
  }

  /** The networks' tracks. */
  get tracks() {
    return this.#live.map(({ track }) => track);
  }

  /** Whether steps are in progress. */
  get running() {
    return this.status === 'running';
  }

  /**
   * Replaces the networks on the device: one per document of the catalogue.
   * @param {() => Promise<{documents: object[], dataset: import('./digits.js').Dataset}>} fetch gives them
   * @param {{seed: number, init: string, rate: number}} settings
   */
  load(fetch, settings) {
    const order = ++this.#orders;
    return this.#do('loading', async () => {
      // A newer request is already waiting.
      if (order !== this.#orders) return;
      this.#clear();
      const { documents, dataset } = await fetch();
      if (documents.length === 0) return;
      this.#device ??= await this.#open(documents[0].requires);
      const make = (device, pipeline) => this.#compile(device, pipeline);
      for (const document of documents) {
        const program = assemble(document, settings, dataset);
        this.#live.push(new Live(await Runner.create(program, this.#device, make), document, program));
      }
      this.#batches = new Batches(settings, documents[0].loops.train, dataset.train.labels.length);
      await this.#begin();
    });
  }

  /** Trains this many more steps; {@link Engine.pause} stops it. */
  run(steps) {
    return this.#do('running', async (signal) => {
      const end = this.step + steps;
      while (this.step < end && !signal.aborted && this.#going.length > 0) await this.#round(end);
      this.status = 'ready';
      this.#changed();
      await this.#lookAtLast();
    });
  }

  /** Stops after the current round. */
  pause() {
    this.#pause.abort();
    return this.#queue;
  }

  /** Goes back to the start: the initial weights, no step done. */
  reset() {
    return this.#do('loading', async () => {
      await Promise.all(this.#live.map(({ runner }) => runner.reset()));
      await this.#begin();
    });
  }

  /** Runs a job when all earlier ones have ended. */
  #do(status, job) {
    this.#pause.abort();
    const pause = new AbortController();
    this.#pause = pause;
    this.#queue = this.#queue.then(async () => {
      if (this.status === 'lost') return;
      this.status = status;
      this.#changed();
      try {
        await job(pause.signal);
        this.status = this.#live.length > 0 ? 'ready' : 'empty';
      } catch (error) {
        if (!(error instanceof RunnerError)) console.error(error);
        this.#lose(error.message);
      }
      this.#changed();
    });
    return this.#queue;
  }

  /** Opens the device; its loss is noticed even while nothing runs. */
  async #open(requires) {
    const { adapter, device } = await openDevice(requires);
    this.adapter = describe(adapter);
    device.lost.then(({ message }) => {
      this.#lose(`The GPU device was lost (${message || 'no reason given'}).`);
      this.#changed();
    });
    return device;
  }

  /** Ends everything; the results so far remain visible. */
  #lose(sentence) {
    this.status = 'lost';
    this.trouble ??= sentence;
  }

  /** A pipeline, compiled once for all programs that use it. */
  #compile(device, pipeline) {
    if (this.#pipelines.size > MOST_PIPELINES) this.#pipelines.clear();
    const known = this.#pipelines.get(pipeline.wgsl) ?? compile(device, pipeline);
    this.#pipelines.set(pipeline.wgsl, known);
    return known;
  }

  /** Takes the networks off the device. */
  #clear() {
    this.#live.forEach(({ runner }) => runner.destroy());
    this.#live = [];
    this.step = 0;
  }

  /** Sets up the state before the first step. */
  async #begin() {
    this.step = 0;
    this.#fitting = 1;
    this.#moments = new Stops(MOMENT_EVERY, MOST_MOMENTS);
    this.#evaluations = new Stops(EVALUATE_EVERY, MOST_EVALUATIONS, (step) => EARLY_EVALUATIONS.includes(step));
    this.#live.forEach((one) => one.clear());
    await this.#look();
  }

  /** The networks whose loss is still finite. */
  get #going() {
    return this.#live.filter(({ track }) => !track.failed);
  }

  /** A few steps of every network at once, at most up to the next probe or evaluation. */
  async #round(end) {
    const going = this.#going;
    const { slots } = this.#batches;
    const stop = Math.min(end, this.#moments.next(this.step), this.#evaluations.next(this.step));
    const checked = Math.max(...going.map(({ track }) => track.references));
    const most = this.step < checked ? 1 : Math.min(this.#fitting, MOST_STEPS);
    const count = Math.min(stop - this.step, slots - (this.step % slots), most);
    const refills = this.#batches.refillsFor(this.step);
    const start = performance.now();
    await Promise.all(going.map((one) => one.train(count, refills)));
    const took = Math.max(performance.now() - start, 0.1);
    this.#fitting = Math.max(1, Math.min(Math.floor((ROUND_MS * count) / took), 2 * Math.max(count, this.#fitting)));
    this.speed += SPEED_SHARE * ((1000 * count) / took - this.speed);
    this.step += count;
    if (this.step <= checked) await Promise.all(this.#going.map((one) => one.compare()));
    await this.#look();
    this.#changed();
  }

  /** Probes and evaluates, if the current step calls for it. */
  async #look() {
    if (this.#moments.has(this.step)) await this.#probe();
    if (this.step > 0 && this.#evaluations.has(this.step)) await this.#evaluate();
  }

  /** Probes where a run has stopped, too; evaluates only if the last evaluation is long ago. */
  async #lookAtLast() {
    await this.#probe();
    const last = Math.max(0, ...this.#going.map(({ track }) => track.evaluations.at(-1)?.[0] ?? 0));
    if (this.step - last >= EVALUATE_AGAIN) await this.#evaluate();
  }

  /** Records a moment of every network that has none at this step. */
  async #probe() {
    for (const { runner, document, initial, track } of this.#going) {
      if (track.moments.at(-1)?.step === this.step) continue;
      track.moments.push(await takeMoment(runner, document, initial));
    }
    this.#moments.thin(this.tracks.map(({ moments }) => moments), ({ step }) => step);
  }

  /** Evaluates every network on the test set. */
  async #evaluate() {
    for (const { runner, track } of this.#going) {
      const [{ accuracy, loss }] = await runner.evaluate();
      track.evaluations.push([this.step, accuracy, loss]);
    }
    this.#evaluations.thin(this.tracks.map(({ evaluations }) => evaluations), ([step]) => step);
  }
}
