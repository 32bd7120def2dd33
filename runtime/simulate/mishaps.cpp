#include "simulate/mishaps.h"

namespace tidewire::simulate {

void ShakyDisk::write(Work work, Done done) {
  if (faults_.strikes(Fault::kDisk, "write")) {
    poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the disk is full")); });
    return;
  }
  if (!faults_.strikes(Fault::kFsync, "write")) return inner_.write(std::move(work), std::move(done));
  const Error failed = make_error(Code::kUnavailable, "fsync failed");
  const bool stored = faults_.number("stored after all", 2) == 0;
  inner_.write(
      [work = std::move(work), stored, failed](store::Database& database) -> Result<void> {
        Result<void> result = work(database);
        return stored ? result : failed;
      },
      [done = std::move(done), failed](Result<void>) { done(failed); });
}

void ShakyDisk::read(Work work, Done done) {
  if (!faults_.strikes(Fault::kUnread, "read")) return inner_.read(std::move(work), std::move(done));
  poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the state cannot be read")); });
}

void ShakyDisk::maintain(Work work, Done done) {
  if (!faults_.strikes(Fault::kDisk, "maintain")) return inner_.maintain(std::move(work), std::move(done));
  poster_.post([done = std::move(done)] { done(make_error(Code::kUnavailable, "the disk is full")); });
}

Result<sync::Outcome> ShakyMapper::convert(const sync::Field& field, Side to, const Value& form, const Value& record, std::string_view op) {
  if (faults_.strikes(Fault::kScript, "transform")) return make_error(Code::kScript, "a transform raised an error");
  return inner_->convert(field, to, form, record, op);
}

Result<sync::Outcome> ShakyMapper::convert_in(const sync::Field& field, Side to, const Value& form, const Value& record, const sync::CallContext& context) {
  if (faults_.strikes(Fault::kScript, "transform")) return make_error(Code::kScript, "a transform raised an error");
  return inner_->convert_in(field, to, form, record, context);
}

Result<sync::Verdict> ShakyMapper::resolve(const sync::Field& field, std::int64_t strategy, const sync::Dispute& dispute) {
  if (faults_.strikes(Fault::kScript, "strategy")) return make_error(Code::kScript, "a strategy raised an error");
  return inner_->resolve(field, strategy, dispute);
}

}  // namespace tidewire::simulate
