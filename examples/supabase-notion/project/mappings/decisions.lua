local t = require "tidewire.transform"

return mapping {
  left  = app.table "decisions",
  right = vault.data_source("dec15105-0000-4000-8000-000000000002",     -- the id in the data source's settings, with its dashes
    { single = { "Superseded by" } }),                                  -- a relation to one page, as a foreign key is
  direction = "both",
  on    = { poll = "every 15m" },
  key   = { left = "id", right = "id" },
  match = {
    by.fields { { "notion_page_id", "id" } },                           -- the page that the row names already
    by.checksum { "title", "context", "decision", "decided_on" },       -- else the one page that says the same
  },
  fields = {
    { "title",          "Name" },
    { "context",        "Context" },
    { "decision",       "Decision" },
    { "status",         "Status", t.enum { proposed = "Proposed", accepted = "Accepted", superseded = "Superseded" }, default = "proposed" },
    { "decided_on",     "Decided on" },
    { "tags",           "Tags", t.csv },                                -- "cost, people" <-> a multi-select
    { "owner_email",    "Owner", conflict = "manual" },                  -- who answers for it, no clock decides
    { "confidence",     "Confidence" },
    { "final",          "Final" },
    { "superseded_by",  "Superseded by", t.ref("decisions", { optional = true }) },   -- a row's id <-> a page's id
    { "notion_url",     "url", only = "to_left" },
  },
  stamp = {                               -- written into both, never compared: by them the pairs are known without this program
    left  = { notion_page_id = link.right_key, checksum = link.checksum, notion_synced = true },
    right = { Checksum = link.checksum, Synced = true },
  },
  conflict = "newest",                    -- the later edit; within the minute that Notion tells ...
  tie      = "left",                      -- ... Supabase wins
  deletes  = {                            -- nothing is deleted for good: a page goes to Notion's trash, a row is marked
    to_right = "delete", to_left = "soft", soft = { left = { "archived_at", now } },
  },
  tests = {
    { left = { tags = "cost, people", status = "accepted" }, right = { Tags = { "cost", "people" }, Status = "Accepted" } },
    { base = { title = "A" }, left = { title = "B" }, right = { Name = "C" }, changed = { left = "10:00", right = "10:00" }, wins = "app" },
    { base = { title = "A" }, left = { title = "B" }, right = { Name = "C" }, changed = { left = "10:00", right = "10:05" }, wins = "vault" },
  },
}
