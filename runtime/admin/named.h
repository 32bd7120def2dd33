// named.h — which record a person means: by either side's key, and who it is that asks.
#pragma once

#include <optional>
#include <string>

#include "admin/ports.h"
#include "admin/route.h"

namespace tidewire::admin {

struct Named {
  std::string mapping, key;
  std::optional<store::Side> side;
};
/// kInvalid where one is missing or `side` is no side, kNotFound for an unknown mapping.
Result<Named> named(std::string mapping, std::string key, const std::string& side, Control& control);
/// The same where the mapping need not be loaded, nor known: what is asked of the state alone.
Result<Named> named_in_state(const Call& call);
/// Of the body's members mapping, key and side; of the query's.
Result<Named> named_in_body(const Call& call, Control& control);
Result<Named> named_in_query(const Call& call, Control& control);
/// Where no side was said: the only one that has a link of that key, else the mapping's source (left where both are).
void find_side(Control& control, Named named, Done<store::Side> done);
/// What a pass would do now. kNotFound where there is neither such a record nor a link of one; of a system that does not answer the report says so.
void try_record(Control& control, const std::string& mapping, const sync::SideKey& key, Done<sync::Report> done);
/// The name of the mapping's field that a person calls so (sync::Plan::named); as it was said where the mapping or the field is not known.
std::string field_named(Control& control, const std::string& mapping, const std::string& said);
/// A command on the machine says for whom it speaks; everybody else speaks for himself.
std::string author_of(const Call& call);

}  // namespace tidewire::admin
