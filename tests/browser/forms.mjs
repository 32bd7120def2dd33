// Forms that say what is wrong with what was typed, and change nothing that was not asked for.
import assert from "node:assert/strict";
import { log_in, open_browser, visit } from "../support/browser.mjs";
import { call, run } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
const password = "correct horse battery";
let project, page, problems, address;

const api = (method, target, body) => call(`http://tidewire/api/v1/${target}`, { method, body, socket: project.path("state/tidewire.sock") });
const role_of = async (name) => (await api("GET", "users")).json.users.find((one) => one.name === name)?.role;
const may_log_in = async (name, with_password) => (await call(`${address}/api/v1/login`, { method: "POST", body: { name, password: with_password } })).status;

const cases = {
  async "(the daemon runs with three mappings and an administrator)"() {
    Object.assign(world, await company());
    ({ project } = world);
    await project.start();
    address = project.daemon.address;
    for (const [name, role] of [["ada", "admin"], ["olga", "operator"]]) assert.equal((await api("PUT", `users/${name}`, { role, password })).status, 200);
    ({ page, problems } = await open_browser());
    await log_in(page, address, "ada", password);
  },

  async "a user who exists is not added again, and stays as they are"() {
    await visit(page, address, "#/users");
    await page.getByRole("button", { name: "Add a user…" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("olga");
    await page.getByRole("dialog").getByLabel("Password").fill("another long password");
    await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
    await page.getByText("There is a user olga already").waitFor();
    assert.equal(await role_of("olga"), "operator");
    assert.equal(await may_log_in("olga", password), 200);
  },

  async "an administrator sets another user's password; the role stays"() {
    await page.locator("tr[data-id=olga]").getByRole("button", { name: "New password…" }).click();
    await page.getByRole("dialog").getByLabel("Password").fill("another long password");
    await page.getByRole("dialog").getByRole("button", { name: "Set it" }).click();
    await page.getByText("olga has a new password").waitFor();
    assert.equal(await role_of("olga"), "operator");
    assert.equal(await may_log_in("olga", "another long password"), 200);
    assert.notEqual(await may_log_in("olga", password), 200);
  },

  async "the name of a new connection is told of in words, and keeps nobody from a test"() {
    await visit(page, address, "#/connections/new");
    await page.locator("input[name=name]").fill("not a name");
    assert.match(await page.locator("input[name=name]").evaluate((one) => one.validationMessage), /begins with a letter/);
    await page.locator("select[name=kind]").selectOption("supabase");
    await page.locator("input[name=name]").fill("9");
    for (const input of await page.locator("form input[required]:visible:not([name=name])").all()) await input.fill(world.app.url);
    await page.getByRole("button", { name: "Test" }).click();
    await page.locator("[role=status] .banner").first().waitFor();
    assert.equal(await page.locator("input[name=name]").isDisabled(), false);
    await page.locator("input[name=name]").fill("app_2");
    assert.equal(await page.locator("input[name=name]").evaluate((one) => one.validationMessage), "");
  },

  async "an address of no page says so"() {
    await visit(page, address, "#/bogus");
    await page.getByRole("heading", { name: "No such page" }).waitFor();
    await page.getByText("There is no page #/bogus").waitFor();
  },

  async "a login that has ended says so, and the bar shows nobody"() {
    await visit(page, address, "#/operations");
    assert.equal((await api("PUT", "users/ada", { role: "admin", password })).status, 200);
    await page.evaluate(() => { location.hash = "#/users"; });
    await page.getByText("Your login has ended").waitFor();
    assert.equal(await page.getByRole("button", { name: "Log out" }).count(), 0);
    assert.equal(await page.getByText("nobody").count(), 0);
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password").fill(password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    assert.equal(await page.getByText("Your login has ended").count(), 0);
  },

  async "nothing went wrong on the page"() {
    assert.deepEqual(problems, []);
  },
};

await run(cases, world);
