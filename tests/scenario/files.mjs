// Files that records name: an Attach field of Frappe against a path in a bucket of Supabase's Storage.
import assert from "node:assert/strict";
import { call, frappe, project, run, settled, sleep, supabase, until } from "../support/scenario.mjs";
import { secrets } from "../support/staff.mjs";

const world = {};
let erp, app, own;

const field = (fieldname, fieldtype, more = {}) => ({ fieldname, fieldtype, label: fieldname, ...more });
const stamp = { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" };

const connections = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = frappe { url = env "ERP_URL", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET", webhook_secret = secret "ERP_WEBHOOK_SECRET", limits = { max_file_size = "1MB" } },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", bucket = "photos", webhook = { header = "x-app-secret", secret = secret "APP_WEBHOOK_SECRET" } },
  },
  defaults = { retry = { max = 8, base = "100ms" } },
}
`;
const mapping = (file) => `return mapping {
  left = erp.doctype "Person", right = app.table "people", on = { webhook = true }, key = { left = "name", right = "id" },
  match = { by.fields { "code" } },
  fields = { same { "code", "phone" }, { "image", "photo"${file ? ", file = true" : ""} } },
}
`;

/// Files in rows below a record and of a part of it.
const folders = `return mapping {
  left = join { erp.doctype "Folder", contact = part { erp.doctype "Contact", owner = erp.dynamic_link "Folder", missing = "create" } },
  right = app.table("folders", { bucket = "photos" }), on = { webhook = true }, key = { left = "name", right = "id" }, match = { by.fields { "code" } },
  fields = { same { "code" }, { "contact.first_name", "first_name" }, { "contact.image", "portrait", file = true },
    rows { left = "papers", right = app.table("papers", { parent = "folder_id", bucket = "photos" }), key = { "title" }, fields = { { "scan", "scan", file = true } } } },
}
`;

const person = (code) => erp.find("Person", "code", code);
const row = (code) => app.find("people", "code", code);
const site_key = { Authorization: "token practice-key:practice-secret" };
const app_key = { apikey: secrets.APP_KEY };

/// Any bytes, other ones for each seed: zeros, what is no UTF-8, line ends.
const picture = (seed, size = 3000) => Buffer.from(Array.from({ length: size }, (_, i) => (i * i * 31 + i + seed * 97) % 256));

const fetched = async (url, headers) => {
  const answer = await fetch(url, { headers });
  return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()) : null;
};
const on_site = (ref) => fetched(erp.url + encodeURI(ref), site_key);
const in_bucket = (path) => fetched(`${app.url}/storage/v1/object/authenticated/photos/${encodeURI(path)}`, app_key);
const objects = async () => (await call(app.url + "/practice/storage")).json.photos;
const site_files = () => erp.all("File", ["name", "file_url", "attached_to_name"]);

/// As a person attaches one at the desk.
async function attach(name, bytes) {
  const form = new FormData();
  form.append("file", new Blob([bytes], { type: "image/png" }), name);
  form.append("is_private", "1");
  const answer = await fetch(erp.url + "/api/method/upload_file", { method: "POST", headers: site_key, body: form });
  assert.equal(answer.status, 200);
  return (await answer.json()).message.file_url;
}
async function put(path, bytes) {
  const answer = await call(`${app.url}/storage/v1/object/photos/${path}`, { method: "POST", body: bytes, headers: { ...app_key, "Content-Type": "image/png" } });
  assert.equal(answer.status, 200, answer.text);
  return path;
}

const right_shows = (code, bytes) => until(`${code}'s picture on the right`, async () => {
  const photo = (await row(code))?.photo;
  return photo && (await in_bucket(photo))?.equals(bytes);
});
const left_shows = (code, bytes) => until(`${code}'s picture on the left`, async () => {
  const image = (await person(code))?.image;
  return image && (await on_site(image))?.equals(bytes);
});
/// Of files of the site that were read.
const read_files = async () => Object.entries((await erp.stats()).requests).reduce((sum, [route, count]) => sum + (route.startsWith("GET /private/files/") ? count : 0), 0);
const folder = async (code) => erp.get("Folder", (await erp.find("Folder", "code", code)).name);
const papers = async (code) => {
  const { id } = await app.find("folders", "code", code);
  return Object.fromEntries((await app.all("papers")).filter((one) => one.folder_id === id).map((one) => [one.title, one]));
};
const counts = async () => ({ erp: await erp.written("Person"), app: await app.written(), objects: (await objects()).length, files: (await site_files()).length });

const cases = {
  async "(two systems, a bucket, and a mapping whose files are not copied yet)"() {
    erp = world.erp = await frappe();
    app = world.app = await supabase();
    await erp.define({ name: "Person", autoname: "P-.####", fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("phone", "Data"), field("image", "Attach Image")] });
    await app.define([{ name: "people", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text", nullable: false, unique: true },
      { name: "phone", type: "text" }, { name: "photo", type: "text" }, stamp] }]);
    await erp.define({ name: "Folder Paper", istable: 1, fields: [field("title", "Data"), field("scan", "Attach")] });
    await erp.define({ name: "Folder", autoname: "F-.####", fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("papers", "Table", { options: "Folder Paper" })] });
    await erp.define({ name: "Dynamic Link", istable: 1, fields: [field("link_doctype", "Link", { options: "DocType" }), field("link_name", "Dynamic Link", { options: "link_doctype" })] });
    await erp.define({ name: "Contact", autoname: "C-.####", fields: [field("first_name", "Data"), field("image", "Attach Image"), field("links", "Table", { options: "Dynamic Link" })] });
    const own_columns = [{ name: "id", type: "bigint", identity: true }, stamp], touch = [{ kind: "touch", column: "updated_at" }];
    await app.define([
      { name: "folders", primary_key: ["id"], triggers: touch, columns: [...own_columns, { name: "code", type: "text", nullable: false, unique: true }, { name: "first_name", type: "text" }, { name: "portrait", type: "text" }] },
      { name: "papers", primary_key: ["id"], triggers: touch, columns: [...own_columns, { name: "folder_id", type: "bigint", references: "folders(id)" }, { name: "title", type: "text" }, { name: "scan", type: "text" }] },
    ]);
    await app.ask("POST", "/storage/v1/bucket", { name: "photos", public: false, allowed_mime_types: ["image/*"] });
    own = world.project = project(undefined, { ...secrets, ERP_URL: erp.url, APP_URL: app.url });
    world.settled = () => settled(world);
    own.write("tidewire.lua", connections);
    own.write("mappings/people.lua", mapping(false));
    const before = await own.cli("check", "--connect");
    assert.match(before.out + before.err, /the file itself is not copied\. Say file = true to copy it/);
    own.write("mappings/people.lua", mapping(true));
    own.write("mappings/folders.lua", folders);
    const checked = await own.cli("check", "--connect");
    assert.equal(checked.code, 0, checked.out + checked.err);
    assert.doesNotMatch(checked.out + checked.err, /not copied/);
    await own.start();
    await erp.tell("Person", own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    await app.tell("people", own.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
    for (const doctype of ["Folder", "Contact"]) await erp.tell(doctype, own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    for (const table of ["folders", "papers"]) await app.tell(table, own.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
  },

  async "files in rows and of a part travel both ways, and a row that is gone or emptied takes along its own only"() {
    const { name } = await erp.insert("Folder", { code: "f1", papers: [{ title: "passport", scan: await attach("passport.png", picture(21)) }, { title: "diploma", scan: await attach("diploma.png", picture(22)) }] });
    await erp.insert("Contact", { first_name: "Ada", image: await attach("portrait.png", picture(23)), links: [{ link_doctype: "Folder", link_name: name }] });
    const holds = (title, bytes) => until(title, async () => {
      const scan = (await papers("f1"))[title]?.scan;
      return bytes === null ? scan === null : scan && (await in_bucket(scan))?.equals(bytes);
    });
    await holds("passport", picture(21));
    await holds("diploma", picture(22));
    await until("the portrait", async () => { const path = (await app.find("folders", "code", "f1"))?.portrait; return path && (await in_bucket(path))?.equals(picture(23)); });

    const there = await papers("f1");
    await app.edit("papers", "id", there.passport.id, { scan: await put("own/passport.png", picture(24)) });
    await app.edit("papers", "id", there.diploma.id, { scan: null });
    await app.edit("folders", "code", "f1", { portrait: await put("own/portrait.png", picture(25)) });
    await until("the rows on the left", async () => {
      const rows = Object.fromEntries((await folder("f1")).papers.map((one) => [one.title, one.scan]));
      return !rows.diploma && rows.passport && (await on_site(rows.passport))?.equals(picture(24));
    });
    await until("the part on the left", async () => (await on_site((await erp.all("Contact"))[0].image))?.equals(picture(25)));
    assert.equal((await papers("f1")).passport.scan, "own/passport.png");
    await world.settled();
    assert.deepEqual(await own.dead(), []);
  },

  async "a picture of the site comes into the bucket, byte for byte"() {
    await erp.insert("Person", { code: "ada", phone: "1", image: await attach("ada lovelace.png", picture(1)) });
    await right_shows("ada", picture(1));
    await world.settled();
    assert.match((await row("ada")).photo, /^[0-9a-f]{32}\/ada lovelace\.png$/);
    assert.deepEqual(await own.dead(), []);
  },

  async "one of the bucket comes to the site, where saving the record attaches it"() {
    await app.insert("people", { code: "bob", phone: "2", photo: await put("own/bob.png", picture(2)) });
    await left_shows("bob", picture(2));
    await world.settled();
    const { name, image } = await person("bob");
    assert.match(image, /^\/private\/files\/bob.*\.png$/);
    assert.equal((await site_files()).find((one) => one.file_url === image).attached_to_name, name);
    assert.equal((await row("bob")).photo, "own/bob.png");
  },

  async "another picture takes the place of the one before, and an edit of something else moves no file"() {
    await app.edit("people", "code", "ada", { photo: await put("own/ada.png", picture(3)) });
    await left_shows("ada", picture(3));
    await world.settled();
    const before = await counts();
    await erp.edit("Person", (await person("ada")).name, { phone: "11" });
    await until("the phone", async () => (await row("ada")).phone === "11");
    await world.settled();
    const after = await counts();
    assert.deepEqual([after.objects, after.files, after.app - before.app], [before.objects, before.files, 1]);
    assert.equal((await row("ada")).photo, "own/ada.png");
  },

  async "the same content under another name writes nothing"() {
    const before = await counts();
    await app.edit("people", "code", "ada", { photo: await put("own/copy of ada.png", picture(3)) });
    await world.settled();
    const after = await counts();
    assert.deepEqual([after.erp, after.app - before.app, after.files], [before.erp, 1, before.files]);  // her own edit
  },

  async "a content that the other side has is named there, not sent again"() {
    const before = await objects();
    await erp.insert("Person", { code: "eve", image: await attach("eve.png", picture(1)) });
    await right_shows("eve", picture(1));
    await world.settled();
    assert.deepEqual(await objects(), before);
  },

  async "no picture clears the field and takes no file away"() {
    const before = await objects();
    await erp.edit("Person", (await person("eve")).name, { image: "" });
    await until("eve without a picture", async () => (await row("eve")).photo === null);
    await world.settled();
    assert.deepEqual(await objects(), before);
  },

  async "an upload whose answer was lost leaves one file, on both sides"() {
    const before = await counts();
    await app.faults([{ match: { method: "POST", path: "/storage/v1/object/*" }, count: 1, drop: "after" }]);
    await erp.insert("Person", { code: "lost right", image: await attach("lost.png", picture(4)) });
    await right_shows("lost right", picture(4));
    await app.well();
    await erp.faults([{ match: { method: "POST", path: "/api/method/upload_file" }, count: 1, drop: "after" }]);
    await app.insert("people", { code: "lost left", photo: await put("own/lost.png", picture(5)) });
    await left_shows("lost left", picture(5));
    await erp.well();
    await world.settled();
    const after = await counts();
    assert.deepEqual([after.objects - before.objects, after.files - before.files], [2, 2]);  // on each side one put there by a person, one by us
    assert.deepEqual([(await app.all("people")).filter((one) => one.code === "lost right").length, (await erp.all("Person", ["code"])).filter((one) => one.code === "lost left").length], [1, 1]);
  },

  async "killed between the file and the record that names it, the next process names it and sends it no second time"() {
    await app.faults([{ match: { method: "PATCH", path: "/rest/v1/people" }, count: 1, delay: 20 }]);
    const before = await objects();
    await erp.edit("Person", (await person("eve")).name, { image: await attach("killed.png", picture(6)) });
    await until("the file in the bucket", async () => (await objects()).length === before.length + 1);
    await sleep(0.5);
    await own.daemon.kill();
    await app.well();
    await own.start();
    await erp.tell("Person", own.daemon.address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    await app.silence();
    await app.tell("people", own.daemon.address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
    await until("the picture on the right", async () => (await row("eve")).photo, 120);
    await right_shows("eve", picture(6));
    await world.settled();
    assert.equal((await objects()).length, before.length + 1);
  },

  async "a file that is gone, too large or of a type that the other side refuses is a dead letter that says so, and nothing is written over"() {
    const { name } = await person("ada");
    const kept = await row("ada");
    const reasons = {
      gone: ["/private/files/none.png", /'\/private\/files\/none\.png' is not there/],
      large: [await attach("large.png", picture(7, 1_000_001)), /'large\.png' is larger than 1000000 bytes/],
    };
    for (const [image, reason] of Object.values(reasons)) {
      await erp.edit("Person", name, { image });
      const dead = await until("the dead letter", async () => (await own.dead("people")).find((one) => reason.test(JSON.stringify(one.error))));
      assert.match(JSON.stringify(dead.error), /field 'image>photo'/);
      assert.equal((await row("ada")).photo, kept.photo);
    }
    const form = new FormData();
    form.append("file", new Blob([picture(8)], { type: "application/pdf" }), "ada.pdf");
    const pdf = (await (await fetch(erp.url + "/api/method/upload_file", { method: "POST", headers: site_key, body: form })).json()).message.file_url;
    await erp.edit("Person", name, { image: pdf });
    await until("the refusal", async () => (await own.dead("people")).some((one) => /application\/pdf is not supported/.test(JSON.stringify(one.error))));
    assert.equal((await row("ada")).photo, kept.photo);

    await erp.edit("Person", name, { image: await attach("well.png", picture(9)) });
    await right_shows("ada", picture(9));
    await world.settled();
    assert.deepEqual(await own.dead("people"), []);
  },

  async "a content that is exchanged behind its path comes with the record's next edit, one behind its address with the sweep, and no other file is read for that"() {
    const path = (await row("ada")).photo;
    assert.equal((await call(`${app.url}/storage/v1/object/photos/${encodeURI(path)}`, { method: "PUT", body: picture(11), headers: { ...app_key, "Content-Type": "image/png" } })).status, 200);
    await app.edit("people", "code", "ada", { phone: "111" });
    await left_shows("ada", picture(11));
    await world.settled();

    const { image } = await person("ada"), name = image.replace(/^.*\//, "");
    for (const file of await erp.all("File", ["name", "file_url"])) if (file.file_url === image) await erp.remove("File", file.name);
    assert.equal(await attach(name, picture(12)), image);
    const before = await read_files();
    assert.equal((await own.cli("sync", "people", "--sweep")).code, 0);
    await right_shows("ada", picture(12));
    await world.settled();
    assert.equal(await read_files() - before, 1);
    assert.deepEqual(await own.dead("people"), []);
  },

  async "operations keep the size of a file and nothing of what is in it"() {
    const text = "name,amount\nada,1815\n";
    await erp.edit("Person", (await person("bob")).name, { image: await attach("notes.png", Buffer.from(text)) });
    await right_shows("bob", Buffer.from(text));
    await world.settled();
    const [operation] = await own.operations("people", (await person("bob")).name);
    const whole = await call(`http://tidewire/api/v1/operations/${operation.id}`, { socket: own.path("state/tidewire.sock") });
    assert.match(whole.text, /a file of 21 bytes/);
    assert.doesNotMatch(whole.text, /1815/);
  },

  async "where nothing may be written nothing is uploaded, and what would be is told"() {
    own.write("mappings/people.lua", mapping(true).replace("match =", 'dry_run = "to_right", match ='));
    await until("the mapping to be reloaded", () => own.logged("mapping_reloaded").length > 0);
    const before = await objects();
    await erp.edit("Person", (await person("bob")).name, { image: await attach("bob again.png", picture(10)) });
    const told = await until("what would be written", async () => (await own.operations("people", undefined, "&outcome=would_write"))[0]);
    const whole = await call(`http://tidewire/api/v1/operations/${told.id}`, { socket: own.path("state/tidewire.sock") });
    assert.match(whole.text, /bob again\.png/);
    assert.deepEqual(await objects(), before);
  },
};

await run(cases, world, async () => {
  await app?.well();
  await erp?.well();
});
