import assert from "node:assert/strict";
import path from "node:path";
import { call, practice, project as new_project, run, supabase, until } from "../support/scenario.mjs";

const example = path.join(process.env.SOURCE_DIR, "examples/supabase-notion");
const page = (n) => `9a6e0000-0000-4000-8000-00000000000${n}`;
const text = (content) => [{ text: { content } }];
const world = {};
let notion, app, project, secret, subscription;

const knob = async (name, body, method = "POST") => {
  const answer = await call(`${notion.url}/practice/${name}`, { method, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
/// A person's edit in Notion.
const edit = (id, properties) => knob("edit", { page: id, properties });
const read = async (id) => {
  const headers = { Authorization: "Bearer secret_practice", "Notion-Version": "2025-09-03" };
  return (await call(`${notion.url}/v1/pages/${id}`, { headers })).json;
};
const plain = (runs) => runs.map((one) => one.plain_text).join("");
const row = (title) => app.find("decisions", "title", title);
const requests = async (route) => (await call(`${notion.url}/practice/stats`)).json.by_route[route] ?? 0;
/// Makes a change in the app known to the daemon, whose Supabase side tells nothing.
const look = (key) => project.ask(["sync", "decisions", "--key", key, "--side", "left"], [0, 1, 5]);

const cases = {
  async "(a vault on both sides)"() {
    notion = await practice("notion", ["--fixture", path.join(example, "data/notion.json"), "--webhook-interval", "0.02"]);
    app = await supabase(["--fixture", path.join(example, "data/supabase.json")]);
    project = world.project = new_project(path.join(example, "project"), { APP_URL: app.url, APP_KEY: "sb_secret_practice", NOTION_URL: notion.url, NOTION_TOKEN: "secret_practice" });
    project.edit("mappings/decisions.lua", 'on    = { poll = "every 15m" }', "on    = { webhook = true }");
    await project.ask(["sync"]);
    await project.start();
  },

  async "the secret that Notion makes up is shown to a person, and proves nothing yet"() {
    subscription = (await knob("webhooks", { url: `${project.daemon.address}/webhook/vault`, retry: 0.1, gather: 0.05 })).id;
    const [told] = await until("the handshake in the log", () => project.logged("webhook_handshake").length > 0 && project.logged("webhook_handshake"));
    secret = told.secret ?? told.fields?.secret;
    assert.match(secret, /^secret_/);
    await until("the handshake to be answered", async () => (await knob("webhooks", undefined, "GET"))[0].greeted);
    const forged = await call(`${project.daemon.address}/webhook/vault`, { method: "POST", body: { verification_token: "secret_other" }, headers: { "X-Notion-Signature": "sha256=" + "0".repeat(64) } });
    assert.equal(forged.status, 401);
    assert.equal(project.logged("webhook_handshake").length, 1);
  },

  async "with the secret in the settings, an edit is on the other side without a poll"() {
    project.edit("tidewire.lua", "notion {", 'notion { verification_token = secret "NOTION_HOOK",');
    project.secrets.NOTION_HOOK = secret;
    project.write_secrets();
    await project.daemon.stop();
    await project.start();
    await knob("verify", { token: secret });
    assert.deepEqual((await knob("webhooks", undefined, "GET")).map((hook) => [hook.id, hook.verified]), [[subscription, true]]);
    // The address of the new process: a subscription keeps its address, so this one is made anew.
    await knob("webhooks", undefined, "DELETE");
    await knob("webhooks", { url: `${project.daemon.address}/webhook/vault`, retry: 0.1, gather: 0.05, token: secret, verified: true });
    await edit(page(3), { Tags: { multi_select: [{ name: "people" }, { name: "nights" }] } });
    await until("the tags in the app", async () => (await row("Support rota")).tags === "people, nights");
    await edit(page(3), { Context: { rich_text: text("Within the same minute.") } });
    await until("the second edit of the minute", async () => (await row("Support rota")).context === "Within the same minute.");
  },

  async "a page in the trash marks its row; a message with a wrong signature is refused"() {
    await knob("edit", { page: page(4), in_trash: true });
    await until("the mark", async () => (await row("Retire the fax")).archived_at !== null);
    const body = JSON.stringify({ type: "page.deleted", entity: { id: page(1), type: "page" }, data: { parent: { data_source_id: "dec15105-0000-4000-8000-000000000002" } } });
    assert.equal((await call(`${project.daemon.address}/webhook/vault`, { method: "POST", body, headers: { "X-Notion-Signature": "sha256=" + "a".repeat(64) } })).status, 401);
    assert.equal((await row("Use PostgreSQL")).archived_at, null);
  },

  async "409, 429, 529 and a lost answer on the way do not lose the write, and it is made once"() {
    const one = await row("Use PostgreSQL");
    await knob("faults", [
      { match: { method: "PATCH" }, count: 1, status: 409 }, { match: { method: "PATCH" }, count: 1, status: 429, retry_after: 1 },
      { match: { method: "PATCH" }, count: 1, status: 529, retry_after: 1 }, { match: { method: "PATCH" }, count: 1, drop: "after" },
    ]);
    await app.edit("decisions", "id", one.id, { decision: "After a bad day." });
    const before = await requests("PATCH pages/*");
    await look(one.id);
    await until("the write in Notion", async () => plain((await read(page(1))).properties.Decision.rich_text) === "After a bad day.");
    await until("the daemon to know it", async () => (await project.operations("decisions", one.id))[0].outcome === "applied");
    assert.equal((await requests("PATCH pages/*")) - before, 4);
    await knob("faults", undefined, "DELETE");
  },

  async "a proxy that answers in HTML deletes nothing and stops nothing"() {
    await knob("faults", [{ match: { path: `/v1/pages/${page(2)}` }, count: 2, html: 403 }]);
    await edit(page(2), { Context: { rich_text: text("Behind the proxy.") } });
    await until("the edit in the app", async () => (await row("Release weekly")).context === "Behind the proxy.");
    assert.equal((await row("Release weekly")).archived_at, null);
    await knob("faults", undefined, "DELETE");
  },

  async "a page that is not shared any more becomes a dead letter and its row stays"() {
    const one = await row("Release weekly");
    await edit(page(2), { Context: { rich_text: text("The last that was seen.") } });
    await knob("edit", { page: page(2), shared: false });
    await app.edit("decisions", "id", one.id, { context: "Written here." });
    await look(one.id);
    const dead = await until("the dead letter", async () => (await project.dead("decisions")).find((key) => JSON.stringify(key).includes("cannot be reached")));
    assert.ok(dead);
    assert.equal((await row("Release weekly")).archived_at, null);
    await knob("edit", { page: page(2), shared: true });
    await project.ask(["retry", "--all"], [0, 1, 5]);
    await until("both to be the same", async () => plain((await read(page(2))).properties.Context.rich_text) === (await row("Release weekly")).context);
  },

  async "a status that Notion does not know is a dead letter of its record alone"() {
    const reloads = project.logged("mapping_reloaded").length;
    project.edit("mappings/decisions.lua", 'superseded = "Superseded"', 'superseded = "Superseded", dropped = "Dropped"');
    await until("the reload", () => project.logged("mapping_reloaded").length > reloads);
    const one = await row("Runbook first");
    await app.edit("decisions", "id", one.id, { status: "dropped" });
    await look(one.id);
    await until("the dead letter", async () => (await project.dead("decisions")).find((key) => JSON.stringify(key).includes("Invalid status option")));
    await edit(page(3), { Context: { rich_text: text("The others go on.") } });
    await until("the other record", async () => (await row("Support rota")).context === "The others go on.");
  },
};

await run(cases, world, () => knob("faults", undefined, "DELETE"));
