import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { call, cleanup, run, signed, sleep, start, temporary, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project, base;

const person = (name) => JSON.stringify({ doctype: "Staff Member", name });
const post = (where, body, headers = {}, more = {}) => call(base + where, { method: "POST", body, headers, ...more });
const send = (body, headers) => post("/webhook/erp?event=on_change", body, headers ?? signed(secrets.ERP_WEBHOOK_SECRET, body));
const counts = async (name = "erp") => (await project.status()).connections[name].webhooks;
const received = async () => (await project.status()).mappings.employees.counters.received ?? 0;

const edits = (phone) => erp.knob("edit", { doctype: "Staff Member", name: "HR-00001", values: { phone }, touch_modified: true });

/// A Person's edit behind the hooks' back, told by `tell`, seen on the other side.
async function arrives(phone, tell) {
  await edits(phone);
  const answer = await tell();
  assert.equal(answer.status, 202, answer.text ?? answer.dropped);
  await until(`phone ${phone} on the right`, async () => (await app.find("employees", "code", "ada"))?.phone === phone);
  await world.settled();
}

/// tidewire.lua with `to` in the place of `from`, once the daemon goes by it.
async function save(from, to) {
  const reloads = () => project.logged("project_reloaded").length, before = reloads();
  project.edit("tidewire.lua", from, to);
  await until("the project to be read again", () => reloads() > before);
}

/// Sends bytes as they are; all that comes back until the peer closes or a while of silence.
function raw(text, seconds = 5) {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    let got = "";
    const socket = net.connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(seconds * 1000, () => socket.destroy());
    socket.on("data", (part) => { got += part; if (got.includes("\r\n\r\n")) socket.end(); });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
  });
}

/// A webhook is 503 with Retry-After, the rest of the daemon answers; how it tells its health.
async function refuses() {
  const refused = await until("a refusal", async () => {
    const answer = await send(JSON.stringify({ doctype: "Staff Member", name: "HR-00001", fill: "x".repeat(2000) }));
    return answer.status !== 202 && answer;
  });
  assert.equal(refused.status, 503, refused.text ?? refused.dropped);
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  assert.equal((await call(base + "/ping")).status, 200);
  return until("bad health", async () => { const one = await call(base + "/health"); return one.status === 503 && one; });
}

/// Without anybody's doing: what is sent again and again is taken at last, health is good, and the edit made meanwhile arrives.
async function takes_again(phone) {
  await until("webhooks to be taken again", async () => (await send(person("HR-00001"))).status === 202);
  await until("good health", async () => (await call(base + "/health")).status === 200);
  await until("the change", async () => (await app.find("employees", "code", "ada")).phone === phone);
  await world.settled();
  assert.equal((await project.cli("check")).code, 0);
}

/// Runs `test` with the state on a small file system of its own.
async function on_small_disk(test) {
  await project.daemon.stop();
  const state = project.path("state"), folder = temporary("state");
  const mount = (...args) => execFileSync("mount", args, { stdio: "pipe" });
  let mounts = 0;
  const unmount = () => { while (mounts > 0) { mounts--; execFileSync("umount", ["-l", folder], { stdio: "pipe" }); } };
  try {
    mount("-t", "tmpfs", "-o", "size=3m,mode=0700", "tidewire-test", folder);
    mounts++;
  } catch {
    base = (await project.start()).address;
    return console.log("  skipped: no right to mount a small file system");
  }
  cleanup(unmount);
  const aside = temporary("state");
  fs.cpSync(state, folder, { recursive: true, filter: (name) => !name.endsWith(".sock") });
  fs.rmSync(state, { recursive: true });
  fs.symlinkSync(folder, state);
  base = (await project.start()).address;
  const file = fs.openSync(path.join(folder, "fill"), "w");
  await test({
    folder,
    fill() {
      for (let size = 1 << 16; size >= 512; size /= 2) {
        try { for (;;) fs.writeSync(file, Buffer.alloc(size)); } catch (error) { assert.equal(error.code, "ENOSPC"); }
      }
    },
    free: () => fs.ftruncateSync(file),
    make_read_only() {
      mount("--bind", folder, folder);
      mounts++;
      mount("-o", "remount,bind,ro", folder);
    },
    make_writable() {
      execFileSync("umount", ["-l", folder], { stdio: "pipe" });
      mounts--;
    },
  });
  fs.closeSync(file);
  await project.daemon.stop();
  fs.cpSync(folder, aside, { recursive: true, filter: (name) => !name.endsWith(".sock") });
  unmount();
  fs.unlinkSync(state);
  fs.renameSync(aside, state);
  base = (await project.start()).address;
}

const cases = {
  async "(one person is the same on both sides)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    await erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada" });
    base = (await project.start()).address;
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
  },

  async "a signed webhook is answered 202 and its change arrives"() {
    await arrives("1", () => send(person("HR-00001")));
  },

  async "unsigned, wrongly signed and half-signed webhooks are 401 and change nothing"() {
    const before = await received(), unproved = (await counts()).unproved;
    const body = person("HR-00001");
    const good = signed(secrets.ERP_WEBHOOK_SECRET, body)["X-Frappe-Webhook-Signature"];
    for (const headers of [{}, signed("another secret", body), signed(secrets.ERP_WEBHOOK_SECRET, body + " "), { "X-Frappe-Webhook-Signature": "" }, { "X-Frappe-Webhook-Signature": good.slice(0, -2) },
      { "X-Frappe-Webhook-Signature": Buffer.from(good, "base64").toString("hex") }, { "X-App-Secret": secrets.APP_WEBHOOK_SECRET }]) {
      const answer = await send(body, headers);
      assert.deepEqual([answer.status, /HR-|secret-1/.test(answer.text)], [401, false]);
    }
    assert.equal((await post("/webhook/app", "{}", { "x-app-secret": "wrong" })).status, 401);
    assert.equal((await post("/webhook/app", "{}", {})).status, 401);
    assert.equal((await counts()).unproved, unproved + 7);
    assert.equal(await received(), before);
    assert.ok(!project.daemon.err().includes(secrets.ERP_WEBHOOK_SECRET));
  },

  async "the second secret of a rotation is accepted beside the first"() {
    const body = person("HR-00001");
    await arrives("2", () => send(body, signed(secrets.ERP_WEBHOOK_NEXT, body)));
  },

  async "the secret in a header proves a database webhook"() {
    const row = await app.find("employees", "code", "ada");
    await app.knob("edit", { table: "employees", query: "code=eq.ada", set: { bio: "from the right" } });
    const body = JSON.stringify({ type: "UPDATE", table: "employees", schema: "public", record: row, old_record: row });
    assert.equal((await post("/webhook/app", body, { "x-app-secret": secrets.APP_WEBHOOK_SECRET })).status, 202);
    await until("the bio on the left", async () => (await erp.get("Staff Member", "HR-00001")).bio === "from the right");
    await world.settled();
  },

  async "a key that a body spells with zeros after the point is the key that is read"() {
    const row = await app.find("employees", "code", "ada");
    await app.knob("edit", { table: "employees", query: "code=eq.ada", set: { bio: "by a numeric key" } });
    const record = JSON.stringify({ type: "UPDATE", table: "employees", schema: "public", record: { id: row.id } }).replace(`"id":${row.id}`, `"id":${row.id}.00`);
    assert.match(record, /"id":\d+\.00/);
    assert.equal((await post("/webhook/app", record, { "x-app-secret": secrets.APP_WEBHOOK_SECRET })).status, 202);
    await until("the bio on the left", async () => (await erp.get("Staff Member", "HR-00001")).bio === "by a numeric key");
    await world.settled();
  },

  async "a database webhook signed by a trigger is proved by its hex HMAC, with either secret of a rotation"() {
    const written = `header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET"`;
    const signing = `header = "x-webhook-signature", prefix = "sha256=", secret = { secret "APP_WEBHOOK_SECRET", secret "APP_WEBHOOK_NEXT" }`;
    const record = await app.find("employees", "code", "ada");
    const body = JSON.stringify({ type: "UPDATE", table: "employees", schema: "public", record, old_record: record });
    const hmac = (secret, encoding = "hex", text = body) => crypto.createHmac("sha256", secret).update(text).digest(encoding);
    const tell = (signature) => post("/webhook/app", body, signature === undefined ? {} : { "x-webhook-signature": signature });

    project.write_secrets({ ...project.secrets, APP_WEBHOOK_NEXT: "app-hook-secret-2" });
    await save(written, signing);
    for (const secret of [secrets.APP_WEBHOOK_SECRET, "app-hook-secret-2"]) {
      await app.knob("edit", { table: "employees", query: "code=eq.ada", set: { bio: `signed with ${secret}` } });
      const answer = await tell("sha256=" + hmac(secret));
      assert.equal(answer.status, 202, answer.text ?? answer.dropped);
      await until("the bio on the left", async () => (await erp.get("Staff Member", "HR-00001")).bio === `signed with ${secret}`);
    }
    const { unproved, received: taken } = await counts("app");
    const good = hmac(secrets.APP_WEBHOOK_SECRET);
    const wrong = [undefined, "", "sha256=", good, "sha256=" + hmac("another secret"), "sha256=" + hmac(secrets.APP_WEBHOOK_SECRET, "base64"), "sha256=" + good.slice(0, -2),
      "sha256=" + hmac(secrets.APP_WEBHOOK_SECRET, "hex", body + " "), "sha256=" + hmac(secrets.ERP_WEBHOOK_SECRET), secrets.APP_WEBHOOK_SECRET];
    for (const signature of wrong) assert.equal((await tell(signature)).status, 401, signature);
    assert.equal((await post("/webhook/app", body, { "x-app-secret": secrets.APP_WEBHOOK_SECRET })).status, 401);
    assert.deepEqual([(await counts("app")).unproved, (await counts("app")).received], [unproved + wrong.length + 1, taken]);

    // The end of the rotation: the first secret proves nothing any more.
    await save(`{ secret "APP_WEBHOOK_SECRET", secret "APP_WEBHOOK_NEXT" }`, `secret "APP_WEBHOOK_NEXT"`);
    assert.equal((await tell("sha256=" + good)).status, 401);
    assert.equal((await tell("sha256=" + hmac("app-hook-secret-2"))).status, 202);
    await save(signing.replace(/{.*}/, `secret "APP_WEBHOOK_NEXT"`), written);
    project.write_secrets();
    await world.settled();
  },

  async "the kind's name stands for its only connection, an unknown name is 404"() {
    const body = person("HR-00001"), headers = signed(secrets.ERP_WEBHOOK_SECRET, body);
    await arrives("3", () => post("/webhook/frappe?event=on_change", body, headers));
    assert.equal((await post("/webhook/nobody", body, headers)).status, 404);
    assert.ok([404, 405].includes((await call(base + "/webhook/erp")).status));
  },

  async "of several connections of a kind the one is meant whose secret proves the webhook, and none where none does"() {
    const body = person("HR-00001"), before = async () => [(await counts("erp")).received, (await counts("branch")).received];
    const branch = `    branch = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "BRANCH_WEBHOOK_SECRET" },\n  },\n  defaults`;
    project.write_secrets({ ...project.secrets, BRANCH_WEBHOOK_SECRET: "branch-hook-secret" });
    await save("  },\n  defaults", branch);
    await arrives("8", () => post("/webhook/frappe?event=on_change", body, signed(secrets.ERP_WEBHOOK_SECRET, body)));
    const [erps, branches] = await before();
    assert.equal((await post("/webhook/frappe?event=on_change", body, signed("branch-hook-secret", body))).status, 202);
    assert.deepEqual(await before(), [erps, branches + 1]);
    for (const headers of [{}, signed("wrong", body), signed("branch-hook-secret", body + " ")]) {
      const refused = await post("/webhook/frappe?event=on_change", body, headers);
      assert.deepEqual([refused.status, refused.json.code], [401, "denied"], refused.text);
    }
    assert.equal((await post("/webhook/erp?event=on_change", body, signed("branch-hook-secret", body))).status, 401, "a name means that one alone");
    assert.deepEqual(await before(), [erps, branches + 1]);

    // Two with one secret: nobody knows which.
    await save(`secret "BRANCH_WEBHOOK_SECRET"`, `secret "ERP_WEBHOOK_SECRET"`);
    const either = await post("/webhook/frappe?event=on_change", body, signed(secrets.ERP_WEBHOOK_SECRET, body));
    assert.equal(either.status, 404, either.text);
    assert.match(either.json.detail, /more than one connection of the kind 'frappe'/);
    assert.deepEqual(await before(), [erps, branches + 1]);

    // One that does not run may be the one that is meant: its sender comes again.
    await save(branch.replace("BRANCH_WEBHOOK_SECRET", "ERP_WEBHOOK_SECRET"), "  },\n  defaults");
    await save("  },\n  defaults", branch.replace("BRANCH_WEBHOOK_SECRET", "NOWHERE"));
    assert.equal((await post("/webhook/frappe?event=on_change", body, signed("branch-hook-secret", body))).status, 503);
    assert.equal((await post("/webhook/frappe?event=on_change", body, signed(secrets.ERP_WEBHOOK_SECRET, body))).status, 202);
    await save(branch.replace("BRANCH_WEBHOOK_SECRET", "NOWHERE"), "  },\n  defaults");
    project.write_secrets();
    await world.settled();
  },

  async "the names that an earlier service had for them lead to the connections that tidewire.lua says"() {
    const body = person("HR-00001"), headers = signed(secrets.ERP_WEBHOOK_SECRET, body);
    const row = JSON.stringify({ table: "employees", type: "UPDATE", record: await app.find("employees", "code", "ada") });
    const local = (proof) => post("/webhook/local", row, { "x-app-secret": proof });
    for (const name of ["cloud", "local"]) assert.equal((await post(`/webhook/${name}`, body, headers)).status, 404, name);
    await save("  connections = {", "  webhook_names = { cloud = \"erp\", [\"local\"] = \"app\" },\n  connections = {");
    await arrives("5", () => post("/webhook/cloud?event=on_change", body, headers));
    assert.equal((await post("/webhook/cloud", body, {})).status, 401);
    const before = (await counts("app")).received;
    assert.equal((await local("wrong")).status, 401);
    assert.equal((await local(secrets.APP_WEBHOOK_SECRET)).status, 202);
    assert.equal((await counts("app")).received, before + 1);
    await save("  webhook_names = { cloud = \"erp\", [\"local\"] = \"app\" },\n", "");
    await world.settled();
  },

  async "a webhook needs no Content-Type"() {
    const body = person("HR-00001");
    await arrives("4", () => send(body));
    const text = `POST /webhook/erp?event=on_change HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nX-Frappe-Webhook-Signature: ${signed(secrets.ERP_WEBHOOK_SECRET, body)["X-Frappe-Webhook-Signature"]}\r\n\r\n${body}`;
    assert.match(await raw(text), /^HTTP\/1\.1 202 /);
    await world.settled();
  },

  async "the same delivery many times at once is one change and one write"() {
    const before = await world.counts();
    await erp.knob("edit", { doctype: "Staff Member", name: "HR-00001", values: { phone: "many" }, touch_modified: true });
    const body = person("HR-00001");
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(body)));
    assert.ok(answers.every((one) => one.status === 202));
    await until("the change", async () => (await app.find("employees", "code", "ada")).phone === "many");
    await world.settled();
    const after = await world.counts();
    assert.deepEqual([after.erp - before.erp, after.app - before.app], [0, 1]);
  },

  async "a delivery id that was seen is not a second change"() {
    const before = await received();
    const body = person("HR-00001"), headers = { ...signed(secrets.ERP_WEBHOOK_SECRET, body), "webhook-id": "msg_1" };
    assert.equal((await send(body, headers)).status, 202);
    await world.settled();
    assert.equal((await send(body, headers)).status, 202);
    await world.settled();
    assert.equal(await received(), before + 1);
  },

  async "a proved body that names nothing known is 202 and counted"() {
    const unknown = (await counts()).unknown, before = await received();
    for (const body of ['{"doctype":"ToDo","name":"T-1"}', "{}", '{"ping":true}', '{"doctype":"Staff Member"}']) assert.equal((await send(body)).status, 202, body);
    assert.equal((await counts()).unknown, unknown + 4);
    assert.equal(await received(), before);
    assert.equal((await call(base + "/health")).status, 200);
  },

  async "a malformed body is 400 and shown in status"() {
    const malformed = (await counts()).malformed;
    for (const body of ["", "not json", '{"doctype":', "[1,2]", '"text"', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])]) {
      const answer = await send(body);
      assert.equal(answer.status, 400, JSON.stringify(body));
    }
    assert.equal((await counts()).malformed, malformed + 6);
    const shown = await project.cli("status");
    assert.equal(shown.code, 0);
    assert.match(shown.out, /malformed|refused/);
  },

  async "requests that are no HTTP are 400 and closed"() {
    for (const text of ["BROKEN\r\n\r\n", "POST /webhook/erp HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "POST /webhook/erp HTTP/1.1\r\nContent-Length: 0\r\n\r\n"]) {
      assert.match(await raw(text), /^HTTP\/1\.1 400 /, text);
    }
    assert.equal((await call(base + "/ping")).status, 200);
  },

  async "a body over 10 MiB is 413, one just below is taken"() {
    const limit = 10 << 20;
    const fill = (size) => { const body = person("HR-00001"); return body.slice(0, -1) + `,"fill":"${"x".repeat(size - body.length - 10)}"}`; };
    const small = fill(limit - 10);
    assert.equal((await send(small, { ...signed(secrets.ERP_WEBHOOK_SECRET, small) })).status, 202);
    const large = fill(limit + 1);
    const answer = await send(large);
    assert.ok(answer.status === 413 || answer.dropped, JSON.stringify(answer.status));
    assert.match(await raw(`POST /webhook/erp HTTP/1.1\r\nHost: x\r\nContent-Length: ${limit + 1}\r\n\r\n`), /^HTTP\/1\.1 413 /);
    await world.settled();
  },

  async "more webhooks than the inbound limit allows are 429 with Retry-After, and taken again later"() {
    await save("ERP_WEBHOOK_NEXT\" }, limits = { parallel = 8 }", "ERP_WEBHOOK_NEXT\" }, limits = { parallel = 8, inbound = \"5/s\" }");
    const body = person("HR-00001");
    const answers = await Promise.all(Array.from({ length: 40 }, () => send(body)));
    const refused = answers.filter((one) => one.status === 429);
    assert.ok(refused.length > 20 && refused.length < 40, `${refused.length} of 40 refused`);
    assert.ok(refused.every((one) => Number(one.headers["retry-after"]) >= 1));
    assert.equal((await counts()).limited, refused.length);
    await until("the limit to have room again", async () => (await send(body)).status === 202);
    await save(", inbound = \"5/s\"", "");
    await world.settled();
  },

  async "what is not proved uses up no limit, and the log says it once in a while"() {
    await save("ERP_WEBHOOK_NEXT\" }, limits = { parallel = 8 }", "ERP_WEBHOOK_NEXT\" }, limits = { parallel = 8, inbound = \"5/s\" }");
    const lines = project.logged("webhook_refused").length;
    const body = person("HR-00001");
    const strangers = await Promise.all(Array.from({ length: 60 }, () => send(body, {})));
    assert.ok(strangers.every((one) => one.status === 401));
    assert.equal((await send(body)).status, 202);
    assert.ok(project.logged("webhook_refused").length - lines < 20);
    await save(", inbound = \"5/s\"", "");
    await world.settled();
  },

  async "a key of several columns is known by what the body holds, numbers as numbers"() {
    await erp.define({ name: "Visit", autoname: "V-.#####", fields: ["order_no", "line_no", "goods"].map((fieldname) => ({ fieldname, fieldtype: fieldname === "goods" ? "Data" : "Int", label: fieldname })) });
    await app.define([{ name: "visits", primary_key: ["order_no", "line_no"], triggers: [], columns: [{ name: "order_no", type: "bigint", nullable: false }, { name: "line_no", type: "integer", nullable: false }, { name: "goods", type: "text" }] }]);
    project.write("mappings/visits.lua", `return mapping {
      left = erp.doctype "Visit", right = app.table "visits", direction = "right_to_left",
      on = { right = { webhook = true } }, key = { left = "name", right = { "order_no", "line_no" } },
      match = { by.fields { { "order_no", "order_no" }, { "line_no", "line_no" } } },
      fields = { same { "order_no", "line_no", "goods" } }, deletes = { to_left = "delete" },
    }`);
    await until("the mapping to run", async () => (await project.status()).mappings.visits?.state === "running");
    await app.tell("visits", base + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
    await app.insert("visits", { order_no: 7, line_no: 3, goods: "tea" });
    await until("the row on the left", async () => (await erp.find("Visit", "order_no", 7))?.goods === "tea");
    await app.remove("visits", "order_no", 7);
    await until("the row to be gone on the left", async () => (await erp.find("Visit", "order_no", 7)) === null);
    project.remove("mappings/visits.lua");
    await world.settled();
  },

  async "a connector's own webhook reads what no data says: it is asked at once, and what it cannot read is kept"() {
    const shipped = fs.readFileSync(path.join(process.env.SOURCE_DIR, "scripts/connectors/frappe.lua"), "utf8");
    project.write("connectors/frappe.lua", shipped.replace(/return M\n$/, `
      function M.webhook(request, payload)
        if request.query.event == "waits" then require("tidewire.task").sleep(1) end
        local what, name = request.body:match "^type=([^&]*)&id=(.*)$"
        if not what then error("no form: " .. tostring(payload and payload.doctype)) end
        return { { collection = what:gsub("+", " "), key = name } }
      end
      return M
    `));
    const own = (body, event = "on_change") => post("/webhook/erp?event=" + event, body, signed(secrets.ERP_WEBHOOK_SECRET, body));
    const unparsed = async () => JSON.parse((await project.cli("changes", "--event", "unparsed", "--limit", "100", "--json")).out).changes.length;
    const before = await unparsed();
    await until("the connector to be used", async () => (await own("type=ToDo&id=T-1")).text === '{"accepted":0}');
    await arrives("by a form", () => own("type=Staff+Member&id=HR-00001"));
    assert.equal((await own("type=Staff+Member&id=HR-00001", "on_change")).text, '{"accepted":1}');
    assert.equal((await own("type=Staff+Member&id=")).text, '{"accepted":1}');  // it names nobody: kept as it came
    assert.equal((await own("\xff")).status, 202);
    assert.equal((await own(Buffer.from([0x74, 0xff]))).status, 400);
    assert.equal((await own(person("HR-00001"))).text, '{"accepted":1}');
    assert.match(project.logged("webhook_unparsed").at(-1).message, /frappe\.lua:\d+: no form: Staff Member/);
    assert.equal((await own("type=Staff+Member&id=HR-00001", "waits")).text, '{"accepted":1}');
    assert.match(project.logged("webhook_unparsed").at(-1).message, /frappe\.lua:\d+/);
    assert.ok(await unparsed() - before >= 4);
    const failures = async () => Number((await call(base + "/metrics")).text.match(/^tidewire_script_failures_total{connection="erp"} (\d+)$/m)[1]);
    const failed = await failures();
    assert.ok(failed >= 3, `${failed} failures`);
    project.remove("connectors/frappe.lua");
    await until("the shipped one", async () => (await send('{"doctype":"ToDo","name":"T-1"}')).text === '{"accepted":0}');
    assert.ok(await failures() >= failed, "a counter that falls is a restart to those who watch it");
    await arrives("by the shipped one", () => send(person("HR-00001")));
  },

  async "keep-alive connections and pipelined webhooks are each answered"() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const body = person("HR-00001");
    for (let i = 0; i < 20; i++) assert.equal((await post("/webhook/erp", body, signed(secrets.ERP_WEBHOOK_SECRET, body), { agent })).status, 202);
    agent.destroy();
    const one = `POST /webhook/erp HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nX-Frappe-Webhook-Signature: ${signed(secrets.ERP_WEBHOOK_SECRET, body)["X-Frappe-Webhook-Signature"]}\r\n\r\n${body}`;
    const { hostname, port } = new URL(base);
    const got = await new Promise((resolve) => {
      let text = "";
      const socket = net.connect(Number(port), hostname, () => socket.write(one.repeat(10)));
      socket.setTimeout(20000, () => socket.destroy());
      socket.on("data", (part) => { text += part; if (text.split("HTTP/1.1 202").length === 11) socket.end(); });
      socket.on("close", () => resolve(text));
      socket.on("error", () => {});
    });
    assert.equal(got.split("HTTP/1.1 202").length - 1, 10);
    await world.settled();
  },

  async "when the last webhook came is known after a restart, of a connection that had one"() {
    await arrives("last", () => send(person("HR-00001")));
    const before = Date.parse((await counts()).last);
    await project.daemon.stop();
    base = (await project.start()).address;
    const after = await until("the time to be known", async () => (await counts()).last);
    assert.ok(Math.abs(Date.parse(after) - before) < 2000, `${after} instead of ${new Date(before).toISOString()}`);
    assert.equal((await counts()).received, 0);
    const [, metric] = /^tidewire_webhook_last_timestamp_seconds\{connection="erp"\} ([\d.]+)/m.exec((await call(base + "/metrics")).text);
    assert.ok(Math.abs(metric * 1000 - Date.parse(after)) < 1000, metric);
  },

  async "with a full disk webhooks are 503 with Retry-After, nothing is lost, and it goes on by itself"() {
    await on_small_disk(async (disk) => {
      await arrives("before", () => send(person("HR-00001")));
      disk.fill();
      const taken = (await counts()).received;
      const health = await refuses();
      assert.match(health.text, /state file/);
      assert.equal((await counts()).received, taken);  // what was refused comes again, and counts then
      assert.deepEqual(project.logged("state_unwritable").map((one) => one.level), ["error"]);
      await sleep(1);
      assert.ok(project.daemon.running());
      await edits("full");
      disk.free();
      await takes_again("full");
      assert.equal(project.logged("state_writable").length, project.logged("state_unwritable").length);
    });
  },

  async "while its file system is read-only webhooks are 503 with Retry-After, and it goes on by itself once it is not"() {
    await on_small_disk(async (disk) => {
      // The kernel keeps writable what has files open to be written: so the writer first loses its file to a full disk.
      disk.fill();
      await refuses();
      disk.make_read_only();
      disk.free();
      assert.ok(fs.statfsSync(disk.folder).bavail > 100);
      assert.throws(() => fs.writeFileSync(path.join(disk.folder, "fill"), ""), { code: "EROFS" });
      await until("the other reason", async () => /readonly|unable to open/.test((await call(base + "/health")).text));
      const health = await refuses();
      assert.match(health.text, /state file/);
      await sleep(1.5);
      assert.ok(project.daemon.running());
      assert.equal((await send(person("HR-00001"))).status, 503);
      await edits("read-only");
      disk.make_writable();
      await takes_again("read-only");
    });
  },
};

await run(cases, world);
