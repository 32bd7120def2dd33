-- profile: practice
-- The practice server of Notion, from the inside.
local json = require "tidewire.json"
local schema = require "practice.notion.schema"
local tap = require "tap"

tap.test("no two properties of a source have one id", function()
  local sent, seen = {}, {}
  for i = 1, 400 do sent["Column " .. i] = { number = {} } end
  local source = { properties = json.array {} }

  schema.change({}, source, sent, "body.properties")

  tap.equal(#source.properties, 400)
  for _, property in ipairs(source.properties) do
    tap.equal(seen[property.id], nil)
    seen[property.id] = property.name
  end
end)
