// What happens, as it happens: one stream for the whole page, while somebody looks at it. A browser has few connections for one server,
// and a user few streams: pages in the background would take them all.

let source, wanted = false, last = "", timer;
const listeners = new Map();
const kinds = ["operation", "retry", "log", "job"];
const seconds_away = 20, seconds_refused = 30;
const back = "back";  // of this page: it looks again, and what happened meanwhile it was not told

function hand_on(kind, data) {
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

function close() {
  source?.close();
  source = undefined;
}

function open() {
  source = new EventSource(last ? `/api/v1/events?last=${last}` : "/api/v1/events");
  for (const kind of kinds) source.addEventListener(kind, (event) => { last = event.lastEventId; hand_on(kind, JSON.parse(event.data)); });
  // What is refused, the browser does not ask again.
  source.addEventListener("error", () => { if (source?.readyState === EventSource.CLOSED) { close(); again_in(seconds_refused); } });
}

function again_in(seconds) {
  clearTimeout(timer);
  timer = setTimeout(come_back, seconds * 1000);
}

function come_back() {
  if (!wanted || source || document.hidden) return;
  open();
  hand_on(back);
}

function turn() {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(close, seconds_away * 1000);
  else come_back();
}

export function listen() {
  if (wanted) return;
  wanted = true;
  for (const kind of ["pointerdown", "pointerup", "pointercancel"]) document.addEventListener(kind, pressing, true);
  document.addEventListener("visibilitychange", turn);
  open();
}

export function stop_listening() {
  wanted = false;
  document.removeEventListener("visibilitychange", turn);
  clearTimeout(timer);
  close();
}

/// Calls back for each event of the kind; the answer ends it.
export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  return () => listeners.get(kind).delete(listener);
}

let pressed = false;
const pressing = (event) => { pressed = event.type === "pointerdown"; };

/// Resolves when nothing is being pressed: what is drawn anew is not taken from under a finger, and no click is lost. Not for
/// ever: of a button that is let go elsewhere the page may not hear.
export async function hands_off() {
  for (let turns = 0; pressed && turns < 60; turns += 1) await new Promise((resolve) => setTimeout(resolve, 50));
}

/// The action again every so many seconds while somebody looks; the answer ends it.
export function refresh_every(seconds, action) {
  const timer = setInterval(() => { if (!document.hidden) void action(); }, seconds * 1000);
  return () => clearInterval(timer);
}

/// The action again after things happened, at most every `seconds`; the answer ends it.
export function refresh_on(kind, action, seconds = 1) {
  let timer;
  const soon = () => { timer ??= setTimeout(() => { timer = undefined; void action(); }, seconds * 1000); };
  const ends = [on(kind, soon), on(back, soon)];
  return () => { for (const end of ends) end(); clearTimeout(timer); };
}
