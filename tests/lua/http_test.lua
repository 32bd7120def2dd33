-- profile: practice
local tap = require "tap"
local http = require "tidewire.http"
local server = require "tidewire.server"
local task = require "tidewire.task"
local json = require "tidewire.json"
local practice = require "tidewire.practice"

local test, equal = tap.test, tap.equal

local seen
local function handler(request)
  seen = request
  if request.segments[1] == "slow" then task.sleep(0.2) end
  if request.segments[1] == "nap" then task.sleep(0.02) end
  if request.segments[1] == "drop" then return server.drop end
  if request.segments[1] == "broken" then return "text" end
  if request.segments[1] == "raise" then local t; return t.x end
  return { status = 201, headers = { ["X-Answer"] = "yes", ["Content-Type"] = "application/json" }, body = json.encode { got = request.body } }
end
local base = "http://" .. assert(server.listen("127.0.0.1:0", handler))

test("http: a request goes there and back", function()
  local response = assert(http.request {
    method = "POST", url = base .. "/a%2Fb/c?x=1&y=a%20b&x=2", body = "hello", headers = { ["X-One"] = "1", ["X-Number"] = 9007199254740991 },
  })
  equal({ response.status, response.headers["x-answer"], json.decode(response.body).got }, { 201, "yes", "hello" })
  equal({ seen.method, seen.path, seen.body }, { "POST", "/a%2Fb/c", "hello" })
  equal(seen.segments, { "a/b", "c" })
  equal(seen.query, { x = "1", y = "a b" })
  equal(seen.query_string, "x=1&y=a%20b&x=2")
  equal({ seen.headers["x-one"], seen.headers["x-number"] }, { "1", "9007199254740991" })
end)

test("http: several at once", function()
  local jobs = {}
  for i = 1, 20 do
    jobs[i] = function() return http.request { url = base .. "/nap", method = "POST", body = tostring(i) } end
  end
  local responses = assert(task.all(jobs))
  for i = 1, 20 do equal(json.decode(responses[i].body).got, tostring(i)) end
end)

test("http: failures carry their code", function()
  tap.fails("unavailable", http.request { url = "http://127.0.0.1:1/" })
  tap.fails("unknown", http.request { method = "POST", url = base .. "/drop", body = "x", once = true })
  tap.fails("unknown", http.request { method = "POST", url = base .. "/slow", timeout = 0.1 })
  task.sleep(0.3)  -- until its handler is through too
  tap.fails("invalid", http.request { url = base .. "/", max_bytes = 3 })
  tap.fails("invalid", http.request { url = "ftp://127.0.0.1/" })
end)

test("http: a handler that fails answers 500 and says why", function()
  local response = assert(http.request { url = base .. "/raise" })
  equal(response.status, 500)
  tap.ok(response.body:find "http_test.lua:%d+: attempt to index")
  equal(http.request({ url = base .. "/broken" }).status, 500)
end)

test("http: misuse is told before anything is sent", function()
  tap.raises(function() http.request { urll = "x" } end, "unknown option 'urll' %(did you mean 'url'%?%)")
  tap.raises(function() http.request {} end, "option 'url' is missing")
  tap.raises(function() http.request { url = base, headers = { A = "x\r\nB: y" } } end, "line break")
  tap.raises(function() http.request { url = base, headers = { A = {} , B = function() end } } end, "must be a text")
  tap.raises(function() http.request { url = base, timeout = "5" } end, "must be a number of seconds, not a string")
  tap.raises(function() http.request(base) end, "expected a table of options")
end)

test("server: an address that is taken is an error", function()
  tap.fails("unavailable", server.listen(base:sub(8), handler))
  tap.fails("invalid", server.listen("nonsense", handler))
end)

test("practice: options and chance", function()
  equal(practice.options.port, 8080)
  local n = practice.random()
  tap.ok(n >= 0 and n < 1)
end)

test("practice: reads fixtures and works beside requests", function()
  tap.fails("not_found", practice.read "no/such/file")
  local ticks = 0
  practice.start(function()
    while ticks < 3 do
      task.sleep(0.001)
      ticks = ticks + 1
    end
  end)
  while ticks < 3 do task.sleep(0.002) end
  equal(ticks, 3)
end)
