// secrets.h — env "X" and secret "X": markers in the configuration until the connector of that connection gets the text.
//
// A secret comes from $CREDENTIALS_DIRECTORY (systemd), the environment, then the project's .env. Every text handed out is
// made known to the Redactor, so that it never reaches a log, an operation or an error; one too short for it is warned of.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/value.h"

namespace tidewire::app {

class Secrets {
 public:
  Secrets(std::string folder, Redactor& redactor) : folder_(std::move(folder)), redactor_(redactor) {}
  /// Re-reads .env. Warnings: a .env that others may read, a line that is no NAME=value, a name that stands twice, one that comes from
  /// before .env with another text.
  std::vector<std::string> load();
  using Texts = std::map<std::string, std::string>;
  /// The same value with {"$secret": X} and {"$env": X} replaced, by `drafts` first. kInvalid names each X that is set nowhere.
  Result<Value> resolve(const Value& value, const Texts& drafts = {});
  std::optional<std::string> find(const std::string& name) const;
  /// Whether it comes from before .env, so that a line there changes nothing.
  bool comes_from_outside(const std::string& name) const { return outside(name).has_value(); }
  /// Secrets handed out that the Redactor does not look for.
  const std::set<std::string>& too_short() const { return too_short_; }

 private:
  std::optional<std::string> outside(const std::string& name) const;
  /// `missing` gets by its name what is wrong with each that has no text.
  Value filled_in(const Value& value, const Texts& drafts, std::map<std::string, Error>& missing);

  std::string folder_;
  Redactor& redactor_;
  Texts file_;
  std::set<std::string> too_short_;
};

}  // namespace tidewire::app
