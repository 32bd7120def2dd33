// Rows below records: a child table of Frappe against a JSON column and against a table with a foreign key, and stamps.
import assert from "node:assert/strict";
import { frappe, project, run, settled, supabase, until } from "../support/scenario.mjs";
import { secrets } from "../support/staff.mjs";

const world = {};
let erp, app;

const field = (fieldname, fieldtype, more = {}) => ({ fieldname, fieldtype, label: fieldname, ...more });
const stamp = { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" };
const touch = [{ kind: "touch", column: "updated_at" }];

const connections = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" } },
  },
  defaults = { retry = { max = 8, base = "100ms" } },
}
`;
const schooling = `return mapping {
  left = erp.doctype "Person", right = app.table "people", on = { webhook = true }, key = { left = "name", right = "id" },
  match = { by.fields { "code" } },
  stamp = { left = { app_id = link.right_key }, right = { erp_name = link.left_key } },
  fields = {
    same { "code" },
    rows { left = "education", right = "education", key = { "school" }, order = true, fields = { { "degree", "title" }, same { "year", "passed" } } },
    rows { left = "skills", right = app.table("skills", { parent = "person_id" }), key = { "skill" }, fields = { same { "level" } } },
  },
  deletes = { to_right = "delete", to_left = "delete" },
}
`;

const person = (code) => erp.find("Person", "code", code);
const row = (code) => app.find("people", "code", code);
const skills = async (code) => { const { id } = await row(code); return (await app.all("skills")).filter((one) => one.person_id === id); };
const plain = (list, ...names) => list.map((one) => Object.fromEntries(names.map((name) => [name, one[name] ?? null])));

async function writes_of(work) {
  const count = async () => ({ erp: await erp.written("Person"), app: await app.written() });
  const before = await count();
  await work();
  await world.settled();
  const after = await count();
  return { erp: after.erp - before.erp, app: after.app - before.app };
}

const cases = {
  async "(two systems and a mapping of rows)"() {
    erp = world.erp = await frappe();
    app = world.app = await supabase();
    await erp.define({ name: "Person School", istable: 1, fields: [field("school", "Data"), field("degree", "Data"), field("year", "Int"), field("passed", "Check"), field("note", "Data")] });
    await erp.define({ name: "Person Skill", istable: 1, fields: [field("skill", "Data"), field("level", "Int")] });
    await erp.define({ name: "Person", autoname: "P-.####", fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("app_id", "Data"), field("education", "Table", { options: "Person School" }), field("skills", "Table", { options: "Person Skill" })] });
    const identity = { name: "id", type: "bigint", identity: true };
    await app.define([
      { name: "people", primary_key: ["id"], triggers: touch, columns: [identity, { name: "code", type: "text", nullable: false, unique: true }, { name: "erp_name", type: "text" }, { name: "education", type: "jsonb" }, stamp] },
      { name: "skills", primary_key: ["id"], triggers: touch, columns: [identity, { name: "person_id", type: "bigint", references: "people(id)" }, { name: "skill", type: "text" }, { name: "level", type: "bigint" }, { name: "own", type: "text" }, stamp] },
    ]);
    const own = world.project = project(undefined, { ...secrets, ERP_URL: erp.url, APP_URL: app.url });
    own.write("tidewire.lua", connections);
    own.write("mappings/people.lua", schooling);
    world.settled = () => settled(world);
    const checked = await own.cli("check", "--connect");
    assert.equal(checked.code, 0, checked.out + checked.err);
    await own.start();
    await erp.tell("Person", own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    for (const table of ["people", "skills"]) await app.tell(table, own.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
  },

  async "a new record brings its rows, each to where they belong, and both get the other's key"() {
    await erp.insert("Person", { code: "ada", education: [{ school: "MIT", degree: "BSc", year: 1990, passed: 1, note: "kept" }, { school: "ETH", degree: "MSc", year: 1992 }], skills: [{ skill: "lua", level: 3 }, { skill: "sql", level: 1 }] });
    await until("ada on the right with her rows", async () => (await row("ada"))?.education?.length === 2 && (await skills("ada")).length === 2);
    await world.settled();
    const [left, right] = [await person("ada"), await row("ada")];
    assert.deepEqual(right.education, [{ school: "MIT", title: "BSc", year: 1990, passed: true }, { school: "ETH", title: "MSc", year: 1992, passed: false }]);
    assert.deepEqual(plain(await skills("ada"), "skill", "level"), [{ skill: "lua", level: 3 }, { skill: "sql", level: 1 }]);
    assert.deepEqual([left.app_id, right.erp_name], [String(right.id), left.name]);
  },

  async "rows edited on both sides are merged by row and by field; what is not mapped stays"() {
    const left = await erp.get("Person", (await person("ada")).name);
    const right = await row("ada");
    await erp.quiet(true);
    const education = left.education.map((one) => (one.school === "MIT" ? { ...one, degree: "BA" } : one));
    await erp.edit("Person", left.name, { education });
    await app.edit("people", "code", "ada", { education: [{ ...right.education[0], year: 1991 }, right.education[1], { school: "UCL", title: "PhD", year: 2000, passed: true }] });
    await erp.quiet(false);
    await until("both sides to have all", async () => {
      const [here, there] = [await erp.get("Person", left.name), await row("ada")];
      return here.education.length === 3 && here.education[0].year === 1991 && there.education[0].title === "BA";
    });
    await world.settled();
    const here = await erp.get("Person", left.name);
    assert.deepEqual(plain(here.education, "school", "degree", "year", "note", "idx"), [
      { school: "MIT", degree: "BA", year: 1991, note: "kept", idx: 1 }, { school: "ETH", degree: "MSc", year: 1992, note: null, idx: 2 }, { school: "UCL", degree: "PhD", year: 2000, note: null, idx: 3 }]);
    assert.equal(here.education[0].name, left.education[0].name);
    assert.deepEqual((await row("ada")).education.map((one) => one.school), ["MIT", "ETH", "UCL"]);
  },

  async "a new order travels"() {
    const left = await erp.get("Person", (await person("ada")).name);
    await erp.edit("Person", left.name, { education: [...left.education].reverse().map(({ idx, ...one }) => one) });
    await until("the right to have the order", async () => (await row("ada")).education[0].school === "UCL");
    await world.settled();
  },

  async "rows of a table with a foreign key travel one by one, with their own columns kept"() {
    const lua = (await skills("ada")).find((one) => one.skill === "lua");
    await app.knob("edit", { table: "skills", query: `id=eq.${lua.id}`, set: { own: "mine" } });
    const left = await erp.get("Person", (await person("ada")).name);
    await erp.edit("Person", left.name, { skills: [...left.skills.filter((one) => one.skill === "lua").map((one) => ({ ...one, level: 5 })), { skill: "c++", level: 2 }] });
    await until("the table to follow", async () => { const now = await skills("ada"); return now.length === 2 && now.some((one) => one.skill === "c++") && now.find((one) => one.skill === "lua")?.level === 5; });
    await world.settled();
    const now = (await skills("ada")).find((one) => one.skill === "lua");
    assert.deepEqual([now.id, now.own], [lua.id, "mine"]);
  },

  async "a webhook of such a row is a change of its record, also of one that is deleted or moved"() {
    await erp.insert("Person", { code: "bob", skills: [{ skill: "go", level: 1 }] });
    await until("bob on the right", async () => (await row("bob")) && (await skills("bob")).length === 1);
    await world.settled();
    const id = async (code, skill) => (await skills(code)).find((one) => one.skill === skill).id;
    await app.ask("PATCH", `/rest/v1/skills?id=eq.${await id("ada", "lua")}`, { level: 9 });
    await until("the level on the left", async () => (await erp.get("Person", (await person("ada")).name)).skills.some((one) => one.skill === "lua" && one.level === 9));
    await app.ask("PATCH", `/rest/v1/skills?id=eq.${await id("bob", "go")}`, { person_id: (await row("ada")).id });
    await until("the skill to have moved", async () => (await erp.get("Person", (await person("ada")).name)).skills.some((one) => one.skill === "go") && (await erp.get("Person", (await person("bob")).name)).skills.length === 0);
    await app.ask("DELETE", `/rest/v1/skills?id=eq.${await id("ada", "c++")}`);
    await until("the skill to be gone", async () => !(await erp.get("Person", (await person("ada")).name)).skills.some((one) => one.skill === "c++"));
    await world.settled();
  },

  async "once level, nothing is written"() {
    assert.deepEqual(await writes_of(async () => assert.equal((await world.project.cli("sync", "--all")).code, 0)), { erp: 0, app: 0 });
  },

  async "a deleted record takes its rows with it"() {
    const before = (await app.all("skills")).length;
    const here = (await skills("ada")).length;
    await erp.remove("Person", (await person("ada")).name);
    await until("ada to be gone on the right", async () => !(await row("ada")));
    assert.equal((await app.all("skills")).length, before - here);
  },

  async "a row that is inserted past its record moves nothing and tells nobody: poll_child finds it, no poll of the record does"() {
    const own = world.project;
    const polled = (poll_child) => schooling.replace("on = { webhook = true }", 'on = { left = { webhook = true, poll = "every 1s" }, right = { webhook = true } }')
      .replace('key = { "school" },', `key = { "school" },${poll_child ? ' poll_child = erp.doctype("Person School", { parent = "parent", of = "Person" }),' : ""}`);
    const insert = async (school) => {
      const before = (await person("eve")).modified;
      await erp.ask("POST", "/api/resource/Person School", { parent: (await person("eve")).name, parenttype: "Person", parentfield: "education", school, year: 2000 });
      assert.equal((await person("eve")).modified, before, "the record has moved: this proves nothing");
    };
    const arrived = async (school) => (await row("eve")).education.some((one) => one.school === school);

    await erp.insert("Person", { code: "eve", education: [{ school: "MIT", degree: "BSc", year: 1990 }] });
    await until("eve on the right", async () => (await row("eve"))?.education?.length === 1);
    own.write("mappings/people.lua", polled(false));
    await until("the mapping to be reloaded", () => own.logged("mapping_reloaded").length > 0);
    await insert("Unseen");
    const { left } = (await own.status()).mappings.people.polls ?? {};
    await until("three polls more", async () => Date.parse((await own.status()).mappings.people.polls?.left?.last ?? 0) > Date.parse(left?.last ?? 0) + 3000);
    await world.settled();
    assert.ok(!(await arrived("Unseen")));

    const reloads = own.logged("mapping_reloaded").length;
    own.write("mappings/people.lua", polled(true));
    await until("the mapping to be reloaded", () => own.logged("mapping_reloaded").length > reloads);
    await until("a poll of the rows", async () => (await own.status()).mappings.people.polls?.left?.last);
    await insert("Polled");
    await until("the row", () => arrived("Polled"));
  },
};

await run(cases, world);
