// The form to submit shows what the gateway answered last, and what somebody has chosen meanwhile.

const model = () => document.getElementById("model");
const fields = () => document.getElementById("fields");
const controls = () => fields().querySelectorAll("input, select");
const chosen = new Set(); // ids of what was changed by hand since the model was named
let kept = new Map();

function offered(control) {
  if (!control.options) return control.defaultValue;
  return [...control.options].find((option) => option.defaultSelected)?.value ?? control.value;
}

// A verdict is about what was sent.
function compare() {
  const isOther = [model(), ...controls()].some((control) => control.value !== offered(control));
  fields().toggleAttribute("data-outdated", isOther);
}

document.addEventListener("input", ({ target }) => {
  if (target === model()) chosen.clear();
  else if (fields().contains(target)) chosen.add(target.id);
  else return;
  compare();
});

// A look-up for a name that a check has asked about would take the verdict away; the same check twice
// would keep a validator busy.
document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement } = event.detail.ctx;
  const isAsked = model().value === model().defaultValue;
  const isUnderWay = sourceElement.matches(".htmx-request") && !fields().hasAttribute("data-outdated");
  if (isUnderWay || (sourceElement === model() && isAsked)) event.preventDefault();
  model().defaultValue = model().value;
});
for (const fault of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(fault, () => (model().defaultValue = ""));
}

document.addEventListener("htmx:before:swap", () => {
  kept = new Map([...controls()].filter(({ id }) => chosen.has(id)).map(({ id, value }) => [id, value]));
});
document.addEventListener("htmx:after:swap", () => {
  for (const control of controls()) control.value = kept.get(control.id) ?? offered(control);
  compare();
});
