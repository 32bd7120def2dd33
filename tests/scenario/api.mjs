import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import { call, run, signed, until } from "../support/scenario.mjs";
import { asker, make_conflict, tokens } from "../support/operator.mjs";
import { faults } from "../support/schema.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project, address, document_, token, admin;
const seen = [];  // every body that was answered, for the search for secrets

const ranks = ["nobody", "trigger", "viewer", "operator", "admin"];

/// Keeps the answer; whatever it is, it must be what the document says.
async function ask(who, method, target, body, headers) {
  // Some thousand questions in a few seconds are more than one may ask: the test waits as it is told.
  let answer = await who(method, target, body, headers);
  while (answer.status === 429) {
    assert.ok(Number(answer.headers["retry-after"]) > 0, "429 says when to come again");
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer = await who(method, target, body, headers);
  }
  seen.push(answer.text ?? "");
  return answer;
}

function check_answer(operation, answer, what) {
  assert.ok(!answer.dropped, `${what}: dropped`);
  const said = operation.responses[answer.status];
  if (!said || said.content?.["application/problem+json"]) {
    assert.ok(answer.status >= 400, `${what}: ${answer.status} is not in the document`);
    assert.match(answer.headers["content-type"] ?? "", /^application\/problem\+json/, `${what}: ${answer.status} is a problem document`);
    assert.deepEqual(faults(answer.json, { $ref: "#/components/schemas/Problem" }, document_), [], `${what}: ${answer.text}`);
    assert.equal(answer.json.status, answer.status, what);
    return;
  }
  const media = Object.keys(said.content ?? {})[0];
  if (media !== "application/json") return;
  assert.match(answer.headers["content-type"], /^application\/json/, what);
  assert.deepEqual(faults(answer.json, said.content[media].schema, document_), [], `${what}: ${answer.text.slice(0, 500)}`);
}

/// Bytes as they are, and the answer taken apart.
function said_to(address, bytes) {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    let text = "";
    socket.setTimeout(5000, () => socket.destroy(new Error(`no answer to ${bytes.slice(0, 60)}`)));
    socket.on("error", reject);
    socket.on("data", (piece) => {
      text += piece;
      const [head, body] = text.split("\r\n\r\n", 2), [first, ...fields] = head.split("\r\n");
      const headers = Object.fromEntries(fields.map((one) => [one.slice(0, one.indexOf(":")).toLowerCase(), one.slice(one.indexOf(":") + 1).trim()]));
      if (body === undefined || Buffer.byteLength(body) < Number(headers["content-length"])) return;
      socket.destroy();
      resolve({ status: Number(first.split(" ")[1]), headers, text: body, json: headers["content-type"].includes("json") ? JSON.parse(body) : undefined });
    });
  });
}

const routes = () => Object.entries(document_.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));
const endless = (route) => route.operation.operationId === "events";

const cases = {
  async "(the daemon runs, with something to show)"() {
    Object.assign(world, await company());
    ({ erp, app, project } = world);
    for (const code of ["ada", "grace", "emmy"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, remark: "r" });
    await project.start();
    address = project.daemon.address;
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    await make_conflict(world, "HR-00001", "ada");
    await make_conflict(world, "HR-00002", "grace");
    document_ = (await call(address + "/api/v1/openapi.json")).json;
    token = await tokens(project, "employees");
    admin = asker(address, token.admin);
  },

  "the document is one, and the page that shows it uses no foreign host": async () => {
    assert.equal(document_.openapi, "3.1.0");
    const ids = routes().map((one) => one.operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.length > 50, `${ids.length} routes`);
    const references = JSON.stringify(document_).match(/#\/components\/schemas\/\w+/g);
    for (const one of references) assert.ok(document_.components.schemas[one.split("/").pop()], one);
    for (const page of ["/", "/docs", "/ui/main.js", "/ui/base.css"]) {
      const answer = await call(address + page);
      assert.equal(answer.status, 200, page);
      assert.doesNotMatch(answer.text, /(src|href|import|url)\W{1,3}(https?:)?\/\//, page);
      assert.match(answer.headers["content-security-policy"], /script-src 'self'/);
    }
  },

  async "every route answers what the document says, with real things"() {
    const [operation] = await project.operations("employees", "HR-00001");
    const [conflict_] = (await ask(admin, "GET", "/api/v1/conflicts")).json.conflicts;
    const source = (await ask(admin, "GET", "/api/v1/mappings/notices/source")).json;
    const version = (await ask(admin, "GET", "/api/v1/mappings/notices/versions")).json.versions[0].version;
    const job = (await ask(admin, "POST", "/api/v1/sync", { dry_run: true })).json.job;
    const made = (await ask(admin, "POST", "/api/v1/tokens", { name: "to be removed" })).json;
    const soon = new Date(Date.now() + 60000).toISOString();
    const password = "a long enough password";
    const real = {
      operation: [{ id: operation.id }], conflict: [{ id: conflict_.id }], job: [{ id: job }], source: [{ name: "notices" }], versions: [{ name: "notices" }], mapping: [{ name: "employees" }],
      connection: [{ name: "erp" }], test_connection: [{ name: "app" }, {}], schema: [{ name: "erp" }, undefined, "collection=Team"], pause_connection: [{ name: "app" }, { until: soon }], resume_connection: [{ name: "app" }, {}],
      resolve: [{ id: conflict_.id }, { method: "left" }], resolve_alike: [{}, { mapping: "employees", field: "remark", method: "right", dry_run: true }], preview_resolution: [{ id: conflict_.id }, { method: "right" }],
      try_source: [{ name: "notices" }, { source: source.source, dry_run: 5 }], apply_source: [{ name: "notices" }, { source: source.source + "-- edited\n", hash: source.hash }], roll_back: [{ name: "notices" }, { version }],
      enable_mapping: [{ name: "notices" }, {}], disable_mapping: [{ name: "notices" }, {}], reset_cursor: [{ mapping: "employees" }, { side: "left" }],
      retry: [{}, { all: true }], sync: [{}, { mapping: "departments" }], check: [{}, { connect: true }], back_up: [{}, {}], install: [{}, { kind: "frappe", mapping: "employees" }], discard: [{}, { mapping: "employees", side: "left", key: "none", reason: "a test" }], trigger: [{ mapping: "employees" }, {}],
      save_user: [{ name: "ada" }, { role: "admin", password }], remove_user: [{ name: "grace" }], add_token: [{}, { name: "another" }], remove_token: [{ id: made.id }],
      explain: [{}, undefined, "mapping=employees&key=HR-00001"], try: [{}, undefined, "mapping=employees&key=HR-00001"], verify: [{}, { mapping: "departments" }],
      try_connection: [{}, { kind: "frappe", options: { url: erp.url }, secrets: { api_key: secrets.ERP_KEY, api_secret: secrets.ERP_SECRET } }], connection_settings: [{ name: "erp" }], collections: [{ name: "app" }],
      create_connection: [{}, { name: "desk", kind: "frappe", options: { url: erp.url }, secrets: { api_key: secrets.ERP_KEY, api_secret: secrets.ERP_SECRET } }], edit_connection: [{ name: "desk" }, { options: { url: erp.url, limits: { parallel: 2 } } }], delete_connection: [{ name: "desk" }],
      suggest_mapping: [{}, { left: { connection: "erp", collection: "Notice" }, right: { connection: "app", collection: "notices" } }], try_mapping: [{}, { name: "another", source: source.source, dry_run: 2 }],
      create_mapping: [{}, { name: "another", source: source.source, enabled: false }], delete_mapping: [{ name: "another" }],
      webhook: [{ connection: "app" }, { table: "employees", type: "UPDATE", record: await app.find("employees", "code", "emmy") }, undefined, { "x-app-secret": secrets.APP_WEBHOOK_SECRET }],
      log_in: [{}, { name: "ada", password }], log_out: [{}, {}], file: [{ file: "main.js" }],
    };
    await ask(admin, "PUT", "/api/v1/users/ada", { role: "admin", password });
    await ask(admin, "PUT", "/api/v1/users/grace", { role: "viewer", password });
    const last = ["disable_mapping", "remove_token", "enable_mapping", "create_connection", "edit_connection", "delete_connection", "create_mapping", "delete_mapping"];
    const order = routes().filter((one) => !endless(one)).sort((a, b) => last.indexOf(a.operation.operationId) - last.indexOf(b.operation.operationId));
    for (const { path, method, operation: one } of order) {
      const [params, body, query, headers] = real[one.operationId] ?? [{}];
      const target = path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(params[name] ?? "missing")) + (query ? "?" + query : "");
      const answer = await ask(admin, method, target, body, headers);
      // These cannot be well asked here (by a code, by a login, of a key that stands, of a connector that installs nothing); what is
      // not named above and needs something of its own has its own test: they may refuse, in good form.
      const may_refuse = ["set_up", "change_password", "discard", "install"].includes(one.operationId) || (!real[one.operationId] && (method !== "GET" || path.includes("{")));
      const good = Object.keys(one.responses).map(Number).filter(Boolean);
      if (!may_refuse) assert.ok(good.includes(answer.status), `${method} ${target}: ${answer.status} ${answer.text?.slice(0, 400)}`);
      check_answer(one, answer, `${method} ${target}`);
    }
    await world.settled();
  },

  async "each role may do what its rank allows, and no more"() {
    const who = { nobody: asker(address), ...Object.fromEntries(Object.entries(token).map(([role, text]) => [role, asker(address, text)])) };
    const begun = (path, role) => new Promise((resolve, reject) => {
      const request = http.get(address + path, { headers: token[role] ? { Authorization: `Bearer ${token[role]}` } : {} }, (answer) => { answer.destroy(); resolve({ status: answer.statusCode }); });
      request.on("error", reject);
    });
    for (const route of routes()) {
      const needed = ranks.indexOf(route.operation["x-role"]), of = route.operation["x-stands-for"] ?? route.operation.operationId;
      for (const role of ranks) {
        // Nothing of that name exists, and the bodies say nothing: whoever may, is told so; nothing is done.
        const target = route.path.replace(/{(\w+)}/g, role === "trigger" && of === "trigger" ? "employees" : "no-such-thing");
        const answer = endless(route) ? await begun(target, role) : await ask(who[role], route.method, target, route.method === "GET" ? undefined : { nonsense: 1 });
        const refused = answer.status === 401 || answer.status === 403;
        const what = `${route.method} ${target} as ${role}: ${answer.status}`;
        if (ranks.indexOf(role) < needed) assert.ok(refused, what);
        else if (of !== "trigger" && of !== "set_up") assert.ok(!refused, what);
        if (role === "nobody" && refused) assert.equal(answer.status, 401, what);
      }
    }
  },

  async "nonsense is refused with a problem, never stumbled over"() {
    let state = 7;
    const random = (below) => { state = (state * 1103515245 + 12345) % 2147483648; return state % below; };
    const pick = (list) => list[random(list.length)];
    const odd = [null, true, -1, 0, 1e18, 1.5, "", " ", "x".repeat(3000), "\u0000", "ünï☃", "../../etc/passwd", "' OR 1=1 --", "%00", "{}", [], [[[[]]]], {}, { a: { b: {} } }, "2024-13-45T99:99:99Z", "9".repeat(40)];
    const fixed = new Set(["logout", "log_out", "back_up", "check", "sync", "set_up", "log_in", "change_password", "events", "trigger", "remove_user", "save_user", "resolve_alike"]);
    for (const id of routes().filter((one) => fixed.has(one.operation["x-stands-for"])).map((one) => one.operation.operationId)) fixed.add(id);
    for (const { path, method, operation } of routes()) {
      if (operation.operationId === "events") continue;
      for (let round = 0; round < 12; ++round) {
        const target = path.replace(/{(\w+)}/g, () => encodeURIComponent(String(pick(odd.filter((one) => typeof one === "string" && one !== "" && one !== "\u0000")))).slice(0, 200));
        const names = [...(operation.parameters ?? []).filter((one) => one.in === "query").map((one) => one.name), "no_such_filter"];
        const query = Array.from({ length: random(3) }, () => `${pick(names)}=${encodeURIComponent(String(pick(odd))).slice(0, 500)}`).join("&");
        const schema = document_.components.schemas[operation.requestBody?.content["application/json"].schema.$ref.split("/").pop()];
        const body = method === "GET" ? undefined : pick([
          () => "{", () => "[]", () => "\"text\"", () => "", () => "{\"a\":".repeat(300),
          () => Object.fromEntries(Object.keys(schema?.properties ?? { x: 1 }).filter(() => random(2)).map((name) => [name, pick(odd)])),
          () => ({ ...Object.fromEntries((schema?.required ?? []).map((name) => [name, pick(odd)])), nonsense: pick(odd) }),
        ])();
        const answer = await ask(admin, method, query ? `${target}?${query}` : target, body);
        const what = `${method} ${target}?${query} ${JSON.stringify(body)?.slice(0, 200)}: ${answer.status} ${answer.text?.slice(0, 300)}`;
        assert.ok(answer.status < 500, what);
        if (!fixed.has(operation.operationId) || answer.status >= 400) check_answer(operation, answer, what);
      }
    }
    assert.equal((await call(address + "/ping")).status, 200);
    // A dry word to the state: nothing above switched anything off for good.
    await ask(admin, "POST", "/api/v1/mappings/employees/enable", {});
    for (const name of ["erp", "app"]) await ask(admin, "POST", `/api/v1/connections/${name}/resume`, {});
  },

  async "null is no value of a member that is something else, and nothing is done for it"() {
    // What may be null, or anything: a person's own values.
    const open = (schema) => schema.type === undefined || [schema.type].flat().includes("null");
    const whole_of = (schema) => Object.fromEntries((schema.required ?? []).map((name) => [name, good(schema.properties[name])]));
    const good = (schema) => schema.enum?.[0] ?? { string: () => "x".repeat(Math.max(1, schema.minLength ?? 1)), integer: () => schema.minimum ?? 0, boolean: () => false, object: () => whole_of(schema), array: () => [] }[[schema.type].flat()[0]]?.() ?? null;
    const before = (await ask(admin, "GET", "/api/v1/conflicts?limit=1000")).json.conflicts;
    let tried = 0;
    for (const { path, method, operation } of routes()) {
      const schema = document_.components.schemas[operation.requestBody?.content["application/json"].schema.$ref.split("/").pop()];
      if (!schema) continue;
      const whole = whole_of(schema);
      for (const [name, member] of Object.entries(schema.properties ?? {})) {
        if (open(member)) continue;
        ++tried;
        const target = path.replace(/{(\w+)}/g, (_, brace) => (brace === "id" ? String(before[0].id) : "employees"));
        const answer = await ask(admin, method, target, { ...whole, [name]: null });
        const what = `${method} ${target} ${name}: ${answer.status} ${answer.text?.slice(0, 200)}`;
        assert.equal(answer.status, 400, what);
        assert.match(answer.json.detail, new RegExp(`'${name}(\\.\\w+)?' must be`), what);
      }
    }
    assert.ok(tried > 100, `${tried} members`);
    assert.deepEqual((await ask(admin, "GET", "/api/v1/conflicts?limit=1000")).json.conflicts, before);
  },

  async "what is no mark of a page and no flag is refused"() {
    const lists = routes().filter(({ method, operation }) => method === "GET" && operation.parameters?.some((one) => one.name === "after"));
    assert.ok(lists.length > 12, `${lists.length} lists`);
    for (const { path, operation } of lists) {
      assert.ok(operation.responses["400"], `${path} says that it refuses`);
      for (const after of ["garbage", "1x", "-", "99999999999999999999"]) {
        const answer = await ask(admin, "GET", `${path.replace(/{\w+}/g, "notices")}?after=${after}`);
        assert.equal(answer.status, 400, `${path} after ${after}`);
        assert.match(answer.json.detail, /^'after' is (no mark of a page: |a mark of another list, or of other filters$)/, path);
      }
    }
    assert.equal((await ask(admin, "GET", "/api/v1/operations?failed=maybe")).status, 400);
    assert.equal((await ask(admin, "GET", "/api/v1/operations?failed=0")).status, 200);
  },

  async "what the server itself refuses is a problem as well, on whatever path"() {
    const long = "x".repeat(20000), many = Array.from({ length: 300 }, (_, n) => `X-${n}: 1\r\n`).join("");
    const asked = [
      ["GET /nothing HTTP/1.1\r\nHost: x", 404, "not_found"], ["GET /webhook HTTP/1.1\r\nHost: x", 404, "not_found"], ["POST /webhook/ HTTP/1.1\r\nHost: x", 404, "not_found"],
      ["GET /webhook/erp HTTP/1.1\r\nHost: x", 405, "method", "POST"], ["GET /trigger/employees HTTP/1.1\r\nHost: x", 405, "method", "POST"], ["DELETE /health HTTP/1.1\r\nHost: x", 405, "method", "GET, HEAD"],
      ...["/api/v1/sync", "/trigger/employees", "/webhook/erp", "/ping"].map((path) => [`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000`, 413, "invalid"]),
      [`GET /${long} HTTP/1.1\r\nHost: x`, 431, "invalid"], [`GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: ${long}`, 431, "invalid"], [`GET /ping HTTP/1.1\r\nHost: x\r\n${many}X-Last: 1`, 431, "invalid"],
      ["no request at all", 400, "invalid"], ["GET /ping HTTP/1.1", 400, "invalid"], ["\x16\x03\x01", 400, "invalid"], ["GET nowhere HTTP/1.1\r\nHost: x", 400, "invalid"],
      ["GET /ping HTTP/2.0\r\nHost: x", 505, "invalid"], ["CONNECT x:1 HTTP/1.1\r\nHost: x", 501, "invalid"], ["POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: wonders", 417, "invalid"],
    ];
    for (const [head, status, code, allow] of asked) {
      const answer = await said_to(address, head + "\r\n\r\n"), what = `${head.slice(0, 60)}: ${answer.text}`;
      assert.equal(answer.status, status, what);
      assert.match(answer.headers["content-type"], /^application\/problem\+json/, what);
      assert.deepEqual(faults(answer.json, { $ref: "#/components/schemas/Problem" }, document_), [], what);
      assert.deepEqual([answer.json.status, answer.json.code], [status, code], what);
      assert.equal(answer.headers.allow, allow, what);
    }
  },

  async "paths of earlier services answer as what they stand for"() {
    const operator = asker(address, token.operator), viewer = asker(address, token.viewer), program = asker(address, token.trigger), reset = admin;
    const [operation] = await project.operations("employees", "HR-00003");
    const conflicts = (await ask(viewer, "GET", "/api/v1/conflicts")).json.conflicts;
    const job = (await ask(operator, "POST", "/api/v1/sync", { mapping: "notices", dry_run: true })).json.job;
    const loaded = (await ask(viewer, "GET", "/api/v1/jobs?limit=1000")).json.jobs.find((one) => one.kind === "initial_load" && one.mappings.includes("employees"));
    const aliases = {
      "POST /webhooks/n8n/employees": [program, 202, (found) => found.mapping === "employees"],
      "POST /webhooks/zapier/employees": [program, 202, (found) => found.mapping === "employees"],
      "POST /webhooks/activepieces/employees": [program, 202, (found) => found.mapping === "employees"],
      "GET /sync/status": [viewer, 200, (found) => found.mappings.employees],
      "GET /sync/mappings": [viewer, 200, (found) => found.mappings.length === 3],
      "POST /sync/retry-failed": [operator, 200, (found) => found.retried >= 0],
      "GET /sync/operations/failed": [viewer, 200, (found) => found.operations.every((one) => ["dead", "conflict"].includes(one.outcome))],
      [`GET /sync/operations/${operation.id}`]: [viewer, 200, (found) => found.id === operation.id],
      "GET /status": [viewer, 200, (found) => found.connections.erp],
      "GET /api/sync/status": [viewer, 200, (found) => found.connections.app],
      "GET /api/sync/health": [viewer, 200, (found) => found.status === "ok"],
      "POST /api/sync/employees": [operator, 202, (found) => found.job],
      "POST /api/sync/all": [operator, 202, (found) => found.job],
      "POST /api/sync/reset/notices": [reset, 200, (found) => found.reset],
      "GET /api/datasources": [viewer, 200, (found) => found.connections.length === 2],
      "GET /api/datasources/erp": [viewer, 200, (found) => found.kind === "frappe"],
      "POST /api/datasources/erp/test": [operator, 200, (found) => found.ok],
      "GET /api/sync-configs": [viewer, 200, (found) => found.mappings.length === 3],
      [`GET /api/sync/${job}/status`]: [viewer, 200, (found) => found.id === job],
      [`GET /api/sync/${loaded.id}/conflicts`]: [viewer, 200, (found) => found.conflicts.length === conflicts.length],
      "GET /api/sync/employees/conflicts": [viewer, 200, (found) => found.conflicts.length === conflicts.length],
    };
    for (const [what, [who, status, holds]] of Object.entries(aliases)) {
      const [method, target] = what.split(" ");
      const answer = await ask(who, method, target, method === "POST" ? {} : undefined);
      assert.equal(answer.status, status, `${what}: ${answer.text?.slice(0, 300)}`);
      assert.ok(holds(answer.json), `${what}: ${answer.text.slice(0, 300)}`);
      if (!target.includes("health")) assert.equal((await ask(asker(address), method, target, method === "POST" ? {} : undefined)).status, 401, `${what} needs a role`);
    }
    const tried = [...Object.keys(aliases), `POST /api/sync/employees/resolve/${conflicts[0].id}`];
    const earlier = routes().filter((one) => one.operation.deprecated);
    assert.ok(earlier.length >= 20, `${earlier.length} paths of earlier services`);
    for (const { method, path } of earlier) {
      const shape = new RegExp(`^${method} ${path.replace(/{\w+}/g, "[^/]+")}$`);
      assert.ok(tried.some((one) => shape.test(one)), `${method} ${path} is not tried here`);
    }
    for (const target of ["/api/sync/notices", "/api/sync/reset/notices", "/api/sync/all", "/sync/retry-failed"]) {
      const done = await ask(reset, "POST", target, { from_whom: "an earlier service" });
      assert.ok(done.status === 200 || done.status === 202, `${target}: ${done.text}`);
      assert.equal((await ask(reset, "POST", target, "{\"dri_run\":tru")).status, 400, target);
    }
    const looked = (await ask(operator, "POST", "/api/sync/notices", { dry_run: true })).json.job;
    assert.equal((await ask(operator, "GET", `/api/v1/jobs/${looked}`)).json.kind, "dry_run");
    assert.equal((await ask(operator, "POST", "/api/sync/notices", { mapping: "employees" })).status, 400);
    assert.equal((await ask(operator, "POST", `/api/sync/notices/resolve/${conflicts[0].id}`, { method: "left" })).status, 404, "it is another mapping's");
    const answer = await ask(operator, "POST", `/api/sync/employees/resolve/${conflicts[0].id}`, { strategy: "source_wins" });
    assert.equal(answer.status, 202, answer.text);
    for (const [name, headers, body] of [["frappe", null, { doctype: "Staff Member", name: "HR-00003" }], ["supabase", { "x-app-secret": secrets.APP_WEBHOOK_SECRET }, { table: "employees", type: "UPDATE", record: await app.find("employees", "code", "emmy") }]]) {
      const bytes = JSON.stringify(body);
      const sent = headers ?? signed(secrets.ERP_WEBHOOK_SECRET, bytes);
      assert.equal((await call(`${address}/webhook/${name}`, { method: "POST", body: bytes, headers: sent })).status, 202, name);
    }
    await world.settled();
  },

  async "conflicts that are alike are decided in one go, and a preview says what each side will have"() {
    const operator = asker(address, token.operator);
    await make_conflict(world, "HR-00003", "emmy");
    const [open] = (await ask(operator, "GET", "/api/v1/conflicts?mapping=employees&key=HR-00003&field=remark")).json.conflicts;
    assert.equal(open.left_key, "HR-00003");
    const then = (await ask(operator, "POST", `/api/v1/conflicts/${open.id}/preview`, { method: "left" })).json;
    assert.deepEqual([then.left, then.right], [open.left, open.left]);
    const rule = { mapping: "employees", field: "remark", kind: "clash", method: "left" };
    const { would_resolve } = (await ask(operator, "POST", "/api/v1/conflicts/resolve", { ...rule, dry_run: true })).json;
    assert.ok(would_resolve >= 1);
    const told = (await ask(operator, "POST", "/api/v1/conflicts/resolve", { ...rule, dry_run: true, previews: 50 })).json;
    assert.equal(told.previews.length, would_resolve);
    for (const one of told.previews) assert.deepEqual([one.then.left, one.then.right], [one.conflict.left, one.conflict.left]);
    assert.equal((await ask(operator, "POST", "/api/v1/conflicts/resolve", { ...rule, dry_run: true, previews: 1 })).json.previews.length, 1);
    assert.equal((await ask(operator, "POST", "/api/v1/conflicts/resolve", { ...rule, dry_run: true, previews: 51 })).status, 400);
    assert.equal((await ask(operator, "POST", "/api/v1/conflicts/resolve", rule)).json.resolved, would_resolve);
    await until("them to be closed", async () => (await ask(operator, "GET", "/api/v1/conflicts?mapping=employees&field=remark")).json.conflicts.length === 0);
    const past = (await ask(operator, "GET", "/api/v1/conflicts?mapping=employees&key=HR-00003&closed=1")).json.conflicts;
    assert.ok(past.some((one) => one.id === open.id && one.method === "left"), JSON.stringify(past));
    await until("the value on the other side", async () => (await app.find("employees", "code", "emmy")).remark === open.left);
  },

  async "what moved after the look is left out of a decision over all alike"() {
    await erp.edit("Staff Member", "HR-00003", { remark: "before" });
    await until("it to travel", async () => (await app.find("employees", "code", "emmy")).remark === "before");
    await make_conflict(world, "HR-00003", "emmy");
    const shown = async () => (await ask(admin, "GET", "/api/v1/conflicts?mapping=employees&key=HR-00003&field=remark")).json.conflicts[0];
    const open = await shown();
    const alike = (...more) => project.ask(["resolve", String(open.id), "left", "--alike", ...more]);
    const look = await alike("--dry-run");
    assert.deepEqual([look.would_resolve, look.shown_at], [1, open.shown_at]);
    await erp.edit("Staff Member", "HR-00003", { remark: "seen by nobody" });
    await until("the new value to be shown", async () => (await shown()).left === "seen by nobody");
    assert.deepEqual(await alike("--shown-at", look.shown_at), { resolved: 0, skipped: 1 });
    assert.equal((await shown()).method, undefined);
    assert.deepEqual(await alike("--author", "bob"), { resolved: 1, skipped: 0 });
    await until("it to be written", async () => (await app.find("employees", "code", "emmy")).remark === "seen by nobody");
    const [said] = (await project.ask(["audit", "--author", "bob"])).audit;
    assert.equal(said?.action, "resolve_alike");
  },

  async "what stands is asked for by its record, and the log by whoever may look"() {
    const keys = async (query) => (await ask(admin, "GET", `/api/v1/dead-letters?${query}`)).json.keys;
    await ask(admin, "POST", "/api/v1/mappings/employees/disable", {});
    await erp.edit("Staff Member", "HR-00003", { phone: "12" });
    await until("the key to wait", async () => (await keys("mapping=employees&state=waiting&key=HR-00003")).length === 1);
    assert.deepEqual(await keys("mapping=employees&state=waiting&key=nobody"), []);
    await ask(admin, "POST", "/api/v1/mappings/employees/enable", {});
    await world.settled();
    const viewer = asker(address, token.viewer);
    const { lines } = (await ask(viewer, "GET", "/api/v1/log")).json;
    assert.ok(lines.length > 0);
    await until("the same lines in the log itself", () => { const written = project.daemon.err().split("\n"); return lines.every((line) => written.includes(line)); });
    assert.deepEqual((await ask(viewer, "GET", "/api/v1/log?limit=1")).json.lines.length, 1);
    assert.equal((await ask(viewer, "GET", "/api/v1/log?limit=501")).status, 400);
  },

  async "jobs come in pages"() {
    const all = (await ask(admin, "GET", "/api/v1/jobs")).json.jobs;
    const first = (await ask(admin, "GET", "/api/v1/jobs?limit=2")).json;
    const second = (await ask(admin, "GET", `/api/v1/jobs?limit=2&after=${first.next}`)).json;
    assert.deepEqual([...first.jobs, ...second.jobs].map((one) => one.id), all.slice(0, 4).map((one) => one.id));
    assert.match((await project.cli("jobs", "--all", "--after", first.next)).out, new RegExp(second.jobs[0].id));
  },

  async "what happens is told as it happens, and what was missed is told again"() {
    const lines = [];
    const follow = (last) => new Promise((resolve) => {
      const request = http.get(address + "/api/v1/events", { headers: { Authorization: `Bearer ${token.viewer}`, ...(last ? { "Last-Event-ID": last } : {}) } }, (answer) => {
        assert.equal(answer.headers["content-type"], "text/event-stream");
        answer.on("data", (part) => lines.push(...part.toString().split("\n")));
        answer.on("error", () => {});
        resolve(request);
      });
      request.on("error", () => {});
    });
    const first = await follow();
    await erp.edit("Staff Member", "HR-00003", { phone: "told 1" });
    const event = await until("the event", () => lines.find((one) => one.startsWith("data: ") && one.includes("HR-00003") && one.includes("\"applied\"")));
    assert.ok(!event.includes("told 1"), "an event tells that something happened, not what");
    const { job: asked } = (await ask(admin, "POST", "/api/v1/verify", { mapping: "employees" })).json;
    const job_events = () => lines.filter((one) => one.startsWith("data: ") && one.includes(`"batch":"${asked}"`)).map((one) => JSON.parse(one.slice(6)));
    await until("the job to be told", () => job_events().some((one) => one.state === "done"));
    assert.deepEqual([...new Set(job_events().map((one) => one.state))], ["queued", "running", "done"]);
    assert.ok(job_events().at(-1).looked_at > 0 && job_events().every((one) => one.mapping === "employees" && one.kind === "verify"), JSON.stringify(job_events()));
    const last = lines.filter((one) => one.startsWith("id: ")).pop().slice(4);
    first.destroy();
    await erp.edit("Staff Member", "HR-00003", { phone: "told 2" });
    await world.settled();
    lines.length = 0;
    const second = await follow(last);
    await until("what was missed", () => lines.find((one) => one.startsWith("data: ") && one.includes("HR-00003")));
    second.destroy();
  },

  async "a thousand triggers at once are one run, or two where some come late"() {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
    const before = (await ask(admin, "GET", "/api/v1/jobs")).json.jobs.length;
    const send = () => call(address + "/trigger/departments", { method: "POST", body: "{}", agent, headers: { Authorization: `Bearer ${token.admin}` } });
    const answers = await Promise.all(Array.from({ length: 1000 }, send));
    agent.destroy();
    assert.ok(answers.every((one) => one.status === 202), JSON.stringify(answers.find((one) => one.status !== 202)));
    const begun = () => ask(admin, "GET", "/api/v1/audit?limit=20").then((answer) => answer.json.audit.filter((one) => one.action === "trigger" && one.subject === "departments"));
    const gathered = await until("the run", async () => {
      const found = await begun();
      return found.reduce((sum, one) => sum + one.detail.triggers, 0) === 1000 && found;
    });
    assert.ok(gathered.length <= 3, `${gathered.length} runs`);
    assert.ok((await ask(admin, "GET", "/api/v1/jobs")).json.jobs.length >= before);
  },

  async "a connection that rests is not called, and goes on"() {
    await ask(admin, "POST", "/api/v1/connections/app/pause", { until: new Date(Date.now() + 600000).toISOString() });
    await erp.edit("Staff Member", "HR-00003", { phone: "rested" });
    await until("the pause to be shown", async () => (await project.status()).connections.app.state === "paused");
    await project.daemon.stop();
    await project.start(["--listen", address.replace("http://", "")]);
    assert.equal((await project.status()).connections.app.state, "paused", "a restart keeps the pause");
    assert.notEqual((await app.find("employees", "code", "emmy")).phone, "rested");
    assert.equal((await ask(admin, "POST", "/api/v1/connections/app/resume", {})).status, 200);
    await until("the change to arrive", async () => (await app.find("employees", "code", "emmy")).phone === "rested", 90);
  },

  async "a backup is a whole state of its own, made while all goes on"() {
    const made = await ask(admin, "POST", "/api/v1/backups", {});
    assert.equal(made.status, 201);
    assert.equal(fs.statSync(made.json.path).size, made.json.bytes);
    assert.ok((await ask(admin, "GET", "/api/v1/backups")).json.backups.some((one) => one.name === made.json.name));
  },

  async "no secret is in any answer, in the log, or in plain in the state"() {
    const said = seen.join("\n") + project.daemon.err() + project.daemon.out();
    const texts = { ...secrets, ...token, password: "a long enough password" };
    for (const [name, text] of Object.entries(texts)) assert.ok(!said.includes(text), `${name} is told`);
    await project.daemon.stop();
    const folder = project.path("state");
    for (const file of fs.readdirSync(folder, { recursive: true })) {
      const path = `${folder}/${file}`;
      if (!fs.statSync(path).isFile()) continue;
      const bytes = fs.readFileSync(path);
      for (const [name, text] of Object.entries(texts)) assert.ok(!bytes.includes(text), `${name} is in ${file}`);
    }
  },
};

await run(cases, world);
