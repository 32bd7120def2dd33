// What is made and mended on the page: a connection with its test, a mapping of matched fields, one record from all sides, a rule.
import assert from "node:assert/strict";
import fs from "node:fs";
import { check_access, fits, log_in, open_browser, shot, sizes, visit } from "../support/browser.mjs";
import { call, run, until } from "../support/scenario.mjs";
import { company, secrets } from "../support/staff.mjs";

const world = {};
let erp, app, project, page, problems, foreign, address;
const password = "correct horse battery";

/// The same place in light and dark, on a desktop and a phone, for eyes and for axe.
async function look(name) {
  await page.evaluate(() => window.scrollTo(0, 0));  // nothing lies below the bar at the top
  await check_access(page, `${name} light`);
  await fits(page, name);
  await shot(page, `${name}-light-desktop`);
  await page.setViewportSize(sizes.phone);
  await fits(page, `${name} on a phone`);
  await shot(page, `${name}-light-phone`);
  await page.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  await shot(page, `${name}-dark-phone`);
  await page.setViewportSize(sizes.desktop);
  await check_access(page, `${name} dark`);
  await shot(page, `${name}-dark-desktop`);
  await page.evaluate(() => { document.documentElement.dataset.theme = "light"; });
}

const row = (code) => app.find("employees", "code", code);

const cases = {
  async "(a daemon with teams, and people that nobody maps yet)"() {
    Object.assign(world, await company({ parts: ["departments"] }));
    ({ erp, app, project } = world);
    await erp.insert("Team", { code: "sea", team_name: "Sea" });
    for (const code of ["ada", "grace", "emmy"]) await erp.insert("Staff Member", { staff_code: code, full_name: `${code} of the sea`, remark: "r", phone: "1", team: "sea" });
    await project.start();
    address = project.daemon.address;
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    const put = await call("http://tidewire/api/v1/users/ada", { method: "PUT", body: { role: "admin", password }, socket: project.path("state/tidewire.sock") });
    assert.equal(put.status, 200, put.text);
    ({ page, problems, foreign } = await open_browser());
    await log_in(page, address, "ada", password);
  },

  async "a connection: its test says what is wrong, then who we are, what is there, and what is not seen"() {
    await visit(page, address, "#/connections");
    await page.getByRole("link", { name: "New connection" }).click();
    await page.getByRole("heading", { name: "New connection" }).waitFor();
    await look("connect-empty");
    await page.getByLabel("Name").fill("crm");
    await page.getByLabel("Address").fill(erp.url);
    await page.getByLabel("API key").fill(secrets.ERP_KEY);
    await page.getByLabel("API secret").fill("wrong");
    await page.getByRole("button", { name: "Test" }).click();
    await page.locator(".banner.bad").waitFor();
    await page.getByLabel("API secret").fill(secrets.ERP_SECRET);
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText(/It answers in \d+ ms, as/).waitFor();
    await page.getByText(/collections may be read/).click();
    await page.getByRole("cell", { name: "Staff Member" }).waitFor();
    await look("connect-tested");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "crm" }).first().waitFor();
    assert.match(project.read(".env"), /^CRM_API_SECRET=/m);
    assert.ok(!(await page.content()).includes(secrets.ERP_SECRET));
    await page.getByText(`${address}/webhook/crm`).waitFor();
    await page.getByLabel("Doctype, table or model").focus();
    await page.locator("#collections option[value='Staff Member']").waitFor({ state: "attached" });
    await page.getByLabel("Doctype, table or model").fill("Staff Member");
    await page.getByRole("button", { name: "Ask" }).click();
    const fields = page.getByRole("table", { name: "Fields of Staff Member" });
    await fields.getByRole("cell", { name: "text (length 140, trim both)" }).waitFor();
    assert.match(await fields.getByRole("row", { name: "creation" }).innerText(), /datetime \(form local, resolution [\d.e-]+, zone [\w/]+\)/);
  },

  async "its edit shows no secret and keeps what is not typed"() {
    await visit(page, address, "#/connections/crm/edit");
    assert.equal(await page.getByLabel("API secret").inputValue(), "");
    await page.getByText("More options").click();
    await page.getByLabel("At once").fill("3");
    await look("connect-edit");
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(/#\/connections\/crm$/);
    assert.match(project.read("connections/crm.lua"), /parallel = 3/);
    await visit(page, address, "#/connections/app/edit");
    await page.getByText("This connection is declared in tidewire.lua.").waitFor();
    await look("connect-declared");
  },

  async "a mapping: two collections, fields matched with the reason, a preview of what would be written"() {
    await visit(page, address, "#/new-mapping");
    await look("new-mapping-empty");
    await page.getByRole("group", { name: "left" }).getByLabel("Connection").selectOption("erp");
    await page.getByRole("group", { name: "right" }).getByLabel("Connection").selectOption("app");
    await page.getByRole("group", { name: "left" }).getByLabel("Collection").fill("Staff Member");
    await page.getByRole("group", { name: "right" }).getByLabel("Collection").fill("employees");
    await page.getByRole("button", { name: "Match the fields" }).click();
    await page.getByRole("heading", { name: "Fields that belong together" }).waitFor();
    const pairs = page.getByRole("region", { name: "Fields that belong together" });
    await pairs.getByText("same name").first().waitFor();
    await pairs.getByText(/translated by the links of departments/).waitFor();
    await page.getByLabel("Name of the mapping").fill("staff");
    await page.getByLabel("Name of the mapping").blur();
    await page.getByLabel("When both sides changed a field").selectOption("manual");
    await until("the file to say it", async () => /conflict = "manual"/.test(await page.getByLabel("The file").inputValue()));
    await look("new-mapping-matched");
    // All are new: then each side takes the key of the other into a field that is no row.
    const met = page.getByLabel("Records are the same where"), met_by = await met.inputValue();
    await met.selectOption({ label: "nothing: all are new" });
    await page.getByText("The left side has no text field left for the key of the right one.").waitFor();
    await page.getByText("It does not load yet.").waitFor();
    await page.getByLabel("take bio and bio").uncheck();
    for (const [side, other] of [["left", "right"], ["right", "left"]]) await page.getByLabel(`Field of the ${side} side for the key of the ${other} one`).selectOption("bio");
    await until("the file to say it", async () => /stamp = \{ left = \{ bio = link\.right_key \}, right = \{ bio = link\.left_key \} \}/.test(await page.getByLabel("The file").inputValue()));
    assert.equal(await page.getByText("It does not load yet.").count(), 0);
    await look("new-mapping-stamped");
    await page.getByRole("button", { name: "Preview 20 records" }).click();
    await page.getByText("It loads. Nothing was written.").waitFor();
    await page.getByLabel("take bio and bio").check();
    await met.selectOption(met_by);
    await until("the file to be as before", async () => /match = \{ by\.fields/.test(await page.getByLabel("The file").inputValue()));
    await page.getByRole("button", { name: "Preview 20 records" }).click();
    await page.getByText("It loads. Nothing was written.").waitFor();
    await page.getByText(/create in app/).first().waitFor();
    await look("new-mapping-preview");
    assert.equal((await app.all("employees")).length, 0);
    await page.getByRole("button", { name: "Save, paused" }).click();
    await page.waitForURL(/#\/mapping\/staff/);
    assert.match(project.read("mappings/staff.lua"), /conflict = "manual"/);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Run now" }).click();
    await page.getByText("3 created").first().waitFor();
    await until("the people on the right", async () => (await app.all("employees")).length === 3);
    await world.settled();
  },

  async "a record is browsed to, with both sides, the base, and why each field has its value"() {
    await visit(page, address, "#/record?mapping=staff");
    await page.getByRole("link", { name: "HR-00001" }).first().waitFor();
    await look("record-browse");
    await page.getByRole("link", { name: "HR-00001" }).first().click();
    await page.getByRole("heading", { name: "Both sides, and why" }).waitFor();
    await page.getByText("a look would write nothing").waitFor();
    const fields = page.getByRole("region", { name: "Each field with its value on both sides" });
    const name = fields.getByRole("row", { name: /full_name/ });
    await name.locator("summary").click();
    await name.getByText(/by a load, which keeps no values of its rows/).waitFor();
    await look("record-one");
  },

  async "a field's difference is ignored and heeded again; the record is parted, and joined by hand"() {
    await page.getByRole("button", { name: "ignore differences in remark" }).click();
    await page.getByRole("button", { name: "heed differences in remark" }).click();
    await page.getByRole("button", { name: "ignore differences in remark" }).waitFor();
    const id = (await row("ada")).id;
    const pause = (verb) => call(`http://tidewire/api/v1/mappings/staff/${verb}`, { method: "POST", body: "{}", socket: project.path("state/tidewire.sock") });
    await pause("disable");
    await page.getByRole("button", { name: "Unlink…" }).click();
    await page.getByRole("button", { name: "Unlink", exact: true }).click();
    await page.getByText("They are two again.").waitFor();
    await page.getByRole("button", { name: "Link by hand…" }).click();
    await page.getByLabel("Key on the left").fill("HR-00001");
    await page.getByLabel("Key on the right").fill(String(id));
    await page.getByRole("button", { name: "Link them" }).click();
    await page.locator(".chip", { hasText: "linked" }).first().waitFor();
    await pause("enable");
    await world.settled();
  },

  async "what was written is taken back, after a look at what that would be"() {
    const since = new Date().toISOString();
    await erp.edit("Staff Member", "HR-00002", { phone: "222" });
    await until("the phone on the right", async () => (await row("grace")).phone === "222");
    await world.settled();
    await visit(page, address, "#/record?mapping=staff&key=HR-00002");
    await page.getByRole("button", { name: "Take back…" }).click();
    await page.getByLabel(/A time, or how long ago/).fill(since);
    await page.getByRole("button", { name: "Look", exact: true }).click();
    await page.getByRole("button", { name: "Take it back" }).waitFor();
    await look("record-revert");
    await page.getByRole("button", { name: "Take it back" }).click();
    await page.getByText("Taken back;").waitFor();
    await until("the phone as it was", async () => (await row("grace")).phone === "1");
    // That it was made cannot be taken back, and is not offered.
    await page.getByRole("button", { name: "Take back…" }).click();
    await page.getByLabel(/A time, or how long ago/).fill("1d");
    await page.getByRole("button", { name: "Look", exact: true }).click();
    await page.getByText("it was created by this mapping").waitFor();
    assert.equal(await page.getByRole("button", { name: "Take it back" }).count(), 0);
  },

  async "a person is forgotten only when the key is typed"() {
    await visit(page, address, "#/record?mapping=staff&key=HR-00003");
    await page.getByRole("button", { name: "Forget…" }).click();
    await page.getByLabel(/Type HR-00003/).fill("HR-00001");
    await page.getByRole("button", { name: "Forget", exact: true }).click();
    await page.getByText("That is another key").waitFor();
    await page.getByRole("button", { name: "Forget…" }).click();
    await page.getByLabel(/Type HR-00003/).fill("HR-00003");
    await page.getByRole("button", { name: "Forget", exact: true }).click();
    await page.getByText(/^Forgotten:/).waitFor();
    assert.equal((await project.operations("staff", "HR-00003")).length, 0);
  },

  async "a rule for a conflict goes into the script with its test, is checked and applied"() {
    const socket = project.path("state/tidewire.sock");
    await call("http://tidewire/api/v1/mappings/staff/disable", { method: "POST", body: "{}", socket });
    await erp.edit("Staff Member", "HR-00001", { remark: "left of ada" });
    await app.edit("employees", "code", "ada", { remark: "right of ada" });
    await call("http://tidewire/api/v1/mappings/staff/enable", { method: "POST", body: "{}", socket });
    await until("the conflict", async () => (await call("http://tidewire/api/v1/conflicts", { socket })).json.conflicts.some((one) => one.field === "remark"));
    await visit(page, address, "#/conflicts");
    const card = page.locator("article").first();
    await card.getByRole("radio", { name: "take the right value of remark" }).check();
    await card.getByRole("button", { name: "Write the rule for this" }).click();
    await page.getByRole("dialog").getByText(/conflict = "right"/).first().waitFor();
    await look("rule");
    await page.getByRole("button", { name: "Put it into the script" }).click();
    await page.getByText("It loads, and its tests pass.").waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Saved and loaded").waitFor();
    const source = project.read("mappings/staff.lua");
    assert.match(source, /"remark", conflict = "right" \}/);
    assert.match(source, /wins = "right" \}/);
  },

  async "a mapping and its connection are deleted; empty pages say what to do"() {
    await visit(page, address, "#/mapping/staff");
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("staff is deleted.").waitFor();
    assert.ok(!fs.existsSync(project.path("mappings/staff.lua")));
    await visit(page, address, "#/connections/crm/edit");
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("crm is deleted.").waitFor();
    assert.ok(!fs.existsSync(project.path("connections/crm.lua")));
    project.remove("mappings/departments.lua");
    await until("no mapping", async () => Object.values((await project.status()).mappings).every((one) => one.state === "not_loaded"));
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, []);
  },
};

await run(cases, world);
