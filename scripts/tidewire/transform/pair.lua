--- What every conversion is made of: a marked table { name, to_right, to_left, lossy, bind, left_type, right_type }.

local mark = require "tidewire.mapping.mark"

local M = {}

--- A conversion as a call with options gives it.
function M.make(name, content)
  content.name = name
  return mark.make("transform", content)
end

--- One that stands in a row as it is, and can be called where it has options: t.date, t.datetime "Europe/Berlin".
function M.bare(name, content, call)
  content.name = name
  return setmetatable(mark.make("transform", content, "tidewire/transform.lua:1"), {
    __call = function(_, ...)
      if not call then error(name .. " takes no arguments: write it without brackets", 2) end
      return call(...)
    end,
  })
end

--- The same in both directions.
function M.both(name, call, lossy)
  return M.bare(name, { to_right = call, to_left = call, lossy = lossy })
end

local function exchanged(content)
  return { to_right = content.to_left, to_left = content.to_right, lossy = content.lossy, left_type = content.right_type,
    right_type = content.left_type }
end

--- The pair with its sides exchanged.
function M.flip(inner)
  local result = exchanged(inner)
  if inner.bind then
    function result.bind(context)
      local fitted = inner.bind { left_type = context.right_type, right_type = context.left_type, left_paths = context.right_paths,
        right_paths = context.left_paths, problem = context.problem, warn = context.warn }
      return fitted and exchanged(fitted) or exchanged(inner)
    end
  end
  return M.make(tostring(inner.name) .. ", flipped", result)
end

return M
