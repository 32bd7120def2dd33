-- What saving a document does to the File that one of its Attach fields names (frappe, core/doctype/file, `attach_files_to_document`).

local store = require "practice.frappe.store"

local kinds = { Attach = true, ["Attach Image"] = true }

return function(doc)
  for _, field in ipairs(doc.__meta.fields or {}) do
    local value = kinds[field.fieldtype] and doc[field.fieldname]
    if type(value) == "string" and (value:find "^/files/" or value:find "^/private/files/") then
      store.run('UPDATE "tabFile" SET "attached_to_doctype" = ?, "attached_to_name" = ?, "attached_to_field" = ? WHERE "name" = '
        .. '(SELECT "name" FROM "tabFile" WHERE "file_url" = ? AND "attached_to_name" IS NULL LIMIT 1)', doc.doctype, tostring(doc.name), field.fieldname, value)
    end
  end
end
