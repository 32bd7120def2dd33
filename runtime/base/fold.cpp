#include <array>
#include <iterator>

#include "base/text.h"
#include "base/utf8.h"

namespace tidewire {
namespace {

struct Composed {
  char32_t mark;
  std::u32string_view letters;
  std::u32string_view with_mark;
};

// A letter followed by a combining mark, and the same as one code point: macOS and some forms send the former.
constexpr std::array<Composed, 13> kComposed{{
    {0x300, U"aeiouеи", U"àèìòùѐѝ"},
    {0x301, U"aeiouyclnrsz¨ϊαεηιϋουωгк", U"áéíóúýćĺńŕśź΅ΐάέήίΰόύώѓќ"},
    {0x302, U"aeioucghjswy", U"âêîôûĉĝĥĵŝŵŷ"},
    {0x303, U"anoiu", U"ãñõĩũ"},
    {0x304, U"aeiou", U"āēīōū"},
    {0x306, U"aegiouиу", U"ăĕğĭŏŭйў"},
    {0x307, U"cegz", U"ċėġż"},
    {0x308, U"aeiouyιυеі", U"äëïöüÿϊϋёї"},
    {0x30A, U"au", U"åů"},
    {0x30B, U"ou", U"őű"},
    {0x30C, U"cdelnrstz", U"čďěľňřšťž"},
    {0x327, U"cgklnrst", U"çģķļņŗşţ"},
    {0x328, U"aeiu", U"ąęįų"},
}};

bool is_even_upper(char32_t c) {  // ranges where upper and lower case alternate, upper case even
  return (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
         (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F);
}

bool is_odd_upper(char32_t c) {
  return (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E) || (c >= 0x4C1 && c <= 0x4CE);
}

char32_t lower_greek(char32_t c) {
  switch (c) {
    case 0x386: return 0x3AC;
    case 0x388:
    case 0x389:
    case 0x38A: return c + 37;
    case 0x38C: return 0x3CC;
    case 0x38E:
    case 0x38F: return c + 63;
    case 0x3C2: return 0x3C3;  // the sigma at a word's end is the same letter
    default: return c >= 0x391 && c <= 0x3AB ? c + 32 : c;
  }
}

char32_t lower_code_point(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c < 0x100) return c >= 0xC0 && c <= 0xDE && c != 0xD7 ? c + 32 : c;
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  if (c == 0x4C0) return 0x4CF;
  if (is_even_upper(c)) return c | 1;
  if (is_odd_upper(c)) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x370 && c <= 0x3FF) return lower_greek(c);
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  return c;
}

/// `letter` with `mark` as one code point; 0 when there is none here.
char32_t composed(char32_t letter, char32_t mark) {
  for (const Composed& row : kComposed) {
    if (row.mark != mark) continue;
    const std::size_t at = row.letters.find(letter);
    return at == std::u32string_view::npos ? 0 : row.with_mark[at];
  }
  return 0;
}

}  // namespace

std::string fold(std::string_view utf8) {
  std::string folded;
  char32_t before = 0;
  std::size_t start = 0;  // where `before` begins in `folded`
  while (!utf8.empty()) {
    const std::size_t length = utf8::sequence(utf8);
    if (length == 0) {
      folded += utf8.front();
      utf8.remove_prefix(1);
      before = 0;
      continue;
    }
    const char32_t read = utf8::decode(utf8, length);
    utf8.remove_prefix(length);
    const char32_t joined = before != 0 && read >= 0x300 && read <= 0x36F ? composed(before, read) : 0;
    if (joined != 0) folded.resize(start);
    start = folded.size();
    before = joined != 0 ? joined : lower_code_point(read);
    utf8::append(folded, before);
  }
  return folded;
}

}  // namespace tidewire
