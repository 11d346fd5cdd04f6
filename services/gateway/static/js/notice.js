// Says when something that was asked for did not come; what was there before stays.

const SHOWN_MS = 8000;
let hiding;

function say(text) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (notice.hidden = true), SHOWN_MS);
}

const isLive = (ctx) => ctx?.sourceEvent?.type?.startsWith("live:");

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (isLive(ctx)) return;
  if (ctx.response.status === 429) say("That was a lot at once. Wait a moment, then try again.");
  else say("The server could not answer that. Reload the page to see what it says.");
});
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  // A lost connection is shown in the header.
  if (ctx && !isLive(ctx)) say("The server did not answer. Try again in a moment.");
});
