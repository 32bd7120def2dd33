// One record: both sides as they are now, what they agreed on, why each field has its value, its history, and what can be done.
import { get, segment, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { filter_form } from "./filters.js";
import { chip, counted, moment, same, shown, told as told_of, words } from "./format.js";
import { conflict_link, named_record, record_link } from "./links.js";
import { operation_columns } from "./operations.js";
import { acts, field_act, forget_act } from "./record_acts.js";
import { file_gone_note, unknown_of } from "./verdict.js";
import { banner, empty, head, paged_table, table, trouble } from "./view.js";

/// The value of a side now, marked where it is not what was agreed on.
function now_cell(value, agreed, known) {
  if (!known) return h("span", { class: "absent" }, "not asked");
  return h("span", { class: `value ${agreed !== undefined && !same(value, agreed) ? "differs" : ""}` }, shown(value));
}

function agreed_cell(row) {
  if (row.left === undefined && row.right === undefined) return h("span", { class: "absent" }, "nothing yet");
  return same(row.left, row.right) ? shown(row.left) : h("div", {}, h("div", {}, h("span", { class: "side-left small" }, "left "), shown(row.left)), h("div", {}, h("span", { class: "side-right small" }, "right "), shown(row.right)));
}

// Without its name, which the first column has, and the operation, which is a link below.
const shorter = (row) => row.text.replace(`${row.field}: `, "").replace(/ Operation [0-9a-f-]{36}\.$/, "");

function fields_table(named, told, now, { ignored, waiting }, draw) {
  const why = (row) => (waiting.has(row.field) ? "in conflict: it waits for a person" : row.rule ?? row.decision ?? (told.link === undefined ? "not linked yet" : "since it was linked"));
  const fields = now?.record?.fields ?? {};
  return table("record", [
    { title: "Field", kind: "tight", cell: (row) => h("div", {}, h("b", {}, row.field.replace(">", " → ")), ignored.has(row.field) && [" ", chip("ignored")]), value: (row) => row.field },
    { title: "Left now", kind: "value", cell: (row) => now_cell(fields[row.field]?.left, row.left, fields[row.field]), value: (row) => fields[row.field]?.left },
    { title: "Agreed on", kind: "value", cell: agreed_cell, value: (row) => row.left },
    { title: "Right now", kind: "value", cell: (row) => now_cell(fields[row.field]?.right, row.right, fields[row.field]), value: (row) => fields[row.field]?.right },
    { title: "Why", kind: "text", cell: (row) => h("details", {}, h("summary", {}, why(row), row.author && h("span", { class: "dim small" }, ` by ${row.author}`)), h("p", { class: "small" }, told_of(shorter(row))), row.operation && h("a", { class: "small", href: `#/operation/${row.operation}` }, "The operation that decided it")), value: (row) => row.text },
    { title: "", private: true, kind: "tight", cell: (row) => told.link !== undefined && field_act(named, row.field, ignored.has(row.field), draw) },
  ], told.fields, { label: "Each field with its value on both sides", nothing: empty("Its fields are not known", "The record is linked to nothing: look whether the key is right, or make it level, which links it where the mapping finds its partner.") });
}

const history_of = (place, filters, nothing) => paged_table(place, "history", operation_columns, async (after, limit) => {
  const answer = await get(target("operations", { ...filters, limit, after }));
  return { rows: answer.operations, next: answer.next };
}, { label: "History", nothing });

async function show(place, named, tools, of) {
  if (of?.file_gone) return show_kept(place, named, tools);
  const draw = () => show(place, named, tools, of).catch((error) => replace(place, trouble(error)));
  const { mapping, key } = named;
  const asked = { mapping, key, side: named.side };
  const told = await get(target("explain", asked));
  // Both sides may have a key of that name: what is asked for beside it is of the side that was told of.
  const history = { mapping, key, key_side: told.side };
  const [{ operations }, { links }, { conflicts }, { keys }] = await Promise.all([get(target("operations", { ...history, limit: 1 })), get(target("links", { mapping, key, limit: 5 })), get(target("conflicts", history)), get(target("dead-letters", { mapping, key }))]);
  if (!tools.current()) return;
  const link = links.find((one) => one.id === told.link);
  const of_it = (one) => (one.link !== undefined ? one.link === told.link : one.key === (told[`${one.side}_key`] ?? (one.side === told.side ? key : undefined)));
  const waiting = conflicts.filter(of_it), standing = keys.filter((one) => of_it(one) && one.state !== "waiting");
  const known = told.state !== "unknown" || operations.length > 0 || standing.length > 0;
  const work = h("div", { class: "stack", role: "status" }), done_with_it = h("div"), fields = h("section", { class: "card flush" }), note = h("p", { class: "dim small under" }, "Asking both systems what they have now…");
  const key_of = (side) => told[`${side}_key`] ?? (known && told.link === undefined && told.side === side ? key : "–");
  const about = { left_key: told.left_key, right_key: told.right_key, state: told.state, linked: told.link !== undefined, known };
  const marks = { ignored: new Set(link?.ignored ?? []), waiting: new Set(waiting.map((one) => one.field)) };
  const draw_fields = (now) => replace(fields, h("div", { class: "head" }, h("h2", {}, "Both sides, and why")), note, fields_table(asked, told, now, marks, draw));
  draw_fields();
  replace(place,
    h("section", { class: "card" }, h("div", { class: "row" }, h("span", {}, h("span", { class: "side-left" }, "left "), h("b", { class: "mono" }, key_of("left"))), h("span", { "aria-hidden": "true" }, "↔"), h("span", {}, h("span", { class: "side-right" }, "right "), h("b", { class: "mono" }, key_of("right"))), chip(told.state === "live" ? "linked" : told.state === "unknown" ? "not linked" : told.state)), h("p", { class: "dim small" }, told_of(told.text)), told.origin && h("p", { class: "dim small" }, told_of(told.origin)),
      of && (of.paused || of.held_for) && banner("warn", `${mapping} is ${unknown_of(of)}`),
      standing.map((one) => banner("warn", one.state === "backing_off" ? `The ${one.side} key failed and is tried again` : `The ${one.side} key stands: ${words(one.state)}`, one.parent ? "" : one.error?.message ?? "", one.parent && h("p", { class: "hint small" }, "Its parent ", named_record(one.parent), " has no link yet."), one.state === "backing_off" && h("span", { class: "small" }, `tried ${one.attempts === 1 ? "once" : `${one.attempts} times`}, again `, moment(one.due_at)), h("div", { class: "row small" }, one.operation && h("a", { href: `#/operation/${one.operation}` }, "What was said to the systems"), one.state !== "conflict" && h("a", { href: `#/dead-letters?mapping=${segment(mapping)}&key=${segment(one.key)}` }, one.state === "waiting_for" ? "Discard" : "Retry or discard")))),
      waiting.length > 0 && banner("warn", [`${counted(waiting.length, "field waits", "fields wait")} for a person: `, waiting.flatMap((one, at) => [at > 0 && ", ", conflict_link(one)])], "", h("a", { href: waiting.length === 1 ? `#/conflicts/${waiting[0].id}` : `#/conflicts?mapping=${segment(mapping)}&key=${segment(key)}&key_side=${told.side}` }, "Decide")),
      h("div", { class: "row acts" }, acts(asked, about, work, draw)), work),
    known ? fields : h("section", { class: "card" }, empty(`Nothing is known of ${key}`, "No operation of this mapping names it. If it should be linked, make it level now: what is found is told step by step.", elsewhere(key))),
    known && h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "History")), done_with_it));
  if (!known) return;
  await history_of(done_with_it, history, empty("Nothing happened to it yet", "Its operations are listed here once it is worked off; `Make it level now` looks at it at once."));
  try {
    const now = await get(target("try", asked));
    if (!tools.current()) return;
    const what = (now.record?.writes ?? []).map((write) => `${write.kind} in ${write.connection}`).join(", ");
    replace(note, now.error ? `A look now would stop: ${now.error.message}` : what ? `A look now would: ${what}.` : "Asked just now: a look would write nothing.");
    draw_fields(now);
  } catch (error) { replace(note, `What they have now cannot be told: ${error.message}`); }
}

/// Of a mapping whose file is gone: what the state keeps of the record. Neither system is asked, and nothing can be done but to forget it.
async function show_kept(place, named, tools) {
  const { mapping, key, side } = named;
  const history = { mapping, key, key_side: side };
  const [{ links }, { conflicts }, { keys }] = await Promise.all([get(target("links", { mapping, key, limit: 5 })), get(target("conflicts", history)), get(target("dead-letters", { mapping, key }))]);
  if (!tools.current()) return;
  const link = links.find((one) => (side ? one[`${side}_key`] === key : true)), done_with_it = h("div");
  const sides = link && h("div", { class: "row" }, h("span", {}, h("span", { class: "side-left" }, "left "), h("b", { class: "mono" }, link.left_key ?? "–")), h("span", { "aria-hidden": "true" }, "↔"), h("span", {}, h("span", { class: "side-right" }, "right "), h("b", { class: "mono" }, link.right_key ?? "–")), chip(link.state === "live" ? "linked" : link.state));
  const rows = Object.entries(link?.base ?? {}).map(([field, agreed]) => ({ field, ...agreed }));
  replace(place, h("section", { class: "card" }, sides, file_gone_note(mapping), (conflicts.length > 0 || keys.length > 0) && h("p", { class: "small" }, [...conflicts.map((one) => ["in conflict: ", conflict_link(one)]), ...keys.map((one) => `the ${one.side} key stands: ${words(one.state)}`)].flatMap((one, at) => [at > 0 && "; ", one])), h("div", { class: "row acts" }, forget_act(named, () => show_kept(place, named, tools)))),
    link && h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "What both sides agreed on last")), table("record", [
      { title: "Field", kind: "tight", cell: (row) => h("b", {}, row.field.replace(">", " → ")), value: (row) => row.field }, { title: "Left", kind: "value", cell: (row) => shown(row.left), value: (row) => row.left }, { title: "Right", kind: "value", cell: (row) => shown(row.right), value: (row) => row.right },
    ], rows, { label: "What both sides agreed on last", nothing: empty("They agreed on nothing yet"), id: "field" })),
    h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "History")), done_with_it));
  await history_of(done_with_it, history, empty("Nothing is kept of it", "No operation of the state names this key."));
}

/// Where a person who has no more than a word goes on: what one side calls a record may be a value to the other.
const elsewhere = (key) => h("div", { class: "row" }, h("a", { class: "button", href: `#/record?key=${segment(key)}` }, "Look in every mapping"), h("a", { class: "button", href: `#/operations?text=${segment(key)}` }, "Search keys and values of operations"));

/// A key of which nobody said the mapping: the one that knows it, or those to choose from.
async function find(place, key, mappings, chosen) {
  replace(place, h("progress", { "aria-label": "looking in every mapping" }));
  const found = (await Promise.all(Object.keys(mappings).map(async (mapping) => (await get(target("links", { mapping, key, limit: 10 }))).links.map((link) => ({ ...link, mapping, side: link.left_key === key ? "left" : "right" }))))).flat();
  if (found.length === 1) return chosen(found[0]);
  if (found.length === 0) return replace(place, h("section", { class: "card" }, empty(`No mapping links a record ${key}`, "Keys are spelt as either system has them. A name, a number or an e-mail is a value: operations are searched for those too.", h("a", { class: "button first", href: `#/operations?text=${segment(key)}` }, "Search keys and values of operations"), h("p", { class: "small" }, "Or pick the mapping above: of a record that is not linked yet it says why."))));
  return replace(place, h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, `${found.length} records have the key ${key}`)), table("records", [{ title: "Mapping", cell: (row) => row.mapping }, ...link_columns((row) => row.mapping)], found, { label: "Records with this key" })));
}

const link_columns = (mapping_of) => [
  { title: "Left", kind: "half", cell: (row) => row.left_key && record_link(mapping_of(row), row.left_key, "left"), value: (row) => row.left_key }, { title: "Right", kind: "half", cell: (row) => row.right_key && record_link(mapping_of(row), row.right_key, "right"), value: (row) => row.right_key },
  { title: "State", kind: "tight half", cell: (row) => chip(row.state), value: (row) => row.state }, { title: "Fields", kind: "number half", cell: (row) => String(Object.keys(row.base ?? {}).length), value: (row) => row.base },
  { title: "Linked", kind: "time", cell: (row) => moment(row.created_at), value: (row) => row.created_at }, { title: "Last touched", kind: "time", cell: (row) => moment(row.updated_at), value: (row) => row.updated_at },
];

/// Without a key: the links of the mapping, newest first.
async function browse(place, filters) {
  const list = h("section", { class: "card flush" });
  replace(place, list);
  const { mapping, state, older, error } = filters;
  await paged_table(list, "links", link_columns(() => mapping), async (after, limit) => {
    const answer = await get(target("links", { mapping, state, older, error, limit, after }));
    return { rows: answer.links, next: answer.next };
  }, { label: "Linked records", nothing: empty(state || older || error ? "No link is like that" : "Nothing is linked yet", state || older || error ? "Widen the filters." : "Type a record's key as either system calls it, a name such as HR-EMP-00001 or an id, or make the mapping level on its page.") });
}

export async function record_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const names = Object.keys(mappings);
  if (!filters.key) filters.mapping ||= names.find((name) => mappings[name].links) ?? names[0] ?? "";
  const place = h("div", { class: "stack" });
  if (names.length === 0) return replace(box, head("Record"), h("section", { class: "card" }, empty("No mapping yet", "Records are linked by mappings: make one first.", h("a", { class: "button", href: "#/new-mapping" }, "New mapping"))));
  const chosen = ({ mapping, side }) => {
    Object.assign(filters, { mapping, side });
    for (const name of ["mapping", "side"]) form.elements[name].value = filters[name];
    tools.set_query(filters);
    return draw();
  };
  const draw = () => {
    // Of the list of links; a record that is named is shown however its link is.
    for (const name of ["state", "older", "error"]) form.elements[name].disabled = !!filters.key;
    const failed = (error) => replace(place, trouble(error));
    if (!filters.key) return filters.mapping ? browse(place, filters) : replace(place, h("section", { class: "card" }, empty("Which record?", "Type a key as either system has it: every mapping is looked in. Or pick a mapping, and its records are listed.")));
    if (!filters.mapping) return find(place, filters.key, mappings, chosen).catch(failed);
    return show(place, { mapping: filters.mapping, key: filters.key, side: filters.side || undefined }, tools, mappings[filters.mapping]).catch(failed);
  };
  const form = filter_form(filters, tools, draw, field("Mapping", select("mapping", [["", "every one"], ...names], filters.mapping)), field("Key, of either side", h("input", { type: "search", name: "key", value: filters.key ?? "", placeholder: "empty: all that are linked" }), { class: "wide" }), field("Side", select("side", [["", "either"], "left", "right"], filters.side)),
    field("Links that are", select("state", [["", "in any state"], ["live", "live"], ["tombstone", "deleted"], ["frozen", words("frozen")], ["ignored", "ignored"]], filters.state)), field("Not touched for", select("older", [["", "any time"], ["1h", "an hour"], ["24h", "a day"], ["7d", "a week"], ["30d", "a month"]], filters.older)), h("label", { class: "line" }, h("input", { type: "checkbox", name: "error", checked: !!filters.error }), "with trouble"), h("button", { class: "first", type: "submit" }, "Show"));
  replace(box, head("Record"), form, place);
  await draw();
}
