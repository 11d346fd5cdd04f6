// Sliders beside the number fields that the board's form sends: two thumbs for the parameters, in
// steps that models come in, and one for each weight.

const BILLIONS = [0, .25, .5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 20, 25, 30, 33, 35, 40, 50, 65, 70, 75, 100, 141];

const field = (range) => document.getElementById(range.dataset.bound ?? range.dataset.weight);
const pair = (range) => [...range.parentElement.querySelectorAll("input")];

function nearest(billions) {
  const last = BILLIONS.findLastIndex((one) => one <= billions);
  return Math.max(last, 0);
}

function show(box) {
  const [low, high] = box.querySelectorAll("input");
  const most = BILLIONS.length - 1;
  low.max = high.max = most;
  low.value = nearest(Number(field(low).value || 0));
  high.value = field(high).value === "" ? most : nearest(Number(field(high).value));
  label(box);
}

function label(box) {
  const [low, high] = box.querySelectorAll("input");
  const most = BILLIONS.length - 1;
  box.style.setProperty("--from", `${(100 * low.value) / most}%`);
  box.style.setProperty("--to", `${(100 * high.value) / most}%`);
  for (const range of [low, high]) {
    const any = range === low ? low.value === "0" : high.value === high.max;
    range.setAttribute("aria-valuetext", any ? "any" : `${BILLIONS[range.value]} billion`);
  }
}

document.addEventListener("input", ({ target }) => {
  if (target.dataset.bound) {
    const [low, high] = pair(target);
    if (Number(low.value) >= Number(high.value)) {
      if (target === low) low.value = high.value - 1;
      else high.value = Number(low.value) + 1;
    }
    const atEnd = target === low ? target.value === "0" : target.value === target.max;
    field(target).value = atEnd ? "" : BILLIONS[target.value];
    label(target.parentElement);
  }
  const weight = target.dataset.weight;
  if (weight) field(target).value = target.value;
  else if (target.name?.startsWith("weight-")) {
    const range = document.querySelector(`[data-weight="${CSS.escape(target.name)}"]`);
    if (range) range.value = target.value;
  }
  if (weight || target.name?.startsWith("weight-")) {
    document.querySelector("[name=averaged][value=weighted]").checked = true;
  }
}, { capture: true });

const all = () => document.querySelectorAll("[data-range]").forEach(show);
document.addEventListener("board:change", all);
all();
