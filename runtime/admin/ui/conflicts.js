// Fields that wait for a person: base, left and right beside each other, decided one by one or many alike.
import { get, may, post, segment, target } from "./api.js";
import { field, h, replace, select } from "./dom.js";
import { refresh_on } from "./events.js";
import { chip, moment, same, shown } from "./format.js";
import { record_link } from "./operation.js";
import { propose_rule } from "./rule.js";
import { ask, banner, button, empty, head, paged_table, toast, trouble } from "./view.js";

const kinds = {
  clash: "Both sides changed it", delete_update: "Deleted on one side, changed on the other", not_accepted: "The system did not take the value", unknown_outcome: "It is not known whether the write arrived",
  ping_pong: "The systems answer each other for ever", key_taken: "The key belongs to another record", ambiguous: "Several records fit",
};

/// What a person typed: JSON where it is JSON, else a text.
function typed(text, like) {
  if (typeof like === "string" && !/^[[{"]/.test(text.trim())) return text;
  try { return JSON.parse(text); } catch { return text; }
}

function side_box(name, value, base, chosen, choose) {
  const differs = base !== undefined && !same(value, base);
  return h("div", { class: `side ${chosen ? "chosen" : ""}` }, h("h3", {}, h("span", { class: `side-${name}` }, name), choose && h("label", { class: "line small" }, choose, "take this")), h("div", { class: `value ${differs ? "differs" : ""}` }, shown(value)));
}

function conflict_card(one, done) {
  let method = "", asked = 0;
  const group = `conflict-${one.id}`;
  const radio = (value, label) => h("input", { type: "radio", name: group, value, "aria-label": label, disabled: !may("operator"), on: { change: () => { method = value; draw(); } } });
  const radios = { left: radio("left", `take the left value of ${one.field}`), right: radio("right", `take the right value of ${one.field}`), value: radio("value", `type another value of ${one.field}`) };
  const choose_value = () => { radios.value.checked = true; method = "value"; draw(); };
  const input = (label, placeholder) => h("input", { "aria-label": label, placeholder, on: { input: choose_value } });
  const left_input = input(`Another value of ${one.field}`, "as the left side spells it"), right_input = input(`The right side's own spelling of ${one.field}`, "the right side: by the mapping");
  const sides = h("div", { class: "sides" }), preview = h("div", { class: "small", role: "status" }), message = h("div");
  // One value is the left side's, which the mapping turns; with the second one each side gets its own.
  const said = () => {
    if (method !== "value") return {};
    const left = typed(left_input.value, one.left);
    return right_input.value.trim() === "" ? { value: left } : { left, right: typed(right_input.value, one.right) };
  };
  const body = () => ({ method, shown_at: one.shown_at, ...said() });
  // What each side will have is asked of the server, which knows how the mapping spells it.
  const foresee = async () => {
    const mine = ++asked;
    if (!method) return replace(preview, h("span", { class: "dim" }, "Choose a side, or type another value."));
    try {
      const then = await post(`/api/v1/conflicts/${one.id}/preview`, { method, ...said() });
      if (mine !== asked) return;
      const value = (side) => h("b", { class: "mono" }, shown(then[side]));
      if (!("left" in then)) replace(preview, then.writes.length ? then.writes.map((write) => `${write.kind} on the ${write.side} side`).join(", ") : "Nothing will be written.");
      else if (same(then.left, then.right)) replace(preview, "Both sides will have ", value("left"), ".");
      else replace(preview, "Left will have ", value("left"), ", right will have ", value("right"), ".");
    } catch (error) {
      if (mine === asked) replace(preview, banner("warn", error.message, error.hint));
    }
  };
  let soon;
  const draw = () => {
    const base = one.base;
    replace(sides, side_box("left", one.left, base?.left, method === "left", radios.left), h("div", { class: "side" }, h("h3", {}, "base"), h("div", { class: "value" }, base ? (same(base.left, base.right) ? shown(base.left) : [shown(base.left), " / ", shown(base.right)]) : h("span", { class: "absent" }, "none: the two were never the same"))), side_box("right", one.right, base?.right, method === "right", radios.right));
    resolve.disabled = !method;
    clearTimeout(soon);
    soon = setTimeout(foresee, method === "value" ? 300 : 0);
  };
  const send = async (wanted) => {
    try {
      await post(`/api/v1/conflicts/${one.id}/resolve`, wanted);
      toast("Decided; it is being written to both sides.");
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
    const { would_resolve } = await post("/api/v1/conflicts/resolve", { ...rule, dry_run: true });
    if (!(await ask(`The same for ${would_resolve} ${would_resolve === 1 ? "conflict" : "conflicts"}?`, { text: `Every open conflict of ${one.mapping} in the field ${one.field || "(the whole record)"} gets this decision: ${method}.`, yes: "Decide them all" }))) return;
    const { resolved, skipped } = await post("/api/v1/conflicts/resolve", rule);
    toast(`${resolved} decided${skipped ? `, ${skipped} had moved meanwhile and wait` : ""}.`);
    done();
  };
  const element = h("article", { class: "card", data: { conflict: one.id } },
    h("div", { class: "head" }, h("h2", {}, one.field || "The whole record"), chip(one.kind), h("span", { class: "dim small" }, "since ", moment(one.opened_at))),
    h("p", { class: "row small" }, h("span", {}, kinds[one.kind] ?? one.kind), h("a", { href: `#/mapping/${segment(one.mapping)}` }, one.mapping), (one.left_key ?? one.key) && record_link(one.mapping, one.left_key ?? one.key), one.right_key && record_link(one.mapping, one.right_key)),
    message, sides,
    may("operator") && h("div", { class: "row" }, h("label", { class: "line" }, radios.value, "another value"), left_input, right_input), preview,
    may("operator") && h("div", { class: "row" }, resolve, button("The same for all alike", alike), button("Accept as different", () => send({ method: "accept", shown_at: one.shown_at })), button("Skip until it changes", () => send({ method: "skip", shown_at: one.shown_at }), "quiet"), button("Write the rule for this", () => propose_rule(one, method), "quiet")));
  draw();
  return element;
}

const past_columns = [
  { title: "Closed", kind: "time", cell: (row) => moment(row.closed_at), value: (row) => row.closed_at }, { title: "Mapping", cell: (row) => row.mapping }, { title: "Field", cell: (row) => row.field },
  { title: "Record", cell: (row) => ((row.left_key ?? row.key) ? record_link(row.mapping, row.left_key ?? row.key) : ""), value: (row) => row.left_key ?? row.key },
  { title: "Left", kind: "value", cell: (row) => shown(row.left), value: (row) => row.left }, { title: "Right", kind: "value", cell: (row) => shown(row.right), value: (row) => row.right }, { title: "Decision", cell: (row) => row.method ?? "" }, { title: "By", cell: (row) => row.author ?? "" },
];

function past_table(place, asked) {
  const rows = h("section", { class: "card flush" });
  replace(place, rows);
  return paged_table(rows, "past conflicts", past_columns, async (after) => {
    const { conflicts, next } = await get(target("conflicts", { ...asked, closed: "1", after }));
    return { rows: conflicts, next };
  }, { label: "Past conflicts", nothing: empty("No conflict was decided yet") });
}

export async function conflicts_page(box, tools) {
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const place = h("div", { class: "stack" });
  const draw = async () => {
    try {
      const asked = { mapping: filters.mapping, field: filters.field, limit: 100 };
      if (filters.past) return await past_table(place, asked);
      const answer = await get(target("conflicts", asked));
      const rows = answer.conflicts;
      if (rows.length === 0) return replace(place, h("section", { class: "card" }, empty("No conflict waits", "When both sides change the same field and no rule decides, it waits here. Everything else goes on meanwhile.", h("a", { href: "#/conflicts?past=1" }, "Look at past ones"))));
      replace(place, rows.map((one) => conflict_card(one, () => setTimeout(draw, 300))), answer.next && h("p", { class: "dim" }, "These are the newest hundred; the next come up as these are decided."));
    } catch (error) {
      replace(place, trouble(error));
    }
  };
  const changed = () => {
    filters.mapping = form.elements.mapping.value;
    filters.past = form.elements.past.checked ? "1" : "";
    tools.set_query(filters);
    void draw();
  };
  const form = h("form", { class: "filters", on: { change: changed, submit: (event) => event.preventDefault() } }, field("Mapping", select("mapping", [["", "all"], ...Object.keys(mappings)], filters.mapping)), h("label", { class: "line" }, h("input", { type: "checkbox", name: "past", checked: !!filters.past }), "past ones"));
  replace(box, head("Conflicts"), form, place);
  await draw();
  // Not while somebody decides: what is typed must not go.
  tools.leave(refresh_on("operation", () => (place.querySelector("input:checked, input:focus") ? undefined : draw()), 2));
}
