// Ways to what a page names.
import { segment } from "./api.js";
import { h } from "./dom.js";

/// With the side that the key is of: both may have one like it.
export const record_href = (mapping, key, side) => `#/record?mapping=${segment(mapping)}&key=${segment(key)}${side ? `&side=${side}` : ""}`;
export const record_link = (mapping, key, side) => h("a", { class: "mono key", href: record_href(mapping, key, side) }, key);

/// What is called "mapping/side/key", such as a parent that a key waits for, as the way to its record; a text otherwise.
export function named_record(text) {
  const [, mapping, side, key] = /^([^/]+)\/(left|right)\/(.*)$/s.exec(text) ?? [];
  return mapping ? [`${mapping} `, record_link(mapping, key, side)] : text;
}

/// What a conflict is about, and the way to it.
export const field_name = (conflict) => conflict.field.replace(">", " → ") || "the whole record";
export const conflict_link = (conflict, text = field_name(conflict)) => h("a", { href: `#/conflicts/${conflict.id}` }, text);
