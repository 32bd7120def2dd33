#include "base/decimal.h"

#include <openssl/bn.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "base/text.h"

namespace tidewire {
namespace {

constexpr int kMostDigits = 10'000;

struct BignumFree {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }
};
using Bignum = std::unique_ptr<BIGNUM, BignumFree>;
using Scratch = std::unique_ptr<BN_CTX, BignumFree>;

BIGNUM* bignum(void* unscaled) { return static_cast<BIGNUM*>(unscaled); }

void demand(int done) { ASSERT(done != 0, "big integer arithmetic fails only without memory"); }

Bignum copy_of(const BIGNUM* number) { return Bignum(BN_dup(number)); }

Bignum power_of_ten(int exponent) {
  Bignum ten(BN_new()), power(BN_new()), count(BN_new());
  const Scratch scratch(BN_CTX_new());
  demand(BN_set_word(ten.get(), 10) && BN_set_word(count.get(), static_cast<BN_ULONG>(exponent)));
  demand(BN_exp(power.get(), ten.get(), count.get(), scratch.get()));
  return power;
}

/// number * 10^places, places >= 0.
Bignum shifted(const BIGNUM* number, int places) {
  Bignum result = copy_of(number);
  if (places == 0 || BN_is_zero(number)) return result;
  const Scratch scratch(BN_CTX_new());
  demand(BN_mul(result.get(), number, power_of_ten(places).get(), scratch.get()));
  return result;
}

/// The quotient to the nearest integer; a half goes to the even one or away from zero.
Bignum rounded_quotient(const BIGNUM* number, const BIGNUM* divisor, bool half_to_even) {
  Bignum quotient(BN_new()), rest(BN_new()), twice(BN_new());
  const Scratch scratch(BN_CTX_new());
  demand(BN_div(quotient.get(), rest.get(), number, divisor, scratch.get()));
  demand(BN_lshift1(twice.get(), rest.get()));
  const int against_half = BN_ucmp(twice.get(), divisor);
  if (against_half < 0 || (against_half == 0 && half_to_even && !BN_is_odd(quotient.get()))) return quotient;
  const bool negative = BN_is_negative(number) != BN_is_negative(divisor);
  demand(negative ? BN_sub_word(quotient.get(), 1) : BN_add_word(quotient.get(), 1));
  return quotient;
}

Error no_decimal(std::string_view text) {
  return make_error(Code::kInvalid, "'" + shortened(text, 60) + "' is no decimal number");
}

std::string_view leading_digits(std::string_view& text) {
  const std::string_view digits = text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
  text.remove_prefix(digits.size());
  return digits;
}

struct Written {
  std::string digits;
  int scale = 0;
  bool negative = false;
};

/// Reads an exponent that must be all of `text`, small enough that the number can have at most kMostDigits.
bool read_exponent(std::string_view text, int& exponent) {
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  return failed == std::errc() && end == text.data() + text.size() && std::abs(exponent) <= kMostDigits;
}

bool read_written(std::string_view text, Written& out) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    out.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  out.digits = leading_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = leading_digits(text);
    if (fraction.empty()) return false;
    out.digits += fraction;
    out.scale = static_cast<int>(std::min<std::size_t>(fraction.size(), kMostDigits + 1));
  }
  int exponent = 0;
  if (out.digits.empty() || !read_exponent(text, exponent)) return false;
  out.scale -= exponent;
  const std::size_t appended = out.scale < 0 ? static_cast<std::size_t>(-out.scale) : 0;
  return out.digits.size() + appended <= kMostDigits && out.scale <= kMostDigits;
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text) {
  Written written;
  if (!read_written(text, written)) return no_decimal(text);
  if (written.scale < 0) {
    written.digits.append(static_cast<std::size_t>(-written.scale), '0');
    written.scale = 0;
  }
  BIGNUM* number = nullptr;
  demand(BN_dec2bn(&number, written.digits.c_str()));
  BN_set_negative(number, written.negative);
  return Decimal(number, written.scale);
}

Decimal Decimal::from_int(std::int64_t value) {
  BIGNUM* number = BN_new();
  const auto bits = static_cast<std::uint64_t>(value);
  demand(BN_set_word(number, value < 0 ? 0 - bits : bits));
  BN_set_negative(number, value < 0);
  return Decimal(number, 0);
}

Result<Decimal> Decimal::from(const Value& value) {
  if (value.is_int()) return from_int(value.as_int());
  if (value.is_decimal()) return parse(value.decimal_text());
  if (value.is_string()) return parse(value.as_string());
  return make_error(Code::kInvalid, "neither a number nor the text of one");
}

Decimal::Decimal() : unscaled_(BN_new()) {}

Decimal::Decimal(const Decimal& other) : unscaled_(copy_of(bignum(other.unscaled_)).release()), scale_(other.scale_) {}

Decimal::Decimal(Decimal&& other) noexcept
    : unscaled_(std::exchange(other.unscaled_, nullptr)), scale_(std::exchange(other.scale_, 0)) {}

Decimal& Decimal::operator=(Decimal other) {
  std::swap(unscaled_, other.unscaled_);
  std::swap(scale_, other.scale_);
  return *this;
}

Decimal::~Decimal() { BN_free(bignum(unscaled_)); }

Decimal operator+(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale_, b.scale_);
  Bignum sum = shifted(bignum(a.unscaled_), scale - a.scale_);
  demand(BN_add(sum.get(), sum.get(), shifted(bignum(b.unscaled_), scale - b.scale_).get()));
  return Decimal(sum.release(), scale);
}

Decimal operator-(const Decimal& a, const Decimal& b) { return a + b.negated(); }

Decimal operator*(const Decimal& a, const Decimal& b) {
  Bignum product(BN_new());
  const Scratch scratch(BN_CTX_new());
  demand(BN_mul(product.get(), bignum(a.unscaled_), bignum(b.unscaled_), scratch.get()));
  return Decimal(product.release(), a.scale_ + b.scale_);
}

Result<Decimal> Decimal::divide(const Decimal& a, const Decimal& b, int scale) {
  if (BN_is_zero(bignum(b.unscaled_))) return make_error(Code::kInvalid, "division by zero");
  if (scale < 0 || scale > kMostDigits) return make_error(Code::kInvalid, "a quotient has 0 to 10,000 digits after the point");
  const int places = scale + b.scale_ - a.scale_;
  const Bignum number = shifted(bignum(a.unscaled_), std::max(places, 0));
  const Bignum divisor = shifted(bignum(b.unscaled_), std::max(-places, 0));
  return Decimal(rounded_quotient(number.get(), divisor.get(), true).release(), scale);
}

Decimal Decimal::round(int scale) const {
  scale = std::clamp(scale, -kMostDigits, kMostDigits);
  if (scale >= scale_) return Decimal(shifted(bignum(unscaled_), scale - scale_).release(), scale);
  Bignum rounded = rounded_quotient(bignum(unscaled_), power_of_ten(scale_ - scale).get(), false);
  if (scale < 0) rounded = shifted(rounded.get(), -scale);
  return Decimal(rounded.release(), std::max(scale, 0));
}

Decimal Decimal::trimmed() const {
  if (scale_ == 0) return *this;
  const std::string written = text();
  const int zeros = std::min(static_cast<int>(written.size() - 1 - written.find_last_not_of('0')), scale_);
  return Decimal(rounded_quotient(bignum(unscaled_), power_of_ten(zeros).get(), false).release(), scale_ - zeros);
}

Decimal Decimal::negated() const {
  Bignum number = copy_of(bignum(unscaled_));
  BN_set_negative(number.get(), !BN_is_negative(number.get()));
  return Decimal(number.release(), scale_);
}

std::size_t Decimal::digits() const {
  return static_cast<std::size_t>(BN_num_bits(bignum(unscaled_))) * 30103 / 100000 + 1;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale_, b.scale_);
  const Bignum left = shifted(bignum(a.unscaled_), scale - a.scale_);
  const Bignum right = shifted(bignum(b.unscaled_), scale - b.scale_);
  return BN_cmp(left.get(), right.get()) <=> 0;
}

std::string Decimal::text() const {
  char* digits = BN_bn2dec(bignum(unscaled_));
  std::string text(digits);
  OPENSSL_free(digits);
  if (scale_ == 0) return text;
  const std::size_t sign = text.front() == '-' ? 1 : 0;
  const auto wanted = static_cast<std::size_t>(scale_) + 1 + sign;
  if (text.size() < wanted) text.insert(sign, wanted - text.size(), '0');
  text.insert(text.size() - static_cast<std::size_t>(scale_), 1, '.');
  return text;
}

Value Decimal::to_value() const {
  std::string written = text();
  std::int64_t value = 0;
  if (scale_ == 0 && std::from_chars(written.data(), written.data() + written.size(), value).ec == std::errc()) return value;
  return DecimalText{std::move(written)};
}

}  // namespace tidewire
