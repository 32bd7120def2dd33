// Fields that wait for a person: base, left and right beside each other, decided one by one or many alike.
import { get, may, post, segment, target } from "./api.js";
import { field, h, prose, replace, select } from "./dom.js";
import { refresh_on } from "./events.js";
import { parse } from "./exact.js";
import { filter_form, mapping_field } from "./filters.js";
import { counted, moment, same, shown } from "./format.js";
import { record_link } from "./operation.js";
import { propose_rule } from "./rule.js";
import { file_gone_note } from "./verdict.js";
import { ask, banner, button, empty, head, list_foot, paged_table, table, toast } from "./view.js";

const kinds = {
  clash: "Both sides changed it", delete_update: "Deleted on one side, changed on the other", not_accepted: "The system did not take the value", unknown_outcome: "It is not known whether the write arrived",
  ping_pong: "The systems answer each other for ever", key_taken: "The key belongs to another record", ambiguous: "Several records fit",
  left_scope: "One left the scope of the mapping, the other was edited", two_links: "One record has two links",
};

/// What a person typed: JSON where it is JSON, else a text.
function typed(text, like) {
  if (typeof like === "string" && !/^[[{"]/.test(text.trim())) return text;
  try { return parse(text); } catch { return text; }
}

function side_box(name, value, base, chosen, choose) {
  const differs = base !== undefined && !same(value, base);
  return h("div", { class: `side ${chosen ? "chosen" : ""}` }, h("h3", {}, h("span", { class: `side-${name}` }, name), choose && h("label", { class: "line small" }, choose, "take this")), h("div", { class: `value ${differs ? "differs" : ""}` }, shown(value)));
}

const follows = {
  left: "Decided; the right side gets the left value.", right: "Decided; the left side gets the right value.", value: "Decided; it is being written to both sides.",
  accept: "Accepted; both sides stay as they are.", skip: "Skipped; both sides stay as they are, and it stays here, until one of them changes.",
};

const most_previews = 20;

/// What a preview is refused with where the decision itself cannot be carried out; that a system does not answer now is no reason against it.
const refusals = ["invalid", "script", "budget", "not_found"];

const side_then = (side) => (row) => (row.error || !row.then ? "" : !(side in row.then) ? row.then.writes.filter((write) => write.side === side).map((write) => write.kind).join(", ") || "as it is" : h("span", { class: same(row.then[side], row.conflict[side]) ? "dim" : "value differs" }, shown(row.then[side])));

const alike_columns = [
  { title: "Record", kind: "mono", cell: (row) => row.conflict.left_key ?? row.conflict.right_key ?? row.conflict.key }, { title: "Field", cell: (row) => row.conflict.field || "the whole record", value: (row) => row.conflict.field },
  ...[["left", "Left"], ["right", "Right"]].flatMap(([side, name]) => [
    { title: `${name} now`, kind: "value", cell: (row) => shown(row.conflict[side]), value: (row) => row.conflict[side] },
    { title: `${name} then`, kind: "value", cell: side_then(side), value: (row) => row.then?.[side] },
  ]),
  { title: "Trouble", cell: (row) => (row.error ? h("div", {}, row.error.message, row.error.hint && h("div", { class: "dim small" }, prose(row.error.hint))) : ""), value: (row) => row.error?.message },
];

/// Shows what each of those alike would have, before they are all decided; whether a person agrees.
function agreed(one, { would_resolve, previews = [] }) {
  const columns = alike_columns.filter((column) => column.title !== "Trouble" || previews.some((row) => row.error));
  const rest = would_resolve - previews.length, stuck = previews.filter((row) => row.error).length;
  return ask(`The same for ${counted(would_resolve, "conflict")}?`, {
    text: `Every open conflict of ${one.mapping} in ${one.field || "the whole record"} gets this decision${one.with ? ", and so do the fields that are won together with it" : ""}${rest > 0 ? `; these are ${previews.length} of ${would_resolve}` : ""}.`, yes: "Decide them all", wide: true,
    more: [stuck > 0 && banner("warn", `What ${stuck} of these would have cannot be told.`, "Decide them one by one, or mend what the last column says."), table("alike", columns, previews, { id: (row) => row.conflict.id, label: "What each side would have" })],
  });
}

/// `gone`: no file names its mapping any more, so that no decision would be carried out.
function conflict_card(one, done, rows, gone) {
  const decides = may("operator") && !gone;
  let method = "", asked = 0;
  const group = `conflict-${one.id}`;
  const radio = (value, label) => h("input", { type: "radio", name: group, value, "aria-label": label, disabled: !decides, on: { change: () => { method = value; draw(); } } });
  const radios = { left: radio("left", `take the left value of ${one.field}`), right: radio("right", `take the right value of ${one.field}`), value: radio("value", `type another value of ${one.field}`) };
  const choose_value = () => { radios.value.checked = true; method = "value"; draw(); };
  const input = (label, placeholder) => h("input", { "aria-label": label, placeholder, on: { input: choose_value } });
  const left_input = input(`Another value of ${one.field}`, "as the left side spells it"), right_input = input(`The right side's own spelling of ${one.field}`, "right: as mapped");
  const with_inputs = (one.with ?? []).map((name) => ({ name, like: rows.find((row) => row.link === one.link && row.field === name)?.left, input: input(`Another value of ${name}`, `${name}, as the left side spells it`) }));
  const sides = h("div", { class: "sides" }), preview = h("div", { class: "small", role: "status" }), message = h("div");
  // One value is the left side's, which the mapping turns; with the second one each side gets its own.
  const said = () => {
    if (method !== "value") return {};
    const left = typed(left_input.value, one.left);
    if (with_inputs.length > 0) return { values: Object.fromEntries([[one.field, left], ...with_inputs.filter((each) => each.input.value.trim() !== "").map((each) => [each.name, typed(each.input.value, each.like)])]), ...(right_input.value.trim() === "" ? {} : { right_values: { [one.field]: typed(right_input.value, one.right) } }) };
    return right_input.value.trim() === "" ? { value: left } : { left, right: typed(right_input.value, one.right) };
  };
  const body = () => ({ method, shown_at: one.shown_at, ...said() });
  // What each side will have is asked of the server, which knows how the mapping spells it.
  const foresee = async () => {
    const mine = ++asked;
    if (!method) return replace(preview, decides && h("span", { class: "dim" }, "Choose a side, or type another value."));
    try {
      const then = await post(`/api/v1/conflicts/${one.id}/preview`, { method, ...said() });
      if (mine !== asked) return;
      const value = (side) => h("b", { class: "mono" }, shown(then[side]));
      if (then.with) replace(preview, [[one.field, then], ...Object.entries(then.with)].map(([name, each]) => h("div", {}, `${name}: `, !("left" in each) ? "as it is" : same(each.left, each.right) ? ["both will have ", h("b", { class: "mono" }, shown(each.left))] : ["left will have ", h("b", { class: "mono" }, shown(each.left)), ", right will have ", h("b", { class: "mono" }, shown(each.right))])));
      else if (!("left" in then)) replace(preview, then.writes.length ? then.writes.map((write) => `${write.kind} on the ${write.side} side`).join(", ") : "Nothing will be written.");
      else if (same(then.left, then.right)) replace(preview, "Both sides will have ", value("left"), ".");
      else replace(preview, "Left will have ", value("left"), ", right will have ", value("right"), ".");
    } catch (error) {
      if (mine !== asked) return;
      replace(preview, banner("warn", error.message, error.hint));
      resolve.disabled = refusals.includes(error.code);
    }
  };
  let soon;
  const draw = () => {
    const base = one.base;
    replace(sides, () => [side_box("left", one.left, base?.left, method === "left", decides && radios.left), h("div", { class: "side" }, h("h3", {}, "base"), h("div", { class: "value" }, base ? (same(base.left, base.right) ? shown(base.left) : [shown(base.left), " / ", shown(base.right)]) : h("span", { class: "absent" }, "none: the two were never the same"))), side_box("right", one.right, base?.right, method === "right", decides && radios.right)]);
    resolve.disabled = !method;
    clearTimeout(soon);
    soon = setTimeout(foresee, method === "value" ? 300 : 0);
  };
  const send = async (wanted) => {
    try {
      await post(`/api/v1/conflicts/${one.id}/resolve`, wanted);
      toast(follows[wanted.method]);
      done();
    } catch (error) {
      if (error.status !== 412 || !error.problem.conflict) throw error;
      Object.assign(one, error.problem.conflict);
      method = "";
      for (const each of Object.values(radios)) each.checked = false;
      draw();
      replace(message, banner("warn", "The values changed while you were looking.", "These are the new ones; choose again."));
    }
  };
  const resolve = button("Resolve", () => send(body()), "first");
  const alike = async () => {
    if (!method) return toast("Choose first what shall hold.");
    const rule = { mapping: one.mapping, field: one.field, kind: one.kind, method, ...said() };
    replace(preview, h("progress", { "aria-label": "asking what each would have" }));
    const would = await post("/api/v1/conflicts/resolve", { ...rule, dry_run: true, previews: most_previews }).finally(foresee);
    if (!(await agreed(one, would))) return;
    const { resolved, skipped } = await post("/api/v1/conflicts/resolve", { ...rule, shown_at: would.shown_at });
    toast(`${resolved} decided${skipped ? `, ${skipped} moved or came meanwhile and wait` : ""}.`);
    done();
  };
  const element = h("article", { class: "card", data: { id: one.id } },
    h("div", { class: "head" }, h("h2", {}, one.field || "The whole record"), h("span", { class: "dim small" }, "since ", moment(one.opened_at))),
    h("p", { class: "row small" }, h("span", {}, kinds[one.kind] ?? one.kind), h("a", { href: `#/mapping/${segment(one.mapping)}` }, one.mapping), ["left", "right"].map((side) => { const key = side_key(one, side); return key !== undefined && h("span", {}, h("span", { class: `side-${side}` }, side), " ", record_link(one.mapping, key, side)); })),
    one.method && banner("info", `${one.method === "skip" ? "Skipped" : `Decided: ${one.method}`}${one.author ? ` by ${one.author}` : ""}.`, one.method === "skip" ? "It waits until one of the sides changes." : "It is being written. Another decision takes its place."),
    one.error && banner("warn", one.error.message, one.error.hint),
    one.with && h("p", { class: "small" }, `Decides ${[one.field, ...one.with].join(", ")}: they are won together, so what is said of one holds for all.`), gone && file_gone_note(one.mapping), message, sides,
    decides && h("div", { class: "row" }, h("label", { class: "line" }, radios.value, "another value"), left_input, right_input, with_inputs.map((each) => each.input)), preview,
    decides && h("div", { class: "row" }, resolve, button("The same for all alike", alike), button("Accept as different", () => send({ method: "accept", shown_at: one.shown_at })), button("Skip until it changes", () => send({ method: "skip", shown_at: one.shown_at }), "quiet"), button("Write the rule for this", () => propose_rule(one, method), "quiet")));
  draw();
  return element;
}

const side_key = (row, side) => row[`${side}_key`] ?? (row.side === side ? row.key : undefined);
const key_cell = (side) => (row) => { const key = side_key(row, side); return key === undefined ? "" : record_link(row.mapping, key, side); };

/// What goes out as CSV; `more` stands before what all have.
const columns_with = (...more) => [...more,
  { title: "Mapping", cell: (row) => row.mapping }, { title: "Field", cell: (row) => row.field || "the whole record", value: (row) => row.field },
  { title: "Left record", kind: "half", cell: key_cell("left"), value: (row) => side_key(row, "left") }, { title: "Right record", kind: "half", cell: key_cell("right"), value: (row) => side_key(row, "right") },
  { title: "Left", kind: "value", cell: (row) => shown(row.left), value: (row) => row.left }, { title: "Right", kind: "value", cell: (row) => shown(row.right), value: (row) => row.right },
];
const open_columns = columns_with({ title: "Since", value: (row) => row.opened_at }, { title: "Kind", value: (row) => row.kind }, { title: "Base left", value: (row) => row.base?.left }, { title: "Base right", value: (row) => row.base?.right });
const past_columns = [...columns_with({ title: "Closed", kind: "time", cell: (row) => moment(row.closed_at), value: (row) => row.closed_at }), { title: "Decision", cell: (row) => row.method ?? "" },
  ...[["left", "Left"], ["right", "Right"]].map(([side, name]) => ({ title: `${name} then`, kind: "value", cell: (row) => (row.decided && side in row.decided ? shown(row.decided[side]) : ""), value: (row) => row.decided?.[side] })), { title: "By", cell: (row) => row.author ?? "" }];

/// Those that are open, as cards. A card in which something was chosen stays as it is; `decided` follows a decision.
function cards(decided, mappings) {
  let made = new Map();
  return (name, columns, rows, { nothing, more, all }) => {
    const before = made;
    made = new Map(rows.map((row) => {
      const card = before.get(row.id);
      return [row.id, card && (same(card.row, row) || card.element.querySelector("input:checked")) ? card : { row, element: conflict_card(row, () => { made.delete(row.id); decided(); }, rows, mappings[row.mapping]?.file_gone) }];
    }));
    if (rows.length === 0) return h("section", { class: "card" }, nothing);
    return h("div", { class: "stack" }, [...made.values()].map((card) => card.element), h("section", { class: "card flush" }, list_foot(name, columns, rows, { more, all })));
  };
}

const none_open = () => empty("No conflict waits", "When both sides change the same field and no rule decides, it waits here. Everything else goes on meanwhile.", h("a", { href: "#/conflicts?past=1" }, "Look at past ones"));
const none_like_that = () => empty("No conflict is like that", "Widen the filters.");

export async function conflicts_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const place = h("div", { class: "stack" });
  // A key is a key of one mapping.
  const load = async (after, limit) => {
    const { conflicts, next } = await get(target("conflicts", { mapping: filters.mapping, field: filters.field, key: filters.mapping && filters.key, key_side: filters.mapping && filters.key && filters.key_side, closed: filters.past, after, limit }));
    return { rows: conflicts, next };
  };
  let list;
  const decided = () => setTimeout(() => list.reload(), 300);
  const draw = async () => {
    for (const name of ["key", "key_side"]) form.elements[name].disabled = !filters.mapping;
    form.elements.key.placeholder = filters.mapping ? "" : "pick a mapping";
    const narrow = filters.mapping || filters.field;
    if (!filters.past) return void (list = await paged_table(place, "conflicts", open_columns, load, { shape: cards(decided, mappings), nothing: narrow ? none_like_that() : none_open() }));
    const rows = h("section", { class: "card flush" });
    replace(place, rows);
    list = await paged_table(rows, "past conflicts", past_columns, load, { label: "Past conflicts", nothing: narrow ? none_like_that() : empty("No conflict was decided yet", "Who decided what, and how, is listed here once somebody did.") });
  };
  const form = filter_form(filters, tools, draw, mapping_field(mappings, filters), field("Field", h("input", { name: "field", value: filters.field ?? "" })),
    field("Key", h("input", { type: "search", name: "key", value: filters.key ?? "" })), field("Whose key", select("key_side", [["", "either side's"], "left", "right"], filters.key_side)), h("label", { class: "line" }, h("input", { type: "checkbox", name: "past", checked: !!filters.past }), "past ones"));
  replace(box, head("Conflicts"), form, place);
  await draw();
  // Not while somebody decides: what is chosen and typed must not go.
  const deciding = () => place.querySelector("input:checked, input:focus") || document.querySelector("dialog[open]");
  tools.leave(refresh_on("operation", () => (filters.past || deciding() ? undefined : list.reload()), 2));
}
