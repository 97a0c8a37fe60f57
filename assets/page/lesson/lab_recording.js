// A recorded run, played as if it were training now: replaces the engine if there is no WebGPU.

/** Milliseconds from one moment to the next. */
const FRAME_MS = 350;

/** Plays tracks, moment after moment, with the engine's interface. */
export class Recording {
  /** The current step. */
  step = 0;
  /** `ready` or `running`. */
  status = 'ready';
  #changed;
  #tracks = [];
  #timer = 0;

  /** @param {{changed: () => void}} options called whenever there is something new to show */
  constructor({ changed }) {
    this.#changed = changed;
  }

  /** Switches to other tracks, and shows their end. @param {import('./record.js').Track[]} tracks */
  take(tracks) {
    clearInterval(this.#timer);
    this.status = 'ready';
    this.#tracks = tracks;
    this.seek(this.#steps.at(-1));
  }

  get tracks() {
    return this.#tracks;
  }

  get running() {
    return this.status === 'running';
  }

  get #steps() {
    return this.#tracks[0].moments.map(({ step }) => step);
  }

  /** Shows a step. */
  seek(step) {
    this.step = step;
    this.#changed();
  }

  /** Plays this many moments, from the start if it has ended. */
  run(moments) {
    clearInterval(this.#timer);
    if (this.step >= this.#steps.at(-1)) this.step = this.#steps[0];
    let left = moments;
    const play = () => {
      const moved = this.#forward();
      left -= 1;
      if (!moved || left <= 0) this.pause();
      else this.#changed();
    };
    this.status = 'running';
    this.#timer = setInterval(play, FRAME_MS);
    play();
  }

  /** Goes to the next moment, if there is one. */
  #forward() {
    const next = this.#steps.find((step) => step > this.step);
    if (next === undefined) return false;
    this.step = next;
    return true;
  }

  pause() {
    clearInterval(this.#timer);
    this.status = 'ready';
    this.#changed();
  }

  /** Goes back to the start. */
  reset() {
    this.pause();
    this.seek(this.#steps[0]);
  }
}
