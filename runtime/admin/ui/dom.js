// Elements from code: h("a", { href, class, on: { click } }, children). Text is always text, never HTML.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") for (const [key, text] of Object.entries(value)) element.dataset[key] = text;
    else if (name in element && ["value", "checked", "disabled", "selected", "open"].includes(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/// A text of the daemon, in which what is to be typed stands between backticks.
export function prose(text) {
  return typeof text === "string" ? text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? h("code", {}, part) : part)) : text;
}

/// New content, or a function that makes it where it takes over parts of the old. Who was in the old one by keyboard goes on
/// at the same thing in the new one, and what was opened stays open.
export function replace(element, ...children) {
  const give_back = hold(element);
  const made = children.map((one) => (typeof one === "function" ? one() : one));
  element.replaceChildren();
  append(element, made);
  give_back();
  return element;
}

const reachable = "a[href], button, input, select, textarea, summary, [tabindex]";

/// What an element is known by when it is drawn again: its row, and what it says or leads to.
const name_of = (element) => [element.closest("[data-id]")?.dataset.id, element.tagName, element.getAttribute("name"), element.getAttribute("href") ?? element.getAttribute("aria-label") ?? element.textContent].join("\n");

function hold(place) {
  const all = () => [...place.querySelectorAll(reachable)];
  const opened = new Set([...place.querySelectorAll("details[open] > summary")].map(name_of));
  const active = document.activeElement;
  const within = active !== place && place.contains(active);
  const name = within && name_of(active), at = within && all().indexOf(active);
  return () => {
    for (const summary of opened.size ? place.querySelectorAll("details > summary") : []) if (opened.has(name_of(summary))) summary.parentElement.open = true;
    if (!within || place.contains(document.activeElement)) return;
    // Where it is gone, what stands in its place; where there is nothing, the place itself.
    const now = all(), next = now.find((one) => name_of(one) === name) ?? (now[at]?.tagName === active.tagName ? now[at] : place);
    if (next === place && !place.hasAttribute("tabindex")) place.setAttribute("tabindex", "-1");
    next.focus({ preventScroll: true });
  };
}

const svg_space = "http://www.w3.org/2000/svg";

export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(svg_space, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  append(element, children);
  return element;
}

/// A field of a form with its label.
export function field(label, input, more = {}) {
  return h("label", more, label, input);
}

export function select(name, choices, chosen) {
  return h("select", { name }, choices.map((one) => {
    const [value, text] = Array.isArray(one) ? one : [one, one];
    return h("option", { value, selected: value === (chosen ?? "") }, text);
  }));
}
