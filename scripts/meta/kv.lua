---@meta tidewire.kv

--- The connection's own namespace. All of it waits.
---@class tidewire.kv
local kv = {}

---@param key string
---@return any value nil when absent
---@return tidewire.Error? err
function kv.get(key) end

---@param key string
---@param value any not nil
---@param ttl? number seconds
---@return true?, tidewire.Error?
function kv.set(key, value, ttl) end

---@param key string
---@return true?, tidewire.Error?
function kv.delete(key) end

return kv
