---@meta tidewire.text

---@class tidewire.text
local text = {}

--- Lower case for comparing, beyond ASCII.
---@param s string
---@return string
function text.fold(s) end

---@param s string
---@return string
function text.trim(s) end

--- The number of code points.
---@param s string
---@return integer
function text.length(s) end

--- True for UTF-8.
---@param s string
---@return boolean
function text.valid(s) end

--- A scalar as JSON writes it: 9007199254740991, where tostring gives 9.007e+15.
---@param value tidewire.Scalar
---@return string
function text.of(value) end

--- " (did you mean 'x'?)", or "" when none is near.
---@param word string
---@param candidates string[]
---@return string
function text.did_you_mean(word, candidates) end

return text
