// Runs programs written by `normlab export` on WebGPU; docs/program-format.md describes the format and its rules.
// An ES module without dependencies, which touches nothing but the device that it is given.

/** The version of the format that this module reads. */
export const VERSION = 1;
/** About how many milliseconds of work go into one submit: submitted work cannot be cancelled. */
const SUBMIT_MS = 50;
/** Submits in flight at once: the device has work while the next one is encoded. */
const IN_FLIGHT = 2;
/** Anything that stops a runner, as a readable sentence. */
export class RunnerError extends Error {
  name = 'RunnerError';
}

/** Throws a {@link RunnerError}. @param {string} sentence */
export function fail(sentence) {
  throw new RunnerError(sentence);
}

/** The SHA-256 of bytes, in hexadecimal. @param {Uint8Array} bytes */
async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Reads the contents of program.json and data.bin: returns the document with `bytes`. Refuses another format or
 * version, and data that are incomplete or of another export. @param {string} text @param {Uint8Array} bytes
 */
export async function readProgram(text, bytes) {
  let program;
  try {
    program = JSON.parse(text);
  } catch (error) {
    fail(`program.json is not JSON (${error.message}); export it again.`);
  }
  if (program?.format !== 'normlab program') fail('program.json is not a program; make one with normlab export.');
  const { version } = program;
  if (version !== VERSION) fail(`program.json has format version ${version}; this page reads version ${VERSION}.`);
  const { file, bytes: length, sha256: hash } = program.data;
  if (bytes.byteLength !== length) {
    fail(`${file} has ${bytes.byteLength} bytes, not ${length}; it is truncated or from another export.`);
  }
  if ((await sha256(bytes)) !== hash) {
    fail(`The SHA-256 of ${file} does not match program.json; it was altered or is from another export.`);
  }
  return { ...program, bytes };
}

/** The name of an adapter. @param {GPUAdapter} adapter */
export function describe({ info }) {
  return [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ') || '(unnamed)';
}

/** Why an adapter cannot run a program with these `requires`, in words; null if it can. */
export function lacking({ features, limits, info: { subgroupMinSize: min, subgroupMaxSize: max } }, requires) {
  const feature = requires.features.find((name) => !features.has(name));
  if (feature !== undefined) return `lacks the feature ${feature}`;
  const small = Object.entries(requires.limits).find(([name, value]) => !(value <= limits[name]));
  if (small) return `has ${small[0]} ${limits[small[0]]}, but ${small[1]} is needed`;
  const size = requires.subgroup_size;
  if (size === null || (min === size && max === size)) return null;
  return `has subgroups of ${min} to ${max} lanes, but ${size} are needed`;
}

/** The best adapter; fails if there is none. @param {GPU=} gpu the browser's WebGPU */
export async function findAdapter(gpu = navigator.gpu) {
  if (!gpu) fail('This browser does not support WebGPU; open the page in a recent Chrome, Edge, Safari or Firefox.');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter ?? fail('This browser supports WebGPU but offers no adapter; its GPU may be blocked or disabled.');
}

/** Opens a device that has what a program `requires`. @returns {Promise<{adapter: GPUAdapter, device: GPUDevice}>} */
export async function openDevice(requires, gpu = navigator.gpu) {
  const adapter = await findAdapter(gpu);
  const reason = lacking(adapter, requires);
  if (reason) fail(`The adapter ${describe(adapter)} ${reason}; the program cannot run on it.`);
  try {
    const wanted = { requiredFeatures: requires.features, requiredLimits: requires.limits };
    return { adapter, device: await adapter.requestDevice(wanted) };
  } catch (error) {
    fail(`Cannot open the adapter ${describe(adapter)}: ${error.message}`);
  }
}

/** How far off a number is, as a fraction of its tolerance: good up to 1. `expected` is null if not finite. */
function ratioOf(found, { value: expected, tolerance }) {
  if (expected !== null && Number.isFinite(found)) return Math.abs(found - expected) / tolerance;
  return expected === null && !Number.isFinite(found) ? 0 : Infinity;
}

/** The number of elements of a tensor. @param {{shape: number[]}} tensor */
const lengthOf = ({ shape }) => shape[0] * shape[1] * shape[2];

/** Compiles a pipeline of a document. @param {GPUDevice} device @returns {Promise<GPUComputePipeline>} */
export function compile(device, { label, layout, wgsl }) {
  const visibility = GPUShaderStage.COMPUTE;
  const entries = layout.map((type, binding) => ({ binding, visibility, buffer: { type } }));
  const bindGroupLayouts = [device.createBindGroupLayout({ label, entries })];
  return device.createComputePipelineAsync({
    label,
    layout: device.createPipelineLayout({ bindGroupLayouts }),
    compute: { module: device.createShaderModule({ label, code: wgsl }), entryPoint: 'main' },
  });
}

/** A program on a device, with its memory. Tensors are named by their roles, or by their indices. */
export class Runner {
  /** Steps done so far. */
  step = 0;
  /** What was submitted, and the milliseconds spent encoding it and waiting for it. */
  stats = { dispatches: 0, submits: 0, encodeMs: 0, waitMs: 0 };
  #device; #program; #buffers; #passes;
  #lost; // rejects when the device is lost
  #fault = null; // the first thing that went wrong on the device
  #refill = -1; // which refill of the ring of batches is on the device
  #pace = new Map(); // how many repetitions of passes fit into a submit

  /** Puts the result of {@link readProgram} on a device: makes pipelines, fills memory. @returns {Promise<Runner>} */
  static async create(program, device, make = compile) {
    return new Runner().#load(program, device, make);
  }

  /** See {@link Runner.create}. */
  async #load(program, device, make) {
    [this.#program, this.#device] = [program, device];
    this.#lost = device.lost.then(({ message }) => {
      this.#fault ??= `The GPU device was lost (${message || 'no reason given'}); reload the page to start again.`;
      fail(this.#fault);
    });
    this.#lost.catch(() => {});
    device.addEventListener('uncapturederror', ({ error }) => (this.#fault ??= `The GPU refused: ${error.message}`));
    const { COPY_DST, COPY_SRC, STORAGE, UNIFORM } = GPUBufferUsage;
    const usage = STORAGE | COPY_SRC | COPY_DST;
    this.#buffers = program.buffers.map(({ name: label, size }) => device.createBuffer({ label, size, usage }));
    const params = device.createBuffer({ size: program.params[1], usage: UNIFORM | COPY_DST });
    device.queue.writeBuffer(params, 0, program.bytes, ...program.params);
    const pipelines = await this.#wait(Promise.all(program.pipelines.map((one) => make(device, one))));
    const bind = (binding, buffer, offset, size) => ({ binding, resource: { buffer, offset, size } });
    this.#passes = program.passes.map(({ dispatches }) =>
      dispatches.map(({ label, workgroups, ...dispatch }) => {
        const pipeline = pipelines[dispatch.pipeline];
        const tensors = dispatch.bindings.map(([at, ...range], place) => bind(place + 1, this.#buffers[at], ...range));
        const entries = [bind(0, params, ...dispatch.params), ...tensors];
        const group = device.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries });
        return { pipeline, group, workgroups };
      }),
    );
    program.uploads.data.forEach((upload) => this.#upload(upload));
    await this.reset();
    return this;
  }

  /** Waits for the device; fails if something has gone wrong on it. */
  async #wait(promise) {
    const start = performance.now();
    try {
      const value = await Promise.race([promise, this.#lost]);
      return this.#fault ? fail(this.#fault) : value;
    } catch (error) {
      if (error instanceof RunnerError) throw error;
      // A call aborted by the loss of the device may end before the loss is reported.
      await Promise.race([this.#lost, new Promise((resolve) => setTimeout(resolve, 200))]);
      return fail(this.#fault ?? `The GPU refused: ${error.message}`);
    } finally {
      this.stats.waitMs += performance.now() - start;
    }
  }

  /** The document's entry for a tensor. @param {string|number} role */
  tensor(role) {
    const tensor = this.#program.tensors[this.#program.roles[role] ?? role];
    return tensor ?? fail(`The program ${this.#program.name} has no tensor ${role}.`);
  }

  /** Writes elements to a tensor, replica after replica without gaps. @param {ArrayBufferView} data */
  write(role, data) {
    const { buffer, offset, shape, replica_stride: stride } = this.tensor(role);
    const size = 4 * shape[1] * shape[2];
    if (data.byteLength !== size * shape[0]) fail(`The tensor ${role} takes ${size * shape[0]} bytes.`);
    for (let replica = 0; replica < shape[0]; replica++) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset + replica * size, size);
      this.#device.queue.writeBuffer(this.#buffers[buffer], 4 * (offset + replica * stride), bytes);
    }
  }

  /** Fills a tensor as the document specifies: with a range of its bytes, given elements, or one repeated value. */
  #upload({ tensor, data, fill }) {
    const all = () => new Uint32Array(lengthOf(this.tensor(tensor))).fill(fill);
    const part = () => this.#program.bytes.subarray(data[0], data[0] + data[1]);
    this.write(tensor, ArrayBuffer.isView(data) ? data : data ? part() : all());
  }

  /** The current elements of tensors, replica after replica. @param {(string|number)[]} roles */
  async read(roles) {
    const tensors = roles.map((role) => this.tensor(role));
    const size = tensors.reduce((sum, tensor) => sum + 4 * lengthOf(tensor), 0);
    const staging = this.#device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = this.#device.createCommandEncoder();
    let at = 0;
    for (const { buffer, offset, shape, replica_stride: stride } of tensors) {
      const length = 4 * shape[1] * shape[2];
      for (let replica = 0; replica < shape[0]; replica++, at += length) {
        encoder.copyBufferToBuffer(this.#buffers[buffer], 4 * (offset + replica * stride), staging, at, length);
      }
    }
    this.#device.queue.submit([encoder.finish()]);
    await this.#wait(staging.mapAsync(GPUMapMode.READ));
    const bytes = staging.getMappedRange().slice(0);
    staging.destroy();
    at = 0;
    return tensors.map((tensor) => {
      const Elements = this.#program.buffers[tensor.buffer].element === 'f32' ? Float32Array : Uint32Array;
      at += 4 * lengthOf(tensor);
      return new Elements(bytes, at - 4 * lengthOf(tensor), lengthOf(tensor));
    });
  }

  /** Runs passes in order, `times` times, in one submit without waiting in between; returns a promise of its end. */
  #submit(passes, times) {
    const start = performance.now();
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const dispatches = passes.flatMap((one) => this.#passes[one]);
    for (let time = 0; time < times; time++) {
      for (const { pipeline, group, workgroups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
    this.stats.submits += 1;
    this.stats.dispatches += times * dispatches.length;
    this.stats.encodeMs += performance.now() - start;
    return this.#device.queue.onSubmittedWorkDone();
  }

  /** Runs passes `times` times, or fewer if a signal aborts, in submits of about SUBMIT_MS; returns the count. */
  async #run(passes, times, signal) {
    const key = passes.join();
    const waiting = [];
    let [done, last] = [0, performance.now()];
    while (waiting.length > 0 || (done < times && !signal?.aborted)) {
      while (waiting.length < IN_FLIGHT && done < times && !signal?.aborted) {
        const count = Math.min(times - done, this.#pace.get(key) ?? 1);
        waiting.push({ count, end: this.#submit(passes, count) });
        done += count;
      }
      const { count, end } = waiting.shift();
      await this.#wait(end);
      const now = performance.now();
      const fitting = Math.floor((SUBMIT_MS * count) / Math.max(now - last, 0.01));
      last = now;
      this.#pace.set(key, Math.max(1, Math.min(fitting, 2 * count)));
    }
    return done;
  }

  /** Goes back to the start: the initial weights, no step done. */
  async reset() {
    this.#program.uploads.state.forEach((upload) => this.#upload(upload));
    this.step = 0;
    await this.#wait(this.#device.queue.onSubmittedWorkDone());
  }

  /** Frees the memory; the runner cannot be used afterwards. */
  destroy() {
    this.#buffers.forEach((buffer) => buffer.destroy());
  }

  /** The training state, for {@link Runner.restore}. */
  async save() {
    return { step: this.step, values: await this.read(this.#program.state) };
  }

  /** Goes back to a saved state. @param {{step: number, values: ArrayBufferView[]}} saved */
  restore({ step, values }) {
    this.#program.state.forEach((tensor, place) => this.write(tensor, values[place]));
    this.step = step;
  }

  /**
   * Trains `steps` steps, or fewer if a signal aborts.
   * @returns {Promise<{loss: number[], correct: number[]}[]>} the results of each step, one number per replica
   */
  async train(steps, signal) {
    const { batch_indices: ring, history, passes } = this.#program.loops.train;
    const found = [];
    while (found.length < steps && !signal?.aborted) {
      const refill = Math.floor(this.step / ring.slots) % ring.refills.length;
      if (refill !== this.#refill) this.#upload({ tensor: ring.tensor, data: ring.refills[refill] });
      this.#refill = refill;
      const left = Math.min(steps - found.length, ring.slots - (this.step % ring.slots));
      const count = await this.#run(passes, Math.min(left, history.slots), signal);
      const rings = await this.read([history.losses, history.correct]);
      const slot = (values, step) => [...values.filter((_, at) => at % history.slots === step % history.slots)];
      for (const end = this.step + count; this.step < end; this.step++) {
        found.push({ loss: slot(rings[0], this.step), correct: slot(rings[1], this.step) });
      }
    }
    return found;
  }

  /** Evaluates the test set with running statistics: loss and accuracy of each replica. Training is not affected. */
  async evaluate() {
    const loop = this.#program.loops.evaluate;
    loop.before.forEach((upload) => this.#upload(upload));
    await this.#run(loop.passes, loop.times);
    const rings = await this.read([loop.losses, loop.correct]);
    const sum = (ring, at) => ring.slice(at * loop.times, (at + 1) * loop.times).reduce((a, b) => a + b, 0);
    return Array.from({ length: rings[0].length / loop.times }, (_, replica) => ({
      loss: sum(rings[0], replica) * loop.loss_factor,
      accuracy: sum(rings[1], replica) * loop.accuracy_factor,
    }));
  }

  /** Probes the hidden layers: returns each layer's tensors by name. Training is not affected. */
  async probe() {
    const loop = this.#program.loops.probe;
    if (!loop) fail(`The program ${this.#program.name} was exported without probes.`);
    await this.#run(loop.passes, 1);
    const values = await this.read(loop.hidden.flatMap((layer) => Object.values(layer)));
    return loop.hidden.map((layer) => Object.fromEntries(Object.keys(layer).map((name) => [name, values.shift()])));
  }

  /**
   * Compares the last step with its reference: the worst element of each tensor, with its error as a fraction of the
   * tolerance, good up to 1. @returns {Promise<{tensor: string, ratio: number, found: number, expected: number}[]>}
   */
  async compare() {
    const { parameters, references, loops } = this.#program;
    const reference = references.find(({ step }) => step === this.step);
    if (!reference) return [];
    const { losses, slots } = loops.train.history;
    const gradient = ({ parameter }) => parameters.find(({ name }) => name === parameter).gradient;
    const [ring, ...values] = await this.read([losses, ...reference.gradients.map(gradient)]);
    const judge = (tensor, [found, one]) => ({ tensor, ratio: ratioOf(found, one), found, expected: one.value });
    const larger = (a, b) => (b.ratio > a.ratio ? b : a);
    const worst = (tensor, pairs) => pairs.map((pair) => judge(tensor, pair)).reduce(larger);
    const loss = reference.losses.map((one, replica) => [ring[replica * slots + ((this.step - 1) % slots)], one]);
    const gradients = reference.gradients.map(({ parameter, rms, tolerance, elements }, place) => {
      const pairs = elements.map(([at, value]) => [values[place][at], { value, tolerance }]);
      const squares = values[place].reduce((sum, x) => sum + x * x, 0);
      return worst(`d_${parameter}`, [[Math.sqrt(squares / values[place].length), rms], ...pairs]);
    });
    return [worst('loss', loss), ...gradients];
  }
}
