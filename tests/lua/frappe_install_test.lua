-- profile: io
-- What `install` makes in a Frappe site and `uninstall` takes away, on a site with a list of webhooks.

local tap = require "tap"
local json = require "tidewire.json"
local fake_http = require "fake_http"
local host = require "tidewire.host.connector"

local array = json.array
local people = { name = "Employee", word = "doctype", key = array { "name" }, fields = array { "first_name" } }

-- A site: `webhooks` by name, as its own API takes and shows them; with `numbers` it names them itself, as version 14 does.
local function site(numbers)
  local one, made = { webhooks = {} }, 0
  local function list()
    local rows = array {}
    for _, webhook in pairs(one.webhooks) do rows[#rows + 1] = webhook end
    return { body = { data = rows } }
  end
  local function named(asked) return asked.path:match "/Webhook/(.*)$" end
  one.http = fake_http.new {
    { "GET /api/resource/Webhook", list },
    { "POST /api/resource/Webhook", function(asked)
      made = made + 1
      if numbers then asked.json.name = ("HOOK-%04d"):format(made) end
      if one.webhooks[asked.json.name] then return { status = 409, body = { exc_type = "DuplicateEntryError" } } end
      one.webhooks[asked.json.name] = asked.json
      return { body = { data = asked.json } }
    end },
    { "PUT /api/resource/Webhook/.*", function(asked)
      for field, value in pairs(asked.json) do one.webhooks[named(asked)][field] = value end
      return { body = { data = one.webhooks[named(asked)] } }
    end },
    { "DELETE /api/resource/Webhook/.*", function(asked)
      one.webhooks[named(asked)] = nil
      return { body = { message = "ok" } }
    end },
  }
  --- A daemon at it that signs with `secret`.
  function one.daemon(secret)
    return host(function() return require "connectors.frappe" end, { name = "erp", http = one.http,
      config = { url = "https://erp.example.com", api_key = "k", api_secret = "s", webhook_secret = secret } }).functions
  end
  --- How many webhooks go to a daemon.
  function one.told(address)
    local count = 0
    for _, webhook in pairs(one.webhooks) do
      if webhook.request_url:sub(1, #address) == address and webhook.enabled == 1 then count = count + 1 end
    end
    return count
  end
  return one
end

local here, there = "https://a.example.org/webhook/erp", "https://b.example.org/webhook/erp"
local function made(call, address) return #assert(call.install(people, { address = address, apply = true })).steps end
local function gone(call, address) return #assert(call.uninstall(people, { address = address, apply = true })).steps end

tap.test("what another mapping uses too is left to it, which the plan says", function()
  local erp = site()
  local call = erp.daemon "w"
  made(call, here)
  local plan = assert(call.uninstall(people, { address = here, apply = true, used_by = { "staff", "teams" } }))
  tap.equal({ plan.applied, #plan.steps, plan.steps[1].title, erp.told(here) }, { false, 1, "left as it is: staff, teams use it too", 3 })
  tap.equal({ gone(call, here), erp.told(here) }, { 3, 0 })
end)

tap.test("the webhooks follow the daemon to another address, and go without one", function()
  local erp = site()
  local call = erp.daemon "w"
  tap.equal({ made(call, here), made(call, here), erp.told(here) }, { 3, 0, 3 })
  local shown = assert(call.install(people, { address = there })).steps
  tap.ok(shown[1].title:find("goes to another address than " .. here, 1, true), shown[1].title)
  tap.equal({ shown[1].request.method, erp.told(there) }, { "PUT", 0 })
  tap.equal({ made(call, there), erp.told(here), erp.told(there) }, { 3, 0, 3 })
  tap.equal({ gone(call, here), gone(call), next(erp.webhooks) }, { 0, 3, nil })
end)

tap.test("two daemons with secrets of their own share a site", function()
  local erp = site()
  local production, staging = erp.daemon "production", erp.daemon "staging"
  tap.equal({ made(production, here), made(staging, there), made(production, here) }, { 3, 3, 0 })
  tap.equal({ gone(staging), erp.told(here), erp.told(there) }, { 3, 3, 0 })
end)

tap.test("webhooks that sign with a former secret are made anew, one that is switched off is switched on", function()
  local erp = site()
  made(erp.daemon "former", here)
  local call = erp.daemon "of today"
  tap.equal({ made(call, here), made(call, here), erp.told(here) }, { 6, 0, 3 })
  for _, webhook in pairs(erp.webhooks) do
    tap.equal(webhook.webhook_secret, "of today")
    webhook.enabled = 0
  end
  tap.equal({ made(call, here), erp.told(here) }, { 3, 3 })
end)

tap.test("a site that numbers its webhooks itself has them by their address", function()
  local erp = site("numbers")
  local call = erp.daemon "w"
  tap.equal({ made(call, here), made(call, here), gone(call, here), next(erp.webhooks) }, { 3, 0, 3, nil })
end)

tap.test("a webhook says what is missing: its address, its secret, which is not shown", function()
  local erp = site()
  tap.fails("invalid", erp.daemon("w").install(people, {}))
  tap.fails("invalid", erp.daemon(nil).install(people, { address = here }))
  tap.equal(json.encode(erp.daemon("very secret").install(people, { address = here })):find("very secret", 1, true), nil)
end)
