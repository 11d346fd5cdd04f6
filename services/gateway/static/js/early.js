// What was typed or chosen while the scripts were still coming is told again, now that somebody
// listens.

const NAMED = ":is(input, select, textarea)[name]";
const isTicked = ({ type }) => type === "checkbox" || type === "radio";

function isAsSent(control) {
  if (isTicked(control)) return control.checked === control.defaultChecked;
  if (!control.options) return control.value === control.defaultValue;
  return (([...control.options].find((one) => one.defaultSelected) ?? control.options[0])?.value ?? "") === control.value;
}

function tellAgain() {
  for (const control of document.querySelectorAll(`[hx-get] ${NAMED}, ${NAMED}[hx-get]`)) {
    if (isAsSent(control)) continue;
    for (const type of ["input", "change"]) control.dispatchEvent(new Event(type, { bubbles: true }));
  }
}

// By then every script has run, and htmx has gone through the page in a task of its own.
document.addEventListener("DOMContentLoaded", () => setTimeout(tellAgain));
