#include "store/codec.h"

#include <array>
#include <charconv>

#include "base/json.h"
#include "store/store.h"

namespace tidewire::store {
namespace {

constexpr std::array kKeyStates{"waiting", "backing_off", "held", "waiting_for", "conflict", "dead", "would_write"};
constexpr std::array kLinkStates{"live", "tombstone", "frozen", "ignored"};
constexpr std::array kIntentKinds{"create", "update", "delete"};

template <std::size_t N>
std::optional<std::size_t> word_index(const std::array<const char*, N>& words, std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == word) return i;
  }
  return std::nullopt;
}

/// The columns of one row from left to right; what is wrong with the first bad one is kept for finish().
class Columns {
 public:
  explicit Columns(Query& query) : query_(query) {}

  std::int64_t integer() { return query_.integer(at_++); }
  std::string text() { return std::string(query_.text(at_++)); }
  Instant instant() { return query_.instant(at_++); }
  template <typename T>
  std::optional<T> maybe(T (Columns::*read)()) {
    if (!query_.is_null(at_)) return (this->*read)();
    ++at_;
    return std::nullopt;
  }
  Value value() {
    Result<Value> parsed = json::parse(query_.text(at_++));
    if (parsed.ok()) return std::move(parsed).value();
    broken(parsed.error().message);
    return {};
  }
  Side side() {
    const std::string_view word = query_.text(at_++);
    const std::optional<Side> side = side_from_name(word);
    if (!side) broken("side '" + std::string(word) + "'");
    return side.value_or(Side::kLeft);
  }
  template <typename Enum, std::size_t N>
  Enum word(const std::array<const char*, N>& words) {
    const std::string_view text = query_.text(at_++);
    const auto index = word_index(words, text);
    if (!index) broken("word '" + std::string(text) + "'");
    return static_cast<Enum>(index.value_or(0));
  }
  void broken(const std::string& what) {
    if (problem_.empty()) problem_ = "column " + std::to_string(at_) + ": " + what;
  }
  template <typename T>
  Result<T> finish(T row, const char* table) {
    if (problem_.empty()) return row;
    return make_error(Code::kCorrupt, std::string("a row of ") + table + ": " + problem_,
                      "restore the state file from a backup");
  }

 private:
  Query& query_;
  int at_ = 0;
  std::string problem_;
};

std::map<std::string, FieldBase> read_base(Columns& columns) {
  Value stored = columns.value();
  std::map<std::string, FieldBase> base;
  if (!stored.is_object()) return base;
  for (auto& [field, pair] : stored.as_object()) {
    Value* left = pair.find("l");
    Value* right = pair.find("r");
    if (!left || !right) {
      columns.broken("the base of " + field);
      continue;
    }
    base.emplace_hint(base.end(), field, FieldBase{std::move(*left), std::move(*right)});
  }
  return base;
}

std::vector<std::string> read_tokens(Columns& columns) {
  Value stored = columns.value();
  std::vector<std::string> tokens;
  if (!stored.is_array()) return tokens;
  for (Value& token : stored.as_array()) {
    if (token.is_string()) tokens.push_back(std::move(token.as_string()));
  }
  return tokens;
}

}  // namespace

const char* key_state_name(KeyState state) { return kKeyStates[static_cast<std::size_t>(state)]; }
const char* link_state_name(LinkState state) { return kLinkStates[static_cast<std::size_t>(state)]; }
const char* intent_kind_name(IntentKind kind) { return kIntentKinds[static_cast<std::size_t>(kind)]; }

std::optional<LinkState> link_state_from_name(std::string_view name) {
  const auto index = word_index(kLinkStates, name);
  if (!index) return std::nullopt;
  return static_cast<LinkState>(*index);
}

std::optional<KeyState> key_state_from_name(std::string_view name) {
  const auto index = word_index(kKeyStates, name);
  if (!index) return std::nullopt;
  return static_cast<KeyState>(*index);
}

std::string select_text(const char* columns, const char* rest) {
  return std::string("SELECT ") + columns + " FROM " + rest;
}

Result<DirtyKey> read_dirty_key(Query& query) {
  Columns columns(query);
  DirtyKey row;
  row.mapping = columns.text();
  row.side = columns.side();
  row.key = columns.text();
  row.first_seq = columns.integer();
  row.last_seq = columns.integer();
  row.changes = columns.integer();
  row.event = columns.text();
  row.reason = columns.text();
  row.payload = columns.maybe(&Columns::text);
  row.state = columns.word<KeyState>(kKeyStates);
  row.priority = static_cast<int>(columns.integer());
  row.due_at = columns.instant();
  row.attempts = static_cast<int>(columns.integer());
  row.error = columns.maybe(&Columns::value);
  row.operation = columns.text();
  row.parent = columns.text();
  row.since = columns.instant();
  return columns.finish(std::move(row), "dirty_keys");
}

Result<Link> read_link(Query& query) {
  Columns columns(query);
  Link row;
  row.id = columns.integer();
  row.mapping = columns.text();
  row.key.left = columns.maybe(&Columns::text);
  row.key.right = columns.maybe(&Columns::text);
  row.incarnation.left = columns.maybe(&Columns::text);
  row.incarnation.right = columns.maybe(&Columns::text);
  row.state = columns.word<LinkState>(kLinkStates);
  row.generation = static_cast<int>(columns.integer());
  row.base = read_base(columns);
  row.version.left = columns.maybe(&Columns::text);
  row.version.right = columns.maybe(&Columns::text);
  row.tokens.left = read_tokens(columns);
  row.tokens.right = read_tokens(columns);
  row.stamps = columns.value();
  row.notes = columns.value();
  row.tombstone = columns.maybe(&Columns::value);
  row.seen_at.left = columns.maybe(&Columns::instant);
  row.seen_at.right = columns.maybe(&Columns::instant);
  row.created_at = columns.instant();
  row.updated_at = columns.instant();
  return columns.finish(std::move(row), "links");
}

Result<Intent> read_intent(Query& query) {
  Columns columns(query);
  Intent row;
  row.id = columns.text();
  row.mapping = columns.text();
  row.link = columns.maybe(&Columns::integer);
  row.kind = columns.word<IntentKind>(kIntentKinds);
  row.side = columns.side();
  row.source_key = columns.text();
  row.source_incarnation = columns.maybe(&Columns::text);
  row.source_version = columns.maybe(&Columns::text);
  row.target_key = columns.maybe(&Columns::text);
  row.guard = columns.maybe(&Columns::text);
  row.fields = columns.value();
  row.sent = columns.value();
  row.match_hash = columns.maybe(&Columns::text);
  row.operation = columns.text();
  row.in_doubt = columns.text() == "in_doubt";
  row.requested_at = columns.maybe(&Columns::instant);
  row.created_at = columns.instant();
  return columns.finish(std::move(row), "intents");
}

Result<Operation> read_operation(Query& query) {
  Columns columns(query);
  Operation row;
  row.id = columns.text();
  row.at = columns.instant();
  row.mapping = columns.text();
  row.link = columns.maybe(&Columns::integer);
  row.key.left = columns.maybe(&Columns::text);
  row.key.right = columns.maybe(&Columns::text);
  row.kind = columns.text();
  row.outcome = columns.text();
  row.changes = columns.integer();
  row.record = columns.value();
  row.script = columns.text();
  row.author = columns.maybe(&Columns::text);
  row.job = columns.maybe(&Columns::text);
  return columns.finish(std::move(row), "operations");
}

Result<Conflict> read_conflict(Query& query) {
  Columns columns(query);
  Conflict row;
  row.id = columns.integer();
  row.mapping = columns.text();
  row.link = columns.maybe(&Columns::integer);
  row.side = columns.maybe(&Columns::side);
  row.key = columns.text();
  row.field = columns.text();
  row.kind = columns.text();
  if (std::optional<Value> base = columns.maybe(&Columns::value)) {
    if (Value* left = base->find("l")) row.base.left = std::move(*left);
    if (Value* right = base->find("r")) row.base.right = std::move(*right);
  }
  row.shown.left = columns.maybe(&Columns::value);
  row.shown.right = columns.maybe(&Columns::value);
  row.opened_at = columns.instant();
  row.shown_at = columns.instant();
  row.closed_at = columns.maybe(&Columns::instant);
  row.method = columns.maybe(&Columns::text);
  row.author = columns.maybe(&Columns::text);
  row.said.left = columns.maybe(&Columns::value);
  row.said.right = columns.maybe(&Columns::value);
  row.operation = columns.maybe(&Columns::text);
  row.link_key.left = columns.maybe(&Columns::text);
  row.link_key.right = columns.maybe(&Columns::text);
  const Value beside = columns.value();
  for (const Value& field : beside.as_array()) row.beside.push_back(field.as_string());
  row.error = columns.maybe(&Columns::value);
  return columns.finish(std::move(row), "conflicts");
}

Result<Job> read_job(Query& query) {
  Columns columns(query);
  Job row;
  row.id = columns.text();
  row.batch = columns.text();
  row.position = static_cast<int>(columns.integer());
  row.mapping = columns.text();
  row.kind = columns.text();
  row.state = columns.text();
  row.options = columns.value();
  row.cursor = columns.maybe(&Columns::value);
  row.done = columns.integer();
  row.total = columns.maybe(&Columns::integer);
  row.failed = columns.integer();
  row.summary = columns.value();
  row.author = columns.maybe(&Columns::text);
  row.created_at = columns.instant();
  row.updated_at = columns.instant();
  return columns.finish(std::move(row), "jobs");
}

Result<Finding> read_finding(Query& query) {
  Columns columns(query);
  Finding row;
  row.n = columns.integer();
  row.kind = columns.text();
  row.key.left = columns.maybe(&Columns::text);
  row.key.right = columns.maybe(&Columns::text);
  row.record = columns.value();
  return columns.finish(std::move(row), "findings");
}

std::string base_text(const std::map<std::string, FieldBase>& base) {
  Object stored;
  for (const auto& [field, pair] : base) {
    stored.emplace_hint(stored.end(), field, Object{{"l", pair.left}, {"r", pair.right}});
  }
  return json::dump(std::move(stored));
}

std::string tokens_text(const std::vector<std::string>& tokens) {
  return json::dump(Array(tokens.begin(), tokens.end()));
}

std::optional<std::string> dumped(const std::optional<Value>& value) {
  if (!value) return std::nullopt;
  return json::dump(*value);
}

Error no_mark(const std::string& after) { return make_error(Code::kInvalid, "'after' is no mark of a page: " + after, "it is `next` of the page before, as it was given"); }

Result<std::int64_t> row_mark(const std::string& after, std::int64_t otherwise) {
  if (after.empty()) return otherwise;
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(after.data(), after.data() + after.size(), number);
  if (status != std::errc() || end != after.data() + after.size() || number < 0) return no_mark(after);
  return number;
}

std::optional<std::string> or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace tidewire::store
