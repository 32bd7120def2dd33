// filters.h — whether what a list is narrowed by is there at all: "nothing" about a misspelt name reads as if all were well.
//
// Asked of a list that came out empty. What stands in a row cannot be misspelt: so a mapping or a connection that left the project
// is listed as long as anything is known of it, and a word is told of where it is of no row and none that the daemon writes.
#pragma once

#include <span>
#include <string>

#include "admin/api/api.h"
#include "admin/paging.h"

namespace tidewire::admin {

/// What a parameter of a list may say; `what` is it in an error.
struct Words {
  const char* parameter;
  std::vector<std::string> words;
};

/// What is named somewhere; "" = nothing.
struct Names {
  std::string mapping{}, connection{};
  std::string either{};  // a mapping or a connection
};

/// kNotFound, with what may be meant, for a name that neither the project nor the state knows.
void check_names(Api& api, Names names, Done<void> done);

/// The same for the query's `mapping`, `connection` and `about` (either of them), and kInvalid for a parameter that says none of its words.
void check_filters(Api& api, const Call& call, std::span<const Words> words, Done<void> done);

/// Answers a page as `shape` shows it; an empty first one once its filters are found to mean something. `words` outlives the call.
template <typename T, typename Shape>
void send_list(Api& api, const Call& call, std::span<const Words> words, const Result<store::Paged<T>>& rows, Shape shape) {
  const Result<store::Paged<T>> found = marked(call, rows);
  if (!found.ok() || !found->rows.empty() || !call.query("after").empty()) return send(call.reply, found, shape);
  check_filters(api, call, words, [reply = call.reply, found, shape](const Result<void>& known) { known.ok() ? send(reply, found, shape) : (*reply)(problem(known.error())); });
}

}  // namespace tidewire::admin
