#include "sync/plan.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "sync/ports.h"

namespace tidewire::sync {
namespace {

std::vector<std::string> text_list(const Value* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  if (list->is_string()) return {list->as_string()};
  if (!list->is_array()) return out;
  for (const Value& item : list->as_array()) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

std::optional<std::int64_t> plan_function(const Value* value) {
  const Value* number = value == nullptr ? nullptr : value->find("$function");
  if (number == nullptr || !number->is_int()) return std::nullopt;
  return number->as_int();
}

std::optional<Value> plan_value(const Value& row, std::string_view key) {
  const Value* value = row.find(key);
  if (value == nullptr) return std::nullopt;
  return *value;
}

std::optional<Side> plan_side(const Value& row, std::string_view key) {
  const std::string name = row.string_or(key);
  if (name == "left") return Side::kLeft;
  if (name == "right") return Side::kRight;
  return std::nullopt;
}

Flow plan_flow(const std::string& name) {
  if (name == "to_right") return Flow::kToRight;
  if (name == "to_left") return Flow::kToLeft;
  return Flow::kBoth;
}

Type type_in(const Value& row, std::string_view key) {
  const Value* type = row.find(key);
  return type == nullptr ? Type() : Type::from(*type);
}

Finder finder_from(const Value& row) {
  static const std::map<std::string, Finder::Missing, std::less<>> policies{
      {"dead", Finder::Missing::kDead}, {"clear", Finder::Missing::kClear}, {"keep", Finder::Missing::kKeep}, {"create", Finder::Missing::kCreate}};
  Finder find;
  find.id = row.string_or("id");
  find.side = plan_side(row, "side").value_or(Side::kRight);
  find.by = row.string_or("by");
  find.take = row.string_or("take");
  find.by_key = row.bool_or("by_key", false);
  find.take_key = row.bool_or("take_key", false);
  const auto policy = policies.find(row.string_or("missing", "dead"));
  if (policy != policies.end()) find.missing = policy->second;
  if (const Value* values = row.find("values"); values != nullptr && values->is_object()) find.values = *values;
  find.cache = std::chrono::milliseconds(row.int_or("cache_ms", 0));
  find.by_type = type_in(row, "by_type");
  find.take_type = type_in(row, "take_type");
  return find;
}

Lookup lookup_from(const Value& row) {
  Lookup lookup;
  lookup.name = row.string_or("name");
  lookup.id = row.string_or("id");
  lookup.side = plan_side(row, "side").value_or(Side::kLeft);
  lookup.path = row.string_or("path");
  lookup.by = row.string_or("by");
  lookup.watch = row.bool_or("watch", false);
  lookup.cache = std::chrono::milliseconds(row.int_or("cache_ms", 0));
  return lookup;
}

Field field_from(const Value& row) {
  static const std::map<std::string, Field::Kind, std::less<>> kinds{{"copy", Field::Kind::kCopy},
                                                                     {"function", Field::Kind::kFunction},
                                                                     {"reference", Field::Kind::kReference},
                                                                     {"constant", Field::Kind::kConstant},
                                                                     {"rows", Field::Kind::kRows},
                                                                     {"find", Field::Kind::kFind}};
  Field field;
  field.name = row.string_or("name");
  field.paths = {text_list(row.find("left")), text_list(row.find("right"))};
  field.flow = plan_flow(row.string_or("flow", "both"));
  const auto kind = kinds.find(row.string_or("kind", "copy"));
  if (kind != kinds.end()) field.kind = kind->second;
  field.function.right = plan_function(row.find("to_right"));
  field.function.left = plan_function(row.find("to_left"));
  field.reference = row.string_or("reference");
  field.optional_reference = row.bool_or("optional", false);
  if (const Value* words = row.find("words"); words != nullptr && words->is_array()) {
    for (const Value& word : words->as_array()) field.words.push_back({{word.string_or("left"), word.string_or("right")}, word.string_or("mapping")});
  }
  if (const Value* find = row.find("find")) field.find = finder_from(*find);
  field.list = row.bool_or("list", false);
  field.own_function = row.bool_or("uses_record", false);
  field.constant = plan_value(row, "constant");
  const std::string when = row.string_or("when", "always");
  if (when == "create") field.when = Field::When::kCreate;
  if (when == "target_empty") field.when = Field::When::kTargetEmpty;
  field.default_value = plan_value(row, "default");
  const std::string null = row.string_or("null", "clear");
  if (null == "keep") field.null = Field::Null::kKeep;
  if (null == "replace") field.null = Field::Null::kReplace;
  field.null_value = plan_value(row, "null_value").value_or(Value());
  field.type = {type_in(row, "left_type"), type_in(row, "right_type")};
  field.strategy = row.string_or("strategy");
  field.strategy_function = plan_function(row.find("strategy_function"));
  field.tie = plan_side(row, "tie");
  field.group = static_cast<int>(row.int_or("group", -1));
  field.required = row.bool_or("required", false);
  field.redact = row.bool_or("redact", false);
  field.lossy = row.bool_or("lossy", false);
  field.at = row.string_or("at");
  if (const Value* cells = row.find("rows"); cells != nullptr && cells->is_array()) {
    for (const Value& cell : cells->as_array()) field.rows.push_back(field_from(cell));
  }
  field.row_key = row.bool_or("row_key", false);
  if (const Value* order = row.find("order"); order != nullptr && order->is_object()) {
    field.ordered = true;
    field.order = {order->string_or("left"), order->string_or("right")};
  }
  return field;
}

/// What the mapping says for all its fields, where a field says nothing itself.
void inherit(Field& field, const Plan& plan) {
  if (plan.flow != Flow::kBoth && field.flow == Flow::kBoth) field.flow = plan.flow;
  if (field.strategy.empty()) {
    field.strategy = plan.strategy;
    field.strategy_function = plan.strategy_function;
  }
  for (Field& cell : field.rows) inherit(cell, plan);
}

Stamp stamp_from(const Value& row) {
  Stamp stamp;
  stamp.field = row.string_or("field");
  const std::string what = row.string_or("what");
  if (what == "left_key") stamp.what = Stamp::What::kLeftKey;
  if (what == "right_key") stamp.what = Stamp::What::kRightKey;
  if (what == "checksum") stamp.what = Stamp::What::kChecksum;
  stamp.value = plan_value(row, "value").value_or(Value());
  stamp.type = type_in(row, "type");
  stamp.at = row.string_or("at");
  return stamp;
}

End end_from(const Value& row) {
  static const std::map<std::string, DeletePolicy, std::less<>> policies{
      {"ignore", DeletePolicy::kIgnore}, {"delete", DeletePolicy::kDelete}, {"soft", DeletePolicy::kSoft}};
  End end;
  end.connection = row.string_or("connection");
  end.word = row.string_or("word");
  end.collection = row.string_or("collection");
  end.key = text_list(row.find("key"));
  end.key_type = type_in(row, "key_type");
  end.place = row.string_or("place");
  if (const Value* options = row.find("options"); options != nullptr && options->is_object()) end.options = *options;
  if (const Value* scope = row.find("scope"); scope != nullptr && scope->is_object()) end.scope = *scope;
  end.webhook = row.bool_or("webhook", false);
  end.poll = row.string_or("poll");
  const auto policy = policies.find(row.string_or("deletes", "ignore"));
  if (policy != policies.end()) end.deletes = policy->second;
  end.delete_wins = row.bool_or("delete_wins", false);
  end.soft_field = row.string_or("soft_field");
  end.soft_value = plan_value(row, "soft_value").value_or(Value());
  if (const Value* stamps = row.find("stamps"); stamps != nullptr && stamps->is_array()) {
    for (const Value& stamp : stamps->as_array()) end.stamps.push_back(stamp_from(stamp));
  }
  if (const Value* parts = row.find("parts"); parts != nullptr && parts->is_array()) {
    for (const Value& part : parts->as_array()) end.parts.push_back(part.string_or("name"));
  }
  return end;
}

const Array& plan_list(const Value& row, std::string_view key) {
  static const Array none;
  const Value* list = row.find(key);
  return list != nullptr && list->is_array() ? list->as_array() : none;
}

Lifecycle lifecycle_from(const Value& row) {
  Lifecycle life;
  life.field = row.string_or("field");
  for (const Value& state : plan_list(row, "states")) life.states.emplace_back(plan_value(state, "left").value_or(Value()), plan_value(state, "right").value_or(Value()));
  for (const Value& move : plan_list(row, "moves")) {
    life.moves[plan_side(move, "side").value_or(Side::kLeft)].push_back({plan_value(move, "from").value_or(Value()), plan_value(move, "to").value_or(Value()), move.string_or("verb")});
  }
  for (const Value& after : plan_list(row, "edit_after")) {
    life.edit_after[plan_side(after, "side").value_or(Side::kLeft)].push_back({plan_value(after, "state").value_or(Value()), text_list(after.find("paths"))});
  }
  return life;
}

Match match_from(const Value& row) {
  Match match;
  if (!row.is_array()) return match;
  for (const Value& pair : row.as_array()) {
    match.pairs.push_back({{pair.string_or("left"), pair.string_or("right")}, pair.bool_or("fold", false)});
  }
  return match;
}

/// 0.001 seconds are 3 digits of one; -1 where nothing is described.
int places_of(const Value* resolution) {
  if (resolution == nullptr || !resolution->is_number()) return -1;
  const std::string text = resolution->is_int() ? std::to_string(resolution->as_int()) : resolution->decimal_text();
  int places = 0;
  for (double unit = std::strtod(text.c_str(), nullptr); unit > 0 && unit < 0.9 && places < 6; unit *= 10) ++places;
  return places;
}

}  // namespace

Type Type::of(std::string kind) {
  Type type;
  type.kind = std::move(kind);
  return type;
}

Type Type::from(const Value& described) {
  if (described.is_string()) return of(described.as_string());
  Type type;
  type.kind = described.string_or("kind", "json");
  type.form = described.string_or("form");
  type.zone = described.string_or("zone");
  if (const Value* scale = described.find("scale"); scale != nullptr && scale->is_int()) type.scale = static_cast<int>(scale->as_int());
  type.places = places_of(described.find("resolution"));
  type.length = described.int_or("length", -1);
  type.empty_is_null = described.string_or("empty") == "null" || described.bool_or("empty_is_null", false);
  type.zero_is_null = described.bool_or("zero_is_null", false);
  type.null_is_false = described.bool_or("null_is_false", false);
  type.trim = described.string_or("trim");
  if (const Value* options = described.find("options"); options != nullptr && options->is_array()) {
    type.options = options->as_array();
  }
  if (const Value* element = described.find("of"); element != nullptr && !element->is_null()) type.element = std::make_shared<const Type>(from(*element));
  type.read_only = described.bool_or("read_only", false);
  type.required = described.bool_or("required", false);
  type.unique = described.bool_or("unique", false);
  return type;
}

Result<Plan> Plan::from(const Value& compiled) {
  Plan plan;
  plan.name = compiled.string_or("name");
  const Value* left = compiled.find("left");
  const Value* right = compiled.find("right");
  const Value* fields = compiled.find("fields");
  if (plan.name.empty() || left == nullptr || right == nullptr || fields == nullptr || !fields->is_array()) {
    return make_error(Code::kInvalid, "a compiled mapping needs name, left, right and fields",
                      "scripts/tidewire/host/mapping.lua returned something else");
  }
  plan.end = {end_from(*left), end_from(*right)};
  plan.flow = plan_flow(compiled.string_or("direction", "both"));
  const std::string assigned = compiled.string_or("assigned_by", "each");
  if (assigned == "left") plan.assigned_by = AssignedBy::kLeft;
  if (assigned == "right") plan.assigned_by = AssignedBy::kRight;
  if (const Value* matches = compiled.find("matches"); matches != nullptr && matches->is_array()) {
    for (const Value& match : matches->as_array()) plan.matches.push_back(match_from(match));
  }
  for (const Value& row : fields->as_array()) plan.fields.push_back(field_from(row));
  if (const Value* lookups = compiled.find("lookups"); lookups != nullptr && lookups->is_array()) {
    for (const Value& row : lookups->as_array()) plan.lookups.push_back(lookup_from(row));
  }
  if (const Value* life = compiled.find("lifecycle"); life != nullptr && life->is_object()) plan.lifecycle = lifecycle_from(*life);
  for (const Value& hook : plan_list(compiled, "after")) plan.hooks.push_back({hook.string_or("event"), hook.string_or("kind"), hook.string_or("to")});
  plan.strategy = compiled.string_or("strategy", "newest");
  plan.strategy_function = plan_function(compiled.find("strategy_function"));
  if (const Value* judge = compiled.find("judge"); judge != nullptr && judge->is_object()) {
    const Value* url = judge->find("url");
    plan.judge = JudgeAt{url == nullptr ? Value("") : *url, std::chrono::milliseconds(judge->int_or("timeout_ms", 10'000)), judge->string_or("fallback", "manual")};
  }
  plan.whole_record = compiled.string_or("granularity") == "record";
  plan.tie = plan_side(compiled, "tie").value_or(Side::kLeft);
  if (const Value* checks = compiled.find("checks"); checks != nullptr && checks->is_array()) {
    for (const Value& row : checks->as_array()) {
      const auto function = plan_function(row.find("function"));
      if (function) plan.checks.push_back({row.string_or("path"), *function, row.string_or("message")});
    }
  }
  plan.read_target = compiled.bool_or("read_target", false);
  plan.enforce = compiled.bool_or("enforce", false);
  static const std::map<std::string, Leave, std::less<>> leaves{{"freeze", Leave::kFreeze}, {"unlink", Leave::kUnlink}, {"soft", Leave::kSoft}, {"delete", Leave::kDelete}};
  if (const auto leave = leaves.find(compiled.string_or("leave", "freeze")); leave != leaves.end()) plan.leave = leave->second;
  plan.sweep = compiled.string_or("sweep");
  plan.max_attempts = static_cast<int>(compiled.int_or("max_attempts", 8));
  plan.retry_base = std::chrono::milliseconds(compiled.int_or("retry_base_ms", 1000));
  plan.priority = static_cast<int>(compiled.int_or("priority", 0));
  plan.parallel = static_cast<int>(compiled.int_or("parallel", 512));
  if (const Value* brake = compiled.find("brake"); brake != nullptr && brake->is_bool()) plan.brake.reset();
  else if (brake != nullptr && brake->is_int()) plan.brake = static_cast<int>(brake->as_int());
  if (const Value* read_only = compiled.find("read_only"); read_only != nullptr) {
    const bool both = read_only->is_bool() && read_only->as_bool();
    plan.read_only = {both || read_only->bool_or("left", false), both || read_only->bool_or("right", false)};
  }
  for (Field& field : plan.fields) inherit(field, plan);
  return plan;
}

bool is_redacted(const Field& field) {
  return field.redact || std::any_of(field.rows.begin(), field.rows.end(), is_redacted);
}

std::vector<std::string> won_with(const Plan& plan, std::string_view field) {
  std::vector<std::string> out;
  const Field* first = plan.field(field);
  for (const Field& one : plan.fields) {
    if (first == nullptr || &one == first || one.kind == Field::Kind::kConstant) continue;
    if (plan.whole_record || (first->group >= 0 && one.group == first->group)) out.push_back(one.name);
  }
  return out;
}

const Field* Plan::field(std::string_view wanted) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == wanted; });
  return found == fields.end() ? nullptr : &*found;
}

const Field* Plan::named(std::string_view said) const {
  if (const Field* own = field(said)) return own;
  const auto is_so = [&](const Field& one) {
    const auto called_so = [&](Side side) { return one.paths[side].size() == 1 && one.paths[side].front() == said; };
    return called_so(Side::kLeft) || called_so(Side::kRight);
  };
  const auto found = std::find_if(fields.begin(), fields.end(), is_so);
  if (found == fields.end() || std::any_of(std::next(found), fields.end(), is_so)) return nullptr;
  return &*found;
}

Capabilities Capabilities::from(const Value& declared) {
  Capabilities out;
  const auto seconds = [&](std::string_view key, Duration otherwise) -> Duration {
    const Value* value = declared.find(key);
    if (value == nullptr || !value->is_number()) return otherwise;
    const std::string text = value->is_int() ? std::to_string(value->as_int()) : value->decimal_text();
    return Duration(static_cast<std::int64_t>(std::strtod(text.c_str(), nullptr) * 1e6));
  };
  out.guarded_writes = declared.bool_or("guarded_writes", false);
  out.guarded_deletes = declared.bool_or("guarded_deletes", false);
  out.ordered_versions = declared.bool_or("ordered_versions", false);
  out.payload = declared.bool_or("payload", false);
  out.page_reads = declared.bool_or("page_reads", false);
  out.covers_all = declared.string_or("version_covers", "most") == "all";
  const std::string answer = declared.string_or("answer", "none");
  if (answer == "stored") out.answer = Answer::kStored;
  if (answer == "as_sent") out.answer = Answer::kAsSent;
  out.bulk_read = static_cast<int>(std::max<std::int64_t>(1, declared.int_or("bulk_read", 1)));
  out.bulk_find = static_cast<int>(std::max<std::int64_t>(1, declared.int_or("bulk_find", 1)));
  out.bulk_create = static_cast<int>(std::max<std::int64_t>(1, declared.int_or("bulk_create", 1)));
  out.bulk_update = static_cast<int>(std::max<std::int64_t>(1, declared.int_or("bulk_update", 1)));
  out.client_keys = declared.bool_or("client_keys", false);
  out.incarnation = declared.bool_or("incarnation", false);
  out.absence_proves_delete = declared.bool_or("absence_proves_delete", false);
  out.settle = seconds("settle", std::chrono::seconds(60));
  out.time_resolution = seconds("time_resolution", std::chrono::seconds(1));
  return out;
}

}  // namespace tidewire::sync
