// Checks every kernel of a suite in this browser, by the rule of `normlab check`, and shows the results.
import { RunnerError, compile, describe, fail, findAdapter, lacking } from './runner.js';

/** The most complaints shown for one variant. */
const FEW = 4;

/** The text of a script element that contains data. @param {string} id */
function contents(id) {
  return document.getElementById(id).textContent;
}

/** The bytes of base64-encoded gzip. @param {string} text */
async function unpacked(text) {
  const zipped = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

/** Whether two values agree on being finite, an infinity or NaN, with the reference rounded to f32. */
function agrees(found, expected) {
  if (Number.isNaN(expected)) return Number.isNaN(found);
  const single = Math.fround(expected);
  return Number.isFinite(single) ? Number.isFinite(found) : found === single;
}

/** Compares elements with the expected ones: the worst error as a fraction of the tolerance, and its index. */
function within(found, expected, tolerance) {
  let [ratio, at] = [0, null];
  for (let place = 0; place < found.length; place++) {
    if (!agrees(found[place], expected[place])) return { ratio: Infinity, at: place };
    const error = Math.abs(found[place] - expected[place]) / tolerance;
    if (Number.isFinite(error) && error > 0 && error >= ratio) [ratio, at] = [error, place];
  }
  return { ratio, at };
}

/** The expected elements, with undetermined ones replaced by those found. Integers are counts: an input that is not
 * finite can at most move from one bin to another. */
function freed(found, expected, { resting, not_finite: notFinite }, isWhole) {
  if (!isWhole) return expected.map((value, at) => (resting[at] ? found[at] : value));
  const moved = expected.reduce((sum, value, at) => sum + Math.abs(value - found[at]), 0);
  return moved <= 2 * notFinite ? found : expected;
}

/** Judges a written tensor, allowing what WGSL permits besides the reference. */
function judge(found, operand) {
  const { reference, flushed, resting, tolerance } = operand.expected;
  const strict = within(found, reference, tolerance);
  if (strict.ratio <= 1) return { ...strict, permitted: [] };
  const alternatives = [[reference, []], ...(flushed ? [[flushed, ['denormals flushed']]] : [])];
  for (const [expected, permitted] of alternatives.slice(1)) {
    const verdict = within(found, expected, tolerance);
    if (verdict.ratio <= 1) return { ...verdict, permitted };
  }
  if (!resting) return { ...strict, permitted: [] };
  const free = (expected) => within(found, freed(found, expected, operand.expected, operand.element === 'u32'), tolerance);
  for (const [expected, permitted] of alternatives) {
    const verdict = free(expected);
    if (verdict.ratio <= 1) return { ...verdict, permitted: [...permitted, 'a NaN or an infinity not kept'] };
  }
  return { ...free(reference), permitted: [] };
}

/** The index in the buffer of each element of a tensor. */
function places({ shape: [replicas, rows, cols], replica_stride: stride }) {
  const size = rows * cols;
  return Array.from({ length: replicas * size }, (_, at) => Math.floor(at / size) * stride + (at % size));
}

/** Replaces a suite's data ranges by their numbers. */
function withNumbers(suite, data) {
  const part = (range, Elements) => range && new Elements(data.slice(range[0], range[0] + range[1]));
  for (const one of suite.kernels.flatMap(({ cases }) => cases)) {
    one.params = part(one.params, Uint8Array);
    for (const tensor of one.tensors) {
      tensor.places = places(tensor);
      tensor.input = part(tensor.input, Uint32Array);
      const { expected } = tensor;
      if (!expected) continue;
      expected.reference = part(expected.reference, Float64Array);
      expected.flushed = part(expected.flushed, Float64Array);
      expected.resting = part(expected.resting, Uint8Array);
    }
  }
  return suite;
}

/** A tensor's buffer before the dispatch: guard words, and in the tensor its input or a value that nothing computes. */
function before(tensor, { canary, unwritten }) {
  const words = new Uint32Array(tensor.length).fill(canary);
  tensor.places.forEach((place, at) => {
    words[place] = tensor.input ? tensor.input[at] : unwritten;
  });
  return words;
}

/** What is wrong with a tensor's buffer apart from its results; null if nothing is. */
function trespass(tensor, was, is, unwritten) {
  const mayWrite = new Set(tensor.expected ? tensor.places : []);
  const changed = was.findIndex((word, at) => !mayWrite.has(at) && word !== is[at]);
  if (changed >= 0) {
    const what = tensor.places.includes(changed) ? 'is only read' : 'is outside the tensor';
    return `element ${changed} of its buffer, which ${what}, was changed: check the indices that are written to`;
  }
  if (!tensor.expected || tensor.input) return null;
  const left = tensor.places.findIndex((place) => is[place] === unwritten);
  return left < 0 ? null : `element ${left} was not written`;
}

/** The kernels on a device. */
class Checker {
  #device;
  #suite;
  #lost = null;
  #pipelines = new Map();

  /** @param {GPUDevice} device */
  constructor(device, suite) {
    this.#device = device;
    this.#suite = suite;
    device.lost.then(({ message }) => {
      this.#lost = `The GPU device was lost (${message || 'no reason given'}).`;
    });
  }

  /** A pipeline of the suite, compiled once; fails with the compiler's message. */
  #pipeline(place) {
    const known = this.#pipelines.get(place);
    if (known) return known;
    const [pipeline] = this.#suite.pipelines[place];
    const compiled = compile(this.#device, pipeline);
    this.#pipelines.set(place, compiled);
    return compiled;
  }

  /** Runs a case with a pipeline; returns all of its buffers, as words, before and after. */
  async #run({ params, tensors }, { pipeline: place, workgroups }) {
    const device = this.#device;
    const pipeline = await this.#pipeline(place);
    const { COPY_DST, COPY_SRC, MAP_READ, STORAGE, UNIFORM } = GPUBufferUsage;
    const filled = (words, usage) => {
      const buffer = device.createBuffer({ size: words.byteLength, usage: usage | COPY_DST });
      device.queue.writeBuffer(buffer, 0, words);
      return buffer;
    };
    device.pushErrorScope('validation');
    const was = tensors.map((tensor) => before(tensor, this.#suite));
    const buffers = [filled(params, UNIFORM), ...was.map((words) => filled(words, STORAGE | COPY_SRC))];
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
    const size = was.reduce((sum, words) => sum + words.byteLength, 0);
    const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
    let at = 0;
    const starts = was.map((words, place) => {
      encoder.copyBufferToBuffer(buffers[place + 1], 0, staging, at, words.byteLength);
      at += words.byteLength;
      return at - words.byteLength;
    });
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error) fail(error.message);
    await staging.mapAsync(GPUMapMode.READ);
    const bytes = staging.getMappedRange().slice(0);
    [...buffers, staging].forEach((buffer) => buffer.destroy());
    return was.map((words, place) => [words, new Uint32Array(bytes, starts[place], words.length)]);
  }

  /** Checks a variant of a kernel on all its cases. @param {number} place index of the variant */
  async check(kernel, place) {
    const start = performance.now();
    const tally = { kernel: kernel.name, variant: kernel.variants[place], cases: 0, worst: 0, at: '', complaints: [] };
    const permitted = new Set();
    for (const one of kernel.cases.filter(({ runs }) => runs[place])) {
      tally.cases += 1;
      try {
        const found = await this.#run(one, one.runs[place]);
        one.tensors.forEach((tensor, at) => this.#take(tally, permitted, one.label, tensor, found[at]));
      } catch (error) {
        tally.worst = Infinity;
        tally.complaints.push(`${one.label}: ${this.#lost ?? error.message}`);
        if (this.#lost) fail(this.#lost);
        break;
      }
    }
    return { ...tally, permitted: [...permitted], ms: performance.now() - start };
  }

  /** Adds the result of a case for one tensor to the tally. */
  #take(tally, permitted, label, tensor, [was, is]) {
    const wrong = trespass(tensor, was, is, this.#suite.unwritten);
    if (wrong) tally.complaints.push(`${label}, tensor ${tensor.name}: ${wrong}`);
    if (!tensor.expected) return;
    const elements = tensor.element === 'f32' ? new Float32Array(is.buffer, is.byteOffset, is.length) : is;
    const found = Float64Array.from(tensor.places, (place) => elements[place]);
    const verdict = judge(found, tensor);
    verdict.permitted.forEach((one) => permitted.add(one));
    const { at, ratio } = verdict;
    const [, rows, cols] = tensor.shape;
    const index = [Math.floor(at / (rows * cols)), Math.floor(at / cols) % rows, at % cols];
    const place = `${tensor.name}[${index}]: ${found[at]}, expected ${tensor.expected.reference[at]}`;
    if (ratio > tally.worst) [tally.worst, tally.at] = [ratio, `${label}, ${place}`];
    if (!(ratio <= 1)) tally.complaints.push(`${label}, tensor ${place}: error ${short(ratio)} of the tolerance`);
  }
}

/** A ratio in a few characters. @param {number} ratio */
function short(ratio) {
  return ratio < 1e4 ? ratio.toFixed(3) : ratio.toExponential(1);
}

/** Adds an element with text. @param {Element} parent @param {string} tag @param {string} text */
function add(parent, tag, text, className = '') {
  const element = parent.appendChild(document.createElement(tag));
  element.textContent = text;
  element.className = className;
}

/** Shows the row of a variant. */
function show({ kernel, variant, skipped, cases, worst, at, ms, permitted, complaints }) {
  const row = document.getElementById('rows').appendChild(document.createElement('tr'));
  const cells = skipped ? ['–', '–', '–', '–'] : [cases, short(worst), at || '–', ms.toFixed(0)];
  [kernel, variant].forEach((text) => add(row, 'td', text));
  cells.forEach((text, place) => add(row, 'td', text, place === 2 ? '' : 'number'));
  if (skipped) return add(row, 'td', `skipped: the adapter ${skipped}`);
  const words = permitted.length > 0 ? ` (permitted by WGSL: ${permitted.join(', ')})` : '';
  add(row, 'td', complaints.length > 0 ? 'WRONG' : `good${words}`, complaints.length > 0 ? 'wrong' : '');
  const list = document.getElementById('complaints');
  complaints.slice(0, FEW).forEach((text) => add(list, 'li', `${kernel} (${variant}): ${text}`));
  if (complaints.length > FEW) add(list, 'li', `${kernel} (${variant}): … and ${complaints.length - FEW} more`);
}

/** What a variant requires of the adapter: all its pipelines require the same. */
function requirements(suite, kernel, place) {
  const run = kernel.cases.map(({ runs }) => runs[place]).find(Boolean);
  return run && suite.pipelines[run.pipeline][1];
}

/** Opens a device with everything that runnable variants require. */
async function open(adapter, suite) {
  const all = suite.pipelines.map(([, requires]) => requires).filter((requires) => !lacking(adapter, requires));
  const requiredLimits = {};
  for (const [name, value] of all.flatMap(({ limits }) => Object.entries(limits))) {
    requiredLimits[name] = Math.max(value, requiredLimits[name] ?? 0);
  }
  const requiredFeatures = [...new Set(all.flatMap(({ features }) => features))];
  return adapter.requestDevice({ requiredFeatures, requiredLimits });
}

/** A value as JSON, with infinite errors as strings: JSON has no number for them. */
function json(value, indent) {
  const word = (_, one) => (typeof one === 'number' && !Number.isFinite(one) ? String(one) : one);
  return JSON.stringify(value, word, indent);
}

/** Checks everything and shows it. */
async function main() {
  const state = document.getElementById('state');
  const copy = document.getElementById('copy');
  const result = { normlab: null, adapter: null, browser: navigator.userAgent, good: false, error: null, rows: [] };
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(json(result, 1));
    copy.textContent = 'Copied';
  });
  try {
    const adapter = await findAdapter();
    const suite = withNumbers(JSON.parse(contents('suite')), await unpacked(contents('data')));
    [result.normlab, result.adapter] = [suite.normlab, describe(adapter)];
    document.getElementById('where').textContent =
      `normlab ${suite.normlab} on ${result.adapter}, in ${navigator.userAgent}`;
    const checker = new Checker(await open(adapter, suite), suite);
    for (const kernel of suite.kernels) {
      for (const [place, variant] of kernel.variants.entries()) {
        state.textContent = `Checking ${kernel.name} (${variant}) …`;
        const requires = requirements(suite, kernel, place);
        const skipped = requires ? lacking(adapter, requires) : 'cannot run it on the small cases of this page';
        const row = skipped ? { kernel: kernel.name, variant, skipped } : await checker.check(kernel, place);
        result.rows.push(row);
        show(row);
      }
    }
    const wrong = result.rows.filter(({ complaints }) => complaints?.length > 0).length;
    result.good = wrong === 0;
    state.textContent = result.good ? 'All good.' : `${wrong} of ${result.rows.length} variants are WRONG.`;
  } catch (error) {
    result.error = error instanceof RunnerError ? error.message : `The page failed: ${error.message}`;
    state.textContent = result.error;
  }
  document.documentElement.dataset.result = json(result);
  copy.disabled = false;
}

main();
