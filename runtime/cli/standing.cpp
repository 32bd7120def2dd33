#include "cli/standing.h"

#include "base/text.h"
#include "cli/terminal.h"

namespace tidewire::cli {
namespace {

const Object& mappings_of(const Value& status) {
  static const Object kNone;
  const Value* found = status.find("mappings");
  return found != nullptr && found->is_object() ? found->as_object() : kNone;
}

struct Kind {
  const char* member;
  const char* one;
  const char* many;
};
const Kind kStanding[] = {
    {"open_conflicts", "conflict", "conflicts"},
    {"dead", "dead letter", "dead letters"},
    {"held", "record held by the brake", "records held by the brake"},
    {"waiting_for", "record without its parent", "records without their parent"},
};

bool is_gone(const Value& mapping) { return mapping.bool_or("file_gone", false); }

std::string held_of(const std::string& name, const Value& mapping) {
  const std::string held = mapping.string_or("held_for");
  return held.empty() ? "" : " is held (" + plain(held) + "): " + way_on_of_held(name, mapping);
}

std::string gone_of(const std::string& name, const Value& mapping) {
  const std::int64_t links = mapping.int_or("links", 0);
  std::int64_t open = mapping.int_or("waiting", 0) + mapping.int_or("backing_off", 0);
  for (const Kind& kind : kStanding) open += mapping.int_or(kind.member, 0);
  const std::string kept = grouped(links) + (links == 1 ? " pair" : " pairs") + (open > 0 ? " and " + grouped(open) + " open" : "");
  return " has no file any more, " + kept + " kept: put the file back, or `tidewire discard " + name + " --all --links " + std::to_string(links) + " --reason WHY` lets it go";
}

std::string unknown_of(const std::string& name, const Value& mapping) {
  if (is_gone(mapping)) return gone_of(name, mapping);
  if (std::string held = held_of(name, mapping); !held.empty()) return held;
  if (mapping.bool_or("paused", false)) return " is paused, what comes waits: `tidewire resume " + name + "`";
  if (mapping.string_or("state") != "running" || mapping.bool_or("ever_loaded", true)) return "";
  const bool any = mapping.int_or("links", 0) + mapping.int_or("tombstones", 0) > 0;
  return any ? " was never loaded: `tidewire sync " + name + "` goes over what was there before" : " has nothing linked yet: `tidewire sync " + name + "` is its first load";
}

}  // namespace

std::string way_on_of_held(const std::string& name, const Value& mapping) {
  return mapping.bool_or("moved", false) ? "put its file back, or `tidewire adopt " + name + " --same` or --anew lets it go" : "`tidewire adopt " + name + " --accept` or --drop lets it go";
}

bool is_stopped(const Value& mapping) {
  const std::string state = mapping.string_or("state");
  return state == "quarantined" || state == "drifted";
}

std::string standing_text(const Value& status, const std::string& mapping) {
  std::vector<std::string> words;
  for (const Kind& kind : kStanding) {
    std::int64_t sum = 0;
    for (const auto& [name, one] : mappings_of(status)) sum += mapping.empty() ? (is_gone(one) ? 0 : one.int_or(kind.member, 0)) : (name == mapping ? one.int_or(kind.member, 0) : 0);
    if (sum > 0) words.push_back(grouped(sum) + " " + (sum == 1 ? kind.one : kind.many));
  }
  return join(words, ", ");
}

std::vector<std::string> held_lines(const Value& status, const std::string& mapping) {
  std::vector<std::string> lines;
  for (const auto& [name, one] : mappings_of(status)) {
    if ((!mapping.empty() && name != mapping) || is_gone(one)) continue;
    if (const std::string why = held_of(name, one); !why.empty()) lines.push_back(plain(name) + why);
  }
  return lines;
}

std::vector<std::string> stopped_lines(const Value& status, const std::string& mapping) {
  std::vector<std::string> lines;
  for (const auto& [name, one] : mappings_of(status)) {
    if (!mapping.empty() && name != mapping) continue;
    if (one.string_or("state") == "quarantined") lines.push_back(plain(name) + " is stopped, its script failed again and again: `tidewire ops " + plain(name) + " --failed` shows how, saving the mended file lets it go on");
    if (const Value* drift = one.find("drift"); drift != nullptr) lines.push_back(plain(name) + " is paused: " + plain(drift->string_or("message")) + (drift->string_or("hint").empty() ? "" : ": " + plain(drift->string_or("hint"))));
    const Value* braked = one.find("braked");
    for (const Value& held : braked == nullptr || !braked->is_array() ? Array{} : braked->as_array()) {
      const std::string field = plain(held.string_or("field"));
      const std::int64_t links = held.int_or("links", 0);
      lines.push_back(plain(name) + ": the brake holds the field '" + field + "' of " + grouped(links) + (links == 1 ? " record" : " records") + " since " + moment(held.string_or("since"), SystemClock().now()) +
                      ": a change of the mapping writes it; `tidewire release " + plain(name) + " '" + field + "'` lets it go");
    }
  }
  return lines;
}

std::vector<std::string> unknown_lines(const Value& status, const std::string& mapping) {
  std::vector<std::string> lines;
  for (const auto& [name, one] : mappings_of(status)) {
    if (!mapping.empty() && name != mapping) continue;
    if (const std::string why = unknown_of(name, one); !why.empty()) lines.push_back(plain(name) + why);
  }
  return lines;
}

std::vector<std::string> refused_lines(const Value& status) {
  std::vector<std::string> lines;
  const Value* connections = status.find("connections");
  for (const auto& [name, one] : connections != nullptr && connections->is_object() ? connections->as_object() : Object{}) {
    const Value* webhooks = one.find("webhooks");
    if (webhooks == nullptr) continue;
    const auto told = [&, connection = name](const char* counter, const std::string& why) {
      const std::int64_t count = webhooks->int_or(counter, 0);
      if (count > 0) lines.push_back(plain(connection) + ": " + grouped(count) + (count == 1 ? " webhook was refused: " : " webhooks were refused: ") + why);
    };
    told("unproved", "without a valid proof. Compare its webhook secret in .env with what the system signs with");
    told("malformed", "no JSON that can be read");
    told("limited", "over the limit that limits.inbound of the connection sets");
  }
  return lines;
}

}  // namespace tidewire::cli
