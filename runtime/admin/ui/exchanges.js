// What was said to a system for an operation and what it answered, folded: a line each, its bodies below.
import { h } from "./dom.js";
import { parse, text_of } from "./exact.js";
import { milliseconds, moment } from "./format.js";

const went_well = ({ status = "", error }) => !error && (status === "00000" || status.startsWith("2"));

/// JSON that is whole is laid out; all else is shown as it came.
function laid_out({ body, cut }) {
  if (cut) return body;
  try { return text_of(parse(body), 2); } catch { return body; }
}

function body_part(title, part) {
  if (!part) return "";
  const about = [part.type, part.cut && !part.left_out && `${part.cut} bytes more are left out`].filter(Boolean).join(" · ");
  const empty = !part.body && !part.left_out;
  return h("div", {}, h("h4", {}, title, about && h("span", { class: "small dim" }, ` ${about}`)),
    part.left_out && h("p", { class: "small dim" }, `Not kept: ${part.left_out}.`), part.body && h("pre", { tabindex: "0", "aria-label": title }, laid_out(part)), empty && h("p", { class: "small dim" }, "empty"));
}

/// An address as a person reads it; whole as it was sent in the title.
function readable(target) {
  try { return decodeURIComponent(target).replaceAll(/\p{C}/gu, "\ufffd"); } catch { return target; }
}

/// One request, as a line that opens.
function exchange_details(one) {
  const ended = one.status ?? "no answer";
  return h("details", { class: "exchange", data: { exchange: one.id } },
    h("summary", {}, h("b", {}, one.method), " ", h("span", { class: "mono", title: one.target }, readable(one.target)), " ", h("span", { class: `chip ${went_well(one) ? "good" : "bad"}` }, ended), one.took_us && h("span", { class: "dim" }, ` · ${milliseconds(one.took_us)}`)),
    h("p", { class: "small dim" }, `to ${one.connection} `, moment(one.at)), body_part("Request", one.request), body_part("Answer", one.answer), one.error && h("p", { class: "banner bad" }, one.error));
}

/// Takes exchanges out of those of an operation, once each: by what a step of the record was, and by its side.
export function taker(operation) {
  const left = [...(operation.exchanges ?? [])];
  const steps = operation.record?.steps ?? [];
  const take = (wanted) => {
    const found = left.filter(wanted);
    for (const one of found) left.splice(left.indexOf(one), 1);
    return found.map(exchange_details);
  };
  return {
    of: (step, side) => take((one) => steps[one.step]?.step === step && (side === undefined || one.side === side)),
    earlier: () => take((one) => one.step === undefined),
    rest: () => take(() => true),
  };
}
