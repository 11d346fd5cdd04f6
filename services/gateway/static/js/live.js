// One event stream per visible page. It says what has changed; parts of the page that follow that
// (`ui.live(...)` in the templates) fetch themselves again. Tabs in the background hold no
// connection: a browser has only six for all of them.

const RECONNECT_MS = 3000;
const BUSY_MS = 100;
const FOLLOWING = '[hx-trigger^="live:"], [data-reload-when]';

let source = null;
let since = document.body.dataset.since;
let changedAt = null;
const outstanding = new Set();
let waiting = false;

function connect() {
  if (source || document.hidden || !document.querySelector(FOLLOWING)) return;
  const query = new URLSearchParams({ since });
  if (document.body.dataset.board) query.set("board", document.body.dataset.board);
  source = new EventSource(`/live?${query}`);
  source.onopen = () => show("live");
  source.onerror = () => {
    show("lost");
    // After an answer that is no stream, the browser gives up for good.
    if (source.readyState === EventSource.CLOSED) {
      disconnect();
      setTimeout(connect, RECONNECT_MS);
    }
  };
  source.addEventListener("changed", ({ data, lastEventId }) => {
    const { topics, said } = JSON.parse(data);
    since = lastEventId;
    changedAt = Date.now();
    show("live");
    if (said) document.getElementById("announcement").textContent = said;
    for (const topic of topics) outstanding.add(topic);
    tell();
  });
  source.addEventListener("validation", ({ data }) => {
    outstanding.add(`validation-${JSON.parse(data).sid}`);
    tell();
  });
  source.addEventListener("progress", ({ data }) => {
    document.dispatchEvent(new CustomEvent("live:progress", { detail: JSON.parse(data) }));
  });
}

function disconnect() {
  source?.close();
  source = null;
}

// An answer on its way may be older than the news, so the next question waits for it.
function tell() {
  if (waiting) return;
  if (document.querySelector(".htmx-request")) {
    waiting = true;
    setTimeout(() => {
      waiting = false;
      tell();
    }, BUSY_MS);
    return;
  }
  for (const topic of outstanding) {
    if (document.querySelector(`[data-reload-when="${topic}"]`)) location.reload();
    document.body.dispatchEvent(new CustomEvent(`live:${topic}`));
  }
  outstanding.clear();
}

function show(state) {
  const connection = document.getElementById("connection");
  if (!connection) return;
  connection.dataset.state = state;
  connection.querySelector("[data-label]").textContent = state === "live" ? upToDate() : "Reconnecting";
}

function upToDate() {
  if (!changedAt) return "Live";
  const seconds = Math.round((Date.now() - changedAt) / 1000);
  if (seconds < 60) return `Updated ${seconds} s ago`;
  if (seconds < 3600) return `Updated ${Math.floor(seconds / 60)} min ago`;
  return "Live";
}

setInterval(() => source?.readyState === EventSource.OPEN && show("live"), 1000);
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
// A page that comes back from the browser's cache has lost its connection.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  disconnect();
  connect();
});
// The gateway that answers has to know at least as much as the one that sent the news.
document.addEventListener("htmx:config:request", ({ detail }) => {
  detail.ctx.request.headers["Podium-At"] = since;
});
connect();
