// mapper.h — sync::Mapper on a mapping script: the engine's field rows as calls of numbered Lua functions.
#pragma once

#include <memory>
#include <string>

#include "script/script.h"
#include "sync/ports.h"

namespace tidewire::app {

class ScriptMapper final : public sync::Mapper {
 public:
  /// `script` may serve several mappings of one file. `compiled` is this mapping's table; `told` what it goes by besides its files, a part of its version.
  ScriptMapper(std::shared_ptr<script::Script> script, sync::Plan plan, Value compiled, const Value& told, const Clock& clock);
  // The script is shared by the mappings that its file returned and dies with the last pass that uses one.

  const sync::Plan& plan() const override { return plan_; }
  const std::string& version() const override { return version_; }
  const script::Script& script() const { return *script_; }
  const Value& compiled() const { return compiled_; }
  /// The types by which it reads values, of both sides of each field in the order of the rows, their options left out; then what each
  /// side's collection is able to otherwise than its connection.
  Array types() const;
  Result<sync::Outcome> convert(const sync::Field& field, sync::Side to, const Value& form, const Value& record, std::string_view op) override;
  Result<sync::Outcome> convert_in(const sync::Field& field, sync::Side to, const Value& form, const Value& record, const sync::CallContext& context) override;
  Result<sync::Verdict> resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) override;
  Result<std::optional<std::string>> check(const sync::Plan::Check& check, const Value& value) override;

 private:
  std::shared_ptr<script::Script> script_;
  sync::Plan plan_;
  Value compiled_;
  std::string version_;
  const Clock& clock_;
};

}  // namespace tidewire::app
