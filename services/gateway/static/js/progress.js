// Moves the bars of what runs. Their parts of the page are fetched anew only when a task has ended.

document.addEventListener("live:progress", ({ detail: progress }) => {
  for (const element of document.querySelectorAll(`[data-progress-of="${progress.sid}"]`)) {
    for (const chip of element.parentElement.querySelectorAll(".chip[data-task-id]")) {
      if (chip.dataset.taskId === progress.task) chip.setAttribute("aria-current", "step");
      else chip.removeAttribute("aria-current");
    }
    const named = progress.task && document.querySelector(`[data-task-id="${CSS.escape(progress.task)}"]`);
    const title = named?.dataset.title ?? progress.task ?? "";
    element.querySelector("[data-phase]").textContent = progress.phase;
    element.querySelector("[data-task]").textContent = title;
    element.querySelector("[data-amount]").textContent = amount(progress);
    const bar = element.querySelector("progress");
    if (progress.total) Object.assign(bar, { max: progress.total, value: progress.done });
    else bar.removeAttribute("value");
  }
});

// The words are those of formatting.amount and formatting.duration.
function amount({ phase, done, total, per_second: rate, seconds_left: left }) {
  if (!total) return "";
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const isDownload = phase === "downloading";
  const parts = [isDownload ? `${megabytes(done)} of ${megabytes(total)} MB` : `${done} of ${total}`];
  if (rate !== null) parts.push(isDownload ? `${megabytes(rate)} MB/s` : `${rate.toFixed(1)}/s`);
  if (left !== null) parts.push(`${duration(left)} left`);
  return parts.join(", ");
}

function duration(seconds) {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const hours = Math.floor(whole / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
