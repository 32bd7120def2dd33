// One mapping: its fields side by side, its triggers, its script with versions and an editor, and work on it.
import { held_banner } from "./adopt.js";
import { get, may, post, remove, segment } from "./api.js";
import { h, prose, replace } from "./dom.js";
import { hands_off, refresh_on } from "./events.js";
import { text_of } from "./exact.js";
import { arrows, chip, count, moment, shown, words } from "./format.js";
import { editor } from "./editor.js";
import { diff } from "./diff.js";
import { work_tab } from "./mapping_work.js";
import { leaves_edit, unsaved } from "./unsaved.js";
import { behind, kept_of, state_of } from "./verdict.js";
import { ask, banner, button, card, empty, figure, head, problems, table, tabs, toast, trouble } from "./view.js";

const listed = (value) => (Array.isArray(value) ? value.join(", ") : value ?? "");

function transform(row) {
  if (row.kind === "constant") return ["always ", h("code", {}, shown(row.constant))];
  if (row.kind === "reference") return `through the links of ${row.reference}`;
  if (row.to_right || row.to_left) return row.transform ?? "a function of the script";
  const left = row.left_type?.kind ?? row.left_type, right = row.right_type?.kind ?? row.right_type;
  return left && right && typeof left === "string" && left !== right ? `${left} to ${right}` : "";
}

function script_link(mapping, at = "") {
  const [file, line] = at.split(":");
  return file === mapping.file ? h("a", { class: "small", href: `#/mapping/${segment(mapping.name)}?tab=script&line=${line}` }, at) : h("span", { class: "dim small" }, at);
}

function fields_table(mapping) {
  const compiled = mapping.compiled;
  if (!compiled) return empty("The mapping does not run, so its fields are not known", "What is said above keeps it from loading.");
  return table(`${mapping.name}-fields`, [
    { title: "Left", kind: "mono half", cell: (row) => listed(row.left) }, { title: "Right", kind: "mono half", cell: (row) => h("div", {}, h("span", { class: "dim", title: row.flow ?? "both" }, arrows[row.flow ?? "both"] ?? "↔"), " ", listed(row.right)), value: (row) => listed(row.right) },
    { title: "Value", cell: transform }, { title: "When both changed", cell: (row) => (row.flow && row.flow !== "both" ? h("span", { class: "dim" }, `goes ${words(row.flow)} only`) : row.strategy ?? compiled.strategy ?? "newest") },
    { title: "Notes", cell: (row) => [row.required && "required", row.when && row.when !== "always" && `when ${row.when.replace("_", " ")}`, row.redact && "not shown", row.lossy && "loses detail", row.group >= 0 && `group ${row.group + 1}`].filter(Boolean).join(", ") },
    { title: "Script", kind: "tight", cell: (row) => script_link(mapping, row.at), value: (row) => row.at },
  ], compiled.fields ?? [], { label: "Fields side by side" });
}

function end_card(name, mapping, cursor) {
  const end = mapping[name];
  if (!end) return "";
  const poll = mapping.polls?.[name];
  const anew = cursor && may("admin") && button("Poll from the beginning…", async () => {
    if (!(await ask(`Forget where the poll of ${end.connection}.${end.collection} continues?`, { text: "The next poll begins as after the first start. Links, and what the sides agreed on, stay.", yes: "Begin anew" }))) return;
    await post(`/api/v1/cursors/${segment(mapping.name)}/reset`, { side: name });
    toast("The next poll begins anew.");
  }, "quiet");
  return h("section", { class: "card" }, h("h2", {}, h("span", { class: `side-${name}` }, name), ` ${end.connection}.${end.collection}`),
    h("p", {}, end.webhook ? chip("webhook") : "", " ", end.poll ? `polled ${end.poll}` : "not polled"), poll?.last && h("p", { class: "dim small" }, "last poll ", moment(poll.last)), mapping.next_poll?.[name] && h("p", { class: "dim small" }, "next poll ", moment(mapping.next_poll[name])), mapping.next_sweep && h("p", { class: "dim small" }, "next full comparison ", moment(mapping.next_sweep)), poll?.error && banner("bad", poll.error.message ?? poll.error, poll.error.hint ?? ""),
    cursor && h("details", {}, h("summary", {}, end.poll ? "Where the poll continues" : "Where the next look continues"), h("pre", {}, text_of(cursor.value, 2)), h("p", { class: "dim small" }, moment(cursor.updated_at)), anew));
}

/// The last text that ran, where it was a file of this mapping alone; undefined where none is known.
async function last_text(name) {
  const path = `/api/v1/mappings/${segment(name)}`;
  const { versions } = await get(`${path}/versions`);
  const last = versions.length > 0 && (await get(`${path}/source?version=${versions[0].version}`));
  return last && last.file === `mappings/${name}.lua` ? { ...last, at: versions[0].at } : undefined;
}

/// No file of the project names it any more: what is left to do is to put the file back, or to let go what is kept of it.
async function file_gone(mapping, done) {
  const { name, links } = mapping, last = may("admin") && (await last_text(name));
  const back = last && button("Put it back…", async () => {
    if (!(await ask(`Put ${last.file} back?`, { text: `It is written with the text of ${new Date(last.at).toLocaleString()}, the last that ran, and goes on where it was: what waits is worked off.`, more: h("details", {}, h("summary", {}, "The text"), h("pre", {}, last.source)), yes: "Put it back" }))) return;
    await post("/api/v1/mappings", { name, source: last.source, enabled: true });
    toast(`${name} goes on.`);
    await done();
  }, "first");
  const let_go = may("admin") && button("Let it go…", async () => {
    const answer = await ask(`Let ${name} go?`, { text: `What is kept of it, ${kept_of(mapping)}, is dropped, its open conflicts are closed, nothing more is taken in for it, and the status knows it no more. Its history stays; neither system is touched.`, inputs: [{ label: "Why? It goes into the audit trail.", name: "reason", required: true, minlength: "3" }], yes: "Let it go", danger: true });
    if (!answer) return;
    await post(`/api/v1/mappings/${segment(name)}/discard`, { reason: answer.reason, links });
    toast(`${name} is let go.`);
    location.hash = "#/";
  }, "danger");
  const way = (page, text) => h("a", { href: `#/${page}${page.includes("?") ? "&" : "?"}mapping=${segment(name)}` }, text);
  return banner("warn", "Its file is gone.", `No file of the project names it, so nothing of it is worked off; ${kept_of(mapping)} kept. Put the file back, or let it go${may("admin") ? "." : ": both need the role admin."}`,
    h("p", { class: "hint small" }, "Each list goes out as CSV and JSON before: ", way("record", "records"), ", ", way("conflicts", "conflicts"), ", ", way("dead-letters", "dead letters"), ", ", way("operations", "operations"), "."), h("div", { class: "row" }, back, let_go));
}

/// What keeps its file from loading, whichever tab is open, and the way to the line.
function not_loaded(mapping) {
  const { error } = mapping.reload ?? {};
  if (!error) return "";
  const [at] = /[\w./-]+\.lua:\d+/.exec(error.message) ?? [], runs = mapping.state === "running" || mapping.paused;
  const mend = error.hint ?? (may("admin") ? "Mend it under Edit, or in the file: saving is enough." : "Mend the file: saving is enough.");
  return banner("bad", runs ? "Its last save does not load; the version before it goes on." : "It does not run.", "", h("p", { class: "lines" }, prose(error.message)), h("p", { class: "hint small" }, prose(mend), " ", at && script_link(mapping, at)));
}

async function overview_tab(place, mapping) {
  const { cursors } = await get("/api/v1/cursors");
  const cursor = (side) => cursors.find((one) => one.mapping === mapping.name && one.side === side);
  replace(place, card("", h("div", { class: "figures" }, figure(count(mapping.links), "linked"), mapping.frozen > 0 && figure(h("a", { href: `#/record?mapping=${segment(mapping.name)}&state=frozen` }, count(mapping.frozen)), words("frozen")), figure(count(mapping.waiting + mapping.backing_off), "waiting"), figure(count(mapping.open_conflicts), "conflicts", mapping.open_conflicts ? "warn" : ""), figure(count(mapping.dead), mapping.dead === 1 ? "dead letter" : "dead letters", mapping.dead ? "bad" : ""), mapping.held > 0 && figure(count(mapping.held), "held", "warn"), mapping.waiting_for > 0 && figure(count(mapping.waiting_for), "wait for a parent"), figure(count(mapping.tombstones), "deleted"), figure(behind(mapping), "behind"))),
    !mapping.file_gone && h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Fields side by side")), fields_table(mapping)),
    h("div", { class: "cards" }, end_card("left", mapping, cursor("left")), end_card("right", mapping, cursor("right"))));
}

function source_lines(text, marked) {
  const lines = text.split("\n").map((line, i) => h("div", { class: i + 1 === marked ? "marked" : "" }, line));
  setTimeout(() => lines[marked - 1]?.scrollIntoView({ block: "center" }));
  return h("div", { class: "source", tabindex: "0", role: "region", "aria-label": "Script" }, lines);
}

async function script_tab(place, mapping, tools) {
  const wanted = tools.query.get("version");
  const [now, { versions }] = await Promise.all([get(`/api/v1/mappings/${segment(mapping.name)}/source`), get(`/api/v1/mappings/${segment(mapping.name)}/versions`)]);
  const compare = h("div", { class: "stack" });
  const show_version = async (row) => {
    const then = await get(`/api/v1/mappings/${segment(mapping.name)}/source?version=${row.version}`);
    const back = may("admin") && then.source !== now.source && button("Go back to this version", async () => {
      if (!(await ask("Go back to this version?", { text: `${now.file} is written anew with the text of ${new Date(row.at).toLocaleString()}.`, yes: "Go back" }))) return;
      try { await post(`/api/v1/mappings/${segment(mapping.name)}/rollback`, { version: row.version }); } catch (error) { return replace(compare, problems(error.problem?.problems ?? [error])); }
      toast("The earlier version runs again.");
      await tools.show();
    });
    replace(compare, card(`From ${new Date(row.at).toLocaleString()} to now`, diff(then.source, now.source), h("div", { class: "row" }, back)));
    compare.scrollIntoView({ block: "nearest" });
  };
  replace(place, !mapping.reload?.error && h("p", { class: "dim small" }, "Loaded ", moment(mapping.loaded_at), mapping.version ? [" as version ", h("code", {}, mapping.version.slice(0, 12))] : ""),
    h("section", { class: "card" }, h("h2", {}, now.file), source_lines(now.source, Number(tools.query.get("line")))), compare,
    h("section", { class: "card flush" }, h("div", { class: "head" }, h("h2", {}, "Versions that ran")), table("versions", [
      { title: "Loaded", kind: "time", cell: (row) => moment(row.at), value: (row) => row.at }, { title: "Version", kind: "mono", cell: (row) => row.version.slice(0, 12), value: (row) => row.version },
      { title: "", private: true, cell: (row) => (row.version === mapping.version ? chip("running") : button("Compare with now", () => show_version(row), "quiet")) },
    ], versions, { label: "Versions", nothing: empty("No version ran yet", "What keeps it from loading is said above; saving the file is enough to try again.") })));
  const row = versions.find((one) => one.version === wanted);
  if (row) await show_version(row);
}

export async function mapping_page(box, tools) {
  const name = tools.path[0];
  let chosen = tools.query.get("tab") ?? "overview";
  const place = h("div", { class: "stack" });
  const top = h("div", { class: "stack" });
  const choices = [["overview", "Fields"], ["script", "Script"], ...(may("operator") ? [["edit", "Edit"]] : []), ["work", "Run"]];
  const draw = async () => {
    const mapping = await get(`/api/v1/mappings/${segment(name)}`);
    const gone_banner = mapping.file_gone && (await file_gone(mapping, draw));
    await hands_off();
    if (!tools.current()) return;
    const off = mapping.paused, gone = mapping.file_gone;
    const toggle = !gone && may("operator") && button(off ? "Resume" : "Pause", async () => {
      await post(`/api/v1/mappings/${segment(name)}/${off ? "enable" : "disable"}`);
      toast(!off ? "It takes no more keys; what comes waits." : mapping.held_for ? "It is resumed, and held still: see above." : "It goes on.");
      await draw();
    });
    const erase = !gone && may("admin") && button("Delete…", async () => {
      if (!(await ask(`Delete ${name}?`, { text: `${mapping.file} goes. What is linked, and what was done, stays in the state; neither system is touched.`, yes: "Delete", danger: true }))) return;
      await remove(`/api/v1/mappings/${segment(name)}`);
      toast(`${name} is deleted.`);
      location.hash = "#/";
    }, "quiet");
    replace(top, head(name, toggle, erase), h("div", { class: "row" }, chip(state_of(mapping)), mapping.left && h("span", {}, `${mapping.left.connection}.${mapping.left.collection} ${arrows[mapping.direction] ?? "↔"} ${mapping.right.connection}.${mapping.right.collection}`), h("a", { href: `#/operations?mapping=${segment(name)}` }, "Operations"), h("a", { href: `#/record?mapping=${segment(name)}` }, "Records")),
      gone ? gone_banner : [held_banner(mapping, draw), not_loaded(mapping)], (mapping.warnings ?? []).map((one) => banner("warn", typeof one === "string" ? one : one.message ?? JSON.stringify(one))), !gone && tabs(choices, chosen, choose));
    try {
      if (gone) await overview_tab(place, mapping);
      else if (chosen === "script") await script_tab(place, mapping, tools);
      else if (chosen === "edit") await (unsaved() || editor(place, mapping, draw));
      else if (chosen === "work") work_tab(place, mapping, draw);
      else await overview_tab(place, mapping);
    } catch (error) {
      replace(place, trouble(error));
    }
  };
  async function choose(id) {
    if ((id === chosen && id === "edit") || !(await leaves_edit())) return;
    chosen = id;
    tools.query.delete("version");
    tools.set_query({ tab: id === "overview" ? "" : id });
    await draw();
    document.getElementById(`tab-${id}`)?.focus();
  }
  replace(box, top, place);
  await draw();
  tools.leave(refresh_on("operation", () => (["overview", "work"].includes(chosen) ? draw().catch(() => {}) : undefined), 3));
}
