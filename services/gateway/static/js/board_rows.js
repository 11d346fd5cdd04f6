// Rows come as one scrolls, and those far above make room for them: the page never holds more than a
// few hundred. They come in pages of the server, told apart by their cursors.

const MOST_PAGES = 4;
const AHEAD_PX = 1600;
const AT_ONCE = 17; // rows: so many are laid out within a frame

const table = () => document.getElementById("table");
const body = () => document.getElementById("ranked");
let pages = []; // addresses and heights, from the first row on
let first = 0; // of the pages that are here
let busy = false;
let swaps = 0; // of the whole table

function begin() {
  pages = body() ? [{ address: location.pathname + location.search, count: body().rows.length, height: 0 }] : [];
  first = 0;
  makeRoom();
}

// What is scrolled past keeps its height.
const above = () => pages.slice(0, first).reduce((sum, page) => sum + page.height, 0);

function makeRoom() {
  const room = document.querySelector("#above td");
  if (room) room.style.height = `${above()}px`;
}

async function rowsOf(address) {
  const headers = { "HX-Request-Type": "partial", "HX-Target": "tbody#ranked", Accept: "text/html" };
  const answer = await fetch(address, { headers });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return template.content.querySelector("tbody");
}

function newRows(came) {
  const here = new Set([...body().rows].map((row) => row.id));
  return [...came.rows].filter((row) => !here.has(row.id));
}

async function takeNext() {
  const address = body().dataset.next;
  const came = await rowsOf(address);
  if (body()?.dataset.next !== address) return;
  const count = came.rows.length;
  const rows = newRows(came);
  const before = swaps;
  if (pages.length - first === MOST_PAGES) leaveFirst();
  do {
    await new Promise(requestAnimationFrame);
    if (swaps !== before) return; // and what has come instead knows of no such page
    body().append(...rows.splice(0, AT_ONCE));
  } while (rows.length);
  pages.push({ address, count, height: 0 });
  if (came.dataset.next) body().dataset.next = came.dataset.next;
  else delete body().dataset.next;
}

function leaveFirst() {
  const left = pages[first];
  const rows = [...body().rows].slice(0, left.count);
  left.height = rows.reduce((sum, row) => sum + row.offsetHeight, 0);
  for (const row of rows) row.remove();
  first += 1;
  makeRoom();
}

async function takeBack() {
  const page = pages[first - 1];
  const came = await rowsOf(page.address);
  if (pages[first - 1] !== page) return;
  body().prepend(...newRows(came));
  first -= 1;
  makeRoom();
  if (pages.length - first > MOST_PAGES) leaveLast();
}

function leaveLast() {
  const left = pages.pop();
  for (const row of [...body().rows].slice(-left.count)) row.remove();
  body().dataset.next = left.address;
}

async function look() {
  const box = document.getElementById("rows");
  if (busy || !box || !body()) return;
  const below = box.scrollHeight - box.scrollTop - box.clientHeight;
  const wanted = body().dataset.next && below < AHEAD_PX ? takeNext : first && box.scrollTop - above() < AHEAD_PX ? takeBack : null;
  if (!wanted) return;
  busy = true;
  try {
    await wanted();
  } catch {
    return; // The next scroll tries again; a lost connection is shown in the header.
  } finally {
    busy = false;
  }
  look();
}

// What is read stays where it is when rows come in or go above it. Browsers do that for some changes,
// and not all of them.
let reading = null;

document.addEventListener("htmx:before:swap", ({ defaultPrevented, detail: { ctx } }) => {
  const box = document.getElementById("rows");
  if (defaultPrevented || ctx.sourceElement !== table() || !box?.scrollTop || !body()) return;
  const row = [...body().rows].find((one) => one.offsetTop + one.offsetHeight > box.scrollTop + box.clientHeight / 2);
  reading = row && { id: row.id, top: row.getBoundingClientRect().top };
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.target === table()) swaps += 1;
  makeRoom();
  const row = reading && document.getElementById(reading.id);
  if (row) document.getElementById("rows").scrollTop += row.getBoundingClientRect().top - reading.top;
  reading = null;
});

// A refresh is for the rows that are here.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement !== table() || pages.length < 2) return;
  const address = new URL(pages[first].address, location.href);
  const count = pages.slice(first).reduce((sum, page) => sum + page.count, 0);
  address.searchParams.set("limit", count);
  ctx.request.action = address.pathname + address.search;
});

document.addEventListener("board:change", ({ detail: { isLive } }) => {
  if (isLive && pages.length) {
    // It may have been asked for before the last page came.
    if (pages.length > first + 1 && pages.at(-1).address === body()?.dataset.next) pages.pop();
    return;
  }
  begin();
  document.getElementById("rows")?.scrollTo({ top: 0 });
});
document.addEventListener("scroll", ({ target }) => target.id === "rows" && look(), { capture: true, passive: true });
begin();
