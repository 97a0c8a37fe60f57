// Five inputs: a shift to the right leaves a straight line, one to the left silence; the grid equals the record.
async () => {
  const failures = [];
  const check = (good, words) => good || failures.push(`s1: ${words}`);
  const { unpackJson } = await import('normlab/packed.js');
  const { readRecord } = await import('normlab/record.js');
  const { batchState } = await import('normlab/five_dots.js');
  const record = readRecord(await unpackJson('record'));
  const section = document.getElementById('s1');
  const frames = async () => {
    for (let at = 0; at < 3; at++) await new Promise(requestAnimationFrame);
  };
  const [shift, unit] = section.querySelectorAll('input[type=range]');
  const take = async (slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
    await frames();
  };
  const slopes = () => [...section.querySelectorAll('[data-slope]')].map((dot) => Number(dot.dataset.slope));
  const state = () => section.querySelector('.s1-answer').dataset.state;
  const table = (row) => [...section.querySelectorAll('.s1-table tr')[row].querySelectorAll('td')]
    .map((cell) => Number(cell.textContent.replace('−', '-')));

  for (let batch = 0; batch < 10; batch++) {
    await take(shift, 0);
    section.querySelector('.s1-new').click();
    await take(shift, 3);
    check(slopes().length === 5 && slopes().every((slope) => slope === 1), `at +3 the slopes are ${slopes()}`);
    check(table(2).every((slope) => slope === 1), `at +3 the table says ${table(2)}`);
    check(state() === 'straight', `at +3 the batch is called ${state()}`);
    check(table(0).every((x, place) => x > 0 && x === table(1)[place]), 'at +3 an output is not its input');
    await take(shift, -3);
    check(slopes().every((slope) => slope === 0), `at −3 the slopes are ${slopes()}`);
    check(state() === 'silent', `at −3 the batch is called ${state()}`);
    const word = document.documentElement.lang === 'ko' ? '침묵' : 'ilent';
    check(section.querySelector('.s1-answer').textContent.includes(word), `at −3 nothing says ${word}`);
    check(table(1).every((y) => y === 0), 'at −3 there is an output');
  }

  await take(shift, 0);
  const dot = section.querySelector('[data-dot="0"]');
  const key = async (name, times) => {
    for (let at = 0; at < times; at++) dot.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
    await frames();
  };
  await key('PageDown', 9);
  check(table(0)[0] === -4, `a dot at the left end is at ${table(0)[0]}`);
  await key('ArrowRight', 3);
  check(table(0)[0] === -3.7, `three keys move a dot from −4 to ${table(0)[0]}`);
  check(Number(dot.getAttribute('aria-valuenow')) === -3.7, 'a dot does not say where it is');
  await key('PageUp', 9);
  check(table(0)[0] === 4 && slopes()[0] === 1, 'a dot does not reach the right end');

  check(batchState(0, 1) === 'straight' && batchState(-1, 0) === 'silent' && batchState(-1, 1) === 'bent'
    && batchState(0, 0) === 'silent', 'batchState is wrong');

  ['none', 'batch'].forEach((norm, at) => {
    const { smallest, largest } = record.networks.find(({ name }) => name === `relu-${norm}`).moments[0].layers.at(-1);
    const want = smallest.map((low, one) => (largest[one] <= 0 ? 'silent' : low >= 0 ? 'straight' : 'bent'));
    const cells = [...section.querySelectorAll('.s1-grid')[at].querySelectorAll('[data-state]')];
    check(cells.length === want.length, `${norm}: ${cells.length} units shown, ${want.length} recorded`);
    const wrong = cells.findIndex((cell, one) => cell.dataset.state !== want[one]);
    check(wrong < 0, `${norm}: unit ${wrong + 1} is shown as ${cells[wrong]?.dataset.state}, recorded ${want[wrong]}`);
    for (const name of ['straight', 'silent', 'bent']) {
      const said = section.querySelectorAll(`.s1-counts td[data-state=${name}]`)[at].textContent;
      const units = want.filter((one) => one === name).length;
      check(Number(said) === units, `${norm}: ${said} units are said to be ${name}, not ${units}`);
    }
  });
  const shape = (name) => section.querySelector(`.s1-counts .s1-${name} path`).getAttribute('d');
  const shapes = new Set(['straight', 'silent', 'bent'].map(shape));
  check(shapes.size === 3, 'the states do not differ in shape');
  await take(unit, 3);
  check(section.querySelectorAll('.s1-chosen').length === 2, 'a unit is not marked in both grids');
  check(section.querySelector('.s1-reading').textContent.includes('3'), 'a unit is not read out');

  section.querySelector('.answers button').click();
  check(section.querySelector('.verdict').textContent.length > 10, 'a guess is not answered');
  check(!/NaN|undefined|Infinity/.test(section.textContent), 'NaN or undefined on the page');
  return failures;
}
