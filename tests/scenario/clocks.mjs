import assert from "node:assert/strict";
import { call, practice, run, sleep, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project;

const date_of = async (url, where) => Date.parse((await call(url + where)).headers.date);
const turn = async (url, change) => assert.equal((await call(url + "/practice/clock", { method: "POST", body: change, headers: { "Content-Type": "application/json" } })).status, 200);

const cases = {
  async "every practice server's answers have the time of its clock as their Date, and the machine's again"() {
    const ahead = { frappe: { skew: 300 }, odoo: { skew: 300 }, notion: { skew: 300 }, supabase: { advance: 300 } };
    for (const [name, change] of Object.entries(ahead)) {
      const server = await practice(name);
      const skew = async () => Math.round((await date_of(server.url, "/nothing/here") - Date.now()) / 1000);
      assert.ok(Math.abs(await skew()) <= 2, name);
      await turn(server.url, change);
      const seen = await skew();
      assert.ok(seen >= 297 && seen <= 302, `${name} is ${seen} s ahead`);
      await turn(server.url, name === "supabase" ? { reset: true, freeze: "2024-10-27T01:00:00Z" } : { at: "2024-10-27T01:00:00Z", frozen: true });
      assert.equal((await call(server.url + "/practice/stats")).headers.date, "Sun, 27 Oct 2024 01:00:00 GMT", name);
      await turn(server.url, name === "supabase" ? { reset: true } : { skew: 0 });
      assert.ok(Math.abs(await skew()) <= 2, name);
      await server.stop();
    }
  },

  async "(a site whose clock is five minutes ahead, and an app)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    await erp.knob("clock", { skew: 300 });
    await erp.insert("Staff Member", { staff_code: "ada", full_name: "Ada", phone: "1" });
    await project.start();
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
  },

  async "law 11: the later edit wins, whatever the clocks of the two say"() {
    const command = async (verb) => assert.equal((await call(`http://tidewire/api/v1/mappings/employees/${verb}`, { method: "POST", body: "{}", socket: project.path("state/tidewire.sock") })).status, 200);
    const phones = async () => [(await erp.find("Staff Member", "staff_code", "ada")).phone, (await app.find("employees", "code", "ada")).phone];
    const edits = { site: (phone) => erp.edit("Staff Member", "HR-00001", { phone }), app: (phone) => app.edit("employees", "code", "ada", { phone }) };
    for (const [first, second] of [["site", "app"], ["app", "site"]]) {
      await command("disable");
      await edits[first](`${first}, then ${second}`);
      await sleep(4);  // more than a Date in whole seconds can blur
      await edits[second](`${second} after ${first}`);
      await command("enable");
      await until(`the edit of the ${second} on both sides`, async () => (await phones()).every((phone) => phone === `${second} after ${first}`), 30);
      await world.settled();
      const [operation] = await project.operations("employees", "HR-00001");
      assert.match(operation.record.fields.phone.rule, /newest/);
    }
  },
};

await run(cases, world);
