import assert from "node:assert/strict";
import fs from "node:fs";
import { make_conflict, tokens } from "../support/operator.mjs";
import { check_access, drawn, fits, open_browser, shot, sizes, smallest, visit, walk_by_keyboard } from "../support/browser.mjs";
import { call, run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, project, page, problems, address;
const password = "correct horse battery";

async function log_in() {
  await page.goto(address + "/");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

async function every_page(look) {
  const [operation] = await project.operations("employees", "HR-00001");
  const job = (await call("http://tidewire/api/v1/jobs", { socket: project.path("state/tidewire.sock") })).json.jobs[0].id;
  const pages = {
    overview: "#/", operations: "#/operations", operation: `#/operation/${operation.id}`, alerts: "#/alerts", conflicts: "#/conflicts", "past-conflicts": "#/conflicts?past=1", "dead-letters": "#/dead-letters", record: "#/record?mapping=employees&key=HR-00001",
    mapping: "#/mapping/employees", script: "#/mapping/employees?tab=script", edit: "#/mapping/employees?tab=edit", work: "#/mapping/employees?tab=work", jobs: "#/jobs", job: `#/jobs/${job}`,
    "new-mapping": "#/new-mapping?left=erp&left_collection=Team&right=app&right_collection=teams", "new-connection": "#/connections/new", "connection-secrets": "#/connections/erp/edit",
    connections: "#/connections", connection: "#/connections/erp", "connection-failing": "#/connections/old_site", "mapping-broken": "#/mapping/broken", webhooks: "#/webhooks", log: "#/logs", audit: "#/audit", users: "#/users", docs: "docs", problems: "docs/problems",
  };
  for (const [name, hash] of Object.entries(pages)) {
    await visit(page, address, hash);
    await look(name);
  }
}

const cases = {
  async "(a daemon with something of everything)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"], keep: { CHAT_HOOK: "http://127.0.0.1:9/nobody-listens" } }));
    ({ erp, project } = world);
    await erp.insert("Team", { code: "sea", team_name: "Sea" });
    for (const code of ["ada", "grace", "emmy", "hedy", "radia"]) await erp.insert("Staff Member", { staff_code: code, full_name: `${code} of the sea`, remark: "r", phone: "+44 20 7946 0958", team: "sea" });
    project.edit("tidewire.lua", "  defaults =", '  alerts = { to = post(secret "CHAT_HOOK"), look = "200ms", conflict = "100ms" },\n  defaults =');
    await project.start();
    address = project.daemon.address;
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    await make_conflict(world, "HR-00001", "ada");
    await make_conflict(world, "HR-00002", "grace");
    await erp.insert("Team", { code: "sky", team_name: "Sky" });
    await tokens(project, "employees");
    const put = await call("http://tidewire/api/v1/users/ada", { method: "PUT", body: { role: "admin", password }, socket: project.path("state/tidewire.sock") });
    assert.equal(put.status, 200, put.text);
    // A dead letter: its script stopped at it, and is mended again.
    const version = async () => (await project.status()).mappings.employees.version;
    const saved = async (from, to) => {
      const before = await version();
      project.edit("mappings/employees.lua", from, to);
      await until("the edit to be loaded", async () => (await version()) !== before);
    };
    const well = `{ "phone",         "phone" }`, ill = `{ "phone", "phone", { to_right = function() error("no phone today") end, to_left = function(v) return v end } }`;
    await saved(well, ill);
    await erp.edit("Staff Member", "HR-00003", { phone: "555" });
    await until("the dead letter", async () => (await project.dead("employees")).length === 1);
    await saved(ill, well);
    await world.settled();
    // A system that is away, with a long address in its trouble, and a mapping that does not load.
    project.edit("tidewire.lua", "    app =", '    old_site = frappe { url = "http://127.0.0.1:9", api_key = secret "ERP_KEY", api_secret = secret "ERP_SECRET" },\n    app =');
    project.write("mappings/legacy.lua", 'return mapping { left = old_site.doctype "Notice", right = app.table "notices", key = { left = "name", right = "id" }, match = { by.fields { { "code", "code" } } }, fields = { same { "code" } } }\n');
    project.write("mappings/broken.lua", 'return mapping {\n  left = erp.doctype "Team"\n  right = app.table "teams",\n}\n');
    await until("both to be told of", async () => { const { problems: told } = await project.status(); return ["connection old_site", "mapping broken", "mapping legacy"].every((name) => told.some((one) => one.startsWith(name))); });
    await until("the alert of the conflicts", async () => (await project.ask(["alerts", "--kind", "conflict"])).alerts.length === 1);
    ({ page, problems } = await open_browser());
  },

  async "the login: light, dark, desktop, phone"() {
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(address + "/");
      await page.getByRole("heading", { name: "Log in" }).waitFor();
      await check_access(page, `login ${scheme}`);
      await shot(page, `login-${scheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await log_in();
  },

  async "every page, light, desktop"() {
    await every_page(async (name) => {
      await check_access(page, name);
      await shot(page, `${name}-light-desktop`);
      await fits(page, name);
    });
  },

  async "every page, dark, desktop"() {
    await page.evaluate(() => localStorage.setItem("theme", "dark"));
    await page.reload();
    await drawn(page);
    await every_page(async (name) => {
      await check_access(page, `${name} dark`);
      await shot(page, `${name}-dark-desktop`);
    });
  },

  async "every page on a phone: nothing is wider than the screen"() {
    await page.evaluate(() => localStorage.setItem("theme", "light"));
    await page.setViewportSize(sizes.phone);
    await page.reload();
    await drawn(page);
    await every_page(async (name) => {
      const bar = await page.locator("header.top").boundingBox(), title = await page.locator("main h1").first().boundingBox();
      assert.ok(title.y >= bar.y + bar.height - 1, `the head of ${name} lies behind the bar`);
      await check_access(page, `${name} on a phone`);
      await shot(page, `${name}-light-phone`);
      await fits(page, `${name} on a phone`);
    });
    await visit(page, address, "#/mapping/employees");
    const [left, right] = await Promise.all(["Left", "Right"].map((side) => page.locator(`td[data-title=${side}]`).first().boundingBox()));
    assert.equal(left.y, right.y, "the fields of a mapping stand side by side");
    await visit(page, address, "#/");
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("link", { name: "Conflicts" }).first().waitFor();
    await shot(page, "menu-light-phone");
    await page.getByRole("link", { name: "Jobs" }).focus();
    await page.keyboard.press("Escape");
    await until("the menu to be closed", async () => !(await page.getByRole("link", { name: "Jobs" }).isVisible()));
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Menu");
    await page.setViewportSize(sizes.desktop);
  },

  async "every page on a phone, dark"() {
    await page.setViewportSize(sizes.phone);
    await page.evaluate(() => localStorage.setItem("theme", "dark"));
    await page.reload();
    await drawn(page);
    await every_page(async (name) => {
      await check_access(page, `${name} on a phone, dark`);
      await shot(page, `${name}-dark-phone`);
    });
    await page.evaluate(() => localStorage.setItem("theme", "light"));
    await page.reload();
    await drawn(page);
    await page.setViewportSize(sizes.desktop);
  },

  async "on the smallest of screens nothing is wider than the screen"() {
    await page.setViewportSize(smallest);
    await every_page((name) => fits(page, `${name} on the smallest screen`));
    await page.setViewportSize(sizes.desktop);
  },

  async "what does not run is said with its mend wherever one looks, and leads to it"() {
    await visit(page, address, "#/");
    const verdict = page.getByRole("alert").filter({ hasText: "Something is failing." });
    assert.equal(await verdict.getByRole("link", { name: "old_site" }).getAttribute("href"), "#/connections/old_site");
    await verdict.getByRole("link", { name: "2 conflicts" }).waitFor();
    await verdict.getByRole("link", { name: "broken" }).click();
    const told = page.getByRole("alert").filter({ hasText: "It does not run." });
    for (const tab of ["Script", "Fields", "Run"]) {
      await page.getByRole("tab", { name: tab }).click();
      await told.getByText("is a comma missing at the end of line 2?").waitFor();
    }
    await told.getByRole("link", { name: "mappings/broken.lua:3" }).click();
    assert.match(await page.locator(".source .marked").innerText(), /right = app/);
    await call(address + "/webhook/erp", { method: "POST", body: "{}", headers: { "Content-Type": "application/json", "X-Frappe-Webhook-Signature": "wrong" } });
    await visit(page, address, "#/webhooks");
    await page.getByText("erp was refused: 1 without a valid proof.").waitFor();
    await page.getByRole("link", { name: "Its secrets" }).waitFor();
  },

  async "what would change nothing cannot be pressed or filled in"() {
    await visit(page, address, "#/conflicts");
    assert.ok(await page.getByLabel("Key", { exact: true }).isDisabled(), "a key is a key of one mapping");
    await page.getByLabel("Mapping").selectOption("employees");
    await until("a key to be asked for", () => page.getByLabel("Key", { exact: true }).isEnabled());
    await visit(page, address, "#/record?mapping=employees&key=HR-00001");
    assert.ok(await page.getByLabel("Links that are").isDisabled(), "what is named is shown however it is linked");
    const [dead] = (await project.operations("employees", "HR-00003")).filter((one) => one.outcome === "dead");
    await visit(page, address, `#/operation/${dead.id}`);
    await page.getByText("The script was changed since: try it again.").waitFor();
    await page.getByRole("button", { name: "Try again now" }).click();
    await until("it to live again", async () => (await project.dead("employees")).length === 0);
    await page.reload();
    await drawn(page);
    assert.equal(await page.getByRole("button", { name: "Try again now" }).count(), 0, "nothing is left to be tried");
    const [waiting] = (await project.operations("employees", "HR-00001")).filter((one) => one.outcome === "conflict");
    await visit(page, address, `#/operation/${waiting.id}`);
    await page.getByRole("link", { name: "Decide" }).click();
    await page.getByText("left of ada").first().waitFor();
  },

  async "a staged load says what it waits for, and how it is let go"() {
    assert.equal((await project.cli("sync", "employees", "--staged")).code, 5);
    const [job] = (await call("http://tidewire/api/v1/jobs", { socket: project.path("state/tidewire.sock") })).json.jobs;
    assert.equal(job.undecided, 2);
    for (const [name, size] of Object.entries(sizes)) {
      await page.setViewportSize(size);
      await visit(page, address, `#/jobs/${job.id}`);
      await page.getByText("2 conflicts wait for a decision.").waitFor();
      assert.equal(await page.locator("progress").count(), 0, "nothing moves before a person has decided");
      assert.equal(await page.locator(".chip", { hasText: "waits for decisions" }).count(), 2);
      assert.equal(await page.getByRole("link", { name: "Decide them" }).getAttribute("href"), "#/conflicts?mapping=employees");
      await check_access(page, `staged job, ${name}`);
      await fits(page, `staged job, ${name}`);
      await shot(page, `job-staged-light-${name}`);
      await visit(page, address, "#/jobs");
      await page.locator(".chip", { hasText: "waits for decisions" }).first().waitFor();
      await shot(page, `jobs-staged-light-${name}`);
    }
    await page.setViewportSize(sizes.desktop);
    assert.match((await project.cli("jobs")).out, /waits for 2 decisions/);
    assert.equal((await project.cli("jobs", "cancel", job.id)).code, 0);
    await world.settled();
  },

  async "an alert is taken in hand where it is seen, and stays"() {
    await visit(page, address, "#/");
    // One of the dead letter that was tried again may still be there.
    const conflict = page.getByRole("listitem").filter({ hasText: /waits? for a person/ });
    await conflict.getByRole("button", { name: "I’ll see to it" }).click();
    await page.getByText("ada has it in hand,").waitFor();
    await visit(page, address, "#/alerts");
    await page.getByText(/fields? of employees waits? for a person/).first().waitFor();
    const told = page.locator("section", { has: page.getByRole("heading", { name: "Notices" }) });
    await told.getByText("secret CHAT_HOOK").first().waitFor();
    await told.locator(".chip", { hasText: "not yet" }).first().waitFor();
    await told.getByText("The text").first().click();
    assert.equal((await project.ask(["alerts"])).alerts.find((one) => one.kind === "conflict").acknowledged_by, "ada");
    await shot(page, "alert-in-hand-light-desktop");
  },

  async "with the keyboard alone: to the content, to the search, through the tabs"() {
    await visit(page, address, "#/operations");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.name), "text");
    await page.keyboard.type("HR-00001");
    await page.keyboard.press("Enter");
    await page.waitForURL(/text=HR-00001/);
    await until("the list to be filtered", async () => (await page.locator("tbody tr").allInnerTexts()).every((text) => text.includes("HR-00001")));
    await visit(page, address, "#/mapping/employees");
    await page.getByRole("tab", { name: "Fields" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("region", { name: "Script" }).waitFor();
    await until("the next tab to be chosen", () => page.evaluate(() => document.activeElement.textContent === "Script"));
    await visit(page, address, "#/");
    await page.reload();
    await drawn(page);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    // The browser moves on its own time, and the list may be drawn anew between two keys.
    await until("the link to lead to the content", async () => {
      await page.locator("a.skip").focus();
      await page.keyboard.press("Enter");
      await page.waitForTimeout(50);
      await page.keyboard.press("Tab");
      return page.evaluate(() => document.activeElement.closest("main") !== null);
    }, 20);
  },

  async "every page by the keyboard alone: all is reached, and is seen to have the focus"() {
    await every_page(async (name) => {
      // A page that is live may be drawn anew under the walk.
      let found = await walk_by_keyboard(page);
      for (let again = 0; again < 3 && found.length > 0; again += 1) found = await walk_by_keyboard(page);
      assert.deepEqual(found, [], name);
    });
    await visit(page, address, "#/connections");
    const opens = page.getByRole("button", { name: "Pause…" }).first();
    await opens.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.name), "minutes");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await until("the focus to be where it was", () => opens.evaluate((one) => one === document.activeElement));

    await visit(page, address, "#/conflicts");
    const card = page.locator("article").first();
    await card.getByRole("radio").first().focus();
    await page.keyboard.press("Space");
    await card.getByText("Both sides will have").waitFor();
    await page.keyboard.press("ArrowDown");
    await until("the other side to be chosen by an arrow", async () => (await card.getByRole("radio").nth(1).isChecked()) && (await card.getByRole("radio").nth(1).evaluate((one) => one === document.activeElement)));
    await page.reload();
    await drawn(page);
  },

  async "a viewer sees no button that would be refused"() {
    const put = await call("http://tidewire/api/v1/users/vera", { method: "PUT", body: { role: "viewer", password }, socket: project.path("state/tidewire.sock") });
    assert.equal(put.status, 200, put.text);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Name").fill("vera");
    await page.getByLabel("Password").fill(password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    for (const hash of ["#/", "#/operations", "#/conflicts", "#/dead-letters", "#/connections", "#/mapping/employees"]) {
      await visit(page, address, hash);
      for (const name of [/Retry/, /Resolve/, /Discard/, /Test now/, /Make all level/, /Pause/]) assert.equal(await page.getByRole("button", { name }).count(), 0, `${name} on ${hash}`);
    }
    assert.equal(await page.getByRole("link", { name: "Users" }).count(), 0);
  },

  async "on a phone a list begins under its first filters; the others unfold, and are so where one is set"() {
    await page.setViewportSize(sizes.phone);
    await visit(page, address, "#/operations");
    assert.equal(await page.getByLabel("Outcome").isVisible(), false);
    await page.getByRole("button", { name: "More filters" }).click();
    assert.equal(await page.getByLabel("Outcome").isVisible(), true);
    await fits(page, "unfolded filters");
    await visit(page, address, "#/operations?outcome=applied");
    assert.equal(await page.getByLabel("Outcome").isVisible(), true);
    await page.setViewportSize(sizes.desktop);
    assert.equal(await page.getByRole("button", { name: "Fewer filters" }).count(), 0);
    await visit(page, address, "#/operations");
    assert.equal(await page.getByLabel("Outcome").isVisible(), true);
  },

  async "a table goes out as CSV and as JSON"() {
    await visit(page, address, "#/operations");
    const [csv] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    assert.equal(csv.suggestedFilename(), "operations.csv");
    const text = fs.readFileSync(await csv.path(), "utf8");
    assert.match(text.split("\r\n")[0], /^\ufeff"When","Mapping"/, "a spreadsheet knows by the mark that it is UTF-8");
    const [json] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "JSON" }).click()]);
    assert.ok(JSON.parse(fs.readFileSync(await json.path(), "utf8")).length > 0);
    assert.deepEqual(problems, []);
  },
};

await run(cases, world);
