#include "app/exchange_redaction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "http/message.h"
#include "sync/redaction.h"

namespace tidewire::app {
namespace {

constexpr const char* kHidden = "[hidden]";
constexpr std::size_t kShortestValue = 3;  // a shorter one is a part of too much else
constexpr int kDeepest = 64;
constexpr std::size_t kMostSearch = 4u << 20;  // bytes read for values, once for each of them: it is done on the loop

// What is called so is a credential, whoever made it up: a login's answer, a token that a connector asked for.
constexpr std::array<std::string_view, 15> kCredentials{"password", "passwd", "pwd",        "secret",     "client_secret", "api_key",   "apikey",       "api_secret",
                                                       "token",    "sid",    "session_id", "csrf_token", "access_token",  "id_token", "refresh_token"};

/// What is put in the place of [from, to).
struct Hidden {
  std::size_t from, to;
  std::string with;
};

bool starts_word(std::string_view text, std::size_t at) { return at == 0 || text[at - 1] == '&' || text[at - 1] == '?' || text[at - 1] == ';'; }

bool in_name(char sign) { return std::isalnum(static_cast<unsigned char>(sign)) != 0 || sign == '_' || sign == '-' || sign == '.'; }

/// Where the name begins that ends with the word at `at`: "auth_token", "accessToken"; nullopt where no word of it begins there ("mistoken").
std::optional<std::size_t> start_of_name(std::string_view text, std::size_t at) {
  if (at == 0 || !in_name(text[at - 1])) return at;
  const bool apart = std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
  const bool humped = std::isupper(static_cast<unsigned char>(text[at])) != 0 && std::isupper(static_cast<unsigned char>(text[at - 1])) == 0;
  if (!apart && !humped) return std::nullopt;
  while (at > 0 && in_name(text[at - 1])) --at;
  return at;
}

/// The end of a JSON text whose opening quote ends before `at`, behind its closing quote; the text's end where it has none. `within` another
/// text a quote of it is escaped once, and one in it three times.
std::size_t end_of_quoted(std::string_view text, std::size_t at, bool within) {
  std::size_t escapes = 0;
  for (std::size_t i = at; i < text.size(); escapes = text[i] == '\\' ? escapes + 1 : 0, ++i) {
    if (text[i] != '"') continue;
    if (within && escapes == 0) return i;  // the text ends that it is in
    if (within ? escapes % 4 == 1 : escapes % 2 == 0) return i + 1;
  }
  return text.size();
}

/// The value of a member of JSON whose name, that ends at `end`, is quoted so: "\"", or of JSON within a text "\\\"".
std::optional<Hidden> member_after(std::string_view text, std::size_t end, std::string_view quote) {
  constexpr const char* kSpace = " \t\r\n";
  std::size_t value = text.find_first_not_of(kSpace, end + quote.size());
  if (value == std::string_view::npos || text[value] != ':') return std::nullopt;
  value = text.find_first_not_of(kSpace, value + 1);
  if (value == std::string_view::npos || text[value] == 'n' || text[value] == '{' || text[value] == '[') return std::nullopt;
  const bool quoted = text.substr(value).starts_with(quote);
  const std::size_t to = quoted ? end_of_quoted(text, value + quote.size(), quote.size() > 1) : std::min(text.find_first_of(",}] \r\n\"\\", value), text.size());
  return Hidden{value, to, std::string(quote) + kHidden + std::string(quote)};
}

/// The value of the name that ends with the word at [at, end): a member of JSON, or a part of a query; nullopt where it is no such name.
std::optional<Hidden> value_after(std::string_view text, std::size_t at, std::size_t end) {
  const auto start = start_of_name(text, at);
  if (!start) return std::nullopt;
  for (const std::string_view quote : {"\\\"", "\""}) {
    if (text.substr(0, *start).ends_with(quote) && text.substr(end).starts_with(quote)) return member_after(text, end, quote);
  }
  if (!starts_word(text, *start) || end >= text.size() || text[end] != '=') return std::nullopt;
  return Hidden{end + 1, std::min(text.find_first_of("&;", end + 1), text.size()), kHidden};
}

std::string without_credentials(std::string text) {
  const std::string lower = lower_ascii(text);
  std::vector<Hidden> hidden;
  for (const std::string_view name : kCredentials) {
    for (std::size_t at = lower.find(name); at != std::string::npos; at = lower.find(name, at + name.size())) {
      if (auto value = value_after(text, at, at + name.size())) hidden.push_back(std::move(*value));
    }
  }
  std::sort(hidden.begin(), hidden.end(), [](const Hidden& a, const Hidden& b) { return a.from != b.from ? a.from < b.from : a.to > b.to; });
  std::string out;
  std::size_t done = 0;
  for (const auto& [from, to, with] : hidden) {
    if (from == to) continue;
    if (from >= done) out.append(text, done, from - done).append(with);  // else within one that is hidden already
    done = std::max(done, to);
  }
  return out.append(text, done);
}

/// "https://user:password@host": what stands before the host.
std::string without_userinfo(std::string url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return url;
  const std::size_t end = std::min(url.find_first_of("/?#", host + 3), url.size()), at = url.rfind('@', end);
  if (at != std::string::npos && at > host && at < end) url.replace(host + 3, at - host - 3, kHidden);
  return url;
}

/// Values under hidden columns as hashes, and other texts that hold such a value.
class Hider {
 public:
  Hider(const std::set<std::string>& columns, const std::set<std::string>& keys) : keys_(keys) {
    for (const std::string& column : columns) columns_.insert(lower_ascii(column));
    for (const std::string& key : keys) gather(Value(key));
  }

  /// Whether it speaks of a hidden column at all.
  bool mentions(std::string_view text) const {
    const std::string lower = lower_ascii(text);
    return std::any_of(columns_.begin(), columns_.end(), [&](const std::string& column) { return lower.find(column) != std::string::npos; });
  }

  Value walked(Value value, int depth = 0) {
    if (depth > kDeepest) return sync::hashed(value);
    if (value.is_array()) return walked_list(std::move(value), depth);
    if (value.is_object()) return walked_object(std::move(value), depth);
    if (!value.is_string() || !mentions(value.as_string())) return value;
    // JSON within a text, or a text that speaks of the column: a filter, a statement, a message.
    if (is_column(value.as_string())) return value;
    auto inner = json::parse(value.as_string());
    const bool structured = inner.ok() && (inner->is_array() || inner->is_object());
    return structured ? Value(json::dump(walked(std::move(*inner), depth + 1))) : sync::hashed(value);
  }

  /// What was found under a column stands elsewhere too.
  Value without_values(Value value) const {
    if (value.is_string() || value.is_number()) return holds_value(value.is_string() ? value.as_string() : json::dump(value)) ? sync::hashed(value) : value;
    if (value.is_array()) {
      for (Value& item : value.as_array()) item = without_values(std::move(item));
    } else if (value.is_object()) {
      for (auto& [name, member] : value.as_object()) member = without_values(std::move(member));
    }
    return value;
  }

  /// Whether to look for each value in it would hold up the loop.
  bool too_much(std::string_view text) const { return values_.size() * text.size() > kMostSearch; }

  bool holds_value(const std::string& text) const {
    if (text.starts_with("sha256:")) return false;
    return std::any_of(values_.begin(), values_.end(), [&](const std::string& value) { return text.find(value) != std::string::npos; });
  }

  Value hidden(const Value& value) {
    gather(value);
    return sync::hashed(value);
  }

  /// "/api/resource/Person/ann%40example.com": what stands between two slashes, however it is encoded.
  std::string path(std::string_view text) const {
    std::vector<std::string> parts = split(text, '/');
    for (std::string& part : parts) {
      const std::string said = http::percent_decode(part);
      if (keys_.contains(said) || holds_value(said)) part = sync::hashed(Value(said)).as_string();
    }
    return join(parts, "/");
  }

  /// "a=1&b=2", as in a URL or a form.
  std::string query(std::string_view text) {
    const std::size_t most = kMostSearch / std::max<std::size_t>(text.size(), 1);  // of more values none is looked for, and all is hidden
    std::string out;
    for (const std::string& part : split(text, '&')) {
      const std::size_t equal = part.find('=');
      const std::string name = http::percent_decode(part.substr(0, equal), true);
      const std::string value = equal == std::string::npos ? "" : http::percent_decode(part.substr(equal + 1), true);
      const bool hides = values_.size() > most || mentions(name) || mentions(value) || holds_value(value);
      out += (out.empty() ? "" : "&") + (hides && equal != std::string::npos ? part.substr(0, equal + 1) + hidden(Value(value)).as_string() : part);
    }
    return out;
  }

 private:
  bool is_column(std::string_view name) const { return columns_.contains(lower_ascii(name)); }

  /// {"property": "ssn", "equals": "1"} and ["ssn", "=", "1"] name the column beside the value.
  bool names_column(const Value& value) const { return value.is_string() && is_column(value.as_string()); }

  Value beside(Value value, bool named, int depth) {
    if (!named) return walked(std::move(value), depth + 1);
    return names_column(value) || value.is_bool() ? value : sync::hashed(value);
  }

  Value walked_list(Value list, int depth) {
    const bool named = std::any_of(list.as_array().begin(), list.as_array().end(), [this](const Value& item) { return names_column(item); });
    for (Value& item : list.as_array()) item = beside(std::move(item), named, depth);
    return list;
  }

  Value walked_object(Value object, int depth) {
    const bool named = std::any_of(object.as_object().begin(), object.as_object().end(), [this](const auto& member) { return names_column(member.second); });
    for (auto& [name, member] : object.as_object()) member = is_column(name) ? hidden(member) : beside(std::move(member), named, depth);
    return object;
  }

  void gather(const Value& value) {
    if (value.is_string() || value.is_number()) {
      const std::string text = value.is_string() ? value.as_string() : json::dump(value);
      if (text.size() >= kShortestValue) values_.insert(text);
    } else if (value.is_array()) {
      for (const Value& item : value.as_array()) gather(item);
    } else if (value.is_object()) {
      for (const auto& [name, member] : value.as_object()) gather(member);
    }
  }

  std::set<std::string> columns_, keys_, values_;
};

void leave_out(Exchange::Body& body, const char* why) {
  if (body.text.empty()) return;
  body.cut += static_cast<std::int64_t>(body.text.size());
  body.text.clear();
  body.left_out = why;
}

/// By its columns; whatever cannot be read is left out.
void hide_in(Exchange::Body& body, Hider& hider) {
  if (body.text.empty()) return;
  if (body.cut > 0) return leave_out(body, "the mapping redacts fields, and this is too long to be looked through");
  if (auto value = json::parse(body.text); value.ok()) {
    body.text = json::dump(hider.walked(std::move(*value)));
  } else if (body.type.find("x-www-form-urlencoded") != std::string::npos) {
    body.text = hider.query(body.text);
  } else {
    leave_out(body, "the mapping redacts fields, and this is no JSON");
  }
}

void hide_values_in(Exchange::Body& body, const Hider& hider) {
  if (body.text.empty()) return;
  if (hider.too_much(body.text)) return leave_out(body, "the mapping redacts fields, and holds too many values to be looked through");
  if (!hider.holds_value(body.text)) return;
  auto value = json::parse(body.text);
  if (value.ok()) body.text = json::dump(hider.without_values(std::move(*value)));
  else leave_out(body, "the mapping redacts fields, and this quotes one");
}

std::string hidden_in_target(const std::string& target, Hider& hider) {
  const std::size_t query = target.find('?');
  return query == std::string::npos ? target : target.substr(0, query + 1) + hider.query(target.substr(query + 1));
}

/// Of a URL whose query is as it may be kept.
std::string hidden_in_path(const std::string& target, const Hider& hider) {
  const std::size_t host = target.find("://");
  const std::size_t begin = target.find('/', host == std::string::npos ? 0 : host + 3), query = target.find('?');
  if (begin == std::string::npos || begin >= query) return target;
  const std::size_t end = std::min(query, target.size());
  return target.substr(0, begin + 1) + hider.path(std::string_view(target).substr(begin + 1, end - begin - 1)) + target.substr(end);
}

/// Parameters have no names: where the statement speaks of a hidden column, any of them may be its value.
void hide_parameters(Exchange& exchange, Hider& hider) {
  auto parameters = json::parse(exchange.sent.text);
  if (!parameters.ok() || !parameters->is_array() || !hider.mentions(exchange.target)) return;
  const auto hide = [&](Value& one) {  // a number is as likely to be a key, which the answer has as well
    if (!one.is_null() && !one.is_bool()) one = one.is_number() ? sync::hashed(one) : hider.hidden(one);
  };
  for (Value& one : parameters->as_array()) {
    if (!one.is_array()) hide(one);
    else for (Value& inner : one.as_array()) hide(inner);
  }
  exchange.sent.text = json::dump(*parameters);
}

void hide(Exchange& exchange, const std::set<std::string>& columns, const std::set<std::string>& keys, bool failed) {
  Hider hider(columns, keys);
  if (exchange.method == "SQL" && exchange.sent.cut == 0) hide_parameters(exchange, hider);
  hide_in(exchange.sent, hider);
  if (exchange.method != "SQL") exchange.target = hidden_in_target(exchange.target, hider);
  const bool refused = failed || exchange.status.empty() || (exchange.method == "SQL" ? exchange.status != "00000" : exchange.status.front() != '2');
  if (refused) leave_out(exchange.answer, "the mapping redacts fields, and what tells of a failure may quote them");
  else hide_in(exchange.answer, hider);
  if (refused && !exchange.error.empty()) exchange.error = exchange.error.substr(0, exchange.error.find(':')) + ": the mapping redacts fields, and the message may quote them";
  hide_values_in(exchange.sent, hider);
  hide_values_in(exchange.answer, hider);
  if (exchange.method != "SQL" && !hider.too_much(exchange.target)) exchange.target = hidden_in_path(exchange.target, hider);
  if (hider.too_much(exchange.target)) exchange.target = kHidden;
  else if (hider.holds_value(exchange.target)) exchange.target = exchange.target.substr(0, exchange.target.find('?'));
}

/// At most so many bytes, cut at a code point.
void shorten(Exchange::Body& body) {
  if (body.text.size() <= kKeptBody) return;
  std::size_t end = kKeptBody;
  while (end > 0 && (static_cast<unsigned char>(body.text[end]) & 0xC0) == 0x80) --end;
  body.cut += static_cast<std::int64_t>(body.text.size() - end);
  body.text.resize(end);
}

/// What was recorded may end within a code point.
bool is_text(const Exchange::Body& body) {
  std::string_view text = body.text;
  if (text.find('\0') != std::string_view::npos) return false;
  for (int left = 0; left < 4; ++left) {
    if (valid_utf8(text)) return true;
    if (body.cut == 0 || text.empty()) return false;
    text.remove_suffix(1);
  }
  return false;
}

void keep_text(Exchange::Body& body, const Redactor& redactor) {
  if (!is_text(body)) return leave_out(body, "it is no text");
  while (!valid_utf8(body.text)) {
    body.text.pop_back();
    ++body.cut;
  }
  body.text = without_credentials(redactor.apply(body.text));
  shorten(body);
}

}  // namespace

Exchange as_kept(Exchange raw, const std::set<std::string>& hidden, bool failed, const Redactor& redactor, const std::set<std::string>& keys) {
  if (!hidden.empty()) hide(raw, hidden, keys, failed);
  raw.target = redactor.apply(raw.target);
  if (raw.method != "SQL") raw.target = without_credentials(without_userinfo(std::move(raw.target)));
  raw.target = without_middle(raw.target, kKeptBody);
  raw.error = without_middle(redactor.apply(raw.error), kKeptBody);
  keep_text(raw.sent, redactor);
  keep_text(raw.answer, redactor);
  return raw;
}

}  // namespace tidewire::app
