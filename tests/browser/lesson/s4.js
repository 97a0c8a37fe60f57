// a and b: they are deviation and mean, and gradient descent on them lets the loss fall.
async () => {
  const failures = [];
  const check = (good, words) => good || failures.push(`s4: ${words}`);
  const { INPUTS, TARGETS, Y, gradient, loss } = await import('normlab/affine_maths.js');
  const section = document.getElementById('s4');
  const [a, b] = section.querySelectorAll('input[type=range]');
  const answer = () => section.querySelector('.s4-answer');
  const figure = (name) => Number(answer().dataset[name]);
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const take = (slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
  };

  /** The norm and its two numbers, written out again. */
  const placed = () => {
    const mean = INPUTS.reduce((sum, x) => sum + x, 0) / INPUTS.length;
    const sigma = Math.sqrt(INPUTS.reduce((sum, x) => sum + (x - mean) ** 2, 0) / INPUTS.length);
    return INPUTS.map((x) => (a.valueAsNumber * (x - mean)) / sigma + b.valueAsNumber);
  };
  for (let setting = 0; setting < 20; setting++) {
    take(a, setting === 0 ? 0 : (Math.random() * 5 - 2.5).toFixed(2));
    take(b, (Math.random() * 6 - 3).toFixed(2));
    const values = placed();
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const where = `at a = ${a.value}, b = ${b.value}`;
    check(Math.abs(figure('mean') - b.valueAsNumber) < 1e-3, `the mean ${where} is ${figure('mean')}`);
    const wide = Math.abs(a.valueAsNumber);
    check(Math.abs(figure('deviation') - wide) < 1e-3, `the deviation ${where} is ${figure('deviation')}`);
    check(Math.abs(figure('mean') - mean) < 1e-6 && Math.abs(figure('deviation') - deviation) < 1e-6,
      `the page's figures ${where} are not those of the data`);
    await new Promise(requestAnimationFrame);
    check(!/NaN|undefined|Infinity/.test(section.innerHTML), `NaN or undefined ${where}`);
  }

  const h = 1e-5;
  for (const [name, target] of Object.entries(TARGETS)) {
    const by = gradient(0.7, -1.1, target);
    const numeric = { a: (loss(0.7 + h, -1.1, target) - loss(0.7 - h, -1.1, target)) / (2 * h),
      b: (loss(0.7, -1.1 + h, target) - loss(0.7, -1.1 - h, target)) / (2 * h) };
    const off = Math.max(Math.abs(by.a - numeric.a), Math.abs(by.b - numeric.b));
    check(off < 1e-6, `${name}: the gradient is not the loss's`);
  }

  /** The loss of the best a and b, by least squares. */
  const leastLoss = (target) => {
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return loss(mean(Y.map((y, at) => y * target[at])), mean(target), target);
  };
  // With less motion all steps of learning are one.
  const seen = matchMedia('(prefers-reduced-motion: reduce)').matches ? 3 : 32;
  for (const target of Object.keys(TARGETS)) {
    section.querySelector(`input[value=${target}]`).click();
    take(a, -1);
    take(b, 2.5);
    const first = figure('loss');
    check(Math.abs(first - loss(-1, 2.5, TARGETS[target])) < 1e-9, `${target}: the loss shown is not the loss`);
    const losses = [first];
    const watch = new MutationObserver(() => losses.push(figure('loss')));
    watch.observe(answer(), { attributes: true });
    section.querySelector('.s4-step').click();
    await sleep(0);
    check(figure('loss') < first, `${target}: one step does not lower the loss`);
    section.querySelector('.s4-start').click();
    for (let tries = 0; tries < 100 && new Set(losses).size < seen; tries++) await sleep(100);
    watch.disconnect();
    const rises = losses.some((one, at) => at > 0 && one > losses[at - 1] + 1e-12);
    check(!rises, `${target}: the loss rises while learning`);
    check(new Set(losses).size >= seen - 2, `${target}: learning took ${new Set(losses).size} steps`);
    const least = leastLoss(TARGETS[target]);
    check(losses.at(-1) - least < 0.001 * first, `${target}: the loss ends at ${losses.at(-1)}, the least is ${least}`);
    check(target === 'humps' ? least > 0.1 : least < 1e-9, `${target}: the least loss is ${least}`);
    check(Math.abs(a.valueAsNumber - figure('deviation')) < 0.0051, `${target}: the slider of a did not follow`);
  }

  const terms = (name) => [...document.querySelectorAll(`#s4 [data-term="${name}"]`)];
  for (const line of section.querySelectorAll('.s4-derivation li')) {
    line.dispatchEvent(new Event('focus'));
    for (const name of line.dataset.lights.split(' ')) {
      const lit = terms(name).filter((one) => one.classList.contains('lit')).length;
      check(lit > 1 && lit === terms(name).length, `a line does not light ${name}`);
    }
    line.dispatchEvent(new Event('blur'));
  }
  check(section.querySelectorAll('.s4-derivation li').length === 6, 'a derivation lacks a line');
  check(section.querySelector('.lit') === null, 'terms stay lit');
  section.querySelector('.answers button').click();
  check(section.querySelector('.verdict').textContent.length > 10, 'a guess is not answered');
  return failures;
}
