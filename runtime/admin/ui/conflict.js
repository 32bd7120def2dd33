// One conflict: base, left and right beside each other, what each decision would give, and what was decided.
import { get, may, post, segment, target } from "./api.js";
import { h, prose, replace } from "./dom.js";
import { refresh_on } from "./events.js";
import { parse } from "./exact.js";
import { counted, moment, same, shown } from "./format.js";
import { conflict_link, field_name, record_link } from "./links.js";
import { propose_rule } from "./rule.js";
import { file_gone_note } from "./verdict.js";
import { ask, banner, button, head, table, toast } from "./view.js";

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
  { title: "Record", kind: "mono", cell: (row) => row.conflict.left_key ?? row.conflict.right_key ?? row.conflict.key }, { title: "Field", cell: (row) => field_name(row.conflict), value: (row) => row.conflict.field },
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
    text: `Every open conflict of ${one.mapping} in ${field_name(one)} gets this decision${one.with ? ", and so do the fields that are won together with it" : ""}${rest > 0 ? `; these are ${previews.length} of ${would_resolve}` : ""}.`, yes: "Decide them all", wide: true,
    more: [stuck > 0 && banner("warn", `What ${stuck} of these would have cannot be told.`, "Decide them one by one, or mend what the last column says."), table("alike", columns, previews, { id: (row) => row.conflict.id, label: "What each side would have" })],
  });
}

export const side_key = (row, side) => row[`${side}_key`] ?? (row.side === side ? row.key : undefined);

const title = (one) => field_name(one).replace(/^the/, "The");

const base_box = (base) => h("div", { class: "side" }, h("h3", {}, "base"), h("div", { class: "value" }, base ? (same(base.left, base.right) ? shown(base.left) : [shown(base.left), " / ", shown(base.right)]) : h("span", { class: "absent" }, "none: the two were never the same")));

/// What it is of: its kind, mapping and records, and the operation that told of it.
const about = (one) => h("p", { class: "row small" }, h("span", {}, kinds[one.kind] ?? one.kind), h("a", { href: `#/mapping/${segment(one.mapping)}` }, one.mapping), ["left", "right"].map((side) => { const key = side_key(one, side); return key !== undefined && h("span", {}, h("span", { class: `side-${side}` }, side), " ", record_link(one.mapping, key, side)); }), one.operation && h("a", { href: `#/operation/${one.operation}` }, one.closed_at ? "how it ended" : "how it came"));

/// `gone`: no file names its mapping any more, so that no decision would be carried out. `done` follows a decision, `rows` are those beside it.
export function conflict_card(one, done, rows, gone) {
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
    replace(sides, () => [side_box("left", one.left, base?.left, method === "left", decides && radios.left), base_box(base), side_box("right", one.right, base?.right, method === "right", decides && radios.right)]);
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
    h("div", { class: "head" }, h("h2", {}, conflict_link(one, title(one))), h("span", { class: "dim small" }, "since ", moment(one.opened_at))), about(one),
    one.method && banner("info", `${one.method === "skip" ? "Skipped" : `Decided: ${one.method}`}${one.author ? ` by ${one.author}` : ""}.`, one.method === "skip" ? "It waits until one of the sides changes." : "It is being written. Another decision takes its place."),
    one.error && banner("warn", one.error.message, one.error.hint),
    one.with && h("p", { class: "small" }, `Decides ${[one.field, ...one.with].join(", ")}: they are won together, so what is said of one holds for all.`), gone && file_gone_note(one.mapping), message, sides,
    decides && h("div", { class: "row" }, h("label", { class: "line" }, radios.value, "another value"), left_input, right_input, with_inputs.map((each) => each.input)), preview,
    decides && h("div", { class: "row" }, resolve, button("The same for all alike", alike), button("Accept as different", () => send({ method: "accept", shown_at: one.shown_at })), button("Skip until it changes", () => send({ method: "skip", shown_at: one.shown_at }), "quiet"), button("Write the rule for this", () => propose_rule(one, method), "quiet")));
  draw();
  return element;
}

const decisions = { left: "the left value holds", right: "the right value holds", value: "another value was given", accept: "they may differ", skip: "skipped" };

/// One that is over: what the sides showed, what was decided by whom, and what each has since.
function past_card(one) {
  const since = ["left", "right"].filter((side) => one.decided && side in one.decided);
  return h("article", { class: "card", data: { id: one.id } },
    h("div", { class: "head" }, h("h2", {}, title(one)), h("span", { class: "dim small" }, "since ", moment(one.opened_at))), about(one),
    banner("good", one.method ? `Decided${one.author ? ` by ${one.author}` : ""}: ${decisions[one.method] ?? one.method}.` : "It is over: nobody had to decide it.", "", h("p", { class: "hint small" }, "Closed ", moment(one.closed_at), ".")),
    h("div", { class: "sides" }, side_box("left", one.left, one.base?.left), base_box(one.base), side_box("right", one.right, one.base?.right)),
    since.length > 0 && h("p", { class: "small" }, "Since then ", since.flatMap((side, at) => [at > 0 && ", ", h("span", { class: `side-${side}` }, side), " has ", h("b", { class: "mono" }, shown(one.decided[side]))]), "."));
}

function no_conflict(box, id) {
  replace(box, head("Conflict"), banner("warn", `There is no conflict ${id}.`, "The address was mistyped, or the conflict went with its record or its mapping, which somebody forgot or let go: the audit trail says who.",
    h("div", { class: "row" }, h("a", { class: "button", href: "#/conflicts" }, "Those that wait"), h("a", { class: "button", href: "#/conflicts?past=1" }, "Past ones"), may("operator") && h("a", { class: "button", href: "#/audit" }, "Audit"))));
}

/// One alone, at an address that can be sent to a colleague.
export async function conflict_page(box, tools, id) {
  let drawn;
  const draw = async () => {
    const one = await get(`/api/v1/conflicts/${segment(id)}`);
    const left_key = side_key(one, "left"), key = left_key ?? side_key(one, "right"), of_it = { mapping: one.mapping, key, key_side: left_key === undefined ? "right" : "left" };
    const [{ mappings }, { conflicts: beside }] = await Promise.all([get("/api/v1/status"), key === undefined || one.closed_at ? { conflicts: [] } : get(target("conflicts", of_it))]);
    // What is chosen and typed must not go, unless somebody else has decided meanwhile.
    if (!tools.current() || (drawn && !one.closed_at && (same(drawn, one) || box.querySelector("input:checked")))) return;
    drawn = one;
    const others = beside.filter((row) => row.id !== one.id);
    replace(box, head(`Conflict in ${field_name(one)}`), h("div", { class: "row" }, h("a", { href: `#/conflicts?mapping=${segment(one.mapping)}${one.closed_at ? "&past=1" : ""}` }, one.closed_at ? `Past ones of ${one.mapping}` : `All of ${one.mapping}`)),
      one.closed_at ? past_card(one) : conflict_card(one, () => { drawn = undefined; setTimeout(() => draw().catch(() => {}), 300); }, beside, mappings[one.mapping]?.file_gone),
      others.length > 0 && h("p", {}, "Of the same record there wait too: ", others.flatMap((row, at) => [at > 0 && ", ", conflict_link(row)])));
  };
  try { await draw(); } catch (error) {
    if (error.status !== 404) throw error;
    return void no_conflict(box, id);
  }
  tools.leave(refresh_on("operation", () => draw().catch(() => {}), 1));
}
