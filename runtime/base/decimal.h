// decimal.h — exact decimal arithmetic of any length, on OpenSSL's big integers (the library is in the binary anyway;
// libmpdec, the better known one, is not in Debian 12 and has no static archive).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"

namespace tidewire {

/// unscaled * 10^-scale, canonical text kept with its scale ("12.50" has scale 2).
class Decimal {
 public:
  /// Reads "-12.50", "1e3", "+7", ".5"; kInvalid on anything else or on more than 10,000 digits.
  static Result<Decimal> parse(std::string_view text);
  static Decimal from_int(std::int64_t value);
  /// The decimal in an int, decimal or numeric string Value; kInvalid otherwise.
  static Result<Decimal> from(const Value& value);

  Decimal();
  Decimal(const Decimal&);
  Decimal(Decimal&&) noexcept;
  Decimal& operator=(Decimal);
  ~Decimal();

  friend Decimal operator+(const Decimal&, const Decimal&);
  friend Decimal operator-(const Decimal&, const Decimal&);
  friend Decimal operator*(const Decimal&, const Decimal&);
  /// Rounded half to even at `scale` digits after the point. kInvalid when dividing by zero or for a scale outside 0..10,000.
  static Result<Decimal> divide(const Decimal& a, const Decimal& b, int scale);
  /// Half away from zero, as ERPs and PostgreSQL's numeric round. Pads with zeros; a negative scale rounds to tens,
  /// hundreds and so on. The scale is taken as at most 10,000 either way.
  Decimal round(int scale) const;
  /// Without trailing zeros after the point ("12.50" -> "12.5", "100" stays).
  Decimal trimmed() const;
  Decimal negated() const;
  int scale() const { return scale_; }
  /// How many digits it has, at most one too many. Arithmetic has no limit of its own: whoever lets a stranger multiply asks this.
  std::size_t digits() const;

  friend std::strong_ordering operator<=>(const Decimal&, const Decimal&);  // numeric: 1.0 == 1
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

  /// Plain notation, never an exponent.
  std::string text() const;
  /// An int Value where scale is 0 and it fits, else a DecimalText.
  Value to_value() const;

 private:
  Decimal(void* unscaled, int scale) : unscaled_(unscaled), scale_(scale) {}

  void* unscaled_;  // BIGNUM, signed; null only after a move
  int scale_ = 0;
};

}  // namespace tidewire
