#include "sync/merge/canonical.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "sync/merge/rows.h"

namespace tidewire::sync {
namespace {

Error does_not_fit(const Value& value, const Type& type) {
  return make_error(Code::kInvalid, "the value " + shortened(json::dump(value), 80) + " is no " + type.kind);
}

std::string scalar_text(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_decimal()) return value.decimal_text();
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  return json::dump(value);
}

/// As PostgreSQL tells one, of any spelling that it reads: "{A0EEBC99-9C0B-...}", without its hyphens. What is none stays as it is.
std::string uuid_text(std::string_view written) {
  std::string_view inner = written;
  if (inner.size() > 1 && inner.front() == '{' && inner.back() == '}') inner = inner.substr(1, inner.size() - 2);
  std::string text;
  for (const char sign : inner) {
    if (sign != '-') text += sign;
  }
  if (text.size() != 32 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return lower_ascii(written);
  for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return lower_ascii(text);
}

Result<Value> canonical_text(const Value& value, const Type& type) {
  if (value.is_array() || value.is_object()) return value;
  std::string text = scalar_text(value);
  if (type.trim == "both") text = std::string(trim(text));
  if (type.trim == "right") text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (type.kind == "uuid") text = uuid_text(text);
  if (text.empty() && type.empty_is_null) return Value();
  return Value(std::move(text));
}

Result<Value> canonical_bool(const Value& value, const Type& type) {
  if (value.is_bool()) return value;
  if (value.is_int()) return Value(value.as_int() != 0);
  const std::string text = lower_ascii(scalar_text(value));
  if (text == "1" || text == "true" || text == "yes" || text == "t") return Value(true);
  if (text == "0" || text == "false" || text == "no" || text == "f" || text.empty()) return Value(false);
  return does_not_fit(value, type);
}

/// Of PostgreSQL's numeric.
bool is_no_number(const Value& value) {
  return value.is_string() && (value.as_string() == "NaN" || value.as_string() == "Infinity" || value.as_string() == "-Infinity");
}

/// The number that single precision keeps of one, in the fewest digits that mean it; one too large or too small for it stays, to be refused there.
Decimal as_single(const Decimal& number) {
  const float nearest = std::strtof(number.text().c_str(), nullptr);
  if (!std::isfinite(nearest) || nearest == 0) return number;
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, nearest).ptr;
  const auto kept = Decimal::parse(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  return kept.ok() ? *kept : number;
}

Result<Value> canonical_number(const Value& value, const Type& type) {
  if (value.is_bool()) return Value(value.as_bool() ? 1 : 0);
  if (value.is_string() && value.as_string().empty() && type.empty_is_null) return Value();
  Result<Decimal> number = Decimal::from(value);
  if (!number.ok()) {
    if (type.kind == "float" && value.is_string()) return value;  // "NaN", "Infinity"
    if (!is_no_number(value)) return does_not_fit(value, type);
    return type.form == "endless" ? Result<Value>(value) : does_not_fit(value, type).with_hint("the field has no such number: put another one there");
  }
  if (type.kind == "float" && type.form == "single") number = as_single(*number);
  Decimal exact = type.scale ? number->round(*type.scale).trimmed() : number->trimmed();
  if (type.kind == "int" && exact.scale() > 0) return does_not_fit(value, type);
  return exact.to_value();
}

/// Times after and before all others, in PostgreSQL's words.
bool is_endless(const Value& value) { return value.is_string() && (value.as_string() == "infinity" || value.as_string() == "-infinity"); }

Error no_time(const Value& value, const Type& type) {
  const std::string& text = value.as_string();
  const std::size_t year = text.find_first_not_of("0123456789");
  const bool beyond = year != std::string::npos && text[year] == '-' && (year > 4 || text.ends_with(" BC"));
  return beyond ? does_not_fit(value, type).with_hint("the years 1 to 9999 are kept the same: put a time of these there") : does_not_fit(value, type);
}

Result<Value> canonical_date(const Value& value, const Type& type) {
  if (is_endless(value) && type.form == "endless") return value;
  if (!value.is_string() || value.as_string().size() < 10) return does_not_fit(value, type);
  std::string day = value.as_string().substr(0, 10);
  if (!parse_local(day).ok() && day != "0000-00-00") return no_time(value, type);
  // A time of day may follow; an era ("0044-03-15 BC") makes it another day.
  const std::string_view rest = std::string_view(value.as_string()).substr(10);
  const bool timed = rest.size() > 1 && (rest[0] == 'T' || rest[0] == ' ') && rest[1] >= '0' && rest[1] <= '9';
  if (!rest.empty() && (!timed || rest.ends_with("BC"))) return no_time(value, type);
  return Value(std::move(day));
}

/// What its system does not keep of a second is cut, so that both sides have the same where one of them is finer. `text` ends in a
/// fraction, or has none.
std::string cut_fraction(std::string text, const Type& type) {
  const std::size_t point = text.find('.');
  if (type.places < 0 || point == std::string::npos) return text;
  std::size_t end = point + 1;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  const std::size_t kept = static_cast<std::size_t>(type.places) + 1;
  if (end - point <= kept) return text;
  std::string fraction = text.substr(point, kept);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (fraction == ".") fraction.clear();
  return text.replace(point, end - point, fraction);
}

/// "9:05:1.5" -> "09:05:01.5"; hours may exceed 23 (durations of MariaDB's time type).
Result<Value> canonical_time(const Value& value, const Type& type) {
  if (!value.is_string()) return does_not_fit(value, type);
  std::vector<std::string> parts = split(value.as_string(), ':');
  if (parts.size() < 2 || parts.size() > 3) return does_not_fit(value, type);
  if (parts.size() == 2) parts.emplace_back("00");
  const std::size_t point = parts[2].find('.');
  std::string fraction = point == std::string::npos ? "" : parts[2].substr(point);
  if (point != std::string::npos) parts[2].resize(point);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  if (fraction == ".") fraction.clear();
  for (std::string& part : parts) {
    if (part.size() < 2) part.insert(0, 2 - part.size(), '0');
  }
  return Value(cut_fraction(parts[0] + ":" + parts[1] + ":" + parts[2] + fraction, type));
}

Result<Value> canonical_datetime(const Value& value, const Type& type) {
  if (!value.is_string()) return does_not_fit(value, type);
  const std::string& text = value.as_string();
  if (is_endless(value)) return value;
  if (type.form != "local") {
    const Result<Instant> at = parse_instant(text);
    if (!at.ok()) return no_time(value, type);
    return Value(cut_fraction(format_instant(*at), type));
  }
  const Result<LocalTime> local = parse_local(text);
  if (!local.ok()) {
    // An instant is canonical already: the other side's value on its way here.
    const Result<Instant> at = type.zone.empty() ? Result<Instant>(local.error()) : parse_instant(text);
    if (!at.ok()) return no_time(value, type);
    return Value(cut_fraction(format_instant(*at), type));
  }
  if (type.zone.empty()) return Value(cut_fraction(format_local(*local), type));
  const auto zone = TRY(Zone::load(type.zone));
  return Value(cut_fraction(format_instant(zone->to_instant(*local)), type));
}

/// "\\x00ff", as databases write it; `form` "base64" is another spelling of it.
Result<Value> canonical_binary(const Value& value, const Type& type) {
  if (type.form != "base64" || !value.is_string() || value.as_string().starts_with("\\x")) return canonical_text(value, type);
  const auto bytes = from_base64(value.as_string());
  return bytes ? Result<Value>(Value("\\x" + hex(*bytes))) : does_not_fit(value, type);
}

Result<Value> canonical_json(const Value& value, const Type& type) {
  if (type.form != "text" || !value.is_string()) return value;
  if (value.as_string().empty()) return Value();
  Result<Value> parsed = json::parse(value.as_string());
  return parsed.ok() ? std::move(parsed).value() : value;
}

/// Whether an element is a list of such elements itself: a grid of PostgreSQL has the type of a row of it.
bool is_grid(const Value& element, const Type& type) { return type.kind == "list" && element.is_array() && type.element->kind != "json" && type.element->kind != "list"; }

/// Elements by their own type; of a set each once, in an order of its own.
Result<Value> canonical_list(Array elements, const Type& type) {
  for (Value& one : elements) {
    if (type.element) one = TRY(canonical(one, is_grid(one, type) ? type : *type.element));
  }
  if (type.kind == "set") {
    const bool numbers = std::all_of(elements.begin(), elements.end(), [](const Value& one) { return one.is_int(); });
    std::sort(elements.begin(), elements.end(), [&](const Value& a, const Value& b) { return numbers ? a.as_int() < b.as_int() : json::dump(a) < json::dump(b); });
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  }
  return Value(std::move(elements));
}

/// A file is what is in it (belongings/with_files.h), whatever it is called. One that could not be read is no value.
Result<Value> canonical_file(const Value& value, const Type& type) {
  if (const Value* failed = value.find("failed"); failed != nullptr && failed->is_object()) {
    const Code code = code_from_name(failed->string_or("code")).value_or(Code::kInvalid);
    return make_error(code == Code::kNotFound ? Code::kInvalid : code, failed->string_or("message"), failed->string_or("hint"));
  }
  const std::string sha256 = value.is_string() ? value.as_string() : value.string_or("sha256");
  return sha256.size() == 64 && from_hex(sha256) ? Result<Value>(Value(lower_ascii(sha256))) : does_not_fit(value, type);
}

bool is_number_kind(const std::string& kind) { return kind == "int" || kind == "decimal" || kind == "float"; }
bool is_word_kind(const std::string& kind) {
  return kind == "text" || kind == "enum" || kind == "reference" || kind == "uuid" || kind == "date" || kind == "time" ||
         kind == "datetime" || kind == "binary";
}

/// The day that the clocks of its system showed; of an instant the day where the date is kept, in UTC where nobody knows where that is.
Result<Value> day_of(const Value& moment, const Type& from, const Type& to) {
  const std::string& zone_name = from.form == "local" ? from.zone : to.zone;
  const Result<Instant> at = parse_instant(moment.as_string());
  if (zone_name.empty() || !at.ok()) return Value(moment.as_string().substr(0, 10));
  const auto zone = TRY(Zone::load(zone_name));
  return Value(format_local(zone->to_local(*at)).substr(0, 10));
}

Result<Value> between_kinds(const Value& value, const Type& from, const Type& to) {
  if (value.is_null() || from.kind == to.kind) return value;
  if (from.kind == "binary") return spell(value, from);  // what holds no bytes keeps them as that system writes them
  if (from.kind == "json" || to.kind == "json") return value;
  if (is_word_kind(to.kind) && !value.is_array() && !value.is_object()) {
    if (to.kind == "date" && from.kind == "datetime" && value.is_string()) return day_of(value, from, to);
    if (to.kind == "datetime" && from.kind == "date") return does_not_fit(value, to).with_hint("say which time of day with t.datetime");
    return Value(scalar_text(value));
  }
  return value;  // canonical() of the target decides whether it fits
}

}  // namespace

Result<Value> canonical(const Value& value, const Type& type) {
  const std::string& kind = type.kind;
  if (value.is_null()) {
    if (is_number_kind(kind) && type.zero_is_null) return Value(0);
    if (kind == "bool" && type.null_is_false) return Value(false);
    return value;
  }
  if (kind == "file") return canonical_file(value, type);
  if (kind == "json") return canonical_json(value, type);
  if (kind == "binary") return canonical_binary(value, type);
  if (kind == "bool") return canonical_bool(value, type);
  if (is_number_kind(kind)) return canonical_number(value, type);
  if (value.is_string() && value.as_string().empty() && (kind == "date" || kind == "time" || kind == "datetime")) return Value();
  if (kind == "date") return canonical_date(value, type);
  if (kind == "time") return canonical_time(value, type);
  if (kind == "datetime") return canonical_datetime(value, type);
  if ((kind == "list" || kind == "set") && value.is_array()) return canonical_list(value.as_array(), type);
  if (kind == "list" || kind == "set" || kind == "rows") return value;
  return canonical_text(value, type);
}

Result<Value> spell(const Value& value, const Type& type) {
  if (value.is_null() || (type.kind == "datetime" && is_endless(value))) return value;
  if (type.kind == "bool" && type.form == "01" && value.is_bool()) return Value(value.as_bool() ? 1 : 0);
  if (type.kind == "binary" && type.form == "base64" && value.is_string() && value.as_string().starts_with("\\x")) {
    const auto bytes = from_hex(value.as_string().substr(2));
    return bytes ? Result<Value>(Value(base64(*bytes))) : does_not_fit(value, type);
  }
  if (type.kind == "decimal" && type.form == "text" && value.is_number()) return Value(scalar_text(value));
  if (type.kind == "datetime" && type.form == "local" && !type.zone.empty() && value.is_string()) {
    const Instant at = TRY(parse_instant(value.as_string()));
    const auto zone = TRY(Zone::load(type.zone));
    return Value(format_local(zone->to_local(at)));
  }
  if (type.kind == "json" && type.form == "text" && !value.is_string()) return Value(json::dump(value));
  if (type.element && value.is_array()) {
    Array elements = value.as_array();
    for (Value& one : elements) one = TRY(spell(one, is_grid(one, type) ? type : *type.element));
    return Value(std::move(elements));
  }
  return value;
}

Result<Value> convert(const Value& value, const Type& from, const Type& to) {
  const Value plain = TRY(canonical(value, from));
  if (from.kind == "file" && to.kind == "file") return value;  // with its name, for the other side and for people
  const Value turned = TRY(canonical(TRY(between_kinds(plain, from, to)), to));
  if (to.length >= 0 && turned.is_string() && static_cast<std::int64_t>(code_points(turned.as_string())) > to.length) {
    return make_error(Code::kInvalid,
                      format("the value has %zu characters, the field takes %lld", code_points(turned.as_string()),
                             static_cast<long long>(to.length)),
                      "shorten it on the other side, or give the row a transform that cuts it");
  }
  return spell(turned, to);
}

bool same(const Value& a, const Value& b, const Type& type) {
  if (a == b) return true;
  const Result<Value> left = canonical(a, type);
  const Result<Value> right = canonical(b, type);
  if (!left.ok() || !right.ok()) return false;
  if (left->is_number() && right->is_number() && !(*left == *right)) {
    const auto x = Decimal::from(*left);
    const auto y = Decimal::from(*right);
    return x.ok() && y.ok() && *x == *y;
  }
  return *left == *right;
}

std::string key_as_read(const std::string& named, const Type& type) {
  const bool known_scale = type.kind == "decimal" && type.scale > 0;  // such a key is read with all its digits, 7.50
  if ((type.kind != "int" && type.kind != "decimal" && type.kind != "uuid") || known_scale) return named;
  Type whole = type;
  whole.scale.reset();  // a key that is nearly another one is none
  const Result<Value> plain = canonical(Value(named), whole);
  return plain.ok() && !plain->is_null() ? scalar_text(*plain) : named;
}

bool is_gone_file(const Value& form, const Type& type) {
  const Value* failed = type.kind == "file" ? form.find("failed") : nullptr;
  return failed != nullptr && failed->is_object() && failed->string_or("code") == code_name(Code::kNotFound);
}

bool empty(const Value& value, const Type& type) {
  if (value.is_null()) return true;
  const Result<Value> plain = canonical(value, type);
  return plain.ok() && plain->is_null();
}

Error required_and_empty(const Field& field, Side to) {
  return make_error(Code::kInvalid, "'" + field.name + "' is required, and the " + std::string(store::side_name(to)) + " side would get it empty",
                    "fill it on the other side, give the row a default, or take `required` off it");
}

Value form_of(const Field& field, Side side, const Value& record) {
  const auto& paths = field.paths[side];
  if (paths.size() == 1) {
    const Value* value = record.at_path(paths.front());
    if (field.kind == Field::Kind::kRows) return rows_form(field, side, value == nullptr ? Value() : *value);
    return value == nullptr ? Value() : *value;
  }
  Object form;
  for (const std::string& path : paths) {
    const Value* value = record.at_path(path);
    form[path] = value == nullptr ? Value() : *value;
  }
  return Value(std::move(form));
}

bool same_form(const Field& field, Side side, const Value& a, const Value& b) {
  if (field.kind == Field::Kind::kRows) return same_rows(field, side, a, b);
  const auto& paths = field.paths[side];
  if (paths.size() == 1) return same(a, b, field.type[side]);
  return std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
    const Value* x = a.find(path);
    const Value* y = b.find(path);
    return same(x == nullptr ? Value() : *x, y == nullptr ? Value() : *y, field.type[side]);
  });
}

bool empty_form(const Field& field, Side side, const Value& form) {
  if (field.kind == Field::Kind::kRows) return !form.is_array() || form.as_array().empty();
  const auto& paths = field.paths[side];
  if (paths.size() == 1) return empty(form, field.type[side]);
  return std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
    const Value* value = form.find(path);
    return value == nullptr || empty(*value, field.type[side]);
  });
}

}  // namespace tidewire::sync
