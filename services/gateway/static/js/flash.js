// Lights up for a moment what a live refresh has changed: elements with an id and `data-flash`, whose
// value, or their text where it has none, is another.

const FLASH = { duration: 1600, easing: "ease-out" };
const before = new WeakMap();

function texts(target) {
  const marked = [...target.querySelectorAll("[id][data-flash]")];
  return new Map(marked.map((element) => [element.id, element.dataset.flash || element.textContent]));
}

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  const isLive = ctx.sourceEvent?.type?.startsWith("live:");
  if (isLive && ctx.swap?.startsWith("innerMorph")) before.set(ctx, texts(ctx.target));
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  const known = before.get(ctx);
  if (!known?.size || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const [id, text] of texts(ctx.target)) {
    if (known.get(id) === text) continue;
    const element = document.getElementById(id);
    const color = getComputedStyle(element).getPropertyValue("--flash");
    for (const part of element.matches("tr") ? element.children : [element]) {
      part.animate([{ boxShadow: `inset 0 0 0 99rem ${color}` }, { boxShadow: "inset 0 0 0 99rem transparent" }], FLASH);
    }
  }
});
