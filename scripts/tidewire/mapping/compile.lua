--- One mapping's table, checked, as the engine's plan.

local json = require "tidewire.json"
local after = require "tidewire.mapping.after"
local checks = require "tidewire.mapping.checks"
local claims = require "tidewire.mapping.claims"
local child = require "tidewire.mapping.child"
local conflict = require "tidewire.mapping.conflict"
local fields = require "tidewire.mapping.fields"
local files = require "tidewire.mapping.files"
local flow = require "tidewire.mapping.flow"
local further = require "tidewire.mapping.further"
local judge = require "tidewire.mapping.judge"
local lifecycle = require "tidewire.mapping.lifecycle"
local later = require "tidewire.mapping.later"
local lookup = require "tidewire.mapping.lookup"
local mark = require "tidewire.mapping.mark"
local outside = require "tidewire.mapping.outside"
local parts = require "tidewire.mapping.parts"
local report = require "tidewire.host.report"
local rows = require "tidewire.mapping.rows"
local rules = require "tidewire.mapping.rules"
local settings = require "tidewire.host.settings"
local stamp = require "tidewire.mapping.stamp"
local tests = require "tidewire.mapping.tests"
local types = require "tidewire.mapping.types"
local values = require "tidewire.mapping.values"

local sides = { "left", "right" }
local members = { "name", "left", "right", "direction", "on", "scope", "key", "match", "fields", "check", "deletes", "tests", "conflict",
  "tie", "granularity", "read_target", "enforce", "leave", "sweep", "retry", "parallel", "priority", "use", "dry_run", "stamp", "lookup", "lifecycle", "after",
  "judge", "brake" }

local function given(value)
  if value == json.null then return nil end
  return value
end

-- What a mapping is about, before its fields: ends, what is known of them, direction.
local function context(r, content, argument, at)
  local c = { r = r, at = at, described = {}, description = {}, zone = {}, title = {}, capabilities = {}, proof = {}, files = {}, file_paths = { left = {}, right = {} }, file_columns = { left = json.array {}, right = json.array {} }, kinds = {}, written = { left = {}, right = {} },
    names = {}, references = {}, fields = {}, name = content.name, ends = argument.ends,
    frozen = type(argument.frozen) == "table" and given(argument.frozen[content.name]) or nil }
  local connections = argument.connections or {}
  local describe = given(argument.describe) or {}
  if type(describe[c.name]) == "table" then describe = describe[c.name] end
  for name, connection in pairs(connections) do c.kinds[name] = connection.kind end
  for _, side in ipairs(sides) do
    local own = content[side]
    if mark.word(own) ~= "end" then
      local example = report.names(connections)[1] or "erp"
      r:problem(own == nil and at or r:key(side, at), "%s %s: write %s = %s.WORD \"NAME\"", side,
        own == nil and "is missing" or "must be a collection of a connection", side, example)
      return nil
    end
    c[side] = own
    c.title[side] = ("%s.%s \"%s\""):format(own.connection, own.word, own.collection)
    c.description[side] = given(describe[side])
    c.described[side] = types.described(c.description[side])
    c.capabilities[side] = given((connections[own.connection] or {}).capabilities)
    c.files[side] = given((connections[own.connection] or {}).files)
    c.proof[side] = given((connections[own.connection] or {}).proof)
    c.zone[side] = types.zone_of(c.described[side])
    if c.described[side] == nil then c.incomplete = true end
    if own.options.parent ~= nil then r:problem(r:key(side, at), "parent is for a table of rows { ... }, not for an end of the mapping") end
  end
  further.begin(c, describe.further)
  parts.begin(c)
  return c
end

-- Key fields are known before the rows; what describe says of them, too.
local function know_keys(c, content)
  local described_keys = {}
  for _, side in ipairs(sides) do
    described_keys[side] = {}
    for _, name in ipairs(c.description[side] and given(c.description[side].key) or {}) do described_keys[side][name] = true end
  end
  function c.is_described_key(side, name) return described_keys[side][name] == true end
  c.key = rules.keys(c, content)
  local own = { left = {}, right = {} }
  for _, side in ipairs(sides) do
    for _, name in ipairs(c.key[side]) do own[side][name] = true end
  end
  function c.is_key(name, side)
    if side then return own[side][name] == true or described_keys[side][name] == true end
    return c.is_key(name, "left") or c.is_key(name, "right")
  end
end

-- What first contact asks for is read too.
local function declare_matches(content, declared)
  local match = type(content.match) == "table" and content.match or {}
  for _, rule in ipairs(mark.word(match) and { match } or match) do
    for _, item in ipairs(mark.word(rule) == "by.fields" and rule or {}) do
      local pair = type(item) == "table" and item or { item, item }
      if type(pair[1]) == "string" and type(pair[2]) == "string" then declared.left[pair[1]], declared.right[pair[2]] = true, true end
    end
  end
end

-- Names that a function may look up in a record of each side.
local function strict_records(c, content, specs)
  local declared = { left = {}, right = {} }
  declare_matches(content, declared)
  for _, side in ipairs(sides) do
    for _, name in ipairs(c.key[side]) do declared[side][name] = true end
    for field in pairs(c.scope[side]) do declared[side][field] = true end
    for _, spec in ipairs(specs) do
      for _, path in ipairs(spec.paths[side] or {}) do declared[side][path] = true end
    end
  end
  c.strict = { left = values.strict(declared.left, "a record of " .. c.left.connection),
    right = values.strict(declared.right, "a record of " .. c.right.connection) }
end

-- What `all` leaves to others: the state that verbs move, stamps.
local function apart(content)
  local result = lifecycle.fields(content) or { left = {}, right = {} }
  for _, side in ipairs(sides) do
    for name in pairs(type(content.stamp) == "table" and type(content.stamp[side]) == "table" and content.stamp[side] or {}) do result[side][name] = true end
  end
  return result
end

local function compile_fields(c, content)
  c.rows_at = c.r:key("fields", c.at)
  local list = c.r:typed(content, "fields", "table", "the mapping", c.at)
  if content.fields == nil then c.r:problem(c.at, "fields is missing: a mapping says which fields belong together") end
  c.apart = apart(content)
  local specs, all = {}, list and rows.list(c, list) or {}
  all[#all + 1] = lifecycle.spec(c, content)
  for _, spec in ipairs(all) do
    spec.paths = (spec.child and child or fields).paths(c, spec)
    if spec.paths then specs[#specs + 1] = spec end
  end
  strict_records(c, content, specs)
  local function add(spec)
    local field = (spec.child and child or fields).compile(c, spec, spec.paths)
    if field then c.fields[#c.fields + 1] = field end
    if spec.lifecycle then c.state_field = field end
  end
  for _, spec in ipairs(specs) do add(spec) end
  for _, spec in ipairs(claims.rows(c)) do add(spec) end
  parts.read(c)
  if list and #c.fields == 0 and #c.r.problems == 0 and not c.incomplete then c.r:problem(c.rows_at, "fields is empty") end
end

local function check_references(c, argument, siblings)
  local known, list = {}, {}
  for _, names in ipairs { argument.mappings or {}, siblings } do
    for _, name in ipairs(names) do
      if not known[name] then list[#list + 1] = name end
      known[name] = true
    end
  end
  for _, reference in ipairs(c.references) do
    if not known[reference.name] then
      c.r:problem(reference.at, "t.ref names the mapping '%s', which does not exist%s", reference.name, report.suggest(reference.name, list))
    end
  end
end

-- Of a key of several fields, or where nobody described it, nothing.
local function key_type(c, side)
  local field = #c.key[side] == 1 and c.described[side] and c.described[side][c.key[side][1]]
  return field and field.type or nil
end

-- Where the collection is able to less than its connection is: rows that a policy hides, keys that the database makes.
local function differs(c, side)
  local about, own = c.description[side] or {}, {}
  for _, name in ipairs { "absence_proves_delete", "client_keys" } do
    if type(about[name]) == "boolean" then own[name] = about[name] end
  end
  return next(own) ~= nil and own or nil
end

local function end_of(c, side, on, deletes)
  local own, soft = c[side], deletes[side].soft
  return {
    at = mark.at(own), connection = own.connection, word = own.word, collection = own.collection, place = further.place(c.description[side]), options = further.options_of(own), key = c.key[side], key_type = key_type(c, side),
    scope = c.scope[side], webhook = on[side].webhook or false, poll = on[side].poll, deletes = deletes[side].policy,
    delete_wins = deletes[side].wins, soft_field = soft and soft.field, soft_value = soft and soft.value, soft_at = soft and soft.at, stamps = c.stamps[side],
    children = c.children and c.children[side], parts = parts.of(c, side), claims = claims.of(c, side), files = #c.file_columns[side] > 0 and c.file_columns[side] or nil,
    differs = differs(c, side),
  }
end

local function settings_of(c, content, defaults)
  local function either(key)
    if content[key] ~= nil then return content[key], c.r:key(key, c.at) end
    return defaults[key], c.at
  end
  local result = {}
  judge.compile(c, either "judge")
  local conflict_value, conflict_at = either "conflict"
  c.rule = conflict.rule(c, conflict_value or "newest", conflict_at)
  local tie, tie_at = either "tie"
  result.tie = conflict.tie(c, tie, tie_at) or "left"
  result.granularity = c.r:one_of({ granularity = (either "granularity") }, "granularity", { "field", "record" }, "the mapping",
    c.r:key("granularity", c.at)) or "field"
  local max, base = settings.retry(c.r, content.retry, c.r:key("retry", c.at))
  local default_max, default_base = settings.retry(c.r, defaults.retry, c.at)
  result.max_attempts, result.retry_base_ms = max or default_max or 8, base or default_base or 1000
  result.sweep = settings.schedule(c.r, { sweep = (either "sweep") }, "sweep", "the mapping", c.r:key("sweep", c.at))
  result.parallel = settings.whole(c.r, { parallel = (either "parallel") }, "parallel", 1, "the mapping", c.at)
  result.priority = settings.whole(c.r, { priority = (either "priority") }, "priority", nil, "the mapping", c.at)
  result.enforce = c.r:typed(content, "enforce", "boolean", "the mapping", c.at) or false
  if result.enforce and c.flow == "both" then c.r:problem(c.r:key("enforce", c.at), "enforce is for a one-way mapping") end
  result.read_target = c.r:typed(content, "read_target", "boolean", "the mapping", c.at) or false
  result.brake = settings.brake(c.r, either "brake")
  local on, on_at = either "on"
  result.on = settings.on(c.r, on, on_at)
  return result
end

local function check_triggers(c, on)
  for _, side in ipairs(sides) do
    for _, name in ipairs(on[side].webhook and c.described[side] and c.key[side] or {}) do
      local field = c.described[side][name]
      if field and field.by_session then
        c.r:problem(c.r:key("key", c.at), "webhooks of %s spell '%s' (%s) as the session of whoever wrote it does, and a deleted row would not be known again: say on = { %s = { poll = \"every 5m\" } } "
          .. "without webhook, or name another key", c.title[side], name, types.name(field.type), side)
      end
    end
    local unproved = on[side].webhook and c.proof[side] and c.proof[side].kind == "none"
    if unproved then
      c.r:warn(c.at, "webhooks of %s are refused: nothing proves them. Give the connection %s their secret (its option webhook_secret, webhook or verification_token)", c.title[side],
        c[side].connection)
    end
    if flow.reaches(c.flow, side == "left" and "right" or "left") and (unproved or not on[side].webhook) and not on[side].poll then
      local proved = not (c.proof[side] and c.proof[side].kind == "none")
      c.r:warn(c.at, "nothing tells this mapping of changes in %s: add on = { %spoll = \"every 5m\" }", c.title[side], proved and "webhook = true, " or "")
    end
  end
end

--- On which sides writes are recorded and not made: dry_run = true, or one direction.
local function read_only_of(c, content, argument, at)
  local value = content.dry_run
  if value == nil then value = argument.dry_run == true end
  if type(value) == "boolean" then return value end
  local towards = flow.of(c, value, "dry_run", c.r:key("dry_run", at))
  return { left = towards == "to_left" or towards == "both", right = towards == "to_right" or towards == "both" }
end

--- The plan of one mapping, or nil. `content` has its name; `siblings` are the names of all mappings of the file.
return function(r, content, argument, at, siblings)
  r:rewind()
  r:keys(content, members, "the mapping", at, later.mapping)
  local c = context(r, content, argument, at)
  if not c then return nil end
  local defaults = given(argument.defaults) or {}
  c.flow = content.direction == nil and "both" or flow.of(c, content.direction, "direction", r:key("direction", at)) or "both"
  know_keys(c, content)
  c.scope = rules.scope(c, content)
  claims.narrow(c)
  local chosen = settings_of(c, content, defaults)
  c.assigned_by = rules.assigned_by(c, c.key.assigned_by)
  local lookups = lookup.compile(c, content)
  compile_fields(c, content)
  c.matches = rules.matches(c, content)
  c.stamps = stamp.compile(c, content)
  local life = lifecycle.compile(c, content, c.state_field)
  local deletes = rules.deletes(c, content.deletes ~= nil and content or { deletes = defaults.deletes })
  local checked, tested = rules.checks(c, content), tests.compile(c, content)
  check_references(c, argument, siblings)
  if #r.problems == 0 then
    files.asked(c)
    checks.creates(c)
    checks.required(c)
    outside.check(c)
    checks.times(c, chosen.tie)
    checks.deletions(c, deletes, chosen.on, chosen.sweep)
    check_triggers(c, chosen.on)
  end
  local strategy, strategy_function = conflict.compiled(c, c.rule, nil)
  local read_only = read_only_of(c, content, argument, at)
  return {
    name = content.name, at = at, left = end_of(c, "left", chosen.on, deletes), right = end_of(c, "right", chosen.on, deletes),
    direction = c.flow, assigned_by = c.assigned_by, matches = c.matches, fields = json.array(c.fields), strategy = strategy,
    strategy_function = strategy_function, granularity = chosen.granularity, tie = chosen.tie, checks = checked,
    read_target = chosen.read_target, enforce = chosen.enforce, leave = c.scope.leave, sweep = chosen.sweep, max_attempts = chosen.max_attempts,
    retry_base_ms = chosen.retry_base_ms, parallel = chosen.parallel, priority = chosen.priority, read_only = read_only, tests = tested,
    incomplete = c.incomplete or false, further = c.further, lookups = lookups, lifecycle = life, after = after.compile(c, content, argument.mail),
    all = c.all_names and json.array(c.all_names) or nil,
    judge = judge.compiled(c), brake = chosen.brake,
  }
end
