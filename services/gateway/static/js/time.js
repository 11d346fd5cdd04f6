// Keeps "3 min ago" true while the page stays open. The words are those of formatting.relative.

const TICK_MS = 5000;
const UNITS = [[60, 1, "s"], [3600, 60, "min"], [86400, 3600, "h"], [30 * 86400, 86400, "d"]];

function relative(at) {
  const seconds = Math.floor((Date.now() - at) / 1000);
  if (seconds < 5) return "just now";
  const unit = UNITS.find(([limit]) => seconds < limit);
  return unit && `${Math.floor(seconds / unit[1])} ${unit[2]} ago`;
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[datetime]")) {
    const words = relative(Date.parse(element.dateTime));
    if (words && element.textContent !== words) element.textContent = words;
  }
}, TICK_MS);
