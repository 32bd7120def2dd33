// What can be set going on a mapping: loads, looks, comparisons, a report before two filled sides meet, what the brake holds.
import { report_first } from "./adopt.js";
import { may, post, segment } from "./api.js";
import { h, replace } from "./dom.js";
import { counted, moment } from "./format.js";
import { ask, banner, button, toast } from "./view.js";

async function begin(path, body) {
  const { job } = await post(path, body);
  location.hash = `#/jobs/${job}`;
}

const work = (title, text, ...buttons) => h("section", { class: "card" }, h("h2", {}, title), text instanceof Node ? text : h("p", { class: "dim" }, text), h("div", { class: "row" }, buttons));

/// Nothing where the brake holds nothing.
function brake_card(mapping, draw) {
  const braked = mapping.braked ?? [];
  if (!mapping.held && braked.length === 0) return "";
  const let_go = async (field, what) => {
    if (!(await ask(`Let ${what} go?`, { text: "More than the brake lets through in a day would be written or deleted. Look at some of them first.", yes: "Let go", danger: true }))) return;
    const { released } = await post("/api/v1/release", { mapping: mapping.name, ...(field ? { field } : {}) });
    toast(`${counted(released, "record goes", "records go")} on.`);
    await draw();
  };
  const records = (number) => counted(number, "record");
  const held = h("ul", {}, mapping.held > 0 && h("li", {}, h("a", { href: `#/dead-letters?mapping=${segment(mapping.name)}&state=held` }, records(mapping.held)), " held"),
    braked.map((one) => h("li", {}, h("code", {}, one.field), ` of ${records(one.links)}, since `, moment(one.since), " ", button("Let it go", () => let_go(one.field, `${one.field} of ${records(one.links)}`), "quiet"))));
  return work("What the brake holds", held, button("Let all of it go", () => let_go("", "all that the brake holds"), "danger"));
}

export function work_tab(place, mapping, draw) {
  if (!may("operator")) return replace(place, banner("info", "You may look, not run.", "This needs the role operator."));
  const start = (body) => begin("/api/v1/sync", { mapping: mapping.name, ...body });
  const compare = (body) => begin("/api/v1/verify", { mapping: mapping.name, ...body });
  return replace(place, mapping.paused && banner("warn", "It is paused.", "What is set going here waits until it is resumed."), h("div", { class: "cards" },
    brake_card(mapping, draw),
    work("Make it level", "Takes over what changed on either side since the last look, and links what is new. This is also the initial load.", button("Run now", () => start({}), "first")),
    work("See first what it would do", "A dry run reads both sides and tells every write, field by field. It writes nothing.", button("Dry run", () => start({ dry_run: true }))),
    work("Both sides are filled already", "Reports which records are the same, which differ and which are on one side alone. The mapping is held until the report is accepted or dropped.", !mapping.held_for && button("Report first…", () => report_first(mapping))),
    work("Compare completely", "Reads all records of both sides and tells what differs, field by field. Mending goes by the mapping's rules.", button("Compare", () => compare({})), button("Compare and mend…", async () => (await ask("Compare, and mend what differs?", { text: "What differs is written by the mapping's rules, on both sides.", yes: "Compare and mend" })) && compare({ repair: true }))),
    work("Look at everything again", "Also compares what seems level; for after a rule was changed.", button("Resync", async () => (await ask("Look at every record again?", { text: "This reads all records of both sides.", yes: "Resync" })) && start({ all: true }))),
    work("Find what was deleted", "A full comparison that finds deletions which no event told.", button("Sweep", () => start({ sweep: true }))),
    work("Let a program start it", h("p", { class: "dim" }, "n8n, Zapier, a cron job: a POST to ", h("code", {}, `${location.origin}/trigger/${segment(mapping.name)}`), " with a token of the role trigger. However many come at once, one run begins."), may("admin") && h("a", { href: "#/users" }, "Tokens"))));
}
