// Moves all pictures and the markers of all curves to one training step.
"use strict";
(() => {
  const MILLISECONDS_A_STEP = 200;
  const { steps, pictures, readings } = JSON.parse(document.getElementById("frames").textContent);
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

  const controls = document.getElementById("controls");
  if (!controls || steps.length < 2) return;
  const slider = document.getElementById("step");
  const button = document.getElementById("play");
  let timer = null;

  // The last entry that is not after the step; before the first one, that.
  const at = (entries, step) => entries.findLast((entry) => entry[0] <= step) ?? entries[0];

  // The last accuracy that was evaluated up to a step, and when where that was before it.
  function evaluated(entries, step) {
    const last = entries.findLast((entry) => entry[0] <= step);
    if (!last) return "not yet";
    return last[0] === step ? last[1] : `${last[1]} (step ${last[0]})`;
  }

  function show() {
    const step = steps[slider.value];
    const words = `step ${step} of ${steps.at(-1)}`;
    document.getElementById("now").textContent = words;
    slider.setAttribute("aria-valuetext", words);
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

  function pause() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  }

  function advance() {
    slider.value = Number(slider.value) + 1;
    show();
    if (slider.value === slider.max) pause();
  }

  function play() {
    if (slider.value === slider.max) slider.value = 0;
    button.textContent = "Pause";
    timer = setInterval(advance, MILLISECONDS_A_STEP);
    show();
  }

  slider.max = steps.length - 1;
  slider.value = slider.max;
  slider.addEventListener("input", () => {
    pause();
    show();
  });
  button.addEventListener("click", () => (timer === null ? play() : pause()));
  controls.hidden = false;
  show();
})();
