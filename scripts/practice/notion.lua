-- tidewire practice notion: a Notion workspace to practise on, over its public API.
--
--   --port N            0, the default, takes any
--   --db FILE           keeps the workspace; ":memory:" by default
--   --fixture FILE      databases, users and pages (JSON, see notion/fixture.lua)
--   --token T           secret_practice
--   --rate N            requests a window, without limit by default; --window S: 60 seconds
--   --max-rows N        10000: where a query ends with request_status incomplete
--   --exact-times       filters compare edited times as they are, not floored to the minute
--   --case-sensitive    text filters heed case
--   --short-pages P     chance that a page of a query has fewer rows than asked for
--   --split-runs        rich text comes back in two runs where it may
--   --restore-lag S     seconds until a restored page can be written
--   --quiet-blocks      edits of blocks do not move the page's time
--   --webhook-interval S  seconds between two looks at what is to be delivered, 0.1
--
-- Left out: blocks within blocks, page bodies as Markdown, comments, views, file uploads, OAuth. It misbehaves on request: POST /practice/faults
-- and its neighbours in notion/admin.lua, none of which Notion has.
local clock = require "practice.shared.clock"
local practice = require "tidewire.practice"
local server = require "tidewire.server"
local notion = require "practice.notion.server"

local options = practice.options
local state = notion.new(options)
local address = assert(server.listen("127.0.0.1:" .. ("%d"):format(tonumber(options.port) or 0), clock.dated(state.clock, function(request)
  return notion.answer(state, request)
end)))
practice.ready(address)
state.hooks.work()
