// Parts that every page uses: messages, dialogs, lists with export, what to do where there is nothing.
import { csv_of } from "./csv.js";
import { append, h, prose, replace } from "./dom.js";
import { hands_off } from "./events.js";
import { text_of } from "./exact.js";
import { count, counted } from "./format.js";

export function banner(tone, title, hint = "", ...more) {
  return h("div", { class: `banner ${tone}`, role: tone === "bad" ? "alert" : undefined }, h("b", {}, prose(title)), hint && h("p", { class: "hint small" }, prose(hint)), more);
}

/// A failure with what to do about it.
export function trouble(error) {
  return banner("bad", error.message, error.hint || "Load the page again; if it stays, look at the log of the daemon.");
}

export function empty(title, ...what_next) {
  return h("div", { class: "empty" }, h("b", {}, title), what_next.map((one) => (one instanceof Node ? one : h("p", {}, prose(one)))));
}

export function toast(text, tone = "") {
  const note = h("div", { class: `toast ${tone}` }, prose(text));
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), tone === "bad" ? 12000 : 6000);
}

/// Runs an action of a button: not twice at once, failures said.
export function act(action) {
  return async (event) => {
    event?.preventDefault?.();
    const button = event?.submitter ?? event?.currentTarget;
    if (button?.ariaDisabled === "true") return;
    // Not `disabled`: that would take the focus away from who pressed it by keyboard.
    if (button instanceof HTMLButtonElement) button.ariaDisabled = "true";
    try {
      await action(event);
    } catch (error) {
      toast(error.hint ? `${error.message} — ${error.hint}` : error.message, "bad");
    } finally {
      if (button instanceof HTMLButtonElement) button.ariaDisabled = null;
    }
  };
}

export function button(text, action, kind = "") {
  return h("button", { type: "button", class: kind, on: { click: act(action) } }, text);
}

/// Asks before something that cannot be taken back. `inputs` by name become fields, `more` is what to look at before; the answer is
/// the values, or null.
export function ask(title, { text = "", inputs = [], more = [], yes = "Do it", danger = false, wide = false } = {}) {
  return new Promise((resolve) => {
    const form = h("form", { method: "dialog", class: "stack" }, h("h2", { id: "asked" }, title), text && h("p", {}, text),
      more, inputs.map(({ label, name, ...rest }) => h("label", {}, label, h("input", { name, ...rest }))),
      h("div", { class: "row end" }, h("button", { value: "no", type: "submit", formnovalidate: true }, "Cancel"), h("button", { value: "yes", type: "submit", class: danger ? "danger" : "first" }, yes)));
    const dialog = h("dialog", { "aria-labelledby": "asked", class: wide && "wide" }, form);
    dialog.addEventListener("close", () => {
      const values = Object.fromEntries(new FormData(form));
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? values : null);
    });
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector("label input") ?? form.querySelector(".end button")).focus();
  });
}

export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/// Below a list: how many rows, those after them, and every row there is as CSV and as JSON. `columns` as of a table;
/// `more` loads the page after; `all(so_far(number))` -> { rows, whole } is what is exported where there is more than is shown.
export function list_foot(name, columns, rows, { more, all } = {}) {
  const value = (one, row) => (one.value ? one.value(row) : one.cell(row)?.textContent ?? one.cell(row));
  const exported = columns.filter((one) => one.title && !one.private);
  const csv = (every) => download(`${name}.csv`, "text/csv;charset=utf-8", csv_of([exported.map((one) => one.title), ...every.map((row) => exported.map((one) => value(one, row)))]));
  const json = (every) => download(`${name}.json`, "application/json", text_of(every, 2));
  const export_as = (write) => async () => {
    const { rows: every, whole } = more && all ? await all((so_far) => { told.textContent = `${count(so_far)} rows fetched…`; }) : { rows, whole: true };
    told.textContent = shown;
    write(every);
    toast(`${counted(every.length, "row")} exported${whole ? "" : ", the newest; narrow the filters for those before"}.`);
  };
  const shown = `${counted(rows.length, "row")}${more ? ", more to load" : ""}`, told = h("span", { class: "dim small", role: "status" }, shown);
  return h("div", { class: "foot" }, told,
    more && button("Load more", more, "quiet"), button(more ? "All as CSV" : "CSV", export_as(csv), "quiet"), button(more ? "All as JSON" : "JSON", export_as(json), "quiet"));
}

/// columns: [{ title, cell(row) -> Node or text, value(row) for export, kind: "number" | "time" | "tight" | "half", or several }]
/// `id` names the member that a row is known by when it is drawn again, or gives it; one that is `narrow` has room for its columns on
/// a phone too, where others stand below each other, those of kind "half" two in a line; the rest as of list_foot.
export function table(name, columns, rows, { nothing, more, all, label, id = "id", narrow = false } = {}) {
  if (rows.length === 0) return nothing ?? empty("Nothing here");
  const known_by = typeof id === "function" ? id : (row) => row[id] ?? "";
  const body = h("tbody", {}, rows.map((row) => h("tr", { data: { id: known_by(row) } }, columns.map((one) => h("td", { class: one.kind, data: { title: one.title } }, one.cell(row))))));
  const grid = h("table", { class: narrow ? undefined : "stacks" }, h("caption", { class: "unseen" }, label ?? name), h("thead", {}, h("tr", {}, columns.map((one) => h("th", { class: /\bnumber\b/.test(one.kind) ? "number" : undefined, scope: "col" }, one.title || h("span", { class: "unseen" }, "What can be done"))))), body);
  return h("div", {}, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label ?? name }, grid), list_foot(name, columns, rows, { more, all }));
}

const most_exported = 50000;

/// Every row of a list that comes in pages, at most `most`: { rows, whole }; `so_far` is told how many there are.
export async function every_row(load, most = most_exported, so_far = () => {}) {
  let rows = [], after = "";
  do {
    const page = await load(after, 1000);
    rows = rows.concat(page.rows);
    after = page.next;
    so_far(rows.length);
  } while (after && rows.length < most);
  return { rows: rows.slice(0, most), whole: !after && rows.length <= most };
}

const page_rows = 50;
const shown_in = new WeakMap();

/// A list that comes in pages: load(after, limit) -> { rows, next }. The answer's refresh() puts what is new before what was
/// loaded; reload() asks again for as many as are shown, for a list that rows leave. `id` as of a table; `shape` draws the
/// rows otherwise than as a table, with the same arguments.
export async function paged_table(place, name, columns, load, { id = "id", shape = table, ...options } = {}) {
  let rows = [], next;
  const mine = {};
  shown_in.set(place, mine);
  // Of a list that another one has taken the place of, no answer that comes late is drawn.
  const draw = () => shown_in.get(place) === mine && replace(place, () => shape(name, columns, rows, { ...options, id, all: (so_far) => every_row(load, most_exported, so_far), more: next ? () => page(next) : undefined }));
  const page = async (after) => {
    const found = await load(after, page_rows);
    rows = rows.concat(found.rows);
    next = found.next;
    draw();
  };
  const refresh = async () => {
    let found;
    try { found = await load("", page_rows); } catch { return; }  // what is shown stays
    await hands_off();
    const met = new Set(found.rows.map((row) => row[id]));
    const joined = rows.some((row) => met.has(row[id]));
    rows = found.rows.concat(joined ? rows.filter((row) => !met.has(row[id])) : []);
    if (!joined) next = found.next;
    draw();
  };
  const reload = async () => {
    let found;
    try { found = await load("", Math.min(1000, Math.max(1, Math.ceil(rows.length / page_rows)) * page_rows)); } catch { return; }
    await hands_off();
    ({ rows, next } = found);
    draw();
  };
  try {
    await page("");
  } catch (error) {
    if (shown_in.get(place) === mine) replace(place, trouble(error));
  }
  return { refresh, reload };
}

export function card(title, ...children) {
  return h("section", { class: "card" }, title && h("h2", {}, title), children);
}

export function head(title, ...buttons) {
  document.title = `${title} · Tidewire`;
  return h("div", { class: "head" }, h("h1", {}, title), h("div", { class: "row" }, buttons));
}

export function tabs(choices, chosen, choose) {
  const list = h("div", { class: "tabs", role: "tablist" }, choices.map(([id, text]) =>
    h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-selected": String(id === chosen), tabindex: id === chosen ? "0" : "-1", on: { click: () => choose(id) } }, text)));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = [...list.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    next.click();
  });
  return list;
}

export function figure(number, text, tone = "") {
  return h("div", { class: `figure ${tone}` }, h("b", {}, number), h("span", {}, text));
}

export function problems(list) {
  const box = h("div", { class: "stack" });
  append(box, list.map((one) => banner("bad", one.line ? `Line ${one.line}: ${one.message}` : one.message, one.hint ?? "")));
  return box;
}
