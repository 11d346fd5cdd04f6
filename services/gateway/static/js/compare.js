// Draws a comparison: a radar, or parallel coordinates of many rows. The table beside it says the same.

const canvas = document.getElementById("drawn");
const { type, labels, series } = JSON.parse(canvas.dataset.drawn);
const DARK = matchMedia("(prefers-color-scheme: dark)");

function draw() {
  Chart.getChart(canvas)?.destroy();
  // A canvas knows no light-dark(): its colours are those of elements that have them.
  const box = getComputedStyle(canvas.closest("figure"));
  const swatches = document.querySelectorAll(".chosen-list .swatch");
  const font = (size) => ({ family: box.fontFamily, size });
  const grid = { color: box.borderTopColor };
  const scales = {
    radar: () => ({
      r: {
        beginAtZero: true,
        suggestedMax: 60,
        angleLines: grid,
        grid,
        pointLabels: { color: box.color, font: font(12) },
        ticks: { color: box.color, backdropColor: "transparent", maxTicksLimit: 5, font: font(10) },
      },
    }),
    line: () => ({
      x: { grid, border: grid, ticks: { color: box.color, font: font(12) } },
      y: { beginAtZero: true, grid: { display: false }, border: grid, ticks: { color: box.color, font: font(11) } },
    }),
  };
  new Chart(canvas, {
    type,
    data: {
      labels,
      datasets: series.map(({ name, values }, place) => {
        const color = getComputedStyle(swatches[place]).backgroundColor;
        return { label: name, data: values, borderColor: color, backgroundColor: "transparent", pointBackgroundColor: color, borderWidth: 2, pointRadius: 3 };
      }),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: scales[type](),
      plugins: { legend: { display: false }, tooltip: { itemSort: (one, other) => other.parsed.y - one.parsed.y } },
    },
  });
}

draw();
document.addEventListener("theme:change", draw);
DARK.addEventListener("change", draw);
