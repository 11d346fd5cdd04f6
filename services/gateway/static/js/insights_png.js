// Keeps a chart as a picture that explains itself: with its title, its sentence, its series and where
// it comes from.

const MARGIN = 24;
const LINE = 20;

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-png]");
  if (!button) return;
  const figure = document.getElementById(button.dataset.png);
  picture(figure).toBlob((blob) => save(blob, figure.dataset.file), "image/png");
});

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

function picture(figure) {
  const chart = figure.querySelector("canvas");
  const style = getComputedStyle(figure);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = chart;
  const small = `13px ${style.fontFamily}`;
  pen.font = small;
  const lines = wrapped(pen, figure.querySelector("[data-reading]").textContent, width);
  const items = [...figure.querySelectorAll("[data-series][aria-pressed=true]")];
  const legend = rows(pen, items, width);
  const top = MARGIN + 26 + (lines.length + legend.length) * LINE + 10;

  const scale = chart.width / width;
  canvas.width = (width + 2 * MARGIN) * scale;
  canvas.height = (top + height + 2 * MARGIN) * scale;
  pen.scale(scale, scale);
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.textBaseline = "top";
  pen.fillStyle = style.color;
  pen.font = `650 18px ${style.fontFamily}`;
  pen.fillText(figure.querySelector("[data-title]").textContent, MARGIN, MARGIN);
  const muted = getComputedStyle(figure.querySelector("[data-reading]")).color;
  pen.font = small;
  pen.fillStyle = muted;
  lines.forEach((line, place) => pen.fillText(line, MARGIN, MARGIN + 26 + place * LINE));
  legend.forEach((row, place) => {
    for (const { item, x } of row) {
      const y = MARGIN + 26 + (lines.length + place) * LINE + 6;
      pen.fillStyle = getComputedStyle(item).color;
      pen.fillRect(MARGIN + x, y + 2, 9, 9);
      pen.fillStyle = style.color;
      pen.fillText(item.textContent.trim(), MARGIN + x + 14, y);
    }
  });
  pen.drawImage(chart, MARGIN, top, width, height);
  pen.fillStyle = muted;
  pen.fillText(`${location.origin}${location.pathname}${location.search}`, MARGIN, top + height + MARGIN / 2, width);
  return canvas;
}

function wrapped(pen, text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (pen.measureText(longer).width > width && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function rows(pen, items, width) {
  const rows = [[]];
  let x = 0;
  for (const item of items) {
    const needed = pen.measureText(item.textContent.trim()).width + 32;
    if (x + needed > width && rows.at(-1).length) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1).push({ item, x });
    x += needed;
  }
  return rows;
}
