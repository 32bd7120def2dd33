--- What is wrong with a compiled field, and with a mapping as a whole, that no single key shows.

local decimal = require "tidewire.decimal"
local files = require "tidewire.mapping.files"
local flow = require "tidewire.mapping.flow"
local further = require "tidewire.mapping.further"
local parts = require "tidewire.mapping.parts"
local report = require "tidewire.host.report"
local stamp = require "tidewire.mapping.stamp"
local types = require "tidewire.mapping.types"

local M = {}

local sides = { "left", "right" }

-- The paths that a field writes on a side.
local function reached(field, side) return flow.reaches(field.flow, side) and field[side] or {} end

-- "meta.price" lies within "meta" and within itself.
local function within(path, outer) return (path .. "."):sub(1, #outer + 1) == outer .. "." end

local function check_conversion(c, spec, field)
  for _, to in ipairs { "right", "left" } do
    local from = flow.other[to]
    if field.kind == "copy" and flow.reaches(field.flow, to) then
      if #field[from] > 1 or #field[to] > 1 then
        return c.r:problem(spec.at, "a row with several fields on one side needs a transform such as t.names")
      end
      local a, b = field[from .. "_type"], field[to .. "_type"]
      local obstacle = types.obstacle(a, b)
      if obstacle then
        return c.r:problem(spec.at, "%s of %s is %s and %s of %s is %s: they do not convert without a transform%s", field[from][1],
          c[from].connection, types.name(a), field[to][1], c[to].connection, types.name(b),
          obstacle ~= "" and " (" .. obstacle .. ")" or "")
      end
    end
  end
end

-- Values never travel onto what the system computes itself (law 14); a state is moved there by verbs.
local function check_writable(c, spec, field)
  for _, side in ipairs(sides) do
    for _, path in ipairs(reached(field, side)) do
      local described = parts.field(c.described[side], path) or c.described[side] and c.described[side][path:match "^[^.]+"]
      local moved = spec.moved and spec.moved[side]
      if described and described.type.read_only and not moved then
        c.r:problem(spec.at, "'%s' is read-only in %s: say only = \"to_%s\"%s", path, c.title[side], flow.other[side],
          described.because and " (" .. described.because .. ")" or "")
      end
    end
  end
end

-- Without `file = true` what travels is what the system says of a file.
local function check_files(c, spec, field)
  if field.file then return end
  for _, side in ipairs(sides) do
    for _, path in ipairs(field[side] or {}) do
      local described = parts.field(c.described[side], path) or c.described[side] and c.described[side][path:match "^[^.]+"]
      if described and described.file then
        return c.r:warn(spec.at, "'%s' of %s names a file: its name and address are kept the same, the file itself is not copied%s", path, c.title[side],
          field.kind == "copy" and not described.elsewhere and files.both_can(c) and ". Say file = true to copy it" or "")
      end
    end
  end
end

-- Bytes are the same bytes in another field of bytes only.
local function check_bytes(c, spec, field)
  for _, side in ipairs(sides) do
    local own, there = field[side .. "_type"], field[flow.other[side] .. "_type"]
    if field.kind == "copy" and own and own.kind == "binary" and there and there.kind ~= "binary" then
      c.r:warn(spec.at, "'%s' of %s holds bytes, '%s' of %s does not: they travel as %s", field[side][1], c.title[side],
        field[flow.other[side]][1], c.title[flow.other[side]], own.form == "base64" and "text in base64" or "text such as \\x00ff")
    end
  end
end

local plain_texts = { text = true, reference = true, enum = true }

-- A system's own numbers (ids of Odoo or WordPress) mean nothing elsewhere; keys that are texts (names of Frappe) may. Of a reference to texts
-- its type says how it is empty.
local function is_number(t) return t ~= nil and t.kind == "reference" and t.empty == nil end

local function check_references(c, spec, field)
  for _, side in ipairs(sides) do
    local there = flow.other[side]
    local own, other = field[side .. "_type"], field[there .. "_type"]
    if field.kind == "copy" and is_number(own) and other and plain_texts[other.kind] then
      local named = own.to and " of " .. tostring(own.to) or ""
      return c.r:warn(spec.at, "'%s' of %s holds the id of a record%s, which means nothing in '%s' of %s. t.ref \"MAPPING\" makes of it the key there of the same record, "
        .. "t.find(%s.%s \"%s\", { by = \"name\", take = \"id\" }) its name", field[side][1], c.title[side], named, field[there][1], c.title[there],
        c[side].connection, c[side].word, own.to and tostring(own.to) or "COLLECTION")
    end
  end
end

-- A text takes no list, and gives none.
local function check_lists(c, spec, field)
  local name = field.transform or ""
  if not name:find "^t%.list%f[^%w]" and name ~= "t.set" then return end
  for _, side in ipairs(sides) do
    local t = field[side .. "_type"]
    if t and t.kind == "text" then
      return c.r:problem(spec.at, "%s is for lists, and '%s' of %s is a text: t.csv makes one text of a list", name, field[side][1], c.title[side])
    end
  end
end

-- The day of an instant is one zone's; where nobody knows whose, it is that of UTC.
local function check_days(c, spec, field)
  for _, side in ipairs(sides) do
    local own, there = field[side .. "_type"], field[flow.other[side] .. "_type"]
    local turned = field.kind == "copy" and own and own.kind == "datetime" and own.form ~= "local" and there and there.kind == "date"
    if turned and (there.zone or "UTC") == "UTC" then
      c.r:warn(spec.at, "'%s' of %s is an instant, '%s' of %s a date, and no zone is known: the day is that of UTC. t.date \"Europe/Berlin\" takes the day of that zone",
        field[side][1], c.title[side], field[flow.other[side]][1], c.title[flow.other[side]])
    end
  end
end

-- Digits that every number with a floating point holds, of 64 bits and of 32.
local function float_digits(t) return t.form == "single" and 6 or 15 end

-- The digits that a decimal has beyond those are cut, and the cut value comes back where the row has two directions.
local function check_digits(c, spec, field)
  for _, side in ipairs(sides) do
    local own, there = field[side .. "_type"], field[flow.other[side] .. "_type"]
    local travels = field.kind == "copy" and field.lossy ~= true and own and own.kind == "decimal" and there and there.kind == "float"
    if travels and (own.precision or 0) > float_digits(there) then
      c.r:warn(spec.at, "'%s' of %s has %d digits, '%s' of %s is a float and holds %d: a longer value loses its last ones%s. Say lossy = true where none is that long", field[side][1],
        c.title[side], own.precision, field[flow.other[side]][1], c.title[flow.other[side]], float_digits(there),
        flow.reaches(field.flow, side) and ", on both sides" or "")
    end
  end
end

local timed = { time = true, datetime = true }

-- A number as a connector says it: 0.001 comes from there as a decimal.
local function amount(value)
  if type(value) == "number" then return value end
  return decimal.is(value) and value:number() or nil
end

-- "2 digits after the point", or of numeric(5,-2) "whole 100s"; the number alone where it is said already what is counted.
local function places(scale, in_full)
  if scale < 0 then return "whole 1" .. ("0"):rep(-scale) .. "s" end
  return in_full and scale .. " digits after the point" or tostring(scale)
end

-- How finely a type keeps its values and another does not: of a decimal the digits after the point, of a time the part of a second.
local function finer(own, there)
  local function both(name) return amount(own[name]), amount(there[name]) end
  local function less(name)
    local a, b = both(name)
    return a and b and a < b
  end
  local function more(name)
    local a, b = both(name)
    return a and b and a > b
  end
  if own.kind == "decimal" and there.kind == "decimal" then
    if more "scale" then return places(own.scale, true), places(there.scale, own.scale < 0) end
    local open = own.unlimited == true and type(own.scale) ~= "number"
    if open and type(there.scale) == "number" then return "any number of digits after the point", places(there.scale) end
  end
  if own.kind == "float" and own.form ~= "single" and there.form == "single" then return "15 digits or more", "6 to 9" end
  if timed[own.kind] and timed[there.kind] and less "resolution" then
    return ("%gs"):format(amount(own.resolution)), ("%gs"):format(amount(there.resolution))
  end
end

-- What the one side keeps more finely is cut on its way; an edit on the other side brings the shorter value back.
local function check_fineness(c, spec, field)
  for _, side in ipairs(sides) do
    local there = flow.other[side]
    local own, other = field[side .. "_type"], field[there .. "_type"]
    local travels = field.kind == "copy" and field.lossy ~= true and own and other and flow.reaches(field.flow, there)
    local fine, coarse
    if travels then fine, coarse = finer(own, other) end
    if fine then
      c.r:warn(spec.at, "'%s' of %s keeps %s, '%s' of %s %s: the rest is cut there%s. Say lossy = true where that is meant", field[side][1], c.title[side], fine,
        field[there][1], c.title[there], coarse, flow.reaches(field.flow, side) and ", and here too by an edit there" or "")
    end
  end
end

local function check_single_writer(c, spec, field)
  for _, side in ipairs(sides) do
    for _, path in ipairs(reached(field, side)) do
      for written, place in pairs(c.written[side]) do
        if within(path, written) or within(written, path) then
          c.r:problem(spec.at, "'%s' of %s is written by two rows; the other is at %s", path, c.title[side], place)
        end
      end
    end
    for _, path in ipairs(reached(field, side)) do c.written[side][path] = spec.at end
  end
end

function M.field(c, spec, field)
  check_conversion(c, spec, field)
  check_writable(c, spec, field)
  check_files(c, spec, field)
  check_bytes(c, spec, field)
  check_digits(c, spec, field)
  check_fineness(c, spec, field)
  check_days(c, spec, field)
  check_references(c, spec, field)
  check_lists(c, spec, field)
  check_single_writer(c, spec, field)
end

--- A rule that goes by times, and a side that tells none.
function M.times(c, tie)
  local disputed = false
  for _, field in ipairs(c.fields) do disputed = disputed or field.strategy == "newest" and (field.only or "both") == "both" end
  if c.flow ~= "both" or not disputed then return end
  for _, side in ipairs(sides) do
    if c.description[side] and c.description[side].tells_times == false then
      c.r:warn(c.r:key("conflict", c.at), "\"newest\" needs the times of edits, and %s tells none: where both sides have changed a field, the %s side wins (tie). " ..
        "Name its column of times (modified = \"...\") where it has one, or choose another rule", c.title[side], tie)
    end
  end
end

-- Whether what is deleted on a side is told as it happens: by proved webhooks, or by what a poll reads. Where nobody knows, it is taken to be.
local function tells_deletions(c, side, on)
  local able, about = c.capabilities[side] or {}, c.description[side] or {}
  local proved = not (c.proof[side] and c.proof[side].kind == "none")
  if on.webhook and proved and able.delete_events ~= false and about.delete_events ~= false then return true end
  local polls = able.poll_deletes
  if about.poll_deletes ~= nil then polls = about.poll_deletes end
  return on.poll ~= nil and polls ~= false
end

--- A side whose deletions travel, and which tells none of them by itself: only the sweep finds them. `deletes` and `on` by side, `sweep` its schedule.
function M.deletions(c, deletes, on, sweep)
  for _, side in ipairs(sides) do
    local to = flow.other[side]
    local able, about = c.capabilities[side] or {}, c.description[side] or {}
    if flow.reaches(c.flow, to) and deletes[to].policy ~= "ignore" and not tells_deletions(c, side, on[side]) then
      local near = c.r:key("deletes", c.at)
      -- Who sends no webhooks (its proof is none) and yet tells deletions keeps an outbox.
      local sends = c.proof[side] and c.proof[side].kind ~= "none"
      local may_tell = able.delete_events == true and about.delete_events ~= false
      local advice = about.poll_deletes == false and able.poll_deletes and may_tell and not sends and "; `tidewire install` makes an outbox that tells it at once"
        or may_tell and not on[side].webhook and ("; webhooks tell at once: on = { %s = { webhook = true } }, then `tidewire install`"):format(side) or ""
      if further.hides(about, able) then
        c.r:warn(near, "nothing tells what is deleted in %s, where a missing record proves nothing: no deletion of it reaches %s%s", c.title[side], c.title[to], advice)
      elseif not sweep then
        c.r:warn(near, "only a sweep finds what is deleted in %s, and none is planned: no deletion of it reaches %s by itself. Say sweep = \"daily 03:00\"%s", c.title[side], c.title[to], advice)
      else
        c.r:warn(near, "only the sweep finds what is deleted in %s: it reaches %s with the next one (%s)%s", c.title[side], c.title[to], sweep, advice)
      end
    end
  end
end

--- Required fields of a side that is created and that no row fills; of its key, where no other side assigns it.
function M.required(c)
  for _, side in ipairs(sides) do
    local described = c.described[side]
    for _, name in ipairs(described and flow.reaches(c.flow, side) and report.names(described) or {}) do
      local field, is_key = described[name], c.is_key(name, side)
      local filled = is_key and (c.assigned_by == flow.other[side] or c.description[side].creates == false)
      for path in pairs(c.written[side]) do filled = filled or within(path, name) end
      local has_default = field.default ~= nil and tostring(field.default) ~= "null"
      if field.type.required and not field.type.read_only and not filled and not has_default then
        c.r:warn(c.at, "'%s' of %s is required there and no row fills it: creating a record will fail%s", name, c.title[side],
          is_key and (". It is its key: add a row for it, or say key = { ..., assigned_by = \"%s\" }"):format(flow.other[side]) or "")
      end
    end
  end
end

local function has_unique(c, side)
  local described = c.described[side]
  if not described or c.description[side].tells_unique == false then return true end
  for _, match in ipairs(c.matches) do
    for _, pair in ipairs(match) do
      local field = described[pair[side]]
      if c.is_key(pair[side], side) or field and field.type.unique then return true end
    end
  end
  return false
end

--- Law 25: a create whose answer was lost must be found again.
function M.creates(c)
  for _, side in ipairs(sides) do
    if flow.reaches(c.flow, side) then
      local able = c.capabilities[side]
      local copied = c.assigned_by == flow.other[side]
      if copied and able and not able.client_keys then
        c.r:problem(c.r:key("assigned_by", c.r:key("key", c.at)), "assigned_by = \"%s\": %s does not let a client choose the key",
          c.assigned_by, c[side].connection)
      elseif c.description[side] and c.description[side].creates == false then
        c.r:warn(c.at, "no record can be made in %s: one of %s that `match` finds no other of will be a dead letter. Let direction or scope leave those out",
          c.title[side], c.title[flow.other[side]])
      elseif #c.matches == 0 and not copied and not stamp.marks(c.stamps, side) then
        c.r:problem(c.at, "records are created in %s, but nothing finds one again whose creation was not answered: add "
          .. "stamp = { %s = { FIELD = link.%s_key } }, match = { by.fields { ... } }, or a key that the other side assigns",
          c.title[side], side, flow.other[side])
      elseif not copied and not stamp.marks(c.stamps, side) and not has_unique(c, side) then
        c.r:warn(c.r:key("match", c.at), "no field of match is described as unique in %s: the same record could be created twice",
          c.title[side])
      end
    end
  end
end

return M
