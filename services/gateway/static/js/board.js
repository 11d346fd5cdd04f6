// The board's form: what is chosen is asked at once, and the answer says what is chosen.

// The browser's history replaces the whole body, so nothing is found but when it is needed.
const form = () => document.getElementById("ask");
const table = () => document.getElementById("table");
const search = () => document.getElementById("search");
let unasked = false;

document.addEventListener("input", ({ target }) => {
  if (target.form === form()) unasked = true;
});
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement === form()) unasked = false;
});

// Boxes that were ticked do not follow their attributes, and the search box is not part of the answer.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if ((ctx.target !== table() && ctx.target !== document.body) || unasked) return;
  for (const field of table().querySelectorAll("input:not([type=hidden])")) {
    if (field.type === "checkbox" || field.type === "radio") field.checked = field.defaultChecked;
    else if (field !== document.activeElement) field.value = field.defaultValue;
  }
  const understood = document.getElementById("understood").dataset.search;
  if (document.activeElement !== search()) search().value = understood;
  document.dispatchEvent(new CustomEvent("board:change", { detail: { isLive: ctx.sourceElement === table() } }));
});

// With Shift, a heading orders by its column after those that order already.
document.addEventListener("click", (event) => {
  const heading = event.target.closest?.("a[data-also]");
  if (!heading || !event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  heading.href = heading.dataset.also;
  heading.click();
}, { capture: true });

document.addEventListener("click", ({ target }) => {
  const close = target.closest?.("[data-close]");
  if (close) {
    const panel = document.getElementById(close.dataset.close);
    panel.open = false;
    panel.querySelector("summary").focus();
  }
  const example = target.closest?.("a[data-example]");
  if (example) {
    search().value = example.textContent;
    form().requestSubmit();
    example.closest("details").open = false;
    search().focus();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("a[data-example]")) event.preventDefault();
}, { capture: true });
