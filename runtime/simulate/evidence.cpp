#include "simulate/evidence.h"

namespace tidewire::simulate {
namespace {

template <typename Row>
std::vector<Row> every_page(World& world, const std::function<void(store::Page, sync::Done<store::Paged<Row>>)>& ask) {
  std::vector<Row> all;
  store::Page page;
  page.limit = 500;
  for (;;) {
    auto answer = world.asked<store::Paged<Row>>([&](sync::Done<store::Paged<Row>> done) { ask(page, std::move(done)); });
    for (Row& row : answer.rows) all.push_back(std::move(row));
    if (answer.next.empty()) return all;
    page.after = answer.next;
  }
}

}  // namespace

Evidence Evidence::gather(World& world) {
  Evidence out;
  store::Store& store = world.store();
  for (const sync::Field& field : world.mapper().plan().fields) {
    if (field.flow == sync::Flow::kToRight) out.one_way_.insert(field.name);
  }
  out.links = world.asked<std::vector<store::Link>>([&](auto done) { store.links("things", 0, 10'000, std::move(done)); });
  for (const store::Link& link : out.links) {
    // What drifted on the target of a one-way field goes with its record: it is in the base that the tombstone keeps (law 15).
    const auto code = link.base.find("code");
    const bool kept = link.state == store::LinkState::kTombstone && code != link.base.end();
    const Edit* drift = kept ? world.ledger().of(code->second.right) : nullptr;
    if (drift != nullptr && drift->side == Side::kRight) out.recorded_.insert(drift->id);
  }
  out.intents = world.asked<std::vector<store::Intent>>([&](auto done) { store.open_intents("things", std::move(done)); });
  for (const auto state : {store::KeyState::kWaiting, store::KeyState::kBackingOff, store::KeyState::kHeld, store::KeyState::kWaitingFor, store::KeyState::kConflict, store::KeyState::kDead}) {
    const bool moves = state == store::KeyState::kWaiting || state == store::KeyState::kBackingOff;
    for (const store::DirtyKey& row : every_page<store::DirtyKey>(world, [&](store::Page page, auto done) { store.standing("things", state, page, std::move(done)); })) {
      if (moves) out.moving_ += std::string(store::side_name(row.side)) + " '" + row.key + "' " + row.reason + " due " + format_instant(row.due_at) + " " + (row.error ? row.error->string_or("message") : "") + "; ";
      else out.standing_.insert({row.side, row.key});
      const std::string name = std::string(store::side_name(row.side)) + " '" + row.key + "'";
      if (state == store::KeyState::kWaitingFor) out.waiting_[row.parent] = name;
      out.blocked_ = out.blocked_ || (state == store::KeyState::kDead && row.error && row.error->string_or("code") == code_name(Code::kBlocked));
      if (state == store::KeyState::kDead) out.dead_ += name + " is a dead letter: " + (row.error ? row.error->string_or("message") : "") + "; ";
    }
  }
  for (const store::Conflict& row : every_page<store::Conflict>(world, [&](store::Page page, auto done) { store.conflicts("things", false, page, std::move(done)); })) {
    if (row.link) out.conflicts_.insert({*row.link, row.field});
    out.add_lost(row.shown.left ? &*row.shown.left : nullptr, world.ledger());
    out.add_lost(row.shown.right ? &*row.shown.right : nullptr, world.ledger());
  }
  for (const store::Operation& row : every_page<store::Operation>(world, [&](store::Page page, auto done) { store.operations({}, page, std::move(done)); })) {
    out.add_operation(row, world.ledger());
    out.operations.push_back(row);
  }
  return out;
}

std::optional<std::string> Evidence::waits_in_vain() const {
  for (const store::Link& link : links) {
    if (link.state != store::LinkState::kLive || !link.key.left || !link.key.right) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) {
      const auto found = waiting_.find(std::string("things/") + store::side_name(side) + "/" + *link.key[side]);
      if (found != waiting_.end()) return found->second + " waits for " + found->first + ", which is linked";
    }
  }
  return std::nullopt;
}

void Evidence::add_lost(const Value* value, const Ledger& ledger) {
  const Edit* edit = value == nullptr ? nullptr : ledger.of(*value);
  if (edit != nullptr) recorded_.insert(edit->id);
}

/// A plain copy that overwrites an edit it never saw names the base as its input, not the edit: so only what an operation
/// shows as the losing input counts.
void Evidence::add_operation(const store::Operation& operation, const Ledger& ledger) {
  if (const Value* fields = operation.record.find("fields"); fields != nullptr) {
    add_fields(*fields, ledger);
    add_number(operation, *fields);
  }
  const Value* earlier = operation.record.find("earlier");
  if (earlier == nullptr || !earlier->is_array()) return;
  for (const Value& fields : earlier->as_array()) {
    add_fields(fields, ledger);
    add_number(operation, fields);
  }
}

/// A number in conflict that a person settles for one side: what the other added is gone, and on record.
void Evidence::add_number(const store::Operation& operation, const Value& fields) {
  const Value* amount = fields.find("amount");
  if (amount == nullptr || !operation.link || amount->string_or("rule").rfind("resolved by", 0) != 0) return;
  for (const char* side : {"left", "right"}) overruled_[*operation.link] |= amount->int_or(side, 0);
}

std::int64_t Evidence::overruled(const store::Link& link) const {
  const auto found = overruled_.find(link.id);
  return found == overruled_.end() ? 0 : found->second;
}

void Evidence::add_fields(const Value& fields, const Ledger& ledger) {
  for (const auto& [name, field] : fields.as_object()) {
    const std::string decision = field.string_or("decision");
    if (decision == "conflict") {
      add_lost(field.find("left"), ledger);
      add_lost(field.find("right"), ledger);
    }
    const bool overrules = decision == "resolve" || (decision == "copy" && one_way_.contains(name));
    for (const std::string side : {"left", "right"}) {
      const bool back = field.at_path("back." + side) != nullptr;  // over what a write of ours had left there
      if (overrules && !back && field.find("to_" + side) != nullptr) add_lost(field.find(side), ledger);
    }
  }
}

const store::Link* Evidence::link(Side side, const std::string& key) const {
  for (const store::Link& link : links) {
    if (link.state != store::LinkState::kTombstone && link.key[side] && *link.key[side] == key) return &link;
  }
  return nullptr;
}

bool Evidence::excused(Side side, const std::string& key) const {
  if (standing_.contains({side, key})) return true;
  const store::Link* found = link(side, key);
  if (found == nullptr) return false;
  const auto& there = found->key[other(side)];
  return there && standing_.contains({other(side), *there});
}

}  // namespace tidewire::simulate
