// as_new.h — a record as the first pass over it sees it, with nothing on the other side: what the mapping alone makes of it.
#pragma once

#include <vector>

#include "sync/merge/canonical.h"
#include "sync/merge/decide.h"
#include "sync/merge/turn.h"

namespace tidewire::simulate {

class AsNew {
 public:
  /// The mapper and the fields outlive this.
  AsNew(sync::Mapper& mapper, store::Side from, const Value& fields)
      : from_(from), read_{"key", "1", "", std::nullopt, fields}, situation_{mapper.plan(), mapper, link_, {}, {true, true}, conflicts_, translations_} {
    situation_.record[from] = &read_;
    situation_.exists[store::other(from)] = false;
  }
  AsNew(const AsNew&) = delete;
  AsNew& operator=(const AsNew&) = delete;

  /// As sync::decide.
  Result<sync::Decisions> decide() const { return sync::decide(situation_); }
  /// The field as the other side should have it; nullopt where that is left alone. Errors as sync::decide.
  Result<std::optional<Value>> turn(const sync::Field& field) const {
    sync::Decisions aside;
    sync::Turner turner(situation_, aside);
    auto turned = TRY(turner.turn(field, store::other(from_), sync::form_of(field, from_, read_.fields)));
    return turned && !turned->leave ? std::optional(std::move(turned->value)) : std::nullopt;
  }

 private:
  store::Side from_;
  store::Link link_;
  sync::Record read_;
  std::vector<store::Conflict> conflicts_;
  sync::Translations translations_;
  sync::Situation situation_;
};

}  // namespace tidewire::simulate
