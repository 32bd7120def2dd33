---@meta tidewire.log

---@class tidewire.log
local log = {}

---@param message tidewire.Scalar
---@param fields? table
function log.debug(message, fields) end

---@param message tidewire.Scalar
---@param fields? table
function log.info(message, fields) end

---@param message tidewire.Scalar
---@param fields? table
function log.warn(message, fields) end

---@param message tidewire.Scalar
---@param fields? table
function log.error(message, fields) end

return log
