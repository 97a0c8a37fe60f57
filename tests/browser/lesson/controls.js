// Properties of the controls of all sections: numbers in sentences are dragged and moved by keys, the page is built
// one section at a time, and reduced motion is respected.
async () => {
  const failures = [];
  const check = (good, sentence) => good || failures.push(sentence);
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const frames = async (count) => { while (count-- > 0) await frame(); };
  const main = document.getElementById('main');
  const built = async () => { while (main.ariaBusy) await frame(); };
  const key = (element, name) =>
    element.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true }));
  const pointer = (element, kind, clientX, pointerType) =>
    element.dispatchEvent(new PointerEvent(kind, { clientX, pointerType, pointerId: 1, bubbles: true }));
  await built();

  // Numbers in sentences, by section: how many, and which slider follows each.
  const numbers = { s0: [0], s1: [0], s2: [null], s3: [0, 1], s4: [0, 1], s5: [0], s6: [0, 1, 2] };
  for (const [id, sliders] of Object.entries(numbers)) {
    const section = document.getElementById(id);
    const found = [...section.querySelectorAll('p .drag')];
    check(found.length === sliders.length, `${id} has ${found.length} numbers to drag in its sentences`);
    for (const [place, number] of found.entries()) {
      const name = `${id}, ${number.getAttribute('aria-label')}`;
      const value = () => Number(number.getAttribute('aria-valuenow'));
      const [low, high] = ['min', 'max'].map((end) => Number(number.getAttribute(`aria-value${end}`)));
      const follows = async (what) => {
        await frames(2);
        check(number.isConnected && document.activeElement === number, `${name}: ${what} takes it from the page`);
        check(number.textContent === number.getAttribute('aria-valuetext'), `${name}: ${what} is announced differently`);
        const slider = section.querySelectorAll('.slider input')[sliders[place]];
        if (!slider || id === 's0') return;
        check(Math.abs(slider.valueAsNumber - value()) < 1e-6, `${name}: ${what} leaves the slider at ${slider.value}`);
      };
      const before = section.textContent;
      number.focus();
      for (const [name_, want] of [['End', high], ['Home', low]]) {
        key(number, name_);
        check(value() === want, `${name}: ${name_} leads to ${value()}, not ${want}`);
        await follows(name_);
      }
      check(section.textContent !== before, `${name}: it changes nothing`);
      key(number, 'ArrowRight');
      const one = value() - low;
      check(one > 0, `${name}: an arrow key does not move it`);
      key(number, 'PageUp');
      check(Math.abs(value() - Math.min(high, low + 11 * one)) < 1e-6, `${name}: a page is not ten steps`);
      // A pointer of a test is none that could be captured.
      number.setPointerCapture = () => {};
      for (const kind of ['mouse', 'touch']) {
        key(number, 'Home');
        pointer(number, 'pointerdown', 100, kind);
        pointer(number, 'pointermove', 160, kind);
        const dragged = value();
        check(dragged > low, `${name}: ${kind} does not drag it`);
        await follows(`a drag by ${kind}`);
        pointer(number, kind === 'touch' ? 'pointercancel' : 'pointerup', 160, kind);
        pointer(number, 'pointermove', 300, kind);
        check(value() === dragged, `${name}: it moves on when ${kind} has let go`);
      }
      check(getComputedStyle(number).touchAction === 'none', `${name}: a finger scrolls the page instead`);
    }
  }

  // The page is rebuilt one section at a time: at most one between two frames.
  let [now, most, changed] = [0, 0, new Set()];
  const watch = new MutationObserver((all) => {
    for (const { target } of all) if (target.parentElement === main) changed.add(`${now} ${target.id}`);
  });
  watch.observe(main, { childList: true, subtree: true });
  let counting = true;
  const count = () => (counting ? requestAnimationFrame(() => count((now += 1))) : null);
  count();
  document.getElementById('language').click();
  await built();
  counting = false;
  watch.disconnect();
  for (let at = 0; at <= now; at++) {
    most = Math.max(most, [...changed].filter((one) => one.startsWith(`${at} `)).length);
  }
  check(new Set([...changed].map((one) => one.split(' ')[1])).size === 10, `rebuilt: ${[...changed]}`);
  check(most === 1, `${most} sections are built at once`);

  // Less motion: nothing plays on its own, and requested changes appear at once.
  const { matchMedia } = globalThis;
  globalThis.matchMedia = (query) => ({ ...matchMedia.call(globalThis, query), matches: /reduced-motion/.test(query) });
  document.getElementById('s0').scrollIntoView();
  document.querySelector('#s0 .s0-again').click();
  await frames(3);
  document.getElementById('language').click();
  await built();
  const step = document.querySelector('#s0 .slider input');
  const stands = step.valueAsNumber;
  await frames(12);
  check(step.isConnected && step.valueAsNumber === stands, 'with less motion the race runs on its own');
  document.querySelector('#s4 .s4-start').click();
  await frames(2);
  check(document.querySelector('#s4 .answer').textContent.includes('30'), 'with less motion learning is a film');
  globalThis.matchMedia = matchMedia;
  return failures;
}
