// What is wrong with how the page looks, in both themes and languages, a sentence each.
async () => {
  const wrong = new Set();
  const frames = (count) => new Promise((resolve) => {
    const next = () => (count-- > 0 ? requestAnimationFrame(next) : resolve());
    next();
  });
  const channel = (value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const brightness = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const shown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) !== false;
  };
  const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim();
  // What is read as prose: not what is folded away, and no pictures, their readings, tables or names of controls.
  const MOST_WORDS = 120;
  const NO_PROSE = 'svg, table, button, label, output, legend, .view-panel, .view-status, .unseen';
  const wordsOf = (section) => {
    const texts = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
    const said = [];
    while (texts.nextNode()) {
      const { parentElement: element, data } = texts.currentNode;
      const folded = element.closest('details') && !element.closest('summary');
      if (!folded && !element.closest(NO_PROSE) && element.checkVisibility()) said.push(data);
    }
    return said.join(' ').match(/\p{L}[\p{L}\p{N}'’-]*/gu)?.length ?? 0;
  };
  const look = (form) => {
    const add = (sentence) => wrong.add(`${form}: ${sentence}`);
    const root = document.documentElement;
    for (const section of root.lang === 'en' ? document.querySelectorAll('main > section') : []) {
      const words = wordsOf(section);
      if (words < 10 || words > MOST_WORDS) add(`${section.id} has ${words} words, at most ${MOST_WORDS} are to be read`);
    }
    if (root.scrollWidth > innerWidth) add(`the page is ${root.scrollWidth} pixels wide, its window ${innerWidth}`);
    for (const element of document.body.querySelectorAll('*')) {
      const text = own(element);
      if (!text || !shown(element) || element.closest('.unseen, .skip, script, style, :disabled, [aria-disabled]')) continue;
      const style = getComputedStyle(element);
      const where = `${element.closest('section')?.id ?? 'page'} "${text.slice(0, 40)}"`;
      if (/\b(NaN|undefined|null|Infinity)\b/.test(text) && !element.closest('pre, code')) add(`${where} is no word for people`);
      if (/^(s\d|view|page|guess)(\.[a-z_]\w*)+$/.test(text) && !element.closest('pre, code')) add(`${where} is a key without a text`);
      if (/\{\w+\}/.test(text) && !element.closest('pre, code')) add(`${where} has a value left out`);
      const size = parseFloat(style.fontSize);
      if (size < 11) add(`${where} has letters of ${size} pixels`);
      const colour = numbers(element instanceof SVGElement ? style.fill : style.color);
      if (colour[3] === 0) continue;
      const [a, b] = [brightness(colour), brightness(ground(element))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
      if (contrast < least) add(`${where} has a contrast of ${contrast.toFixed(2)}`);
    }
    for (const control of document.querySelectorAll('button, a[href], input, select, [role=slider], [tabindex="0"]')) {
      if (!shown(control)) continue;
      const name = control.getAttribute('aria-label') || control.getAttribute('aria-labelledby') || control.textContent.trim()
        || control.labels?.[0]?.textContent.trim() || control.title;
      if (!name) add(`a control in ${control.closest('section')?.id ?? 'the bar'} has no name: ${control.outerHTML.slice(0, 80)}`);
    }
    for (const plot of document.querySelectorAll('.plot svg')) {
      if (!shown(plot)) continue;
      const frame = plot.getBoundingClientRect();
      for (const text of plot.querySelectorAll('text')) {
        const { left, right } = text.getBoundingClientRect();
        const cut = left < frame.left - 2 || right > frame.right + 2;
        if (cut && right > left) add(`${plot.closest('section')?.id} "${text.textContent}" is cut off`);
      }
    }
  };
  const built = async () => {
    while (document.getElementById('main').ariaBusy) await frames(1);
  };
  for (const language of ['en', 'ko']) {
    for (const theme of ['light', 'dark']) {
      if (document.documentElement.lang !== language) document.getElementById('language').click();
      if (document.documentElement.dataset.theme !== theme) document.getElementById('theme').click();
      await built();
      // Every section is drawn once it was on the screen.
      for (const section of document.querySelectorAll('main > section')) {
        section.scrollIntoView();
        await frames(3);
      }
      look(`${innerWidth} ${language} ${theme}`);
    }
  }
  return [...wrong].slice(0, 40);
}
