// What is wrong with how the page looks, all of it unfolded, a sentence each.
(() => {
  const defects = [];
  for (const part of document.querySelectorAll(".folded")) part.open = true;
  const wide = document.documentElement.scrollWidth;
  if (wide > window.innerWidth) defects.push(`the page is ${wide} pixels wide, wider than its window`);
  for (const part of document.querySelectorAll(".readings li, .readings span")) {
    if (part.scrollWidth > part.clientWidth + 1) defects.push(`${part.textContent} is cut off`);
  }
  for (const scroll of document.querySelectorAll("[id^='results'] .scroll")) {
    if (scroll.scrollWidth > scroll.clientWidth + 1) defects.push(`a table of ${scroll.closest("[id]").id} is wider than its place`);
  }
  for (const frame of document.querySelectorAll(".frame")) {
    const name = frame.dataset.picture;
    // Paper leaves some out.
    if (!frame.checkVisibility() && matchMedia("print").matches) continue;
    const scroll = frame.closest(".scroll");
    if (scroll.scrollWidth > scroll.clientWidth) defects.push(`${name} is wider than its place`);
    const svg = frame.querySelector("svg");
    if (!svg || svg.childElementCount === 0 || svg.getBoundingClientRect().height === 0) {
      defects.push(`${name} is empty`);
      continue;
    }
    const ground = svg.getBoundingClientRect();
    // What the page has switched off is not seen. A line's box is higher than its letters.
    const shown = [...svg.querySelectorAll("text")].filter((text) => text.getClientRects().length > 0);
    const texts = shown.map((text) => {
      const { left, right, top, bottom, height } = text.getBoundingClientRect();
      const spare = height * 0.2;
      return { said: text.textContent, left, right, top: top + spare, bottom: bottom - spare };
    });
    texts.forEach((one, place) => {
      const inside = one.left >= ground.left - 1 && one.right <= ground.right + 1
        && one.top >= ground.top - 1 && one.bottom <= ground.bottom + 1;
      if (!inside) defects.push(`${name}: ${one.said} is cut off`);
      for (const other of texts.slice(place + 1)) {
        const apart = one.right <= other.left || other.right <= one.left
          || one.bottom <= other.top || other.bottom <= one.top;
        if (!apart) defects.push(`${name}: ${one.said} and ${other.said} overlap`);
      }
    });
  }
  return defects;
})()
