// Turns every knob of the practice server once and sees that it does what it says.
"use strict";
const assert = require("assert");
const crypto = require("crypto");
const http = require("http");

const base = new URL(process.argv[2]);
const agent = new http.Agent({ keepAlive: false });

function call(method, path, body, headers) {
  const text = body === undefined ? "" : JSON.stringify(body);
  const all = { Authorization: "token practice-key:practice-secret", Accept: "application/json", "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text), ...headers };
  return new Promise((resolve) => {
    const request = http.request({ agent, host: base.hostname, port: base.port, method, path: encodeURI(path), headers: all }, (answer) => {
      let out = "";
      answer.on("data", (part) => (out += part));
      answer.on("end", () => {
        let json;
        try { json = JSON.parse(out); } catch (error) { json = undefined; }
        resolve({ status: answer.statusCode, headers: answer.headers, text: out, json });
      });
    });
    request.on("error", (error) => resolve({ dropped: error.code }));
    request.end(text);
  });
}

const faults = (rules) => call("POST", "/practice/faults", rules);
const people = () => call("GET", '/api/resource/Person?fields=["name","full_name","modified","modified_by"]&order_by=creation asc&limit=0').then((answer) => answer.json.data);
const create = (values) => call("POST", "/api/resource/Person", values);

async function until(what, check) {
  const end = Date.now() + 20000;
  while (Date.now() < end) {
    const found = await check();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("waited in vain for " + what);
}

function receiver() {
  const got = [];
  let refuse = 0;
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      got.push({ url: request.url, headers: request.headers, body: Buffer.concat(parts).toString() });
      response.statusCode = refuse > 0 ? 500 : 200;
      if (refuse > 0) refuse--;
      response.end("ok");
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({
    got, refuse: (count) => (refuse = count), close: () => server.close(), url: `http://127.0.0.1:${server.address().port}/hook` })));
}

const tests = {
  async "a DocType made over the API takes documents"() {
    const made = await call("POST", "/api/resource/DocType", { name: "Person", module: "Custom", custom: 1, autoname: "P-.####",
      fields: [{ fieldname: "full_name", fieldtype: "Data", label: "Full Name", reqd: 1 }, { fieldname: "rate", fieldtype: "Float", label: "Rate" }],
      permissions: [{ role: "System Manager", read: 1, write: 1, create: 1, delete: 1 }] });
    assert.strictEqual(made.status, 200, made.text);
    assert.strictEqual((await create({ full_name: "Ann" })).json.data.name, "P-0001");
  },

  async "a rule answers in place of the site, as often as it says"() {
    await faults([{ match: { method: "GET", path: "/api/resource/Person*" }, html: 502, count: 1 }]);
    const first = await call("GET", "/api/resource/Person"), second = await call("GET", "/api/resource/Person");
    assert.deepStrictEqual([first.status, first.json, second.status], [502, undefined, 200]);
  },

  async "dropped before: nothing applied; dropped after: applied all the same"() {
    await faults([{ match: { method: "POST", doctype: "Person" }, drop: "before", count: 1 }]);
    assert.ok((await create({ full_name: "Lost" })).dropped);
    assert.strictEqual((await people()).length, 1);

    await faults([{ match: { method: "POST", doctype: "Person" }, drop: "after", count: 1 }]);
    assert.ok((await create({ full_name: "Kept" })).dropped);
    assert.deepStrictEqual((await people()).map((row) => row.full_name), ["Ann", "Kept"]);
  },

  async "committed, but 500 in HTML"() {
    await faults([{ match: { method: "PUT" }, committed_500: true, count: 1 }]);
    const answer = await call("PUT", "/api/resource/Person/P-0001", { full_name: "Anna" });
    assert.deepStrictEqual([answer.status, answer.json], [500, undefined]);
    assert.strictEqual((await people())[0].full_name, "Anna");
  },

  async "429 with Retry-After, a deadlock, any status"() {
    await faults([{ limit: { retry_after: 7 }, count: 1 }]);
    const limited = await call("GET", "/api/resource/Person");
    assert.deepStrictEqual([limited.status, limited.headers["retry-after"], limited.json.exc_type], [429, "7", "TooManyRequestsError"]);
    await faults([{ error: "QueryDeadlockError", count: 1 }]);
    const deadlock = await create({ full_name: "x" });
    assert.deepStrictEqual([deadlock.status, deadlock.json.exc_type], [500, "QueryDeadlockError"]);
    await faults([{ status: 418, body: { a: 1 }, count: 1 }]);
    assert.deepStrictEqual((await call("GET", "/api/method/ping")).json, { a: 1 });
  },

  async "a late write appears after newer ones, with its older stamp"() {
    await faults([{ match: { method: "POST", contains: "Late" }, late: 0.5, count: 1 }]);
    const late = create({ full_name: "Late" });
    await until("the rule to be hit", async () => (await call("GET", "/practice/faults")).json.rules[0].hits === 1);
    const early = (await create({ full_name: "Early" })).json.data;
    const row = (await late).json.data;
    assert.ok(row.modified < early.modified, `${row.modified} is before ${early.modified}`);
    assert.ok(row.name > early.name);
  },

  async "a follow-up write of the site moves modified again"() {
    await faults([{ match: { method: "POST" }, follow_up: { delay: 0.01, user: "hook@example.com", values: { rate: 2.5 } }, count: 1 }]);
    const made = (await create({ full_name: "Followed" })).json.data;
    const after = await until("the follow-up", async () => {
      const now = (await call("GET", "/api/resource/Person/" + made.name)).json.data;
      return now.modified !== made.modified && now;
    });
    assert.deepStrictEqual([after.rate, after.modified_by], [2.5, "hook@example.com"]);
  },

  async "an edit behind the site's back leaves modified alone, a delete leaves no trace"() {
    const before = (await people())[0];
    await call("POST", "/practice/edit", { doctype: "Person", name: before.name, values: { full_name: "Silent" } });
    const after = (await people())[0];
    assert.deepStrictEqual([after.full_name, after.modified], ["Silent", before.modified]);

    await call("POST", "/practice/edit", { doctype: "Person", name: "P-0002", delete: true });
    assert.strictEqual((await call("GET", "/api/resource/Person/P-0002")).status, 404);
    assert.strictEqual((await call("GET", '/api/resource/Deleted Document?limit=0')).json.data.length, 0);
  },

  async "the clock can be turned"() {
    await call("POST", "/practice/clock", { at: "2024-10-27T00:59:59.500000Z", frozen: true });
    assert.strictEqual((await create({ full_name: "Summer" })).json.data.modified, "2024-10-27 02:59:59.500000");
    await call("POST", "/practice/clock", { at: "2024-10-27T01:00:00.500000Z", frozen: true });
    assert.strictEqual((await create({ full_name: "Winter" })).json.data.modified, "2024-10-27 02:00:00.500000");
    await call("POST", "/practice/clock", { skew: 0 });
  },

  async "webhooks carry signed Python JSON, are held, repeated and tried again"() {
    await call("DELETE", "/practice/faults");
    const hook = await receiver();
    const made = await call("POST", "/api/resource/Webhook", { name: "people", webhook_doctype: "Person", webhook_docevent: "on_change", request_url: hook.url,
      request_structure: "Form URL-Encoded", webhook_data: [{ fieldname: "name", key: "id" }, { fieldname: "full_name", key: "n" }, { fieldname: "rate", key: "rate" }],
      enable_security: 1, webhook_secret: "s-ü", condition: 'doc.full_name != "Quiet"' });
    assert.strictEqual(made.status, 200, made.text);

    await call("POST", "/practice/quiet", { quiet: true });
    await call("PUT", "/api/resource/Person/P-0001", { full_name: "Zoë" });
    await call("PUT", "/api/resource/Person/P-0001", { full_name: "Quiet" });
    assert.strictEqual((await call("GET", "/practice/stats")).json.webhooks_waiting, 1);
    await call("POST", "/practice/quiet", { quiet: false });
    await until("the delivery", () => hook.got.length === 1);
    const delivery = hook.got[0];
    assert.strictEqual(delivery.body, '{"id": "P-0001", "n": "Zo\\u00eb", "rate": 0.0}');
    assert.strictEqual(delivery.headers["x-frappe-webhook-signature"], crypto.createHmac("sha256", "s-ü").update(delivery.body).digest("base64"));
    assert.strictEqual(delivery.headers["content-type"], undefined);

    await faults({ webhooks: { duplicate: 1 } });
    await call("PUT", "/api/resource/Person/P-0001", { rate: 1.5 });
    await call("PUT", "/api/resource/Person/P-0001", { full_name: "Twice" });
    await until("both copies", () => hook.got.length === 3);
    await faults({ webhooks: { duplicate: 0, drop: 1 } });
    await call("PUT", "/api/resource/Person/P-0001", { full_name: "Dropped" });
    await faults({ webhooks: { drop: 0 } });

    hook.refuse(1);
    await call("PUT", "/api/resource/Person/P-0001", { full_name: "Again" });
    await until("the second attempt", () => hook.got.length === 5);
    assert.strictEqual(hook.got[3].body, hook.got[4].body);
    const log = await until("the log", async () => {
      const rows = (await call("GET", '/api/resource/Webhook Request Log?fields=["error"]&order_by=creation asc&limit=0')).json.data;
      return rows.length === 5 && rows;
    });
    assert.deepStrictEqual(log.map((row) => row.error === null), [true, true, true, false, true]);
    hook.close();
  },

  async "a rolled-back request changes and sends nothing"() {
    const before = (await people()).length;
    const answer = await call("POST", "/api/method/frappe.client.insert_many", { docs: [{ doctype: "Person", full_name: "A" }, { doctype: "Person" }] });
    assert.deepStrictEqual([answer.status, answer.json.exc_type], [417, "MandatoryError"]);
    assert.strictEqual((await people()).length, before);
  },

  async "what was asked and written is counted"() {
    const stats = (await call("GET", "/practice/stats")).json;
    assert.ok(stats.requests["PUT /api/resource/Person/*"] >= 5, JSON.stringify(stats.requests));
    assert.ok(stats.writes.Person.insert >= 6);
    assert.ok(stats.webhooks.dropped === 1 && stats.webhooks.duplicated === 1);
    const bad = await faults([{ matsch: {} }]);
    assert.deepStrictEqual([bad.status, /did you mean 'match'/.test(bad.text)], [400, true]);
  },
};

async function main() {
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log("ok - " + name);
    } catch (error) {
      failed++;
      console.log("not ok - " + name + "\n" + error.stack);
    }
  }
  process.exit(failed ? 1 : 0);
}

main();
