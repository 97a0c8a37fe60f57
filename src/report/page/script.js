// Moves all pictures and the markers of all curves to one training step, shows the curves' values, and
// unfolds sections for links and print.
"use strict";
(() => {
  const MILLISECONDS_A_STEP = 200;
  // Browsers refuse to change the address more than a hundred times in half a minute.
  const MILLISECONDS_AN_ADDRESS = 350;
  const { steps, pictures, readings, values } = JSON.parse(document.getElementById("frames").textContent);

  function modes() {
    for (const group of document.querySelectorAll(".modes")) {
      const frame = group.closest("figure").querySelector(".frame");
      const buttons = [...group.querySelectorAll("button")];
      for (const button of buttons) {
        button.addEventListener("click", () => {
          frame.dataset.mode = button.dataset.mode;
          for (const one of buttons) one.setAttribute("aria-pressed", one === button);
        });
      }
      group.hidden = false;
    }
  }

  // Unfolds the target of the address and scrolls to it.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let closed = false;
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS" && !part.open) closed = part.open = true;
    }
    if (closed) target.scrollIntoView();
  }

  function folds() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("main details:not([open])")];
      for (const part of opened) part.open = true;
    });
    addEventListener("afterprint", () => {
      for (const part of opened) part.open = false;
    });
    addEventListener("hashchange", unfold);
    // A link to the current address triggers no hashchange.
    document.addEventListener("click", ({ target }) => {
      if (target.closest?.("a[href^='#']")) setTimeout(unfold);
    });
    unfold();
  }

  const readout = document.createElement("div");
  readout.className = "readout";
  readout.hidden = true;
  // The panel itself gives screen readers the same values.
  readout.setAttribute("aria-hidden", "true");

  // Places the readout next to a point on the screen, within the window.
  function placeReadout(x, y) {
    readout.hidden = false;
    const { width, height } = readout.getBoundingClientRect();
    const right = document.documentElement.clientWidth;
    const left = x + 12 + width > right ? x - 12 - width : x + 12;
    readout.style.left = `${Math.max(4, Math.min(left, right - width - 4))}px`;
    readout.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
  }

  // The last entry at or before the step; if there is none, the first one.
  const at = (entries, step) => entries.findLast((entry) => entry[0] <= step) ?? entries[0];

  // The values of a picture's panels in its current frame; without a slider, the last one.
  const panelsOf = (frame) => at(values[frame.dataset.picture], frame.dataset.step ?? Infinity)[1];

  // The positions of a panel's points, as shares of its width, each with its x as text.
  function stopsOf(panel) {
    const all = new Map(panel.lines.flatMap(([, points]) => points));
    return [...all].sort(([one], [other]) => one - other);
  }

  // The names of a panel's curves, with their values at such a position.
  function valuesAt(panel, place) {
    return panel.lines.map(([name, points]) => [name, points.find((point) => point[0] === place)?.[2] ?? "–"]);
  }

  // Fills the readout with rows of a name and a value.
  function fill(rows) {
    readout.replaceChildren(...rows.map(([name, value]) => {
      const row = document.createElement("div");
      row.append(Object.assign(document.createElement("span"), { textContent: name }));
      row.append(Object.assign(document.createElement("b"), { textContent: value }));
      return row;
    }));
  }

  function set(element, attributes) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  }

  // The stop that a key leads to, out of `count`; undefined for other keys.
  function stopOf(key, now, count) {
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -count, End: count };
    return key in moves ? Math.max(0, Math.min(count - 1, now + moves[key])) : undefined;
  }

  // The frame that the readout belongs to, how to show it again, and whether its panel has moved.
  let shown = null;
  // While a frame is replaced, its panels lose the focus and get it back: the user has not moved it.
  let replacing = false;

  function hideReadout() {
    shown = null;
    readout.hidden = true;
  }

  // Lets a reader point at a panel of curves, or move over it with keys, and read the values there.
  function makeReadable(frame, ground, index) {
    const panelNow = () => panelsOf(frame)[index];
    const { title, x: counted } = panelNow();
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(ground.getAttribute(name)));
    let now = Math.max(0, stopsOf(panelNow()).length - 1);
    set(line, { class: "pointer", y1: top, y2: top + height });
    set(ground, { tabindex: 0, role: "slider", "aria-label": `${title}: values at a ${counted}` });
    set(ground, { "aria-valuemin": 0, "aria-valuemax": now, "aria-valuenow": now });

    // Another frame may have fewer stops, or none.
    function show(index) {
      const panel = panelNow();
      const stops = stopsOf(panel);
      if (stops.length === 0) return hide();
      now = Math.max(0, Math.min(stops.length - 1, index));
      const [place, x] = stops[now];
      const read = valuesAt(panel, place);
      const across = left + width * place;
      set(line, { x1: across, x2: across });
      ground.before(line);
      fill([[counted, x], ...read]);
      const words = read.map(([name, value]) => `${name} ${value}`).join(", ");
      set(ground, { "aria-valuemax": stops.length - 1, "aria-valuenow": now, "aria-valuetext": `${counted} ${x}: ${words}` });
      const seen = ground.getBoundingClientRect();
      placeReadout(seen.left + seen.width * place, seen.top);
      const hasMoved = () => Math.abs(ground.getBoundingClientRect().top - seen.top) > 1;
      shown = { frame, again: () => show(now), hide, hasMoved };
    }

    function hide() {
      line.remove();
      hideReadout();
    }

    function point(event) {
      const seen = ground.getBoundingClientRect();
      const share = (event.clientX - seen.left) / seen.width;
      const far = stopsOf(panelNow()).map(([place]) => Math.abs(place - share));
      show(far.indexOf(Math.min(...far)));
    }

    function press(event) {
      if (event.key === "Escape") hide();
      const stop = stopOf(event.key, now, stopsOf(panelNow()).length);
      if (stop === undefined) return;
      event.preventDefault();
      show(stop);
    }

    for (const kind of ["pointermove", "pointerdown"]) ground.addEventListener(kind, point);
    for (const kind of ["pointerleave", "blur"]) ground.addEventListener(kind, hide);
    ground.addEventListener("focus", () => replacing || show(now));
    ground.addEventListener("keydown", press);
  }

  function curves() {
    document.body.append(readout);
    for (const [id, frames] of Object.entries(values)) {
      const frame = document.getElementById(id).querySelector(".frame");
      // Screen readers skip the parts of an image, but not those of a group.
      frame.setAttribute("role", "group");
      frame.querySelectorAll(".ground").forEach((ground, index) => {
        const hasStops = ([, panels]) => stopsOf(panels[index]).length > 0;
        if (frames.some(hasStops)) makeReadable(frame, ground, index);
      });
    }
    // A panel that was put back into its frame gets no pointerleave.
    const isElsewhere = ({ target }) => !(target instanceof Element && target.closest(".ground"));
    addEventListener("pointermove", (event) => shown && isElsewhere(event) && shown.hide(), { passive: true });
    // When the slider makes content above taller, scroll anchoring keeps the panel in place.
    addEventListener("scroll", () => shown?.hasMoved() && hideReadout(), { passive: true });
  }

  // Replaces the frame. The panels that a reader points at or moves over stay, and show the new frame's
  // values.
  function draw(frame, svg) {
    const kept = [...frame.querySelectorAll(".ground")];
    const focused = kept.find((ground) => ground === document.activeElement);
    const again = shown?.frame === frame ? shown.again : null;
    replacing = true;
    frame.innerHTML = svg;
    frame.querySelectorAll(".ground").forEach((ground, index) => ground.replaceWith(kept[index]));
    focused?.focus({ preventScroll: true });
    replacing = false;
    again?.();
  }

  // The last accuracy evaluated up to a step, with its step if that is earlier.
  function evaluated(entries, step) {
    const last = entries.findLast((entry) => entry[0] <= step);
    if (!last) return "not yet";
    return last[0] === step ? last[1] : `${last[1]} (step ${last[0]})`;
  }

  // Moves everything that follows the slider to a step.
  function show(step) {
    for (const frame of document.querySelectorAll("[data-picture]")) {
      const frames = pictures[frame.dataset.picture];
      if (!frames) continue;
      const [from, svg] = at(frames, step);
      if (frame.dataset.step !== String(from)) {
        frame.dataset.step = from;
        draw(frame, svg);
      }
    }
    for (const reading of document.querySelectorAll("[data-run]")) {
      reading.textContent = evaluated(readings[reading.dataset.run], step);
    }
    for (const marker of document.querySelectorAll(".marker")) {
      const { origin, width, steps: last } = marker.dataset;
      const x = Number(origin) + (Number(width) * Math.min(step, last)) / last;
      marker.setAttribute("x1", x);
      marker.setAttribute("x2", x);
    }
  }

  function slide() {
    const controls = document.getElementById("controls");
    if (!controls || steps.length < 2) return;
    const slider = document.getElementById("step");
    const button = document.getElementById("play");
    let timer = null;
    let address = null;

    function move() {
      const step = steps[slider.value];
      const words = `step ${step} of ${steps.at(-1)}`;
      document.getElementById("now").textContent = words;
      slider.setAttribute("aria-valuetext", words);
      show(step);
    }

    // Puts the step into the address, so that a link leads to it.
    function write() {
      address ??= setTimeout(() => {
        address = null;
        history.replaceState(null, "", `#step=${steps[slider.value]}`);
      }, MILLISECONDS_AN_ADDRESS);
    }

    // Moves to the step in the address, if there is one.
    function read() {
      const step = /^#step=(\d+)$/.exec(location.hash)?.[1];
      if (step === undefined) return;
      pause();
      slider.value = Math.max(0, steps.findLastIndex((one) => one <= Number(step)));
      move();
    }

    function pause() {
      clearInterval(timer);
      timer = null;
      button.textContent = "Play";
    }

    function advance() {
      slider.value = Number(slider.value) + 1;
      move();
      write();
      if (slider.value === slider.max) pause();
    }

    function play() {
      if (slider.value === slider.max) slider.value = 0;
      button.textContent = "Pause";
      timer = setInterval(advance, MILLISECONDS_A_STEP);
      move();
    }

    slider.max = steps.length - 1;
    slider.value = slider.max;
    slider.addEventListener("input", () => {
      pause();
      move();
      write();
    });
    button.addEventListener("click", () => (timer === null ? play() : pause()));
    addEventListener("hashchange", read);
    controls.hidden = false;
    for (const sign of document.querySelectorAll(".follows")) sign.hidden = false;
    move();
    read();
  }

  // Gives each cell its column's name: on a narrow screen a row becomes lines.
  function tables() {
    for (const table of document.querySelectorAll("[id^='results'] table")) {
      const names = [...table.querySelectorAll("th")].map((head) => head.textContent);
      for (const row of table.querySelectorAll("tr")) {
        row.querySelectorAll("td").forEach((cell, column) => (cell.dataset.name = names[column]));
      }
      table.classList.add("lines");
    }
  }

  modes();
  slide();
  curves();
  folds();
  tables();
})();
