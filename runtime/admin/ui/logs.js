// The daemon's log, live.
import { h, replace } from "./dom.js";
import { on } from "./events.js";
import { button, card, empty, head } from "./view.js";

const most = 500;
const kept = [];
on("log", (line) => {
  kept.push(line);
  if (kept.length > most) kept.shift();
});

function row(line) {
  let one;
  try { one = JSON.parse(line); } catch { return h("div", {}, line); }
  const more = Object.entries(one).filter(([name]) => !["time", "level", "event", "message"].includes(name)).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  const operation = typeof one.operation === "string" && h("a", { href: `#/operation/${one.operation}` }, "operation");
  return h("div", { class: one.level }, `${new Date(one.time).toLocaleTimeString([], { hourCycle: "h23" })}  ${one.level.padEnd(5)} ${one.message}  `, h("span", { class: "dim" }, more, " "), operation);
}

export async function logs_page(box, tools) {
  const list = h("div", { class: "log", tabindex: "0", role: "log", "aria-label": "Log" });
  let running = true;
  const draw = () => replace(list, kept.length ? kept.map(row) : empty("Nothing was logged since this page was opened", "Lines appear here as they are written. The whole log is where the daemon's standard error goes."));
  const toggle = button("Hold", () => { running = !running; toggle.textContent = running ? "Hold" : "Go on"; if (running) draw(); });
  replace(box, head("Log", toggle), card("", list));
  draw();
  tools.leave(on("log", () => {
    if (!running) return;
    const at_end = list.scrollTop + list.clientHeight > list.scrollHeight - 40;
    draw();
    if (at_end) list.scrollTop = list.scrollHeight;
  }));
}
