#include "cli/story.h"

#include <algorithm>

#include "base/text.h"

namespace tidewire::cli {
namespace {

const Array& list_at(const Value& from, std::string_view path) {
  static const Array kNone;
  const Value* found = from.at_path(path);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

const Object& object_at(const Value& from, std::string_view path) {
  static const Object kNone;
  const Value* found = from.at_path(path);
  return found != nullptr && found->is_object() ? found->as_object() : kNone;
}

/// What the side had before it was written: over what a write that does not count had left, where that was put back.
const Value* had(const Value& field, const std::string& side) {
  const Value* left_there = field.at_path("back." + side);
  return left_there != nullptr ? left_there : field.find(side);
}

std::string text_of(const Value* value) { return value == nullptr ? "–" : shown(*value, 48); }

std::string names_of(const Object& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  return names.size() > 6 ? std::to_string(names.size()) + " fields" : join(names, ", ");
}

/// The fields that this write carried, by the decisions; where none was decided (a constant), the values as sent.
Table fields_of(const Value& operation, const Value& write) {
  const std::string side = write.string_or("side");
  const bool creates = write.string_or("kind") == "create";
  Table table({{""}, {""}, {""}, {""}, {""}});
  for (const auto& [name, field] : object_at(operation, "record.fields")) {
    const Value* to = field.find("to_" + side);
    if (to == nullptr) continue;
    const std::string old = creates ? "" : text_of(had(field, side));
    table.add({Cell("    " + name), Cell(old, Style::kDim), creates ? "" : "→", Cell(text_of(to), Style::kGood), Cell(field.string_or("rule"), Style::kDim)});
  }
  if (!table.empty()) return table;
  for (const auto& [name, value] : object_at(write, "values")) table.add({Cell("    " + name), "", "", Cell(shown(value, 48), Style::kGood), ""});
  return table;
}

/// The side's write is told, whatever became of it.
bool has_write(const Value& operation, const std::string& side) {
  const Array& writes = list_at(operation, "record.writes");
  return std::any_of(writes.begin(), writes.end(), [&](const Value& write) { return write.string_or("side") == side; });
}

/// What was decided and never sent: a row a side.
void add_unsent(const Value& operation, const std::string& name, const Value& field, Table& table) {
  for (const std::string side : {"left", "right"}) {
    const Value* to = field.find("to_" + side);
    if (to == nullptr || has_write(operation, side)) continue;
    table.add({Cell("    " + name), Cell("not written", Style::kWarn), Cell(side + " " + text_of(had(field, side)) + " was to become " + text_of(to)), Cell(field.string_or("rule"), Style::kDim)});
  }
}

Table unwritten_of(const Value& operation) {
  Table table({{""}, {""}, {""}, {""}});
  for (const auto& [name, field] : object_at(operation, "record.fields")) {
    if (field.find("to_left") != nullptr || field.find("to_right") != nullptr) {
      add_unsent(operation, name, field, table);
      continue;
    }
    const std::string decision = field.string_or("decision");
    const bool waits = decision == "conflict" || decision == "owed";
    table.add({Cell("    " + name), Cell(decision, waits ? Style::kWarn : Style::kDim),
               Cell("left " + text_of(field.find("left")) + "  right " + text_of(field.find("right"))), Cell(field.string_or("rule"), Style::kDim)});
  }
  return table;
}

const Value* error_of(const Value& operation) {
  const Value* error = operation.find("error");
  return error != nullptr ? error : operation.at_path("record.error");
}

}  // namespace

std::string keys_of(const Value& operation) { return operation.string_or("left_key", "–") + " <> " + operation.string_or("right_key", "–"); }

Style style_of_outcome(const std::string& outcome) {
  if (outcome == "applied" || outcome == "merged") return Style::kGood;
  if (outcome == "conflict" || outcome == "held") return Style::kWarn;
  return outcome == "dead" ? Style::kBad : Style::kDim;
}

std::string gist(const Value& operation) {
  if (const Value* error = error_of(operation)) return error->string_or("message");
  std::vector<std::string> parts;
  for (const Value& write : list_at(operation, "record.writes")) {
    const std::string fields = names_of(object_at(write, "values"));
    parts.push_back(write.string_or("kind") + " in " + write.string_or("connection") + (fields.empty() ? "" : ": " + fields));
  }
  if (!parts.empty()) return join(parts, "; ");
  return names_of(object_at(operation, "record.fields"));
}

std::string story(const Value& operation, const Look& look) {
  std::string out;
  for (const Value& write : list_at(operation, "record.writes")) {
    const std::string key = write.string_or("key");
    out += "  " + styled(write.string_or("kind") + " in " + write.string_or("connection"), Style::kAccent, look) + (key.empty() ? "" : " " + plain(key)) +
           styled("  " + write.string_or("outcome"), Style::kDim, look) + "\n";
    out += fields_of(operation, write).text(look);
  }
  out += unwritten_of(operation).text(look);
  std::vector<std::string> parents;
  for (const Value& parent : list_at(operation, "record.after")) parents.push_back(plain(parent.is_string() ? parent.as_string() : ""));
  if (!parents.empty()) out += "  " + styled("once its parent is linked: ", Style::kDim, look) + join(parents, ", ") + "\n";
  if (const Value* error = error_of(operation)) {
    out += "  " + styled(error->string_or("code", "error"), Style::kBad, look) + "  " + plain(error->string_or("message")) + "\n";
    if (const std::string hint = error->string_or("hint"); !hint.empty()) out += "  " + styled("hint: ", Style::kDim, look) + plain(hint) + "\n";
  }
  return out;
}

Table operations_table() { return Table({{"when"}, {"mapping"}, {"records"}, {"kind"}, {"outcome"}, {"what"}, {"operation", false, true}}); }

std::vector<Cell> operation_cells(const Value& operation, Instant now) {
  const std::string outcome = operation.string_or("outcome");
  return {Cell(moment(operation.string_or("at"), now), Style::kDim), operation.string_or("mapping"), keys_of(operation), operation.string_or("kind"), Cell(outcome, style_of_outcome(outcome)), gist(operation), Cell(operation.string_or("id"), Style::kDim)};
}

}  // namespace tidewire::cli
