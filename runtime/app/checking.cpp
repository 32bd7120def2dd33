// What `check` tells: of the files, the mappings, the state, and where asked for, of every connection.
#include <algorithm>

#include "app/circles.h"
#include "app/claims.h"
#include "app/state.h"
#include "base/text.h"

namespace tidewire::app {

namespace {

const Array& warnings_of(const Value& about) {
  static const Array kNone;
  const Value* warnings = about.find("warnings");
  return warnings != nullptr && warnings->is_array() ? warnings->as_array() : kNone;
}

std::string counted(std::int64_t links, const std::string& one, const std::string& more) {
  return std::to_string(links) + (links == 1 ? one : more);
}

}  // namespace

Value problem_in(const std::string& file, const Error& error) {
  Object out{{"file", Value(file)}, {"code", Value(code_name(error.code))}, {"message", Value(error.message)}};
  if (!error.hint.empty()) out["hint"] = error.hint;
  return Value(std::move(out));
}

/// What was found so far. Each look that is under way holds it; the end of the last one tells.
struct App::State::Checking {
  admin::Done<Value> done;
  Array problems, warnings;
  Object connections;
  int under_way = 0;

  void find(const std::string& where, const Error& error) { problems.push_back(problem_in(where, error)); }
  void warn(std::string text) { warnings.push_back(Value(std::move(text))); }
  void begin() { ++under_way; }
  void end() {
    if (--under_way > 0) return;
    Object out{{"ok", Value(problems.empty())}};
    out["problems"] = Value(std::move(problems));
    out["warnings"] = Value(std::move(warnings));
    out["connections"] = Value(std::move(connections));
    done(Value(std::move(out)));
  }
};

/// Of what is on disk now, also where it was saved a moment ago.
void App::State::check(bool connect, admin::Done<Value> done) {
  if (watch_) watch_->look();
  when_loaded([this, alive = alive_, connect, done = std::move(done)] {
    if (!*alive) return;
    const auto checking = std::make_shared<Checking>();  // owners: the callbacks of the looks
    checking->done = done;
    checking->begin();
    check_project(*checking);
    check_mappings(checking, connect);
    check_state(checking);
    check_links(checking);
    if (connect) {
      for (const auto& [name, connection] : connections_) check_connection(checking, name);
    }
    loop_.post([checking] { checking->end(); });
  });
}

/// What is known without asking anybody.
void App::State::check_project(Checking& checking) {
  for (const std::string& warning : warnings_) checking.warn(warning);
  for (const std::string& name : secrets_.too_short()) {
    checking.warn("secret " + name + " has fewer than " + std::to_string(Redactor::kShortest) +
                  " bytes: it is not hidden where a system quotes it");
  }
  for (const auto& [name, connection] : connections_) {
    for (const auto& [option, text] : connection->secrets_in_clear()) {
      checking.warn("connection " + name + ": " + option +
                    " is written in clear, or comes by env, which may be printed; write secret \"NAME\" and put the "
                    "text into .env");
    }
  }
  for (const auto* failure : {&project_trouble_, &listen_trouble_}) {
    if (*failure) checking.find("tidewire.lua", **failure);
  }
  if (const auto sound = refresh_certificate(); !sound.ok()) checking.find("tidewire.lua", sound.error());
  for (const auto& [name, error] : broken_connections_) checking.find("tidewire.lua", error);
  for (const std::string& file : empty_files_) checking.warn(file + " is empty: no mapping is read from it");
}

/// Each by itself, all of them beside one another, and where `connect`, whether they still fit what their systems have.
void App::State::check_mappings(const std::shared_ptr<Checking>& checking, bool connect) {
  std::map<std::string, const Value*> compiled;
  for (const auto& [name, mapping] : mappings_) {
    if (mapping.trouble) checking->find(mapping.file, *mapping.trouble);
    if (mapping.drift) checking->find(mapping.file, *mapping.drift);
    if (mapping.quarantined) checking->find(mapping.file, make_error(Code::kScript, name + " is stopped: its script failed again and again", "`tidewire ops " + name + " --failed` shows how; saving the mended file lets it go on"));
    if (mapping.mapper) compiled[name] = &mapping.mapper->compiled();
  }
  for (const std::string& overlap : overlapping_claims(compiled))
    checking->find("mappings", make_error(Code::kInvalid, overlap, "let each value be claimed once"));
  for (const std::string& twice : written_twice(compiled)) checking->warn(twice);
  for (const std::string& circle : circles(compiled)) checking->warn(circle);
  for (const auto& [name, mapping] : mappings_) {
    if (!mapping.mapper) continue;
    if (!connect || mapping.trouble || mapping.drift) {
      for (const Value& warning : warnings_of(mapping.mapper->compiled())) checking->warnings.push_back(warning);
      continue;
    }
    checking->begin();
    // The systems may have changed since the mapping was read; those that do not answer are told of by their own test.
    fit(name, [checking, file = mapping.file, known = mapping.mapper](const Result<Fresh>& fresh) {
      if (!fresh.ok() && fresh.error().code != Code::kUnavailable) checking->find(file, fresh.error());
      for (const Value& warning : warnings_of((fresh.ok() ? fresh->mapper : known)->compiled()))
        checking->warnings.push_back(warning);
      checking->end();
    });
  }
}

void App::State::check_state(const std::shared_ptr<Checking>& checking) {
  checking->begin();
  store_->integrity_check([checking](Result<std::vector<std::string>> faults) {
    if (!faults.ok()) checking->find("state", faults.error());
    for (const std::string& fault : faults.ok() ? *faults : std::vector<std::string>()) {
      checking->find("state", make_error(Code::kCorrupt, fault,
                                         "restore the state file from a backup; nothing is repaired silently"));
    }
    checking->end();
  });
  checking->begin();
  store_->summary([this, alive = alive_, checking](Result<store::Summary> summary) {
    for (const std::string& name : *alive&& summary.ok() ? engine_->mappings() : std::vector<std::string>()) {
      if (std::string former = former_name(name, *summary); !former.empty()) checking->warn(std::move(former));
    }
    checking->end();
  });
}

/// What an edit of a mapping left to be done with the links that it found.
void App::State::check_links(const std::shared_ptr<Checking>& checking) {
  for (const std::string& name : engine_->mappings()) {
    if (const auto moved = engine_->moved(name)) {
      checking->find("mappings/" + name, *moved);
      continue;
    }
    if (const auto status = engine_->status().at(name); status.held) checking->warn(name + " is held: " + *status.held + ". `tidewire adopt " + name + " --accept` or --drop lets it go");
    checking->begin();
    engine_->count_differing(name, [checking, name](Result<std::int64_t> count) {
      if (count.ok() && *count > 0) {
        checking->warn(name + " was edited: " + counted(*count, " link says", " links say") +
                       " something else by it now. `tidewire sync " + name +
                       " --all` writes it, with --dry-run it tells what");
      }
      checking->end();
    });
    checking->begin();
    engine_->count_unmet(name, [checking, name](Result<sync::Unmet> unmet) {
      if (unmet.ok() && unmet->links > 0) {
        const std::vector<std::string> fields(unmet->fields.begin(), unmet->fields.end());
        checking->warn(name + " got " + join(fields, ", ") + ", which " +
                       counted(unmet->links, " link has", " links have") +
                       " not met: each does with its next change, all do with `tidewire sync " + name + "`");
      }
      checking->end();
    });
  }
}

void App::State::check_connection(const std::shared_ptr<Checking>& checking, const std::string& name) {
  checking->begin();
  connections_.at(name)->test([this, alive = alive_, checking, name](Result<Value> answer) {
    if (!*alive) return;
    if (answer.ok()) {
      engine_->try_refused();
      checking->connections[name] = hear_connection(checking, name, *answer);
    } else {
      checking->connections[name] = Value(Object{{"ok", Value(false)}, {"error", Value(to_string(answer.error()))}});
      checking->find("connection " + name, answer.error());
    }
    checking->end();
  });
}

/// `answer`: of the connection's test. What it says of the connection; its collections in use are asked for what they
/// warn of.
Value App::State::hear_connection(const std::shared_ptr<Checking>& checking, const std::string& name,
                                  const Value& answer) {
  Value about = answer.is_object() ? answer : Value(Object{});
  for (const Value& warning : warnings_of(about)) {
    if (warning.is_string()) checking->warn("connection " + name + ": " + warning.as_string());
  }
  const auto asked = connections_.find(name);
  const bool same = asked == connections_.end() || asked->second->same_system();
  about["ok"] = Value(same);
  if (!same) {
    const Error other = make_error(
        Code::kDenied, "another system answers than the one first met; nothing missing there is taken for deleted",
        "if it is the right one: tidewire check --accept " + name);
    about["error"] = Value(other.message);
    checking->find("connection " + name, other);
  }
  if (asked == connections_.end()) return about;
  for (const auto& [where, collection] : collections_in_use()) {
    if (where != name) continue;
    checking->begin();
    asked->second->describe(collection, [checking, at = "connection " + name + ", " + collection.string_or("name") +
                                                        ": "](Result<Value> described) {
      for (const Value& warning : described.ok() ? warnings_of(*described) : Array{}) {
        Value text(at + (warning.is_string() ? warning.as_string() : ""));
        if (std::find(checking->warnings.begin(), checking->warnings.end(), text) == checking->warnings.end())
          checking->warnings.push_back(std::move(text));
      }
      checking->end();
    });
  }
  return about;
}

/// What a mapping begins without because its name is new to the state (law 9: the name is what links belong to); ""
/// where nothing speaks for it.
std::string App::State::former_name(const std::string& name, const store::Summary& summary) const {
  const auto links_of = [&](const std::string& one) {
    const auto counts = summary.mappings.find(one);
    return counts == summary.mappings.end() ? std::int64_t{0} : counts->second.links;
  };
  for (const std::string& former : engine_->alike(name)) {
    const std::int64_t links = links_of(former);
    if (mappings_.contains(former) || links <= links_of(name)) continue;
    return name + ": '" + former + "', which is not loaded, has " + counted(links, " pair", " pairs") +
           " of the same two collections, and this mapping meets them as strangers. If it is the same one under "
           "another name, name = \"" +
           former + "\" in its file keeps them";
  }
  return "";
}

void App::State::tell_former_name(const std::string& name) {
  when_loaded([this, alive = alive_, name] {
    if (!*alive) return;
    store_->summary([this, alive, name](Result<store::Summary> summary) {
      const std::string former = *alive && summary.ok() ? former_name(name, *summary) : "";
      if (!former.empty()) log_.warn("mapping_renamed", former, {{"mapping", Value(name)}});
    });
  });
}

}  // namespace tidewire::app
