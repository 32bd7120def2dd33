import assert from "node:assert/strict";
import path from "node:path";
import { call, practice, project as new_project, run, supabase, until } from "../support/scenario.mjs";

const example = path.join(process.env.SOURCE_DIR, "examples/supabase-notion");
const source = "dec15105-0000-4000-8000-000000000002";
const text = (content) => [{ text: { content } }];
const plain = (runs) => runs.map((one) => one.plain_text).join("");
const world = {};
let notion, app, project;

// The same edits with every run.
let state = 20261129;
const random = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor(state / 65536) % n; };
const pick = (list) => list[random(list.length)];

const knob = async (name, body, method = "POST") => {
  const answer = await call(`${notion.url}/practice/${name}`, { method, body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
const headers = { Authorization: "Bearer secret_practice", "Notion-Version": "2025-09-03" };

async function pages() {
  const found = [];
  for (let cursor; ;) {
    const answer = await call(`${notion.url}/v1/data_sources/${source}/query`, { method: "POST", headers, body: cursor ? { start_cursor: cursor } : {} });
    if (answer.status !== 200) continue;      // a fault that was meant for the daemon
    found.push(...answer.json.results);
    if (!answer.json.has_more) return found;
    cursor = answer.json.next_cursor;
  }
}
const in_notion = async () => new Map((await pages()).map(({ id, properties: p }) => [id, JSON.stringify([plain(p.Name.title), plain(p.Context.rich_text), plain(p.Decision.rich_text),
  p.Status.status?.name.toLowerCase() ?? "proposed", p["Decided on"].date?.start ?? null, p.Tags.multi_select.map((one) => one.name).sort(), p.Owner.email, p.Confidence.number, p.Final.checkbox])]));
const in_app = async () => new Map((await app.all("decisions")).filter((row) => row.archived_at === null).map((row) => [row.notion_page_id, JSON.stringify([row.title ?? "", row.context ?? "", row.decision ?? "",
  row.status, row.decided_on, (row.tags ?? "").split(",").map((one) => one.trim()).filter(Boolean).sort(), row.owner_email, row.confidence === null ? null : Number(row.confidence), row.final])]));

const words = ["rent", "staff", "server", "audit", "größer", "日本", "🙂🙂"];
const sentence = () => Array.from({ length: 1 + random(6) }, () => pick(words)).join(" ");
const tags = () => [...new Set(Array.from({ length: random(4) }, () => pick(words)))];
const edits = {
  context: () => { const said = sentence(); return [{ context: said }, { Context: { rich_text: text(said) } }]; },
  decision: () => { const said = random(5) ? sentence() : ""; return [{ decision: said || null }, { Decision: { rich_text: said ? text(said) : [] } }]; },
  tags: () => { const list = tags(); return [{ tags: list.join(", ") || null }, { Tags: { multi_select: list.map((name) => ({ name })) } }]; },
  confidence: () => { const number = random(4) ? random(100) / 100 : null; return [{ confidence: number }, { Confidence: { number } }]; },
  decided_on: () => { const day = random(4) ? `2026-0${1 + random(9)}-1${random(9)}` : null; return [{ decided_on: day }, { "Decided on": { date: day && { start: day } } }]; },
  final: () => { const said = random(2) === 1; return [{ final: said }, { Final: { checkbox: said } }]; },
  status: () => { const word = pick(["proposed", "accepted", "superseded"]); return [{ status: word }, { Status: { status: { name: word[0].toUpperCase() + word.slice(1) } } }]; },
};

const written = async () => {
  const routes = (await call(`${notion.url}/practice/stats`)).json.by_route;
  return (routes["PATCH pages/*"] ?? 0) + (routes["POST pages"] ?? 0) + (await app.written("decisions"));
};

const cases = {
  async "(a vault of 130 decisions, made in one minute, on a Notion of odd habits)"() {
    notion = await practice("notion", ["--fixture", path.join(example, "data/notion.json"), "--short-pages", "0.2", "--split-runs", "--exact-times"]);
    app = await supabase(["--fixture", path.join(example, "data/supabase.json")]);
    project = world.project = new_project(path.join(example, "project"), { APP_URL: app.url, APP_KEY: "sb_secret_practice", NOTION_URL: notion.url, NOTION_TOKEN: "secret_practice" });
    project.edit("tidewire.lua", "notion {", 'notion { limits = { rate = "1000/s", parallel = 8 },');
    project.edit("mappings/decisions.lua", 'poll = "every 15m"', 'poll = "every 1s"');
    await knob("edit", { create: source, properties: { Name: { title: text("bulk") } }, count: 125 });
    await project.start();
    await until("all to be on both sides", async () => {
      const [left, right] = [await in_app(), await in_notion()];
      return right.size === 130 && [...right].every(([id, value]) => left.get(id) === value);
    }, 120);
  },

  async "150 edits by people on both sides, while Notion is busy, slow and unlucky"() {
    await knob("faults", [
      { match: { method: "PATCH" }, probability: 0.1, status: 409 }, { match: { method: "GET" }, probability: 0.05, status: 503 },
      { match: { method: "POST" }, probability: 0.05, html: 502 }, { match: { method: "PATCH" }, probability: 0.05, status: 502, committed: true },
      { match: { method: "GET" }, probability: 0.05, status: 429, retry_after: 1 }, { match: { method: "PATCH" }, probability: 0.05, drop: "after" },
    ]);
    const rows = (await app.all("decisions")).filter((row) => row.archived_at === null);
    for (let i = 0; i < 150; i++) {
      const row = rows[random(20)];
      const [left, right] = edits[pick(Object.keys(edits))]();
      if (random(2)) await app.edit("decisions", "id", row.id, left);
      else await knob("edit", { page: row.notion_page_id, properties: right });
    }
    await knob("faults", undefined, "DELETE");
    let differ = [];
    await until("both to be the same", async () => {
      const [left, right] = [await in_app(), await in_notion()];
      differ = [...right].filter(([id, value]) => left.get(id) !== value).map(([id, value]) => [left.get(id), value]);
      return right.size === left.size && differ.length === 0;
    }, 150).catch((error) => { throw new Error(`${error.message}\n${differ.map(String).join("\n")}`); });
  },

  async "then nothing is written any more, and nobody has to decide"() {
    await until("nothing to be under way", async () => {
      const one = (await project.status()).mappings.decisions;
      return one.waiting + one.backing_off + (one.under_way ?? 0) === 0;
    }, 150);  // a write of unknown outcome may land until Notion's settle time of 120 s is over
    const before = await written();
    const polls = async () => (await call(`${notion.url}/practice/stats`)).json.by_route["POST data_sources/*/query"];
    const so_far = await polls();
    await until("three more polls", async () => (await polls()) >= so_far + 6);
    assert.equal(await written(), before);
    assert.equal((await project.dead("decisions")).length, 0);
    assert.equal((await project.ask(["conflicts"], [0, 1, 5])).conflicts.length, 0);
  },
};

await run(cases, world, () => knob("faults", undefined, "DELETE"));
