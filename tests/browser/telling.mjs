import assert from "node:assert/strict";
import fs from "node:fs";
import { drawn, log_in, open_browser, visit } from "../support/browser.mjs";
import { call, run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project, page, problems, address;
const edits = 120;
const password = "correct horse battery";

const table = (name) => ({ name, primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [{ name: "id", type: "bigint", identity: true }, { name: "code", type: "text", nullable: false, unique: true },
  { name: "name", type: "text" }, { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] });
const pairs = `return mapping {
  left = app.table "la", right = app.table "rb", key = { left = "id", right = "id" }, match = { by.fields { "code" } },
  fields = { same { "code", "name" } },
}
`;
const level = async (name) => assert.equal((await project.cli("sync", name)).code, 0);
const history = () => page.getByRole("table", { name: "History" });
const rows = () => history().locator("tbody tr");
const behind = async (name) => (await page.getByRole("table", { name: "Mappings" }).getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) }).locator("td[data-title=Behind]").innerText()).trim();

const cases = {
  async "(two tables keyed by numbers, and notices that go one way)"() {
    Object.assign(world, await company({ parts: ["notices"] }));
    ({ erp, app, project } = world);
    await app.define([table("la"), table("rb")]);
    project.write("mappings/pairs.lua", pairs);
    await erp.insert("Notice", { code: "n", body: "b" });
    // la 1 is rb 2, la 2 is rb 1, and 3 is 3.
    for (const code of ["a", "b", "c"]) await app.insert("la", { code, name: code });
    for (const code of ["b", "a", "c"]) await app.insert("rb", { code, name: code });
    await project.start();
    address = project.daemon.address;
    const put = await call("http://tidewire/api/v1/users/ada", { method: "PUT", body: { role: "admin", password }, socket: project.path("state/tidewire.sock") });
    assert.equal(put.status, 200, put.text);
    ({ page, problems } = await open_browser());
    await log_in(page, address, "ada", password);
  },

  async "what was never loaded is not called level, and a one-way mapping points its way"() {
    assert.equal(await behind("pairs"), "never loaded");
    await page.getByText("erp.Notice → app.notices").waitFor();
    await page.getByText("app.la ↔ app.rb").waitFor();
    await level("pairs");
    await level("notices");
    await world.settled();
    await visit(page, address, "#/mapping/pairs");
    await page.locator(".figure", { hasText: "level" }).waitFor();
  },

  async "a number that both sides have leads to its own side's record, with its history alone"() {
    for (const name of ["x", "y"]) {
      await app.edit("la", "code", "a", { name });
      await level("pairs");
    }
    await app.edit("la", "code", "b", { name: "z" });
    await level("pairs");
    await visit(page, address, "#/record?mapping=pairs");
    const linked = page.getByRole("table", { name: "Linked records" });
    await linked.getByRole("row").filter({ has: page.locator("td[data-title=Left]", { hasText: /^1$/ }) }).locator("td[data-title=Left] a").click();
    await page.getByText("app 1 and app 2 are the same thing").waitFor();
    await page.getByText(/^All of this: Script version/).waitFor();  // said once, not with each field
    await rows().first().waitFor();
    assert.deepEqual([...new Set(await history().locator("td[data-title=Left]").allInnerTexts())], ["1"]);
    await visit(page, address, "#/record?mapping=pairs&key=3");
    await page.getByText("app 3 and app 3 are the same thing").waitFor();
    const told = await project.ask(["record", "pairs", "1", "--side", "left"]);
    assert.ok(told.operations.length > 0 && told.operations.every((one) => one.left_key === "1"), JSON.stringify(told.operations));
    assert.equal((await project.cli("record", "pairs", "3")).code, 0);
  },

  async "a history goes out whole"() {
    for (let i = 0; i < edits; i++) {
      await app.edit("la", "code", "c", { name: `n${i}` });
      assert.equal((await call("http://tidewire/api/v1/sync", { method: "POST", body: { mapping: "pairs", key: "3", side: "left" }, socket: project.path("state/tidewire.sock") })).status, 202);
      await until("the edit on the right", async () => (await app.find("rb", "code", "c")).name === `n${i}`);
    }
    await visit(page, address, "#/record?mapping=pairs&key=3&side=left");
    await page.getByText("50 rows, more to load").waitFor();
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "All as CSV" }).click()]);
    assert.ok(fs.readFileSync(await csv.path(), "utf8").split("\r\n").length > edits);
  },

  async "what fails again and again is behind"() {
    await app.faults({ match: { method: "PATCH", path: "rb" }, action: { status: 503 } });
    await app.edit("la", "code", "a", { name: "late" });
    await project.cli("sync", "pairs", "--once");
    await until("the key to back off", async () => (await project.status()).mappings.pairs.backing_off > 0);
    await visit(page, address, "#/");
    assert.match(await behind("pairs"), /^\d+ (sec|min|hr)$/);
    assert.equal((await project.status()).connections.app.state === "paused", false, "nobody paused it");
    await app.well();
    await until("the edit on the right", async () => (await project.cli("retry", "--mapping", "pairs", "--side", "left", "--key", "1"), (await app.find("rb", "code", "a")).name === "late"));
    await world.settled();
  },

  async "an address that is no text leads to a page that says so"() {
    await visit(page, address, "#/operation/%");
    await page.getByText("no operation %").waitFor();
    for (const [hash, title, list] of [["#/operation/nix", "Operation", "#/operations"], ["#/mapping/nix", "Mapping", "#/"], ["#/jobs/nix", "Job", "#/jobs"], ["#/connections/nix", "Connections", "#/connections"]]) {
      await visit(page, address, hash);
      await page.getByRole("heading", { name: title, exact: true }).waitFor();
      assert.equal(await page.locator("main a").last().getAttribute("href"), list);
    }
  },

  async "an edit is not lost without a question"() {
    await visit(page, address, "#/mapping/pairs?tab=edit");
    const area = page.getByLabel("Script of pairs");
    const dialog = page.getByRole("dialog");
    await area.fill(pairs + "-- mine\n");
    await page.getByRole("tab", { name: "Fields" }).click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("link", { name: "Operations", exact: true }).first().click();
    await dialog.getByText("Leave the edit?").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await area.inputValue(), pairs + "-- mine\n");
    assert.match(page.url(), /mapping\/pairs\?tab=edit$/);
    let asked = 0;
    page.once("dialog", (one) => { asked += one.type() === "beforeunload"; void one.dismiss(); });
    await page.evaluate(() => setTimeout(() => location.reload()));
    await until("the browser to ask", () => asked === 1);
    await page.getByRole("link", { name: "Operations", exact: true }).first().click();
    await dialog.getByRole("button", { name: "Leave it" }).click();
    await page.getByRole("heading", { name: "Operations" }).waitFor();
    await drawn(page);
  },

  async "pairs outside the scope are a figure of the mapping, which leads to them"() {
    const before = (await project.status()).mappings.pairs.version;
    project.edit("mappings/pairs.lua", "  fields =", `  scope = { left = { code = one_of { "a", "b" } } },\n  fields =`);
    await until("the edit to be loaded", async () => (await project.status()).mappings.pairs.version !== before);
    assert.equal((await call("http://tidewire/api/v1/sync", { method: "POST", body: { mapping: "pairs", key: "3", side: "left" }, socket: project.path("state/tidewire.sock") })).status, 202);
    await until("one pair outside", async () => (await project.status()).mappings.pairs.frozen === 1);
    await visit(page, address, "#/mapping/pairs");
    await page.locator(".figure", { hasText: "out of scope" }).getByRole("link", { name: "1" }).click();
    await page.getByRole("table", { name: "Linked records" }).locator(".chip", { hasText: "out of scope" }).waitFor();
    assert.equal(await page.getByRole("table", { name: "Linked records" }).locator("tbody tr").count(), 1);
  },

  async "a mapping whose file is gone is part of no sum and offers nothing that cannot work; the page puts it back, or lets it go"() {
    await app.faults({ match: { method: "PATCH", path: "rb" }, action: { status: 422 } });
    await app.edit("la", "code", "b", { name: "refused" });
    await project.cli("sync", "pairs", "--once");
    await until("the dead letter", async () => (await project.status()).mappings.pairs.dead === 1);
    const badge = page.locator("[data-count=dead-letters]");
    await visit(page, address, "#/");
    await until("the badge to count it", async () => (await badge.innerText()) === "1");
    assert.equal(await behind("pairs"), "level but for 1");
    const text = project.read("mappings/pairs.lua"), gone = async () => (await project.status()).mappings.pairs.file_gone === true;
    project.remove("mappings/pairs.lua");
    await until("its file to be gone", gone);
    await page.reload();
    await page.getByText("The file of one mapping is gone.").waitFor();
    await page.getByText("3 pairs and 1 dead letter kept").waitFor();
    await page.getByText("Everything is level.").waitFor();
    assert.equal(await page.getByText("not level.").count(), 0);
    assert.equal(await behind("pairs"), "not worked off");
    assert.equal(await badge.isVisible(), false);
    await page.getByRole("button", { name: "Make all level…" }).click();
    await page.getByRole("dialog").getByText(/^The mapping takes over/).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await visit(page, address, "#/mapping/pairs");
    await page.locator(".chip", { hasText: "file gone" }).waitFor();
    for (const name of ["Pause", "Delete…"]) assert.equal(await page.getByRole("button", { name }).count(), 0, name);
    assert.equal(await page.getByRole("tab").count(), 0);
    await page.getByRole("link", { name: "dead letters", exact: true }).click();
    await page.getByText("nothing of it is worked off").waitFor();
    assert.equal(await page.getByRole("button", { name: "Retry", exact: true }).count(), 0);
    await page.getByRole("button", { name: "Retry dead letters…" }).click();
    await page.getByText("None of those shown is a dead letter that can be tried again.").waitFor();
    await page.getByRole("link", { name: "the operation" }).click();
    await page.getByText("nothing of it is worked off").waitFor();
    assert.equal(await page.getByRole("button", { name: "Try again now" }).count(), 0);
    await visit(page, address, "#/record?mapping=pairs&key=2&side=left");
    await page.getByRole("table", { name: "What both sides agreed on last" }).getByRole("row", { name: "name" }).waitFor();
    await history().getByText("dead letter").first().waitFor();
    assert.deepEqual(await page.locator("main button:not(.quiet)").allInnerTexts(), ["Show"]);

    await visit(page, address, "#/mapping/pairs");
    await page.getByRole("button", { name: "Put it back…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Put it back" }).click();
    await page.getByText("pairs goes on.").waitFor();
    await page.getByRole("tab", { name: "Run" }).waitFor();
    assert.equal(await gone(), false);
    assert.equal(project.read("mappings/pairs.lua"), text);
    const before = (await project.status()).mappings.pairs.version;
    project.write("mappings/pairs.lua", `${text}-- seen by the watch before it goes\n`);
    await until("the edit to be loaded", async () => (await project.status()).mappings.pairs.version !== before);
    project.remove("mappings/pairs.lua");
    await until("its file to be gone again", gone);
    // A person is forgotten there too: it writes our own state alone.
    const { links: [{ left_key }] } = await project.ask(["links", "pairs"]);
    await visit(page, address, `#/record?mapping=pairs&key=${left_key}&side=left`);
    await page.getByRole("button", { name: "Forget…" }).click();
    await page.getByLabel(`Type ${left_key} to be sure`).fill(left_key);
    await page.getByRole("button", { name: "Forget", exact: true }).click();
    await page.getByText(/^Forgotten: .*1 links/).waitFor();
    await page.getByText("Nothing is kept of it").waitFor();
    assert.equal((await project.ask(["audit", "--action", "forget"])).audit[0].author, "ada");
    await visit(page, address, "#/mapping/pairs");
    await page.getByRole("button", { name: "Let it go…" }).click();
    await page.getByLabel("Why?").fill("no pairs any more");
    await page.getByRole("dialog").getByRole("button", { name: "Let it go" }).click();
    await page.getByText("pairs is let go.").waitFor();
    assert.equal((await project.status()).mappings.pairs, undefined);
    await app.well();
  },

  async "what was received is told by each source that there is, and the address says which"() {
    await visit(page, address, "#/webhooks");
    const by = page.getByLabel("By", { exact: true });
    for (const source of await by.locator("option").evaluateAll((all) => all.map((one) => one.value))) {
      await by.selectOption(source);
      await until("the address to have it", () => page.url().endsWith(`?source=${source}`));
      await page.reload();
      await drawn(page);
      await page.getByText(/Nothing was received|\d rows?/).waitFor();
      assert.equal(await by.inputValue(), source);
    }
  },

  async "a row of a load says that it is one; times are the reader's, with the exact one beside"() {
    const [made] = (await project.operations("notices")).filter((one) => one.kind === "create");
    await visit(page, address, `#/operation/${made.id}`);
    await page.getByText("Linked by a load").waitFor();
    await page.getByRole("link", { name: "the record", exact: true }).click();
    const since = page.getByText("are the same thing since").locator("time").first();
    assert.match(await since.getAttribute("title"), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.doesNotMatch(await page.getByText("are the same thing since").innerText(), /UTC/);
    await page.locator("main").getByRole("link", { name: /^Operation [0-9a-f]{8}/ }).click();
    await page.getByText("Linked by a load").waitFor();
    await visit(page, address, "#/");
    const last = page.getByRole("table", { name: "Mappings" }).locator("td[data-title='Last success'] time").first();
    assert.match(await last.getAttribute("title"), /Z$/);
  },

  async "the page made no mistake of its own"() {
    assert.deepEqual(problems, []);
  },
};

await run(cases, world);
