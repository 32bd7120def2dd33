// explain.h — why each field of a record has its value: from which side, which change, which rule, when, which script version.
//
// It is told from what is stored: the link's base, the newest operation that gave each field its value, what was tried
// since and did not come to it, and what stands. The
// sentences are made here and not in the terminal, so that a page shows the same ones.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "store/store.h"
#include "sync/plan.h"

namespace tidewire::admin {

/// What is known of one record.
struct Evidence {
  store::Side side = store::Side::kLeft;
  std::string key;
  store::Known known;
  std::map<std::string, store::Operation> decided;   // field -> the newest operation that gave it what the base has
  std::map<std::string, store::Operation> tried;     // field -> the newest one after that, which did not: refused, held, in conflict
  std::vector<store::Operation> history;             // newest first, what concerns the record as a whole
  std::optional<store::Operation> loaded;            // the load that linked it: of its rows no values are kept
  std::map<std::string, Value> scripts;              // hash -> {name, at, files}
  std::string why;                                   // of a record that nothing is done with: why not, as a look finds it
};

/// The write happened, as far as is known.
bool is_written(const Value& write);
/// True where the operation gave the field what it decided: wrote it, or found both sides agreed.
bool settles(const store::Operation& operation, const Value& decided);
/// True where a write of the operation gave a side what was decided of this field, though another decision may have come after it.
bool carries(const store::Operation& operation, const sync::Field& field, const Value& decided);

/// {mapping, side = whose key was asked for, left_key, right_key, state, text, fields = [{field, left, right, decision, rule, winner, at, operation, author,
/// because = [{side, key, reason, event}], before, script, tried, text}], standing = [texts]}. `field` "" = all.
Value explain(const sync::Plan& plan, Evidence evidence, const std::string& field);

}  // namespace tidewire::admin
