// forget_kept.h — forget.h for a mapping that is not loaded: nothing works on its records, so none has to be owned first.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "store/store.h"
#include "sync/lane.h"

namespace tidewire::sync {

/// Takes the record and what it is linked to out of the state and has the file written anew. Which collections it is of, and so what was received of it, is as its
/// links are known to be (known_ends.h). `jobs` ends the open jobs about those keys and calls back. `done(rows by table)`; kNotFound where nothing is kept of it.
void forget_kept(store::Store& store, const std::string& mapping, SideKey key, const std::string& author,
                 std::function<void(const std::vector<SideKey>& keys, std::function<void()> then)> jobs, Done<std::map<std::string, std::int64_t>> done);

}  // namespace tidewire::sync
