// Buttons that copy the text of another element.

const SHOWN_MS = 2000;

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("[data-copy]");
  if (!button) return;
  const label = button.querySelector("[data-label]");
  const before = (button.dataset.before ??= label.textContent);
  const text = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(text.textContent);
    label.textContent = "Copied";
  } catch {
    // Without permission, or over plain HTTP: the text is selected, so that a key copies it.
    getSelection().selectAllChildren(text);
    label.textContent = "Selected";
  }
  setTimeout(() => (label.textContent = before), SHOWN_MS);
});
