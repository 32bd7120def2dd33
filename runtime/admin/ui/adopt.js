// A mapping that is held until its adopt report is accepted or dropped, or until somebody says what its links are of.
import { may, post } from "./api.js";
import { h } from "./dom.js";
import { ask, banner, button, toast } from "./view.js";

/// Its file names other records than its links are of.
function moved_banner(mapping, done) {
  const same = async () => {
    if (!(await ask(`Are the records of ${mapping.name} the same under another name?`, { text: "Its links are kept, and it goes on with what the file names now.", yes: "They are the same" }))) return;
    await post("/api/v1/adopt", { mapping: mapping.name, same: true });
    toast(`${mapping.name} goes on.`);
    await done();
  };
  const anew = async () => {
    if (!(await ask(`Forget the links of ${mapping.name}?`, { text: "Nothing is deleted in either system. What both sides have in common is reported, and the mapping stays held until that is accepted or dropped.", yes: "Forget them and report", danger: true }))) return;
    const { job } = await post("/api/v1/adopt", { mapping: mapping.name, anew: true });
    location.hash = `#/jobs/${job}`;
  };
  return banner("warn", `${mapping.name} is held: ${mapping.held_for}.`, "Nothing of it is worked off until its file is put back, or somebody says what its links are of.",
    may("operator") && h("div", { class: "row" }, button("They are the same records", same), button("They are others…", anew)));
}

/// Says so, with the two ways out; nothing where the mapping is not held.
export function held_banner(mapping, done) {
  if (!mapping.held_for) return "";
  if (mapping.moved) return moved_banner(mapping, done);
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
