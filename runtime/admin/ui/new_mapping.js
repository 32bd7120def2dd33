// A new mapping: two collections, their fields matched with the reason, a trial on twenty records, a file.
import { get, may, post, segment } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { writes_table } from "./editor.js";
import { counted } from "./format.js";
import { act, ask, banner, button, card, empty, head, problems, table, toast } from "./view.js";

const rules = [["newest", "the later edit"], ["left", "the left side"], ["right", "the right side"], ["manual", "a person decides"], ["max", "the greater"], ["min", "the smaller"], ["nonempty", "who has something"], ["merge", "both, inside lists and objects"]];

/// Connection and collection of one side; what the system lists is offered, what it does not list can be typed.
function end_inputs(side, names, chosen, changed) {
  const connection = select(`${side}-connection`, names, chosen.connection);
  const list = h("datalist", { id: `${side}-collections` }), note = h("span", { class: "dim small", role: "status" });
  const collection = h("input", { name: `${side}-collection`, list: list.id, required: true, value: chosen.collection ?? "", autocomplete: "off", placeholder: "doctype, table or model" });
  let known = [];
  const load = async () => {
    replace(note, "asking what is there…");
    try {
      ({ collections: known } = await get(`/api/v1/connections/${segment(connection.value)}/collections`));
      replace(list, known.map((one) => h("option", { value: one.name }, one.label ?? "")));
      replace(note, known.length ? `${known.length} to choose from` : "it does not list them: type the name");
    } catch (error) { replace(note, `it does not list them: ${error.message}`); }
  };
  connection.addEventListener("change", act(async () => { collection.value = ""; changed(); await load(); }));
  collection.addEventListener("change", changed);
  void load();
  return {
    element: h("fieldset", {}, h("legend", {}, h("span", { class: `side-${side}` }, side)), h("div", { class: "form" }, field("Connection", connection), field("Collection", [collection, list, note], { class: "wide" }))),
    value: () => ({ connection: connection.value, collection: collection.value.trim(), ...(known.find((one) => one.name === collection.value.trim())?.word ? { word: known.find((one) => one.name === collection.value.trim()).word } : {}) }),
  };
}

const told = (transform) => (transform?.self ? "t.ref to itself" : transform?.ref ? `t.ref "${transform.ref}"` : transform?.enum ? "t.enum" : transform?.word ? `t.${transform.word}` : "");

/// The pairs as a person chose them, beside what was proposed.
class Choice {
  constructor(found) {
    this.found = found;
    this.rows = found.pairs.map((one) => ({ ...one, taken: !one.waits }));
    this.constants = [];
    this.match = found.match ? `${found.match.left}\n${found.match.right}` : "";
    this.stamp = {};  // by side, the field that takes the key of the other: where all are new, a record is found again by it
  }
  /// Sides that records are made on.
  made() { return { both: ["left", "right"], left_to_right: ["right"], right_to_left: ["left"] }[this.found.direction] ?? ["left", "right"]; }
  spare(side) { return this.left_out(side).filter((one) => /^text\b/.test(one.type) && !one.read_only).map((one) => one.name); }
  /// Sides that have no field yet for the key of the other, where one is needed.
  unstamped() { return this.match ? [] : this.made().filter((side) => !this.spare(side).includes(this.stamp[side])); }
  fields() { return this.rows.filter((one) => one.taken).map(({ left, right, transform, only }) => ({ left, right, ...(transform ? { transform } : {}), ...(only ? { only } : {}) })); }
  left_out(side) {
    const used = new Set(this.rows.filter((one) => one.taken).map((one) => one[side]));
    const dropped = this.rows.filter((one) => !one.taken).map((one) => ({ name: one[side], type: one[`${side}_type`], required: one.required }));
    return [...this.found[`${side}_only`], ...dropped].filter((one) => !used.has(one.name));
  }
  body(strategy) {
    const [left, right] = this.match.split("\n");
    return { ...strategy, fields: this.fields(), match: right ? { left, right, fold: /mail/i.test(left + right) } : {}, ...(right ? {} : { stamp: Object.fromEntries(this.made().filter((side) => !this.unstamped().includes(side)).map((side) => [side, this.stamp[side]])) }), constants: this.constants.filter((one) => one.value !== "") };
  }
}

function pairs_table(choice, changed) {
  return table("pairs", [
    { title: "Take", private: true, kind: "tight", cell: (row) => h("input", { type: "checkbox", "aria-label": `take ${row.left} and ${row.right}`, checked: row.taken, on: { change: (event) => { row.taken = event.target.checked; changed(); } } }) },
    { title: "Left", kind: "half", cell: (row) => h("div", {}, h("b", { class: "mono" }, row.left), h("div", { class: "dim small" }, row.left_type)), value: (row) => row.left },
    { title: "Right", kind: "half", cell: (row) => h("div", {}, h("b", { class: "mono" }, row.right), h("div", { class: "dim small" }, row.right_type)), value: (row) => row.right },
    { title: "Why", cell: (row) => h("div", {}, row.reason, told(row.transform) && h("div", {}, h("code", {}, told(row.transform)))), value: (row) => row.reason },
    { title: "Goes", kind: "tight", cell: (row) => { const goes = select(`goes-${row.left}`, [["", "both ways"], ["to_right", "to the right"], ["to_left", "to the left"]], row.only ?? ""); goes.setAttribute("aria-label", `which way ${row.left} goes`); goes.addEventListener("change", () => { row.only = goes.value; changed(); }); return goes; }, value: (row) => row.only ?? "both ways" },
    { title: "Sure", kind: "number", cell: (row) => (row.score === undefined ? "chosen" : `${row.score}\u00a0%`), value: (row) => row.score },
  ], choice.rows, { label: "Fields that belong together", nothing: empty("No two fields look alike", "Pair them yourself below.") });
}

/// Where all are new: the field of each side that takes the key of the other.
function stamp_fields(choice, changed) {
  if (choice.match) return "";
  return choice.made().map((side) => {
    const spare = choice.spare(side), other = side === "left" ? "right" : "left";
    if (spare.length === 0) return banner("warn", `The ${side} side has no text field left for the key of the ${other} one.`, "A record that was made is found again by it. Add a field there and match again, take a pair of texts out above, or say by which pair records are the same.");
    const input = select(`stamp-${side}`, [["", "choose a field"], ...spare], choice.stamp[side] ?? "");
    input.addEventListener("change", () => { choice.stamp[side] = input.value; changed(); });
    return field(`Field of the ${side} side for the key of the ${other} one`, input);
  });
}

/// What has no partner: required fields marked, and a way to give each a partner or a value.
const most_open = 12;

function left_over(choice, changed) {
  const rows = ["right", "left"].flatMap((side) => choice.left_out(side).map((one) => ({ side, ...one })));
  const pair = (row) => {
    const other = row.side === "left" ? "right" : "left";
    const input = select(`pair-${row.name}`, [["", "nothing"], ...choice.left_out(other).map((one) => one.name)], "");
    input.setAttribute("aria-label", `partner of ${row.name}`);
    input.addEventListener("change", () => {
      const partner = choice.left_out(other).find((one) => one.name === input.value);
      choice.rows = choice.rows.filter((one) => one.taken || (one.left !== row.name && one.right !== row.name && one[other] !== partner.name));
      choice.rows.push({ [row.side]: row.name, [other]: partner.name, [`${row.side}_type`]: row.type, [`${other}_type`]: partner.type, reason: "chosen by you", taken: true });
      changed();
    });
    return input;
  };
  const constant = (row) => {
    if (!row.required) return "";
    const now = choice.constants.find((one) => one.side === row.side && one.field === row.name);
    return h("input", { "aria-label": `value of ${row.name} in new records`, value: now?.value ?? "", placeholder: "a value for new ones", on: { change: (event) => { choice.constants = [...choice.constants.filter((one) => one !== now), { side: row.side, field: row.name, value: event.target.value }]; changed(); } } });
  };
  const element = table("left over", [
    { title: "Side", kind: "tight", cell: (row) => h("span", { class: `side-${row.side}` }, row.side), value: (row) => row.side }, { title: "Field", cell: (row) => h("div", {}, h("b", { class: "mono" }, row.name), row.required && [" ", h("span", { class: "chip warn" }, "required")]), value: (row) => row.name },
    { title: "Type", cell: (row) => row.type ?? "" }, { title: "Goes with", private: true, cell: pair }, { title: "Value where it is made", private: true, cell: constant },
  ], rows, { label: "Fields without a partner", nothing: empty("Every field has its partner") });
  return h("details", { open: rows.some((one) => one.required) || rows.length <= most_open }, h("summary", {}, `${counted(rows.length, "field")} without a partner`), element);
}

export async function new_mapping_page(box, tools) {
  const { connections } = await get("/api/v1/connections");
  if (!tools.current()) return;
  const names = connections.map((one) => one.name);
  if (names.length < 2) return replace(box, head("New mapping"), h("section", { class: "card" }, empty(names.length ? "One connection only" : "No connection yet", "A mapping stands between two systems: add the other one first.", h("a", { class: "button", href: "#/connections/new" }, "New connection"))));
  const chosen = tools.query, second = h("div", { class: "stack" }), third = h("div", { class: "stack", role: "status" });
  let choice, area, source_of = "";
  const forget = () => { choice = undefined; replace(second); replace(third); };
  const left = end_inputs("left", names, { connection: chosen.get("left") ?? names[0], collection: chosen.get("left_collection") }, forget);
  const right = end_inputs("right", names, { connection: chosen.get("right") ?? names.find((one) => one !== names[0]), collection: chosen.get("right_collection") }, forget);
  const direction = select("direction", [["both", "both ways"], ["left_to_right", "left to right"], ["right_to_left", "right to left"]], "both");
  const conflict = select("conflict", rules, "newest"), called = h("input", { name: "name", required: true, pattern: "[A-Za-z0-9_\\-]+", maxlength: "100" }), match = select("match", [["", "nothing: all are new"]], "");
  const ends = () => ({ left: left.value(), right: right.value() });
  const suggest = (more = {}) => post("/api/v1/mapping-suggestions", { ...ends(), direction: direction.value, ...more });

  async function find() {
    if (!first.reportValidity()) return;
    replace(second, h("progress", { "aria-label": "asking both systems" }));
    replace(third);
    try { choice = new Choice(await suggest()); } catch (error) { return replace(second, banner("bad", error.message, error.hint || "Are the names right, and may the keys see them?")); }
    called.value = choice.found.name;
    area = h("textarea", { rows: "18", spellcheck: "false", "aria-label": "The file", value: choice.found.source });
    source_of = choice.found.source;
    draw();
  }

  // Several changes may be asked about at once: the answer to the last one holds, and nothing is saved before it is there.
  let asked = 0, writing;
  const write = () => (writing = write_anew());
  async function write_anew() {
    const mine = ++asked;
    const typed = area.value !== source_of && area.value;
    const { source } = await suggest({ name: called.value, ...choice.body({ conflict: conflict.value, direction: direction.value }) });
    if (mine !== asked) return;
    if (typed && !(await ask("Write the file anew?", { text: "What you typed into the file is replaced by what is chosen above.", yes: "Write it anew" }))) return;
    area.value = source_of = source;
    replace(third);
  }

  const changed = act(async () => { draw(); await write(); });
  function draw() {
    replace(match, [["", "nothing: all are new"], ...choice.fields().map((one) => [`${one.left}\n${one.right}`, `${one.left} = ${one.right}`])].map(([value, text]) => h("option", { value, selected: value === choice.match }, text)));
    const required = ["left", "right"].flatMap((side) => choice.left_out(side).filter((one) => one.required && !choice.constants.some((each) => each.side === side && each.field === one.name && each.value !== "")).map((one) => `${one.name} (${side})`));
    const closed = !second.querySelector("#the-file")?.open;
    const { nothing, warnings } = choice.found, unstamped = nothing ? [] : choice.unstamped();
    replace(second, nothing && banner("bad", "No mapping can be made of these two as they are.", `${nothing}.`), warnings.filter((one) => one !== nothing).map((one) => banner("warn", one)), required.length > 0 && banner("warn", `Required, and without a partner: ${required.join(", ")}`, "Give each a partner or a value, or new records are refused there."),
      h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Fields that belong together")), pairs_table(choice, changed)), card("", left_over(choice, changed)),
      card("How they are kept the same", h("form", { class: "form", on: { submit: (event) => event.preventDefault() } }, field("Name of the mapping", called), field("Records are the same where", match), stamp_fields(choice, changed), field("When both sides changed a field", conflict))),
      card("", h("details", { id: "the-file", open: !closed }, h("summary", {}, `mappings/${called.value || "NAME"}.lua`), area), unstamped.length > 0 && banner("info", "It does not load yet.", `Where all are new, ${unstamped.length > 1 ? "each side needs a field" : `the ${unstamped[0]} side needs a field`} for the key of the other one, above: by it a record is found again whose making was not answered.`),
        !nothing && h("div", { class: "row" }, button("Preview 20 records", preview, "first"), may("admin") && button("Save, paused", () => save(false)), may("admin") && button("Save and start", () => save(true)))));
  }
  match.addEventListener("change", act(async () => { choice.match = match.value; draw(); await write(); }));
  for (const one of [conflict, called]) one.addEventListener("change", act(async () => { draw(); await write(); }));
  direction.addEventListener("change", act(async () => { if (choice) await find(); }));

  async function preview() {
    replace(third, h("p", { class: "dim" }, "Reading both sides…"), h("progress", { "aria-label": "under way" }));
    let tried;
    try { tried = await post("/api/v1/mapping-drafts", { name: called.value, source: area.value, dry_run: 20 }); } catch (error) { return replace(third, banner("bad", error.message, error.hint)); }
    if (!tried.ok) return replace(third, problems(tried.problems));
    replace(third, banner("good", "It loads. Nothing was written.", `${counted(tried.looked_at, "record was", "records were")} looked at.`), h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "What it would write")), writes_table(tried)));
    third.scrollIntoView({ block: "nearest" });
  }

  async function save(enabled) {
    if (!called.reportValidity()) return;
    await writing;
    try { await post("/api/v1/mappings", { name: called.value, source: area.value, enabled }); } catch (error) { return replace(third, banner("bad", error.message, error.hint)); }
    toast(enabled ? "Saved and at work." : "Saved. It takes nothing until you resume it.");
    location.hash = `#/mapping/${segment(called.value)}${enabled ? "" : "?tab=work"}`;
  }

  const first = h("form", { class: "stack", on: { submit: act(find) } }, left.element, right.element, h("div", { class: "form" }, field("Changes go", direction)), h("div", { class: "row" }, h("button", { class: "first", type: "submit" }, "Match the fields")));
  replace(box, head("New mapping"), card("", first), second, third);
  if (chosen.get("left_collection") && chosen.get("right_collection")) await find();
}
