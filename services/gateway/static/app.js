// Keeps the page as it stands on the bus. The server renders; this fetches what it rendered anew and
// changes only what differs, so that nothing the reader looks at moves or closes.

const REFRESH_MS = 300;
const RECONNECT_MS = 3000;

const live = document.getElementById("live");
const connection = document.getElementById("connection");
const announcement = document.getElementById("announcement");
let since = live.dataset.since;
let refreshing = null;

function connect() {
  const query = new URLSearchParams({ since });
  if (live.dataset.board) query.set("board", live.dataset.board);
  const source = new EventSource(`/api/v1/events?${query}`);
  source.onopen = () => show("live", "Live");
  source.onerror = () => {
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
    const chips = element.parentElement.querySelectorAll("[data-task-id]");
    let title = progress.task ?? "";
    for (const chip of chips) {
      const current = chip.dataset.taskId === progress.task;
      chip.toggleAttribute("aria-current", current);
      if (current) {
        chip.setAttribute("aria-current", "step");
        title = chip.dataset.title;
      }
    }
    element.querySelector("[data-phase]").textContent = progress.phase;
    element.querySelector("[data-task]").textContent = title;
    element.querySelector("[data-amount]").textContent = amount(progress);
    const bar = element.querySelector("progress");
    if (progress.total) {
      bar.max = progress.total;
      bar.value = progress.done;
    } else {
      bar.removeAttribute("value");
    }
  }
}

function amount({ phase, done, total }) {
  if (!total) return "";
  if (phase !== "downloading") return `${done} of ${total}`;
  return `${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
}

function refreshSoon() {
  refreshing ??= setTimeout(async () => {
    refreshing = null;
    const fragments = [...document.querySelectorAll("[data-fragment]")];
    if (!fragments.length) return location.reload();
    await Promise.all(fragments.map(refresh));
  }, REFRESH_MS);
}

async function refresh(element) {
  const response = await fetch(element.dataset.fragment);
  if (!response.ok) return;
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
