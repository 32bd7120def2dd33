-- What holds for every DocType of the pair. Each site gives its documents names of its own; the stamps say which belong together.
local m = require "tidewire.mapping"

return {
  on    = { webhook = true, poll = "every 5m" },
  key   = { left = "name", right = "name", assigned_by = "each" },
  stamp = { left = { pair_name = m.link.right_key }, right = { pair_name = m.link.left_key } },
  deletes = { to_left = "delete", to_right = "delete" },
}
