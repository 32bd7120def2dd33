#include "admin/named.h"

#include "admin/paging.h"

namespace tidewire::admin {

namespace {

Result<Named> parsed(std::string mapping, std::string key, const std::string& side) {
  Named out{std::move(mapping), std::move(key), {}};
  if (side.empty()) return out;
  out.side = store::side_from_name(side);
  if (!out.side) return make_error(Code::kInvalid, "'side' must be \"left\" or \"right\", not \"" + side + "\"");
  return out;
}

}  // namespace

Result<Named> named(std::string mapping, std::string key, const std::string& side, Control& control) {
  if (mapping.empty() || key.empty()) return make_error(Code::kInvalid, "which record? 'mapping' and 'key' name it");
  if (control.engine().plan(mapping) == nullptr) return not_loaded(control, mapping);
  return parsed(std::move(mapping), std::move(key), side);
}

Result<Named> named_in_state(const Call& call) { return parsed(call.text("mapping"), call.text("key"), call.text("side")); }

Result<Named> named_in_body(const Call& call, Control& control) { return named(call.text("mapping"), call.text("key"), call.text("side"), control); }

Result<Named> named_in_query(const Call& call, Control& control) { return named(call.query("mapping"), call.query("key"), call.query("side"), control); }

std::string author_of(const Call& call) {
  const std::string author = call.text("author");
  return !author.empty() && call.caller.way == Caller::Way::kLocal ? author : call.caller.author;
}

std::string field_named(Control& control, const std::string& mapping, const std::string& said) {
  const sync::Plan* plan = control.engine().plan(mapping);
  const sync::Field* field = plan == nullptr ? nullptr : plan->named(said);
  return field == nullptr ? said : field->name;
}

void find_side(Control& control, Named named, Done<store::Side> done) {
  using store::Side;
  const sync::Plan* plan = control.engine().plan(named.mapping);
  const Side usual = plan != nullptr && plan->flow == sync::Flow::kToLeft ? Side::kRight : Side::kLeft;
  control.store().load(named.mapping, {{Side::kLeft, named.key}, {Side::kRight, named.key}}, [named, usual, done = std::move(done)](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return done(known.error());
    if (named.side) return done(*named.side);
    const auto met = [](const store::Known& one) { return one.link || !one.tombstones.empty() || !one.dirty.empty() || !one.conflicts.empty(); };
    const bool left = met(known->front()), right = met(known->back());
    // The same number on both sides is one record where it is one link.
    if (left && right && known->front().link && known->back().link && known->front().link->id == known->back().link->id) return done(usual);
    if (left && right) return done(make_error(Code::kInvalid, "both sides of " + named.mapping + " have a key '" + named.key + "'", "say whose is meant: side left or right"));
    if (left || right) return done(left ? Side::kLeft : Side::kRight);
    done(usual);
  });
}

void try_record(Control& control, const std::string& mapping, const sync::SideKey& key, Done<sync::Report> done) {
  control.ask_now(mapping);
  const sync::Plan* plan = control.engine().plan(mapping);
  const std::string where = plan == nullptr ? mapping : plan->end[key.first].connection + "." + plan->end[key.first].collection;
  control.engine().try_key(mapping, key.first, key.second, [where, named = key.second, done = std::move(done)](sync::Report report) {
    if (!report.missing) return done(std::move(report));
    Error error = make_error(Code::kNotFound, "there is no record '" + named + "' in " + where, "is it a key of the other side? `--side` says whose it is");
    if (report.error) error.message += ": " + report.error->message;
    done(std::move(error));
  });
}

}  // namespace tidewire::admin
