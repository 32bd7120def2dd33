// plan.h — a mapping as the engine sees it: plain data, made once from what the mapping's host chunk returned.
//
// Words, checks and defaults of the language live in scripts/tidewire/host/mapping.lua; what arrives here is complete
// and consistent. Functions are numbers that only the Mapper can call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"
#include "store/types.h"

namespace tidewire::sync {

using store::Side;
using store::Sides;

/// How a system spells a value and which spellings are one value (scripts/connectors/README.md, Types).
struct Type {
  std::string kind = "json";  // without a type, values compare as exact JSON
  std::string form;           // bool: "01" | "json"; decimal: "number" | "text" | "endless"; float: "single"; date: "endless"; datetime: "local" | "instant"; json: "text"; binary: "base64"; a file is {sha256, name, size} (belongings/with_files.h)
  std::string zone;           // of a local datetime; of a date: whose day it is, where times are beside it
  std::optional<int> scale;   // digits after the point that count, below zero tens, hundreds and so on; without it all
  int places = -1;            // digits of a second that count, of a time or datetime; -1: all
  std::int64_t length = -1;   // code points; -1: no limit
  bool empty_is_null = false;
  bool zero_is_null = false;
  bool null_is_false = false; // of a bool: its system has no third value
  std::string trim;           // "" | "right" | "both"
  std::vector<Value> options; // of an enum
  std::shared_ptr<const Type> element;  // of a list or set; null: elements compare as exact JSON
  bool read_only = false, required = false, unique = false;

  static Type from(const Value& described);
  static Type of(std::string kind);
};

enum class Flow { kBoth, kToRight, kToLeft };
/// True where values may travel towards `to`.
constexpr bool flows(Flow flow, Side to) {
  return flow == Flow::kBoth || (flow == Flow::kToRight) == (to == Side::kRight);
}

/// A value of a record in another collection for another value of the same record (reconcile/lookups.h).
struct Finder {
  std::string id;                 // of the collection, as the plan calls it
  Side side = Side::kRight;       // towards this side `by` becomes `take`, back it is the other way round
  std::string by, take;
  bool by_key = false, take_key = false;  // it is the collection's key
  enum class Missing { kDead, kClear, kKeep, kCreate } missing = Missing::kDead;
  Value values = Object{};        // kCreate: what a new record gets besides `by`
  Duration cache{};
  Type by_type, take_type;
};

/// A record that functions see as ctx.lookup.NAME.
struct Lookup {
  std::string name, id;
  Side side = Side::kLeft;        // whose records name it
  std::string path, by;           // by: "" = its key
  Duration cache{};
  bool watch = false;             // a change of what was found is worked in
};

struct Field {
  std::string name;  // its identity in the base; the author's, or the paths ("first_name", "cell_number>phone")
  Sides<std::vector<std::string>> paths;  // one: its value is the form; several: the form is an object by path
  Flow flow = Flow::kBoth;
  enum class Kind { kCopy, kFunction, kReference, kConstant, kRows, kFind } kind = Kind::kCopy;
  Sides<std::optional<std::int64_t>> function;  // kFunction: the one that makes that side's form
  std::string reference;          // kReference: the mapping whose links translate
  bool optional_reference = false;  // owed instead of waited for (law 22)
  struct Word {
    Sides<std::string> said;
    std::string mapping;
  };
  std::vector<Word> words;        // kReference: a word beside the key says which mapping
  Finder find;                    // kFind
  bool list = false;              // kReference, kFind: of each element
  bool own_function = false;      // kFunction of the author's own, which may look at the target
  std::optional<Value> constant;  // kConstant: `value =`, in the form of the side it is written to
  enum class When { kAlways, kCreate, kTargetEmpty } when = When::kAlways;
  std::optional<Value> default_value;  // for the target where the source is null
  enum class Null { kClear, kKeep, kReplace } null = Null::kClear;
  Value null_value;
  Sides<Type> type;
  std::string strategy;           // "newest", "manual", "webhook", or a project's own; for explain
  std::optional<std::int64_t> strategy_function;  // empty: an engine step (manual); of "webhook": its fallback
  bool judged() const { return strategy == "webhook"; }
  std::optional<Side> tie;        // empty: the mapping's
  int group = -1;                 // fields of a group are won together
  std::vector<Field> rows;        // kRows: the fields of one row (merge/rows.h)
  bool row_key = false;           // of a row's field: it tells rows apart
  bool ordered = false;           // kRows: the order is kept the same too
  Sides<std::string> order;       // kRows: the column that holds the place of a row; "" = the list's own order
  bool required = false, redact = false, lossy = false;
  std::string at;                 // "mappings/employees.lua:14"
};

/// Its values, or those of a cell of it, are told to nobody.
bool is_redacted(const Field& field);

struct Plan;
/// The other fields that are won together with it, by name: of its group, or of the record where that is won as a whole (law 10).
/// None of what is no field of the plan.
std::vector<std::string> won_with(const Plan& plan, std::string_view field);

/// States of a record that one side moves by verbs of its connector (MAPPING.md, States; merge/lifecycle.h).
struct Lifecycle {
  std::string field;                                   // that holds the state; "" = none
  std::vector<std::pair<Value, Value>> states;         // as each side says it; the first is where a record begins
  struct Move {
    Value from, to;                                    // in this side's form
    std::string verb;
  };
  Sides<std::vector<Move>> moves;                      // a side without any takes the state as a value
  struct After {
    Value state;                                       // in the form of the side
    std::vector<std::string> paths;                    // what may still be written there
  };
  Sides<std::vector<After>> edit_after;
};

/// Who is told of what happened, once it is committed: a URL or a mail address.
struct Hook {
  std::string event;                                   // created | updated | deleted | conflict | dead | finished
  std::string kind;                                    // post | mail
  std::string to;
};

/// Whom the strategy `webhook` asks (law 10).
struct JudgeAt {
  Value url;                                           // text, or {"$env" or "$secret": name}
  Duration timeout = std::chrono::seconds(10);
  std::string fallback = "manual";                     // a rule's name, or "wait": the record waits for an answer
};

struct Match {
  struct Pair {
    Sides<std::string> path;
    bool fold = false;
  };
  std::vector<Pair> pairs;
};

/// A field that is written and never compared (merge/stamp.h).
struct Stamp {
  std::string field;
  enum class What { kConstant, kLeftKey, kRightKey, kChecksum } what = What::kConstant;
  Value value;  // kConstant
  Type type;
  std::string at;
};

enum class DeletePolicy { kIgnore, kDelete, kSoft };

struct End {
  std::string connection, word, collection;
  std::vector<std::string> key;  // its key fields
  Type key_type = {};            // where it is one field; "json" where nobody says
  Value options = Object{};
  Value scope = Object{};        // field -> condition
  bool webhook = false;
  std::string poll;              // schedule text; "" = never
  DeletePolicy deletes = DeletePolicy::kIgnore;  // what a delete on the other side does here
  bool delete_wins = false;      // over an update here
  std::string soft_field;        // kSoft
  Value soft_value;              // {"$now": true} for the time of the delete
  std::vector<Stamp> stamps;
  std::vector<std::string> parts = {};  // names of records that belong to one of these (belongings/with_parts.h)
  std::string place = "";        // the collection's one name where it can be spelled in several ways ("public.people"); "" where its connector says none
};

struct Plan {
  std::string name;
  Sides<End> end;
  Flow flow = Flow::kBoth;
  enum class AssignedBy { kEach, kLeft, kRight } assigned_by = AssignedBy::kEach;
  std::vector<Match> matches;
  std::vector<Field> fields;
  std::vector<Lookup> lookups;
  Lifecycle lifecycle;
  std::vector<Hook> hooks;
  std::string strategy = "newest";
  std::optional<std::int64_t> strategy_function;
  std::optional<JudgeAt> judge;
  bool whole_record = false;     // granularity = "record"
  Side tie = Side::kLeft;
  struct Check {
    std::string path;
    std::int64_t function = 0;
    std::string message;
  };
  std::vector<Check> checks;
  bool read_target = false;      // before each write, also where the base's version guards it (law 24)
  bool enforce = false;          // one-way: drift on the target is put back (law 23)
  enum class Leave { kFreeze, kUnlink, kSoft, kDelete } leave = Leave::kFreeze;  // what becomes of a link whose record leaves the scope
  std::string sweep;             // schedule text
  int max_attempts = 8;
  Duration retry_base = std::chrono::seconds(1);
  int priority = 0;              // smaller first: whose keys are taken before those of other mappings
  int parallel = 512;            // keys under way at once
  std::optional<int> brake = 10; // percent of the links that deletes, or a change of the mapping, may go to in 24 h; nullopt: any
  int brake_least = 10;          // so many may be, however few links there are
  Sides<bool> read_only{false, false};  // writes there are recorded, not made (dry_run)

  /// kInvalid names what is missing; that is a fault of the host chunk, not of the author.
  static Result<Plan> from(const Value& compiled);
  const Field* field(std::string_view name) const;
  /// As a person says it: by its name, or by what a side calls it where that is one field's. nullptr where neither is so.
  const Field* named(std::string_view said) const;
};

}  // namespace tidewire::sync
