// Requests to the API. A failure is an Error with what happened and how to mend it.
import { parse, text_of } from "./exact.js";

let csrf = "";
let on_logout = () => {};

export const session = { role: "nobody", user: "", any_user: true };
const ranks = ["nobody", "trigger", "viewer", "operator", "admin"];
export const may = (role) => ranks.indexOf(session.role) >= ranks.indexOf(role);

class Failure extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `the answer was ${status}`);
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint ?? "";
    this.problem = problem;
  }
}

export function take_session(answer) {
  Object.assign(session, { user: "", csrf: undefined, ...answer });
  csrf = answer.csrf ?? "";
}

export function when_logged_out(action) { on_logout = action; }

export async function request(method, target, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-Tidewire-CSRF"] = csrf;
  let answer;
  try {
    answer = await fetch(target, { method, headers, body: body === undefined ? undefined : text_of(body), credentials: "same-origin" });
  } catch {
    throw new Failure(0, { detail: "the daemon does not answer", hint: "Is it running? `tidewire status` on the machine says more." });
  }
  const text = await answer.text();
  let json = {};
  try { json = text ? parse(text) : {}; } catch { json = { detail: text.slice(0, 200) }; }
  if (answer.ok) return json;
  const failure = new Failure(answer.status, json);
  if (answer.status === 401 && session.role !== "nobody") on_logout();
  throw failure;
}

export const get = (target) => request("GET", target);
export const post = (target, body = {}) => request("POST", target, body);
export const put = (target, body) => request("PUT", target, body);
export const remove = (target) => request("DELETE", target);

/// "/api/v1/x?a=1": what is empty is left out.
export function target(path, filters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value !== "" && value !== undefined && value !== null) query.set(name, value);
  const text = query.toString();
  return "/api/v1/" + path + (text ? "?" + text : "");
}

export const segment = encodeURIComponent;
