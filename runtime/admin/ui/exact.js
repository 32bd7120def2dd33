// JSON whose numbers stay as they are written: 12.50 is not 12.5, and 9007199254740993 is not its neighbour.
//
// A number that the language would change is an Exact: it is shown and sent as it was written, and calculates as a number does.

const mark = `\ue000${Math.random()} `;  // no text of a record begins so
const parts = /"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const marked = new RegExp(`"${mark.replaceAll(".", "\\.")}([^"]*)"`, "g");

export class Exact {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
  valueOf() { return Number(this.text); }
  toJSON() { return mark + this.text; }
}

export function parse(text) {
  const safe = text.replace(parts, (part) => (part.startsWith('"') || String(Number(part)) === part ? part : `"${mark}${part}"`));
  return safe === text ? JSON.parse(text) : JSON.parse(safe, (_, value) => (typeof value === "string" && value.startsWith(mark) ? new Exact(value.slice(mark.length)) : value));
}

export const text_of = (value, indent) => JSON.stringify(value, null, indent)?.replaceAll(marked, "$1");
