// People are told what needs them: by mail and by webhook, each thing once, and once more when it is over, over restarts too.
import assert from "node:assert/strict";
import http from "node:http";
import { call, cleanup, frappe, project, run, settled, signed, supabase, until } from "../support/scenario.mjs";
import { mail_sink } from "../support/mail_sink.mjs";
import { secrets } from "../support/staff.mjs";

const world = {};
const told = [];
let erp, app, mails, own, refuse = 0;

const project_text = (port, alerts) => `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" } },
  },
  defaults = { retry = { max = 2, base = "50ms" } },
  mail = { url = "smtp://127.0.0.1:${port}", from = "sync@example.org" },
  alerts = { to = { mail "ops@example.org", post(secret "CHAT_HOOK") }, look = "200ms", wait = "300ms", again = "1h", webhooks = 3, ${alerts} },
}
`;
const mapping = `return mapping {
  left = erp.doctype "Person", right = app.table "people",
  on = { left = { webhook = true, poll = "every 1s" }, right = { webhook = true } }, key = { left = "name", right = "id" }, match = { by.fields { "code" } },
  fields = { same { "code", "email" } },
}
`;

const posts = (event, kind) => told.filter((one) => one.event === event && one.kind === kind);
const mailed = (text) => mails.mails.filter((mail) => mail.text.includes(text));
const both = (what, event, kind) => until(what, () => posts(event, kind).length >= 1);

const cases = {
  async "(two systems, a mail server and a chat)"() {
    erp = world.erp = await frappe();
    app = world.app = await supabase();
    mails = await mail_sink();
    const chat = http.createServer((request, response) => {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => {
        response.statusCode = refuse > 0 ? 500 : 204;
        if (refuse > 0) refuse--;
        else told.push({ path: request.url, key: request.headers["idempotency-key"], ...JSON.parse(body) });
        response.end();
      });
    });
    await new Promise((resolve) => chat.listen(0, "127.0.0.1", resolve));
    cleanup(() => chat.close());
    const field = (fieldname, more = {}) => ({ fieldname, fieldtype: "Data", label: fieldname, ...more });
    await erp.define({ name: "Person", autoname: "P-.####", fields: [field("code", { reqd: 1, unique: 1 }), field("email")] });
    await app.define([{ name: "people", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [
      { name: "id", type: "bigint", identity: true }, { name: "code", type: "text", nullable: false, unique: true }, { name: "email", type: "text" }, { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] }]);
    own = world.project = project(undefined, { ...secrets, ERP_URL: erp.url, APP_URL: app.url, CHAT_HOOK: `http://127.0.0.1:${chat.address().port}/hooks/t0ps3cret` });
    own.write("tidewire.lua", project_text(mails.port, `report = "every 2s"`));
    own.write("mappings/people.lua", mapping);
    await own.start();
    await erp.tell("Person", own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    await app.tell("people", own.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
    await erp.insert("Person", { code: "A", email: "a@example.org" });
    await until("A on the right", () => app.find("people", "code", "A"));
    await settled(world);
  },

  async "the report comes by its schedule and says what was done"() {
    await until("a report by mail", () => mailed("Subject: [tidewire").find((mail) => /people: 1 records linked/.test(mail.text)));
    const report = await until("a report by webhook", () => posts("report", "report").find((one) => /people: 1 records linked/.test(one.text)));
    assert.match(report.text, /Nothing is left to do|Still to do/);
    own.write("tidewire.lua", project_text(mails.port, `jobs = true`));
    await until("the project to be reloaded", () => own.logged("project_reloaded").length > 0);
    told.length = 0;
    mails.mails.length = 0;
  },

  async "a mapping that does not load is told by mail and by webhook, once, and once that it is over"() {
    mails.refuse = 1;
    refuse = 1;
    own.write("mappings/people.lua", mapping.replace('"email"', '"email", "nothing_like_it"'));
    await both("the alert at the chat", "alert", "mapping");
    await until("the alert by mail", () => mailed("people: mapping").length === 1);
    const [alert] = posts("alert", "mapping");
    assert.equal(alert.about, "people");
    assert.match(alert.text, /^The mapping people cannot be loaded; the version before goes on: mappings\/people\.lua:\d+: .*nothing_like_it/);
    assert.equal(alert.key, alert.id);
    const [listed] = (await own.ask(["alerts"])).alerts;
    assert.deepEqual([listed.kind, listed.mapping, listed.open, listed.acknowledged_by], ["mapping", "people", true, undefined]);
    assert.match(listed.text, /nothing_like_it/);
    assert.match((await own.cli("alerts")).out, /mapping +people +The mapping people cannot be loaded/);
    const taken = await own.cli("alerts", "acknowledge", String(listed.id), "--author", "ada");
    assert.match(taken.out, /^✓ ada has it in hand: The mapping people cannot be loaded/);
    assert.equal((await own.ask(["alerts"])).alerts[0].acknowledged_by, "ada");
    assert.equal((await own.ask(["audit", "--action", "acknowledge"])).audit[0].subject, `${listed.id} mapping people`);
    assert.match(mailed("people: mapping")[0].text, /^Subject: \[tidewire project-\w+\] people: mapping$/m);
    assert.deepEqual(mailed("people: mapping")[0].to, ["ops@example.org"]);

    await own.daemon.stop();
    await own.start();
    const started = own.logged("alert").length;
    await until("the mapping to be looked at again", () => own.logged("mapping_invalid").length > 0);
    own.write("mappings/people.lua", mapping);
    await both("the end at the chat", "ended", "mapping");
    assert.equal(posts("alert", "mapping").length, 1, "the restart repeated it");
    assert.equal(own.logged("alert").length, started + 1);
    await until("the end by mail", () => mailed("people: mapping is over").length === 1);
    assert.deepEqual((await own.ask(["alerts"])).alerts, []);
    const [past] = (await own.ask(["alerts", "--all"])).alerts;
    assert.deepEqual([past.id, past.open, past.acknowledged_by], [listed.id, false, "ada"]);
    const told_of = async () => (await own.ask(["alerts", "--all", "--mapping", "people", "--kind", "mapping"])).notices;
    const notices = await until("all four to be on record as arrived", async () => ((await told_of()).every((one) => one.state === "delivered") ? told_of() : null));
    assert.deepEqual(notices.map((one) => [one.event, one.title, one.way, one.to]).sort(), [
      ["alert", "people: mapping", "mail", "ops@example.org"], ["alert", "people: mapping", "post", "secret CHAT_HOOK"],
      ["ended", "people: mapping is over", "mail", "ops@example.org"], ["ended", "people: mapping is over", "post", "secret CHAT_HOOK"]]);
    assert.ok(notices.every((one) => one.attempts >= 1 && one.error === undefined && one.tried_at >= one.at));
    assert.match((await own.cli("alerts", "--all")).out, /people: mapping is over +mail ops@example\.org +arrived/);
    assert.ok(past.ended_at > past.since);
    // Again within the hour: nobody is told.
    own.write("mappings/people.lua", mapping.replace('"email"', '"email", "nothing_like_it"'));
    await until("the mapping to be broken again", () => own.logged("mapping_invalid").length > 1);
    own.write("mappings/people.lua", mapping);
    await until("the mapping to be well again", () => own.logged("mapping_reloaded").length + own.logged("mapping_loaded").length > 1);
    assert.equal(posts("alert", "mapping").length, 1);
  },

  async "a dead letter is told of, without its key or values"() {
    await app.faults({ match: { method: "PATCH", path: "people" }, action: { status: 400, body: '{"code":"22000","message":"no such value secret@example.org"}' } });
    await erp.edit("Person", (await erp.find("Person", "code", "A")).name, { email: "secret@example.org" });
    const alert = await until("the alert", () => posts("alert", "dead")[0]);
    assert.match(alert.text, /^1 dead letter of people: a change that could not be made\.$/);
    assert.ok(!JSON.stringify(told).includes("secret@example.org") && !mails.mails.some((mail) => mail.text.includes("secret@example.org")));
    // Another one: nobody is told within the hour, and who looks sees both.
    const { name } = await erp.insert("Person", { code: "B", email: "b@example.org" });
    await until("B on the right", () => app.find("people", "code", "B"));
    await erp.edit("Person", name, { email: "other@example.org" });
    await until("the list to say how many there are now", async () => (await own.ask(["alerts"])).alerts[0]?.text === "2 dead letters of people: changes that could not be made.");
    assert.equal(posts("alert", "dead").length, 1);
    await app.well();
    assert.equal((await own.cli("retry", "--mapping", "people")).code, 0);
    await both("its end", "ended", "dead");
  },

  async "changes that only the poll found are told of; a webhook ends it"() {
    const hooks = await erp.ask("GET", '/api/resource/Webhook?fields=["name"]&limit=0');
    for (const hook of hooks.data) await erp.ask("PUT", "/api/resource/Webhook/" + encodeURIComponent(hook.name), { enabled: 0 });
    for (let n = 0, last = null; posts("alert", "webhooks").length === 0 && n < 40; n++) {
      await erp.insert("Person", { code: "W" + n });
      last = await until(`W${n} on the right`, () => app.find("people", "code", "W" + n));
      assert.ok(last);
    }
    const alert = await until("the alert", () => posts("alert", "webhooks")[0]);
    assert.match(alert.text, /^The poll found \d+ changes of erp Person that no webhook announced\.$/);
    const { name } = await erp.insert("Person", { code: "Z" });
    const body = JSON.stringify({ doctype: "Person", name });
    const hook = await call(own.daemon.address + "/webhook/erp", { method: "POST", body, headers: { "Content-Type": "application/json", ...signed(secrets.ERP_WEBHOOK_SECRET, body) } });
    assert.equal(hook.status, 202);
    await both("its end", "ended", "webhooks");
  },

  async "a job that a person asked for is told of when it has ended; an address that is a secret is nowhere in the state or the log"() {
    refuse = 1000;
    const answer = await call("http://tidewire/api/v1/sync", { socket: own.path("state/tidewire.sock"), method: "POST", body: { mapping: "people" }, headers: { "Content-Type": "application/json" } });
    assert.equal(answer.status, 202, answer.text);
    const notice = async () => (await own.ask(["alerts", "--all", "--kind", "job"])).notices.find((one) => one.way === "post");
    const missed = await until("the refusal on record", async () => { const one = await notice(); return one?.error && one; });
    assert.deepEqual([missed.state, missed.to], ["waiting", "secret CHAT_HOOK"]);
    assert.match(missed.error, /answered 500/);
    refuse = 0;
    const job = await until("the job at the chat", () => posts("job", "job")[0]);
    assert.match(job.text, /^The job \w+ of people is done: \d+ records/);
    await until("its arrival on record", async () => (await notice()).state === "delivered");
    assert.ok(told.every((one) => one.path === "/hooks/t0ps3cret"));
    assert.ok(!own.daemon.err().includes("t0ps3cret"));
    const fs = await import("node:fs");
    for (const file of fs.readdirSync(own.path("state"))) {
      if (!fs.statSync(own.path("state/" + file)).isFile()) continue;
      assert.ok(!fs.readFileSync(own.path("state/" + file)).includes("t0ps3cret"), file);
    }
  },

  async "without `alerts` nobody is told, and the list is kept all the same"() {
    own.write("tidewire.lua", project_text(mails.port, "jobs = true").replace(/^ *(mail|alerts) = .*\n/gm, ""));
    await until("the project to be reloaded", () => own.logged("project_reloaded").length > 0);
    told.length = 0;
    // One of its own: of people the same was told within the hour.
    own.remove("mappings/people.lua");
    own.write("mappings/other.lua", mapping.replace('same { "code", "email" }', 'same { "code" }, { to_right = fn({ reads = { "code" }, writes = { "email" } }, function() error "no such luck" end) }'));
    await until("the mapping to be loaded", () => own.logged("mapping_loaded").some((one) => one.mapping === "other"));
    for (let n = 0; n < 12; n++) await erp.insert("Person", { code: "Q" + n });
    const alert = await until("the alert", async () => (await own.ask(["alerts", "--kind", "mapping"])).alerts.find((one) => one.open));
    assert.match(alert.text, /^The mapping other is stopped/);
    assert.deepEqual(told, []);
  },

  async "a copy of the state that cannot be made is told, and once that it is over"() {
    const with_copies = (folder) => project_text(mails.port, `jobs = true`).replace("return project {", `return project {\n  backup = { every = "every 1s", folder = "${folder}" },`);
    own.write("tidewire.lua", with_copies(own.path("tidewire.lua/copies")));
    const alert = await until("the alert", () => posts("alert", "backup")[0]);
    assert.match(alert.text, /^The state could not be copied: .*cannot make/);
    assert.match((await call(own.daemon.address + "/metrics")).text, /^tidewire_backup_failing 1$/m);
    own.write("tidewire.lua", with_copies(own.path("copies")));
    await until("the end", () => posts("ended", "backup")[0]);
    const { text } = await call(own.daemon.address + "/metrics");
    assert.match(text, /^tidewire_backup_failing 0$/m);
    assert.match(text, /^tidewire_backup_last_success_timestamp_seconds [1-9]/m);
  },
};

await run(cases, world);
