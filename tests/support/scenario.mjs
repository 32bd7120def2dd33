// What scenarios are made of: practice servers, a project in a temporary folder, the daemon on it, its commands, signed
// webhooks, and waiting for an outcome with a deadline. Everything started is stopped by its pid, whatever happens.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";

export const binary = process.env.TIDEWIRE;
const children = new Set();
const folders = new Set();

// Sanitized and valgrind-like builds are several times slower; deadlines are for what hangs, never a measurement.
const patience = process.env.TIDEWIRE_SANITIZED ? 4 : 1;

export const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/// The first truthy result of `check`; throws with what was waited for, and what `check` said last.
export async function until(what, check, seconds = 60) {
  const end = Date.now() + seconds * 1000 * patience;
  let last;
  for (let pause = 0.02; ; pause = Math.min(pause * 1.5, 0.25)) {
    try {
      const found = await check();
      if (found) return found;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited in vain for ${what}${last === undefined ? "" : `: ${last instanceof Error ? last.message : JSON.stringify(last)}`}`);
    await sleep(pause);
  }
}

/// One HTTP request: { status, headers, text, json } or { dropped: code } where no answer came.
export function call(url, { method = "GET", body, headers = {}, socket, agent, seconds = 60 } = {}) {
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const all = { ...(bytes ? { "Content-Length": bytes.length } : {}), ...headers };
  return new Promise((resolve) => {
    const request = http.request(url, { method, headers: all, socketPath: socket, agent: agent ?? false, timeout: seconds * 1000 * patience }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", (error) => resolve({ dropped: error.code ?? "error" }));
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        let json;
        try { json = JSON.parse(text); } catch { json = undefined; }
        resolve({ status: answer.statusCode, headers: answer.headers, text, json });
      });
    });
    request.on("timeout", () => request.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })));
    request.on("error", (error) => resolve({ dropped: error.code ?? "error" }));
    request.end(bytes);
  });
}

/// A port of this machine that nobody listens on.
export const free_port = () => new Promise((resolve) => {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

// Processes ------------------------------------------------------------------------------------------------------------

/// A program in the background: { pid, out(), err(), exited (a promise of { code, signal }), stop(), kill() }.
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (part) => (texts.out += part));
  child.stderr.on("data", (part) => (texts.err += part));
  children.add(child);
  const exited = new Promise((resolve) => {
    child.on("error", (error) => { children.delete(child); texts.err += error.message; resolve({ code: -1 }); });
    child.on("close", (code, signal) => { children.delete(child); resolve({ code, signal }); });
  });
  const program = { pid: child.pid, out: () => texts.out, err: () => texts.err, exited, running: () => child.exitCode === null && child.signalCode === null };
  program.signal = (name) => child.kill(name);
  program.kill = async () => { child.kill("SIGKILL"); return exited; };
  program.stop = async (seconds = 40) => {
    child.kill("SIGTERM");
    const end = await Promise.race([exited, sleep(seconds * patience).then(() => undefined)]);
    if (end) return end;
    await program.kill();
    throw new Error(`pid ${child.pid} did not end within ${seconds} s of SIGTERM\n${texts.err.slice(-3000)}`);
  };
  return program;
}

export function temporary(name = "tidewire") {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), name + "-"));
  folders.add(folder);
  return folder;
}

const undo = [];
/// Runs when the program ends, last first.
export const cleanup = (action) => undo.push(action);

const looks = [];
/// Tells what is to be seen when a case has failed; the answer is printed.
export const when_failed = (look) => looks.push(look);

async function stop_all() {
  for (const child of [...children]) child.kill("SIGKILL");
  for (const action of undo.splice(0).reverse()) {
    try { await action(); } catch (error) { console.error(error.message); }
  }
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => stop_all().then(() => process.exit(1)));

/// A practice server on a free port: { url, call(method, path, body, headers) } beside what start() gives.
export async function practice(name, args = []) {
  const server = start(binary, ["practice", name, "--port", "0", "--seed", "7", ...args]);
  const url = await until(`practice ${name} to listen`, () => {
    if (!server.running()) throw new Error(server.err());
    return /^listening (\S+)$/m.exec(server.out())?.[1];
  });
  return Object.assign(server, { url });
}

// The two sides ----------------------------------------------------------------------------------------------------------

function must(what, answer) {
  if (answer.dropped || answer.status >= 300) throw new Error(`${what}: ${answer.dropped ?? `${answer.status} ${answer.text.slice(0, 600)}`}`);
  return answer.json;
}

/// A Frappe site as a colleague at its desk and its tests see it.
export async function frappe(args = []) {
  const server = await practice("frappe", args);
  const headers = { Authorization: "token practice-key:practice-secret", Accept: "application/json", "Content-Type": "application/json" };
  const ask = async (method, where, body) => must(`${method} ${where}`, await call(server.url + where, { method, body, headers }));
  const resource = (doctype, name) => "/api/resource/" + encodeURIComponent(doctype) + (name === undefined ? "" : "/" + encodeURIComponent(name));
  return Object.assign(server, {
    ask,
    define: (doctype) => ask("POST", resource("DocType"), { module: "Core", custom: 1, permissions: [{ role: "System Manager", read: 1, write: 1, create: 1, delete: 1 }], ...doctype }),
    insert: async (doctype, values) => (await ask("POST", resource(doctype), values)).data,
    insert_many: async (docs) => (await ask("POST", "/api/method/frappe.client.insert_many", { docs })).message,
    edit: async (doctype, name, values) => (await ask("PUT", resource(doctype, name), values)).data,
    remove: (doctype, name) => ask("DELETE", resource(doctype, name)),
    get: async (doctype, name) => (await ask("GET", resource(doctype, name))).data,
    /// null where there is none
    find: async (doctype, field, value) => (await ask("GET", `${resource(doctype)}?fields=["*"]&limit=2&filters=${encodeURIComponent(JSON.stringify([[field, "=", value]]))}`)).data[0] ?? null,
    all: async (doctype, fields = ["*"]) => (await ask("GET", `${resource(doctype)}?fields=${encodeURIComponent(JSON.stringify(fields))}&limit=0&order_by=${encodeURIComponent("name asc")}`)).data,
    faults: (rules) => ask("POST", "/practice/faults", rules),
    well: () => ask("DELETE", "/practice/faults"),
    quiet: (quiet) => ask("POST", "/practice/quiet", { quiet }),
    knob: (name, body) => ask("POST", "/practice/" + name, body),
    /// Documents written and webhooks to come.
    stats: () => ask("GET", "/practice/stats"),
    written: async (doctype) => {
      const writes = (await ask("GET", "/practice/stats")).writes;
      return Object.entries(writes).filter(([name]) => name !== "Webhook" && (!doctype || name === doctype)).reduce((sum, [, of]) => sum + Object.values(of).reduce((a, b) => a + b, 0), 0);
    },
    idle: async () => {
      const { webhooks, webhooks_waiting } = await ask("GET", "/practice/stats");
      return webhooks_waiting === 0 && webhooks.queued === webhooks.delivered + webhooks.given_up;
    },
    /// Webhooks as an administrator sets them up: signed, one per event; those that are there get the new address.
    tell: async (doctype, address, secret, events = ["after_insert", "on_change", "on_trash"]) => {
      for (const event of events) {
        const name = `${doctype} ${event}`;
        const there = (await call(server.url + resource("Webhook", name), { headers })).status !== 404;
        await ask(there ? "PUT" : "POST", resource("Webhook", there ? name : undefined), { name, webhook_doctype: doctype, webhook_docevent: event, request_url: `${address}?event=${event}`, request_method: "POST", enabled: 1,
          enable_security: 1, webhook_secret: secret, webhook_data: [{ fieldname: "doctype", key: "doctype" }, { fieldname: "name", key: "name" }] });
      }
    },
  });
}

/// A Supabase project over its REST API.
export async function supabase(args = []) {
  const server = await practice("supabase", args);
  let key = "sb_secret_practice";
  const ask = async (method, where, body, more = {}) =>
    must(`${method} ${where}`, await call(server.url + where, { method, body, headers: { apikey: key, Accept: "application/json", "Content-Type": "application/json", ...more } }));
  const rows = (table, column, value) => `/rest/v1/${table}?${column}=eq.${encodeURIComponent(value)}`;
  return Object.assign(server, {
    ask,
    use_key: (now) => (key = now),
    define: (tables) => ask("POST", "/practice/tables", { tables }),
    insert: async (table, values) => (await ask("POST", "/rest/v1/" + table, values, { Prefer: "return=representation" }))[0],
    edit: async (table, column, value, values) => (await ask("PATCH", rows(table, column, value), values, { Prefer: "return=representation" }))[0],
    remove: (table, column, value) => ask("DELETE", rows(table, column, value)),
    find: async (table, column, value) => (await ask("GET", rows(table, column, value)))[0] ?? null,
    all: async (table, order = "id") => {
      const found = [];
      for (;;) {
        const page = await ask("GET", `/rest/v1/${table}?order=${order}&limit=1000&offset=${found.length}`);
        if (page.length === 0) return found;
        found.push(...page);
      }
    },
    faults: (rules) => ask("POST", "/practice/faults", rules),
    well: () => ask("DELETE", "/practice/faults"),
    knob: (name, body) => ask("POST", "/practice/" + name, body),
    stats: () => ask("GET", "/practice/stats"),
    written: async (table) => Object.entries((await ask("GET", "/practice/stats")).rows_written).filter(([name]) => !table || name === table).reduce((sum, [, count]) => sum + count, 0),
    idle: async () => (await call(server.url + "/practice/idle")).status === 200,
    tell: (table, address, headers) => ask("POST", "/practice/webhooks", { table, url: address, timeout: 10, headers }),
    silence: () => ask("DELETE", "/practice/webhooks"),
  });
}

/// An Odoo, asked as its administrator: `at` calls a method of a model.
export async function odoo(args = []) {
  const server = await practice("odoo", args);
  const at = async (model, method, args, kwargs) => must(`${model}.${method}`, await call(server.url + "/practice/call", { method: "POST", body: { model, method, args, kwargs } })).result;
  return Object.assign(server, {
    at,
    read: async (model, id, field) => (await at(model, "read", [[id], [field]]))[0]?.[field],
    written: async () => (await call(server.url + "/practice/stats")).json.writes,
    idle: async () => true,
  });
}

/// What a Frappe site sends, signed as it signs.
export function signed(secret, body) {
  return { "X-Frappe-Webhook-Signature": crypto.createHmac("sha256", secret).update(body).digest("base64") };
}

// The project and its daemon -----------------------------------------------------------------------------------------------

function copy(from, to) {
  fs.cpSync(from, to, { recursive: true });
}

/// A copy of the template folder `from` (or an empty project) with `secrets` as its .env.
export function project(from, secrets = {}) {
  const folder = temporary("project");
  if (from) copy(from, folder);
  const self = { folder, secrets: { ...secrets }, daemon: null };
  self.path = (name) => path.join(folder, name);
  self.read = (name) => fs.readFileSync(self.path(name), "utf8");
  // Written aside and moved, as editors do.
  self.write = (name, text) => {
    fs.mkdirSync(path.dirname(self.path(name)), { recursive: true });
    const draft = self.path(name) + ".draft~";
    fs.writeFileSync(draft, text, { mode: 0o600 });
    fs.renameSync(draft, self.path(name));
  };
  self.edit = (name, from_text, to_text) => {
    const before = self.read(name);
    assert.ok(before.includes(from_text), `${name} holds ${from_text}`);
    self.write(name, before.replace(from_text, to_text));
  };
  self.remove = (name) => fs.rmSync(self.path(name));
  self.write_secrets = (values = self.secrets) => self.write(".env", Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join(""));
  self.write_secrets();

  /// A command: { code, out, err, json }.
  self.cli = (...args) => self.cli_with({}, ...args);
  /// The same with more in its environment; { signal } too where it was killed.
  self.cli_with = (env, ...args) => new Promise((resolve) => {
    const child = execFile(binary, [...args, "--project", folder], { env: { ...process.env, ...env }, timeout: 180000 * patience, killSignal: "SIGKILL", maxBuffer: 64 << 20 }, (error, out, err) => {
      children.delete(child);
      let json;
      try { json = JSON.parse(out); } catch { json = undefined; }
      resolve({ code: error ? error.code ?? -1 : 0, signal: error?.signal ?? null, out, err, json });
    });
    children.add(child);
  });
  /// The JSON of a command; its exit code must be one of `codes`.
  self.ask = async (args, codes = [0]) => {
    const done = await self.cli(...args, "--json");
    assert.ok(codes.includes(done.code), `tidewire ${args.join(" ")} ended with ${done.code}\n${done.out.slice(0, 2000)}\n${done.err.slice(0, 2000)}`);
    return done.json;
  };
  self.start = async (args = [], options = {}) => {
    const daemon = start(options.command ?? binary, [...(options.before ?? []), "run", folder, "--json", ...args], options.spawn);
    self.daemon = daemon;
    const ready = await until("the daemon to be ready", () => {
      if (!daemon.running()) return "ended";
      const line = daemon.out().split("\n").find((one) => one.startsWith("{"));
      return line && JSON.parse(line);
    }, 60);
    if (ready === "ended") throw Object.assign(new Error("the daemon ended: " + daemon.err()), { ended: true });
    daemon.address = "http://" + ready.ready;
    daemon.mappings = ready.mappings;
    daemon.process = ready.pid;
    return daemon;
  };
  self.status = async () => {
    const answer = await call("http://tidewire/api/v1/status", { socket: self.path("state/tidewire.sock") });
    return must("status", answer);
  };
  /// Lines of the daemon's log with this event.
  self.logged = (event) => (self.daemon?.err() ?? "").split("\n").flatMap((line) => {
    try { const one = JSON.parse(line); return one.event === event ? [one] : []; } catch { return []; }
  });
  self.operations = async (mapping, key, more = "") =>
    must("operations", await call(`http://tidewire/api/v1/operations?limit=200&mapping=${mapping}${key === undefined ? "" : "&key=" + encodeURIComponent(key)}${more}`, { socket: self.path("state/tidewire.sock") })).operations;
  self.dead = async (mapping = "", state = "dead") => must("dead letters", await call(`http://tidewire/api/v1/dead-letters?limit=200&state=${state}${mapping && "&mapping=" + mapping}`, { socket: self.path("state/tidewire.sock") })).keys;
  return self;
}

/// Until nothing is under way: no webhook to be sent, no change to be looked at. Standing keys (dead, conflict) may remain.
export async function settled(world, seconds = 90) {
  const { erp, app, project: own } = world;
  let calm = 0, last;
  await until("everything to settle", async () => {
    const idle = (!erp || erp.stopped || (await erp.idle())) && (!app || app.stopped || (await app.idle()));
    const status = await own.status();
    last = status;
    const loaded = Object.values(status.mappings).filter((one) => one.under_way !== undefined);  // what is away waits
    const busy = loaded.some((one) => one.waiting + one.backing_off > 0 || one.under_way > 0);
    calm = idle && !busy && status.not_fanned_out === 0 ? calm + 1 : 0;
    return calm >= 3;
  }, seconds).catch((error) => {
    const brief = last && Object.fromEntries(Object.entries(last.mappings).map(([name, one]) => [name, { waiting: one.waiting, backing_off: one.backing_off, under_way: one.under_way }]));
    throw new Error(`${error.message} ${JSON.stringify(brief)} not fanned out ${last?.not_fanned_out}`);
  });
  return last;
}

// Running ----------------------------------------------------------------------------------------------------------------

/// Runs the cases in order, each a sentence; what failed is told with the end of the daemon's log, and
/// `mend` undoes its faults. Ends the program.
export async function run(cases, world = {}, mend = async () => {}) {
  const only = process.env.ONLY;
  let failed = 0;
  try {
    for (const [name, test] of Object.entries(cases)) {
      if (only && !name.includes(only) && !name.startsWith("(")) continue;
      const began = Date.now();
      const log = world.project?.daemon?.err().length ?? 0;
      try {
        await test();
        console.log(`ok - ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed++;
        console.log(`not ok - ${name}\n${error.stack}`);
        for (const look of looks) console.log(await Promise.resolve(look()).catch((problem) => problem.message));
        const daemon = world.project?.daemon;
        if (daemon) console.log("--- the daemon's log of this case\n" + daemon.err().slice(Math.max(log, daemon.err().length - 6000)));
        if (name.startsWith("(")) break;
        await mend().catch((problem) => console.log(problem.message));
      }
    }
  } finally {
    await stop_all();
  }
  process.exit(failed ? 1 : 0);
}
