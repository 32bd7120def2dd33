// The OpenAPI document for reading: every path with its role, what it takes and what it answers.
import { get } from "./api.js";
import { field, h, prose, replace } from "./dom.js";
import { trouble } from "./view.js";
import "./theme.js";

const name_of = (reference) => reference.split("/").pop();

function type_of(schema) {
  if (schema.$ref) return h("a", { href: `#schema-${name_of(schema.$ref)}` }, name_of(schema.$ref));
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.type === "array") return ["list of ", type_of(schema.items ?? {})];
  return schema.format === "date-time" ? "time" : schema.type ?? "anything";
}

function members(schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {});
  if (rows.length === 0) return h("p", { class: "dim small" }, schema.additionalProperties === false ? "nothing" : "as the object is");
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["Member", "Type", ""].map((one) => h("th", { scope: "col" }, one)))), h("tbody", {}, rows.map(([name, one]) => h("tr", {}, h("td", { class: "mono" }, name), h("td", {}, type_of(one)), h("td", { class: "dim small" }, required.has(name) ? "always" : ""))))));
}

function route(method, path, one) {
  const answers = Object.entries(one.responses).filter(([status]) => status !== "default");
  return h("details", { class: "card", id: one.operationId }, h("summary", {}, h("code", {}, h("b", {}, method.toUpperCase()), " ", path), " ", h("span", { class: "chip" }, one["x-role"] === "nobody" ? "anybody" : one["x-role"])),
    h("p", {}, prose(one.summary)), one.parameters && h("div", {}, h("h3", {}, "Takes"), h("ul", {}, one.parameters.map((each) => h("li", {}, h("code", {}, each.in === "query" ? `?${each.name}=` : `{${each.name}}`), " ", each.description ?? "")))),
    one.requestBody && h("p", {}, "Body: ", type_of(one.requestBody.content["application/json"].schema)),
    answers.map(([status, answer]) => h("p", {}, `${status}: `, answer.content ? Object.entries(answer.content).map(([media, { schema }]) => (media === "application/json" ? type_of(schema) : media)) : answer.description)));
}

try {
  const found = await get("/api/v1/openapi.json");
  const routes = Object.entries(found.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ text: `${method} ${path} ${one.summary}`.toLowerCase(), element: route(method, path, one) })));
  const list = h("div", { class: "stack" }, routes.map((one) => one.element));
  const search = h("input", { type: "search", on: { input: () => routes.forEach((one) => { one.element.hidden = !one.text.includes(search.value.toLowerCase()); }) } });
  replace(document.getElementById("main"), h("h1", {}, `The API of Tidewire ${found.info.version}`), h("p", {}, prose(found.info.description)), h("p", {}, h("a", { href: "/api/v1/openapi.json" }, "The OpenAPI 3.1 document"), ". A program sends a token as ", h("code", {}, "Authorization: Bearer TOKEN"), "; tidewire token add makes one. What is not done is answered with ", h("a", { href: "/docs/problems" }, "a problem"), "."),
    field("Search", search), list, h("h2", {}, "Shapes"), h("div", { class: "stack" }, Object.entries(found.components.schemas).map(([name, schema]) => h("details", { class: "card", id: `schema-${name}` }, h("summary", {}, h("code", {}, name)), members(schema)))));
  const open_named = () => { const named = document.getElementById(location.hash.slice(1)); if (named) { named.open = true; named.scrollIntoView(); } };
  window.addEventListener("hashchange", open_named);
  open_named();
} catch (error) {
  replace(document.getElementById("main"), trouble(error));
}
