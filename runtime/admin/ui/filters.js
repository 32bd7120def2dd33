// The filters of a list: a form whose values stand in the address, so that a view can be sent to a colleague.
import { field, h, select } from "./dom.js";
import { zone } from "./format.js";

const local = (iso) => {
  if (!iso || Number.isNaN(Date.parse(iso))) return "";
  const at = new Date(iso);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

/// A moment to filter by: typed in the reader's own time, an ISO time in the filters.
export function moment_field(label, name, filters) {
  return field(label, h("input", { type: "datetime-local", name, title: `of your clock, ${zone()}`, value: local(filters[name]) }));
}

export const mapping_field = (mappings, filters) => field("Mapping", select("mapping", [["", "all"], ...Object.keys(mappings)], filters.mapping));

/// From and until when: they stand beside each other, whatever else a line has room for.
export function span_fields(filters) {
  return h("div", { class: "pair" }, moment_field("From", "since", filters), moment_field("Until", "until", filters));
}

const on_a_phone = 2;

/// On a phone the first fields stand above the list; the others unfold, and are so where one of them is set.
function fold(form) {
  const later = [...form.querySelectorAll(":scope > label, :scope > .pair")].slice(on_a_phone);
  if (later.length < 2) return;
  for (const one of later) one.classList.add("later");
  const said = ({ type, checked, value, selectedIndex }) => (type === "checkbox" ? checked : selectedIndex === undefined ? value !== "" : selectedIndex > 0);  // what a choice begins with is no filter
  const toggle = h("button", { type: "button", class: "quiet unfold" });
  const show = (open) => {
    form.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
    toggle.textContent = open ? "Fewer filters" : "More filters";
  };
  toggle.addEventListener("click", () => show(!form.classList.contains("open")));
  show(later.some((one) => [...one.querySelectorAll("input, select")].some(said)));
  later[0].before(toggle);
}

/// Changes `filters` as the fields change, and then draws.
export function filter_form(filters, tools, draw, ...fields) {
  const changed = (event) => {
    event.preventDefault();
    for (const { name, type, value, checked } of form.elements) {
      if (!name) continue;
      if (type === "checkbox") filters[name] = checked ? "1" : "";
      else if (type !== "datetime-local") filters[name] = value.trim();
      else if (value !== local(filters[name])) filters[name] = value ? new Date(value).toISOString() : "";
    }
    tools.set_query(filters);
    void draw();
  };
  const form = h("form", { class: "filters", role: "search", on: { submit: changed, change: changed } }, fields);
  fold(form);
  return form;
}
