---@meta tidewire.time

---@class tidewire.time
local time = {}

--- Reads an instant with zone or offset.
---@param iso string
---@return integer? seconds since 1970
---@return integer|tidewire.Error microseconds
function time.parse(iso) end

---@param seconds number
---@param microseconds? integer
---@return string iso
function time.format(seconds, microseconds) end

--- What the clocks of a zone show: "2024-05-01 12:11:12.000013".
---@param iso string
---@param zone string
---@return string? text, tidewire.Error? err
function time.to_local(iso, zone) end

---@param text string
---@param zone string
---@return string? iso, tidewire.Error? err
function time.from_local(text, zone) end

---@param iso string
---@param seconds number
---@return string? iso, tidewire.Error? err
function time.add(iso, seconds) end

---@param a string
---@param b string
---@return -1|0|1|nil order, tidewire.Error? err
function time.compare(a, b) end

--- The text of a schedule ("daily 03:00 Europe/Berlin"), if the program can keep it.
---@param text string
---@return string? schedule, tidewire.Error? err
function time.schedule(text) end

--- The present instant. Not in mappings.
---@return string iso
function time.now() end

--- Seconds that never jump, for measuring. Not in mappings.
---@return number
function time.clock() end

return time
