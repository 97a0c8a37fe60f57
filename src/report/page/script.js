// Moves all pictures and the markers of all curves to one training step, reads the curves' values, and
// unfolds what a link or print asks for.
"use strict";
(() => {
  const MILLISECONDS_A_STEP = 200;
  // Browsers refuse addresses that change more often than a hundred times in half a minute.
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

  // What an address names, unfolded and in sight.
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
    // A link to where the address already points changes no address.
    document.addEventListener("click", ({ target }) => {
      if (target.closest?.("a[href^='#']")) setTimeout(unfold);
    });
    unfold();
  }

  const readout = document.createElement("div");
  readout.className = "readout";
  readout.hidden = true;
  // It says what the panel itself tells a screen reader.
  readout.setAttribute("aria-hidden", "true");

  // The readout beside a place on the screen, within the window.
  function place(x, y) {
    readout.hidden = false;
    const { width, height } = readout.getBoundingClientRect();
    const right = document.documentElement.clientWidth;
    const left = x + 12 + width > right ? x - 12 - width : x + 12;
    readout.style.left = `${Math.max(4, Math.min(left, right - width - 4))}px`;
    readout.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
  }

  // The last entry that is not after the step; before the first one, that.
  const at = (entries, step) => entries.findLast((entry) => entry[0] <= step) ?? entries[0];

  // What the curves of a panel are called, with their values at a step.
  function valuesAt(panel, step) {
    return panel.lines.map(([name, points]) => [name, points.find((point) => point[0] === step)?.[1] ?? "–"]);
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

  // Where a key leads among so many stops; nothing of another key.
  function stopOf(key, now, count) {
    const moves = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -count, End: count };
    return key in moves ? Math.max(0, Math.min(count - 1, now + moves[key])) : undefined;
  }

  // Lets a reader point at a panel of curves, or move over it by keys, and read the values there.
  function makeReadable(ground, panel) {
    const all = panel.lines.flatMap(([, points]) => points.map(([step]) => step));
    const stops = [...new Set(all)].sort((one, other) => one - other);
    if (stops.length === 0) return;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(ground.getAttribute(name)));
    let now = stops.length - 1;
    set(line, { class: "pointer", y1: top, y2: top + height });
    set(ground, { tabindex: 0, role: "slider", "aria-label": `${panel.title}: values at a training step` });
    set(ground, { "aria-valuemin": stops[0], "aria-valuemax": stops.at(-1), "aria-valuenow": stops.at(-1) });

    function show(index) {
      now = index;
      const step = stops[now];
      const read = valuesAt(panel, step);
      const x = left + (width * step) / panel.steps;
      set(line, { x1: x, x2: x });
      ground.before(line);
      fill([["step", step], ...read]);
      const words = read.map(([name, value]) => `${name} ${value}`).join(", ");
      set(ground, { "aria-valuenow": step, "aria-valuetext": `step ${step}: ${words}` });
      const seen = ground.getBoundingClientRect();
      place(seen.left + (seen.width * step) / panel.steps, seen.top);
    }

    function hide() {
      line.remove();
      readout.hidden = true;
    }

    function point(event) {
      const seen = ground.getBoundingClientRect();
      const step = ((event.clientX - seen.left) / seen.width) * panel.steps;
      const far = stops.map((stop) => Math.abs(stop - step));
      show(far.indexOf(Math.min(...far)));
    }

    function press(event) {
      if (event.key === "Escape") hide();
      const stop = stopOf(event.key, now, stops.length);
      if (stop === undefined) return;
      event.preventDefault();
      show(stop);
    }

    for (const kind of ["pointermove", "pointerdown"]) ground.addEventListener(kind, point);
    for (const kind of ["pointerleave", "blur"]) ground.addEventListener(kind, hide);
    ground.addEventListener("focus", () => show(now));
    ground.addEventListener("keydown", press);
  }

  function curves() {
    document.body.append(readout);
    for (const [id, panels] of Object.entries(values)) {
      const frame = document.getElementById(id).querySelector(".frame");
      // The parts of an image cannot be told; those of a group can.
      frame.setAttribute("role", "group");
      frame.querySelectorAll(".ground").forEach((ground, index) => makeReadable(ground, panels[index]));
    }
    addEventListener("scroll", () => (readout.hidden = true), { passive: true });
  }

  // The last accuracy that was evaluated up to a step, and when where that was before it.
  function evaluated(entries, step) {
    const last = entries.findLast((entry) => entry[0] <= step);
    if (!last) return "not yet";
    return last[0] === step ? last[1] : `${last[1]} (step ${last[0]})`;
  }

  // Everything that the slider moves, at a step.
  function show(step) {
    for (const frame of document.querySelectorAll("[data-picture]")) {
      const frames = pictures[frame.dataset.picture];
      if (!frames) continue;
      const [from, svg] = at(frames, step);
      if (frame.dataset.step !== String(from)) {
        frame.dataset.step = from;
        frame.innerHTML = svg;
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

    // The step in the address, so that a link leads to it.
    function write() {
      address ??= setTimeout(() => {
        address = null;
        history.replaceState(null, "", `#step=${steps[slider.value]}`);
      }, MILLISECONDS_AN_ADDRESS);
    }

    // The step that the address names, if it does.
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

  // Each cell knows its column's name: on a narrow screen a row becomes lines.
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
