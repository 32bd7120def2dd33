---@meta tidewire.hash

---@class tidewire.hash
local hash = {}

---@param text string
---@return string hex
function hash.sha256(text) end

--- What some systems call their files by; proves nothing.
---@param text string
---@return string hex
function hash.md5(text) end

---@param key string
---@param text string
---@param form? "hex"|"base64"|"raw"
---@return string
function hash.hmac_sha256(key, text, form) end

---@param bytes string
---@return string
function hash.base64(bytes) end

--- Either alphabet, padding optional.
---@param text string
---@return string? bytes, tidewire.Error? err
function hash.from_base64(text) end

--- Compares in time that depends on the lengths only.
---@param a string
---@param b string
---@return boolean
function hash.equal(a, b) end

--- A new UUID; later ones sort after earlier ones. Not in mappings.
---@return string
function hash.id() end

return hash
