// A mapping that is held until its adopt report is accepted or dropped.
import { may, post } from "./api.js";
import { h } from "./dom.js";
import { ask, banner, button, toast } from "./view.js";

/// Says so, with the two ways out; nothing where the mapping is not held.
export function held_banner(mapping, done) {
  if (!mapping.held_for) return "";
  const accept = async () => {
    if (!(await ask(`Accept the report of ${mapping.name}?`, { text: "Records that are the same are linked, and what differs is written by the mapping's rules.", yes: "Accept and load" }))) return;
    const { job } = await post("/api/v1/adopt", { mapping: mapping.name, accept: true });
    location.hash = `#/jobs/${job}`;
  };
  const drop = async () => {
    if (!(await ask(`Drop the report of ${mapping.name}?`, { text: "Nothing is linked by it. The mapping goes on: what changes from now on is worked off as ever.", yes: "Drop it", danger: true }))) return;
    await post("/api/v1/adopt", { mapping: mapping.name, drop: true });
    toast(`${mapping.name} goes on without the report.`);
    await done();
  };
  return banner("warn", `${mapping.name} is held: ${mapping.held_for}.`, "Nothing of it is worked off, not even live changes, until the report is accepted or dropped.",
    may("operator") && h("div", { class: "row" }, button("Accept and load", accept, "first"), button("Drop the report", drop)));
}

/// Reports what two filled sides have in common; the mapping is held from then on.
export async function report_first(mapping) {
  if (!(await ask(`Report what both sides of ${mapping.name} have in common?`, { text: "Nothing is written. From the report on the mapping is held until somebody accepts or drops it.", yes: "Report" }))) return;
  const { job } = await post("/api/v1/adopt", { mapping: mapping.name });
  location.hash = `#/jobs/${job}`;
}
