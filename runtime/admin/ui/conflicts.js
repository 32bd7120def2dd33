// Fields that wait for a person, decided one by one or many alike; and those of the past.
import { get, target } from "./api.js";
import { conflict_card, conflict_page, side_key } from "./conflict.js";
import { field, h, replace, select } from "./dom.js";
import { refresh_on } from "./events.js";
import { filter_form, mapping_field } from "./filters.js";
import { moment, same, shown } from "./format.js";
import { conflict_link, record_link } from "./links.js";
import { empty, head, list_foot, paged_table } from "./view.js";

const key_cell = (side) => (row) => { const key = side_key(row, side); return key === undefined ? "" : record_link(row.mapping, key, side); };

/// What goes out as CSV; `more` stands before what all have.
const columns_with = (...more) => [...more,
  { title: "Mapping", cell: (row) => row.mapping }, { title: "Field", cell: (row) => conflict_link(row), value: (row) => row.field },
  { title: "Left record", kind: "half", cell: key_cell("left"), value: (row) => side_key(row, "left") }, { title: "Right record", kind: "half", cell: key_cell("right"), value: (row) => side_key(row, "right") },
  { title: "Left", kind: "value", cell: (row) => shown(row.left), value: (row) => row.left }, { title: "Right", kind: "value", cell: (row) => shown(row.right), value: (row) => row.right },
];
const open_columns = columns_with({ title: "Since", value: (row) => row.opened_at }, { title: "Kind", value: (row) => row.kind }, { title: "Base left", value: (row) => row.base?.left }, { title: "Base right", value: (row) => row.base?.right });
const past_columns = [...columns_with({ title: "Closed", kind: "time", cell: (row) => moment(row.closed_at), value: (row) => row.closed_at }), { title: "Decision", cell: (row) => row.method ?? "" },
  ...[["left", "Left"], ["right", "Right"]].map(([side, name]) => ({ title: `${name} then`, kind: "value", cell: (row) => (row.decided && side in row.decided ? shown(row.decided[side]) : ""), value: (row) => row.decided?.[side] })), { title: "By", cell: (row) => row.author ?? "" }];

/// Those that are open, as cards. A card in which something was chosen stays as it is; `decided` follows a decision.
function cards(decided, mappings) {
  let made = new Map();
  return (name, columns, rows, { nothing, more, all }) => {
    const before = made;
    made = new Map(rows.map((row) => {
      const card = before.get(row.id);
      return [row.id, card && (same(card.row, row) || card.element.querySelector("input:checked")) ? card : { row, element: conflict_card(row, () => { made.delete(row.id); decided(); }, rows, mappings[row.mapping]?.file_gone) }];
    }));
    if (rows.length === 0) return h("section", { class: "card" }, nothing);
    return h("div", { class: "stack" }, [...made.values()].map((card) => card.element), h("section", { class: "card flush" }, list_foot(name, columns, rows, { more, all })));
  };
}

const none_open = () => empty("No conflict waits", "When both sides change the same field and no rule decides, it waits here. Everything else goes on meanwhile.", h("a", { href: "#/conflicts?past=1" }, "Look at past ones"));
const none_like_that = () => empty("No conflict is like that", "Widen the filters.");

export async function conflicts_page(box, tools) {
  if (tools.path[0]) return conflict_page(box, tools, tools.path[0]);
  const { mappings } = await get("/api/v1/status");
  const filters = Object.fromEntries(tools.query);
  const place = h("div", { class: "stack" });
  // A key is a key of one mapping.
  const load = async (after, limit) => {
    const { conflicts, next } = await get(target("conflicts", { mapping: filters.mapping, field: filters.field, key: filters.mapping && filters.key, key_side: filters.mapping && filters.key && filters.key_side, closed: filters.past, after, limit }));
    return { rows: conflicts, next };
  };
  let list;
  const decided = () => setTimeout(() => list.reload(), 300);
  const draw = async () => {
    for (const name of ["key", "key_side"]) form.elements[name].disabled = !filters.mapping;
    form.elements.key.placeholder = filters.mapping ? "" : "pick a mapping";
    const narrow = filters.mapping || filters.field;
    if (!filters.past) return void (list = await paged_table(place, "conflicts", open_columns, load, { shape: cards(decided, mappings), nothing: narrow ? none_like_that() : none_open() }));
    const rows = h("section", { class: "card flush" });
    replace(place, rows);
    list = await paged_table(rows, "past conflicts", past_columns, load, { label: "Past conflicts", nothing: narrow ? none_like_that() : empty("No conflict was decided yet", "Who decided what, and how, is listed here once somebody did.") });
  };
  const form = filter_form(filters, tools, draw, mapping_field(mappings, filters), field("Field", h("input", { name: "field", value: filters.field ?? "" })),
    field("Key", h("input", { type: "search", name: "key", value: filters.key ?? "" })), field("Whose key", select("key_side", [["", "either side's"], "left", "right"], filters.key_side)), h("label", { class: "line" }, h("input", { type: "checkbox", name: "past", checked: !!filters.past }), "past ones"));
  replace(box, head("Conflicts"), form, place);
  await draw();
  // Not while somebody decides: what is chosen and typed must not go.
  const deciding = () => place.querySelector("input:checked, input:focus") || document.querySelector("dialog[open]");
  tools.leave(refresh_on("operation", () => (filters.past || deciding() ? undefined : list.reload()), 2));
}
