---@meta tidewire.url

---@alias tidewire.Scalar string|number|boolean|tidewire.Dec

---@class tidewire.url
local url = {}

---@param value tidewire.Scalar
---@return string
function url.encode(value) end

---@param text string
---@return string
function url.decode(text) end

--- "a=1&b=x%20y", in the order given.
---@param pairs { [1]: tidewire.Scalar, [2]: tidewire.Scalar }[]
---@return string
function url.query(pairs) end

---@param text string
---@return { [1]: string, [2]: string }[]
function url.parse_query(text) end

return url
