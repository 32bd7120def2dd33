---@meta tidewire.practice

---@class tidewire.practice
---@field options table the command line's --name value
local practice = {}

--- In [0, 1), the same row of numbers for the same --seed.
---@return number
function practice.random() end

--- Runs a function as a task beside the requests; it may wait and need not end. An error in it is logged.
---@param fn fun()
function practice.start(fn) end

--- Tells the command line that the server listens.
---@param address string
function practice.ready(address) end

---@param path string
---@return string? text, tidewire.Error? err
function practice.read(path) end

--- To the standard output, at once.
---@param text string
function practice.write(text) end

--- Nil where the standard output is no terminal; NO_COLOR and TERM=dumb switch colours off.
---@return { columns: integer, colours: boolean }?
function practice.terminal() end

---@param code? integer
function practice.exit(code) end

return practice
