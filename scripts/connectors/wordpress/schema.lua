--- What a site holds: its post types, taxonomies and users, their fields, and what our user may do with them.

local connector = require "tidewire.connector"
local json = require "tidewire.json"
local text = require "tidewire.text"
local url = require "tidewire.url"
local wire = require "connectors.wordpress.wire"

local array = json.array
local fail, given = connector.fail, connector.given

local M = {}

--- Texts that come as { raw, rendered }: only the first is what somebody wrote.
M.raw = { title = true, content = true, excerpt = true, caption = true, description = true }

local words = { post_type = "types", taxonomy = "taxonomies" }

-- The zone of the site's local times, nil where no name says it.
local function zone_of(site)
  local name, offset = given(site.timezone_string), tonumber(connector.plain(given(site.gmt_offset) or 0)) or 0
  if name and name ~= "" then return name end
  if offset == 0 then return "UTC" end
  return offset % 1 == 0 and ("Etc/GMT%+d"):format(-offset) or nil
end
M.zone_of = zone_of

-- Where things are ------------------------------------------------------------------------------------------------------

-- Names of WordPress' own begin with what they are of: the taxonomy of tags is `post_tag`.
local function meant(asked, names)
  for _, name in ipairs(names) do
    if name:sub(-#asked - 1) == "_" .. asked then return " (did you mean '" .. name .. "'?)" end
  end
  return text.did_you_mean(asked, names)
end

local function unknown_thing(conn, collection, err)
  local known, names = wire.get(conn, "/wp/v2/" .. words[collection.word], { { "context", "edit" } }), {}
  for name in pairs(known and known.body or {}) do names[#names + 1] = name end
  return fail("invalid", ("there is no %s '%s'%s: %s"):format(collection.word, collection.name, meant(collection.name, names), err.message),
    "is it shown in REST (`show_in_rest`), and its plugin active?")
end

local function route_of(about) return "/" .. (given(about.rest_namespace) or "wp/v2") .. "/" .. (given(about.rest_base) or about.slug) end

-- Which field of a post holds the terms of which taxonomy.
local function taxonomies_of(conn, type_name)
  local reply, err = wire.get(conn, "/wp/v2/taxonomies", { { "type", type_name } })
  if not reply then return nil, err end
  local by_field = {}
  for name, about in pairs(reply.body) do
    if type(about) == "table" then by_field[given(about.rest_base) or name] = { name = name, route = route_of(about) } end
  end
  return by_field
end

local function load_target(conn, collection)
  if collection.word == "route" then
    if collection.name ~= "users" then return fail("invalid", "route '" .. collection.name .. "' is not known", 'there is route "users"; all else is a post_type or a taxonomy') end
    return { name = "users", kind = "user", route = "/wp/v2/users", terms = {} }
  end
  if collection.name == "attachment" then return fail("invalid", "media are not synchronised", "their addresses can be: map a meta key or the text that holds them") end
  local reply, err = wire.get(conn, "/wp/v2/" .. words[collection.word] .. "/" .. url.encode(collection.name), { { "context", "edit" } })
  if not reply and (err.code == "invalid" or err.code == "not_found") then return unknown_thing(conn, collection, err) end
  if not reply then return nil, err end
  local target = { name = collection.name, kind = collection.word == "taxonomy" and "term" or "post", route = route_of(reply.body),
    rights = given(reply.body.capabilities) or {}, terms = {} }
  if target.kind == "term" then return target end
  if json.is_array(reply.body.taxonomies) and #reply.body.taxonomies == 0 then return target end
  target.terms, err = taxonomies_of(conn, collection.name)
  if not target.terms then return nil, err end
  return target
end

-- Fields ----------------------------------------------------------------------------------------------------------------

local function kind_of(property)
  local kind = property.type
  if type(kind) ~= "table" then return kind end
  return kind[1] == "null" and kind[2] or kind[1]
end

local function options_of(property)
  local list = array {}
  for _, one in ipairs(type(property.enum) == "table" and property.enum or {}) do
    if type(one) == "string" and one ~= "" then list[#list + 1] = one end
  end
  return #list > 0 and list or nil
end

local simple = {
  integer = { kind = "int", zero_is_null = true }, number = { kind = "decimal", form = "number", zero_is_null = true }, boolean = { kind = "bool", form = "json", null_is_false = true },
  array = { kind = "list" }, object = { kind = "json" },
}

-- A post meta that was never set reads as 0, "" or false, so these are nothing; a boolean has no third value.
local function plain_type(property)
  if kind_of(property) == "string" and options_of(property) then return { kind = "enum", options = options_of(property) } end
  return simple[kind_of(property)] or { kind = "text", empty = "null" }
end

local references = { author = "users", featured_media = "attachment" }

local function own_type(target, name, property, zone)
  local about = target.terms[name]
  if about then return { kind = "set", to = about.name }, about.name end
  if M.raw[name] and kind_of(property) == "object" then return { kind = "text", empty = "null", trim = name == "title" and "both" or nil } end
  if name == "parent" then return { kind = "reference", to = target.name }, target.name end
  if references[name] and target.kind == "post" then return { kind = "reference", to = references[name] }, references[name] end
  if property.format == "date-time" then
    if name == "registered_date" then return { kind = "datetime", form = "instant", resolution = 1 } end
    return { kind = "datetime", form = "local", zone = name:find "_gmt$" and "UTC" or zone, resolution = 1 }
  end
  if name == "roles" then return { kind = "set" } end
  return plain_type(property)
end

local left_out = { guid = true, permalink_template = true, generated_slug = true, capabilities = true, extra_capabilities = true, avatar_urls = true,
  class_list = true, meta = true, _links = true }

local function add_field(fields, name, field)
  field.name = name
  fields[name] = field
end

local function fields_of(target, properties, zone)
  local fields = {}
  for name, property in pairs(properties) do
    if not left_out[name] then
      local type_of, refers = own_type(target, name, property, zone)
      add_field(fields, name, { type = type_of, references = refers, read_only = property.readonly == true or nil, required = property.required == true or nil,
        raw = M.raw[name] and kind_of(property) == "object", terms = target.terms[name] ~= nil, label = given(property.description) })
    end
  end
  for name, property in pairs(type(properties.meta) == "table" and type(properties.meta.properties) == "table" and properties.meta.properties or {}) do
    add_field(fields, "meta." .. name, { type = plain_type(property), meta = name, label = given(property.description) })
  end
  return fields
end

local function load_fields(conn, target)
  local reply, err = wire.options(conn, target.route)
  if not reply then return nil, err end
  local properties = type(reply.body.schema) == "table" and reply.body.schema.properties
  if type(properties) ~= "table" then return fail("unavailable", target.route .. " tells no schema") end
  local site
  site, err = wire.site(conn)
  if not site then return nil, err end
  target.fields = fields_of(target, properties, zone_of(site))
  target.live = target.kind == "post" and table.concat(type(properties.status) == "table" and options_of(properties.status) or { "publish", "future", "draft", "pending", "private" }, ",")
  return true
end

--- Who we are: the user with its capabilities.
function M.me(conn, fresh)
  if conn.state.me and not fresh then return conn.state.me end
  local reply, err = wire.get(conn, "/wp/v2/users/me", { { "context", "edit" }, { "_fields", "id,slug,name,roles,capabilities" } })
  if not reply then return nil, err end
  conn.state.me = reply.body
  return reply.body
end

local function may(me, right) return type(me.capabilities) == "table" and me.capabilities[right] == true end

--- What a collection is: { name, kind = "post" | "term" | "user", route, fields, terms, live, mine }. `live`: the statuses outside the
--- trash. `mine`: our user's id where it may see no other's posts. Kept while the VM lives; `fresh` asks again.
function M.target(conn, collection, fresh)
  local targets = conn.state.targets or {}
  conn.state.targets = targets
  local id = collection.word .. " " .. collection.name
  if targets[id] and not fresh then return targets[id] end
  local target, err = load_target(conn, collection)
  if not target then return nil, err end
  local loaded, me
  loaded, err = load_fields(conn, target)
  if not loaded then return nil, err end
  me, err = M.me(conn, fresh)
  if not me then return nil, err end
  if target.kind == "post" and not may(me, target.rights.edit_others_posts or "edit_others_posts") then target.mine = me.id end
  targets[id] = target
  return target
end

--- The meta keys that a mapping names, with the type that each is to be registered with: what the option `meta` says, else text.
function M.wanted_meta(collection)
  local said, wanted = given((collection.options or {}).meta) or {}, {}
  for key, kind in pairs(said) do wanted[key] = kind end
  for _, path in ipairs(collection.fields or {}) do
    local key = path:match "^meta%.([^.]+)"
    if key then wanted[key] = said[key] or "string" end
  end
  return wanted
end

-- What is told ----------------------------------------------------------------------------------------------------------

local needed = {
  post = { "edit_posts", "edit_others_posts", "edit_published_posts", "publish_posts", "delete_posts", "delete_others_posts", "delete_published_posts", "read_private_posts" },
  term = { "manage_terms", "edit_terms", "delete_terms", "assign_terms" },
}
local needed_of_users = { "list_users", "edit_users", "create_users", "delete_users" }

-- Rights of categories and tags that no role has: WordPress asks for another instead (map_meta_cap, 4.7 and later).
local asked_instead = { edit_categories = "manage_categories", delete_categories = "manage_categories", assign_categories = "edit_posts",
  manage_post_tags = "manage_categories", edit_post_tags = "manage_categories", delete_post_tags = "manage_categories", assign_post_tags = "edit_posts" }

local function rights_missing(target, me)
  local missing, told = {}, {}
  for _, right in ipairs(needed[target.kind] or needed_of_users) do
    local name = target.rights and target.rights[right] or right
    name = asked_instead[name] or name
    if not may(me, name) and not told[name] then missing[#missing + 1] = name end
    told[name] = true
  end
  return missing
end

-- WordPress gives a slug to one post of a type, an address and a name to one user.
local unique = { id = true, slug = true, email = true, username = true }

function M.describe(conn, collection)
  local target, err = M.target(conn, collection, true)
  if not target then return nil, err end
  local names, list, warnings = {}, array {}, array {}
  for name in pairs(target.fields) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local field = target.fields[name]
    list[#list + 1] = { name = name, label = field.label, type = field.type, required = field.required, read_only = field.read_only, references = field.references,
      unique = unique[name], file = field.references == "attachment" or nil }
    if field.raw then list[#list + 1] = { name = name .. ".raw", label = field.label, type = field.type } end
  end
  list[#list + 1] = { name = "meta", type = { kind = "json" }, by_part = true }
  for key, kind in pairs(M.wanted_meta(collection)) do
    if not target.fields["meta." .. key] then
      list[#list + 1] = { name = "meta." .. key, type = plain_type { type = kind } }
      warnings[#warnings + 1] = ("the meta key '%s' of %s is not registered yet: `tidewire install wordpress MAPPING`"):format(key, target.name)
    end
  end
  local missing = rights_missing(target, conn.state.me)
  if #missing > 0 then
    warnings[#warnings + 1] = ("the user lacks of %s: %s"):format(target.name, table.concat(missing, ", ")) .. (target.mine and "; it sees its own posts only" or "")
  end
  return { key = array { "id" }, fields = list, warnings = warnings, poll_deletes = target.kind == "post" and nil, tells_times = target.kind == "post" and nil }
end

-- What a site keeps for its own working: menus, blocks, templates, fonts; and media, which are not synchronised.
local function is_inner(name) return name:find "^wp_" ~= nil or name:find "^nav_menu" ~= nil or name == "attachment" end

--- The post types and taxonomies that the API shows our user, and its users.
function M.catalog(conn)
  local list = array {}
  for _, word in ipairs { "post_type", "taxonomy" } do
    local reply, err = wire.get(conn, "/wp/v2/" .. words[word], { { "context", "edit" } })
    if not reply then return nil, err end
    for name, about in pairs(reply.body) do
      if type(about) == "table" and not is_inner(name) then list[#list + 1] = { name = name, word = word, label = given(about.name) or nil } end
    end
  end
  list[#list + 1] = { name = "users", word = "route" }
  table.sort(list, function(a, b) return a.word .. " " .. a.name < b.word .. " " .. b.name end)
  return list
end

-- Anonymous requests are answered, so whether we were let in is asked in so many words.
local function why_denied(conn, err)
  local site = err.code == "denied" and wire.site(conn)
  local ways = site and given(site.authentication)
  if type(ways) == "table" and next(ways) == nil then
    return fail("denied", err.message, "this site takes no application passwords: it wants HTTPS, or WP_ENVIRONMENT_TYPE 'local', or a plugin has switched them off")
  end
  return nil, err
end

function M.test(conn)
  local site, err = wire.site(conn, true)
  if not site then return nil, err end
  local me
  me, err = M.me(conn, true)
  if not me then return why_denied(conn, err) end
  local warnings = array {}
  local missing = rights_missing({ kind = "post" }, me)
  if #missing > 0 then
    warnings[1] = ("the user %s lacks %s: give it the role Editor"):format(me.slug or conn.config.user, table.concat(missing, ", "))
  end
  if not may(me, "unfiltered_html") then
    warnings[#warnings + 1] = "the user lacks unfiltered_html: WordPress takes scripts, frames and handlers out of what is written"
  end
  if not zone_of(site) then warnings[#warnings + 1] = "the site's zone is an offset without a name: map `date_gmt`, not `date`" end
  return { user = me.slug or conn.config.user, version = "", site = given(site.url) or conn.config.url, zone = zone_of(site) or "", server_time = conn.state.server_date or
    connector.server_now(conn), warnings = warnings }
end

return M
