// Documents with states that a verb moves, values found in another table, what functions look up, and who is told of it.
import assert from "node:assert/strict";
import http from "node:http";
import { cleanup, frappe, project, run, settled, supabase, until } from "../support/scenario.mjs";
import { mail_sink } from "../support/mail_sink.mjs";
import { secrets } from "../support/staff.mjs";

const world = {};
let erp, app, mails;
const told = [];
let refuse = 0;

const field = (fieldname, fieldtype, more = {}) => ({ fieldname, fieldtype, label: fieldname, ...more });
const stamp = { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" };
const touch = [{ kind: "touch", column: "updated_at" }];
const identity = { name: "id", type: "bigint", identity: true };

const project_text = (port) => `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" } },
  },
  defaults = { retry = { max = 8, base = "100ms" } },
  mail = { url = "smtp://127.0.0.1:${port}", from = "sync@example.org" },
}
`;
const invoices = (url) => `local t = require "tidewire.transform"
return mapping {
  left = erp.doctype "Invoice", right = app.table("documents", { where = { kind = "invoice" }, claims = "kind" }),
  on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { "code" } },
  lookup = { seller = { from = erp.doctype "Seller", key = "seller", fields = { "full_name" }, watch = true } },
  fields = {
    same { "code", "total", { "remarks", conflict = "left" } },
    { "company", "company_id", t.find(app.table "companies", { by = "name", take = "id", missing = "create", cache = "1h" }) },
    { "seller", "seller_name", { to_right = function(seller, _, ctx) return ctx.lookup.seller and ctx.lookup.seller.full_name or seller end }, only = "to_right" },
  },
  lifecycle = { { "docstatus", "state" }, states = { [0] = "draft", [1] = "posted", [2] = "void" },
    left = { ["draft>posted"] = erp.submit, ["posted>void"] = erp.cancel }, edit_after = { posted = "allowed_fields" } },
  after = { created = post "${url}/created", conflict = mail "ops@example.org" },
}
`;

const left = (code) => erp.find("Invoice", "code", code);
const right = (code) => app.find("documents", "code", code);
const both = (code, check) => until(`${code} on both sides`, async () => {
  const [here, there] = [await left(code), await right(code)];
  return here && there && check(here, there) && { here, there };
});

const cases = {
  async "(two systems, a mail server and a listener)"() {
    erp = world.erp = await frappe();
    app = world.app = await supabase();
    mails = await mail_sink();
    const listener = http.createServer((request, response) => {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", () => {
        response.statusCode = refuse > 0 ? 500 : 204;
        if (refuse > 0) refuse--;
        told.push({ status: response.statusCode, url: request.url, key: request.headers["idempotency-key"], ...JSON.parse(body) });
        response.end();
      });
    });
    await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
    cleanup(() => listener.close());
    await erp.define({ name: "Seller", autoname: "field:code", fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("full_name", "Data")] });
    await erp.define({ name: "Invoice", autoname: "I-.####", is_submittable: 1, permissions: [{ role: "System Manager", read: 1, write: 1, create: 1, delete: 1, submit: 1, cancel: 1 }],
      fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("total", "Currency"), field("remarks", "Data", { allow_on_submit: 1 }), field("company", "Data"), field("seller", "Data")] });
    await app.define([
      { name: "companies", primary_key: ["id"], triggers: touch, columns: [identity, { name: "name", type: "text", unique: true }, stamp] },
      { name: "documents", primary_key: ["id"], triggers: touch, columns: [identity, { name: "kind", type: "text" }, { name: "code", type: "text", nullable: false, unique: true }, { name: "total", type: "numeric(18,2)" }, { name: "remarks", type: "text" },
        { name: "company_id", type: "bigint" }, { name: "seller_name", type: "text" }, { name: "state", type: "text" }, stamp] },
    ]);
    await erp.insert("Seller", { code: "S1", full_name: "Grace Hopper" });
    await app.insert("companies", { name: "ACME" });
    const own = world.project = project(undefined, { ...secrets, ERP_URL: erp.url, APP_URL: app.url });
    own.write("tidewire.lua", project_text(mails.port));
    own.write("mappings/invoices.lua", invoices(`http://127.0.0.1:${listener.address().port}`));
    world.settled = () => settled(world);
    const checked = await own.cli("check", "--connect");
    assert.equal(checked.code, 0, checked.out + checked.err);
    await own.start();
    await erp.tell("Invoice", own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    await erp.tell("Seller", own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    await app.tell("documents", own.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
  },

  async "values are found, looked up and made on the other side; who asked is told once"() {
    await erp.insert("Invoice", { code: "A", total: 10, company: "ACME", seller: "S1" });
    await erp.insert("Invoice", { code: "B", total: 20, company: "New Ltd" });
    await both("A", (_, there) => there.seller_name === "Grace Hopper");
    const { there } = await both("B", (_, one) => one.company_id);
    await world.settled();
    const companies = await app.all("companies");
    assert.deepEqual(companies.map((one) => one.name), ["ACME", "New Ltd"]);
    assert.equal(there.company_id, companies[1].id);
    assert.deepEqual([(await right("A")).company_id, (await right("A")).kind, (await right("A")).state], [companies[0].id, "invoice", "draft"]);
    await until("both creations to be told", () => told.length === 2);
    assert.ok(told.every((one) => one.url === "/created" && one.event === "created" && one.mapping === "invoices" && one.key === one.operation + ".created"));
  },

  async "a value found goes back to what it was found by"() {
    const other = await app.insert("companies", { name: "Third" });
    await app.edit("documents", "code", "A", { company_id: other.id });
    await both("A", (here) => here.company === "Third");
    await world.settled();
  },

  async "a change of what a watched lookup finds reaches who names it"() {
    await erp.edit("Seller", "S1", { full_name: "Rear Admiral Hopper" });
    await both("A", (_, there) => there.seller_name === "Rear Admiral Hopper");
    await world.settled();
  },

  async "a state set on the right submits the document, with what was changed before"() {
    await app.edit("documents", "code", "A", { state: "posted", total: 11 });
    const { here } = await both("A", (one) => one.docstatus === 1);
    assert.equal(here.total, 11);
    await world.settled();
    assert.equal((await right("A")).state, "posted");
    assert.equal((await world.project.dead()).length, 0);
  },

  async "a submitted document takes the fields that the site allows; another change waits, and the mail says so"() {
    await app.edit("documents", "code", "A", { remarks: "later" });
    await both("A", (here) => here.remarks === "later");
    mails.refuse = 1;
    await app.edit("documents", "code", "A", { total: 99 });
    await until("a mail about the conflict", () => mails.mails.length === 1);
    const [mail] = mails.mails;
    assert.deepEqual([mail.from, mail.to], ["sync@example.org", ["ops@example.org"]]);
    assert.match(mail.text, /^Subject: invoices: conflict I-/m);
    assert.match(mail.text, /takes no change of it once the record is posted/);
    assert.equal((await left("A")).total, 11);
    const open = (await world.project.ask(["conflicts"])).conflicts;
    assert.deepEqual(open.map((one) => [one.field, one.kind]), [["total", "not_accepted"]]);
    await app.edit("documents", "code", "A", { total: 11 });
    await world.settled();
  },

  async "a document submitted and cancelled at its desk moves the other side"() {
    const { here } = await both("B", () => true);
    await erp.edit("Invoice", here.name, { docstatus: 1 });
    await both("B", (_, there) => there.state === "posted");
    await erp.edit("Invoice", here.name, { docstatus: 2 });
    await both("B", (_, there) => there.state === "void");
    await world.settled();
  },

  async "a record that is posted already is created as a draft and submitted"() {
    await app.insert("documents", { kind: "invoice", code: "C", total: 5, state: "posted" });
    await app.insert("documents", { kind: "offer", code: "D", total: 5, state: "draft" });
    await both("C", (here, there) => here.docstatus === 1 && there.state === "posted");
    await world.settled();
    assert.equal(await left("D"), null, "another kind is another mapping's");
  },

  async "what nobody took is told again, also after a restart"() {
    refuse = 1000;
    const before = told.length;
    await erp.insert("Invoice", { code: "E", total: 1 });
    await until("E to be told in vain", () => told.slice(before).some((one) => one.status === 500));
    await world.project.daemon.kill();
    refuse = 0;
    await world.project.start();
    await until("E to be told", () => told.slice(before).some((one) => one.status === 204));
    assert.equal(new Set(told.slice(before).map((one) => one.key)).size, 1);
  },

  async "two mappings that claim the same records are found by check"() {
    const text = world.project.read("mappings/invoices.lua").replace(/  after = .*\n/, "");
    world.project.write("mappings/again.lua", text);
    await until("check to find it", async () => (await world.project.cli("check")).out.includes("both claim kind = \"invoice\""));
    world.project.write("mappings/again.lua", text.replace('kind = "invoice"', 'kind = "offer"'));
    await until("check to be content", async () => (await world.project.cli("check")).code === 0);
  },
};

await run(cases, world);
