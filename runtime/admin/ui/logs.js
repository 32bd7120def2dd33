// The daemon's log: its last lines, and then live.
import { get } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { hands_off, on, refresh_on } from "./events.js";
import { filter_form } from "./filters.js";
import { clock, counted } from "./format.js";
import { button, card, download, empty, head, toast } from "./view.js";

const most = 500;
let kept = [];
on("log", (line) => {
  kept.push(line);
  if (kept.length > most) kept.shift();
});

/// Those that the daemon has, and those that came while it was asked.
async function load() {
  const { lines } = await get("/api/v1/log");
  const had = new Set(lines);
  kept = [...lines, ...kept.filter((line) => !had.has(line) && later(line, lines.at(-1)))].slice(-most);
}

const later = (line, than) => than === undefined || time_of(line) >= time_of(than);
const time_of = (line) => /"time":"([^"]+)"/.exec(line)?.[1] ?? "";

function row(line) {
  let one;
  try { one = JSON.parse(line); } catch { return h("div", {}, line); }
  const more = Object.entries(one).filter(([name, value]) => value !== "" && !["time", "level", "event", "message"].includes(name)).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  const operation = typeof one.operation === "string" && one.operation && h("a", { href: `#/operation/${one.operation}` }, "operation");
  return h("div", { class: one.level }, clock(one.time), `  ${one.level.padEnd(5)} ${one.message}  `, h("span", { class: "dim" }, more, " "), operation);
}

const levels = ["debug", "info", "warn", "error"];

/// Of this level or worse, with the words in it.
function fits(line, { level, text }) {
  const written = /"level":"(\w+)"/.exec(line)?.[1];
  return (!level || !written || levels.indexOf(written) >= levels.indexOf(level)) && line.toLowerCase().includes((text ?? "").toLowerCase());
}

export async function logs_page(box, tools) {
  const filters = Object.fromEntries(tools.query);
  const list = h("div", { class: "log", tabindex: "0", role: "log", "aria-label": "Log" });
  let running = true;
  const shown = () => kept.filter((line) => fits(line, filters));
  const draw = () => {
    const lines = shown();
    replace(list, lines.length ? lines.map(row) : kept.length ? empty("No line fits", `${kept.length} were looked through. Take a filter away.`) : empty("Nothing was logged yet", "Lines appear here as they are written. The whole log is where the daemon's standard error goes, or in the file that `log` of tidewire.lua names."));
  };
  const toggle = button("Pause", () => { running = !running; toggle.textContent = running ? "Pause" : "Resume"; if (running) draw(); });
  const save = button("Save", () => {
    const lines = shown();
    download("log.jsonl", "application/x-ndjson", lines.map((line) => `${line}\n`).join(""));
    toast(`${counted(lines.length, "line")} saved.`);
  });
  const form = filter_form(filters, tools, draw, field("Level", select("level", [["", "all"], ["info", "info and worse"], ["warn", "warn and worse"], "error"], filters.level)), field("Search", h("input", { type: "search", name: "text", value: filters.text ?? "", placeholder: "press / to search" }), { class: "wide" }));
  replace(box, head("Log", toggle, save), form, card("", list));
  await load();
  if (!tools.current()) return;
  draw();
  list.scrollTop = list.scrollHeight;
  tools.leave(refresh_on("log", async () => {
    await hands_off();
    if (!running || !tools.current()) return;
    const at_end = list.scrollTop + list.clientHeight > list.scrollHeight - 40;
    draw();
    if (at_end) list.scrollTop = list.scrollHeight;
  }, 0.2));
}
