// The networks that the page can train: programs as the command line exports them, reassembled from their shared
// parts (src/export/catalogue.rs). This module knows nothing about networks.

import { unpackJson } from './packed.js';

/**
 * What distinguishes the networks of the catalogue. `position` is before or after, `affine` per_unit or shared.
 * @typedef {{norm: string, depth: number, units: number, batch: number, position: string, affine: string,
 *   optimizer: string}} Combination
 */

/** All networks of the page. */
export class Catalogue {
  #content;

  /** @param {object} content the JSON of the catalogue */
  constructor(content) {
    this.#content = content;
  }

  /** The page's catalogue. @returns {Promise<Catalogue>} */
  static async open() {
    return new Catalogue(await unpackJson('catalogue'));
  }

  /** The activations that it has. */
  get activations() {
    return Object.keys(this.#content.activations);
  }

  /** The descriptions of its networks. @returns {Combination[]} */
  get combinations() {
    return this.#content.entries;
  }

  /** Whether it has a network. @param {Combination} wanted */
  has(wanted) {
    return this.#find(wanted) !== undefined;
  }

  #find(wanted) {
    const { norm, depth, units, batch, position, affine, optimizer } = wanted;
    // Without a norm its position is irrelevant; and only some norms can share a and b.
    return this.#content.entries.find((one) =>
      one.norm === norm && one.depth === depth && one.units === units && one.batch === batch &&
      one.optimizer === optimizer &&
      (norm === 'none' || one.position === position) &&
      (norm === 'none' || norm === 'batch' || one.affine === affine));
  }

  /**
   * The program of a network, as specified by docs/program-format.md, except for the initial contents of the device:
   * `uploads` has only the zeros, and the contents of `params` are `paramBytes`. `network` has the sizes from which
   * data, weights and orders are made; `references` are filled in if the catalogue has them for the start. Null
   * if there is no such network.
   * @param {Combination} wanted @param {string} activation @param {{init: string, seed: number, rate: number}} start
   */
  program(wanted, activation, start) {
    const entry = this.#find(wanted);
    const behind = this.#content.activations[activation];
    if (!entry || behind === undefined) return null;
    const structure = this.#content.structures[entry.structure];
    const { pipelines, places } = this.#pipelines(entry, behind);
    const { paramBytes, ranges } = this.#params(entry);
    const tensors = entry.tensors.map(([offset, rows, cols, replica_stride], at) => {
      const [name, buffer] = structure.tensors[at];
      return { name, buffer, offset, shape: [1, rows, cols], replica_stride };
    });
    const dispatches = entry.dispatches.values();
    const passes = structure.passes.map(([name, all]) => ({
      name,
      dispatches: all.map(([label, operands]) => {
        const [pipeline, params, workgroups] = dispatches.next().value;
        const bindings = operands.map((at) => binding(tensors[at]));
        return { label, pipeline: places.get(pipeline), params: ranges.get(params), workgroups, bindings };
      }),
    }));
    const names = structure.buffers;
    const given = new Set(this.#given(structure));
    return {
      format: 'normlab program',
      name: `${activation}-${entry.norm}`,
      requires: entry.requires,
      buffers: entry.buffers.map((size, at) => ({ name: names[at][0], element: names[at][1], size })),
      tensors,
      pipelines,
      params: [0, paramBytes.length],
      paramBytes,
      passes,
      roles: structure.roles,
      parameters: structure.parameters,
      state: structure.state,
      uploads: {
        state: [...structure.state, structure.roles['train.losses'], structure.roles['train.correct']]
          .filter((tensor) => !given.has(tensor))
          .map((tensor) => ({ tensor, fill: 0 })),
        data: [],
      },
      loops: entry.loops,
      references: this.#references(wanted, activation, start, structure),
      network: entry.network,
    };
  }

  /** The references for the first steps from a start, as in docs/program-format.md; empty if they are not known. */
  #references(wanted, activation, { init, seed, rate }, { parameters }) {
    const keys = ['norm', 'depth', 'units', 'batch', 'position', 'affine', 'optimizer'];
    const known = this.#content.references.find((one) =>
      one.activation === activation && one.init === init && one.seed === seed && one.learning_rate === rate &&
      keys.every((key) => one[key] === wanted[key]));
    const sample = ([value, tolerance]) => ({ value, tolerance });
    return (known?.steps ?? []).map(({ loss, gradients }, at) => ({
      step: at + 1,
      losses: [sample(loss)],
      gradients: gradients.map(([rms, tolerance, elements], place) => ({
        parameter: parameters[place].name,
        rms: sample(rms),
        tolerance,
        elements: elements.map((element, index) => [known.places[place][index], element]),
      })),
    }));
  }

  /** The tensors of the state that do not start at zero: parameters, and running statistics. */
  #given({ roles, parameters }) {
    const running = Object.keys(roles).filter((role) => role.endsWith('.running'));
    return [...parameters.map(({ value }) => value), ...running.map((role) => roles[role])];
  }

  /** The shaders of an entry, and the index among them of each of the catalogue's. */
  #pipelines(entry, behind) {
    const used = [...new Set(entry.dispatches.map(([pipeline]) => pipeline))];
    const pipelines = used.map((at) => {
      const { label, layout, wgsl, activated } = this.#content.pipelines[at];
      return { label, layout, wgsl: activated ? wgsl + behind : wgsl };
    });
    return { pipelines, places: new Map(used.map((at, place) => [at, place])) };
  }

  /** The contents of the uniform buffer, and the range in it of each `Params` of the catalogue. */
  #params(entry) {
    const used = [...new Set(entry.dispatches.map(([, params]) => params))];
    const paramBytes = new Uint8Array(used.length * ALIGNMENT);
    const words = new DataView(paramBytes.buffer);
    const ranges = used.map((at, place) => {
      const content = this.#content.params[at];
      content.forEach((word, index) => words.setUint32(place * ALIGNMENT + 4 * index, word, true));
      return [at, [place * ALIGNMENT, 4 * content.length]];
    });
    return { paramBytes, ranges: new Map(ranges) };
  }
}

/** WebGPU's coarsest alignment of a uniform, in bytes. */
const ALIGNMENT = 256;

/** All of a tensor, as a binding: buffer, offset and size in bytes. */
function binding({ buffer, offset, shape, replica_stride: stride }) {
  const length = (shape[0] - 1) * stride + shape[1] * shape[2];
  return [buffer, 4 * offset, 4 * length];
}
