#include <algorithm>

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace tidewire {
namespace {

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : format("%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return encoded;
}

std::string json_escaped(const std::string& text) {
  const std::string quoted = json::dump(text);
  return quoted.substr(1, quoted.size() - 2);
}

/// What of a text's base64 is the same wherever in a longer text it stands, as in `user:secret` of a Basic header: by where it
/// begins in a group of three bytes. The signs that its neighbours have a part in are left out.
std::vector<std::string> base64_cores(const std::string& text) {
  std::vector<std::string> cores;
  for (const std::size_t before : {0u, 1u, 2u}) {
    const std::string whole = base64(std::string(before, 'x') + text);
    const std::size_t first = (before * 8 + 5) / 6, last = (before + text.size()) * 8 / 6;
    cores.push_back(whole.substr(first, last - first));
  }
  return cores;
}

/// The same in the alphabet of URLs and file names.
std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<unsigned char> byte_of(std::string_view digits) {
  const auto bytes = from_hex(digits);
  return bytes && bytes->size() == 1 ? std::optional(static_cast<unsigned char>(bytes->front())) : std::nullopt;
}

/// Bytes of `text` that spell this byte at its beginning: itself, "%5F", or of JSON "\u005f" or "\/"; 0 = none.
std::size_t spelled(std::string_view text, char byte) {
  const auto is = [byte](std::optional<unsigned char> read) { return read && *read == static_cast<unsigned char>(byte); };
  if (text.starts_with('%') && text.size() >= 3 && is(byte_of(text.substr(1, 2)))) return 3;
  if (text.starts_with("\\u00") && text.size() >= 6 && byte >= 0 && is(byte_of(text.substr(4, 2)))) return 6;
  if (text.size() >= 2 && text[0] == '\\' && text[1] == byte && (byte == '/' || byte == '"' || byte == '\\')) return 2;
  return text.starts_with(byte) ? 1 : 0;
}

/// Bytes of `text` that spell the secret at its beginning, whichever of its signs are escaped; 0 = it does not stand there.
std::size_t spelled_at_start(std::string_view text, std::string_view secret) {
  std::size_t at = 0;
  for (const char byte : secret) {
    const std::size_t length = spelled(text.substr(at), byte);
    if (length == 0) return 0;
    at += length;
  }
  return at;
}

std::size_t pair_of(char first, char second) { return static_cast<std::size_t>(static_cast<unsigned char>(first)) << 8 | static_cast<unsigned char>(second); }

std::string mark_of(const std::string& name) { return "[secret " + name + "]"; }

constexpr std::string_view kCut = "…";       // where something was left out (base/text.h)
constexpr std::size_t kShortestRemains = 4;  // bytes of a secret beside it; fewer are as likely to be something else

/// How much of the secret's beginning stands at the end of `text`, at most all but a byte.
std::size_t begun_at_end(std::string_view text, std::string_view secret) {
  std::size_t length = std::min(text.size(), secret.size() - 1);
  while (length > 0 && !text.ends_with(secret.substr(0, length))) --length;
  return length;
}

/// Likewise of its end, at the beginning.
std::size_t ended_at_start(std::string_view text, std::string_view secret) {
  std::size_t length = std::min(text.size(), secret.size() - 1);
  while (length > 0 && !text.starts_with(secret.substr(secret.size() - length))) --length;
  return length;
}

/// A long message is cut where it is made, which nobody who knows secrets does: what a cut left of one is hidden too.
template <typename Known>
std::string without_remains(std::string text, const std::vector<Known>& all) {
  for (std::size_t at = text.find(kCut); at != std::string::npos; at = text.find(kCut, at + kCut.size())) {
    const std::string_view before = std::string_view(text).substr(0, at), after = std::string_view(text).substr(at + kCut.size());
    std::size_t begun = kShortestRemains - 1, ended = begun;
    std::string begun_mark, ended_mark;
    for (const Known& known : all) {
      if (const std::size_t length = begun_at_end(before, known.text); length > begun) begun = length, begun_mark = mark_of(known.name);
      if (const std::size_t length = ended_at_start(after, known.text); length > ended) ended = length, ended_mark = mark_of(known.name);
    }
    if (!ended_mark.empty()) text.replace(at + kCut.size(), ended, ended_mark);
    if (begun_mark.empty()) continue;
    text.replace(at - begun, begun, begun_mark);
    at += begun_mark.size() - begun;
  }
  return text;
}

}  // namespace

void Redactor::add(std::string name, std::string secret) {
  if (secret.size() < kShortest) return;
  const std::lock_guard lock(mutex_);
  for (const std::string& form : {secret, percent_encoded(secret)}) {
    for (const std::string& core : base64_cores(form)) {
      remember(name, core);
      remember(name, url_safe(core));
    }
  }
  remember(name, percent_encoded(secret));
  remember(name, json_escaped(secret));
  remember_spelled(secret.front());
  secrets_.push_back({secret, name});
  remember(name, std::move(secret));
}

void Redactor::remember(const std::string& name, std::string text) {
  const auto same = [&](const Known& known) { return known.text == text; };
  if (std::any_of(known_.begin(), known_.end(), same)) return;
  beginnings_.set(pair_of(text[0], text[1]));
  const auto shorter = [&](const Known& known) { return known.text.size() < text.size(); };
  const auto place = std::find_if(known_.begin(), known_.end(), shorter);
  known_.insert(place, Known{std::move(text), name});
}

/// How a secret of this first sign begins where that or the next one is escaped.
void Redactor::remember_spelled(char first) {
  const auto high = static_cast<unsigned>(static_cast<unsigned char>(first)) >> 4;
  for (const char* digits : {"0123456789abcdef", "0123456789ABCDEF"}) beginnings_.set(pair_of('%', digits[high]));
  for (const char escape : {'%', '\\'}) beginnings_.set(pair_of(first, escape));
  for (const char second : {'u', first}) beginnings_.set(pair_of('\\', second));
}

Redactor::Standing Redactor::standing_at(std::string_view text, bool escaped) const {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) { return text.starts_with(known.text); });
  if (found != known_.end()) return {&*found, found->text.size()};
  if (!escaped) return {};
  for (const Known& secret : secrets_) {
    if (const std::size_t length = spelled_at_start(text, secret.text)) return {&secret, length};
  }
  return {};
}

std::string Redactor::replaced(std::string_view text, bool escaped) const {
  std::string clean;
  std::size_t from = 0;
  for (std::size_t at = 0; at + 1 < text.size();) {
    const Standing standing = beginnings_[pair_of(text[at], text[at + 1])] ? standing_at(text.substr(at), escaped) : Standing{};
    if (standing.known) clean.append(text.substr(from, at - from)).append(mark_of(standing.known->name));
    at += std::max<std::size_t>(standing.length, 1);
    if (standing.known) from = at;
  }
  return clean.append(text.substr(from));
}

std::string Redactor::apply(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  const bool escaped = text.find('%') != std::string_view::npos || text.find('\\') != std::string_view::npos;
  std::string clean = known_.empty() ? std::string(text) : replaced(text, escaped);
  return clean.find(kCut) == std::string::npos ? clean : without_remains(std::move(clean), known_);
}

Error Redactor::apply(Error error) const {
  error.message = apply(error.message);
  error.hint = apply(error.hint);
  return error;
}

Value Redactor::apply_within(Value value) const {
  if (value.is_string()) return apply(value.as_string());
  if (value.is_number()) {
    const std::string text = json::dump(value);
    std::string clean = apply(text);
    return clean == text ? value : Value(std::move(clean));
  }
  if (value.is_array()) {
    for (Value& item : value.as_array()) item = apply_within(std::move(item));
  } else if (value.is_object()) {
    Object clean;
    for (auto& [key, member] : value.as_object()) clean.insert_or_assign(apply(key), apply_within(std::move(member)));
    return clean;
  }
  return value;
}

std::optional<std::string> Redactor::mark_in(std::string_view text) const {
  if (text.find("[secret ") == std::string_view::npos) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) { return text.find(mark_of(known.name)) != std::string_view::npos; });
  return found == known_.end() ? std::nullopt : std::optional(mark_of(found->name));
}

}  // namespace tidewire
