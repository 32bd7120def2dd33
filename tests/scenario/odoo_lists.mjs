// Lists of ids between Odoo and Supabase: a many2many through the links of another mapping, one as its bare ids, a one2many.
import assert from "node:assert/strict";
import { call, odoo, project as new_project, run, settled, supabase, until } from "../support/scenario.mjs";

const world = {};
let erp, app, project;

const tidewire_lua = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = odoo { url = env "ERP_URL", database = "practice", login = "practice", api_key = secret "ERP_KEY" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_HOOK" } },
  },
  defaults = { conflict = "newest", tie = "left", on = { left = { poll = "every 1s" }, right = { webhook = true, poll = "every 1s" } }, retry = { max = 20, base = "100ms" } },
}
`;
const tags_lua = `return mapping {
  left = erp.model "res.partner.category", right = app.table "tags",
  key = { left = "id", right = "id" }, match = { by.fields { { "name", "name" } } }, fields = { { "name", "name" } },
}
`;
const partners_lua = `local t = require "tidewire.transform"
return mapping {
  left = erp.model "res.partner", right = app.table "partners",
  key = { left = "id", right = "id" }, match = { by.fields { { "ref", "code" } } },
  scope = { left = { ref = not_null } },
  fields = {
    { "ref", "code", required = true }, { "name", "name" }, { "category_id", "tags", t.list(t.ref "tags") },
    { "child_ids", "people" },
  },
}
`;
const teams_lua = `return mapping {
  left = erp.model "x_team", right = app.table "teams",
  key = { left = "id", right = "id" }, match = { by.fields { { "x_code", "code" } } },
  fields = { { "x_code", "code" }, { "x_countries", "countries" } },
}
`;
const lines_lua = `return mapping {
  left = erp.model "sale.order", right = app.table "orders",
  key = { left = "id", right = "id" }, match = { by.fields { { "client_order_ref", "code" } } },
  fields = { { "client_order_ref", "code" }, { "order_line", "lines" } },
}
`;
const fixture = { models: { x_team: { description: "Team", rec_name: "x_code", fields: {
  x_code: { type: "char", string: "Code" }, x_countries: { type: "many2many", string: "Countries", to: "res.country" } } } } };
const own = [{ name: "id", type: "bigint", identity: true }, { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }];
const table = (name, columns) => ({ name, primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [...own, ...columns] });
const tables = [
  table("tags", [{ name: "name", type: "text", unique: true }]),
  table("partners", [{ name: "code", type: "text", nullable: false, unique: true }, { name: "name", type: "text" }, { name: "tags", type: "bigint[]" }, { name: "people", type: "bigint[]" }]),
  table("teams", [{ name: "code", type: "text", unique: true }, { name: "countries", type: "text[]" }]),
  table("orders", [{ name: "code", type: "text", unique: true }, { name: "lines", type: "bigint[]" }]),
];

const row = (code) => app.find("partners", "code", code);
const team = (code) => app.find("teams", "code", code);
const arrives = (what, check) => until(what, check).then(() => settled(world));
const sorted = (list) => [...list].sort((a, b) => a - b);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
// The ids in the app of the tags of Odoo with these names.
const tags_there = async (...names) => sorted(await Promise.all(names.map(async (name) => (await app.find("tags", "name", name)).id)));

async function quiet() {
  const before = JSON.stringify([await erp.written(), await app.written()]);
  const polls = async () => (await call(`${erp.url}/practice/stats`)).json.calls["res.partner.search_read"];
  const seen = await polls();
  await until("three more polls", async () => (await polls()) >= seen + 6);
  await settled(world);
  assert.equal(JSON.stringify([await erp.written(), await app.written()]), before, "somebody still writes");
  const status = await project.status();
  for (const [name, one] of Object.entries(status.mappings)) assert.deepEqual([name, one.open_conflicts, one.dead ?? 0], [name, 0, 0]);
}

const cases = {
  async "(both sides are brought level)"() {
    project = new_project(null, { APP_KEY: "sb_secret_practice", APP_HOOK: "app-hook", ERP_KEY: "practice-key" });
    project.write("fixture.json", JSON.stringify(fixture));
    erp = await odoo(["--fixture", project.folder + "/fixture.json"]);
    app = await supabase();
    await app.define(tables);
    project.write_secrets({ ...project.secrets, ERP_URL: erp.url, APP_URL: app.url });
    project.write("tidewire.lua", tidewire_lua);
    project.write("mappings/tags.lua", tags_lua);
    project.write("mappings/partners.lua", partners_lua);
    project.write("mappings/teams.lua", teams_lua);
    Object.assign(world, { erp, app, project });
    await app.insert("tags", { name: "of the app alone" });
    world.tags = [];
    for (let n = 0; n < 12; n++) world.tags.push(await erp.at("res.partner.category", "create", [{ name: `tag ${n}` }]));
    world.kids = [];
    for (const name of ["Kim", "Kit", "Kay"]) world.kids.push(await erp.at("res.partner", "create", [{ name }]));
    world.ada = await erp.at("res.partner", "create", [{ name: "Ada", ref: "A", category_id: [[6, 0, [world.tags[11], world.tags[1], world.tags[2]]]], child_ids: [[4, world.kids[0], 0], [4, world.kids[1], 0]] }]);
    await erp.at("res.country", "create", [{ name: "Utopia", code: "UT" }]);
    world.team = await erp.at("x_team", "create", [{ x_code: "T", x_countries: [[6, 0, [2, 1]]] }]);
    await project.start();
    for (const one of ["partners", "teams"]) await app.tell(one, project.daemon.address + "/webhook/app", { "x-app-secret": "app-hook" });
    await arrives("both", async () => (await row("A")) && (await team("T")) && (await erp.at("res.partner.category", "search_count", [[["name", "=", "of the app alone"]]])) === 1);
    const ada = await row("A");
    assert.deepEqual(sorted(ada.tags), await tags_there("tag 1", "tag 2", "tag 11"));
    assert.deepEqual(ada.people, sorted(world.kids.slice(0, 2)));
    assert.deepEqual((await team("T")).countries, ["1", "2"]);
    await quiet();
  },

  async "a list of linked ids written in the app, twice the same and in any order, is what Odoo links"() {
    const [one, three] = await tags_there("tag 1", "tag 3");
    await app.edit("partners", "code", "A", { tags: [three, one, three] });
    await arrives("it", async () => same(await erp.read("res.partner", world.ada, "category_id"), [world.tags[1], world.tags[3]]));
    assert.deepEqual((await row("A")).tags, [three, one, three], "nothing was said against the order of the app");
    await quiet();
  },

  async "what is linked in Odoo arrives, and a new record brings its list"() {
    await erp.at("res.partner", "write", [[world.ada], { category_id: [[3, world.tags[1], 0], [4, world.tags[0], 0]] }]);
    const wanted = await tags_there("tag 0", "tag 3");
    await arrives("it", async () => same(sorted((await row("A")).tags), wanted));
    await app.insert("partners", { code: "B", name: "Bob", tags: wanted });
    await arrives("Bob", async () => (await erp.at("res.partner", "search_count", [[["ref", "=", "B"]]])) === 1);
    const [bob] = await erp.at("res.partner", "search_read", [[["ref", "=", "B"]], ["category_id", "child_ids"]]);
    assert.deepEqual([bob.category_id, bob.child_ids], [[world.tags[0], world.tags[3]], []]);
    await quiet();
  },

  async "bare ids as texts are the same list"() {
    await app.edit("teams", "code", "T", { countries: ["3", "1", "3"] });
    await arrives("it", async () => same(await erp.read("x_team", world.team, "x_countries"), [1, 3]));
    await erp.at("x_team", "write", [[world.team], { x_countries: [[5, 0, 0]] }]);
    await arrives("nothing", async () => same((await team("T")).countries, []));
    await app.edit("teams", "code", "T", { countries: ["2"] });
    await arrives("one again", async () => same(await erp.read("x_team", world.team, "x_countries"), [2]));
    await app.edit("teams", "code", "T", { countries: null });
    await arrives("null", async () => same(await erp.read("x_team", world.team, "x_countries"), []));
    await quiet();
  },

  async "an id that is none is a dead letter, and names the field; what was linked stays"() {
    await app.edit("teams", "code", "T", { countries: ["1"] });
    await arrives("one", async () => same(await erp.read("x_team", world.team, "x_countries"), [1]));
    await app.edit("teams", "code", "T", { countries: ["1", "France"] });
    await until("it", async () => (await project.cli("conflicts")).out.includes("France"));
    assert.deepEqual(await erp.read("x_team", world.team, "x_countries"), [1]);
    await app.edit("teams", "code", "T", { countries: ["1", "2"] });
    await arrives("what it was mended to", async () => same(await erp.read("x_team", world.team, "x_countries"), [1, 2]));
    await quiet();
  },

  async "a one2many takes ids: what it lets go stays, without its link"() {
    const [kim, kit, kay] = world.kids;
    await app.edit("partners", "code", "A", { people: [kay, kit, kay] });
    await arrives("it", async () => same(sorted(await erp.read("res.partner", world.ada, "child_ids")), sorted([kit, kay])));
    assert.equal(await erp.read("res.partner", kim, "name"), "Kim");
    assert.equal(await erp.read("res.partner", kim, "parent_id"), false);
    await quiet();
  },

  async "the ids of lines that cannot be without their order are refused by check, with what to write instead"() {
    // The daemon reads a saved file a moment later.
    const checked = (what, says) => until(what, async () => says(await project.cli("check", "--connect")));
    const has = (pattern) => ({ code, out, err }) => code !== 0 && pattern.test(out + err);
    project.write("mappings/orders.lua", lines_lua);
    await checked("the refusal of ids", has(/'order_line' is read-only in .*sale\.order.*a sale\.order\.line cannot be without its 'order_id'.*CONNECTION\.model\("sale\.order\.line", \{ parent = "order_id" \}\)/));
    project.write("mappings/orders.lua", lines_lua.replace(`{ "order_line", "lines" }`, `rows { left = "order_line", right = "lines", key = { "sequence" } }`));
    await checked("the refusal of rows", has(/'order_line' of .*holds no rows: name the collection of sale\.order\.line whose rows name their parent/));
    project.write("mappings/orders.lua", lines_lua.replace(`"lines" }`, `"lines", only = "to_right" }`));
    await checked("no more to say", ({ code }) => code === 0);
  },
};

await run(cases, world);
