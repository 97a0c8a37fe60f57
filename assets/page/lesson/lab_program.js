// Completes a program of the catalogue with the numbers that are in no file because they follow from the
// settings and the digits.

import { CLASSES } from './digits.js';
import { NO_EXAMPLE, epochOrder, initialValues, testOrder } from './random.js';

/** The number of elements of a tensor. */
const lengthOf = ({ shape }) => shape[0] * shape[1] * shape[2];

/** The tensor of a role, with its index. */
function tensorOf(document, role) {
  const tensor = document.roles[role];
  return { tensor, length: lengthOf(document.tensors[tensor]) };
}

/** The initial training state: weights, running statistics (mean 0, variance 1), the learning rate. */
function stateUploads(document, settings) {
  const shapeOf = (layer) => {
    const { value } = document.parameters.find(({ name }) => name === `layer${layer}.weight`);
    return document.tensors[value].shape.slice(1);
  };
  const parameters = document.parameters.map(({ name, layer, value }) => {
    const length = lengthOf(document.tensors[value]);
    const role = name.slice(name.indexOf('.') + 1);
    return { tensor: value, data: initialValues(settings, layer - 1, role, length, shapeOf(layer)) };
  });
  const running = Object.keys(document.roles).filter((role) => role.endsWith('.running')).map((role) => {
    const { tensor, length } = tensorOf(document, role);
    return { tensor, data: Float32Array.from({ length }, (_, at) => (at < length / 2 ? 0 : 1)) };
  });
  const rate = { tensor: document.roles.learning_rate, data: Float32Array.of(settings.rate) };
  const zeros = document.uploads.state.filter(({ fill }) => fill !== undefined);
  return [...parameters, ...running, rate, ...zeros];
}

/** The data set, and the images for testing and probing: training images evenly, a test image of each class. */
function dataUploads(document, { train, test }) {
  const [examples, tested] = [train.labels.length, test.labels.length];
  const upload = (role, make) => {
    const { tensor, length } = tensorOf(document, role);
    return { tensor, data: make(length) };
  };
  const first = (kind) => {
    const place = test.labels.indexOf(kind);
    return place < 0 ? NO_EXAMPLE : place;
  };
  const probed = (length) => Uint32Array.from({ length }, (_, at) => Math.floor((at * examples) / length));
  return [
    upload('train.images', () => train.images),
    upload('train.labels', () => train.labels),
    upload('test.images', () => test.images),
    upload('test.labels', () => test.labels),
    upload('test.batch_indices', (length) => testOrder(tested, length)),
    upload('probe.batch_indices', probed),
    upload('digits.batch_indices', () => Uint32Array.from({ length: CLASSES }, (_, kind) => first(kind))),
  ];
}

/** The batches of a run, as refills of the device's ring, made on demand. */
export class Batches {
  #make;
  #last = { refill: -1, order: null };

  /**
   * @param {{seed: number}} settings @param {{batch: number, batch_indices: {slots: number}}} loop the program's
   * `loops.train` @param {number} examples
   */
  constructor({ seed }, { batch, batch_indices: { slots } }, examples) {
    /** Steps per refill. */
    this.slots = slots;
    const perEpoch = Math.floor(examples / batch);
    const epochs = slots / perEpoch;
    this.#make = (refill) => {
      const order = new Uint32Array(slots * batch);
      for (let epoch = 0; epoch < epochs; epoch++) {
        order.set(epochOrder(seed, refill * epochs + epoch, examples, batch), epoch * perEpoch * batch);
      }
      return order;
    };
  }

  /** The refills of the ring for a step, counted from 0: all but the current one are left out. */
  refillsFor(step) {
    const refill = Math.floor(step / this.slots);
    if (refill !== this.#last.refill) this.#last = { refill, order: this.#make(refill) };
    const refills = [];
    refills[refill] = this.#last.order;
    return refills;
  }
}

/**
 * The input of `Runner.create`, from a document of the catalogue: its uploads contain their elements, and the
 * ring of batches is refilled by {@link Batches}. `paramBytes` are the contents of the uniform buffer.
 * @param {object} document @param {{seed: number, init: string, rate: number}} settings
 * @param {import('./digits.js').Dataset} dataset
 */
export function assemble(document, settings, dataset) {
  const { train } = document.loops;
  return {
    ...document,
    bytes: document.paramBytes,
    uploads: { state: stateUploads(document, settings), data: dataUploads(document, dataset) },
    loops: { ...document.loops, train: { ...train, batch_indices: { ...train.batch_indices, refills: [] } } },
  };
}
