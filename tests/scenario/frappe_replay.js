// Replays recorded exchanges of a real Frappe site against a practice server and compares what comes back.
//
//   node frappe_replay.js http://127.0.0.1:PORT DEVIATIONS.json FILE.jsonl...
//
// Compared are the status, the exc_type, and the shape of the JSON: keys, types and lengths of lists. Values that are
// never the same twice (stamps, random names, keys, sessions) are learnt from each answer and put into later requests.
"use strict";
const fs = require("fs");
const http = require("http");

const [base, deviationsFile, ...files] = process.argv.slice(2);
const verbose = process.env.REPLAY_VERBOSE === "1";
const deviations = JSON.parse(fs.readFileSync(deviationsFile, "utf8"));
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const learnt = new Map();

const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/;
const random = /^[0-9a-v]{10}$|^[0-9a-f]{15}$|^[0-9a-v]{15}$|^[0-9a-f]{56}$/;
const series = /^TW[A-Z]-\d{5}$/;

function learn(recorded, actual) {
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    recorded.forEach((item, i) => i < actual.length && learn(item, actual[i]));
  } else if (recorded && actual && typeof recorded === "object" && typeof actual === "object") {
    for (const key of Object.keys(recorded)) if (key in actual) learn(recorded[key], actual[key]);
  } else if (typeof recorded === "string" && typeof actual === "string" && recorded !== actual) {
    if (stamp.test(recorded) || random.test(recorded)) teach(recorded, actual);
  }
}

// The names a series gave: only the answer to a create says which is which.
function learnNames(recorded, actual) {
  const names = (body) => [(body.data || {}).name, (body.message || {}).name, body.message].flat().filter((name) => typeof name === "string");
  const now = names(actual);
  names(recorded).forEach((name, i) => series.test(name) && now[i] && teach(name, now[i]));
}

// Every spelling of a learnt value, as it stands in bodies and as it is percent-encoded in paths.
const spellings = new Map();
let pattern = null;

function teach(recorded, actual) {
  if (learnt.get(recorded) === actual) return;
  learnt.set(recorded, actual);
  const encoded = encodeURIComponent(recorded);
  spellings.set(recorded, actual);
  for (const form of [encoded, encoded.replace(/%20/g, "+"), recorded.replace(/ /g, "+"), recorded.replace(/ /g, "%20")]) {
    if (form !== recorded) spellings.set(form, encodeURIComponent(actual));
  }
  pattern = null;
}

// One pass over the text, so that what was put in is not replaced again.
function substitute(text) {
  if (!text || spellings.size === 0) return text;
  if (!pattern) {
    const forms = [...spellings.keys()].sort((a, b) => b.length - a.length);
    const escaped = forms.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, (char) => "\\" + char));
    pattern = new RegExp(`(?:${escaped.join("|")})(?![0-9A-Za-z.])`, "g");
  }
  return text.replace(pattern, (form) => spellings.get(form));
}

function basicCredentials(header) {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header);
  if (!match) return header;
  const text = Buffer.from(match[1], "base64").toString();
  const changed = substitute(text);
  return changed === text ? header : "Basic " + Buffer.from(changed).toString("base64");
}

function send(request) {
  const headers = {};
  for (const [name, value] of Object.entries(request.headers || {})) {
    if (/^(host|content-length|connection|user-agent|accept-encoding)$/i.test(name)) continue;
    headers[name] = /^authorization$/i.test(name) ? basicCredentials(substitute(value)) : substitute(value);
  }
  const body = request.body_base64 ? Buffer.from(request.body_base64, "base64") : Buffer.from(substitute(request.body || ""));
  if (body.length) headers["Content-Length"] = body.length;
  const url = new URL(base);
  return new Promise((resolve, reject) => {
    const call = http.request(
      { agent, host: url.hostname, port: url.port, method: request.method, path: substitute(request.path), headers },
      (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString() }));
      });
    call.on("error", reject);
    call.end(body);
  });
}

function parse(text) {
  try {
    return { json: JSON.parse(text) };
  } catch (error) {
    return {};
  }
}

const typeOf = (value) => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value);

// The first difference of shape, as text; "" when there is none. With `loose` (rows in no order) lists
// need only both be empty or not, and null is like any value.
function difference(recorded, actual, loose, at) {
  if (loose && (recorded === null || actual === null)) return "";
  if (typeOf(recorded) !== typeOf(actual)) return `${at}: ${typeOf(recorded)} recorded, ${typeOf(actual)} given`;
  if (Array.isArray(recorded)) {
    const differs = loose ? !recorded.length !== !actual.length : recorded.length !== actual.length;
    if (differs) return `${at}: ${recorded.length} items recorded, ${actual.length} given`;
    const count = loose ? Math.min(1, recorded.length, actual.length) : recorded.length;
    for (let i = 0; i < count; i++) {
      const found = difference(recorded[i], actual[i], loose, `${at}[${i}]`);
      if (found) return found;
    }
  } else if (recorded && typeof recorded === "object") {
    const missing = Object.keys(recorded).filter((key) => !(key in actual));
    const extra = Object.keys(actual).filter((key) => !(key in recorded));
    if (missing.length || extra.length) return `${at}: ${missing.map((key) => "-" + key).concat(extra.map((key) => "+" + key)).join(" ")}`;
    for (const key of Object.keys(recorded)) {
      const found = difference(recorded[key], actual[key], loose, `${at}.${key}`);
      if (found) return found;
    }
  }
  return "";
}

function compare(exchange, answer) {
  const recorded = parse(exchange.response.body), actual = parse(answer.body);
  const isList = Array.isArray((recorded.json || {}).data);
  const ordered = !isList || /order_by/.test(exchange.request.path + (exchange.request.body || ""));
  if (recorded.json && actual.json && (!isList || /order_by=(creation|modified)/.test(exchange.request.path))) learn(recorded.json, actual.json);
  if (recorded.json && actual.json && exchange.request.method === "POST") learnNames(recorded.json, actual.json);
  if (exchange.response.status !== answer.status) return `status ${exchange.response.status} recorded, ${answer.status} given: ${answer.body.slice(0, 160)}`;
  if (exchange.request.method === "HEAD" || exchange.shape === "status") return "";
  if ((recorded.json === undefined) !== (actual.json === undefined)) return "only one of the bodies is JSON";
  if (recorded.json === undefined) return "";
  const types = [recorded.json, actual.json].map((body) => body.exc_type || (body.errors && body.errors[0].type));
  if (types[0] !== types[1]) return `exc_type ${types[0]} recorded, ${types[1]} given`;
  if (exchange.shape === "loose") return difference(recorded.json, actual.json, true, "");
  return difference(recorded.json, actual.json, !ordered, "");
}

function learnSession(exchange, answer) {
  const sid = (pairs) => (/^sid=([^;]+)/.exec(pairs.find((value) => value.startsWith("sid=")) || "") || [])[1];
  const before = sid((exchange.response.headers || []).filter(([name]) => /^set-cookie$/i.test(name)).map(([, value]) => value));
  const now = sid([].concat(answer.headers["set-cookie"] || []));
  if (before && now && now !== "Guest" && before !== now) teach(before, now);
}

async function replay(file, totals) {
  const short = file.replace(/^.*\//, "").replace(/\.jsonl$/, "");
  const version = (deviations[process.env.REPLAY_VERSION || "15.55"] || {});
  let passed = 0, count = 0;
  for (const line of fs.readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const exchange = JSON.parse(line);
    if (exchange.practice) {
      const answer = await send({ method: "POST", path: "/practice/" + exchange.practice, headers: {}, body: JSON.stringify(exchange.body || {}) });
      if (answer.status !== 200) throw new Error(`/practice/${exchange.practice}: ${answer.body}`);
      continue;
    }
    if (!exchange.request || !exchange.response) continue;
    const answer = await send(exchange.request);
    learnSession(exchange, answer);
    const problem = compare(exchange, answer);
    const known = version[`${short}/${exchange.name}`];
    count++;
    if (!problem) {
      passed++;
      if (known) totals.stale.push(`${short}/${exchange.name}`);
    } else if (known) {
      totals.known++;
    } else {
      totals.failed.push(`${short}/${exchange.name}`);
      console.log(`${short}/${exchange.name}: ${exchange.request.method} ${decodeURIComponent(exchange.request.path).slice(0, 110)}: ${problem}`);
      if (verbose) console.log(`    sent ${(exchange.request.body || "").slice(0, 300)}\n    recorded ${exchange.response.body.slice(0, 600)}\n    given    ${answer.body.slice(0, 600)}`);
    }
  }
  totals.passed += passed;
  totals.count += count;
  console.log(`${short}: ${passed} of ${count} equal`);
}

async function main() {
  const totals = { passed: 0, count: 0, known: 0, failed: [], stale: [] };
  for (const file of files) await replay(file, totals);
  agent.destroy();
  console.log(`${totals.passed} of ${totals.count} equal, ${totals.known} known deviations, ${totals.failed.length} failures`);
  for (const name of new Set(totals.stale)) console.log(`a listed deviation is none any more: ${name}`);
  process.exitCode = totals.failed.length ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 2;
});
