// A small company on both sides: teams, the people in them, notices that go one way. The project is tests/scenario/staff.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { frappe, project, settled, supabase } from "./scenario.mjs";

const template = path.join(path.dirname(fileURLToPath(import.meta.url)), "../scenario/staff");

export const secrets = { ERP_KEY: "practice-key", ERP_SECRET: "practice-secret", ERP_WEBHOOK_SECRET: "erp-hook-secret-1", ERP_WEBHOOK_NEXT: "erp-hook-secret-2", APP_KEY: "sb_secret_practice", APP_WEBHOOK_SECRET: "app-hook-secret" };

const field = (fieldname, fieldtype, more = {}) => ({ fieldname, fieldtype, label: fieldname.replace(/_/g, " "), ...more });

export const doctypes = [
  { name: "Team", autoname: "field:code", fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("team_name", "Data")] },
  { name: "Staff Member", autoname: "HR-.#####", fields: [field("staff_code", "Data", { reqd: 1, unique: 1 }), field("full_name", "Data"), field("bio", "Long Text"), field("phone", "Data"), field("remark", "Small Text"),
    field("active", "Check"), field("date_of_birth", "Date"), field("met_at", "Datetime"), field("salary", "Currency"), field("status", "Select", { options: "Active\nOn Leave\nLeft", default: "Active" }),
    field("team", "Link", { options: "Team" }), field("reports_to", "Link", { options: "Staff Member" })] },
  { name: "Notice", autoname: "N-.#####", fields: [field("code", "Data", { reqd: 1, unique: 1 }), field("body", "Small Text")] },
];

const stamp = { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" };
const identity = { name: "id", type: "bigint", identity: true };
const code = { name: "code", type: "text", nullable: false, unique: true };
const touch = [{ kind: "touch", column: "updated_at" }];

export const tables = [
  { name: "teams", primary_key: ["id"], triggers: touch, columns: [identity, code, { name: "name", type: "text" }, stamp] },
  { name: "employees", primary_key: ["id"], triggers: touch, columns: [identity, code, { name: "name", type: "text" }, { name: "bio", type: "text" }, { name: "phone", type: "text" }, { name: "remark", type: "text" },
    { name: "active", type: "boolean" }, { name: "born_on", type: "date" }, { name: "met_at", type: "timestamptz" }, { name: "salary", type: "numeric(18,2)" }, { name: "status", type: "text" },
    { name: "team_id", type: "bigint", references: "teams(id)" }, { name: "manager_id", type: "bigint", references: "employees(id)" }, { name: "archived_at", type: "timestamptz" }, stamp] },
  { name: "notices", primary_key: ["id"], triggers: touch, columns: [identity, code, { name: "body", type: "text" }, stamp] },
];

/// Both sides, empty, and the project between them; the daemon is not started. `parts` leaves out mappings that are not named.
export async function company({ parts = ["departments", "employees", "notices"], erp_args = [], app_args = [], keep = {} } = {}) {
  const erp = await frappe(erp_args);
  const app = await supabase(app_args);
  for (const doctype of doctypes) await erp.define(doctype);
  await app.define(tables);
  const own = project(template, { ...secrets, ERP_URL: erp.url, APP_URL: app.url, ...keep });
  for (const name of ["departments", "employees", "notices"]) if (!parts.includes(name)) own.remove(`mappings/${name}.lua`);
  const world = { erp, app, project: own };
  world.settled = (seconds) => settled(world, seconds);
  /// Webhooks of both sides to `address` (the daemon's, or what stands before it).
  world.connect = async (address = own.daemon.address) => {
    for (const doctype of doctypes) await erp.tell(doctype.name, address + "/webhook/erp", secrets.ERP_WEBHOOK_SECRET);
    await app.silence();
    for (const table of tables) await app.tell(table.name, address + "/webhook/app", { "x-app-secret": secrets.APP_WEBHOOK_SECRET });
  };
  world.counts = async () => ({ erp: await erp.written(), app: await app.written() });
  return world;
}
