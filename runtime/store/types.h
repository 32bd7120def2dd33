// types.h — the rows of schema.sql as values. The column comments there are the contract; here only what C++ adds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/exchange.h"
#include "base/value.h"

namespace tidewire::store {

enum class Side { kLeft, kRight };
constexpr Side other(Side side) { return side == Side::kLeft ? Side::kRight : Side::kLeft; }
constexpr const char* side_name(Side side) { return side == Side::kLeft ? "left" : "right"; }
/// As the stored values of a link name its sides: {"l": …, "r": …} in base, stamps and notes.
constexpr const char* side_tag(Side side) { return side == Side::kLeft ? "l" : "r"; }
constexpr std::optional<Side> side_from_name(std::string_view name) {
  if (name == "left") return Side::kLeft;
  if (name == "right") return Side::kRight;
  return std::nullopt;
}

/// Two of something, one for each side.
template <typename T>
struct Sides {
  T left{}, right{};
  T& operator[](Side side) { return side == Side::kLeft ? left : right; }
  const T& operator[](Side side) const { return side == Side::kLeft ? left : right; }
  friend bool operator==(const Sides&, const Sides&) = default;
};

/// How the keys begin under which a mapping looks for the records that name another one (sync/reconcile/lookups.h); no record has such a key.
inline constexpr std::string_view kWatchKey = "\x01watch ";

struct Change {
  std::string connection, collection, key;
  std::string event = "upsert";       // upsert | delete | unparsed
  std::string source = "webhook";     // webhook | listen
  std::optional<std::string> payload;
  std::string delivery_id;            // "" where the system gives none
};

/// Which mapping cares about which collection, whether it is loaded or not; handed to fan_out.
struct Route {
  std::string mapping;
  Side side = Side::kLeft;
  std::string connection, collection;
};

/// A key to look at, put straight into dirty_keys (jobs, polls of one mapping, people).
struct DirtyMark {
  Side side = Side::kLeft;
  std::string key{};
  std::string event = "upsert";
  std::string reason = "poll";
  int priority = 0;
  Instant due_at{};  // epoch = at once
};

enum class KeyState { kWaiting, kBackingOff, kHeld, kWaitingFor, kConflict, kDead, kWouldWrite };
const char* key_state_name(KeyState state);
std::optional<KeyState> key_state_from_name(std::string_view name);

struct DirtyKey {
  std::string mapping;
  Side side = Side::kLeft;
  std::string key;
  std::int64_t first_seq = 0, last_seq = 0, changes = 0;
  std::string event, reason;
  std::optional<std::string> payload;
  KeyState state = KeyState::kWaiting;
  int priority = 0;
  Instant due_at{};
  int attempts = 0;
  std::optional<Value> error;
  std::string operation;
  std::string parent;
  Instant since{};
};

/// What the sides agreed on of a field, each in its own form.
using FieldBase = Sides<Value>;

enum class LinkState { kLive, kTombstone, kFrozen, kIgnored };
const char* link_state_name(LinkState state);
std::optional<LinkState> link_state_from_name(std::string_view name);

struct Link {
  std::int64_t id = 0;  // 0 = not stored yet
  std::string mapping;
  Sides<std::optional<std::string>> key;
  Sides<std::optional<std::string>> incarnation;
  LinkState state = LinkState::kLive;
  int generation = 1;
  std::map<std::string, FieldBase> base;
  Sides<std::optional<std::string>> version;
  Sides<std::vector<std::string>> tokens;  // at most 8
  Value stamps = Object{};
  Value notes = Object{};
  std::optional<Value> tombstone;
  Sides<std::optional<Instant>> seen_at;
  Instant created_at{}, updated_at{};
};

enum class IntentKind { kCreate, kUpdate, kDelete };
const char* intent_kind_name(IntentKind kind);

struct Intent {
  std::string id;
  std::string mapping;
  std::optional<std::int64_t> link;
  IntentKind kind = IntentKind::kUpdate;
  Side side = Side::kRight;  // the side written
  std::string source_key;
  std::optional<std::string> source_incarnation;
  std::optional<std::string> source_version;  // as read when this was decided, as `guard` is the target's
  std::optional<std::string> target_key;
  std::optional<std::string> guard;
  Value fields = Object{};
  Value sent = Object{};
  std::optional<std::string> match_hash;
  std::string operation;
  bool in_doubt = false;
  std::optional<Instant> requested_at;
  Instant created_at{};
};

struct Operation {
  std::string id;
  Instant at{};
  std::string mapping;
  std::optional<std::int64_t> link;
  Sides<std::optional<std::string>> key;
  std::string kind, outcome;
  std::int64_t changes = 0;
  Value record = Object{};
  std::string script;
  std::optional<std::string> author, job;
};

/// A request that was made for an operation.
struct OperationExchange {
  std::shared_ptr<const Exchange> exchange;
  std::optional<std::int64_t> step{};  // its place in the record's `steps`; nullopt: of an earlier pass, or of no step that is told
  std::optional<Side> side{};          // of the mapping; nullopt: of another collection
};

struct Conflict {
  std::int64_t id = 0;
  std::string mapping;
  std::optional<std::int64_t> link;
  std::optional<Side> side;  // of the record where link is empty
  std::string key;
  std::string field;
  std::string kind = "clash";
  Sides<std::optional<Value>> base, shown;  // base kept as {"l":…,"r":…} in its column
  Sides<std::optional<Value>> said;         // method "value": what a person wants of each side; closed: what each has since
  Instant opened_at{}, shown_at{};
  std::optional<Instant> closed_at;
  std::optional<std::string> method, author, operation;
  Sides<std::optional<std::string>> link_key;  // the keys that its link has now
  std::optional<Value> error;                  // of a whole record: {code, message, hint}, why it waits
  std::vector<std::string> beside;             // other fields of its link that wait too
  bool anew = false;                           // when it is opened: asked anew although it shows the same
};

/// What is empty asks for nothing.
struct KeyFilter {
  std::string mapping{};             // "" = all
  std::optional<KeyState> state{};   // nullopt = held, waiting_for, conflict, dead and would_write; of one record any
  std::string key{};                 // of either side
};

struct ConflictFilter {
  std::string mapping{}, field{}, kind{}, key{};  // key: either side's, of one mapping
  std::string job{};                              // of the mappings that this one, or its batch, is about
  std::optional<Side> key_side{};                 // whose key `key` is; either side's where it is missing
  std::optional<Value> left{}, right{};           // the values it shows
  enum class Which { kOpen, kClosed, kAll } which = Which::kOpen;
};

struct Job {
  std::string id, batch, mapping, kind, state = "queued";
  int position = 0;
  Value options = Object{};
  std::optional<Value> cursor;
  std::int64_t done = 0, failed = 0;
  std::optional<std::int64_t> total;
  Value summary = Object{};
  std::optional<std::string> author;
  Instant created_at{}, updated_at{};
  bool open() const { return state == "queued" || state == "running" || state == "paused"; }
};

/// One record that a job has something to say of.
struct Finding {
  std::string kind;
  Sides<std::optional<std::string>> key;
  Value record = Object{};
  std::int64_t n = 0;  // given by the store
};

/// Something that needs a person, from the moment it was told.
struct Alert {
  std::int64_t id = 0;
  std::string condition;                       // kind and subject in one text
  std::string kind, text, hint;
  std::string mapping, connection, collection;  // "" where it is about none
  std::optional<Side> side;                    // of the mapping
  Instant since{};
  Instant told_at{};
  std::optional<Instant> ended_at, acknowledged_at;
  std::string acknowledged_by;
};

/// Something that one address was told, or is to be.
struct Notice {
  std::int64_t id = 0;
  Instant at{};
  std::string event, kind, about, title, text;
  std::string way, address;                    // mail | post, to whom: as people may read it
  std::string state = "waiting";               // waiting | delivered | failed
  int attempts = 0;
  std::optional<Instant> tried_at;
  std::string error;                           // of the last attempt; "" where it went well
};

/// What a person did, for the audit trail.
struct AuditEntry {
  std::string author, action, subject;
  Value detail = Object{};
};

}  // namespace tidewire::store
