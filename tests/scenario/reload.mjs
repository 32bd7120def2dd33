import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { front } from "../support/front.mjs";
import { call, free_port, run, supabase, until } from "../support/scenario.mjs";
import { company, tables } from "../support/staff.mjs";

const world = {};
let erp, app, project;

const row = (code) => app.find("employees", "code", code);
const mapping = async (name = "employees") => (await project.status()).mappings[name];

/// Saves `text` over `from` in a file and waits until the daemon has read the mapping anew.
async function save(file, from, to, name = "employees") {
  const before = (await mapping(name))?.reload?.at;
  project.edit(file, from, to);
  return until(`${file} to be read again`, async () => {
    const now = await mapping(name);
    return now?.reload?.at !== before && now;
  });
}

/// Reads of people, while they are held back: { waiting, open() }.
let gate = null;
const hold = (request) => gate && request.url.startsWith("/api/resource/Staff%20Member") && new Promise((open) => gate.waiting.push(open));

/// Saves where to listen, and waits until the daemon does; `reached` is the address that it is asked by from then on.
async function listen(address, reached = address) {
  const before = project.read("tidewire.lua").match(/listen = "[^"]*"/)[0];
  project.edit("tidewire.lua", before, `listen = "${address}"`);
  await until(`it to listen on ${address}`, async () => (await project.status()).address === address);
  project.daemon.address = "http://" + reached;
}

let phones = 0;
/// An edit on the left; the phone that the right shows for it.
async function travels(check = (phone, sent) => phone === sent) {
  const sent = `phone ${++phones}`;
  await erp.edit("Staff Member", "HR-00001", { phone: sent });
  await until(`${sent} on the right`, async () => check((await row("ada")).phone, sent));
  await world.settled();
}

const cases = {
  async "(the daemon runs)"() {
    Object.assign(world, await company({ keep: { ERP_URL: await front(() => erp.url, hold) } }));
    ({ erp, app, project } = world);
    project.write("transforms/loud.lua", `return function(sign)\n  return { to_right = function(v) return v and v .. sign end, to_left = function(v) return v and (v:gsub("[!?]+$", "")) end }\nend\n`);
    await erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada", bio: "b" });
    await project.start();
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    await travels();
  },

  async "a saved mapping is used for new changes, under its new version"() {
    const before = (await mapping()).version;
    const after = await save("mappings/employees.lua", `{ "phone",         "phone" }`, `{ "phone", "phone", { to_right = function(v) return v and "tel " .. v end, to_left = function(v) return v and (v:gsub("^tel ", "")) end } }`);
    assert.equal(after.reload.ok, true);
    assert.notEqual(after.version, before);
    await travels((phone, sent) => phone === "tel " + sent);
    const [operation] = await project.operations("employees", "HR-00001");
    assert.equal(operation.script, after.version);
    assert.ok(project.logged("mapping_reloaded").some((one) => one.mapping === "employees"));
  },

  async "a reconcile that is under way ends on the version that it began with"() {
    const before = await mapping();
    gate = { waiting: [] };
    await erp.edit("Staff Member", "HR-00001", { phone: "under way" });
    await until("its read to be held back", async () => gate.waiting.length > 0 && (await mapping()).under_way === 1);
    const after = await save("mappings/employees.lua", `"tel "`, `"during "`);
    assert.equal(after.reload.ok, true, JSON.stringify(after.reload));
    assert.notEqual(after.version, before.version);
    assert.equal(after.under_way, 1);
    const { waiting } = gate;
    gate = null;
    waiting.forEach((open) => open());
    await until("its end", async () => (await row("ada")).phone.endsWith("under way"));
    await world.settled();
    assert.equal((await row("ada")).phone, "tel under way");
    assert.equal((await project.operations("employees", "HR-00001"))[0].script, before.version);

    await travels((phone, sent) => phone === "during " + sent);
    assert.equal((await project.operations("employees", "HR-00001"))[0].script, after.version);
    await save("mappings/employees.lua", `"during "`, `"tel "`);
  },

  async "an edit of a transform rewrites nothing by itself"() {
    const before = await world.counts();
    await save("mappings/employees.lua", `"tel "`, `"fon "`);
    await world.settled();
    assert.deepEqual(await world.counts(), before);
    await save("mappings/employees.lua", `{ "phone", "phone", { to_right = function(v) return v and "fon " .. v end, to_left = function(v) return v and (v:gsub("^tel ", "")) end } }`, `{ "phone",         "phone" }`);
    await travels();
  },

  async "a bad edit changes nothing but a message in the log and in status"() {
    const good = await mapping();
    for (const [from, to, words] of [
      [`return mapping {`, `return mapping {{`, /employees\.lua:\d+/],
      [`direction = "both"`, `direcion = "both"`, /direction/],
      [`"full_name"`, `"full_nam"`, /full_name/],
      [`erp.doctype "Staff Member"`, `erp.doctype "Staff Membre"`, /Membre/],
      [`return mapping {`, `local x = nil + 1\nreturn mapping {`, /employees\.lua:\d+/],
      [`return mapping {`, `while true do end\nreturn mapping {`, /employees\.lua:\d+/],
    ]) {
      const bad = await save("mappings/employees.lua", from, to);
      assert.equal(bad.reload.ok, false, to);
      assert.match(bad.reload.error.message, words, to);
      assert.equal(bad.version, good.version);
      assert.equal(bad.state, "running");
      assert.ok(project.logged("mapping_invalid").some((one) => words.test(one.message)), to);
      await travels();
      const shown = await project.cli("status");
      assert.match(shown.out + shown.err, /employees/);
      const checked = await project.cli("check");
      assert.equal(checked.code, 3, checked.out);
      assert.match(checked.out + checked.err, words);
      const mended = await save("mappings/employees.lua", to, from);
      assert.equal(mended.reload.ok, true, JSON.stringify(mended.reload));
    }
    assert.equal((await mapping()).version, good.version);
    await travels();
  },

  async "tests of a mapping that fail refuse the edit"() {
    const good = await mapping();
    const last = `  deletes = { to_right = "soft"`;
    const bad = await save("mappings/employees.lua", last, `  tests = { { left = { status = "Left" }, right = { status = "gone" } } },\n${last}`);
    assert.equal(bad.reload.ok, false);
    assert.match(bad.reload.error.message, /test/);
    assert.match(bad.reload.error.message, /status/);
    assert.equal(bad.version, good.version);
    await travels();
    const mended = await save("mappings/employees.lua", `right = { status = "gone" }`, `right = { status = "left" }`);
    assert.equal(mended.reload.ok, true, JSON.stringify(mended.reload));
    await travels();
  },

  async "a saved library reloads the mappings that use it, and only those"() {
    const used = await save("mappings/employees.lua", `{ "phone",         "phone" }`, `{ "phone", "phone", require("transforms.loud")("!") }`);
    assert.equal(used.reload.ok, true, JSON.stringify(used.reload));
    await travels((phone, sent) => phone === sent + "!");
    const others = (await mapping("departments")).reload.at;
    await save("transforms/loud.lua", `.. sign`, `.. sign .. "?"`);
    await travels((phone, sent) => phone === sent + "!?");
    assert.equal((await mapping("departments")).reload.at, others);
    const bad = await save("transforms/loud.lua", `return function(sign)`, `return function(sign`);
    assert.equal(bad.reload.ok, false);
    assert.match(bad.reload.error.message, /loud\.lua:\d+/);
    await travels((phone, sent) => phone === sent + "!?");
    const mended = await save("transforms/loud.lua", `return function(sign`, `return function(sign)`);
    assert.equal(mended.reload.ok, true, JSON.stringify(mended.reload));
    await save("mappings/employees.lua", `{ "phone", "phone", require("transforms.loud")("!") }`, `{ "phone",         "phone" }`);
    await travels();
  },

  async "a deleted mapping is paused and keeps its links; put back it goes on with what it missed"() {
    const text = project.read("mappings/employees.lua");
    project.remove("mappings/employees.lua");
    await until("the mapping to be gone", async () => project.logged("mapping_removed").some((one) => one.mapping === "employees"));
    const standing = await until("its links to be shown", () => mapping());
    assert.equal(standing.links, 1);
    assert.notEqual(standing.state, "running");
    const before = await world.counts();
    await erp.edit("Staff Member", "HR-00001", { bio: "while it was away" });
    await until("the hook to be sent", () => erp.idle());
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await world.counts()).app, before.app);

    project.write("mappings/employees.lua", text);
    await until("the edit", async () => (await row("ada")).bio === "while it was away");
    await world.settled();
    assert.equal((await mapping()).links, 1);
    assert.equal((await app.all("employees")).length, 1);
  },

  async "what comes while a mapping does not load waits for its mend, also where the daemon was started meanwhile"() {
    const text = project.read("mappings/employees.lua");
    await project.daemon.stop();
    project.write("mappings/employees.lua", text.replace(`direction = "both"`, `direcion = "both"`));
    await project.start();
    await world.connect();
    assert.equal((await mapping()).reload.ok, false);
    await erp.edit("Staff Member", "HR-00001", { bio: "while it did not load" });
    await until("the hook to be sent", () => erp.idle());

    project.write("mappings/employees.lua", text);
    await until("the edit", async () => (await row("ada")).bio === "while it did not load");
    await world.settled();
  },

  async "a new mapping file begins to work without a restart"() {
    project.remove("mappings/notices.lua");
    await until("the mapping to be gone", async () => project.logged("mapping_removed").some((one) => one.mapping === "notices"));
    project.write("mappings/posters.lua", `return mapping {\n  left = erp.doctype "Notice",\n  right = app.table "notices",\n  on = { webhook = true },\n  key = { left = "name", right = "id" },\n  match = { by.fields { { "code", "code" } } },\n  fields = { same { "code" }, { "body", "body" } },\n}\n`);
    await until("the new mapping", async () => (await mapping("posters"))?.state === "running");
    await erp.insert("Notice", { code: "n", body: "new" });
    await until("its first record", async () => (await app.find("notices", "code", "n"))?.body === "new");
    await world.settled();
  },

  async "what waits for a mapping that is gone for good is let go, and no more comes"() {
    const waiting = async () => (await mapping("notices")).waiting;
    await erp.insert("Notice", { code: "late", body: "for nobody" });
    await until("a change to wait for it", async () => (await waiting()) > 0);
    const refused = await project.cli("discard", "employees", "--all", "--reason", "not needed");
    assert.equal(refused.code, 2, refused.out);
    assert.match(refused.err, /the file of employees is there/);
    assert.equal((await project.cli("discard", "notices", "--all")).code, 2);

    const { discarded } = await project.ask(["discard", "notices", "--all", "--reason", "posters replaced it"]);
    assert.ok(discarded > 0, `${discarded}`);
    await erp.insert("Notice", { code: "later", body: "for nobody" });
    await until("it to reach the other mapping", async () => await app.find("notices", "code", "later"));
    await world.settled();
    assert.equal(await waiting(), 0);
    const [entry] = (await project.ask(["audit", "--action", "discard_mapping"])).audit;
    assert.deepEqual([entry.subject, entry.detail.reason], ["notices", "posters replaced it"]);

    const { links, file_gone } = await mapping("notices");
    assert.ok(file_gone);
    assert.match((await project.cli("status")).out, new RegExp(`notices has no file any more, ${links} pairs? kept: .*\\x60tidewire discard notices --all --links ${links} --reason WHY\\x60`));
    const miscounted = await project.cli("discard", "notices", "--all", "--links", String(links + 1), "--reason", "no more notices");
    assert.equal(miscounted.code, 1, miscounted.out);
    assert.match(miscounted.err, new RegExp(`notices has ${links} links, not ${links + 1}`));
    assert.equal((await project.ask(["discard", "notices", "--all", "--links", String(links), "--reason", "no more notices"])).links, links);
    assert.equal(await mapping("notices"), undefined);
    assert.equal((await project.ask(["audit", "--action", "discard_mapping"])).audit[0].detail.links, links);
  },

  async "a mapping whose system is away waits for it: a warning, once, whatever words each look ends with"() {
    const text = project.read("tidewire.lua");
    project.write("mappings/distant.lua", `return mapping {\n  left = erp.doctype "Notice",\n  right = far.table "notices",\n  direction = "to_right",\n  key = { left = "name", right = "id" },\n  match = { by.fields { "code" } },\n  fields = { same { "code" } },\n}\n`);
    project.write("tidewire.lua", text.replace("  app = ", `  far = supabase { url = "http://127.0.0.1:9", key = secret "APP_KEY" },\n  app = `));
    const [told] = await until("the warning", () => { const lines = project.logged("mapping_waits"); return lines.length > 0 && lines; });
    assert.deepEqual([told.level, told.mapping, told.runs], ["warn", "distant", "not at all"]);
    assert.match(told.message, /waits for its systems, which are asked again every 15 s: .*127\.0\.0\.1:9/);
    const { reload } = await mapping("distant");
    project.edit("mappings/distant.lua", `"code" }`, `"code", "name" }`);
    await until("another look", async () => (await mapping("distant")).reload.at !== reload.at);
    assert.equal(project.logged("mapping_waits").length, 1);
    assert.ok(!project.logged("mapping_invalid").some((one) => one.mapping === "distant" && /127/.test(one.message)));
    project.remove("mappings/distant.lua");
    project.write("tidewire.lua", text);
    await until("it to be gone", async () => (await project.status()).connections.far === undefined);
  },

  async "editor droppings and half-written files are not read"() {
    const before = (await mapping()).reload.at;
    for (const name of ["mappings/.employees.lua.swp", "mappings/employees.lua~", "mappings/.#employees.lua", "mappings/notes.txt"]) project.write(name, "this is no Lua {{{");
    await travels();
    assert.equal((await mapping()).reload.at, before);
    assert.equal((await project.cli("check")).code, 0);
  },

  async "a bad tidewire.lua changes nothing but a message"() {
    project.edit("tidewire.lua", "defaults = {", "defalts = {");
    await until("the message", async () => (await project.status()).project_trouble);
    assert.match(project.logged("project_invalid").at(-1).message, /defaults/);
    await travels();
    project.edit("tidewire.lua", "defalts = {", "defaults = {");
    await until("the message to be gone", async () => !(await project.status()).project_trouble);
    await travels();
  },

  async "a saved log counts at once, state when the daemon is started again, and status says so"() {
    const listened = project.read("tidewire.lua").match(/listen = "[^"]*"/)[0];
    const changed = `${listened}, state = "state/other.db", log = { level = "debug", format = "text", file = "state/own.log", rotate = "1KB", keep = 1 }`;
    project.edit("tidewire.lua", listened, changed);
    await until("the kept settings", async () => (await project.status()).needs_restart);
    assert.deepEqual((await project.status()).needs_restart, ["state"]);
    const told = (await project.cli("status")).out;
    assert.match(told, /state was changed in tidewire.lua: it counts when the daemon is started again/);
    const second = path.join(project.folder, "state/own.log.1");
    for (let i = 0; i < 20 && !fs.existsSync(second); i++) await travels();
    assert.ok(fs.existsSync(second), "the log file began anew");
    assert.match(fs.readFileSync(second, "utf8"), /^\S+ (DEBUG|INFO |WARN |ERROR) \w+: /);
    assert.ok(!fs.existsSync(path.join(project.folder, "state/other.db")));
    project.edit("tidewire.lua", changed, listened);
    await until("nothing to be kept", async () => !(await project.status()).needs_restart);
    await travels();
  },

  async "a saved listen is followed, and what the old address has under way is finished"() {
    const before = project.daemon.address;
    const slow = net.connect(new URL(before).port, "127.0.0.1");
    let told = "";
    slow.on("data", (part) => (told += part));
    await new Promise((resolve) => slow.write("GET /ping HTTP/1.1\r\nHost: x\r\n", resolve));
    await until("the half request to be there", async () => (await project.status()).http.connections >= 2);

    const port = await free_port();
    await listen(`127.0.0.1:${port}`);
    assert.equal((await project.status()).address, `127.0.0.1:${port}`);
    assert.equal((await call(project.daemon.address + "/ping")).status, 200);
    assert.equal((await call(before + "/ping")).dropped, "ECONNREFUSED");
    await new Promise((resolve) => { slow.on("close", resolve); slow.write("\r\n"); });
    assert.match(told, /^HTTP\/1\.1 200 [^]*connection: close/i);
    await world.connect();
    await travels();
  },

  async "an address that cannot be listened on leaves the old one as it is, and is tried again with the next save"() {
    const before = project.daemon.address;
    const holder = net.createServer();
    await new Promise((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const taken = `127.0.0.1:${holder.address().port}`;
    const listened = project.read("tidewire.lua").match(/listen = "[^"]*"/)[0];
    project.edit("tidewire.lua", listened, `listen = "${taken}"`);
    const trouble = await until("the trouble", async () => (await project.status()).listen_trouble);
    assert.match(trouble.message, new RegExp(`listen on ${taken}: address already in use`));
    assert.ok(project.logged("not_listening").some((one) => one.message.includes("is listened on as before")));
    assert.match((await project.cli("status")).out, /the address that tidewire.lua says is not listened on.*address already in use/);
    assert.equal((await call(before + "/ping")).status, 200);
    await travels();

    await new Promise((resolve) => holder.close(resolve));
    project.edit("tidewire.lua", `listen = "${taken}"`, `listen  = "${taken}"`);
    await until("the second try", async () => (await project.status()).address === taken);
    assert.equal((await project.status()).listen_trouble, undefined);
    project.edit("tidewire.lua", `listen  =`, `listen =`);
    project.daemon.address = "http://" + taken;
    await world.connect();
    await travels();
  },

  async "another host of the same port is followed, too"() {
    const { port } = new URL(project.daemon.address);
    project.write_secrets({ ...project.secrets, OPERATOR: "a token of an administrator" });
    project.edit("tidewire.lua", "defaults = {", `admin = { token = secret "OPERATOR" }, defaults = {`);
    await listen(`0.0.0.0:${port}`, `127.0.0.1:${port}`);
    await travels();
    await listen(`127.0.0.1:${port}`);
    project.edit("tidewire.lua", `admin = { token = secret "OPERATOR" }, `, "");
    project.write_secrets();
    await travels();
  },

  async "a changed connection is swapped, the others go on as they are"() {
    const made = await erp.insert("Staff Member", { staff_code: "swap", full_name: "Swap" });
    const pair = await until("the row", () => row("swap"));
    await world.settled();
    const second = await supabase();
    await second.define(tables);
    await second.insert("employees", { code: "ada", active: false });
    await second.insert("employees", { ...pair, code: "swap", updated_at: undefined, id: undefined });
    assert.equal((await second.find("employees", "code", "swap")).id, pair.id);
    const before = (await project.status()).connections;
    assert.ok(before.app.calls > 5 && before.erp.calls > 5);
    const read = project.logged("mapping_reloaded").length;
    project.edit("tidewire.lua", `url = env "APP_URL"`, `url = "${second.url}"`);
    const after = await until("the swap", async () => { const now = (await project.status()).connections; return now.app.url === second.url && now; });
    assert.ok(after.erp.calls >= before.erp.calls, "the other connection was not begun anew");
    await until("the mapping to follow", () => project.logged("mapping_reloaded").slice(read).some((one) => one.mapping === "employees"));
    await erp.edit("Staff Member", made.name, { phone: "to the second" });
    await until("the edit on the second", async () => (await second.find("employees", "code", "swap")).phone === "to the second", 20);
    assert.equal((await row("swap")).phone, pair.phone);
    await until("the word of another system", async () => project.logged("another_system").length > 0);
    project.edit("tidewire.lua", `url = "${second.url}"`, `url = env "APP_URL"`);
    await until("the way back", async () => (await project.status()).connections.app.url !== second.url);
    await second.stop();
    await travels();
    await until("both former connections to be closed", async () => project.logged("connection_released").filter((one) => one.connection === "app").length >= 2);
  },

  async "a project's own connector that is saved is read again"() {
    const shipped = fs.readFileSync(path.join(process.env.SOURCE_DIR, "scripts/connectors/supabase.lua"), "utf8");
    const marked = (text) => shipped.replace('M.capabilities(config)', 'M.capabilities(config) -- ' + text);
    project.write("connectors/supabase.lua", marked("one"));
    const { calls } = (await project.status()).connections.app;
    const read = project.logged("project_reloaded").length;
    await until("the connector to be used", async () => project.logged("project_reloaded").length > read);
    await travels();
    assert.ok((await project.status()).connections.app.calls > calls, "what is counted goes on");
    const before = project.logged("project_reloaded").length;
    project.write("connectors/supabase.lua", "return {{");
    await until("the message", async () => project.logged("connection_invalid").length > 0);
    assert.match(project.logged("connection_invalid").at(-1).message, /supabase\.lua:1/);
    await travels();
    project.remove("connectors/supabase.lua");
    await until("the shipped one", async () => project.logged("project_reloaded").length > before + 1);
    await travels();
    assert.equal((await project.cli("check")).code, 0);
  },

  async "a connector whose install returns no table fails, and nothing else does"() {
    const shipped = fs.readFileSync(path.join(process.env.SOURCE_DIR, "scripts/connectors/supabase.lua"), "utf8");
    const before = project.logged("project_reloaded").length;
    project.write("connectors/supabase.lua", shipped.replace(/return M\n$/, 'M.install = function() return "done" end\nreturn M\n'));
    await until("the connector to be used", () => project.logged("project_reloaded").length > before);

    const told = await project.cli("install", "supabase", "employees");

    assert.notEqual(told.code, 0);
    assert.match(told.out + told.err, /the connector's install returned no table/);
    await travels();
    project.remove("connectors/supabase.lua");
    await until("the shipped one", () => project.logged("project_reloaded").length > before + 1);
  },

  async "a rotated key in .env is used without a restart"() {
    await app.knob("keys", { service: "sb_secret_rotated" });
    app.use_key("sb_secret_rotated");
    project.secrets.APP_KEY = "sb_secret_rotated";
    project.write_secrets();
    await until("the new secrets to be read", async () => project.logged("project_reloaded").length > 0 && true);
    await erp.edit("Staff Member", "HR-00001", { phone: "after the rotation" });
    await until("the edit", async () => (await row("ada")).phone === "after the rotation", 30);
    await world.settled();
    assert.deepEqual(await project.dead(), []);
    assert.ok(!project.daemon.err().includes("sb_secret_rotated"));
  },

  async "a rotated webhook secret in .env is used without a restart"() {
    await app.silence();
    await app.tell("employees", project.daemon.address + "/webhook/app", { "x-app-secret": "a new hook secret" });
    await app.edit("employees", "code", "ada", { bio: "under the old secret" });
    const refused = await until("the refusal", async () => { const { webhooks } = (await project.status()).connections.app; return webhooks.unproved > 0 && webhooks; });
    project.secrets.APP_WEBHOOK_SECRET = "a new hook secret";
    project.write_secrets();
    // The connection that is swapped in goes on counting: a counter that falls is a restart to those who watch /metrics.
    await until("the new secret to prove", async () => {
      const before = (await project.status()).connections.app.webhooks;
      assert.ok(before.unproved >= refused.unproved && before.received >= refused.received);
      await app.edit("employees", "code", "ada", { bio: `under the new secret ${Date.now()}` });
      await until("the hook to be sent", () => app.idle());
      const { unproved, received } = (await project.status()).connections.app.webhooks;
      return unproved === before.unproved && received > before.received;
    }, 20);
    const last = (await row("ada")).bio;
    await until("the edit on the left", async () => (await erp.get("Staff Member", "HR-00001")).bio === last);
  },

  async "many saves in a row end with the last one"() {
    for (let i = 1; i <= 30; i++) {
      project.edit("mappings/employees.lua", i === 1 ? `{ "phone",         "phone" }` : `{ "phone", "phone", { to_right = function(v) return v and v .. " v${i - 1}" end, to_left = function(v) return v end } }`,
        `{ "phone", "phone", { to_right = function(v) return v and v .. " v${i}" end, to_left = function(v) return v end } }`);
      if (i % 7 === 0) await erp.edit("Staff Member", "HR-00001", { phone: `during ${i}` });
    }
    await until("the last version", async () => (await mapping()).reload.ok);
    await world.settled();
    await until("the last version to be used", async () => {
      await erp.edit("Staff Member", "HR-00001", { phone: `last ${Date.now()}` });
      await world.settled();
      return / v30$/.test((await row("ada")).phone);
    });
    assert.deepEqual(await project.dead(), []);
  },
};

await run(cases, world);
