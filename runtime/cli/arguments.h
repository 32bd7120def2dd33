// arguments.h — the words after a command's name: options with and without value, and plain words.
//
// A library for this (CLI11) doubles the compile time of the room for what is two pages here, and its messages know no
// "did you mean".
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::cli {

struct Option {
  const char* name;   // "--limit"
  const char* value;  // what stands after it in help ("N"); "" = a flag
  const char* help;
};

struct Syntax {
  std::vector<Option> options;
  std::size_t least_words = 0, most_words = 0;
  bool free_options = false;  // takes any --name [value], for somebody else to understand
  bool rest = false;          // takes what follows "--"
};

class Arguments {
 public:
  /// "--name value" and "--name=value" are the same; "--" ends the options. kInvalid names the word that does not fit.
  static Result<Arguments> parse(std::span<const std::string> words, const Syntax& syntax);

  bool has(const std::string& option) const { return options_.contains(option); }
  /// The last value given, or `otherwise`.
  std::string get(const std::string& option, const std::string& otherwise = {}) const;
  /// The same as a whole number, not negative; kInvalid otherwise.
  Result<std::int64_t> number(const std::string& option, std::int64_t otherwise = 0) const;
  const std::vector<std::string>& words() const { return words_; }
  /// The word at `index`, or `otherwise`.
  std::string word(std::size_t index, const std::string& otherwise = {}) const { return index < words_.size() ? words_[index] : otherwise; }
  /// The same, or else the option's: `links people` is `links --mapping people`.
  std::string word_or(std::size_t index, const std::string& option) const { return word(index, get(option)); }
  const std::vector<std::string>& rest() const { return rest_; }
  /// Free options by name without dashes; one without value is true.
  const Object& free_options() const { return free_; }

 private:
  std::map<std::string, std::string> options_;
  std::vector<std::string> words_, rest_;
  Object free_;
};

}  // namespace tidewire::cli
