---@meta tidewire.json

---@class tidewire.json
---@field null userdata JSON null; prints as "null"
local json = {}

--- Writes JSON: keys sorted, no blanks. Raises, naming the place, for what is no data.
---@param value any
---@param options? { pretty?: boolean }
---@return string
function json.encode(value, options) end

--- Reads one JSON document. Whole numbers within 2^53 are numbers, others `dec`.
---@param text string
---@return any value, tidewire.Error? err
function json.decode(text) end

--- Marks a table as a list, so that an empty one writes `[]` and holes write null. Makes an empty one without argument.
---@generic T: table
---@param list? T
---@return T
function json.array(list) end

--- Marks a table as an object, so that whole-number keys write as text. Makes an empty one without argument.
---@generic T: table
---@param object? T
---@return T
function json.object(object) end

--- True for a marked list; every list that was decoded is.
---@param value any
---@return boolean
function json.is_array(value) end

return json
