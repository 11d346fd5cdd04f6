// Lists that hang from a summary close on Escape, and when something else is looked at.

const close = (except) => {
  for (const one of document.querySelectorAll("details.dropdown[open]")) {
    if (!one.contains(except)) one.open = false;
  }
};

document.addEventListener("click", ({ target }) => close(target));
document.addEventListener("focusin", ({ target }) => close(target));
document.addEventListener("keydown", ({ key }) => {
  const open = document.querySelector("details.dropdown[open]");
  if (key !== "Escape" || !open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
