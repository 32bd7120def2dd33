// One conflict has an address of its own: led to from wherever it is named, good after a reload, and telling of it when it is over or gone.
import assert from "node:assert/strict";
import { check_access, fits, log_in, open_browser, shot, sizes, visit } from "../support/browser.mjs";
import { make_conflict } from "../support/operator.mjs";
import { call, run, until } from "../support/scenario.mjs";
import { company } from "../support/staff.mjs";

const world = {};
let erp, project, page, problems, address, first;
const password = "correct horse battery";
const socket = () => project.path("state/tidewire.sock");
const post = async (target, body = {}) => assert.equal((await call(`http://tidewire/api/v1/${target}`, { method: "POST", body, socket: socket() })).status, 202, target);
const conflicts = async () => (await project.ask(["conflicts"])).conflicts;
const at = (id) => page.waitForURL(new RegExp(`#/conflicts/${id}$`));

const cases = {
  async "(a daemon with two conflicts)"() {
    Object.assign(world, await company({ parts: ["departments", "employees"] }));
    ({ erp, project } = world);
    for (const code of ["ada", "grace"]) await erp.insert("Staff Member", { staff_code: code, full_name: code, remark: "r" });
    await project.start();
    address = project.daemon.address;
    await world.connect();
    assert.equal((await project.cli("sync")).code, 0);
    await world.settled();
    await make_conflict(world, "HR-00001", "ada");
    await make_conflict(world, "HR-00002", "grace");
    first = (await conflicts()).find((one) => one.left_key === "HR-00001");
    assert.equal((await call("http://tidewire/api/v1/users/ada", { method: "PUT", body: { role: "admin", password }, socket: socket() })).status, 200);
    ({ page, problems } = await open_browser());
    await log_in(page, address, "ada", password);
  },

  async "the overview, the list, the operation and the record lead to it; the way back and a reload work"() {
    const own = page.locator("main").getByRole("link", { name: "remark", exact: true });
    const card = page.locator("section", { has: page.getByRole("heading", { name: "Conflicts to decide" }) });
    await card.getByRole("listitem").filter({ hasText: "HR-00001" }).getByRole("link", { name: "Decide" }).click();
    await at(first.id);
    await page.getByText("left of ada").waitFor();
    assert.equal(await page.getByText("left of grace").count(), 0);
    await page.reload();
    await page.getByText("left of ada").waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Overview" }).waitFor();

    await visit(page, address, "#/conflicts?mapping=employees");
    await page.locator(`article[data-id="${first.id}"]`).getByRole("link", { name: "remark" }).click();
    await at(first.id);
    await page.goBack();
    await page.waitForURL(/#\/conflicts\?mapping=employees$/);
    await page.getByText("left of grace").waitFor();

    await visit(page, address, `#/record?mapping=employees&key=HR-00001`);
    await own.first().click();
    await at(first.id);

    const [operation] = (await project.operations("employees", "HR-00001")).filter((one) => one.outcome === "conflict");
    await visit(page, address, `#/operation/${operation.id}`);
    await page.getByRole("link", { name: "waits for a person" }).click();
    await at(first.id);
    await page.getByRole("link", { name: "how it came" }).click();
    await page.waitForURL(/#\/operation\//);
  },

  async "it fits every screen"() {
    for (const scheme of ["light", "dark"]) {
      for (const [size, box] of Object.entries(sizes)) {
        await page.setViewportSize(box);
        for (const [name, hash] of Object.entries({ conflict: `#/conflicts/${first.id}`, overview: "#/" })) {
          await visit(page, address, hash);
          await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, scheme);
          await check_access(page, `${name}, ${scheme}, ${size}`);
          await fits(page, `${name}, ${size}`);
          await shot(page, `one-${name}-${scheme}-${size}`);
        }
      }
    }
    await page.setViewportSize(sizes.desktop);
  },

  async "once it is decided, here or elsewhere, its page says by whom and what the sides have since"() {
    await visit(page, address, `#/conflicts/${first.id}`);
    await page.getByRole("radio", { name: "take the left value of remark" }).check();
    await page.getByText("Both sides will have left of ada.").waitFor();
    await page.getByRole("button", { name: "Resolve" }).click();
    await page.getByText("Decided by ada: the left value holds.").waitFor();
    await page.getByText("Since then left has left of ada, right has left of ada.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Resolve" }).count(), 0);
    await page.getByRole("link", { name: "how it ended" }).click();
    await page.getByRole("heading", { name: /in employees/ }).waitFor();
    await world.settled();

    const [second] = await conflicts();
    await visit(page, address, `#/conflicts/${second.id}`);
    await page.getByRole("radio", { name: "take the left value of remark" }).check();
    await post(`conflicts/${second.id}/resolve`, { method: "right" });
    await page.getByText(/^Decided by uid \d+: the right value holds\.$/).waitFor();
    await visit(page, address, "#/conflicts?past=1");
    await page.locator(`tr[data-id="${second.id}"]`).getByRole("link", { name: "remark" }).click();
    await at(second.id);
    assert.equal(await page.getByRole("heading", { name: "Conflicts to decide" }).count(), 0);
  },

  async "one that is gone says so, and where to look"() {
    assert.equal((await project.cli("forget", "employees", "HR-00001")).code, 0);
    for (const id of [first.id, "999999", "nonsense"]) {
      await visit(page, address, `#/conflicts/${id}`);
      await page.getByText(`There is no conflict ${id}.`).waitFor();
      assert.equal(await page.getByRole("link", { name: "Past ones" }).getAttribute("href"), "#/conflicts?past=1");
    }
    await until("nothing to complain of", () => problems.length === 0);
  },
};

await run(cases, world);
