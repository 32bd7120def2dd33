-- Both have triggers: what changes is told at once, so the poll is far too rare to matter here.
return mapping {
  left = a.table "people", right = b.table "crm.persons",
  on = { poll = "every 1h" },
  key = { left = "id", right = "number" },
  match = { by.fields { { "email", "mail" } } },
  fields = {
    { "email", "mail" }, { "name", "full_name" }, { "salary", "pay" }, { "big", "large" }, { "seen", "seen_at" }, { "active", "is_active" },
    { "tags", "labels" }, { "meta", "extra" }, { "born", "born_on" }, { "raw", "bytes" }, { "mood", "temper" },
  },
  deletes = { to_right = "delete", to_left = "delete" },
}
