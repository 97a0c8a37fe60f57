// Moves all pictures and the markers of all curves to one training step.
"use strict";
(() => {
  const MILLISECONDS_A_STEP = 200;
  const { steps, pictures, readings } = JSON.parse(document.getElementById("frames").textContent);
  const controls = document.getElementById("controls");
  if (!controls || steps.length < 2) return;
  const slider = document.getElementById("step");
  const button = document.getElementById("play");
  let timer = null;

  // The last entry that is not after the step; before the first one, that.
  const at = (entries, step) => entries.findLast((entry) => entry[0] <= step) ?? entries[0];

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
      reading.textContent = at(readings[reading.dataset.run], step)[1];
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
