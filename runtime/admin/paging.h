// paging.h — what lists take: pages, times, states.
#pragma once

#include <optional>
#include <string>

#include "admin/ports.h"
#include "admin/route.h"
#include "store/store.h"

namespace tidewire::admin {

/// The mark of a page of this list, with these filters.
std::string mark_of(const Call& call, const std::string& place);
/// `limit` and `after`; kInvalid for a limit that is none, and for an `after` that is of another list or of other filters. What it says besides, the
/// store knows.
Result<store::Page> page_of(const Call& call);
/// The page as `page_of` takes its `next` back: with the list and the filters that it is of, or the mark of one list would be a place in any.
template <typename T>
Result<store::Paged<T>> marked(const Call& call, Result<store::Paged<T>> page) {
  if (page.ok() && !page->next.empty()) page->next = mark_of(call, page->next);
  return page;
}
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
/// Of a mapping that a stored row names: as not_loaded, and kBlocked where no file of the project names it any more, because nobody would carry out what is decided of it.
Result<void> must_run(Control& control, const std::string& mapping);
/// Why nothing runs: there is no mapping, or what the first is refused for.
Error none_runs(Control& control);
Error no_mapping(const std::string& name, const std::vector<std::string>& loaded);

}  // namespace tidewire::admin
