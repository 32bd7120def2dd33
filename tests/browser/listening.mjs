// The page has a stream of events while somebody looks at it, and none in the background: streams and connections are few.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

let timers = [], streams = [], on_turn;
globalThis.setTimeout = (action, wait) => { timers.push({ action, wait }); return timers.at(-1); };
globalThis.clearTimeout = (timer) => { timers = timers.filter((one) => one !== timer); };
globalThis.document = { hidden: false, addEventListener: (kind, action) => { if (kind === "visibilitychange") on_turn = action; }, removeEventListener: () => { on_turn = undefined; } };
globalThis.EventSource = class {
  static CLOSED = 2;
  constructor(address) { Object.assign(this, { address, readyState: 1, heard: {} }); streams.push(this); }
  addEventListener(kind, action) { this.heard[kind] = action; }
  close() { this.readyState = 2; }
};

// A browser knows from the page that these are modules; Node 18 knows it from a file beside them.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "listening-"));
fs.copyFileSync(path.join(process.env.SOURCE_DIR, "runtime/admin/ui/events.js"), path.join(folder, "events.js"));
fs.writeFileSync(path.join(folder, "package.json"), `{"type":"module"}`);
const { listen, refresh_on, stop_listening } = await import(pathToFileURL(path.join(folder, "events.js"))).finally(() => fs.rmSync(folder, { recursive: true }));

const open = () => streams.filter((one) => one.readyState !== 2);
const pass = (seconds) => { const due = timers.filter((one) => one.wait <= seconds * 1000); timers = timers.filter((one) => !due.includes(one)); for (const one of due) one.action(); };
const turn = (hidden) => { document.hidden = hidden; on_turn?.(); };

const cases = {
  "a page that is looked at has one stream, however often it begins"() {
    listen();
    listen();
    assert.equal(open().length, 1);
    assert.equal(streams[0].address, "/api/v1/events");
  },
  "a short look elsewhere leaves it as it is"() {
    turn(true);
    turn(false);
    pass(60);
    assert.equal(streams.length, 1);
  },
  "in the background it is let go, and back again it goes on after what was heard, and lists are looked at anew"() {
    let looks = 0;
    refresh_on("operation", () => { looks += 1; });
    streams[0].heard.operation({ data: "{}", lastEventId: "41" });
    pass(1);
    turn(true);
    pass(60);
    assert.deepEqual([open().length, looks], [0, 1]);
    turn(false);
    pass(1);
    assert.deepEqual([open().length, open()[0].address, looks], [1, "/api/v1/events?last=41", 2]);
  },
  "where one more is refused it is asked for again, later"() {
    const refused = open()[0];
    refused.readyState = 2;
    refused.heard.error();
    assert.equal(open().length, 0);
    pass(60);
    assert.equal(open().length, 1);
  },
  "after the login nothing is asked for"() {
    stop_listening();
    turn(false);
    pass(60);
    assert.equal(open().length, 0);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(cases)) {
  try { test(); console.log(`ok - ${name}`); } catch (error) { failed++; console.log(`not ok - ${name}\n${error.stack}`); }
}
process.exit(failed ? 1 : 0);
