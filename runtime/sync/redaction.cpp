#include "sync/redaction.h"

#include "base/hash.h"
#include "base/json.h"

namespace tidewire::sync {

Value hashed(const Value& value) { return value.is_null() ? value : Value("sha256:" + sha256_hex(json::dump(value)).substr(0, 16)); }

Value as_told(const Field& field, Side side, const Value& form) {
  if (!is_redacted(field)) return form;
  if (field.redact || !form.is_array()) return hashed(form);
  Value out = form;
  for (Value& row : out.as_array()) {
    for (const Field& cell : field.rows) {
      if (!is_redacted(cell) || !row.is_object()) continue;
      for (const std::string& path : cell.paths[side]) {
        if (const Value* secret = row.at_path(path); secret != nullptr) row.set_path(path, hashed(*secret));
      }
    }
  }
  return out;
}

store::Link as_told(const Plan& plan, store::Link link) {
  for (auto& [name, agreed] : link.base) {
    const Field* field = plan.field(name);
    if (field == nullptr) continue;
    agreed.left = as_told(*field, Side::kLeft, agreed.left);
    agreed.right = as_told(*field, Side::kRight, agreed.right);
  }
  return link;
}

}  // namespace tidewire::sync
