// Moves the bars of what runs. Their parts of the page are fetched anew only when a task has ended.

document.addEventListener("live:progress", ({ detail: progress }) => {
  for (const element of document.querySelectorAll(`[data-progress-of="${progress.sid}"]`)) {
    let title = progress.task ?? "";
    for (const chip of element.parentElement.querySelectorAll("[data-task-id]")) {
      chip.removeAttribute("aria-current");
      if (chip.dataset.taskId !== progress.task) continue;
      chip.setAttribute("aria-current", "step");
      title = chip.dataset.title;
    }
    element.querySelector("[data-phase]").textContent = progress.phase;
    element.querySelector("[data-task]").textContent = title;
    element.querySelector("[data-amount]").textContent = amount(progress);
    const bar = element.querySelector("progress");
    if (progress.total) Object.assign(bar, { max: progress.total, value: progress.done });
    else bar.removeAttribute("value");
  }
});

function amount({ phase, done, total }) {
  if (!total) return "";
  if (phase !== "downloading") return `${done} of ${total}`;
  return `${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
}
