--- Collects what is wrong with a file, each with its place, so that an author sees all of it at once.

local text = require "tidewire.text"
local places = require "tidewire.host.places"

local M = {}
M.__index = M

-- There is no debug library; error() puts the place of a caller before its message.
local function place_at(level)
  local _, message = pcall(error, "", level)
  return type(message) == "string" and message:match "^(.*:%d+): $" or nil
end

--- "mappings/employees.lua:14": the nearest line of the author's on the way here, or nil.
function M.where()
  for level = 3, 40 do
    local place = place_at(level)
    if place and not place:find "^tidewire/" and not place:find "^%.%.%.[^:]*tidewire/" and not place:find "^strategies/" then
      return place
    end
  end
end

--- " (did you mean 'x'?)", or "".
function M.suggest(word, list)
  local meant = text.did_you_mean(tostring(word), list) or ""
  if meant == "" or meant:sub(1, 2) == " (" then return meant end
  return " (did you mean '" .. meant .. "'?)"
end

--- The keys of a table, sorted.
function M.names(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

--- Stops here: a misuse that nothing sensible can follow. The host shows the message as it is.
function M.refuse(place, message)
  error(setmetatable({ code = "script", message = (place and place .. ": " or "") .. message, refused = true },
    { __tostring = function(self) return self.message end }), 0)
end

--- A report on the file `path`; `source` is its text where known.
function M.new(path, source)
  return setmetatable({ path = path, places = places.new(source or ""), problems = {}, warnings = {}, seen = {} }, M)
end

-- Lists longer than this say less than they take to read.
local most_listed = 8

--- What may be meant by a word that is none of `list`; where nothing is near, the list itself.
function M.suggest_or_list(word, list)
  local meant = M.suggest(word, list)
  if meant ~= "" or #list == 0 or #list > most_listed then return meant end
  return " (it has " .. table.concat(list, ", ") .. ")"
end

local function line_of(place) return place and tonumber(place:match ":(%d+)$") end

-- A file that another one uses is not in our text.
function M:reads(place) return not place or place:match "^(.*):%d+$" == self.path or place == self.path end

--- The place of `key =` at or after `near`, else `near`, else the file.
function M:key(key, near)
  local line = self:reads(near) and self.places:key(key, line_of(near))
  if line then return self.path .. ":" .. line end
  return near or self.path
end

--- The place of these texts in order at or after `near`, after those found before in this file; else `fallback`.
function M:row(texts, near, fallback)
  local from = line_of(near)
  local line, position
  if self:reads(near) and #texts > 0 then
    line, position = self.places:texts(texts, from, self.position)
    if line then
      self.position = position
    else
      line = self.places:texts(texts, from)
    end
  end
  return line and self.path .. ":" .. line or fallback or near or self.path
end

function M:rewind() self.position = nil end

local function say(self, list, place, message)
  local whole = (place or self.path) .. ": " .. message
  if not self.seen[whole] then
    self.seen[whole] = true
    list[#list + 1] = whole
  end
end

function M:problem(place, message, ...)
  say(self, self.problems, place, select("#", ...) > 0 and message:format(...) or message)
end

function M:warn(place, message, ...)
  say(self, self.warnings, place, select("#", ...) > 0 and message:format(...) or message)
end

--- Names each key of `map` that is not one of `known`; `later` holds what is recognised but not there yet.
function M:keys(map, known, what, near, later)
  local allowed = {}
  for _, name in ipairs(known) do allowed[name] = true end
  for _, key in ipairs(M.names(map)) do
    if later and later[key] then
      self:problem(self:key(key, near), "%s is not available in this version", key)
    elseif type(key) == "number" then
      self:problem(near, "%s has an entry without a name (write name = value)", what)
    elseif not allowed[key] then
      self:problem(self:key(tostring(key), near), "unknown key '%s' in %s%s", tostring(key), what, M.suggest_or_list(key, known))
    end
  end
end

local articles = { table = "a table", string = "a text", number = "a number", boolean = "true or false" }

--- `map[key]` if it is nil or of that type; else a problem and nil.
function M:typed(map, key, wanted, what, near)
  local value = map[key]
  if value == nil or type(value) == wanted then return value end
  self:problem(self:key(key, near), "%s of %s must be %s, not a %s", key, what, articles[wanted], type(value))
end

--- `map[key]` if it is nil or one of `options`.
function M:one_of(map, key, options, what, near)
  local value = map[key]
  if value == nil then return nil end
  for _, option in ipairs(options) do
    if option == value then return value end
  end
  self:problem(self:key(key, near), "%s of %s must be one of %s, not '%s'%s", key, what, table.concat(options, ", "),
    tostring(value), M.suggest(value, options))
end

function M:message()
  if #self.problems == 0 then return nil end
  return table.concat(self.problems, "\n")
end

return M
