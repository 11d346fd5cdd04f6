// News that would move the rows on screen wait behind a button while somebody is at the page, until they
// want them or have left it alone for a while. All else comes in at once.

const UNTOUCHED_MS = 30_000;
const SLIDE = { duration: 350, easing: "ease-out" };

const table = () => document.getElementById("table");
const box = () => document.getElementById("rows");
const button = () => document.getElementById("arrivals");
const rowsOf = (place) => [...place.querySelectorAll("#ranked > tr")];
let touchedAt = -Infinity;
let asked = 0; // for how many rows
let isWanted = false;
let looking;
let before = null; // where the rows were, and what gets the focus

const untouched = () => performance.now() - touchedAt;
const refresh = () => document.body.dispatchEvent(new CustomEvent("live:entry"));

function onScreen(rows) {
  const { top, bottom } = box().getBoundingClientRect();
  return rows.filter((row) => {
    const its = row.getBoundingClientRect();
    return its.bottom > Math.max(top, 0) && its.top < Math.min(bottom, innerHeight);
  });
}

// board_rows.js keeps what is on screen at its place, but at the top it would leave what is new above.
function wouldMove(here, came) {
  const seen = onScreen(here);
  if (!seen.length) return false;
  const ids = came.map(({ id }) => id);
  const from = ids.indexOf(seen[0].id);
  const staysTogether = seen.every(({ id }, place) => ids[from + place] === id);
  return !staysTogether || (!box().scrollTop && from !== here.indexOf(seen[0]));
}

// Rows below the last known one are only there because others have left.
function newsAmong(here, came) {
  const known = new Map(here.map(({ id, dataset }) => [id, dataset.flash]));
  const end = came.findLastIndex(({ id }) => known.has(id)) + 1;
  return came.slice(0, end).filter(({ id, dataset }) => known.get(id) !== dataset.flash);
}

function wait(news) {
  button().querySelector("[data-told]").textContent = news ? `${news} new` : "Changed";
  button().hidden = false;
  look();
}

function look() {
  clearTimeout(looking);
  if (!button() || button().hidden) return;
  if (untouched() < UNTOUCHED_MS) looking = setTimeout(look, UNTOUCHED_MS - untouched());
  else refresh();
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement === table()) asked = rowsOf(document).length;
});

document.addEventListener("htmx:before:swap", (event) => {
  const { ctx, tasks } = event.detail;
  if (ctx.sourceElement !== table() || ctx.target !== table() || !box() || !tasks.length) return;
  const here = rowsOf(document);
  if (here.length > asked) {
    // Others have come since, as somebody scrolls.
    event.preventDefault();
    setTimeout(refresh);
    return;
  }
  const came = rowsOf(tasks[0].fragment);
  if (!isWanted && !wouldMove(here, came)) return;
  const news = newsAmong(here, came);
  if (!isWanted && untouched() < UNTOUCHED_MS) {
    event.preventDefault();
    wait(news.length);
    return;
  }
  const tops = new Map(here.map((row) => [row.id, row.getBoundingClientRect().top]));
  before = { tops, goal: isWanted && (news[0] ? `#${news[0].id} .model-name` : "#rows") };
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target !== table()) return;
  isWanted = false;
  // Once what is read has its place again.
  if (before) requestAnimationFrame(settle);
});

function settle() {
  const { tops, goal } = before;
  before = null;
  if (goal) document.querySelector(goal)?.focus();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || !box()) return;
  for (const row of onScreen(rowsOf(document))) {
    const by = (tops.get(row.id) ?? NaN) - row.getBoundingClientRect().top;
    if (by) row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], SLIDE);
  }
}

document.addEventListener("click", ({ target }) => {
  if (!target.closest?.("#arrivals")) return;
  isWanted = true;
  refresh();
});
for (const touch of ["pointermove", "pointerdown", "touchmove", "wheel", "keydown"]) {
  document.addEventListener(touch, () => (touchedAt = performance.now()), { capture: true, passive: true });
}
document.addEventListener("visibilitychange", () => (touchedAt = performance.now()));
