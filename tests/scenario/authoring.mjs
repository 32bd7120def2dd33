// Connections and mappings made over the API: secrets go in and never come out, files are what they should be, all is loaded at once.
import assert from "node:assert/strict";
import fs from "node:fs";
import { call, run, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project;
const seen = [];
const typed = "typed-only-here-1";  // a secret that no file of ours knows

async function ask(method, target, body, status = 200) {
  const answer = await call(`http://tidewire/api/v1/${target}`, { method, body, socket: project.path("state/tidewire.sock") });
  seen.push(answer.text ?? "");
  assert.equal(answer.status, status, `${method} ${target}: ${answer.status} ${answer.text?.slice(0, 600)}`);
  return answer.json;
}
const env = () => project.read(".env");
const mode = (name) => fs.statSync(project.path(name)).mode & 0o777;
const good = () => ({ options: { url: erp.url }, secrets: { api_key: secrets.ERP_KEY, api_secret: secrets.ERP_SECRET } });

const cases = {
  async "(a daemon without any mapping)"() {
    Object.assign(world, await company({ parts: [] }));
    ({ erp, app, project } = world);
    for (const code of ["ada", "grace", "emmy"]) await erp.insert("Staff Member", { staff_code: code, full_name: `${code} of the sea`, remark: "r", phone: "1" });
    await project.start();
  },

  async "every kind says what it wants to be told"() {
    const { kinds } = await ask("GET", "connection-kinds");
    const frappe = kinds.find((one) => one.kind === "frappe");
    assert.deepEqual(frappe.options.slice(0, 3).map((one) => [one.name, one.required, one.secret]), [["url", true, false], ["api_key", true, true], ["api_secret", true, true]]);
    for (const kind of ["supabase", "postgres", "neon", "mysql", "odoo", "notion", "http"]) assert.ok(kinds.some((one) => one.kind === kind), kind);
  },

  async "a draft is tried before it is saved: who we are, what is there, what is not seen"() {
    const tested = await ask("POST", "connection-drafts", { kind: "frappe", ...good() });
    assert.equal(tested.ok, true, JSON.stringify(tested));
    assert.ok(tested.answer.user);
    assert.ok(tested.collections.some((one) => one.name === "Staff Member" && one.word === "doctype"), JSON.stringify(tested.collections));
    const wrong = await ask("POST", "connection-drafts", { kind: "frappe", options: { url: erp.url }, secrets: { api_key: secrets.ERP_KEY, api_secret: typed } });
    assert.equal(wrong.ok, false);
    assert.equal(wrong.error.code, "denied");
    const nothing = await ask("POST", "connection-drafts", { kind: "frappe", options: { url: "http://127.0.0.1:9" }, secrets: good().secrets });
    assert.equal(nothing.error.code, "unavailable");
    assert.ok(!fs.existsSync(project.path("connections")));
    assert.equal((await project.status()).connections.draft, undefined);
  },

  async "it is saved: options in a file, secrets in .env for its owner alone, and it runs at once"() {
    const before = env();
    fs.chmodSync(project.path(".env"), 0o644);
    const saved = await ask("POST", "connections", { name: "crm", kind: "frappe", ...good() }, 201);
    assert.equal(saved.file, "connections/crm.lua");
    const file = project.read("connections/crm.lua");
    assert.match(file, /return frappe \{/);
    assert.match(file, /api_key = secret "CRM_API_KEY",/);
    assert.ok(!file.includes(secrets.ERP_SECRET));
    assert.ok(env().startsWith(before), "other lines stay as they were");
    assert.match(env(), new RegExp(`^CRM_API_SECRET=${secrets.ERP_SECRET}$`, "m"));
    assert.equal(mode(".env"), 0o600);
    await until("it to be asked", async () => (await project.status()).connections.crm?.state === "ok");
  },

  async "its settings say which secrets are set, and never one of them"() {
    const settings = await ask("GET", "connections/crm/settings");
    assert.deepEqual(settings.options, { url: erp.url });
    assert.deepEqual(settings.secrets.map((one) => [one.path, one.variable, one.set]), [["api_key", "CRM_API_KEY", true], ["api_secret", "CRM_API_SECRET", true]]);
    assert.equal(settings.editable, true);
  },

  async "what is wrong is refused with what to do, and nothing is written"() {
    const files = () => [env(), fs.readdirSync(project.path("connections")).sort().join(), project.read("connections/crm.lua")].join("\n--\n");
    const before = files();
    const refusals = [
      ["POST", "connections", { name: "crm", kind: "frappe", ...good() }, /already/],
      ["POST", "connections", { name: "erp", kind: "frappe", ...good() }, /already/],
      ["POST", "connections", { name: "../evil", kind: "frappe", ...good() }, /cannot be the name/],
      ["POST", "connections", { name: "secret", kind: "frappe", ...good() }, /word of the language/],
      ["POST", "connections", { name: "two", kind: "frapppe", ...good() }, /did you mean 'frappe'/],
      ["POST", "connections", { name: "two", kind: "frappe", options: { url: erp.url, api_key: "in clear" }, secrets: {} }, /is a secret/],
      ["POST", "connections", { name: "two", kind: "frappe", options: { url: erp.url, zonne: "UTC" }, secrets: good().secrets }, /did you mean 'zone'/],
      ["POST", "connections", { name: "two", kind: "frappe", options: { url: erp.url }, secrets: { api_key: "one" } }, /api_secret/],
      ["POST", "connections", { name: "two", kind: "frappe", options: { url: erp.url }, secrets: { api_key: "a\nB=1", api_secret: "x" } }, /more than one line/],
      ["PUT", "connections/crm", { options: { url: "http://127.0.0.1:9" } }, /address changes/],
      ["PUT", "connections/erp", { options: { url: erp.url } }, /declared in tidewire.lua/],
      ["DELETE", "connections/erp", undefined, /declared in tidewire.lua/],
    ];
    for (const [method, target, body, words] of refusals) {
      const answer = await call(`http://tidewire/api/v1/${target}`, { method, body, socket: project.path("state/tidewire.sock") });
      seen.push(answer.text ?? "");
      assert.ok([400, 422].includes(answer.status), `${method} ${target}: ${answer.status} ${answer.text}`);
      assert.match(answer.json.detail + answer.json.hint, words);
    }
    assert.equal(files(), before);
    const stale = await call("http://tidewire/api/v1/connections/crm", { method: "PUT", body: { options: { url: erp.url }, hash: "0" }, socket: project.path("state/tidewire.sock") });
    assert.equal(stale.status, 412);
  },

  async "an edit keeps the secrets that it does not name; a new one replaces the old"() {
    await ask("PUT", "connections/crm", { options: { url: erp.url, zone: "Europe/Berlin", limits: { parallel: 2 } }, secrets: { webhook_secret: typed } });
    assert.match(project.read("connections/crm.lua"), /limits = \{ parallel = 2 \},/);
    assert.match(env(), new RegExp(`^CRM_WEBHOOK_SECRET=${typed}$`, "m"));
    await ask("PUT", "connections/crm", { secrets: { webhook_secret: null } });
    assert.ok(!env().includes("CRM_WEBHOOK_SECRET"));
    assert.match(project.read("connections/crm.lua"), /zone = "Europe\/Berlin"/);
    await until("it to answer still", async () => (await project.status()).connections.crm?.state === "ok");
  },

  async "a secret that tidewire.lua names gets a new value, and the file stays as a person wrote it"() {
    const before = project.read("tidewire.lua");
    await ask("PUT", "connections/app", { secrets: { "webhook.secret": "another-hook-secret" } });
    assert.match(env(), /^APP_WEBHOOK_SECRET=another-hook-secret$/m);
    assert.equal(project.read("tidewire.lua"), before);
    assert.equal(env().match(/^APP_WEBHOOK_SECRET=/gm).length, 1);
  },

  async "two collections are matched, with a reason for each pair, and what is required stands out"() {
    const { collections } = await ask("GET", "connections/app/collections");
    assert.ok(collections.some((one) => one.name === "employees"));
    const found = await ask("POST", "mapping-suggestions", { name: "staff", left: { connection: "crm", collection: "Staff Member" }, right: { connection: "app", collection: "employees" } });
    const pair = (left) => found.pairs.find((one) => one.left === left);
    assert.equal(pair("staff_code").right, "code");
    assert.equal(pair("phone").reason, "same name");
    assert.equal(pair("date_of_birth").right, "born_on");
    assert.equal(pair("full_name").right, "name");
    assert.deepEqual(found.match, { left: "staff_code", right: "code", fold: false });
    assert.match(found.source, /left  = crm\.doctype "Staff Member",/);
    world.source = found.source;
    const missing = await call("http://tidewire/api/v1/mapping-suggestions", { method: "POST", body: { left: { connection: "crm", collection: "Nobody" }, right: { connection: "app", collection: "employees" } }, socket: project.path("state/tidewire.sock") });
    assert.equal(missing.status, 400, missing.text);
    assert.match(missing.json.detail, /Nobody/);
  },

  async "the draft is tried on records and nothing is written; a mistake is told with its line"() {
    const tried = await ask("POST", "mapping-drafts", { name: "staff", source: world.source, dry_run: 20 });
    assert.equal(tried.ok, true, JSON.stringify(tried));
    assert.equal(tried.looked_at, 3);
    assert.equal(tried.writes.length, 3);
    assert.equal((await app.all("employees")).length, 0);
    assert.ok(!fs.existsSync(project.path("mappings/staff.lua")));
    const wrong = await ask("POST", "mapping-drafts", { name: "staff", source: world.source.replace("\"phone\"", "\"fone\"") });
    assert.equal(wrong.ok, false);
    assert.ok(wrong.problems[0].line > 1);
    assert.match(wrong.problems[0].message, /fone/);
  },

  async "it is saved switched off, takes nothing, and works once it is switched on"() {
    const made = await ask("POST", "mappings", { name: "staff", source: world.source, enabled: false }, 201);
    assert.ok(made.version);
    assert.equal(project.read("mappings/staff.lua"), world.source);
    assert.equal((await project.status()).mappings.staff.state, "paused");
    await ask("POST", "mappings", { name: "staff", source: world.source }, 400);
    await ask("POST", "mappings", { name: "bad", source: "return mapping {}" }, 422);
    assert.ok(!fs.existsSync(project.path("mappings/bad.lua")));
    await ask("POST", "mappings/staff/enable", {});
    assert.equal((await project.cli("sync", "staff")).code, 0);
    await until("the people on the right", async () => (await app.all("employees")).length === 3);
  },

  async "a save makes a new version of what it changes, and of no other mapping"() {
    const versions = async () => (await ask("GET", "mappings/staff/versions")).versions.map((one) => one.version);
    const before = await versions();
    assert.equal(before.length, 1);
    await ask("POST", "connections", { name: "spare", kind: "frappe", ...good() }, 201);
    await ask("PUT", "connections/crm", { options: { url: erp.url, limits: { parallel: 4 } } });
    project.write("mappings/unready.lua", "return mapping {}\n");
    await until("the other file to be read", async () => (await project.status()).mappings.unready?.reload.ok === false);
    project.edit("tidewire.lua", "  defaults =", "  -- a remark\n  defaults =");
    await until("the project to be read", async () => project.logged("project_reloaded").length >= 3);
    // A start reads everything as it is now.
    await project.daemon.stop();
    await project.start();
    await until("it to run", async () => (await project.status()).mappings.staff.version);
    assert.deepEqual(await versions(), before);
    project.remove("mappings/unready.lua");
    await ask("DELETE", "connections/spare");
    const { source, hash } = await ask("GET", "mappings/staff/source");
    await ask("PUT", "mappings/staff/source", { source: `${source}-- an edit\n`, hash });
    assert.equal((await versions()).length, 2);
  },

  async "of two edits that began with the same text one is saved, and the other is told so"() {
    for (let round = 0; round < 3; ++round) {
      const { source, hash } = await ask("GET", "mappings/staff/source");
      const edits = ["A", "B"].map((who) => `${source}-- edit ${round} of ${who}\n`);
      const answers = await Promise.all(edits.map((text) => call("http://tidewire/api/v1/mappings/staff/source", { method: "PUT", body: { source: text, hash }, socket: project.path("state/tidewire.sock") })));
      assert.deepEqual(answers.map((one) => one.status).sort(), [200, 412], answers.map((one) => one.text).join("\n"));
      assert.equal(project.read("mappings/staff.lua"), edits[answers.findIndex((one) => one.status === 200)]);
    }
    const { hash } = await ask("GET", "connections/crm/settings");
    const limits = [2, 3].map((parallel) => ({ options: { url: erp.url, limits: { parallel } }, hash }));
    const answers = await Promise.all(limits.map((body) => call("http://tidewire/api/v1/connections/crm", { method: "PUT", body, socket: project.path("state/tidewire.sock") })));
    assert.deepEqual(answers.map((one) => one.status).sort(), [200, 412]);
    // Secrets have no text to compare: none of them is lost.
    await Promise.all(["webhook_secret", "webhook.secret"].map((path, at) => call(`http://tidewire/api/v1/connections/${at ? "app" : "crm"}`, { method: "PUT", body: { secrets: { [path]: at ? "another-hook-secret" : typed } }, socket: project.path("state/tidewire.sock") })));
    assert.match(env(), new RegExp(`^CRM_WEBHOOK_SECRET=${typed}$`, "m"));
    assert.match(env(), /^APP_WEBHOOK_SECRET=another-hook-secret$/m);
  },

  async "a connection in use stays; a mapping that goes leaves its history, then the connection goes with its secrets"() {
    const refused = await call("http://tidewire/api/v1/connections/crm", { method: "DELETE", socket: project.path("state/tidewire.sock") });
    assert.equal(refused.status, 400);
    assert.match(refused.json.detail, /used by staff/);
    await ask("DELETE", "mappings/staff");
    assert.ok(!fs.existsSync(project.path("mappings/staff.lua")));
    assert.equal((await ask("GET", "links?mapping=staff")).links.length, 3);
    await ask("DELETE", "connections/crm");
    assert.ok(!fs.existsSync(project.path("connections/crm.lua")));
    assert.ok(!env().includes("CRM_"));
    assert.match(env(), /^ERP_KEY=/m);
    await until("it to be gone", async () => (await project.status()).connections.crm === undefined);
  },

  async "a connection's file is loaded at a start, and hot when a person saves it; environments hold for it too"() {
    project.edit("tidewire.lua", "  defaults =", "  environments = { other = { connections = { desk = { limits = { parallel = 1 } } } } },\n  defaults =");
    project.write("connections/desk.lua", `return frappe { url = "${erp.url}", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" }\n`);
    await until("the saved file to be loaded", async () => (await project.status()).connections.desk?.state === "ok");
    await project.daemon.stop();
    await project.start(["--env", "other"]);
    await until("it to run after a start", async () => (await project.status()).connections.desk?.state === "ok");
    project.write("connections/desk.lua", "return { url = 1 }\n");
    await until("the slip to be told", async () => project.logged("project_invalid").some((one) => /connections\/desk\.lua/.test(one.message)));
    assert.equal((await project.status()).connections.desk.state, "ok", "the version before goes on");
    project.write("connections/erp.lua", `return frappe { url = "${erp.url}", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" }\n`);
    project.remove("connections/desk.lua");
    await until("a name declared twice to be told", async () => project.logged("project_invalid").some((one) => /'erp' is declared in tidewire\.lua too/.test(one.message)));
  },

  async "who did what is on record, and no secret is anywhere but in .env"() {
    const audit = await ask("GET", "audit?limit=200");
    const actions = audit.audit.map((one) => `${one.action} ${one.subject}`);
    for (const wanted of ["create_connection crm", "edit_connection crm", "edit_connection app", "create_mapping staff", "delete_mapping staff", "delete_connection crm", "try_connection "]) assert.ok(actions.some((one) => one.startsWith(wanted)), `${wanted} in ${actions.join("; ")}`);
    assert.ok((await ask("GET", "audit?action=create_connection")).audit.every((one) => one.action === "create_connection"));
    const said = seen.join("\n") + project.daemon.err() + project.daemon.out();
    await project.daemon.stop();
    const bytes = fs.readdirSync(project.path("state"), { recursive: true }).map((name) => project.path(`state/${name}`)).filter((name) => fs.statSync(name).isFile()).map((name) => fs.readFileSync(name));
    for (const text of [typed, secrets.ERP_SECRET, secrets.APP_KEY, "another-hook-secret"]) {
      assert.ok(!said.includes(text), `${text} is told`);
      assert.ok(bytes.every((one) => !one.includes(text)), `${text} is in the state`);
    }
  },
};

await run(cases, world);
