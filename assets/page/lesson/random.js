// The program's random numbers (src/rng.rs, src/model/initial.rs, src/data/batches.rs): a counter-based
// generator, so that a seed gives the same weights and the same batches here as there.

/** The purpose of a stream of numbers. Streams with different purposes are independent. */
export const PURPOSE = { weights: 1, shuffle: 2 };

/** The entry of an order that stands for no example. */
export const NO_EXAMPLE = 0xffffffff;

const [FIRST, SECOND] = [0xd2511f53, 0xcd9e8d57];
const WEYL = [0x9e3779b9, 0xbb67ae85];
const ROUNDS = 10;
/** 2³², where a word ends. */
const WORD = 2 ** 32;

/** The upper word of the product of two words; exact, because no sum reaches 2⁵³. */
function upper(a, b) {
  const low = b & 0xffff;
  const high = b >>> 16;
  const middle = (a >>> 16) * low + (((a & 0xffff) * low) >>> 16);
  const rest = (a & 0xffff) * high + (middle % 0x10000);
  return ((a >>> 16) * high + Math.floor(middle / 0x10000) + Math.floor(rest / 0x10000)) >>> 0;
}

/** One block of Philox 4×32-10 (Salmon, Moraes, Dror and Shaw 2011): replaces the counter by four random words. */
function philox(words, key) {
  let [c0, c1, c2, c3] = words;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const first = upper(FIRST, c0);
    const second = upper(SECOND, c2);
    const low = Math.imul(FIRST, c0) >>> 0;
    c0 = (second ^ c1 ^ k0) >>> 0;
    c1 = Math.imul(SECOND, c2) >>> 0;
    c2 = (first ^ c3 ^ k1) >>> 0;
    c3 = low;
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
  return words;
}

/** A sequence of random numbers, read from its start. */
export class Stream {
  #key; #purpose; #index;
  #position = 0;
  #block = new Uint32Array(4);

  /** @param {number} seed an integer below 2⁵³ @param {number} purpose @param {number} index of a stream */
  constructor(seed, purpose, index) {
    this.#key = [seed % WORD, Math.floor(seed / WORD)];
    this.#purpose = purpose;
    this.#index = index;
  }

  /** The next word. */
  word() {
    const lane = this.#position % 4;
    if (lane === 0) {
      const block = this.#position / 4;
      this.#block.set([block % WORD, Math.floor(block / WORD), this.#index, this.#purpose]);
      philox(this.#block, this.#key);
    }
    this.#position += 1;
    return this.#block[lane];
  }

  /** The next number, uniform over [0, 1), with 24 random bits. */
  uniform() {
    return (this.word() >>> 8) / 2 ** 24;
  }

  /** The next number, uniform over [low, high). */
  range(low, high) {
    return low + (high - low) * this.uniform();
  }

  /** The next standard normal number (Box and Muller 1958). */
  normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** The next integer below `bound`, without bias (Lemire 2019). */
  below(bound) {
    const threshold = (WORD - bound) % bound;
    for (;;) {
      const word = this.word();
      if (Math.imul(word, bound) >>> 0 >= threshold) return upper(word, bound);
    }
  }

  /** Puts items into a random order (Fisher and Yates). @param {Uint32Array} items */
  shuffle(items) {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [items[last], items[other]] = [items[other], items[last]];
    }
    return items;
  }
}

/** The deviation in `normal:0.01`. @param {string} init */
const deviationOf = (init) => Number(init.slice('normal:'.length));

/** How a weight matrix or a bias is drawn. @returns {(stream: Stream) => number} */
function drawing(init, isWeight, fanIn, fanOut) {
  const even = (bound) => (stream) => stream.range(-bound, bound);
  const normal = (deviation) => (stream) => deviation * stream.normal();
  if (init === 'uniform') return even(1 / Math.sqrt(fanIn));
  if (!isWeight) return () => 0;
  if (init === 'glorot') return even(Math.sqrt(6 / (fanIn + fanOut)));
  return init === 'he' ? normal(Math.sqrt(2 / fanIn)) : normal(deviationOf(init));
}

/**
 * Initial values of a parameter. They depend only on the seed, the layer, the role and the shape: networks that
 * differ in norm or activation start alike.
 * @param {{seed: number, init: string}} settings @param {number} layer counted from 0
 * @param {string} role weight, bias, gamma or beta @param {number} length @param {[number, number]} weight rows
 * and columns of the layer's weight matrix
 */
export function initialValues({ seed, init }, layer, role, length, [fanIn, fanOut]) {
  const values = new Float32Array(length);
  if (role === 'gamma') return values.fill(1);
  if (role === 'beta') return values;
  const isWeight = role === 'weight';
  const stream = new Stream(seed, PURPOSE.weights, 2 * layer + (isWeight ? 0 : 1));
  const draw = drawing(init, isWeight, fanIn, fanOut);
  return values.map(() => draw(stream));
}

/** The examples of an epoch in a random order, cut to whole batches. */
export function epochOrder(seed, epoch, examples, batch) {
  const order = new Stream(seed, PURPOSE.shuffle, epoch).shuffle(Uint32Array.from({ length: examples }, (_, at) => at));
  return order.subarray(0, Math.floor(examples / batch) * batch);
}

/** All examples once, in order, padded at the start with {@link NO_EXAMPLE}. */
export function testOrder(examples, length) {
  return Uint32Array.from({ length }, (_, at) => (at < length - examples ? NO_EXAMPLE : at - (length - examples)));
}
