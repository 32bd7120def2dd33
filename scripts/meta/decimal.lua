---@meta tidewire.decimal

--- An exact number of up to 10,000 digits. Compares with other decs by value.
---@class tidewire.Dec
---@operator add(tidewire.Dec|number|string): tidewire.Dec
---@operator sub(tidewire.Dec|number|string): tidewire.Dec
---@operator mul(tidewire.Dec|number|string): tidewire.Dec
---@operator unm: tidewire.Dec
---@operator concat(any): string
local Dec = {}

--- Half away from zero; a negative number of places rounds to tens, hundreds and so on.
---@param places integer
---@return tidewire.Dec
function Dec:round(places) end

---@return string text "12.50", never with an exponent
function Dec:text() end

---@return number nearest The nearest Lua number.
function Dec:number() end

---@class tidewire.decimal
local decimal = {}

--- Raises for what is no number.
---@param value string|number|tidewire.Dec
---@return tidewire.Dec
function decimal.dec(value) end

--- The quotient with so many places, half to even.
---@param a string|number|tidewire.Dec
---@param b string|number|tidewire.Dec
---@param places integer
---@return tidewire.Dec? quotient, tidewire.Error? err
function decimal.divide(a, b, places) end

---@param value any
---@return boolean
function decimal.is(value) end

return decimal
