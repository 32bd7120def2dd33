-- What the whole practice server shares: its options, its clock and who is asking.
--
-- A call is handled without a wait between its first read and its commit, so "who is asking" can be one table here
-- instead of an argument of every function.

local arguments = require "practice.shared.options"
local clock = require "practice.shared.clock"
local practice = require "tidewire.practice"

local M = {}

local known = { "port", "listen", "version", "db", "database", "login", "password", "api-key", "fixture", "langs", "wizard", "seed" }
local serials = { ["16"] = 16, ["16.0"] = 16, ["17"] = 17, ["17.0"] = 17, ["18"] = 18, ["18.0"] = 18, ["19"] = 19, ["19.0"] = 19 }

--- Reads the command line.
function M.configure()
  local options = practice.options
  arguments.check("odoo", options, known)
  M.major = serials[tostring(options.version or "19")]
  if not M.major then arguments.refuse("odoo", "--version must be 16, 17, 18 or 19") end
  M.version = ("%d.0"):format(M.major)
  M.database = options.database or "practice"
  M.login, M.password = options.login or "practice", options.password or "practice"
  M.api_key = options["api-key"] or "practice-key"
  M.wizard = options.wizard == true or options.wizard == "on"
  M.langs = { en_US = true }
  for code in tostring(options.langs or ""):gmatch "[%w_@]+" do M.langs[code] = true end
  M.clock = clock.new()
  M.options = options
end

--- "2026-11-20 22:01:35.832497": UTC, as PostgreSQL's now() is stored.
function M.now()
  local day, hour, fraction = M.clock.utc():match "^(%d+%-%d+%-%d+)T(%d+:%d+:%d+)%.?(%d*)"
  return day .. " " .. hour .. "." .. (fraction .. "000000"):sub(1, 6)
end

--- Begins the environment of one call. `stamp` is the time at which its transaction began.
function M.begin(uid, context, stamp)
  M.env = { uid = uid, context = context or {}, now = stamp or M.now(), events = {}, writes = {} }
  return M.env
end

local function own_lang()
  local row = require("practice.odoo.store").query("SELECT lang FROM res_users WHERE id = ?1", M.env.uid)[1]
  return row and M.langs[row.lang] and row.lang or "en_US"
end

--- The language of the call where it is not that of the stored text, or nil: that of its context, else the user's.
function M.lang()
  local lang = M.env.context.lang
  if type(lang) ~= "string" then
    M.env.lang = M.env.lang or own_lang()
    lang = M.env.lang
  end
  if not lang or lang == "en_US" then return nil end
  return lang
end

return M
