#include "cli/level.h"

#include "base/text.h"
#include "cli/standing.h"
#include "cli/terminal.h"

namespace tidewire::cli {
namespace {

std::int64_t to_be_tried(const Value& mapping) {
  return mapping.int_or("waiting", 0) + mapping.int_or("backing_off", 0);
}

std::int64_t standing_of(const Value& mapping) {
  std::int64_t sum = 0;
  for (const char* state : {"dead", "held", "waiting_for", "open_conflicts", "would_write"})
    sum += mapping.int_or(state, 0);
  return sum;
}

std::string counted(std::int64_t count, const char* one, const char* many) {
  return grouped(count) + " " + (count == 1 ? one : many);
}

class Judge {
 public:
  explicit Judge(const Value& status) {
    const Value* mappings = status.find("mappings");
    for (const auto& [name, one] : mappings != nullptr && mappings->is_object() ? mappings->as_object() : Object{})
      look_at(name, one);
    for (const auto* lines : {&unloaded_lines_, &off_lines_, &gone_lines_})
      out_.lines.insert(out_.lines.end(), lines->begin(), lines->end());
    for (std::string& line : held_lines(status)) out_.lines.push_back(std::move(line));
    for (std::string& line : stopped_lines(status)) out_.lines.push_back(std::move(line));
  }

  Judgement judged(bool polled) {
    const bool level = polled && later_ + standing_ + invalid_ + away_ == 0 && unloaded_.empty() && off_.empty() &&
                       gone_.empty() && held_.empty() && stopped_.empty();
    out_.view = {{"level", level},
                 {"backing_off", later_},
                 {"standing", standing_},
                 {"invalid", invalid_},
                 {"away", away_},
                 {"never_loaded", Value(unloaded_)},
                 {"switched_off", Value(off_)},
                 {"without_file", Value(gone_)},
                 {"held", Value(held_)},
                 {"stopped", Value(stopped_)}};
    out_.text = level ? "level" : "not level" + counts_text();
    if (!level) out_.exit = refused_ == kOk ? kFailed : refused_;
    return std::move(out_);
  }

 private:
  void look_at(const std::string& name, const Value& mapping) {
    const std::int64_t keys = to_be_tried(mapping), stand = standing_of(mapping);
    if (mapping.bool_or("file_gone", false)) return note_gone(name, keys + stand);
    note_refused(mapping);
    standing_ += stand;
    const std::string state = mapping.string_or("state");
    const std::string held = mapping.string_or("held_for");
    if (!held.empty()) held_[name] = held;
    if (is_stopped(mapping) || mapping.find("braked") != nullptr)
      stopped_[name] = is_stopped(mapping) ? state : "braked";
    const bool paused = mapping.bool_or("paused", false);
    if (paused && keys > 0) note_off(name, keys);
    if (!paused && held.empty() && !is_stopped(mapping)) later_ += keys;
    const bool loaded = state != "not_loaded" && state != "broken" && held.empty();
    if (!loaded || mapping.bool_or("ever_loaded", false)) return;
    unloaded_.push_back(name);
    unloaded_lines_.push_back(plain(name) + " was never loaded: `tidewire sync " + plain(name) +
                              "` goes over what was there before");
  }

  /// What its file as saved last says should be kept level, nobody looked at.
  void note_refused(const Value& mapping) {
    const Value* why = mapping.at_path("reload.error");
    if (why == nullptr) why = mapping.find("drift");
    if (why == nullptr) return;
    const Exit exit = refused_exit_code(code_from_name(why->string_or("code")));
    ++(exit == kConfig ? invalid_ : away_);
    if (refused_ != kConfig) refused_ = exit;
  }

  void note_off(const std::string& name, std::int64_t keys) {
    off_[name] = keys;
    off_lines_.push_back(plain(name) + " is paused, " + counted(keys, "change waits", "changes wait") +
                         " for that: `tidewire resume " + plain(name) + "` lets it go on");
  }

  void note_gone(const std::string& name, std::int64_t keys) {
    if (keys == 0) return;
    gone_[name] = keys;
    gone_lines_.push_back("the file of " + plain(name) + " is gone, " + counted(keys, "key waits", "keys wait") +
                          " for it: put it back, or `tidewire discard " + plain(name) + " --all --reason WHY` lets " +
                          (keys == 1 ? "it go" : "them go"));
  }

  /// ": 1 to be tried again, ..."; "" where the lines below say it all.
  std::string counts_text() const {
    std::vector<std::string> words;
    if (later_ > 0) words.push_back(grouped(later_) + " to be tried again");
    if (standing_ > 0) words.push_back(grouped(standing_) + " waiting for a person or a parent (`tidewire status`)");
    if (invalid_ > 0) words.push_back(counted(invalid_, "mapping", "mappings") + " invalid: see `tidewire check`");
    if (away_ > 0)
      words.push_back(counted(away_, "mapping whose system is", "mappings whose systems are") +
                      " away: see `tidewire check --connect`");
    return words.empty() ? "" : ": " + join(words, ", ");
  }

  Judgement out_;
  std::int64_t later_ = 0, standing_ = 0;
  std::int64_t invalid_ = 0, away_ = 0;  // refused for its file, or for a system that does not answer
  Exit refused_ = kOk;
  Array unloaded_;
  Object off_, gone_, held_, stopped_;
  std::vector<std::string> unloaded_lines_, off_lines_, gone_lines_;
};

}  // namespace

Judgement level_of(const Value& status, bool polled) { return Judge(status).judged(polled); }

}  // namespace tidewire::cli
