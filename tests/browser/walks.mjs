import assert from "node:assert/strict";
import { make_conflict } from "../support/operator.mjs";
import { check_access, drawn, open_browser, shot, visit } from "../support/browser.mjs";
import { run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, app, project, page, problems, foreign, address;

const row = (code) => app.find("employees", "code", code);

/// Saves an edit of the mapping and waits until its new version runs.
async function saved(from, to) {
  const version = async () => (await project.status()).mappings.employees.version;
  const before = await version();
  project.edit("mappings/employees.lua", from, to);
  await until("the edit to be loaded", async () => (await version()) !== before);
}

const cases = {
  async "(the daemon runs, nobody has a login yet)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, app, project } = world);
    for (const code of ["ada", "grace", "emmy"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, remark: "r" });
    project.edit("mappings/employees.lua", `"bio" }`, `"bio", conflict = "manual" }`);
    await project.start();
    address = project.daemon.address;
    await world.connect();
    ({ page, problems, foreign } = await open_browser());
  },

  async "the set-up link makes the first user and logs in; it works once"() {
    const { setup } = JSON.parse(project.daemon.out().split("\n").find((line) => line.startsWith("{")));
    assert.ok(setup.startsWith(address + "/#/setup/"), setup);
    for (const scheme of ["dark", "light"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto("about:blank");  // or only what follows the # would change
      await page.goto(setup);
      await page.getByRole("heading", { name: "First set-up" }).waitFor();
      await check_access(page, `the set-up, ${scheme}`);
      await shot(page, `set-up-${scheme}`);
    }
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password, at least 10 characters").fill("correct horse battery");
    await page.getByLabel("The same again").fill("correct horse battery");
    await page.getByRole("button", { name: "Make the user" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("ada · admin").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.goto(setup);
    await page.getByRole("heading", { name: "Log in" }).waitFor();
  },

  async "a wrong password says so; the right one comes in"() {
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("the name or the password is wrong").waitFor();
    await page.getByLabel("Password").fill("correct horse battery");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  },

  async "the initial load is started from the page and shows its progress to the end"() {
    await visit(page, address, "#/mapping/employees?tab=work");
    await app.faults({ match: { method: "POST", path: "employees" }, action: { delay: 2 } });
    await page.getByRole("button", { name: "Run now" }).click();
    await page.waitForURL(/#\/jobs\//);
    await page.getByText("3 looked at, 3 to go").waitFor();
    await page.getByRole("progressbar", { name: "progress of employees" }).waitFor();
    await shot(page, "walk-load-under-way");
    await app.well();
    await page.getByText("3 created").first().waitFor();
    await page.locator(".chip", { hasText: "done" }).first().waitFor();
    await shot(page, "walk-load");
    await world.settled();
    assert.equal((await app.all("employees")).length, 3);
  },

  async "a conflict is seen from three sides and decided field by field; both systems get it"() {
    await make_conflict(world, "HR-00001", "ada", { left: { bio: "left bio" }, right: { bio: "right bio" } });
    await visit(page, address, "#/conflicts");
    const card = (name) => page.locator("article", { has: page.getByRole("heading", { name, exact: true }) });
    await card("remark").getByText("left of ada").waitFor();
    await card("remark").getByText("right of ada").waitFor();
    await card("remark").getByText("base").waitFor();
    await card("bio").getByText("right bio").waitFor();
    await shot(page, "walk-conflict");
    await card("remark").getByRole("radio", { name: "take the right value of remark" }).check();
    await card("remark").getByText("Both sides will have right of ada.").waitFor();
    await card("bio").getByRole("radio", { name: "take the left value of bio" }).check();
    await card("remark").getByRole("button", { name: "Resolve" }).click();
    await card("remark").waitFor({ state: "detached" });
    assert.ok(await card("bio").getByRole("radio", { name: "take the left value of bio" }).isChecked(), "what was chosen in the other one stays");
    await card("bio").getByRole("button", { name: "Resolve" }).click();
    await page.getByText("No conflict waits").waitFor();
    for (const [name, value] of [["remark", "right of ada"], ["bio", "left bio"]]) {
      await until(`${name} in the ERP`, async () => (await erp.find("Staff Member", "name", "HR-00001"))[name] === value);
      await until(`${name} in the app`, async () => (await row("ada"))[name] === value);
    }
  },

  async "another value is typed; the values that move meanwhile are shown before anything is decided"() {
    await make_conflict(world, "HR-00002", "grace");
    await visit(page, address, "#/conflicts");
    const card = page.locator("article").first();
    await card.getByRole("textbox", { name: "Another value of remark" }).fill("typed by ada");
    await app.edit("employees", "code", "grace", { remark: "moved meanwhile" });
    await until("the conflict to show it", async () => (await project.ask(["conflicts"])).conflicts.some((one) => one.right === "moved meanwhile"));
    await card.getByRole("button", { name: "Resolve" }).click();
    await card.getByText("The values changed while you were looking.").waitFor();
    await card.getByText("moved meanwhile").waitFor();
    await card.getByRole("textbox", { name: "Another value of remark" }).fill("typed by ada again");
    await card.getByText("Both sides will have typed by ada again.").waitFor();
    await card.getByRole("textbox", { name: "The right side's own spelling of remark" }).fill("the right's own");
    await card.getByText("Left will have typed by ada again, right will have the right's own.").waitFor();
    await card.getByRole("textbox", { name: "The right side's own spelling of remark" }).fill("");
    await card.getByRole("button", { name: "Resolve" }).click();
    await until("the value on both sides", async () => (await row("grace")).remark === "typed by ada again" && (await erp.find("Staff Member", "name", "HR-00002")).remark === "typed by ada again");
  },

  async "a dead letter says why it is dead, and lives again by a click"() {
    await erp.edit("Staff Member", "HR-00003", { status: "Left" });
    await world.settled();
    const well = `{ "phone",         "phone" }`, ill = `{ "phone", "phone", { to_right = function() error("no phone today") end, to_left = function(v) return v end } }`;
    await saved(well, ill);
    await erp.edit("Staff Member", "HR-00003", { phone: "555" });
    await until("the dead letter", async () => (await project.dead("employees")).length === 1);
    await visit(page, address, "#/dead-letters");
    await page.getByText("no phone today").first().waitFor();
    await shot(page, "walk-dead-letter");
    await saved(ill, well);
    await page.getByRole("button", { name: "Retry", exact: true }).click();
    await page.getByText("Nothing stands").waitFor();
    await until("the phone on the right", async () => (await row("emmy")).phone === "555");
  },

  async "an edit with a mistake is told with its line and changes nothing; the right one is tried, compared and applied"() {
    await visit(page, address, "#/mapping/employees?tab=edit");
    const area = page.getByLabel("Script of employees");
    const before = await area.inputValue();
    const line = before.split("\n").findIndex((one) => one.includes("\"salary\"")) + 1;
    await area.fill(before.replace(`{ "salary",        "salary" }`, `{ "salry",         "salary" }`));
    await page.getByRole("button", { name: "Check", exact: true }).click();
    const told = page.locator(".banner.bad").first();
    await told.waitFor();
    assert.match(await told.innerText(), new RegExp(`Line ${line}`));
    assert.match(await told.innerText(), /salry/);
    assert.ok(await page.getByRole("button", { name: "Apply" }).isDisabled());
    await shot(page, "walk-edit-mistake");
    assert.equal(project.read("mappings/employees.lua"), before);

    await area.fill(before.replace(`{ "phone",         "phone" }`, `{ "phone",         "phone", conflict = "left" }`));
    await page.getByRole("button", { name: "Check with a dry run" }).click();
    await page.getByText("It loads, and its tests pass.").waitFor();
    await page.locator(".diff .added", { hasText: "conflict = \"left\"" }).waitFor();
    await page.getByText(/What it would write, from \d+ records/).waitFor();
    await shot(page, "walk-edit-checked");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Saved and loaded").waitFor();
    assert.match(project.read("mappings/employees.lua"), /conflict = "left"/);

    await visit(page, address, "#/mapping/employees?tab=script");
    await page.getByRole("button", { name: "Compare with now" }).first().click();
    await page.getByRole("button", { name: "Go back to this version" }).click();
    await page.getByRole("button", { name: "Go back", exact: true }).click();
    await page.getByText("The earlier version runs again.").waitFor();
    assert.equal(project.read("mappings/employees.lua"), before);
  },

  async "why a field has its value is found by the record's key"() {
    await visit(page, address, "#/record");
    await page.getByLabel("Mapping").selectOption("employees");
    await page.getByLabel("Key, of either side").fill("HR-00001");
    await page.getByRole("button", { name: "Show" }).click();
    const why = page.getByRole("table", { name: "Each field with its value on both sides" });
    const remark = why.getByRole("row").filter({ hasText: "remark" });
    await remark.getByText("right of ada").first().waitFor();
    assert.match(await remark.innerText(), /by ada/, "decided by ada");
    await page.getByText("a look would write nothing").waitFor();
    await remark.locator("summary").click();
    await shot(page, "walk-why");
    await remark.getByRole("link").click();
    await page.getByText("Compared with the base and decided, field by field").waitFor();
    await page.getByText("decided by ada").waitFor();
    await check_access(page, "the operation");
    await shot(page, "walk-operation");
  },

  async "what was done is in the audit trail under the name, and the page made no mistake of its own"() {
    await visit(page, address, "#/audit");
    for (const action of ["set up", "sync", "resolve", "retry", "apply source", "roll back"]) await page.getByRole("cell", { name: action, exact: true }).first().waitFor();
    await drawn(page);
    assert.deepEqual(problems, []);
    assert.deepEqual(foreign, [], "requests to other hosts");
  },
};

await run(cases, world);
