import assert from "node:assert/strict";
import fs from "node:fs";
import { check_access, fits, log_in, open_browser, shot, sizes, visit } from "../support/browser.mjs";
import { make_conflict } from "../support/operator.mjs";
import { call, run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, project, page, problems, address;
const password = "correct horse battery";
const people = 60;
const key = (number) => `HR-${String(number).padStart(5, "0")}`;
const socket = () => project.path("state/tidewire.sock");
const post = async (target, body = {}) => assert.ok([200, 202].includes((await call(`http://tidewire/api/v1/${target}`, { method: "POST", body, socket: socket() })).status), target);
const mapping = async () => (await project.status()).mappings.employees;
const conflicts = async () => (await project.ask(["conflicts"])).conflicts;
const rows = () => page.locator("tbody tr").count();
const answer = (name) => page.getByRole("dialog").getByRole("button", { name }).click();

/// In light and dark, on a desktop and a phone.
async function seen(name) {
  for (const scheme of ["light", "dark"]) {
    await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, scheme);
    await check_access(page, `${name}, ${scheme}`);
    for (const [size, box] of Object.entries(sizes)) {
      await page.setViewportSize(box);
      await shot(page, `${name}-${scheme}-${size}`);
      await fits(page, `${name}, ${size}`);
    }
  }
  await page.evaluate(() => { document.documentElement.dataset.theme = "light"; });
  await page.setViewportSize(sizes.desktop);
}

/// Saves an edit of the mapping and waits until its new version runs.
async function saved(from, to) {
  const before = (await mapping()).version;
  project.edit("mappings/employees.lua", from, to);
  await until("the edit to be loaded", async () => (await mapping()).version !== before);
}

const well = `{ "phone",         "phone" }`, ill = `{ "phone", "phone", { to_right = function() error("no phone today") end, to_left = function(v) return v end } }`;

const cases = {
  async "(the daemon runs, nothing was loaded)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, project } = world);
    await erp.insert("Team", { code: "sea", team_name: "Sea" });
    await erp.insert_many(Array.from({ length: people }, (_, i) => ({ doctype: "Staff Member", staff_code: `s${i}`, full_name: `Sailor ${i}`, phone: "1", remark: "r" })));
    await project.start();
    address = project.daemon.address;
    await world.connect();
    const put = await call("http://tidewire/api/v1/users/ada", { method: "PUT", body: { role: "admin", password }, socket: socket() });
    assert.equal(put.status, 200, put.text);
    ({ page, problems } = await open_browser());
    await log_in(page, address, "ada", password);
  },

  async "what was never loaded is not called level"() {
    await page.getByText("Whether 2 mappings are level is not known.").waitFor();
    await page.getByText("nothing is linked yet").first().waitFor();
    assert.equal(await page.getByText("Everything is level.").count(), 0);
    await visit(page, address, "#/jobs");
    await page.getByText("No job yet").waitFor();
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
  },

  async "two filled sides are reported first; the mapping is held, says so everywhere, and goes on once the report is accepted"() {
    await post("sync", { mapping: "departments" });
    await world.settled();
    await visit(page, address, "#/mapping/employees?tab=work");
    await seen("operating-work");
    await page.getByRole("button", { name: "Report first…" }).click();
    await answer("Report");
    await page.waitForURL(/#\/jobs\//);
    await page.getByText("employees is held:").waitFor();
    await page.getByText(`${people} left only`).first().waitFor();
    await page.getByRole("cell", { name: "left only", exact: true }).first().waitFor();
    await page.getByText("50 rows, more to load").waitFor();
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "All as CSV" }).click()]);
    assert.equal(fs.readFileSync(await csv.path(), "utf8").split("\r\n").length, people + 1);
    await page.getByRole("button", { name: "Load more" }).click();
    await page.getByText(`${people} rows`, { exact: true }).waitFor();
    await seen("operating-adopt");
    await visit(page, address, "#/");
    await page.getByText("held (adoption: reported, not accepted)").waitFor();
    await visit(page, address, "#/mapping/employees");
    await page.locator(".chip", { hasText: "held" }).first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Resume" }).count(), 0, "it is not paused");
    await page.getByRole("button", { name: "Accept and load" }).click();
    await answer("Accept and load");
    await page.waitForURL(/#\/jobs\//);
    await page.getByText(`${people} created`).first().waitFor();
    await page.locator(".chip", { hasText: "done" }).first().waitFor();
    await world.settled();
    assert.equal((await mapping()).links, people);
    assert.equal((await mapping()).held_for, undefined);
    await visit(page, address, "#/");
    await page.getByText("Everything is level.").waitFor();
    await seen("operating-level");
  },

  async "the overview tells of each mapping when it last came to a good end, how much it does, and when it runs next"() {
    const row = page.getByRole("table", { name: "Mappings" }).getByRole("row", { name: /^employees/ }), cell = (title) => row.locator(`td[data-title="${title}"]`);
    assert.equal(await cell("Last success").locator("time").getAttribute("datetime"), (await mapping()).last_success);
    assert.equal(await cell("Next run").innerText(), "when told");
    assert.match(await cell("Last 24 h").innerText(), new RegExp(`^${people}, ${people} in the last hour$`));
    await saved("on    = { webhook = true }", `on    = { webhook = true, poll = "every 2h" }`);
    await until("a poll to be planned", async () => (await mapping()).next_poll?.left);
    await visit(page, address, "#/");
    assert.match(await cell("Next run").innerText(), /^in \d+ (min|hr)/);
    await saved(`on    = { webhook = true, poll = "every 2h" }`, "on    = { webhook = true }");
    await post("mappings/departments/disable");
    await visit(page, address, "#/");
    assert.equal(await page.getByRole("row", { name: /^departments/ }).locator('td[data-title="Next run"]').innerText(), "paused");
    await post("mappings/departments/enable");
  },

  async "what is paused is not called level"() {
    await project.ask(["pause", "employees"]);
    await erp.edit("Staff Member", key(1), { phone: "2" });
    await visit(page, address, "#/");
    await page.getByText("paused: what comes waits until it is resumed").waitFor();
    assert.equal(await page.getByText("Everything is level.").count(), 0);
    assert.equal(await page.getByText("being worked off").count(), 0);
    await seen("operating-off");
    await visit(page, address, "#/mapping/employees?tab=work");
    await page.getByText("It is paused.").waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("It goes on.").waitFor();
    await world.settled();
  },

  async "both sides are compared from the page, and the list of jobs is live"() {
    await visit(page, address, "#/mapping/employees?tab=work");
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.waitForURL(/#\/jobs\//);
    await page.getByRole("heading", { name: "Compare completely" }).waitFor();
    await page.locator(".chip", { hasText: "done" }).first().waitFor();
    await page.getByText("Both sides are level.").waitFor();
    await make_conflict(world, key(2), "s1");
    const { json: { job } } = await call("http://tidewire/api/v1/verify", { method: "POST", body: { mapping: "employees" }, socket: socket() });
    await visit(page, address, `#/jobs/${job}`);
    await page.getByRole("heading", { name: /Found in \d+ records: 1 differing/ }).waitFor();
    const found = page.getByRole("table", { name: "What was found" }).getByRole("row", { name: key(2) });
    assert.match(await found.innerText(), /remark: left left of s1 · right right of s1/);
    assert.equal(await found.getByRole("link", { name: key(2) }).getAttribute("href"), `#/record?mapping=employees&key=${key(2)}&side=left`);
    const [{ id }] = await conflicts();
    await post(`conflicts/${id}/resolve`, { method: "left" });
    await world.settled();
    await visit(page, address, "#/jobs");
    await page.getByRole("cell", { name: "Compare completely" }).first().waitFor();
    await seen("operating-jobs");
    await post("sync", { mapping: "employees", sweep: true });
    await page.getByRole("cell", { name: "Find what was deleted" }).waitFor();
  },

  async "the list of operations keeps what was loaded when something new comes, and goes out whole"() {
    await visit(page, address, "#/operations?mapping=employees");
    await page.getByRole("button", { name: "Load more" }).click();
    await until("the second page", async () => (await rows()) > 50);
    const before = await rows();
    await erp.edit("Staff Member", key(2), { phone: "3" });
    await until("the new one before the others", async () => (await rows()) > before);
    await visit(page, address, "#/operations?mapping=employees&kind=create");
    await page.getByText("50 rows, more to load").waitFor();
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "All as CSV" }).click()]);
    await page.getByText(`${people} rows exported.`).waitFor();
    assert.equal(fs.readFileSync(await csv.path(), "utf8").split("\r\n").length, people + 1);
    await world.settled();
  },

  async "an answer that comes late is not drawn over the list that took its place; what is received is listed as it comes"() {
    await visit(page, address, "#/operations?mapping=employees");
    let let_go;
    const held = new Promise((resolve) => { let_go = resolve; });
    await page.route(/outcome=dead/, async (route) => { await held; await route.continue(); });
    await page.getByLabel("Outcome").selectOption("dead");
    await page.waitForURL(/outcome=dead/);
    await page.getByLabel("Outcome").selectOption("applied");
    await page.waitForURL(/outcome=applied/);
    await until("the list that was asked for last", async () => (await rows()) === 50);
    const late = page.waitForResponse(/outcome=dead/);
    let_go();
    await (await late).finished();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));  // what follows from the answer is done
    assert.equal(await rows(), 50);
    await page.unroute(/outcome=dead/);

    await visit(page, address, "#/webhooks");
    const before = await rows();
    await erp.edit("Staff Member", key(2), { phone: "live" });
    await until("it to be listed", async () => (await rows()) > before);
    await world.settled();
  },

  async "what is drawn anew leaves the hand on what it was at: the focus, a pressed button, what was opened"() {
    await visit(page, address, "#/operations?mapping=employees");
    const link = page.locator("tbody a").nth(3);
    const held = await link.getAttribute("href");
    await link.focus();
    const before = await page.locator("tbody a").first().getAttribute("href");
    await erp.edit("Staff Member", key(2), { phone: "4" });
    await until("the list to be drawn anew", async () => (await page.locator("tbody a").first().getAttribute("href")) !== before);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), held);
    await world.settled();

    await world.app.faults({ match: { method: "GET", path: "employees" }, action: { delay: 4 } });
    await post("sync", { mapping: "employees", all: true });
    await visit(page, address, `#/jobs/${(await project.ask(["jobs"])).jobs[0].id}`);
    // Taken out of the page between being found and being measured, it has no place: it is measured again.
    const cancel = await until("Cancel to be measured", () => page.getByRole("button", { name: "Cancel" }).boundingBox());
    await page.mouse.move(cancel.x + 5, cancel.y + 5);
    await page.mouse.down();
    await page.waitForTimeout(2000);  // it is drawn anew every 700 ms
    await page.mouse.up();
    await page.locator(".chip", { hasText: "cancelled" }).first().waitFor();
    await world.app.well();
    await world.settled();
  },

  async "a failed operation leads to its script line, to what was received, and says how often it was tried"() {
    await saved(well, ill);
    for (const number of [3, 4]) await erp.edit("Staff Member", key(number), { phone: "4" });
    await until("two dead letters", async () => (await project.dead("employees")).length === 2);
    const [dead] = (await project.operations("employees", key(3))).filter((one) => one.outcome === "dead");
    await visit(page, address, `#/operation/${dead.id}`);
    await page.getByText(`The left key ${key(3)} was tried`).waitFor();
    await page.getByRole("link", { name: /mappings\/employees\.lua:\d+/ }).first().waitFor();
    await seen("operating-operation");
    await page.getByRole("link", { name: /mappings\/employees\.lua:\d+/ }).first().click();
    assert.match(await page.locator(".source .marked").innerText(), /no phone today/);
    await visit(page, address, `#/operation/${dead.id}`);
    await page.getByRole("link", { name: "what was received" }).click();
    await page.getByRole("cell", { name: key(3), exact: true }).first().waitFor();
    assert.match(page.url(), /connection=erp/);
  },

  async "what failed is tried again as far as it is shown, after a person saw how many"() {
    await saved(ill, well);
    const [dead] = (await project.operations("employees", key(3))).filter((one) => one.outcome === "dead");
    await visit(page, address, `#/operation/${dead.id}`);
    await page.getByText("mappings/employees.lua as it was then:").waitFor();
    await page.locator("li", { hasText: "stopped at line" }).locator("code", { hasText: "no phone today" }).waitFor();
    await visit(page, address, `#/operations?text=${key(3)}`);
    await page.getByRole("button", { name: "Retry dead letters…" }).click();
    await page.getByText("Try 1 dead letter again?").waitFor();
    await seen("operating-retry");
    await answer("Try again");
    await page.getByText("1 is being tried again.").waitFor();
    await until("one to be left", async () => (await project.dead("employees")).map((one) => one.key).join() === key(4));
    // That it is not dead any more says that it is tried; what the try came to is the operation after it.
    const done = await until("the phone to be written", async () => (await project.operations("employees", key(3))).find((one) => one.outcome === "applied" && one.kind === "update"));
    await visit(page, address, `#/operation/${done.id}`);
    await page.getByText("phone by").waitFor();
    // The write opens by keyboard to what was sent and what came back.
    const said = page.locator("details.exchange", { hasText: "PATCH" });
    await said.locator("summary").focus();
    await page.keyboard.press("Enter");
    await said.getByRole("heading", { name: /^Request/ }).waitFor();
    assert.match(await said.locator("pre").first().innerText(), /"phone": "4"/);
    assert.match(await said.locator("pre").last().innerText(), /"phone": "4"/);
    assert.match(await said.locator("summary").innerText(), /employees.* 200/s);
    await seen("operating-exchange");
    await page.getByRole("link", { name: /mappings\/employees\.lua:\d+/ }).click();
    assert.match(await page.locator(".source .marked").innerText(), /"phone"/);
    await visit(page, address, "#/dead-letters?mapping=departments");
    await page.getByRole("button", { name: "Retry dead letters…" }).click();
    await page.getByText("None of those shown is a dead letter that can be tried again.").waitFor();
    await visit(page, address, "#/dead-letters");
    await page.getByLabel("Key", { exact: true }).fill(key(3));
    await page.keyboard.press("Enter");
    await page.getByText("Nothing like that stands").waitFor();
    await page.getByLabel("Key", { exact: true }).fill(key(4));
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: key(4) }).click();
    await page.getByText("The left key stands: dead letter").waitFor();
    assert.equal((await project.ask(["conflicts", "employees", "--key", key(4)])).conflicts.length, 0);
    assert.match((await project.cli("conflicts", "employees", "--key", key(4))).out, /dead/);
    assert.doesNotMatch((await project.cli("conflicts", "employees", "--key", key(3))).out, /dead/);
    await visit(page, address, "#/dead-letters");
    await page.getByRole("button", { name: "Retry dead letters…" }).click();
    await answer("Try again");
    await page.getByText("Nothing stands").waitFor();
    await world.settled();
  },

  async "a poll begins anew from the page"() {
    await saved("on    = { webhook = true }", `on    = { webhook = true, poll = "every 1h" }`);
    await until("a place to continue from", async () => (await project.ask(["cursors"])).cursors.some((one) => one.mapping === "employees"));
    await visit(page, address, "#/mapping/employees");
    const draws = () => page.evaluate(() => performance.getEntriesByType("resource").filter((one) => one.name.endsWith("/cursors")).length);
    await page.getByText("Where the poll continues").first().click();
    const before = await draws();
    await erp.edit("Staff Member", key(5), { phone: "5" });
    await until("it to be drawn anew", async () => (await draws()) > before);
    await page.getByRole("button", { name: "Poll from the beginning…" }).first().click();
    await answer("Begin anew");
    await page.getByText("The next poll begins anew.").waitFor();
    assert.equal((await project.ask(["audit", "--action", "reset_cursor"])).audit[0].author, "ada");
    await world.settled();
  },

  async "alike conflicts are decided together, after a look at what each side of each would have"() {
    for (const number of [6, 7, 8]) await make_conflict(world, key(number), `s${number - 1}`);
    await visit(page, address, "#/conflicts?mapping=employees");
    await page.getByText("3 rows").waitFor();
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    const lines = fs.readFileSync(await csv.path(), "utf8").split("\r\n");
    assert.match(lines[0], /"Left record","Right record","Left","Right"/);
    assert.equal(lines.length, 4);
    assert.ok(lines.some((one) => one.includes(key(7)) && one.includes("left of s6") && one.includes("right of s6")), lines.join("\n"));
    const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON" }).click()]);
    assert.deepEqual(JSON.parse(fs.readFileSync(await json.path(), "utf8")).map((one) => one.left_key).sort(), [6, 7, 8].map(key));

    await page.getByRole("radio", { name: "take the right value of remark" }).first().check();
    await page.getByRole("button", { name: "The same for all alike" }).first().click();
    const asked = page.getByRole("dialog");
    await asked.getByText("The same for 3 conflicts?").waitFor();
    for (const number of [6, 7, 8]) {
      const told = await asked.getByRole("row", { name: key(number) }).innerText();
      assert.match(told, new RegExp(`left of s${number - 1}\\s+right of s${number - 1}\\s+right of s${number - 1}\\s+right of s${number - 1}`));
    }
    await seen("operating-alike");
    await asked.getByRole("button", { name: "Cancel" }).click();
    assert.equal((await conflicts()).length, 3);
    await page.getByRole("button", { name: "The same for all alike" }).first().click();
    await answer("Decide them all");
    await page.getByText("3 decided.").waitFor();
    await page.getByText("No conflict is like that").waitFor();
    await world.settled();
    assert.equal((await erp.find("Staff Member", "name", key(7))).remark, "right of s6");
    await visit(page, address, `#/conflicts?mapping=employees&past=1&key=${key(7)}`);
    await page.getByText("1 row").waitFor();
    await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    await visit(page, address, "#/conflicts");
    await page.getByText("No conflict waits").waitFor();
  },

  async "a record is found by its key alone, whichever mapping it is of, and by a value where it is no key"() {
    await page.goto(`${address}/#/record?key=${key(5)}`);
    await page.waitForURL(/mapping=employees/);
    await page.getByRole("heading", { name: "Both sides, and why" }).waitFor();
    assert.equal(await page.getByLabel("Mapping").inputValue(), "employees");
    await visit(page, address, "#/record?key=1");
    await page.getByRole("heading", { name: "2 records have the key 1" }).waitFor();
    assert.deepEqual((await page.locator("td[data-title=Mapping]").allInnerTexts()).sort(), ["departments", "employees"]);
    await seen("operating-find-record");
    await visit(page, address, "#/record?mapping=departments&key=live");
    await page.getByText("Nothing is known of live").waitFor();
    await page.getByRole("link", { name: "Look in every mapping" }).click();
    await page.getByText("No mapping links a record live").waitFor();
    await page.getByRole("link", { name: "Search keys and values of operations" }).click();
    await page.locator("td[data-title=Left]").getByRole("link", { name: key(2) }).first().click();
    await page.waitForURL(/#\/record\?mapping=employees&key=HR-00002&side=left$/);
    await page.getByRole("heading", { name: "Both sides, and why" }).waitFor();
  },

  async "a record's own conflicts are opened from it, though the other side has its key too"() {
    const version = async () => (await project.status()).mappings.departments.version, before = await version();
    project.edit("mappings/departments.lua", `{ "team_name", "name" }`, `{ "team_name", "name", conflict = "manual" }`);
    await until("the edit to be loaded", async () => (await version()) !== before);
    await erp.insert("Team", { code: "1", team_name: "One" });
    await world.settled();
    assert.equal(String((await world.app.find("teams", "code", "sea")).id), "1");
    await post("mappings/departments/disable");
    for (const code of ["sea", "1"]) {
      await erp.edit("Team", code, { team_name: `left of ${code}` });
      await world.app.edit("teams", "code", code, { name: `right of ${code}` });
    }
    await post("mappings/departments/enable");
    await until("two conflicts", async () => (await conflicts()).length === 2);
    for (const [side, own, other] of [["right", "sea", "1"], ["left", "1", "sea"]]) {
      assert.equal((await project.ask(["conflicts", "departments", "--key", "1", "--side", side])).conflicts[0].left, `left of ${own}`);
      await visit(page, address, `#/record?mapping=departments&key=1&side=${side}`);
      await page.getByRole("link", { name: "Decide", exact: true }).click();
      await page.getByText(`left of ${own}`).first().waitFor();
      assert.equal(await page.getByText(`left of ${other}`).count(), 0);
      await visit(page, address, `#/conflicts?mapping=departments&key=1&key_side=${side}`);
      await page.getByText(`left of ${own}`).first().waitFor();
      assert.equal(await page.getByText(`left of ${other}`).count(), 0);
      assert.equal(await page.getByLabel("Whose key").inputValue(), side);
      await page.getByRole("radio", { name: "take the left value of team_name" }).check();
      await page.getByRole("button", { name: "Resolve" }).click();
      await page.getByText("No conflict is like that").waitFor();
    }
    await world.settled();
    assert.equal((await world.app.find("teams", "code", "sea")).name, "left of sea");
  },

  async "what the brake holds is let go from the page"() {
    await saved(`    { "bio",           "bio" },\n`, "");
    await erp.insert("Team", { code: "sky", team_name: "Sky" });
    for (let number = 1; number <= 30; number += 1) await erp.edit("Staff Member", key(number), { bio: `of ${number}` });
    await world.settled();
    await saved(`    { "full_name",     "name" },\n`, `    { "full_name",     "name" },\n    { "bio",           "bio" },\n`);
    await project.cli("sync", "employees", "--all");
    await until("the brake", async () => (await mapping()).braked?.[0]?.field === "bio");
    await visit(page, address, "#/mapping/employees?tab=work");
    await page.getByRole("heading", { name: "What the brake holds" }).waitFor();
    await seen("operating-brake");
    await page.getByRole("button", { name: "Let it go" }).click();
    await answer("Let go");
    await page.getByText(/records go on\./).waitFor();
    await world.settled();
    await until("nothing to be braked", async () => (await mapping()).braked === undefined);
    await page.getByRole("heading", { name: "What the brake holds" }).waitFor({ state: "detached" });
  },

  async "a record that waits for its parent leads to it, from its own page and from the list"() {
    await post("mappings/departments/disable");
    await erp.insert("Team", { code: "a/b c", team_name: "Late" });
    const { name: child } = await erp.insert("Staff Member", { staff_code: "late", full_name: "Late", team: "a/b c" });
    await until("it to wait", async () => (await mapping()).waiting_for === 1);
    const lead = async (hash) => {
      await visit(page, address, hash);
      await page.locator("main").getByRole("link", { name: "a/b c", exact: true }).click();
      await page.waitForURL(/#\/record\?mapping=departments&key=a%2Fb%20c&side=left$/);
      await page.getByText("departments is paused").waitFor();
      assert.equal(await page.getByLabel("Key, of either side").inputValue(), "a/b c");
    };
    await visit(page, address, `#/record?mapping=employees&key=${child}`);
    await page.getByText("The left key stands: waiting for a parent").waitFor();
    await page.getByText(`left ${child}`).waitFor();
    assert.equal(await page.getByText("since it was linked").count(), 0);
    await page.getByText("not linked yet").first().waitFor();
    await seen("operating-waits-for-parent");
    await lead(`#/record?mapping=employees&key=${child}`);
    await lead("#/dead-letters?state=waiting_for");
    await post("mappings/departments/enable");
    await until("it to be linked", async () => (await mapping()).waiting_for === 0 && (await world.app.find("employees", "code", "late"))?.team_id);
    await world.settled();
    await visit(page, address, `#/record?mapping=employees&key=${child}`);
    assert.equal(await page.getByText("waiting for a parent").count(), 0);
  },

  async "long work tells how far it is: rows fetched for an export, dead letters tried again"() {
    let let_go;
    const held = new Promise((resolve) => { let_go = resolve; });
    const rows_of = (number) => Array.from({ length: number }, (_, i) => ({ id: `00000000-0000-7000-8000-${String(i).padStart(12, "0")}`, at: "2024-05-01T10:00:00Z", mapping: "employees", kind: "update", outcome: "applied" }));
    await page.route(/\/api\/v1\/operations\?/, async (route) => {
      const query = new URL(route.request().url()).searchParams;
      if (query.get("after")) await held;
      await route.fulfill({ json: { operations: rows_of(10), ...(query.get("after") ? {} : { next: "more" }) } });
    });
    await visit(page, address, "#/operations");
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "All as CSV" }).click(), page.getByText("10 rows fetched…").waitFor().then(let_go)]);
    assert.equal(fs.readFileSync(await csv.path(), "utf8").split("\r\n").length, 21);
    assert.equal(await page.getByText("rows fetched…").count(), 0);
    await page.unroute(/\/api\/v1\/operations\?/);

    let try_on, tried = 0;
    const first = new Promise((resolve) => { try_on = resolve; });
    await page.route(/\/api\/v1\/dead-letters\?/, (route) => route.fulfill({ json: { keys: Array.from({ length: 25 }, (_, i) => ({ mapping: "employees", side: "left", key: `K${i}`, state: "dead", attempts: 1, since: "2024-05-01T10:00:00Z" })) } }));
    await page.route(/\/api\/v1\/retry$/, async (route) => { if ((tried += 1) === 6) await first; await route.fulfill({ json: { retried: 1 } }); });
    await visit(page, address, "#/dead-letters");
    await page.getByRole("button", { name: "Retry dead letters…" }).click();
    await answer("Try again");
    await page.getByText("5 of 25 dead letters asked to be tried again").waitFor();
    try_on();
    await page.getByText("25 are being tried again.").waitFor();
    assert.equal(await page.getByText("asked to be tried again").count(), 0);
    await page.unroute(/\/api\/v1\/dead-letters\?/);
    await page.unroute(/\/api\/v1\/retry$/);
  },

  async "the log and the audit trail are searched"() {
    await page.reload();
    await visit(page, address, "#/logs");
    await page.locator(".log div.info", { hasText: "employees" }).first().waitFor();  // written before the page was opened
    await project.ask(["reset", "employees", "--side", "left"]);
    project.edit("mappings/employees.lua", "return mapping", "return mapping -- again\n");
    await page.locator(".log div").first().waitFor();
    await page.getByLabel("Search").fill("no such words anywhere");
    await page.keyboard.press("Enter");
    await page.getByText("No line fits").waitFor();
    await page.getByLabel("Search").fill("");
    await page.getByLabel("Level").selectOption("error");
    await until("the address to have it", () => page.url().includes("level=error"));
    await page.getByLabel("Level").selectOption("");
    await page.locator(".log div.info").first().waitFor();
    await seen("operating-log");
    await visit(page, address, "#/audit");
    await page.getByLabel("Did").fill("retry");
    await page.keyboard.press("Enter");
    await until("retries alone", async () => { const did = await page.locator("td[data-title=Did]").allInnerTexts(); return did.length > 0 && did.every((one) => one === "retry"); });
    assert.match(await page.locator("td[data-title=To] a").first().getAttribute("href"), /^#\/record\?mapping=employees&key=HR-/);
    await page.getByLabel("Who").fill("nobody");
    await page.keyboard.press("Enter");
    await page.getByText("Nobody did anything like that").waitFor();
    await seen("operating-audit");
    assert.deepEqual(problems, []);
  },
};

await run(cases, world);
