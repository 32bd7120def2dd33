// What belongs to a record and does not move it, in Odoo: lines of an order (rows of a table), the template of a variant (via).
import assert from "node:assert/strict";
import { odoo, project as new_project, run, settled, supabase, until } from "../support/scenario.mjs";

const world = {};
let erp, app, project;

const tidewire_lua = `return project {
  listen = "127.0.0.1:0",
  connections = {
    erp = odoo { url = env "ERP_URL", database = "practice", login = "practice", api_key = secret "ERP_KEY" },
    app = supabase { url = env "APP_URL", key = secret "APP_KEY", webhook = { header = "x-app-secret", secret = secret "APP_HOOK" } },
  },
  defaults = { on = { left = { poll = "every 1s" }, right = { webhook = true, poll = "every 1s" } }, retry = { max = 20, base = "100ms" } },
}
`;
const orders_lua = `return mapping {
  left = erp.model "sale.order", right = app.table "orders", direction = "erp_to_app",
  key = { left = "id", right = "id" }, match = { by.fields { { "client_order_ref", "reference" } } },
  scope = { left = { client_order_ref = not_null } },
  fields = {
    { "client_order_ref", "reference" },
    rows { left = erp.model("sale.order.line", { parent = "order_id" }), right = app.table("order_lines", { parent = "order_id" }), key = { { "sequence", "position" } },
           fields = { { "name", "label" }, { "product_uom_qty", "quantity" } } },
  },
}
`;
const products_lua = `return mapping {
  left = erp.model("product.product", { with = { tmpl = via("product_tmpl_id", erp.model "product.template") } }), right = app.table "products",
  key = { left = "id", right = "id" }, match = { by.fields { { "default_code", "sku" } } },
  scope = { left = { default_code = not_null } },
  fields = { { "default_code", "sku", required = true }, { "barcode", "barcode" }, { "tmpl.name", "name" }, { "tmpl.description_sale", "description" } },
}
`;
const touched = { triggers: [{ kind: "touch", column: "updated_at" }] };
const own = [{ name: "id", type: "bigint", identity: true }, { name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }];
const tables = [
  { name: "orders", primary_key: ["id"], ...touched, columns: [...own, { name: "reference", type: "text", unique: true }] },
  { name: "order_lines", primary_key: ["id"], ...touched, columns: [...own, { name: "order_id", type: "bigint", references: "orders(id)" }, { name: "position", type: "integer" }, { name: "label", type: "text" }, { name: "quantity", type: "numeric" }] },
  { name: "products", primary_key: ["id"], ...touched, columns: [...own, { name: "sku", type: "text", unique: true }, { name: "barcode", type: "text" }, { name: "name", type: "text" }, { name: "description", type: "text" }] },
];

const lines = async () => (await app.all("order_lines")).map((one) => `${one.position} ${one.label} ${Number(one.quantity)}`).sort();
const product = (sku) => app.find("products", "sku", sku);

const cases = {
  async "(an order with lines and two variants of one template)"() {
    erp = await odoo();
    app = await supabase();
    await app.define(tables);
    project = new_project(null, { ERP_URL: erp.url, ERP_KEY: "practice-key", APP_URL: app.url, APP_KEY: "sb_secret_practice", APP_HOOK: "app-hook" });
    project.write("tidewire.lua", tidewire_lua);
    project.write("mappings/orders.lua", orders_lua);
    project.write("mappings/products.lua", products_lua);
    Object.assign(world, { erp, app, project });
    world.template = await erp.at("product.template", "create", [{ name: "Chair", default_code: "CH-1", description_sale: "of wood" }]);
    [world.first] = await erp.at("product.template", "read", [[world.template], ["product_variant_ids"]]).then((found) => found[0].product_variant_ids);
    world.second = await erp.at("product.product", "create", [{ product_tmpl_id: world.template, default_code: "CH-2" }]);
    const partner = await erp.at("res.partner", "create", [{ name: "Ada" }]);
    world.order = await erp.at("sale.order", "create", [{ partner_id: partner, client_order_ref: "SO-A", order_line: [
      [0, 0, { product_id: world.first, name: "four chairs", product_uom_qty: 4, sequence: 1 }], [0, 0, { product_id: world.first, name: "one more", product_uom_qty: 1, sequence: 2 }]] }]);
    world.lines = await erp.read("sale.order", world.order, "order_line");
    await project.start();
    for (const table of ["orders", "products"]) await app.tell(table, project.daemon.address + "/webhook/app", { "x-app-secret": "app-hook" });
    assert.equal((await project.cli("sync")).code, 0);
    await settled(world);
    assert.deepEqual(await lines(), ["1 four chairs 4", "2 one more 1"]);
    assert.deepEqual([(await product("CH-1")).name, (await product("CH-2")).name], ["Chair", "Chair"]);
  },

  async "a line that is edited does not move its order, and arrives all the same"() {
    const before = await erp.read("sale.order", world.order, "write_date");
    await erp.at("sale.order.line", "write", [[world.lines[1]], { name: "one more, red" }]);
    assert.equal(await erp.read("sale.order", world.order, "write_date"), before, "the order has moved: this proves nothing");
    await until("the line", async () => (await lines()).includes("2 one more, red 1"));
  },

  async "an edit of the template reaches each of its variants, which it does not move"() {
    const before = await erp.read("product.product", world.second, "write_date");
    await erp.at("product.template", "write", [[world.template], { description_sale: "of oak" }]);
    assert.equal(await erp.read("product.product", world.second, "write_date"), before, "the variant has moved: this proves nothing");
    await until("both rows", async () => (await product("CH-1")).description === "of oak" && (await product("CH-2")).description === "of oak");
  },

  async "an edit of one row is written through to the template and arrives at the other"() {
    await app.edit("products", "sku", "CH-2", { name: "Armchair", barcode: "42" });
    await until("the template", async () => (await erp.read("product.template", world.template, "name")) === "Armchair");
    await until("the other row", async () => (await product("CH-1")).name === "Armchair");
    await settled(world);
    assert.equal(await erp.read("product.product", world.second, "barcode"), "42");
    assert.ok(!(await erp.read("product.product", world.first, "barcode")));
    assert.equal((await project.status()).mappings.products.open_conflicts, 0);
  },
};

await run(cases, world);
