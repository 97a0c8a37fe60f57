// The hook: the race shows what was recorded, runs in four seconds, and stands above the fold.
async () => {
  const failures = [];
  const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1, roundingMode: 'halfEven' });
  const check = (good, words) => good || failures.push(`s0: ${words}`);
  const { unpackJson } = await import('normlab/packed.js');
  const { readRecord } = await import('normlab/record.js');
  const { between, until } = await import('normlab/s0_hook.js');
  const { fixed, percent, plain, share, t } = await import('normlab/text.js');
  const { apart: movedApart } = await import('normlab/plot.js');
  const record = readRecord(await unpackJson('record'));
  const section = document.getElementById('s0');
  const frames = async (count = 3) => {
    for (let at = 0; at < count; at++) await new Promise(requestAnimationFrame);
  };
  const slider = section.querySelector('input[type=range]');
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

  check(document.querySelectorAll('h1').length === 1, 'there is not exactly one h1');
  scrollTo(0, 0);
  await frames();
  const fold = section.querySelector('.plot svg').getBoundingClientRect();
  check(fold.height > 150, `the picture is ${fold.height} pixels high`);
  check(fold.bottom <= innerHeight, `the picture ends at ${fold.bottom}, the fold is at ${innerHeight}`);
  if (calm) check(slider.valueAsNumber === record.steps, 'with less motion the race does not stand at its end');

  for (const step of [1, Math.round(record.steps / 3), record.steps]) {
    slider.value = step;
    slider.dispatchEvent(new Event('input'));
    await frames();
    for (const norm of ['none', 'batch', 'layer']) {
      const { evaluations } = record.networks.find(({ name }) => name === `sigmoid-${norm}`);
      let accuracy = evaluations[0][1];
      for (const [at, value] of evaluations) if (at <= step) accuracy = value;
      const said = section.querySelector(`text[data-norm=${norm}]`).textContent;
      const want = `${tenths.format(100 * accuracy)}\u00a0%`;
      check(said.endsWith(want), `${norm} at step ${step} says ${said}, recorded ${want}`);
      check(section.querySelector('.s0-answer').textContent.includes(want), `the answer lacks ${norm}'s ${want}`);
    }
  }

  const begin = performance.now();
  const seen = [];
  section.querySelector('.s0-again').click();
  while (performance.now() - begin < 8000) {
    await new Promise(requestAnimationFrame);
    seen.push(slider.valueAsNumber);
    if (seen.length > 2 && seen.at(-1) === record.steps && seen.some((step) => step < record.steps / 2)) break;
  }
  const seconds = (performance.now() - begin) / 1000;
  check(seconds > 3.5 && seconds < 7, `the race took ${seconds.toFixed(1)} s`);
  const running = seen.slice(seen.findIndex((step) => step < record.steps));
  check(running.every((step, at) => at === 0 || step >= running[at - 1]), 'the race ran backwards');

  section.querySelector('.s0-again').click();
  await frames(5);
  slider.value = 7;
  slider.dispatchEvent(new Event('input'));
  await frames(10);
  check(slider.valueAsNumber === 7, 'taking the slider does not stop the race');

  check(section.querySelector('.s0-go').getAttribute('href') === '#s7', 'the way to the laboratory is not #s7');
  const answers = section.querySelectorAll('.answers button');
  answers[0].click();
  check(answers[0].getAttribute('aria-pressed') === 'true', 'a guess is not marked');
  check(section.querySelector('.verdict').textContent.length > 20, 'a guess is not answered');

  const apart = movedApart([10, 12, 100, 99], 16, -Infinity, 100);
  const collide = (one, at) => apart.some((other, also) => at !== also && Math.abs(one - other) < 16);
  check(!apart.some(collide) && Math.max(...apart) <= 100, `labels collide: ${apart}`);
  const middle = between([[0, 0.2, 0], [10, 1.2, 0]], 4);
  check(Math.abs(middle - 0.6) < 1e-12, 'a point between two evaluations is not on their line');
  check(until([[1, 0, 0], [3, 0, 0]], 2).length === 1, 'evaluations of the future are shown');
  // Numbers are written by one rule, everywhere on the page.
  const written = [share(1 / 74_991), share(0.49), share(0.0099), share(1 / 2421), share(3e-9), share(0), share(NaN),
    plain(1500), plain(-0.25), fixed(-12_345.678), percent(0.5), t('s0.end', { step: 12_000 }).includes('12,000')];
  const wanted = ['1/75,000', '0.49', '1/100', '1/2,400', '3.0×10⁻⁹', '0', '–', '1,500', '−0.25', '−12,345.68',
    '50.0\u00a0%', true];
  written.forEach((one, at) => check(one === wanted[at], `a number is written ${one}, not ${wanted[at]}`));
  // Of networks that all learn, none is asked for that never starts.
  const { create } = await import('normlab/s0_hook.js');
  const learning = record.networks.map((track) => ({ ...track, evaluations: [[1, 0.1, 2], [record.steps, 0.9, 1]] }));
  const all = document.createElement('div');
  all.append(...create({ record: { ...record, networks: learning }, state: {}, announce: () => {} }));
  const asks = (root) => Boolean(root.querySelector('.prediction'));
  check(asks(section) && !asks(all) && all.querySelector('.s0-question').textContent === t('s0.question_started',
    { layers: record.depth }), 'the page asks why a network stands still that does not');
  check(!/NaN|undefined|Infinity/.test(section.textContent), 'NaN or undefined on the page');
  return failures;
}
