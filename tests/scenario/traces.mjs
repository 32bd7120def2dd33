// Operations as OTLP spans on a collector of our own; a collector that is away costs nothing but a count.
import assert from "node:assert/strict";
import http from "node:http";
import { call, cleanup, run, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
const spans = [], requests = [];
let own, status = 200, hold = null;

const metric = async (result) => Number(new RegExp(`^tidewire_traces_total\\{result="${result}"\\} (\\d+)$`, "m").exec((await call(own.daemon.address + "/metrics")).text)?.[1] ?? 0);
const attributes = (span) => Object.fromEntries(span.attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]));

const cases = {
  async "(the daemon sends traces)"() {
    const collector = http.createServer((request, response) => {
      let body = "";
      request.on("data", (part) => (body += part));
      request.on("end", async () => {
        requests.push({ path: request.url, headers: request.headers });
        if (hold) await hold;
        response.statusCode = status;
        if (status === 200) for (const one of JSON.parse(body).resourceSpans) for (const scope of one.scopeSpans) for (const span of scope.spans) spans.push({ ...span, resource: attributes(one.resource) });
        response.end("{}");
      });
    });
    await new Promise((resolve) => collector.listen(0, "127.0.0.1", resolve));
    cleanup(() => { collector.closeAllConnections?.(); collector.close(); });
    Object.assign(world, await company({ parts: ["departments"], keep: { COLLECTOR_TOKEN: "c0llect0r" } }));
    own = world.project;
    own.edit("tidewire.lua", `listen = "127.0.0.1:0",`, `listen = "127.0.0.1:0", traces = { endpoint = "http://127.0.0.1:${collector.address().port}/v1/traces", headers = { ["X-Token"] = secret "COLLECTOR_TOKEN" } },`);
    await own.start();
    await world.connect();
  },

  async "an operation arrives as a span with its ids, its times and nothing of the record"() {
    const before = Date.now();
    await world.erp.insert("Team", { code: "T1", team_name: "Finance department" });
    await until("T1 on the right", () => world.app.find("teams", "code", "T1"));
    const span = await until("its span", () => spans.find((one) => one.name === "create departments"));
    const [operation] = (await own.operations("departments")).filter((one) => one.kind === "create");
    assert.equal(span.traceId, operation.id.replaceAll("-", ""));
    assert.match(span.spanId, /^[0-9a-f]{16}$/);
    const [began, ended] = [Number(span.startTimeUnixNano) / 1e6, Number(span.endTimeUnixNano) / 1e6];
    assert.ok(began >= before - 2 && ended >= began && ended <= Date.now() + 2, `${before} ${began} ${ended}`);
    const below = spans.filter((one) => one.parentSpanId === span.spanId);
    assert.deepEqual(below.map((one) => one.name).filter((name) => name !== "read left"), ["wait", "decide", "announce", "read right", "write right", "commit"], JSON.stringify(below.map((one) => one.name)));
    for (const one of below) {
      assert.equal(one.traceId, span.traceId);
      const [from, to] = [BigInt(one.startTimeUnixNano), BigInt(one.endTimeUnixNano)];
      assert.ok(from >= BigInt(span.startTimeUnixNano) && to >= from && to <= BigInt(span.endTimeUnixNano), JSON.stringify(one));
    }
    const said = attributes(span);
    assert.deepEqual([said["tidewire.mapping"], said["tidewire.kind"], said["tidewire.outcome"], said["tidewire.writes"]], ["departments", "create", "applied", 1]);
    assert.equal(span.resource["service.name"], "tidewire");
    assert.ok(!JSON.stringify(spans).includes("Finance"));
    assert.deepEqual([requests[0].path, requests[0].headers["x-token"]], ["/v1/traces", "c0llect0r"]);
    assert.ok(await metric("sent") >= 1);
  },

  async "a collector that fails or never answers holds nothing up; what it does not take is counted"() {
    status = 503;
    await world.erp.insert("Team", { code: "T2", team_name: "Two" });
    await until("spans to be dropped", async () => (await metric("dropped")) > 0);
    await until("one line of it in the log", () => own.logged("traces").length === 1);
    let release;
    hold = new Promise((resolve) => (release = resolve));
    const asked = requests.length;
    await world.erp.insert("Team", { code: "T3", team_name: "Three" });
    await until("a request that is not answered", () => requests.length > asked);
    for (const code of ["T4", "T5"]) await world.erp.insert("Team", { code, team_name: code });
    await until("T5 on the right", () => world.app.find("teams", "code", "T5"));
    await world.settled();
    status = 200;
    release();
    hold = null;
    await until("spans of what came meanwhile", () => spans.filter((one) => !one.parentSpanId).length >= 3);
    await until("the log to say so", () => own.logged("traces").length === 2);
    assert.ok(!own.daemon.err().includes("c0llect0r"));
  },
};

await run(cases, world);
