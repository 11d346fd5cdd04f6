// Draws the radar of a comparison. The table beside it says the same.

const canvas = document.getElementById("radar");
const { labels, series } = JSON.parse(canvas.dataset.radar);
const DARK = matchMedia("(prefers-color-scheme: dark)");

function draw() {
  Chart.getChart(canvas)?.destroy();
  // A canvas knows no light-dark(): its colours are those of elements that have them.
  const box = getComputedStyle(canvas.parentElement);
  const swatches = document.querySelectorAll(".chosen-list .swatch");
  new Chart(canvas, {
    type: "radar",
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
      scales: {
        r: {
          beginAtZero: true,
          suggestedMax: 60,
          angleLines: { color: box.borderTopColor },
          grid: { color: box.borderTopColor },
          pointLabels: { color: box.color, font: { family: box.fontFamily, size: 12 } },
          ticks: { color: box.color, backdropColor: "transparent", maxTicksLimit: 5, font: { family: box.fontFamily, size: 10 } },
        },
      },
      plugins: { legend: { display: false } },
    },
  });
}

draw();
document.addEventListener("theme:change", draw);
DARK.addEventListener("change", draw);
