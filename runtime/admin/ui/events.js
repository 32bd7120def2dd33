// What happens, as it happens: one stream for the whole page.

let source;
const listeners = new Map();
const kinds = ["operation", "retry", "log", "job"];

function hand_on(kind, data) {
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

export function listen() {
  if (source) return;
  source = new EventSource("/api/v1/events");
  for (const kind of ["pointerdown", "pointerup", "pointercancel"]) document.addEventListener(kind, pressing, true);
  for (const kind of kinds) source.addEventListener(kind, (event) => hand_on(kind, JSON.parse(event.data)));
}

export function stop_listening() {
  source?.close();
  source = undefined;
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
  const end = on(kind, () => { timer ??= setTimeout(() => { timer = undefined; void action(); }, seconds * 1000); });
  return () => { end(); clearTimeout(timer); };
}
