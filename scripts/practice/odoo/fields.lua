-- The words in which models are declared.
--
--   text "Name" { required = true }, many2one "Parent" { to = "product.category", ondelete = "cascade" }
--
-- `depends`, what a stored one is computed by where it is not given; `store = false` with `compute(row)`, `related = "a.b"` or `inverse(ids, value)`; `default`, a value or a function of the
-- values; `attachment`, false of a binary field whose content is in the row; `digits`, places of a float; `bumps = false` where writing a stored field of the row does not count as one of it.

local M = {}

local function word(kind)
  return function(label)
    return function(more)
      local field = more or {}
      field.type, field.string = kind, label
      if field.store == nil then field.store = kind ~= "one2many" and not field.compute and not field.related end
      if kind == "binary" and field.attachment == nil then field.attachment = field.store end
      return field
    end
  end
end

for _, kind in ipairs { "char", "text", "html", "boolean", "integer", "float", "monetary", "date", "datetime", "selection", "many2one",
  "one2many", "many2many", "binary", "json" } do
  M[kind] = word(kind)
end

--- The fields that each model has besides its own.
function M.magic()
  local function stamp(label) return M.datetime(label) { readonly = true } end
  local function user(label) return M.many2one(label) { to = "res.users", readonly = true, ondelete = "set null" } end
  return {
    id = { type = "integer", string = "ID", readonly = true, store = true },
    display_name = { type = "char", string = "Display Name", readonly = true, store = false },
    create_date = stamp "Created on", write_date = stamp "Last Updated on",
    create_uid = user "Created by", write_uid = user "Last Updated by",
  }
end

return M
