// Draws the charts that the gateway describes (services/gateway/insights/chart.py) as they come into
// view. What stands beside them, series and tables, is the page's own.

const PATH = "/models/";
const MOST_TOLD = 4;
const DAY = 24 * 3600 * 1000;
const CROWD = 600; // points from which on they are drawn small
const PHONE = matchMedia("(max-width: 700px)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const month = new Intl.DateTimeFormat("en", { month: "short", year: "numeric", timeZone: "UTC" });
const shortDay = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
const hour = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" });

const described = new Map(); // what was drawn last, by the id of its figure
const hidden = new Map(); // names of series that the visitor has taken out, by the same
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) load(target);
  },
  { rootMargin: "300px" },
);

// Equal ones mean equal charts.
const keyOf = (figure) => figure?.dataset.chart && `${figure.dataset.chart} ${figure.dataset.version}`;

async function load(figure) {
  const key = keyOf(figure);
  const before = described.get(figure.id);
  if (!key || before?.key === key) return;
  described.set(figure.id, { key, chart: before?.chart });
  let chart = null;
  try {
    const answer = await fetch(figure.dataset.chart, { headers: { Accept: "application/json" } });
    if (answer.ok) chart = await answer.json();
  } catch {
    // Said below.
  }
  if (keyOf(figure) !== key) return;
  if (!chart) {
    described.delete(figure.id);
    say(figure, "The chart did not come. The table below holds the same.");
    return;
  }
  described.set(figure.id, { key, chart });
  draw(figure, chart);
}

function say(figure, text) {
  const state = figure.querySelector("[data-plot-state]");
  state.textContent = text;
  state.hidden = !text;
}

function draw(figure, chart) {
  const canvas = figure.querySelector("canvas");
  Chart.getChart(canvas)?.destroy();
  say(figure, "");
  const away = press(figure);
  // A canvas knows no light-dark(): its colours are those of elements that have them.
  const plot = getComputedStyle(figure.querySelector(".plot"));
  const colors = { text: plot.color, line: plot.borderTopColor, surface: plot.backgroundColor };
  const tones = [...figure.querySelectorAll("[data-series]")].map((item) => getComputedStyle(item).color);
  const crowded = chart.series.reduce((all, { x }) => all + x.length, 0) > CROWD;
  const drawn = new Chart(canvas, {
    type: "scatter",
    data: {
      datasets: chart.series.map((series, place) => ({
        ...dataset(series, tones[place], colors, crowded),
        hidden: away.has(series.name),
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      font: { family: plot.fontFamily },
      layout: { padding: { right: 10, top: 6 } },
      interaction: { mode: "nearest", intersect: true, axis: "xy" },
      onHover: (_, found) => (canvas.style.cursor = modelOf(drawn, found) ? "pointer" : ""),
      onClick: (_, found) => {
        const model = modelOf(drawn, found);
        if (model) location.assign(PATH + model.split("/").map(encodeURIComponent).join("/"));
      },
      scales: { x: scale(chart.x, colors, plot.fontFamily), y: scale(chart.y, colors, plot.fontFamily) },
      plugins: { legend: { display: false }, tooltip: tooltip(chart, plot.fontFamily) },
    },
  });
}

// The series' buttons say which of them are drawn.
function press(figure) {
  const away = hidden.get(figure.id) ?? new Set();
  for (const item of figure.querySelectorAll("[data-series]")) item.ariaPressed = String(!away.has(nameOf(item)));
  return away;
}

const nameOf = (item) => item.textContent.trim();

function modelOf(drawn, found) {
  return found.length ? drawn.data.datasets[found[0].datasetIndex].data[found[0].index].model : undefined;
}

function dataset(series, color, colors, crowded) {
  const data = series.x.map((x, place) => ({
    x: series.to ? [x, series.to[place]] : x,
    y: series.y[place],
    model: series.models?.[place],
    note: series.notes?.[place],
  }));
  const soft = color.replace("rgb(", "rgba(").replace(")", ", 0.55)");
  const hollow = ["star", "crossRot", "line"].includes(series.shape);
  const points = {
    label: series.name,
    data,
    clip: 12, // a point at the edge is whole
    pointStyle: series.shape ?? "circle",
    pointRadius: crowded ? 3 : 5,
    pointHoverRadius: 8,
    pointHitRadius: 4,
    pointBorderColor: hollow ? color : colors.surface,
    pointBorderWidth: hollow ? 2 : crowded ? 0 : 1,
    backgroundColor: crowded ? soft : color,
    hoverBackgroundColor: color,
  };
  const line = { ...points, showLine: true, borderColor: color, borderWidth: 2, backgroundColor: color, pointBorderWidth: 1 };
  switch (series.mark) {
    case "points":
      // A line stands upright, as the middle of a box does.
      return series.shape === "line"
        ? { ...points, pointRadius: 13, pointHoverRadius: 15, pointRotation: 90, pointBorderWidth: 3 }
        : points;
    case "steps":
      return { ...line, stepped: true, pointRadius: ({ dataIndex }) => (dataIndex === data.length - 1 ? 0 : 5) };
    case "line":
      return { ...line, stepped: true, pointRadius: 0, pointHoverRadius: 5, pointHitRadius: 6 };
    case "dotted":
      return { ...line, borderDash: [2, 5], pointRadius: 0, pointHitRadius: 6 };
    case "bars":
      return {
        type: "bar",
        label: series.name,
        data,
        indexAxis: "y",
        grouped: false,
        barThickness: series.width,
        borderRadius: 2,
        borderSkipped: false,
        backgroundColor: series.width > 10 ? soft : color,
        hoverBackgroundColor: color,
      };
  }
}

function scale(axis, colors, family) {
  const shared = {
    title: { display: Boolean(axis.title), text: axis.title, color: colors.text, font: { family, size: 12 } },
    grid: { color: colors.line, tickColor: colors.line },
    border: { color: colors.line },
    ticks: { color: colors.text, font: { family, size: 12 }, maxRotation: 0 },
  };
  switch (axis.scale) {
    case "logarithmic":
      return { ...shared, type: "logarithmic", ticks: { ...shared.ticks, callback: powers } };
    case "time":
      return {
        ...shared,
        type: "linear",
        bounds: "data",
        afterBuildTicks: (built) => (built.ticks = dates(built.min, built.max)),
        ticks: { ...shared.ticks, callback: dated, includeBounds: false },
      };
    case "ranks":
      return { ...shared, type: "linear", reverse: true, min: 1, suggestedMax: 5, ticks: { ...shared.ticks, callback: ranks, includeBounds: true } };
    case "names":
      return {
        ...shared,
        type: "linear",
        reverse: true,
        min: -0.5,
        max: axis.labels.length - 0.5,
        afterBuildTicks: (built) => (built.ticks = axis.labels.map((_, value) => ({ value }))),
        grid: { display: false },
        ticks: { ...shared.ticks, autoSkip: false, callback: (value) => shortened(axis.labels[value]) },
      };
    default:
      return { ...shared, type: "linear" };
  }
}

function powers(value) {
  const digits = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  const told = PHONE.matches ? [1] : [1, 2, 5];
  return told.some((one) => Math.abs(one - digits) < 1e-6) ? number.format(value) : null;
}

function ranks(value) {
  return value >= 1 && Number.isInteger(value) ? number.format(value) : null;
}

function dates(from, to) {
  const most = PHONE.matches ? 4 : 10;
  const days = (to - from) / DAY;
  return days > 75 ? months(from, to, days / 30.44 / most) : spans(from, to, days / most);
}

function months(from, to, least) {
  const first = new Date(from);
  const step = [1, 2, 3, 6, 12, 24].find((one) => one >= least) ?? 60;
  const ticks = [];
  for (let at = 0; ; at += step) {
    const value = Date.UTC(first.getUTCFullYear(), Math.ceil(first.getUTCMonth() / step) * step + at);
    if (value > to) return ticks;
    if (value >= from) ticks.push({ value });
  }
}

// Parts of a day, then days.
function spans(from, to, least) {
  const step = DAY * ([1 / 1440, 1 / 288, 1 / 48, 1 / 24, 1 / 8, 1 / 4, 1, 2, 7].find((one) => one >= least) ?? 14);
  const ticks = [];
  for (let value = Math.ceil(from / step) * step; value <= to; value += step) ticks.push({ value });
  return ticks;
}

function dated(value, place, ticks) {
  const step = ticks.length > 1 ? ticks[1].value - ticks[0].value : 30 * DAY;
  if (step < DAY) return hour.format(value);
  return (step < 28 * DAY ? shortDay : month).format(value);
}

function shortened(name) {
  const last = name.slice(name.lastIndexOf("/") + 1);
  const most = PHONE.matches ? 16 : 28;
  return last.length > most ? `${last.slice(0, most - 1)}…` : last;
}

function told(axis, value) {
  switch (axis.scale) {
    case "names":
      return axis.labels[value];
    case "time":
      return `${axis.title}: ${day.format(value)}`;
    default:
      return `${axis.title}: ${Array.isArray(value) ? value.map((one) => number.format(one)).join(" to ") : number.format(value)}`;
  }
}

function tooltip(chart, family) {
  return {
    filter: (item, place) => place < MOST_TOLD,
    displayColors: false,
    padding: 10,
    titleFont: { family },
    bodyFont: { family },
    callbacks: {
      title: ([item]) => item?.raw.model ?? item?.dataset.label,
      label: ({ raw, dataset: { label } }) => [
        ...(raw.model ? [label] : []),
        ...[told(chart.x, raw.x), told(chart.y, raw.y), raw.note].filter((line) => line && line !== raw.model),
      ],
    },
  };
}

function watch() {
  seen.disconnect();
  for (const figure of document.querySelectorAll("[data-chart]")) seen.observe(figure);
}

function redraw(id) {
  const { chart } = described.get(id);
  if (chart) draw(document.getElementById(id), chart);
}

function redrawAll() {
  for (const id of described.keys()) redraw(id);
}

document.addEventListener("click", ({ target }) => {
  const item = target.closest?.("[data-series]");
  const chart = item && Chart.getChart(item.closest("figure").querySelector("canvas"));
  if (!chart) return;
  const figure = item.closest("figure");
  const away = hidden.get(figure.id) ?? new Set();
  hidden.set(figure.id, away);
  if (!away.delete(nameOf(item))) away.add(nameOf(item));
  chart.setDatasetVisibility(Number(item.dataset.series), !away.has(nameOf(item)));
  chart.update();
  press(figure);
});
// Another search, or news: what is drawn stays until its successor is there.
document.addEventListener("htmx:after:swap", () => {
  for (const id of [...described.keys()]) {
    const figure = document.getElementById(id);
    if (keyOf(figure)) press(figure);
    else described.delete(id);
  }
  watch();
});
document.addEventListener("theme:change", redrawAll);
DARK.addEventListener("change", redrawAll);
PHONE.addEventListener("change", redrawAll);
watch();
