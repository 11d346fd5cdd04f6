// Keeps the page as it stands on the bus. The server renders; this fetches what it rendered anew and
// changes only what differs, so that nothing the reader looks at moves or closes.

const REFRESH_MS = 300;
const RECONNECT_MS = 3000;

const live = document.getElementById("live");
const connection = document.getElementById("connection");
const announcement = document.getElementById("announcement");
let since = live.dataset.since;
let missed = false;
let refreshing = false;
let again = false;

function connect() {
  const query = new URLSearchParams({ since });
  if (live.dataset.board) query.set("board", live.dataset.board);
  const source = new EventSource(`/api/v1/events?${query}`);
  source.onopen = () => {
    show("live", "Live");
    if (missed) refreshSoon();
    missed = false;
  };
  source.onerror = () => {
    missed = true;
    show("lost", "Reconnecting");
    // After an answer that is no stream, the browser gives up for good.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS);
  };
  for (const kind of ["reset", "request", "entry", "board", "gone"]) {
    source.addEventListener(kind, (event) => {
      since = event.lastEventId || since;
      if (kind === "entry") announce(JSON.parse(event.data));
      refreshSoon();
    });
  }
  source.addEventListener("progress", (event) => showProgress(JSON.parse(event.data)));
}

function show(state, label) {
  connection.hidden = false;
  connection.dataset.state = state;
  connection.querySelector("[data-label]").textContent = label;
}

function announce(entry) {
  if (!entry.provisional) {
    announcement.textContent = `${entry.repo_id} averages ${entry.average.toFixed(2)}.`;
  }
}

function showProgress(progress) {
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
}

function amount({ phase, done, total }) {
  if (!total) return "";
  if (phase !== "downloading") return `${done} of ${total}`;
  return `${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
}

// One refresh at a time, so that an older answer never overwrites a newer one.
async function refreshSoon() {
  again = true;
  if (refreshing) return;
  refreshing = true;
  while (again) {
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    again = false;
    const fragments = [...document.querySelectorAll("[data-fragment]")];
    if (!fragments.length) location.reload();
    await Promise.all(fragments.map(refresh));
  }
  refreshing = false;
}

async function refresh(element) {
  const address = `${element.dataset.fragment}?${new URLSearchParams({ at: since })}`;
  // A server that is away is shown by the event stream, which refreshes when it is back.
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) return;
  const fresh = element.cloneNode(false);
  fresh.innerHTML = await response.text();
  morph(element, fresh);
}

// Makes `old` equal to `fresh`. Children with an id are found again wherever they have moved to.
function morph(old, fresh) {
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  const holdsText = [...fresh.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (holdsText || !fresh.children.length) return old.replaceChildren(...fresh.childNodes);

  const named = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const alike = place && !place.id && place.tagName === child.tagName ? place : null;
    const match = child.id ? named.get(child.id) : alike;
    if (!match) {
      old.insertBefore(child, place);
      flash(child);
      continue;
    }
    if (match === place) place = place.nextElementSibling;
    else old.insertBefore(match, place);
    if (!match.isEqualNode(child)) {
      morph(match, child);
      flash(match);
    }
  }
  while (place) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}

function flash(element) {
  if (!("flash" in element.dataset)) return;
  element.classList.remove("changed");
  void element.offsetWidth; // restarts the animation
  element.classList.add("changed");
}

connect();
