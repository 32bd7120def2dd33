// views.h — how the API shows what is stored: one shape per noun, used by the API and the commands alike.
//
// Times are ISO texts, an absent value is left out, a null of a remote stays null: a conflict's missing `left` means
// that the field is not there.
#pragma once

#include <string>

#include "admin/ports.h"
#include "base/value.h"
#include "store/store.h"
#include "sync/engine.h"
#include "sync/reconcile/report.h"

namespace tidewire::admin {

Value view(const store::Operation& operation);
/// {id, at, took_us, connection, side, step, method, target, request: {type, body, cut, left_out}, status, answer: the same, error}.
Value view(const store::OperationExchange& one);
Value view(const store::Conflict& conflict);
Value view(const store::DirtyKey& key);
Value view(const store::Alert& alert);
Value view(const store::Notice& notice);
Value view(const store::Job& job);
Value view(const store::Link& link);
Value view(const store::Finding& finding);
Value view(const Error& error);
/// What a dry run found for one key: an operation that was not carried out, or the error that would stop it.
Value view(const sync::Report& report);

/// {NAME: [rows], next} of one page.
template <typename T>
Value view_page(const char* name, const store::Paged<T>& page) {
  Array rows;
  for (const T& row : page.rows) rows.push_back(view(row));
  Object out{{name, Value(std::move(rows))}};
  if (!page.next.empty()) out["next"] = page.next;
  return Value(std::move(out));
}

/// Counts of one mapping: {links, tombstones, waiting, ..., counters}.
Value view(const store::Summary::Mapping& counts);
/// The whole of `status`, without health.
Value status_view(Control& control, const store::Summary& summary);

}  // namespace tidewire::admin
