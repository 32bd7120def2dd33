// A change of a part leads to the records that it belongs to and belonged to, each looked at by a pass of its own.
#include <algorithm>

#include "sync/reconcile/reconcile.h"
#include "sync/belongings/with_parts.h"

namespace tidewire::sync {
namespace {

constexpr const char* kPlaces = "parts";  // of kv: whose part it was when a record was last stored

std::string place_of_part(const std::string& mapping, Side side, const std::string& part, const std::string& key) { return mapping + "/" + store::side_name(side) + "/" + part + "/" + key; }

}  // namespace

void Reconcile::mark_owners(const std::string& part, const std::string& key) {
  const Side side = key_.first;
  const auto& parts = plan_.end[side].parts;
  if (std::find(parts.begin(), parts.end(), part) == parts.end()) return commit_echo("filtered");
  lane_.batcher[side]->endpoint().owners(part, key, heard(side, [self = shared_from_this(), side, part, key](Result<std::vector<std::string>> owners) {
    if (!owners.ok()) return self->fail(std::move(owners).error().context("looking for whose the part '" + part + "' is"));
    self->lane_.store.kv_get(kPlaces, place_of_part(self->lane_.mapping, side, part, key), [self, side, owners = std::move(*owners)](Result<std::optional<Value>> before) mutable {
      if (!before.ok()) return self->fail(std::move(before).error());
      if (*before && (*before)->is_string() && std::find(owners.begin(), owners.end(), (*before)->as_string()) == owners.end()) owners.push_back((*before)->as_string());
      for (const std::string& owner : owners) self->again_.push_back({side, owner, "upsert", "again", 0, self->now()});
      self->commit_echo("echo");
    });
  }));
}

/// Remembers whose the parts are that this pass read, so that one that moves away leads back here. Written before the link is:
/// a place too many costs a look.
void Reconcile::note_parts() {
  if (options_.dry) return;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (!record_[side] || !link_.key[side]) continue;
    for (const std::string& part : plan_.end[side].parts) {
      const std::string key = part_key(*record_[side], part);
      Value& noted = link_.notes["$parts"][std::string(store::side_name(side)) + "." + part];
      if (noted.is_string() && noted.as_string() == key) continue;
      noted = Value(key);
      if (!key.empty()) lane_.store.kv_set(kPlaces, place_of_part(lane_.mapping, side, part, key), Value(*link_.key[side]), std::nullopt, [](Result<void>) {});
    }
  }
}

}  // namespace tidewire::sync
