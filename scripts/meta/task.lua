---@meta tidewire.task

--- What modules return after nil, and what `error` may be given: the code survives.
---@class tidewire.Error
---@field code "invalid"|"not_found"|"denied"|"throttled"|"unavailable"|"unknown"|"stale"|"blocked"|"script"|"budget"|"corrupt"|"cancelled"
---@field message string
---@field hint? string
---@field retry_after? number seconds

---@class tidewire.task
local task = {}

--- Waits.
---@param seconds number
function task.sleep(seconds) end

--- Runs all functions at once and waits for them: a list of the first result of each. The first that returns
--- `nil, err` cancels the others and is returned; the first that raises cancels the others and is raised.
---@param functions (fun(): any, any)[]
---@return any[]? results, tidewire.Error? err
function task.all(functions) end

return task
