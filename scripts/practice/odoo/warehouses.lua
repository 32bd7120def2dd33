-- What a new warehouse brings with it: its locations and its types of operation.

local errors = require "practice.odoo.errors"
local registry = require "practice.odoo.registry"
local store = require "practice.odoo.store"

local M = {}

local function create(name, vals)
  return require("practice.odoo.write").create(registry.get(name), { vals })[1]
end

local function write(name, id, vals) require("practice.odoo.write").write(registry.get(name), { id }, vals) end

--- The one location of a use that belongs to nobody: customers, vendors, losses.
function M.shared(usage)
  local row = store.query("SELECT id FROM stock_location WHERE usage = ?1 AND warehouse_id IS NULL ORDER BY id", usage)[1]
  return row and row.id
end

function M.prepare(vals)
  if type(vals.code) == "string" and #vals.code > 5 then
    errors.raise("psycopg2.errors.StringDataRightTruncation", "value too long for type character varying(5)\n")
  end
  return vals
end

local function add_type(id, name, code, prefix, from, to)
  return create("stock.picking.type", { name = name, code = code, sequence_code = prefix, warehouse_id = id,
    default_location_src_id = from, default_location_dest_id = to })
end

function M.created(ids)
  for _, id in ipairs(ids) do
    local row = store.row(registry.get "stock.warehouse", id)
    local view = create("stock.location", { name = row.code, usage = "view", warehouse_id = id, company_id = row.company_id or false })
    local stock = create("stock.location", { name = "Stock", location_id = view, warehouse_id = id, company_id = row.company_id or false })
    write("stock.warehouse", id, {
      view_location_id = view, lot_stock_id = stock,
      in_type_id = add_type(id, "Receipts", "incoming", "IN", M.shared "supplier" or false, stock),
      out_type_id = add_type(id, "Delivery Orders", "outgoing", "OUT", stock, M.shared "customer" or false),
      int_type_id = add_type(id, "Internal Transfers", "internal", "INT", stock, stock),
    })
  end
end

return M
