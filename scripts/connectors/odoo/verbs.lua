--- The steps that orders and transfers are moved by: Odoo makes transfers, sets dates and refuses what is too late, so a
--- state is never written.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local shapes = require "connectors.odoo.shape"
local wire = require "connectors.odoo.wire"

local array = json.array
local fail = connector.fail

local M = {}

local methods = {
  confirm = { ["sale.order"] = "action_confirm", ["purchase.order"] = "button_confirm", ["stock.picking"] = "action_confirm" },
  cancel = { ["sale.order"] = "action_cancel", ["purchase.order"] = "button_cancel", ["stock.picking"] = "action_cancel" },
  draft = { ["sale.order"] = "action_draft", ["purchase.order"] = "button_draft" },
  validate = { ["stock.picking"] = "button_validate" },
}

-- Odoo 16 to 18 ask before they cancel a confirmed sale.
local besides = { cancel = { disable_cancel_warning = true } }

-- Where Odoo would ask a person, it answers with a window to be opened, and nothing is done.
local function asks_back(answer) return type(answer) == "table" and answer.type ~= nil end

local function verb(name, read_back, refused)
  return function(conn, collection, key)
    local method, id = methods[name][collection.name], shapes.id_of(key)
    if not method then return fail("invalid", ("%s has no step '%s'"):format(collection.name, name)) end
    if not id then return fail("not_found", "there is no " .. collection.name .. " " .. key) end
    local answer, err = wire.call(conn, collection.name, method, { ids = array { id }, context = besides[name] }, true)
    if answer == nil then return nil, refused(conn, collection, err) end
    if asks_back(answer) then
      return fail("invalid", ("Odoo asks before it does '%s': %s"):format(name, tostring(answer.name or answer.res_model)), "decide it in Odoo")
    end
    return read_back(conn, collection, id)
  end
end

--- The verbs; `read_back(conn, collection, id)` gives the record that answers, `refused(conn, collection, err)` the error of a step that failed.
function M.of(read_back, refused)
  local verbs = {}
  for name in pairs(methods) do verbs[name] = verb(name, read_back, refused) end
  return verbs
end

return M
