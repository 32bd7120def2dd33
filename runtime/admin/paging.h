// paging.h — what lists take: pages, times, states.
#pragma once

#include <optional>
#include <string>

#include "admin/ports.h"
#include "admin/route.h"
#include "store/store.h"

namespace tidewire::admin {

/// `limit` and `after`; kInvalid for a limit that is none. What `after` must be, the store knows.
Result<store::Page> page_of(const Call& call);
/// Of what is listed by its ids; kInvalid also for an `after` that is none.
Result<store::Page> id_page_of(const Call& call);
/// A time of the query, nullopt where it is absent.
Result<std::optional<Instant>> time_of(const Call& call, std::string_view name);
Result<std::optional<store::KeyState>> state_of(const Call& call);
Result<std::optional<store::Side>> side_of(const Value& body);
/// Of the query's parameter of that name; nullopt where it is absent, kInvalid where it is no side.
Result<std::optional<store::Side>> side_of(const Call& call, std::string_view name);
/// A page of rows that are values already.
Value values_page(const char* name, const store::Paged<Value>& page);
/// Why nothing can be done with the mapping: its file does not load, or there is none of that name.
Error not_loaded(Control& control, const std::string& name);
Error no_mapping(const std::string& name, const std::vector<std::string>& loaded);

}  // namespace tidewire::admin
