// The laboratory's views show what was recorded at a step, are linked, and survive whatever a training leaves.
async () => {
  const { plain } = await import('normlab/text.js');
  const failures = [];
  const expect = (right, sentence) => right || failures.push(sentence);
  const [{ createViews }, { readRecord }, { unpackJson }] = await Promise.all(
    ['lab_views', 'record', 'packed'].map((name) => import(`normlab/${name}.js`)));
  const [data, slopes, panels, ridges, paint, training] = await Promise.all(['view_data', 'view_slopes', 'view_panel',
    'view_ridges', 'view_ridges_paint', 'view_training'].map((name) => import(`normlab/${name}.js`)));
  const record = readRecord(await unpackJson('record'));
  const sigmoid = record.networks.filter((one) => one.activation === 'sigmoid');
  const near = (a, b, by = 1e-9) => Math.abs(a - b) <= by * Math.max(1, Math.abs(b));
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  // Pure parts.
  for (const network of record.networks) {
    const { low, high, counts } = network.moments.at(-1).layers.at(-1);
    const derivative = { sigmoid: (x) => Math.exp(-x) / (1 + Math.exp(-x)) ** 2,
      relu: (x) => Number(x > 0) }[network.activation];
    let [sum, total] = [0, 0];
    counts.forEach((count, at) => {
      for (let part = 0; part < 200; part++) {
        sum += (count / 200) * derivative(low + ((at + (part + 0.5) / 200) * (high - low)) / counts.length);
      }
      total += count;
    });
    const found = slopes.meanSlope(network.activation, { low, high, counts, below: 0, above: 0 });
    expect(near(found, sum / total, 1e-6), `${network.name}: mean slope ${found}, not ${sum / total}`);
  }
  const one = { low: -1, high: 1, counts: [0, 4], below: 2, above: 2 };
  expect(near(slopes.meanSlope('relu', one), 0.75), 'inputs beyond the ends have no part in the mean slope');
  expect(near(slopes.meanSlope('tanh', { ...one, below: 0, above: 0 }), Math.tanh(1)),
    'the mean slope of tanh is wrong');
  expect(near(slopes.meanSlope('tanh', { ...one, counts: [0, 0], above: 0 }), 1 - Math.tanh(1) ** 2),
    'inputs below the range lose their slope');
  expect(Number.isNaN(slopes.meanSlope('relu', { ...one, counts: [], below: 0, above: 0 })), 'no inputs have a slope');
  const rows = { width: 2, low: 0, high: 255, bytes: Uint8Array.from([0, 7, 2, 7]) };
  expect(near(data.spread(rows), 0.5), `rows spread by ${data.spread(rows)}, not 0.5`);
  const labels = panels.relax(Array.from({ length: 30 }, (_, at) => ({ y: 50, weight: at })), 0, 100, 14);
  expect(labels.length <= 8 && labels.some((label) => label.weight === 29),
    'labels without room are not dropped by weight');
  expect(labels.every((label, at) => !at || label.at - labels[at - 1].at >= 13.99), 'labels overlap');
  expect(labels.every((label) => label.at >= -1e-9 && label.at <= 100 + 1e-9), 'labels leave the plot');
  const room = { left: 10, right: 110, top: 5, bottom: 95 };
  for (const turn of [{ yaw: 0, pitch: 0 }, { yaw: 0.9, pitch: 1 }, { yaw: -0.7, pitch: 0.3 }]) {
    const see = paint.camera(turn, room);
    const corners = [-1, 1].flatMap((x) => [0, 1].flatMap((y) => [-0.9, 0.9].map((z) => see(x, y, z))));
    expect(corners.every(([x, y]) => x >= 9.9 && x <= 110.1 && y >= 4.9 && y <= 95.1), 'a turned box leaves its room');
  }
  const side = paint.camera({ yaw: 0, pitch: 0 }, room);
  expect(near(side(0.3, 0, -0.9)[0], side(0.3, 0, 0.9)[0]), 'from the side, time still moves ridges');
  expect(panels.ranges([4, 0, 1, 2]) === '1–3, 5', `layers are ${panels.ranges([4, 0, 1, 2])}`);

  // Views on the page.
  const errors = [];
  const caught = (event) => errors.push(event.message ?? String(event.reason));
  addEventListener('error', caught);
  addEventListener('unhandledrejection', caught);
  const frame = window.requestAnimationFrame;
  const times = [];
  window.requestAnimationFrame = (draw) => frame.call(window, (now) => {
    const began = performance.now();
    draw(now);
    times.push(performance.now() - began);
  });
  const steps = [];
  const said = [];
  const state = { chance: record.chance, onStep: (step) => steps.push(step) };
  const views = createViews({ state, announce: (sentence) => said.push(sentence) });
  const host = document.createElement('section');
  host.append(...views.elements);
  document.getElementById('main').append(host);
  const all = (selector) => [...host.querySelectorAll(selector)];
  const get = (selector) => host.querySelector(selector);
  // Frames enough for what came on screen: a frame draws only a part of it.
  const settled = async (frames = 8) => {
    for (let count = 0; count < frames; count++) await new Promise((done) => frame.call(window, done));
  };
  // All that waits, as the printer has it; `scrolled` comes by everything instead, as a reader does.
  const seen = async () => {
    await settled(3);
    dispatchEvent(new Event('beforeprint'));
  };
  const scrolled = async () => {
    for (const element of views.elements) {
      if (element.hidden) continue;
      element.scrollIntoView({ block: 'start', behavior: 'instant' });
      for (let left = element.scrollHeight; left > 0; left -= innerHeight / 2) {
        await settled();
        scrollBy({ top: innerHeight / 2, behavior: 'instant' });
      }
      await settled();
    }
  };
  const odd = /\bNaN\b|undefined|\bnull\b|Infinity|view\.\w/;
  const spoken = () => host.textContent + all('[aria-label], [aria-valuetext]')
    .map((element) => `${element.getAttribute('aria-label')} ${element.getAttribute('aria-valuetext') ?? ''}`).join(' ');

  // Scrubbing to a step shows what was recorded at it.
  const kept = sigmoid[0].moments.map((moment) => moment.step);
  const compare = (step) => {
    for (const track of sigmoid) {
      const moment = track.moments.find((one_) => one_.step === step);
      const first = step === 0;
      const told = (view) => get(`[data-view="${view}"] [data-network="${track.name}"]`);
      const figures = {
        gradient: [...moment.layers, moment.output].map((layer) => (first ? null : layer.gradient)),
        change: [...moment.layers, moment.output].map((layer) => layer.change),
        slope: moment.layers.map((layer) => slopes.meanSlope(track.activation, layer)),
      };
      for (const [view, values] of Object.entries(figures)) {
        expect(told(view).dataset.step === String(step),
          `${view} of ${track.name} shows step ${told(view).dataset.step}, not ${step}`);
        expect(told(view).dataset.values === JSON.stringify(values),
          `${view} of ${track.name} at ${step}: ${told(view).dataset.values}`);
      }
      for (const [which, layer] of [['first', moment.layers[0]], ['last', moment.layers.at(-1)]]) {
        const panel = get(`[data-view="ridges"] [data-network="${track.name}"][data-which="${which}"]`);
        expect(panel.dataset.step === String(step) && panel.dataset.percentiles === layer.percentiles.join(' '),
          `the ${which} ridges of ${track.name} at ${step} show ${panel.dataset.step}: ${panel.dataset.percentiles}`);
      }
      const last = moment.layers.at(-1);
      expect(told('digits').dataset.spread === String(data.spread(last.outputs)),
        `digits of ${track.name} at ${step} are others`);
      const middle = (values) => [...values].sort((a, b) => a - b);
      const median = (sorted) => (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((
        sorted.length - 1) / 2)]) / 2;
      for (const [name, values] of [['a', last.gamma], ['b', last.beta]]) {
        const shown = told('affine').dataset[name].split(' ').map(Number);
        expect(values.length === 0 ? Number.isNaN(shown[1]) : near(shown[1], median(middle(values))),
          `${name} of ${track.name} at ${step} is ${shown}`);
      }
      const row = get(`.view-status [data-network="${track.name}"]`);
      const evaluation = track.evaluations.findLast((entry) => entry[0] <= step);
      const loss = track.losses.findLast((entry) => entry[0] <= step);
      expect(row.dataset.accuracy === String(evaluation?.[1] ?? '') &&
        row.dataset.accuracyStep === String(evaluation?.[0] ?? ''),
        `the accuracy of ${track.name} at ${step} is ${row.dataset.accuracy} of step ${row.dataset.accuracyStep}`);
      expect(row.dataset.loss === String(loss?.[1] ?? ''),
        `the loss of ${track.name} at ${step} is ${row.dataset.loss}`);
      expect(!evaluation || row.textContent.includes(plain(evaluation[0])),
        `the accuracy of ${track.name} does not say its step`);
    }
  };
  for (const step of [0, kept[4], kept.at(-1)]) {
    views.show(sigmoid, step);
    await (step === kept[4] ? scrolled() : seen());
    compare(step);
    expect(!odd.test(spoken()), `step ${step}: odd words: ${spoken().match(odd)}`);
  }
  expect(document.documentElement.scrollWidth <= innerWidth, 'the page scrolls sideways');
  expect(get('[data-chance]')?.dataset.chance === String(record.chance), 'the line of chance is not there');
  views.show(sigmoid, kept[4] + 1);
  await seen();
  expect(get('[data-view="gradient"] [data-step]').dataset.step === String(kept[4]),
    'between kept steps the earlier is not shown');

  // Labels at the ends of curves do not overlap.
  for (const root of all('.view-plot svg')) {
    const boxes = [...root.querySelectorAll('text.view-halo')].map((text) => text.getBoundingClientRect()).sort((a,
      b) => a.top - b.top);
    const words = root.closest('[data-view]').dataset.view;
    boxes.forEach((box, at) => boxes.slice(at + 1).forEach((other) => expect(
      other.top >= box.bottom - 5 || other.left >= box.right || box.left >= other.right,
        `labels of ${words} overlap`)));
  }

  // What is off screen is not drawn.
  get('.view-head').scrollIntoView({ behavior: 'instant' });
  await wait(150);
  views.show(sigmoid, kept[2]);
  await settled(30);
  const unseen = get('[data-view="affine"] [data-step]');
  if (unseen.getBoundingClientRect().top > innerHeight + 400) expect(unseen.dataset.step !== String(kept[2]),
    'a view off screen was drawn');

  // Pointing at a step or a layer in one plot shows it in all.
  views.show(sigmoid, kept.at(-1));
  await seen();
  const plot = get('[data-view="gradient"] .view-plot');
  plot.scrollIntoView({ block: 'center', behavior: 'instant' });
  await wait(200);
  const [box, dot] = [plot.getBoundingClientRect(), plot.querySelector('circle[data-layer="2"]')];
  steps.length = 0;
  plot.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: box.left + box.width * 0.4,
    clientY: box.top + Number(dot.getAttribute('cy')) }));
  await wait(250);
  await seen();
  const lines = all('.view-hover[data-step]');
  const overSteps = all('[data-view="training"] .view-plot, [data-network] .view-plot').length;
  expect(steps.length === 0, `pointing alone called onStep with ${steps}`);
  plot.dispatchEvent(new MouseEvent('click', { bubbles: true, clientX: box.left + box.width * 0.4,
    clientY: box.top + Number(dot.getAttribute('cy')) }));
  expect(steps.length === 1 && kept.includes(steps[0]), `a click called onStep with ${steps}`);
  expect(lines.length === overSteps && lines.every((line) => line.dataset.step === String(steps[0])),
    `${lines.length} of ${overSteps} plots show the step pointed at`);
  // A finger is gone before it clicks.
  for (const kind of ['pointerdown', 'pointerup', 'pointerleave', 'click']) {
    plot.dispatchEvent(new PointerEvent(kind, { bubbles: true, pointerType: 'touch', clientX: box.left + box.width * 0.4,
      clientY: box.top + 20 }));
  }
  expect(steps.length === 2 && steps[1] === steps[0], `a tap called onStep with ${steps[1]}, a click with ${steps[0]}`);
  plot.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, clientX: box.left + box.width * 0.4,
    clientY: box.top + Number(dot.getAttribute('cy')) }));
  await wait(250);
  await seen();
  const lit = get('.view-layers .view-lit-name');
  const layer = lit ? Number(lit.textContent) - 1 : NaN;
  expect(Number.isInteger(layer), 'pointing at a curve lights no layer');
  for (const view of ['slope', 'gradient', 'change']) {
    const strong = all(`[data-view="${view}"] path.view-lit`);
    expect(strong.length === sigmoid.length && strong.every((path) => Number(path.dataset.layer) === layer),
      `${view} does not light layer ${layer + 1}`);
  }
  expect(all('[data-view="digits"] [data-layer]').every((panel) => Number(panel.dataset.layer) === layer),
    'the digits are not of the layer lit');
  plot.dispatchEvent(new PointerEvent('pointerleave'));
  await seen();
  expect(all('.view-hover[data-step]').length === 0 && all('path.view-lit').length === 0,
    'after the pointer left, something is still lit');

  // Keys move the step and turn the ridges; a chosen layer stays.
  plot.focus();
  steps.length = 0;
  for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowLeft',
    'End']) plot.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  expect(JSON.stringify(steps.slice(-5)) === JSON.stringify([kept[0], kept[1], kept[2], kept[1], kept.at(-1)]),
    `keys moved the step to ${steps}`);
  expect(plot.getAttribute('aria-valuetext').includes(plain(kept.at(-1))), 'the step moved by keys is not announced');
  plot.blur();
  const canvas = get('.view-ridges');
  const before = { ...state.turn };
  canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));
  expect(state.turn.yaw > before.yaw, 'keys do not turn the ridges');
  const [sideButton, , firstButton] = all('.view-controls button');
  sideButton.click();
  expect(state.turn.yaw === 0 && state.turn.pitch === 0, 'the side view is not from the side');
  firstButton.click();
  expect(JSON.stringify(ridges.shownSteps({ state, steps: kept, step: 9 })) === JSON.stringify(kept.slice(0, 5)),
    'the first moments are not the first five');
  firstButton.click();
  expect(ridges.shownSteps({ state, steps: Array.from({ length: 300 }, (_, at) => at), step: 131 }).includes(131),
    'the step looked at has no ridge');
  all('.view-layers button')[1].click();
  await seen();
  expect(all('[data-view="digits"] [data-layer]').every((panel) => panel.dataset.layer === '1'),
    'the layer chosen is not shown');
  const inputs = all('[data-view="digits"] input');
  inputs[1].click();
  await seen();
  const batch = sigmoid.find((track) => track.norm === 'batch');
  const rowsInTraining = batch.moments.at(-1).layers[1].outputs_in_training;
  expect(!rowsInTraining || get(`[data-view="digits"] [data-network="${batch.name}"]`).dataset.spread === String(
    data.spread(rowsInTraining)), 'in training, BN shows what it does in inference');
  inputs[0].click();
  state.layer = undefined;

  // Trainings of every kind: none of them throws or shows NaN, undefined and the like.
  const deep = (track, count) => ({ ...track, moments: track.moments.map((moment) => ({ ...moment,
    layers: Array.from({ length: count }, (_, at) => ({ ...moment.layers[at % moment.layers.length] })) })) });
  const spoil = (moment) => ({ step: moment.step, output: { gradient: NaN, change: null, gain: null },
    layers: moment.layers.map((one_) => ({ ...one_,
    gradient: null, change: NaN, percentiles: [null, null, null], counts: one_.counts.map(() => 0),
      gamma: one_.gamma.map(() => null),
    beta: one_.beta.map(() => NaN), outputs: { ...one_.outputs, low: null, high: null } })) });
  const half = Math.floor(kept.length / 2);
  const diverged = { ...batch, losses: [...batch.losses.slice(0, 20), [400, NaN], [450, null]], evaluations: [],
    moments: batch.moments.map((moment, at) => (at < half ? moment : spoil(moment))) };
  const bare = (track) => ({ ...track, losses: [], evaluations: [], moments: [] });
  const still = { ...batch, moments: batch.moments.map((moment) => ({ ...moment,
    layers: moment.layers.map((one_) => ({ ...one_, gradient: 0 })) })) };
  const rms = { ...sigmoid[2], name: 'sigmoid-rms', norm: 'rms',
    moments: sigmoid[2].moments.map((moment) => ({ ...moment,
    layers: moment.layers.map((one_) => ({ ...one_, beta: [], gamma: [1] })) })) };
  const kinds = { empty: [], bare: sigmoid.map(bare), 'one layer': sigmoid.map((track) => deep(track, 1)),
    'twenty layers': sigmoid.map((track) => deep(track, 20)),
    'four networks': [...sigmoid, rms], 'one network': [sigmoid[1]], diverged: [sigmoid[0], diverged, sigmoid[2]],
      still: [sigmoid[0], still],
    'all kinds': record.networks.slice(0, 4), 'two classes': sigmoid.map((track) => ({ ...track,
      moments: track.moments.map((moment) => ({ ...moment,
      layers: moment.layers.map((one_) => ({ ...one_, outputs: { ...one_.outputs, width: 3,
        bytes: one_.outputs.bytes.slice(0, 6) } })) })) })),
    failed: [{ ...sigmoid[0], failed: { step: 65, sentence: 'W1 is no number.' } }, sigmoid[1]] };
  // A training that runs away: a and b of fifteen digits, and all inputs beyond the bins.
  const away = ({ low, high, counts, ...layer }, by) => ({ ...layer, low, high, counts: counts.map(() => 0),
    below: 0, above: 100, percentiles: [high, high, high], gamma: layer.gamma.map((_, at) => by * at),
    beta: layer.beta.map((_, at) => by * at * -7.3) });
  kinds.away = [sigmoid[0], { ...sigmoid[1], moments: sigmoid[1].moments.map((moment, at) => ({ ...moment,
    layers: moment.layers.map((layer) => away(layer, 10 ** at)) })) }, sigmoid[2]];
  /** Words of a plot that overlap, or are outside it. */
  const collisions = () => all('.plot svg').flatMap((plot) => {
    const frame_ = plot.getBoundingClientRect();
    const texts = [...plot.querySelectorAll('text')].filter((text) => text.textContent.trim())
      .map((text) => ({ words: text.textContent, box: text.getBoundingClientRect() }));
    const apart = (a, b) => a.right - 2 < b.left || b.right - 2 < a.left || a.bottom - 4 < b.top || b.bottom - 4 < a.top;
    return texts.flatMap(({ words, box }, at) => [
      ...(box.left < frame_.left - 2 || box.right > frame_.right + 2 ? [`${words} is cut`] : []),
      ...texts.slice(at + 1).filter((other) => !apart(box, other.box)).map((other) => `${words} on ${other.words}`)]);
  });
  for (const [kind, tracks] of Object.entries(kinds)) {
    views.show(tracks, 1500);
    await seen();
    expect(collisions().length === 0, `${kind}: ${collisions().slice(0, 4)}`);
    expect(!odd.test(spoken()), `${kind}: odd words: ${spoken().match(odd)}`);
    expect(document.documentElement.scrollWidth <= innerWidth, `${kind}: the page scrolls sideways`);
    const values = all('[data-view="gradient"] [data-values]').map((panel) => JSON.parse(panel.dataset.values));
    if (kind === 'twenty layers') expect(values.every((list) => list.length === 21) &&
      all('.view-layers button').length === 20, 'twenty layers are not shown');
    if (kind === 'one layer') expect(values.every((list) => list.length === 2), 'one layer is not shown');
    if (kind === 'four networks') expect(values.length === 4, 'four networks are not shown');
    if (kind === 'still') {
      const zero = get(`[data-view="gradient"] [data-network="${still.name}"]`);
      expect([...zero.querySelectorAll('circle')].filter((mark) => Number.isFinite(Number(
        mark.getAttribute('cy')))).length === still.moments[0].layers.length + 1,
        'gradients of exactly 0 are not drawn');
      expect(/ 0[ .]/.test(zero.querySelector('.view-said').textContent), 'gradients of exactly 0 are not said');
    }
    if (kind === 'away') {
      const words = get(`[data-view="ridges"] [data-network="${tracks[1].name}"] .view-said`)?.textContent ?? spoken();
      expect(words.includes(`> ${tracks[1].moments[0].layers[0].high}`), `inputs beyond the bins: ${words}`);
    }
    if (kind === 'diverged') {
      const dots = all('[data-plot="loss"] circle');
      expect(dots.length === 2 && !dots.some((dot_) => dot_.classList.contains('batch')), 'a loss that is no number is drawn');
    }
    if (kind === 'diverged' || kind === 'failed') {
      const [step, name, other] = kind === 'failed' ? [65, tracks[0].name, tracks[1]] : [Math.min(400, kept[half]),
        diverged.name, tracks[0]];
      const row = get(`.view-status [data-network="${name}"]`);
      expect(row.dataset.failed === String(step) && row.textContent.includes(String(step)),
        `${kind}: named with step ${row.dataset.failed}, not ${step}`);
      expect(get(`[data-view="gradient"] [data-network="${other.name}"]`).dataset.step === '1500',
        `${kind}: the others do not go on`);
      expect(!get(`.view-status [data-network="${other.name}"]`).dataset.failed,
        `${kind}: a network that goes well is named`);
    }
  }
  expect(training.accuracyText(bare(batch), 3) !== training.accuracyText(batch, 3),
    'an accuracy that is not there is not said so');

  // Speed, and sentences at most once a second.
  get('[data-view="ridges"]').scrollIntoView({ behavior: 'instant' });
  views.show(sigmoid, 0);
  await wait(1200);
  times.length = said.length = 0;
  const began = performance.now();
  for (let at = 0; at < 60; at++) {
    views.show(sigmoid, at * 25);
    await wait(16);
  }
  const most = Math.ceil((performance.now() - began) / 1000) + 1;
  expect(said.length >= 1 && said.length <= most, `${said.length} sentences in ${most - 1} s`);
  times.sort((a, b) => a - b);
  expect(times[times.length >> 1] < 8, `a frame takes ${times[times.length >> 1]} ms`);

  window.requestAnimationFrame = frame;
  removeEventListener('error', caught);
  removeEventListener('unhandledrejection', caught);
  host.remove();
  failures.push(...errors.map((message) => `an error: ${message}`));
  return [...new Set(failures)];
}
