async () => {
  const failures = [];
  const check = (good, sentence) => good || failures.push(sentence);
  const { normalize, runningAfter, EPSILON, RUNNING_MOMENTUM } = await import('normlab/norms.js');
  const root = document.getElementById('s5');
  const number = (text) => Number(text.replace('−', '-'));
  const cells = (table) =>
    [...root.querySelectorAll(`${table} tr`)].slice(1).map((row) => [...row.querySelectorAll('td')]);
  const tables = { inputs: '.s5-table:not(.s5-batch, .s5-layer, .s5-rms)', batch: '.s5-batch', layer: '.s5-layer',
    rms: '.s5-rms' };
  const texts = (name) => cells(tables[name]).map((row) => row.map((cell) => cell.textContent));
  const [rows, a, b] = root.querySelectorAll('.slider input');
  const set = (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const choose = (value) => root.querySelector(`.choices input[value=${value}]`).click();
  const focus = (name, row, unit) => cells(tables[name])[row][unit].dispatchEvent(new PointerEvent('pointerenter'));
  const inputs = (count) => texts('inputs').slice(0, count).map((row) => row.map(number));
  const near = (one, other, by = 0.0051) => Math.abs(one - other) <= by;

  // The maths, by hand.
  const hand = 1 / Math.sqrt(1 + EPSILON);
  const one = { a: [1], b: [0] };
  check(near(normalize('batch', [[1], [3]], one)[1][0], hand, 1e-12), 'BN of 1 and 3 is not ±1/√(1 + ε)');
  check(near(normalize('rms', [[3, 4]], { a: [1, 1], b: [9, 9] })[0][0], 3 / Math.sqrt(12.5 + EPSILON), 1e-12),
    'RMS is wrong');
  check(normalize('batch', [[0.1], [0.1], [0.1]], { a: [2], b: [0.7] }).flat().every((y) => y === 0.7),
    'equal inputs are not b');

  // What is shown is what the norms make of what is shown.
  const shown = (count, affine, running) => {
    for (const norm of ['batch', 'layer', 'rms']) {
      const expected = normalize(norm, inputs(count), affine, norm === 'batch' ? running : undefined);
      const found = texts(norm).slice(0, count);
      found.forEach((row, at) => row.forEach((text, unit) => check(near(number(text), expected[at][unit]),
        `${norm} shows ${text} in row ${at}, unit ${unit}, where ${expected[at][unit]} is right (batch ${count})`)));
    }
  };
  choose('training');
  choose('per_unit');
  focus('batch', 0, 0);
  set(a, 1.5);
  set(b, 0.6);
  const affine = { a: [1.5, 1, 1], b: [0.6, 0, 0] };
  set(rows, 5);
  const layerRow = texts('layer')[0].join();
  for (const count of [5, 4, 3, 2, 1]) {
    set(rows, count);
    shown(count, affine);
    check(texts('layer')[0].join() === layerRow, `LN's first row changed at batch ${count}`);
    const whole = normalize('layer', inputs(5), affine)[0];
    const part = normalize('layer', inputs(count), affine)[0];
    check(whole.every((value, unit) => Object.is(value, part[unit])), 'LN is not the same to the bit');
  }
  check(texts('batch')[0].join() === '0.60,0.00,0.00', `at batch 1 BN gives ${texts('batch')[0]}, not b`);
  check(cells(tables.batch)[0].every((cell) => cell.classList.contains('s5-gone')), 'at batch 1 BN is not grey');
  check(!cells(tables.layer)[0].some((cell) => cell.classList.contains('s5-gone')), 'at batch 1 LN is grey');
  focus('batch', 0, 1);
  check(/σ = 0\.00/.test(root.querySelector('.s5-arithmetic').textContent), 'σ = 0 is not said at batch 1');

  // What is taken together, and the arithmetic.
  set(rows, 5);
  for (const [norm, lit] of [['batch', ['0,2', '1,2', '2,2', '3,2', '4,2']], ['layer', ['3,0', '3,1', '3,2']],
    ['rms', ['3,0', '3,1', '3,2']]]) {
    focus(norm, 3, 2);
    const together = cells(tables.inputs).flatMap((row, at) => row.flatMap((cell, unit) =>
      (cell.classList.contains('s5-together') ? [`${at},${unit}`] : [])));
    check(together.join(' ') === lit.join(' '), `${norm} takes ${together.join(' ')} together`);
    const lines = [...root.querySelectorAll('.s5-arithmetic p')].map((line) => line.textContent);
    const result = lines.find((line) => line.startsWith('y =')).split('= ').at(-1);
    check(result === texts(norm)[3][2],
      `the arithmetic of ${norm} ends with ${result}, the cell has ${texts(norm)[3][2]}`);
    check((norm === 'rms') === !root.querySelector('.s5-arithmetic .term-mean'), `${norm}: a mean that is not its own`);
  }
  const count = (norm) => root.querySelector(`.s5-${norm} .s5-count`).textContent.trim();
  check(['batch', 'layer', 'rms'].map(count).join() === '3 a + 3 b,3 a + 3 b,3 a + 0 b',
    'parameter counts a unit are wrong');
  choose('shared');
  check(['batch', 'layer', 'rms'].map(count).join() === '3 a + 3 b,1 a + 1 b,1 a + 0 b',
    'parameter counts a layer are wrong');
  choose('per_unit');

  // Keys: an input is moved, and the focus walks over the outputs.
  const drag = cells(tables.inputs)[1][1].firstChild;
  const before = number(drag.textContent);
  drag.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp', bubbles: true, cancelable: true }));
  check(near(number(drag.textContent), before + 0.1), 'an arrow key does not move an input by 0.1');
  shown(5, affine);
  cells(tables.layer)[0][0].focus();
  cells(tables.layer)[0][0].dispatchEvent(new KeyboardEvent('keydown',
    { key: 'ArrowRight', bubbles: true, cancelable: true }));
  check(document.activeElement === cells(tables.layer)[0][1], 'an arrow key does not walk over the outputs');

  // The running statistics fill up, and inference takes them.
  root.querySelector('#s5-forget').click();
  let running = { mean: [0, 0, 0], variance: [1, 1, 1] };
  for (let batch = 1; batch <= 3; batch++) {
    root.querySelector('#s5-another').click();
    const x = inputs(5);
    const plain = x[0].map((_, unit) => x.reduce((sum, row) => sum + row[unit], 0) / 5);
    const after = runningAfter(running, x);
    check(after.mean.every((mean, unit) => near(mean, 0.9 * running.mean[unit] + 0.1 * plain[unit], 1e-12)),
      'the running mean does not move by a tenth');
    running = after;
  }
  check(RUNNING_MOMENTUM === 0.1, 'the momentum is not the program\'s 0.1');
  focus('batch', 0, 0);
  const said = root.querySelector('#s5-running-answer').textContent;
  check(said.includes(running.mean[0].toFixed(2).replace('-', '−')),
    `"${said}" lacks the running mean ${running.mean[0]}`);
  choose('inference');
  shown(5, affine, running);
  const inferred = texts('batch')[0].join();
  set(rows, 1);
  check(texts('batch')[0].join() === inferred, 'in inference BN depends on the batch');
  set(rows, 5);
  for (let more = 0; more < 5; more++) root.querySelector('#s5-twenty').click();
  choose('training');
  check(!/NaN|undefined|s5\./.test(root.textContent), 'NaN, undefined or a key on the page');
  return failures;
}
