-- tidewire practice supabase: a Supabase project to practise on (PostgREST behind the API gateway, database webhooks).
--
--   --port N            0, the default, takes any
--   --db FILE           keeps the rows; ":memory:" by default
--   --fixture FILE      tables, functions and rows (JSON, see supabase/catalog.lua)
--   --service-key, --anon-key, --jwt-secret
--   --legacy            as PostgREST 12.0.2 rather than 14.5
--   --max-rows N        1000: what a page is cut to, silently
--   --max-url N         51200 bytes; longer ones get a plain 400
--   --safeupdate off    lets PATCH and DELETE without a filter through
--   --allow-rollback    honours Prefer: tx=rollback
--   --webhook-interval S  seconds between two batches of webhooks, 0.1
local clock = require "practice.shared.clock"
local practice = require "tidewire.practice"
local server = require "tidewire.server"
local supabase = require "practice.supabase.server"

local options = practice.options
local state = supabase.new(options)
local address = assert(server.listen("127.0.0.1:" .. ("%d"):format(tonumber(options.port) or 0), clock.dated(state.clock, function(request)
  return supabase.answer(state, request)
end)))
practice.ready(address)
state.hooks.work()
