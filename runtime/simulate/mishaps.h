// mishaps.h — what goes wrong on our own side of the wire: the disk, and the mapping's functions.
#pragma once

#include <memory>
#include <string>

#include "simulate/faults.h"
#include "store/executor.h"
#include "sync/ports.h"

namespace tidewire::simulate {

/// The state file on a disk that may be full, fail to say whether a transaction is on it, or not be read.
class ShakyDisk final : public store::Executor {
 public:
  ShakyDisk(store::Database& database, Poster& poster, Faults& faults) : inner_(database, poster), poster_(poster), faults_(faults) {}
  void write(Work work, Done done) override;
  void read(Work work, Done done) override;
  void maintain(Work work, Done done) override;

 private:
  store::InlineExecutor inner_;
  Poster& poster_;
  Faults& faults_;
};

/// A mapping whose strategies raise an error now and then, until somebody mends them.
class ShakyMapper final : public sync::Mapper {
 public:
  /// Owners of `inner`: this alone.
  ShakyMapper(std::shared_ptr<sync::Mapper> inner, Faults& faults) : inner_(std::move(inner)), faults_(faults) {}
  const sync::Plan& plan() const override { return inner_->plan(); }
  const std::string& version() const override { return inner_->version(); }
  Result<sync::Outcome> convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) override;
  Result<sync::Outcome> convert_in(const sync::Field& field, Side to, const Value& form, const Value& record, const sync::CallContext& context) override;
  Result<sync::Verdict> resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) override;
  Result<std::optional<std::string>> check(const sync::Plan::Check& check, const Value& value) override { return inner_->check(check, value); }

 private:
  std::shared_ptr<sync::Mapper> inner_;
  Faults& faults_;
};

}  // namespace tidewire::simulate
