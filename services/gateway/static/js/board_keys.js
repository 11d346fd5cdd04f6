// Keys of the board: "/" goes to the search, arrows from there to the rows and from row to row, and
// in the rows "c" compares what is pinned and "n" shows what is new. Single letters count in the rows
// alone, where nobody types.

const ROW = "#pinned tr, #ranked tr";
const KINDS = ["model-name", "hub", "pin"];
const search = () => document.getElementById("search");

function beside(target, step) {
  const row = target.closest?.(ROW);
  if (!row) return target === search() && step > 0 ? document.querySelector("#ranked .model-name") : null;
  const rows = [...document.querySelectorAll(ROW)];
  const next = rows[rows.indexOf(row) + step];
  if (!next) return step < 0 ? search() : null;
  const kind = KINDS.find((name) => target.classList.contains(name)) ?? KINDS[0];
  return next.querySelector(`.${kind}`);
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (key === "/" && !target.closest("input, textarea, select")) search().select();
  else if (key === "ArrowDown" || key === "ArrowUp") {
    const goal = beside(target, key === "ArrowDown" ? 1 : -1);
    if (!goal) return;
    goal.focus();
  } else if (key === "c" && target.closest(ROW)) document.querySelector("#pinned-bar a[href^='/compare']")?.click();
  else if (key === "n" && target.closest(ROW)) document.querySelector("#arrivals:not([hidden])")?.click();
  else return;
  event.preventDefault();
});

// Headings and pinned rows float above the others. A pointer has its place and keeps it.
document.addEventListener("focusin", ({ target }) => {
  const row = target.closest?.("#ranked tr");
  if (!row || !target.matches(":focus-visible")) return;
  const floats = document.getElementById("pinned") ?? document.querySelector(".board thead");
  const covered = floats.getBoundingClientRect().bottom - row.getBoundingClientRect().top;
  if (covered > 0) document.getElementById("rows").scrollTop -= covered;
});
