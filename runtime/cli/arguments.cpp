#include "cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace tidewire::cli {
namespace {

/// "-5" is a word: a key or a number.
bool is_option(const std::string& word) {
  const bool letter = word.size() > 1 && ((word[1] | 0x20) >= 'a' && (word[1] | 0x20) <= 'z');
  return word.size() > 1 && word[0] == '-' && (word[1] == '-' || letter);
}

Error unknown_option(const std::string& name, const Syntax& syntax) {
  std::vector<std::string> known;
  for (const Option& option : syntax.options) known.emplace_back(option.name);
  return make_error(Code::kInvalid, "unknown option " + name + suggestion(name, known));
}

/// A variable of a script that is not set must not mean everything.
Error empty(const std::string& what) { return make_error(Code::kInvalid, what + " is empty", "what is not said is left out; is a variable not set?"); }

const Option* find_option(const std::string& name, const Syntax& syntax) {
  const auto found = std::find_if(syntax.options.begin(), syntax.options.end(), [&](const Option& one) { return name == one.name; });
  return found == syntax.options.end() ? nullptr : &*found;
}

struct Given {
  std::string name;
  std::optional<std::string> value;  // after "="
};

Given split_option(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos) return {word == "-h" ? "--help" : word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

}  // namespace

Result<Arguments> Arguments::parse(std::span<const std::string> words, const Syntax& syntax) {
  Arguments out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") {
      auto& rest = syntax.rest ? out.rest_ : out.words_;
      rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (words[i].empty()) return empty("a word of the command");
    if (!is_option(words[i])) {
      out.words_.push_back(words[i]);
      continue;
    }
    Given given = split_option(words[i]);
    const bool more = i + 1 < words.size();
    if (const Option* option = find_option(given.name, syntax)) {
      const bool wants_value = *option->value != '\0';
      if (given.value && !wants_value) return make_error(Code::kInvalid, given.name + " takes no value");
      if (!given.value && wants_value) {
        if (!more) return make_error(Code::kInvalid, given.name + " needs a value: " + given.name + " " + option->value);
        given.value = words[++i];
      }
      if (wants_value && given.value->empty()) return empty(given.name);
      out.options_[given.name] = given.value.value_or("");
    } else if (syntax.free_options && given.name.size() > 2) {
      if (!given.value && more && !is_option(words[i + 1])) given.value = words[++i];
      out.free_[given.name.substr(2)] = given.value ? Value(*given.value) : Value(true);
    } else {
      return unknown_option(given.name, syntax);
    }
  }
  if (out.has("--help")) return out;
  if (out.words_.size() < syntax.least_words) return make_error(Code::kInvalid, "something is missing after the command");
  if (out.words_.size() > syntax.most_words) return make_error(Code::kInvalid, "'" + out.words_[syntax.most_words] + "' is one word too many");
  return out;
}

std::string Arguments::get(const std::string& option, const std::string& otherwise) const {
  const auto found = options_.find(option);
  return found == options_.end() ? otherwise : found->second;
}

Result<std::int64_t> Arguments::number(const std::string& option, std::int64_t otherwise) const {
  const auto found = options_.find(option);
  if (found == options_.end()) return otherwise;
  const std::string& text = found->second;
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || number < 0) {
    return make_error(Code::kInvalid, option + " needs a whole number, not '" + text + "'");
  }
  return number;
}

}  // namespace tidewire::cli
