-- What mappings of the tests share.
local m = require "tidewire.mapping"

return { fields = { m.same { "gender" }, { "first_name", "first_name" } }, granularity = "record", tie = "right" }
