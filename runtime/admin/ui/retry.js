// Dead letters, tried again: those that a list shows, after a person saw how many.
import { get, post, target } from "./api.js";
import { h } from "./dom.js";
import { count, counted } from "./format.js";
import { ask, every_row, toast } from "./view.js";

const most = 5000, few = 20;

/// Every dead key that can be tried, of this mapping and with this key where they are named: where no file names its mapping, nobody would.
export async function dead_keys(mappings, { mapping, key } = {}) {
  const { rows } = await every_row(async (after, limit) => {
    const { keys, next } = await get(target("dead-letters", { mapping, key, state: "dead", limit, after }));
    return { rows: keys, next };
  }, most);
  return rows.filter((one) => !mappings[one.mapping]?.file_gone);
}

/// One try more than the daemon lets us send in a second is sent a second later.
async function retry_one({ mapping, side, key }) {
  for (;;) {
    try {
      return (await post("/api/v1/retry", { mapping, side, key })).retried;
    } catch (error) {
      if (error.status !== 429) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/// Asks with the number, then tries these dead keys again; what the brake holds is not among them.
export async function retry_shown(keys) {
  if (keys.length === 0) return toast("None of those shown is a dead letter that can be tried again.");
  const letters = counted(keys.length, "dead letter");
  if (!(await ask(`Try ${letters} again?`, { text: `Those that the filters show${keys.length === most ? ", the newest" : ""}. What the brake holds stays held: a mapping's Run tab lets it go.`, yes: "Try again" }))) return undefined;
  let retried = 0, told = 0;
  const bar = h("progress", { max: keys.length, value: 0, "aria-label": "tried again" }), words = h("span", { class: "small" });
  const note = h("div", { class: "toast" }, words, bar);
  if (keys.length > few) document.getElementById("toasts").append(note);
  try {
    for (const one of keys) {
      words.textContent = `${count(told)} of ${letters} asked to be tried again`;
      retried += await retry_one(one);
      bar.value = told += 1;
    }
  } finally { note.remove(); }
  return toast(`${counted(retried, "is", "are")} being tried again.`);
}
