-- How two tables belong together by their declared foreign keys, and which of the ways a request means.
--
-- A way is { far = relation, kind, constraint, near = its column, target = the far side's column }; through a table
-- that joins two others it has `junction` = { name, near, far, constraints } besides.
local errors = require "practice.supabase.errors"
local json = require "practice.supabase.json"

local M = {}

local function alone_unique(relation, column)
  for _, unique in ipairs(relation.uniques) do
    if #unique.columns == 1 and unique.columns[1] == column then return true end
  end
  return false
end

-- A view shows the keys whose columns it shows.
local function shows(relation, column)
  return relation.by_name[column] ~= nil
end

local function is_or_views(relation, name)
  return relation.name == name or (relation.is_view and relation.base.name == name)
end

local function upwards(out, origin, far)
  for _, key in ipairs(origin.foreign) do
    if is_or_views(far, key.parent) and shows(origin, key.column) and shows(far, key.target) then
      out[#out + 1] = { far = far, constraint = key.name, near = key.column, target = key.target,
        kind = alone_unique(origin, key.column) and "one-to-one" or "many-to-one", owns = true }
    end
  end
end

local function downwards(out, origin, far)
  for _, key in ipairs(far.foreign) do
    if is_or_views(origin, key.parent) and shows(far, key.column) and shows(origin, key.target) then
      out[#out + 1] = { far = far, constraint = key.name, near = key.target, target = key.column,
        kind = alone_unique(far, key.column) and "one-to-one" or "one-to-many" }
    end
  end
end

local function in_key(relation, column)
  for _, name in ipairs(relation.pk) do
    if name == column then return true end
  end
  return false
end

-- A table joins two others where both of its foreign keys are part of its primary key.
local function across(out, origin, far, junction)
  for _, one in ipairs(junction.foreign) do
    for _, other in ipairs(junction.foreign) do
      if one ~= other and is_or_views(origin, one.parent) and is_or_views(far, other.parent)
        and in_key(junction, one.column) and in_key(junction, other.column) then
        out[#out + 1] = { far = far, kind = "many-to-many", near = one.target, target = other.target,
          junction = { name = junction.name, source = junction.source, near = one, far = other } }
      end
    end
  end
end

-- A table that points at itself is meant by its own name as the many; the one goes by the column.
local function means_itself(way, name, hint)
  local down = way.kind == "one-to-many"
  if not hint then return (down and way.far.name == name) or (way.owns and way.near == name) end
  return down and way.far.name == name and way.target == hint
end

local function means(way, name, hint)
  if hint then
    return way.far.name == name and (hint == way.constraint or hint == way.near or hint == way.target
      or (way.junction ~= nil and hint == way.junction.name))
  end
  if way.far.name == name then return true end
  return not way.far.is_view and (way.constraint == name or (way.owns and way.near == name))
end

local function ways(request, origin)
  local out, relations = {}, request.catalog.relations
  local names = {}
  for name, relation in pairs(relations) do
    if not relation.pending then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    upwards(out, origin, relations[name])
    downwards(out, origin, relations[name])
  end
  for _, name in ipairs(names) do
    for _, between in ipairs(names) do
      if not relations[between].is_view then across(out, origin, relations[name], relations[between]) end
    end
  end
  return out
end

local function no_way(origin, item)
  local by = item.hint and (" using the hint '%s'"):format(item.hint) or ""
  error(errors.pgrst("200", 400, ("Could not find a relationship between '%s' and '%s' in the schema cache"):format(
    origin.name, item.column), ("Searched for a foreign key relationship between '%s' and '%s'%s in the schema 'public', "
    .. "but no matches were found."):format(origin.name, item.column, by)))
end

local function described(origin, way)
  local text
  if way.junction then
    local near, far = way.junction.near, way.junction.far
    text = ("%s using %s(%s) and %s(%s)"):format(way.junction.name, near.name, near.column, far.name, far.column)
  else
    text = ("%s using %s(%s) and %s(%s)"):format(way.constraint, origin.name, way.near, way.far.name, way.target)
  end
  return ('{"cardinality":%s,"embedding":%s,"relationship":%s}'):format(json.quote(way.kind),
    json.quote(origin.name .. " with " .. way.far.name), json.quote(text))
end

local function too_many(origin, item, found)
  table.sort(found, function(a, b) return (a.constraint or "~" .. a.junction.name) < (b.constraint or "~" .. b.junction.name) end)
  local details, names = {}, {}
  for i, way in ipairs(found) do
    details[i] = described(origin, way)
    names[i] = ("'%s!%s'"):format(way.far.name, way.constraint or way.junction.name)
  end
  local it = errors.pgrst("201", 300,
    ("Could not embed because more than one relationship was found for '%s' and '%s'"):format(origin.name, item.column), nil,
    ("Try changing '%s' to one of the following: %s. Find the desired relationship in the 'details' key."):format(item.column,
      table.concat(names, ", ")))
  it.details_json = "[" .. table.concat(details, ",") .. "]"
  error(it)
end

--- The way from `origin` to what a select item embeds. Raises PGRST200 where there is none, PGRST201 where there are many.
function M.find(request, origin, item)
  local found = {}
  for _, way in ipairs(ways(request, origin)) do
    local fits = way.far == origin and not way.junction and means_itself or means
    if fits(way, item.column, item.hint) then found[#found + 1] = way end
  end
  if #found == 0 then no_way(origin, item) end
  if #found > 1 then too_many(origin, item, found) end
  return found[1]
end

return M
