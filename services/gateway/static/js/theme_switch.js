// The header's switch between the system's colours, light and dark; theme.js applies what it keeps.

const root = document.documentElement;

function choose(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // It holds for this page.
  }
  document.dispatchEvent(new CustomEvent("theme:change"));
}

function show() {
  const chosen = root.dataset.theme ?? "system";
  const input = document.querySelector(`#theme input[value=${chosen}]`);
  if (input) input.checked = true;
}

document.addEventListener("change", ({ target }) => {
  if (target.closest?.("#theme")) choose(target.value);
});
document.addEventListener("htmx:after:swap", show);
show();
