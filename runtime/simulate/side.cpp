// The side's records: what people do to them, and how they look when they are asked for.
#include "simulate/side.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "simulate/side_words.h"

namespace tidewire::simulate {

MemorySide::MemorySide(Side side, const Profile& profile, VirtualTime& time, Faults& faults, Ledger& ledger, SideEvents events)
    : side_(side), system_(profile.system[side]), time_(time), faults_(faults), ledger_(ledger), events_(std::move(events)),
      nobody_deletes_(!profile.deletes && !profile.key_reuse && !profile.renames && !profile.recreates && !profile.scoped), demanding_(profile.demanding) {
  able_.guarded_writes = able_.guarded_deletes = system_.guarded;
  able_.ordered_versions = system_.ordered;
  able_.answer = system_.answer;
  able_.incarnation = system_.incarnation;
  able_.absence_proves_delete = !system_.hides;
  able_.client_keys = system_.client_keys;
  able_.covers_all = !profile.related;  // references that follow a rename move no version
  able_.page_reads = system_.pages;
  able_.bulk_read = able_.bulk_find = able_.bulk_create = system_.bulk;
  able_.bulk_update = system_.bulk_updates;
  able_.settle = std::chrono::seconds(60);
  able_.time_resolution = std::chrono::milliseconds(1);
  skew_ = faults_.between(std::string(store::side_name(side_)) + " skew", -std::chrono::minutes(5), std::chrono::minutes(5));
}

Duration MemorySide::clock_offset() const { return time_.truth() + skew_ - time_.now(); }

// people

std::optional<std::string> MemorySide::insert(Value fields, std::string key) {
  if (key.empty()) key = fresh_key();
  if (rows_.contains(key) || taken(fields)) return std::nullopt;
  Row row;
  row.fields = stored(fields);
  for (const auto& [field, value] : defaults_.as_object()) {
    if (row.fields[field].is_null()) row.fields[field] = value;
  }
  row.incarnation = "i" + std::to_string(++last_incarnation_);
  past_.push_back({time_.ticks(), key, std::nullopt});
  rows_[key] = std::move(row);
  touch(key, "upsert");
  return key;
}

void MemorySide::set(const std::string& key, const std::string& field, Value value) {
  past_.push_back({time_.ticks(), key, rows_.at(key)});
  rows_.at(key).fields[field] = std::move(value);
  touch(key, "upsert");
}

void MemorySide::erase(const std::string& key) {
  past_.push_back({time_.ticks(), key, rows_.at(key)});
  if (system_.trash) thrown_[key] = {rows_.at(key), ""};
  rows_.erase(key);
  deleted_.emplace_back(++last_seq_, key);
  touch(key, "delete");
}

void MemorySide::rename(const std::string& from, const std::string& to) {
  past_.push_back({time_.ticks(), from, rows_.at(from)});
  past_.push_back({time_.ticks(), to, std::nullopt});
  rows_[to] = rows_.at(from);
  rows_.erase(from);
  deleted_.emplace_back(++last_seq_, from);
  for (auto& [key, row] : rows_) {
    if (row.fields.string_or("boss") != from) continue;
    past_.push_back({time_.ticks(), key, row});
    row.fields["boss"] = Value(to);
    if (faults_.number(word_of(side_, "follows"), 2) == 0) touch(key, "upsert");
  }
  touch(to, "upsert");
  touch(from, "delete");
}

std::optional<std::string> MemorySide::key_of(int thing) const {
  for (const auto& [key, row] : rows_) {
    if (ledger_.thing_of(row.fields) == thing) return key;
  }
  return std::nullopt;
}

// how rows look

void MemorySide::touch(const std::string& key, const char* event) {
  if (const auto row = rows_.find(key); row != rows_.end()) {
    row->second.seq = ++last_seq_;
    row->second.modified = time_.truth() + skew_;
  }
  events_.changed(side_, key, event);
}

/// Ordered ones sort as text; the others say nothing but "another".
std::string MemorySide::version(const Row& row) const {
  if (system_.ordered) return format("v%06lld", static_cast<long long>(row.seq));
  return format("%06llx", static_cast<unsigned long long>(static_cast<std::uint64_t>(row.seq) * 0x9E3779B1u % 0xFFFFFFu));
}

sync::Record MemorySide::record(const std::string& key, const Row& row) const {
  return {key, version(row), system_.incarnation ? row.incarnation : "", row.modified, row.fields};
}

sync::Record MemorySide::answered(const std::string& key, const Value& sent) const {
  sync::Record answer = record(key, rows_.at(key));
  if (system_.answer == sync::Capabilities::Answer::kStored) return answer;
  if (system_.answer == sync::Capabilities::Answer::kAsSent) {
    answer.fields = sent;
    return answer;
  }
  return {key, "", "", std::nullopt, Value(Object{})};
}

Value MemorySide::stored(const Value& values) const {
  Value out = values;
  if (!system_.normalises) return out;
  if (Value* name = out.find("name"); name != nullptr && name->is_string()) *name = Value(trim(name->as_string()));
  return out;
}

bool MemorySide::taken(const Value& fields) const {
  const Value* email = fields.find("email");
  if (!system_.unique || email == nullptr) return false;
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) { return row.second.fields.string_or("email") == email->as_string(); });
}

MemorySide::Rows MemorySide::seen(const char* verb) {
  Rows rows = past(verb);
  if (rows.empty() || !system_.hides || !faults_.strikes(Fault::kHidden, word_of(side_, verb))) return rows;
  const auto hidden = std::next(rows.begin(), static_cast<std::ptrdiff_t>(faults_.number(word_of(side_, "hidden"), rows.size())));
  note(std::string(verb) + " does not show " + hidden->first);
  rows.erase(hidden);
  return rows;
}

MemorySide::Rows MemorySide::past(const char* verb) {
  Rows rows = rows_;
  if (!system_.reads_behind || !faults_.strikes(Fault::kStaleRead, word_of(side_, verb))) return rows;
  const Ticks at = time_.ticks() - faults_.between(word_of(side_, "behind by"), std::chrono::milliseconds(1), able_.settle * 8 / 10);
  for (auto past = past_.rbegin(); past != past_.rend() && past->until > at; ++past) {
    if (past->row) rows[past->key] = *past->row;
    else rows.erase(past->key);
  }
  note(std::string(verb) + " answered by a replica that is behind");
  return rows;
}

std::optional<Error> MemorySide::in_the_way(const std::string& key, const Value& values) const {
  if (const std::string badge = values.string_or("badge"); !badge.empty()) {
    for (const auto& [holder, row] : rows_) {
      if (holder != key && row.fields.string_or("badge") == badge) return make_error(Code::kBlocked, holder + " has " + badge);
    }
  }
  const std::string boss = values.string_or("boss");
  if (!boss.empty() && !rows_.contains(boss)) return make_error(Code::kBlocked, "there is no " + boss + " to name");
  return std::nullopt;
}

void MemorySide::look_at_required(const std::string& key, const Value& values) const {
  const Value* title = values.find("title");
  if (!demanding_ || (title != nullptr && !title->is_null())) return;
  events_.wrong("required fields", key + " on the " + store::side_name(side_) + " was left without a title, which the mapping requires");
}

void MemorySide::lose_a_row() {
  if (rows_.empty() || !faults_.strikes(Fault::kLostRow, word_of(side_, "list"))) return;
  const auto row = std::next(rows_.begin(), static_cast<std::ptrdiff_t>(faults_.number(word_of(side_, "lost"), rows_.size())));
  lost_[row->first] = time_.ticks() + faults_.between(word_of(side_, "lost for"), std::chrono::minutes(2), std::chrono::hours(1));
  note("a page of the list lost " + row->first + ", and reads do not show it");
}

void MemorySide::leave_out_lost(Rows& rows) const {
  for (const auto& [key, until] : lost_) {
    if (!faults_.is_calm() && time_.ticks() < until) rows.erase(key);
  }
}

void MemorySide::note(const std::string& line) const {
  if (events_.note) events_.note(std::string(store::side_name(side_)) + ": " + line);
}

}  // namespace tidewire::simulate
