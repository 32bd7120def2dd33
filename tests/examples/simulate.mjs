// Every mapping of every example under `tidewire simulate`, with the types that its systems describe: the laws hold, and each
// takes part with what it has of its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { crm } from "../support/crm.mjs";
import { postgres } from "../support/databases.mjs";
import { binary, cleanup, frappe, practice, project, run, supabase, temporary } from "../support/scenario.mjs";
import { wordpress } from "../support/wordpress.mjs";

const examples = path.join(process.env.SOURCE_DIR, "examples");
// Opening a project of 25 mappings takes longer than its histories.
const runs = (name) => process.env.RUNS ?? (name === "erpnext-pair" ? "1" : "2");
const data = (example, name) => path.join(examples, example, "data", name);
const lua = (file, args) => execFileSync(binary, ["lua", file, "--profile", "practice", "--", ...args], { cwd: path.dirname(file) });
const erp_keys = { ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", ERP_WEBHOOK_SECRET: "erp-hook" };
const app_keys = { APP_KEY: "sb_secret_practice", APP_WEBHOOK_SECRET: "app-hook" };

/// Each brings the systems of an example up: what its .env says.
const systems = {
  async quickstart() {
    const erp = await frappe(), app = await supabase(), folder = temporary("demo");
    fs.cpSync(path.join(examples, "quickstart/demo"), path.join(folder, "demo"), { recursive: true });
    fs.writeFileSync(path.join(folder, "define.lua"), `local erp, app = ...\nrequire("demo.erp").at(erp).define()\nrequire("demo.app").at(app).define()\n`);
    lua(path.join(folder, "define.lua"), [erp.url, app.url]);
    return { ERP_URL: erp.url, APP_URL: app.url, ...erp_keys, ...app_keys };
  },
  async "frappe-supabase"() {
    const erp = await frappe(["--zone", "Europe/London", "--fixture", data("frappe-supabase", "frappe.json")]), app = await supabase(["--fixture", data("frappe-supabase", "supabase.json")]);
    return { ERP_URL: erp.url, APP_URL: app.url, ...erp_keys, ...app_keys };
  },
  async "odoo-supabase"() {
    const erp = await practice("odoo"), app = await supabase(["--fixture", data("odoo-supabase", "supabase.json")]);
    return { ERP_URL: erp.url, ERP_DATABASE: "practice", ERP_LOGIN: "practice", ERP_KEY: "practice-key", APP_URL: app.url, ...app_keys };
  },
  async "supabase-notion"() {
    const vault = await practice("notion", ["--fixture", data("supabase-notion", "notion.json")]), app = await supabase(["--fixture", data("supabase-notion", "supabase.json")]);
    return { NOTION_URL: vault.url, NOTION_TOKEN: "secret_practice", APP_URL: app.url, ...app_keys };
  },
  async "master-slave"() {
    const shop = await supabase(["--fixture", data("master-slave", "shop.json")]), site = wordpress();
    const [office, reports] = ["office", "reports"].map((name) => postgres(fs.readFileSync(data("master-slave", `${name}.sql`), "utf8")));
    const meta = (key, type) => `register_post_meta('post', '${key}', ['show_in_rest' => true, 'single' => true, 'type' => '${type}']);`;
    fs.writeFileSync(path.join(site.plugins, "meta.php"), `<?php add_action('init', function () { ${meta("price", "number")} ${meta("sku", "string")} });`);
    return { SHOP_URL: shop.url, SHOP_KEY: "sb_secret_practice", SHOP_WEBHOOK_SECRET: "shop-hook", OFFICE_URL: office.url, REPORTS_URL: reports.url,
      SITE_URL: site.url, SITE_USER: "admin", SITE_PASSWORD: site.password, SITE_WEBHOOK_SECRET: "site-hook" };
  },
  async rest() {
    const left = await crm("crm-token"), app = await supabase();
    cleanup(() => left.stop());
    const text = (name) => ({ name, type: "text" });
    await app.define([{ name: "contacts", primary_key: ["id"], triggers: [{ kind: "touch", column: "updated_at" }], columns: [{ name: "id", type: "bigint", identity: true }, { ...text("email"), unique: true }, text("name"), text("phone"),
      { name: "is_vip", type: "boolean" }, { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }] }]);
    return { CRM_URL: left.url, CRM_TOKEN: "crm-token", APP_URL: app.url, ...app_keys };
  },
  async "erpnext-pair"() {
    const cloud = await frappe(), house = await frappe();
    for (const [site, name] of [[cloud, "cloud"], [house, "house"]]) lua(path.join(examples, "erpnext-pair/fill.lua"), [site.url, name]);
    return { CLOUD_URL: cloud.url, LOCAL_URL: house.url, CLOUD_KEY: "practice-key", LOCAL_KEY: "practice-key", CLOUD_SECRET: "practice-secret", LOCAL_SECRET: "practice-secret", CLOUD_WEBHOOK_SECRET: "cloud", LOCAL_WEBHOOK_SECRET: "house" };
  },
};

const cases = {
  "(an example for each folder that holds a project)"() {
    const found = fs.readdirSync(examples).filter((name) => fs.existsSync(path.join(examples, name, "project/tidewire.lua")));
    assert.deepEqual(found.sort(), Object.keys(systems).sort());
  },
};
for (const [name, start] of Object.entries(systems)) {
  cases[`${name}: its mappings keep every law on drawn records`] = async () => {
    const own = project(path.join(examples, name, "project"), await start());
    const refused = await own.ask(["simulate", "?"], [1]);
    const mappings = /^there are: (.+)/.exec(refused.error.hint)[1].split(", ");
    const wrong = [];
    for (const mapping of mappings) {
      const report = await own.ask(["simulate", mapping, "--runs", runs(name)], [0, 1, 3]);
      if (process.env.TELL) console.log(`# ${mapping}: ${report.runs} histories, ${report.per_minute} a minute; ${(report.left_out ?? []).join("; ")}`);
      if (!report.ok) wrong.push(`${mapping}: ${JSON.stringify(report.failure ?? report, null, 1)}`);
      else assert.ok(report.runs >= 6, `${mapping}: ${report.runs} histories`);
    }
    assert.equal(wrong.length, 0, wrong.join("\n"));
  };
}

await run(cases);
