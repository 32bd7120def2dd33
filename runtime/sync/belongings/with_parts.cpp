#include "sync/belongings/with_parts.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/json.h"
#include "sync/merge/canonical.h"
#include "sync/belongings/belongings.h"
#include "sync/belongings/parts_form.h"

namespace tidewire::sync {

namespace {

std::vector<Beside> beside_of(const std::vector<Part>& parts) {
  std::vector<Beside> out;
  for (const Part& part : parts) out.push_back({part.name, "@" + part.name, part.records});
  return out;
}

}  // namespace

Part Part::from(const Value& row) {
  Part part;
  part.name = row.string_or("name");
  const std::string how = row.string_or("how");
  part.owner = how == "via" ? Owner::kVia : (how == "list" ? Owner::kList : Owner::kColumn);
  part.field = row.string_or("field");
  part.column = row.string_or("column");
  part.create = row.bool_or("create", false);
  const std::string emptied = row.string_or("emptied");
  if (emptied == "detach") part.emptied = Emptied::kDetach;
  if (emptied == "delete") part.emptied = Emptied::kDelete;
  if (const Value* type = row.find("key_type"); type != nullptr && type->is_object()) part.key_type = Type::from(*type);
  for (const auto& [member, into] : {std::pair{"also", &part.also}, std::pair{"pick", &part.pick}, std::pair{"values", &part.values}}) {
    if (const Value* value = row.find(member); value != nullptr && value->is_object()) *into = *value;
  }
  if (const Value* types = row.find("pick_types"); types != nullptr && types->is_object()) {
    for (const auto& [field, type] : types->as_object()) part.pick_type[field] = Type::from(type);
  }
  if (const Value* columns = row.find("columns"); columns != nullptr && columns->is_array()) {
    for (const Value& column : columns->as_array()) part.columns.push_back(column.is_string() ? column.as_string() : "");
  }
  return part;
}

std::string part_key(const Record& record, const std::string& part) {
  const Value* value = record.fields.find(part);
  return value == nullptr ? "" : value->string_or(belongings::kKey);
}

WithParts::WithParts(Endpoint& root, std::vector<Part> parts) : root_(root), parts_(std::move(parts)), polls_(root, beside_of(parts_), "root", "parts", "the part"), able_(root.capabilities()) {
  able_.ordered_versions = false;
  able_.versions_recur = true;
  able_.bulk_update = 1;  // a record and its parts are written one after the other
  able_.answer = Capabilities::Answer::kStored;
  for (const Part& part : parts_) {
    able_.covers_all = able_.covers_all && part.records->capabilities().covers_all;
    able_.time_resolution = std::max(able_.time_resolution, part.records->capabilities().time_resolution);
    able_.settle = std::max(able_.settle, part.records->capabilities().settle);
  }
}

WithParts::~WithParts() { *alive_ = false; }

/// What tells one state of the parts from another.
std::string WithParts::token(const Record& record) const {
  std::string text;
  for (const Part& part : parts_) {
    const Value* value = record.fields.find(part.name);
    text += value == nullptr ? "-" : json::dump(*value);
  }
  return sha256_hex(text).substr(0, 16);
}

bool WithParts::fits(const Part& part, const Record& record) const {
  return std::all_of(part.pick.as_object().begin(), part.pick.as_object().end(), [&](const auto& condition) {
    const Value* value = record.fields.find(condition.first);
    const auto type = part.pick_type.find(condition.first);
    return same(value == nullptr ? Value() : *value, condition.second, type == part.pick_type.end() ? Type{} : type->second);
  });
}

/// The records that the part itself says it belongs to.
std::vector<std::string> WithParts::named_in(const Part& part, const Record& record) const {
  std::vector<std::string> keys;
  const Value* field = record.fields.find(part.field);
  if (part.owner == Part::Owner::kColumn && !belongings::text_of(field).empty()) keys.push_back(belongings::text_of(field));
  if (part.owner != Part::Owner::kList || field == nullptr || !field->is_array()) return keys;
  for (const Value& row : field->as_array()) {
    if (parts::names(part, row) && !belongings::text_of(row.find(part.column)).empty()) keys.push_back(belongings::text_of(row.find(part.column)));
  }
  return keys;
}

struct WithParts::Gathered {
  std::vector<Record> records;
  std::multimap<std::string, std::size_t> place;                    // key -> number of the record
  belongings::Keys keys;                                            // those of `place`
  std::map<std::pair<std::size_t, std::string>, Record> chosen;     // number of the record, part
  std::size_t left = 0;
  std::optional<Error> error;
  Done<std::vector<Record>> done;
};

/// The parts of each record, gathered for all records with few questions per part.
void WithParts::attach(std::vector<Record> records, Done<std::vector<Record>> done) {
  auto all = std::make_shared<Gathered>();  // owners: the callbacks below
  all->records = std::move(records);
  all->done = std::move(done);
  for (std::size_t i = 0; i < all->records.size(); ++i) all->place.emplace(all->records[i].key, i);
  for (const Record& record : all->records) all->keys.add(record.key);
  all->left = 1;
  for (std::size_t number = 0; number < parts_.size() && !all->records.empty(); ++number) ask(all, number);
  if (--all->left == 0) finish(*all);
}

void WithParts::ask(const std::shared_ptr<Gathered>& all, std::size_t number) {
  const Part& part = parts_[number];
  std::set<std::string> keys;
  for (const Record& record : all->records) keys.insert(part.owner == Part::Owner::kVia ? belongings::text_of(record.fields.find(part.field)) : record.key);
  keys.erase("");
  const std::vector<std::string> list(keys.begin(), keys.end());
  const std::size_t most = static_cast<std::size_t>(std::max(1, part.records->capabilities().bulk_read));
  for (std::size_t at = 0; at < list.size(); at += most) {
    std::vector<std::string> some(list.begin() + static_cast<std::ptrdiff_t>(at), list.begin() + static_cast<std::ptrdiff_t>(std::min(list.size(), at + most)));
    ++all->left;
    const auto found = [this, alive = alive_, all, &part](Result<std::vector<Record>> answer) {
      if (!*alive) return;
      if (answer.ok()) place(*all, part, *answer);
      else all->error = std::move(answer).error().context("reading the part '" + part.name + "'");
      if (--all->left == 0) finish(*all);
    };
    if (part.owner == Part::Owner::kVia) {
      part.records->read(std::move(some), found);
      continue;
    }
    std::vector<Value> values;
    for (const std::string& key : some) values.push_back(part.owner == Part::Owner::kColumn ? parts::key_value(part, key) : Value(key));
    part.records->children(part.owner == Part::Owner::kList ? part.field + "." + part.column : part.field, std::move(values), found);
  }
}

/// Of several that fit a record it is the first by key, so that it is the same one every time.
void WithParts::place(Gathered& all, const Part& part, const std::vector<Record>& found) const {
  const auto take = [&](std::size_t number, const Record& record) {
    const auto [at, fresh] = all.chosen.try_emplace({number, part.name}, record);
    if (!fresh && record.key < at->second.key) at->second = record;
  };
  if (part.owner == Part::Owner::kVia) {
    // By the kind of the field: 2.5 names the record 2.50. What a system would take for the same besides, others may have asked for.
    for (const Record& record : found) {
      const Value key = parts::key_value(part, record.key);
      for (std::size_t i = 0; i < all.records.size(); ++i) {
        const Value* named = all.records[i].fields.find(part.field);
        if (belongings::text_of(named) == record.key || (named != nullptr && !named->is_null() && same(*named, key, part.key_type))) take(i, record);
      }
    }
    return;
  }
  for (const Record& record : found) {
    if (!fits(part, record)) continue;
    for (const std::string& key : named_in(part, record)) {
      for (auto [at, end] = all.place.equal_range(all.keys.meant(key).value_or("")); at != end; ++at) take(at->second, record);
    }
  }
}

/// An edit of a part is an edit of the record: the later stamp counts.
void WithParts::finish(Gathered& all) const {
  if (all.error) return all.done(*all.error);
  for (std::size_t i = 0; i < all.records.size(); ++i) {
    Record& record = all.records[i];
    for (const Part& part : parts_) {
      Value& value = record.fields[part.name] = Value();
      const auto chosen = all.chosen.find({i, part.name});
      if (chosen == all.chosen.end()) continue;
      value = chosen->second.fields;
      value[belongings::kKey] = chosen->second.key;
      value[belongings::kVersion] = chosen->second.version;
      if (record.modified && chosen->second.modified) record.modified = std::max(*record.modified, *chosen->second.modified);
    }
    if (!record.version.empty()) record.version += "/" + token(record);
  }
  all.done(std::move(all.records));
}

void WithParts::read(std::vector<std::string> keys, Done<std::vector<Record>> done) {
  root_.read(std::move(keys), [this, alive = alive_, done = std::move(done)](Result<std::vector<Record>> records) {
    if (!*alive) return;
    if (!records.ok()) return done(std::move(records).error());
    attach(std::move(*records), done);
  });
}

void WithParts::list(std::optional<Value> cursor, int limit, Done<ListPage> done) {
  root_.list(std::move(cursor), limit, [this, alive = alive_, done = std::move(done)](Result<ListPage> page) {
    if (!*alive) return;
    if (!page.ok()) return done(std::move(page).error());
    attach(std::move(page->records), [done, next = page->cursor](Result<std::vector<Record>> records) {
      if (!records.ok()) return done(std::move(records).error());
      done(ListPage{std::move(*records), next});
    });
  });
}

void WithParts::changes(Value cursor, int limit, Done<ChangesPage> done) {
  polls_.changes(std::move(cursor), limit, [this](std::vector<Record> records, Done<std::vector<Record>> attached) { attach(std::move(records), std::move(attached)); }, std::move(done));
}

void WithParts::owners(std::string name, std::string key, Done<std::vector<std::string>> done) {
  const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& one) { return one.name == name; });
  if (part == parts_.end()) return Endpoint::owners(std::move(name), std::move(key), std::move(done));
  if (part->owner == Part::Owner::kVia) {
    root_.children(part->field, {parts::key_value(*part, key)}, [done = std::move(done)](Result<std::vector<Record>> roots) {
      if (!roots.ok()) return done(std::move(roots).error());
      std::vector<std::string> keys;
      for (const Record& root : *roots) keys.push_back(root.key);
      done(std::move(keys));
    });
    return;
  }
  part->records->read({key}, [this, alive = alive_, part = &*part, done = std::move(done)](Result<std::vector<Record>> found) {
    if (!*alive) return;
    if (!found.ok()) return done(std::move(found).error());
    done(found->empty() ? std::vector<std::string>{} : named_in(*part, found->front()));
  });
}

}  // namespace tidewire::sync
