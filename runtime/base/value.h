// value.h — a record, a field of it, a JSON document: the one shape in which data crosses rooms.
//
// JSON has too few words for a synchroniser: 9223372036854775807 and 12.50 must arrive as they left. So a number is
// either an int64 or the exact decimal text; binary floating point does not exist here. null and absent differ
// (absent = the key is not in the object), and so do [] and {}. Objects are sorted by key, so that writing a Value
// is canonical and comparing two is one walk; the key order of a remote's JSON carries no meaning and is not kept.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tidewire {

class Value;
using Array = std::vector<Value>;
using Object = std::map<std::string, Value, std::less<>>;

/// A number that is no int64: the text exactly as received ("12.50", "1e400", "18446744073709551616").
/// Equality of the text; numeric comparison is decimal.h's.
struct DecimalText {
  std::string text;
  friend bool operator==(const DecimalText&, const DecimalText&) = default;
};

class Value {
 public:
  enum class Kind { kNull, kBool, kInt, kDecimal, kString, kArray, kObject };

  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value);  // a DecimalText above int64's range
  Value(DecimalText value) : data_(std::move(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_int() const { return kind() == Kind::kInt; }
  bool is_decimal() const { return kind() == Kind::kDecimal; }
  bool is_number() const { return is_int() || is_decimal(); }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }

  // Ask first: each throws std::bad_variant_access on another kind.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_int() const { return std::get<std::int64_t>(data_); }
  const std::string& decimal_text() const { return std::get<DecimalText>(data_).text; }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  std::string& as_string() { return std::get<std::string>(data_); }
  const Array& as_array() const { return std::get<Array>(data_); }
  Array& as_array() { return std::get<Array>(data_); }
  const Object& as_object() const { return std::get<Object>(data_); }
  Object& as_object() { return std::get<Object>(data_); }

  /// The member `key`, or nullptr when this is no object or has none.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// The member at a dotted path ("meta.price"; a number indexes an array from 0), or nullptr.
  const Value* at_path(std::string_view path) const;
  /// Sets the member at a dotted path, making objects on the way. A non-object on the way is replaced.
  void set_path(std::string_view path, Value value);
  /// Whether set_path would replace nothing on the way but null and "": there is no text, number or list in its way.
  bool takes_path(std::string_view path) const;
  /// The member `key`, made null first where missing; turns a null into an object. Asserts on other kinds.
  Value& operator[](std::string_view key);

  /// The string member `key`, or `otherwise` when missing or of another kind.
  std::string string_or(std::string_view key, std::string_view otherwise = {}) const;
  std::int64_t int_or(std::string_view key, std::int64_t otherwise) const;
  bool bool_or(std::string_view key, bool otherwise) const;

  /// Exact equality: 1 and 1.0 differ, null and absent differ.
  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, DecimalText, std::string, Array, Object> data_;
};

}  // namespace tidewire
