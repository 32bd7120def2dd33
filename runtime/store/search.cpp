#include "store/search.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cinttypes>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/operations.h"
#include "store/statement.h"

namespace tidewire::store {
namespace {

constexpr std::size_t kPrefix = 18;  // "018f33a3-020d-7abc": time, version, counter

/// nullopt where the text is no such id.
std::optional<std::int64_t> number_of(std::string_view id) {
  if (id.size() < kPrefix || id[8] != '-' || id[13] != '-') return std::nullopt;
  std::string digits(id.substr(0, 8));
  digits += id.substr(9, 4);
  digits += id.substr(15, 3);
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return status == std::errc() && end == digits.data() + digits.size() ? std::optional(number) : std::nullopt;
}

/// Ids of this number are at or after the first text and before the second.
std::pair<std::string, std::string> range_of(std::int64_t number) {
  const auto whole = static_cast<std::uint64_t>(number);
  const std::string first = format("%08" PRIx64 "-%04" PRIx64 "-7%03" PRIx64, whole >> 28, (whole >> 12) & 0xffff, whole & 0xfff);
  return {first, first + "~"};
}

void add_words(const Value& value, std::string& out) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      out += name + "\n";
      add_words(member, out);
    }
  } else if (value.is_array()) {
    for (const Value& item : value.as_array()) add_words(item, out);
  } else if (value.is_string()) {
    out += value.as_string() + "\n";
  } else if (value.is_number()) {
    out += json::dump(value) + "\n";
  }
}

/// Nobody looks for the times of a pass (sync/reconcile/timeline.h), and each would be a word of its own.
void leave_out_times(Value& record) {
  if (!record.is_object()) return;
  record.as_object().erase("began");
  record.as_object().erase("steps");
  const auto taken = record.as_object().find("taken");
  if (taken == record.as_object().end() || !taken->second.is_array()) return;
  for (Value& one : taken->second.as_array()) {
    if (one.is_object()) one.as_object().erase("since");
  }
}

/// The words of a row (left_key, right_key, record); the same row gives the same text for ever.
std::string words_of(std::string_view left, std::string_view right, std::string_view record) {
  std::string out = std::string(left) + "\n" + std::string(right) + "\n";
  auto value = json::parse(record);
  if (!value.ok()) return out;
  leave_out_times(*value);
  add_words(*value, out);
  return out;
}

/// Its words in lower case with one blank before each, so that a phrase is found where one begins: as the index sees a text.
std::string blanked(std::string_view text) {
  std::string out = " ";
  for (const char c : fold(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool word = byte >= 128 || std::isalnum(byte) != 0;
    if (word || out.back() != ' ') out += word ? c : ' ';
  }
  if (out.size() > 1 && out.back() == ' ') out.pop_back();
  return out;
}

Result<std::string> mark_of(Database& database) {
  Query row(database, "SELECT value FROM meta WHERE name = 'searchable'");
  return TRY(row.next()) ? std::string(row.text(0)) : std::string();
}

/// All operations of one number as far as they are indexed; "" where none is.
Result<std::string> entry_of(Database& database, std::int64_t number, const std::string& mark) {
  const auto [first, end] = range_of(number);
  Query row(database, "SELECT left_key, right_key, record FROM operations WHERE id >= ? AND id < ? AND id <= ? ORDER BY id", first, end, mark);
  std::string words;
  while (TRY(row.next())) words += words_of(row.text(0), row.text(1), row.text(2));
  return words;
}

Result<void> put_entry(Database& database, std::int64_t number, const std::string& words) {
  TRY(execute(database, "INSERT INTO operation_words (rowid, words) VALUES (?, ?)", number, words));
  return {};
}

/// The text as one phrase whose last word may go on; nullopt where it has no word.
std::optional<std::string> phrase_of(const std::string& text) {
  const bool any = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c >= 128 || std::isalnum(c) != 0; });
  if (!any) return std::nullopt;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  const auto last = static_cast<unsigned char>(text.back());
  return out + (last >= 128 || std::isalnum(last) != 0 ? "\"*" : "\"");
}

/// Parameters keep their numbers: 1 mapping, 2 outcome, 3 job, 4 link, 5 first id, 6 since, 7 id after the last, 8 kind, 9 author, 10 until.
/// One bound on each end: of two, SQLite takes either, and the other may be all of the table.
std::string filtered_text(const OperationFilter& filter, const char* columns) {
  std::string text = std::string("SELECT ") + columns + " FROM operations WHERE id >= ?5 AND id < ?7 AND at >= ?6";
  if (!filter.mapping.empty()) text += filter.link ? " AND +mapping = ?1" : " AND mapping = ?1";
  if (!filter.outcome.empty()) text += " AND outcome = ?2";
  if (filter.failed) text += " AND outcome IN ('dead', 'conflict')";
  if (filter.link) text += " AND link = ?4";
  if (!filter.kind.empty()) text += " AND kind = ?8";
  if (!filter.author.empty()) text += " AND author = ?9";
  if (!filter.job.empty()) text += " AND job = ?3";
  if (filter.until) text += " AND at < ?10";
  text += side_text(filter);
  return text + " ORDER BY id DESC";
}

/// What an index picks out by itself, ids alone: few of many.
std::string picked_text(const OperationFilter& filter) {
  std::string text = "SELECT id FROM operations WHERE id >= ?1 AND id < ?2";
  if (filter.link) text += " AND link = ?3";
  else if (!filter.outcome.empty()) text += " AND outcome = ?4";
  else text += " AND outcome IN ('dead', 'conflict')";
  return text + " ORDER BY id DESC";
}

constexpr const char* kWords = "SELECT rowid FROM operation_words WHERE operation_words MATCH ? AND rowid <= ? ORDER BY rowid DESC";

class Search {
 public:
  Search(Database& database, const OperationFilter& filter, const Page& page)
      : database_(database), filter_(filter), page_(page), wanted_(blanked(filter.text)), first_(filter.since ? first_id_at(*filter.since) : std::string()),
        after_(page.after.empty() ? "~" : page.after), full_sql_(filtered_text(filter, kOperationColumns)) {}

  Result<Paged<Operation>> run() {
    const std::string mark = TRY(mark_of(database_));
    const auto phrase = phrase_of(filter_.text);
    Paged<Operation> found;
    if (!phrase) return found;
    TRY(read_through(mark));
    if (!full()) TRY(ask_index(*phrase, mark));
    found.rows = std::move(rows_);
    if (full()) found.next = found.rows.back().id;
    return found;
  }

 private:
  bool full() const { return page_.limit > 0 && static_cast<std::int64_t>(rows_.size()) >= page_.limit; }

  /// What is not indexed yet: each looked at.
  Result<void> read_through(const std::string& mark) { return take(mark + "\x01", after_, true); }

  Result<void> ask_index(const std::string& phrase, const std::string& mark) {
    end_ = std::min(after_, mark + "\x01");
    const std::int64_t from = number_of(after_).value_or(INT64_MAX);
    const bool picked = filter_.link || filter_.failed || !filter_.outcome.empty();
    return picked ? meet(phrase, from) : follow(phrase, from);
  }

  /// Every entry with the words, newest first.
  Result<void> follow(const std::string& phrase, std::int64_t from) {
    Query row(database_, kWords, phrase, from);
    while (!full() && TRY(row.next())) TRY(take_number(row.integer(0)));
    return {};
  }

  /// Few operations fit the filter and many may have the words, or the other way round: both are walked along side by side.
  Result<void> meet(const std::string& phrase, std::int64_t from) {
    Query words(database_, kWords, phrase, from);
    Query picked(database_, picked_text(filter_), first_, end_, filter_.link, filter_.outcome);
    bool more = TRY(words.next());
    while (more && !full() && TRY(picked.next())) {
      const auto number = number_of(picked.text(0));
      if (!number) continue;
      while (more && words.integer(0) > *number) more = TRY(words.next());
      if (!more || words.integer(0) < *number) continue;
      TRY(take_number(*number));
      more = TRY(words.next());  // its others were taken with it
    }
    return {};
  }

  Result<void> take_number(std::int64_t number) {
    const auto [first, end] = range_of(number);
    const std::size_t before = rows_.size();
    TRY(take(first, std::min(end, end_), false));
    // Several in one entry: which of them it was is looked at.
    if (rows_.size() - before > 1) rows_.erase(std::remove_if(rows_.begin() + static_cast<std::ptrdiff_t>(before), rows_.end(), [&](const Operation& one) { return !matches(one); }), rows_.end());
    return {};
  }

  Result<void> take(const std::string& first, const std::string& end, bool match) {
    Query query(database_, full_sql_, filter_.mapping, filter_.outcome, filter_.job, filter_.link, std::max(first, first_), filter_.since.value_or(Instant{}), end, filter_.kind, filter_.author, filter_.until);
    while (!full() && TRY(query.next())) {
      Operation operation = TRY(read_operation(query));
      if (!match || matches(operation)) rows_.push_back(std::move(operation));
    }
    return {};
  }

  bool matches(const Operation& operation) const {
    const std::string words = words_of(operation.key.left.value_or(""), operation.key.right.value_or(""), json::dump(operation.record));
    return blanked(words).find(wanted_) != std::string::npos;
  }

  Database& database_;
  const OperationFilter& filter_;
  const Page& page_;
  const std::string wanted_;
  const std::string first_, after_;
  const std::string full_sql_;
  std::string end_;  // of what is indexed and not shown yet
  std::vector<Operation> rows_;
};

}  // namespace

Result<bool> index_operations(Database& database, Instant now, std::int64_t most) {
  const std::string mark = TRY(mark_of(database));
  // Operations of one number go in together: the last one is left for the next slice where it may not be whole.
  std::vector<std::pair<std::int64_t, std::string>> entries;
  std::string last = mark;
  std::int64_t count = 0;
  bool more = false;
  {
    Query row(database, "SELECT id, left_key, right_key, record FROM operations WHERE id > ? AND id < ? ORDER BY id", mark, first_id_at(now - kSettled));
    while (TRY(row.next())) {
      const std::string id(row.text(0));
      const auto number = number_of(id);
      const bool same = number && !entries.empty() && entries.back().first == *number;
      more = count >= most && !same;
      if (more) break;
      last = id;
      ++count;
      if (!number) continue;
      if (!same) entries.emplace_back(*number, "");
      entries.back().second += words_of(row.text(1), row.text(2), row.text(3));
    }
  }
  if (last == mark) return false;
  for (const auto& [number, words] : entries) {
    // One that came late to a number that is indexed already.
    if (const std::string before = TRY(entry_of(database, number, mark)); !before.empty()) {
      TRY(execute(database, "INSERT INTO operation_words (operation_words, rowid, words) VALUES ('delete', ?, ?)", number, before));
      TRY(put_entry(database, number, before + words));
    } else {
      TRY(put_entry(database, number, words));
    }
  }
  TRY(execute(database, "INSERT INTO meta (name, value) VALUES ('searchable', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", last));
  return more;
}

Result<void> Changing::before() {
  const std::string mark = TRY(mark_of(database_));
  for (const std::string& id : ids_) {
    const auto number = number_of(id);
    if (number && id <= mark) numbers_.insert(*number);
  }
  for (const std::int64_t number : numbers_) {
    const std::string words = TRY(entry_of(database_, number, mark));
    if (!words.empty()) TRY(execute(database_, "INSERT INTO operation_words (operation_words, rowid, words) VALUES ('delete', ?, ?)", number, words));
  }
  return {};
}

Result<void> Changing::after() {
  if (numbers_.empty()) return {};
  const std::string mark = TRY(mark_of(database_));
  for (const std::int64_t number : numbers_) {
    const std::string words = TRY(entry_of(database_, number, mark));
    if (!words.empty()) TRY(put_entry(database_, number, words));
  }
  return {};
}

Result<void> drop_words(Database& database) {
  TRY(execute(database, "INSERT INTO operation_words (operation_words) VALUES ('delete-all')"));
  TRY(execute(database, "DELETE FROM meta WHERE name = 'searchable'"));
  return {};
}

std::string side_text(const OperationFilter& filter) {
  if (!filter.side) return "";
  return std::string(" AND EXISTS (SELECT 1 FROM json_each(record, '$.taken') WHERE value ->> 'side' = '") + side_name(*filter.side) + "')";
}

Result<Paged<Operation>> search_operations(Database& database, const OperationFilter& filter, const Page& page) { return Search(database, filter, page).run(); }

}  // namespace tidewire::store
