// What a person can do to one record: part, join, merge, set aside, begin anew, take back, forget.
import { get, may, post, segment } from "./api.js";
import { h, replace } from "./dom.js";
import { findings } from "./jobs.js";
import { ask, banner, button, toast } from "./view.js";

const ended = ["done", "failed", "cancelled"];

async function until_ended(job) {
  for (;;) {
    const now = await get(`/api/v1/jobs/${segment(job)}`);
    if (ended.includes(now.state)) return now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/// First what would be taken back, then, if wanted, taken back.
async function revert(named, place, draw) {
  const answer = await ask("Take back what was written", { text: "Since when? Each side gets what it held before, if it still shows what was written last. First you see what would be done.", inputs: [{ label: "A time, or how long ago (30m, 2h, 1d)", name: "since", value: "1h", required: true }], yes: "Look" });
  if (!answer) return;
  replace(place, h("progress", { "aria-label": "looking" }));
  const { job } = await post("/api/v1/revert", { ...named, since: answer.since });
  const found = await until_ended(job);
  const any = Object.keys(found.found ?? {}).length > 0;
  const apply = found.found?.reverted > 0 && button("Take it back", async () => {
    replace(place, h("progress", { "aria-label": "taking back" }));
    const begun = await post("/api/v1/revert", { ...named, since: answer.since, apply: true });
    await until_ended(begun.job);
    toast("Taken back; the history shows what was written.");
    await draw();
  }, "danger");
  replace(place, any ? "" : banner("info", "Nothing to take back", `No write since ${answer.since} stands any more, or the values moved on.`), findings(found), h("div", { class: "row" }, apply, button("Leave it", () => replace(place), "quiet")));
}

/// Takes the record out of the state; of a mapping whose file is gone too.
export function forget_act(named, draw) {
  return may("admin") && button("Forget…", async () => {
    const answer = await ask("Forget this person's data?", { text: "Links, operations, conflicts and changes of this record are erased from the state, and its file is written anew. Neither system is touched, nor are backups and log files. It cannot be taken back.", inputs: [{ label: `Type ${named.key} to be sure`, name: "typed", required: true, autocomplete: "off" }], yes: "Forget", danger: true });
    if (!answer) return;
    if (answer.typed.trim() !== named.key) return toast("That is another key; nothing was forgotten.", "bad");
    const { forgotten } = await post("/api/v1/forget", named);
    toast(`Forgotten: ${Object.entries(forgotten).filter(([, count]) => count).map(([table, count]) => `${count} ${table.replaceAll("_", " ")}`).join(", ") || "nothing was left of it"}.`);
    await draw();
  }, "quiet");
}

/// Buttons for the record `named` = { mapping, key, side }; `state` of its link, `other` the key of the other side.
export function acts(named, about, place, draw) {
  if (!may("operator")) return [];
  const { mapping } = named;
  const done = (text) => async (path, body) => {
    await post(path, body);
    toast(text);
    await draw();
  };
  const sure = async (title, text, yes) => ask(title, { text, yes, danger: true });
  const level = button("Make it level now", async () => {
    const { job } = await post("/api/v1/sync", { mapping, key: named.key, ...(named.side ? { side: named.side } : {}) });
    replace(place, h("progress", { "aria-label": "under way" }));
    await until_ended(job);
    replace(place);
    toast("It was looked at.");
    await draw();
  });
  const unlink = button("Unlink…", async () => (await sure("Part these two records?", "Both stay. At the next change of one of them, or the next sweep, they are met as strangers: if the rules still see the same thing in them they are linked anew, else each is made anew on the other side. Link by hand, or ignore one, before that.", "Unlink")) && done("They are two again.")("/api/v1/links/unlink", named), "quiet");
  const relink = button("Link by hand…", async () => {
    const answer = await ask("These two are the same thing", { inputs: [{ label: "Key on the left", name: "left", value: about.left_key ?? "", required: true }, { label: "Key on the right", name: "right", value: about.right_key ?? "", required: true }], yes: "Link them" });
    if (answer) await done("They are linked.")("/api/v1/links/relink", { mapping, ...answer });
  }, "quiet");
  const merge = button("Merge with…", async () => {
    const answer = await ask("This record and another one are the same thing", { text: "Two links become one; what is left over of the other is set aside, nothing is deleted.", inputs: [{ label: "Key of the other one", name: "with", required: true }], yes: "Merge" });
    if (answer) await done("They are one.")("/api/v1/links/merge", { ...named, ...answer });
  }, "quiet");
  const aside = about.state === "ignored" ? button("Look at it again", () => done("It is looked at again.")("/api/v1/links/heed", named)) : button("Ignore…", async () => (await sure("Set this record aside for ever?", "Whatever changes in it is left alone, on both sides, until somebody looks at it again here.", "Ignore it")) && done("It is set aside.")("/api/v1/links/ignore", named), "quiet");
  const anew = button("Begin anew…", async () => (await sure("Forget what the sides agreed on?", "They are compared as if they met for the first time, and the mapping's rules decide each difference.", "Begin anew")) && done("The next look compares them anew.")("/api/v1/links/reset_base", named), "quiet");
  const back = button("Take back…", () => revert(named, place, draw), "quiet");
  const forget = forget_act(named, draw);
  return about.known ? [level, about.linked && back, about.linked && unlink, relink, about.linked && merge, aside, about.linked && anew, forget] : [level, relink];
}

/// For one field: its difference left alone, or heeded again.
export function field_act(named, field, ignored, draw) {
  if (!may("operator")) return "";
  const tell = (verb, text) => async () => {
    await post(`/api/v1/links/${verb}`, { ...named, field });
    toast(text);
    await draw();
  };
  const one = ignored ? button("Heed", tell("heed", `Differences in ${field} count again.`), "quiet") : button("Ignore", tell("ignore", `Differences in ${field} are left alone.`), "quiet");
  one.setAttribute("aria-label", `${ignored ? "heed" : "ignore"} differences in ${field}`);
  return one;
}
