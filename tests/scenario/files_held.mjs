// Files that records hold: in one chain from fields, attachments and rows of Odoo over columns of bytes of a real PostgreSQL to a files property of Notion, and back.
import assert from "node:assert/strict";
import { call, odoo, practice, project, run, settled, sleep, until } from "../support/scenario.mjs";
import { postgres } from "../support/databases.mjs";

const world = {};
let erp, db, notion, own;

const source = "f17e0000-0000-4000-8000-000000000002";
const binary = (string) => ({ type: "binary", string });
const models = {
  x_person: { description: "Person", rec_name: "x_code", unique: [{ fields: ["x_code"], message: "The code must be unique" }],
    fields: { x_code: { type: "char", string: "Code" }, x_name: { type: "char", string: "Name" }, x_photo: binary("Photo"), x_stamp: { ...binary("Stamp"), attachment: false },
      x_paper: { type: "many2one", string: "Paper", to: "ir.attachment" } } },
  x_scan: { description: "Scan", rec_name: "x_title", fields: { x_title: { type: "char", string: "Title" }, x_person: { type: "many2one", string: "Person", to: "x_person" }, x_file: binary("File") } },
};
const vault = { databases: [{ id: "f17e0000-0000-4000-8000-000000000001", title: "People", data_sources: [{ id: source, name: "People",
  properties: { Name: { title: {} }, Code: { rich_text: {} }, Scan: { files: {} } } }] }] };
const schema = `create table people (id bigint generated always as identity primary key, code text unique, name text, photo bytea, stamp bytea, paper bytea, updated_at timestamptz not null default clock_timestamp());
  create table scans (id bigint generated always as identity primary key, person_id bigint references people, title text, file bytea, updated_at timestamptz not null default clock_timestamp());
  create function touch() returns trigger language plpgsql as $$ begin new.updated_at = clock_timestamp(); return new; end $$;
  create trigger touch before update on people for each row execute function touch();
  create trigger touch before update on scans for each row execute function touch()`;

const connections = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = odoo { url = env "ERP_URL", database = "practice", login = "practice", api_key = secret "ERP_KEY" },
    db = postgres { url = secret "DB_URL" },
    vault = notion { url = env "NOTION_URL", token = secret "NOTION_TOKEN", limits = { rate = "1000/s", parallel = 8 } },
  },
  defaults = { on = { poll = "every 1s" }, retry = { max = 20, base = "100ms" } },
}
`;
const people = `return mapping {
  left = erp.model "x_person", right = db.table "people", key = { left = "id", right = "id" }, match = { by.fields { { "x_code", "code" } } },
  fields = { { "x_code", "code" }, { "x_name", "name" }, { "x_photo", "photo", file = true }, { "x_stamp", "stamp", file = true }, { "x_paper", "paper", file = true },
    rows { left = erp.model("x_scan", { parent = "x_person" }), right = db.table("scans", { parent = "person_id" }), key = { { "x_title", "title" } }, fields = { { "x_file", "file", file = true } } } },
}
`;
const pages = `return mapping {
  left = db.table "people", right = vault.data_source "${source}", key = { left = "id", right = "id" }, match = { by.fields { { "code", "Code" } } },
  fields = { { "code", "Code" }, { "name", "Name" }, { "photo", "Scan", file = true } },
}
`;

/// Any bytes, other ones for each seed: zeros, what is no UTF-8, line ends.
const content = (seed, size = 3000) => Buffer.from(Array.from({ length: size }, (_, i) => (i * i * 31 + i + seed * 97) % 256));

const in_odoo = async (code, field) => {
  const [one] = await erp.at("x_person", "search_read", [[["x_code", "=", code]]], { fields: ["id", field] });
  const value = one?.[field];
  if (!value) return null;
  const text = Array.isArray(value) ? await erp.read("ir.attachment", value[0], "datas") : value;
  return text ? Buffer.from(text, "base64") : null;
};
const id_in_odoo = async (code) => (await erp.at("x_person", "search", [[["x_code", "=", code]]]))[0];
const column = (code, name) => {
  const text = db.sql(`select encode(${name}, 'hex') from people where code = '${code}'`);
  return text === "" ? null : Buffer.from(text, "hex");
};
const rows_in_odoo = async (code) => Object.fromEntries((await erp.at("x_scan", "search_read", [[["x_person", "=", await id_in_odoo(code)]]], { fields: ["x_title", "x_file"] }))
  .map((one) => [one.x_title, one.x_file ? Buffer.from(one.x_file, "base64").toString("hex") : null]));
const rows_in_table = (code) => Object.fromEntries(db.rows(`select title, encode(file, 'hex') as file from scans where person_id = (select id from people where code = '${code}')`).map((one) => [one.title, one.file]));

const headers = { Authorization: "Bearer secret_practice", "Notion-Version": "2025-09-03" };
const ask = async (method, where, body) => {
  const answer = await call(`${notion.url}/v1/${where}`, { method, headers, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
const page = async (code) => (await ask("POST", `data_sources/${source}/query`, {})).results.find((one) => one.properties.Code.rich_text[0]?.plain_text === code);
const in_notion = async (code) => {
  const [file] = (await page(code))?.properties.Scan.files ?? [];
  return file ? Buffer.from(await (await fetch(file.file.url)).arrayBuffer()) : null;
};
/// As a person puts one on a page.
async function give_page(code, name, bytes) {
  const { id } = await ask("POST", "file_uploads", { filename: name, content_type: "image/png" });
  const form = new FormData();
  form.append("file", new Blob([bytes], { type: "image/png" }), name);
  assert.equal((await fetch(`${notion.url}/v1/file_uploads/${id}/send`, { method: "POST", headers, body: form })).status, 200);
  await ask("PATCH", "pages/" + (await page(code)).id, { properties: { Scan: { files: [{ type: "file_upload", file_upload: { id } }] } } });
}

const shows = (what, look, bytes) => until(what, async () => {
  const now = await look();
  return bytes === null ? now === null : now?.equals(bytes);
});
const everywhere = async (code, bytes) => {
  await shows(`${code}'s photo in Odoo`, () => in_odoo(code, "x_photo"), bytes);
  await shows(`${code}'s photo in the column`, () => column(code, "photo"), bytes);
  await shows(`${code}'s photo on the page`, () => in_notion(code), bytes);
};
const attachments = async (bytes) => (await erp.at("ir.attachment", "search_read", [[["id", ">", 0]]], { fields: ["datas", "res_field", "res_model", "res_id"] }))
  .filter((one) => one.datas && Buffer.from(one.datas, "base64").equals(bytes));
const writes = async () => JSON.stringify([(await erp.written()), (await call(`${notion.url}/practice/stats`)).json.by_route, db.sql("select sum(xmin::text::bigint) from people"), db.sql("select sum(xmin::text::bigint) from scans")]
  .map((one) => one && typeof one === "object" ? Object.entries(one).filter(([name]) => !/^GET|query|users/.test(name)).sort() : one));

const cases = {
  async "(an Odoo, a PostgreSQL and a Notion)"() {
    erp = await odoo();
    assert.equal((await call(erp.url + "/practice/fixture", { method: "POST", body: { models } })).status, 200);
    db = postgres(schema);
    notion = await practice("notion", ["--exact-times"]);
    assert.equal((await call(notion.url + "/practice/fixture", { method: "POST", body: vault })).status, 200);
    own = world.project = project(undefined, { ERP_URL: erp.url, ERP_KEY: "practice-key", DB_URL: db.url, NOTION_URL: notion.url, NOTION_TOKEN: "secret_practice" });
    own.write("tidewire.lua", connections);
    own.write("mappings/people.lua", people);
    own.write("mappings/pages.lua", pages);
    const checked = await own.cli("check", "--connect");
    assert.equal(checked.code, 0, checked.out + checked.err);
    await own.start();
  },

  async "what Odoo holds in fields, names as an attachment and holds in lines comes into the columns, and on into Notion, byte for byte"() {
    const id = await erp.at("x_person", "create", [{ x_code: "ada", x_name: "Ada", x_photo: content(1, 200_000).toString("base64"), x_stamp: content(2).toString("base64") }]);
    const paper = await erp.at("ir.attachment", "create", [{ name: "Übersicht \"1\".pdf", datas: content(3).toString("base64"), res_model: "x_person", res_id: id }]);
    await erp.at("x_person", "write", [[id], { x_paper: paper }]);
    await erp.at("x_scan", "create", [{ x_title: "passport", x_person: id, x_file: content(4).toString("base64") }]);
    await erp.at("x_scan", "create", [{ x_title: "diploma", x_person: id }]);
    await everywhere("ada", content(1, 200_000));
    await shows("the stamp", () => column("ada", "stamp"), content(2));
    await shows("the paper", () => column("ada", "paper"), content(3));
    await until("the lines", () => JSON.stringify(rows_in_table("ada")) !== "{}");
    assert.deepEqual(rows_in_table("ada"), { passport: content(4).toString("hex"), diploma: null });
    assert.deepEqual(await own.dead(), []);
  },

  async "what is put on the page comes back through both mappings"() {
    await give_page("ada", "ada now.png", content(5));
    await everywhere("ada", content(5));
  },

  async "what the columns get comes into Odoo: a field, an attachment of the record, a line; and what is emptied is empty everywhere"() {
    db.sql(`update people set paper = '\\x${content(6).toString("hex")}', stamp = null where code = 'ada';
      update scans set file = '\\x${content(7).toString("hex")}' where title = 'diploma'; update scans set file = null where title = 'passport'; update people set photo = null where code = 'ada'`);
    await everywhere("ada", null);
    await shows("the paper", () => in_odoo("ada", "x_paper"), content(6));
    await shows("no stamp", () => in_odoo("ada", "x_stamp"), null);
    await until("the lines", async () => JSON.stringify(Object.entries(await rows_in_odoo("ada")).sort()) === JSON.stringify([["diploma", content(7).toString("hex")], ["passport", null]]));
    const made = await attachments(content(6));
    assert.deepEqual(made.map((one) => [one.res_model, one.res_id]), [["x_person", await id_in_odoo("ada")]]);
    await settled(world);
    const before = await writes();
    await sleep(2.5);
    await settled(world);
    assert.equal(await writes(), before, "written once more though all is equal");
    assert.deepEqual(await own.dead(), []);
  },

  async "killed when a file was put there and named, and before that was written down, the next process leaves one file on each side"() {
    await call(erp.url + "/practice/faults", { method: "POST", body: [{ match: { call: "write", model: "x_person" }, delay_after: 30, count: 2 }] });
    await call(notion.url + "/practice/faults", { method: "POST", body: [{ match: { method: "PATCH" }, delay_after: 30, count: 1 }] });
    db.sql(`update people set photo = '\\x${content(8).toString("hex")}', paper = '\\x${content(9).toString("hex")}' where code = 'ada'`);
    await everywhere("ada", content(8));
    await shows("the paper", () => in_odoo("ada", "x_paper"), content(9));
    await own.daemon.kill();
    await call(erp.url + "/practice/faults", { method: "DELETE" });
    await call(notion.url + "/practice/faults", { method: "DELETE" });
    const before = (await call(`${notion.url}/practice/stats`)).json.by_route["POST file_uploads"];
    await own.start();
    await sleep(1);
    await settled(world);
    await everywhere("ada", content(8));
    await shows("the paper", () => in_odoo("ada", "x_paper"), content(9));
    assert.deepEqual((await attachments(content(9))).map((one) => [one.res_model, one.res_id]), [["x_person", await id_in_odoo("ada")]]);
    assert.equal((await page("ada")).properties.Scan.files.length, 1);
    assert.equal((await call(`${notion.url}/practice/stats`)).json.by_route["POST file_uploads"], before);
    assert.deepEqual(await own.dead(), []);
  },

  async "a files property that is renamed is told with its new name, and goes on under it"() {
    await ask("PATCH", "data_sources/" + source, { properties: { Scan: { name: "Document" } } });
    db.sql("update people set name = 'Ada L.' where code = 'ada'");
    await until("the mapping to say so", () => own.logged("schema_drift").some((one) => /'Scan' is no field of .*, which is now called 'Document'/.test(one.message)));
    own.edit("mappings/pages.lua", '"Scan"', '"Document"');
    await until("the name on the page", async () => (await page("ada")).properties.Name.title[0].plain_text === "Ada L.");
    assert.equal((await page("ada")).properties.Document.files.length, 1);
  },
};

await run(cases, world);
