#include "cli/progress.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace tidewire::cli {
namespace {

constexpr auto kBetweenLines = std::chrono::seconds(5);

std::int64_t waiting_of(const Value& part) {
  const Value* counts = part.find("counts");
  return counts == nullptr ? 0 : counts->int_or("waiting", 0);
}

/// Keys that were marked and are not waiting any more.
std::int64_t done_of(const Value& part) { return std::max<std::int64_t>(0, part.int_or("marked", 0) - waiting_of(part)); }

/// Keys that are not level, whatever they wait for.
std::int64_t left_over(const Value& part) {
  const Value* counts = part.find("counts");
  std::int64_t sum = 0;
  for (const char* state : {"waiting", "backing_off", "waiting_for", "held", "dead", "open_conflicts", "would_write"}) sum += counts == nullptr ? 0 : counts->int_or(state, 0);
  return sum;
}

const Array& parts_of(const Value& job) {
  static const Array kNone;
  const Value* parts = job.find("parts");
  return parts != nullptr && parts->is_array() ? parts->as_array() : kNone;
}

struct Counted {
  const char* member;
  const char* one;
  const char* many;
};
const Counted kDid[] = {{"created", "created", "created"}, {"updated", "updated", "updated"}, {"deleted", "deleted", "deleted"}, {"linked", "linked", "linked"}, {"auto_merged", "merged", "merged"}};
const Counted kOpen[] = {{"waiting", "waiting", "waiting"}, {"backing_off", "to be tried again", "to be tried again"}, {"waiting_for", "waiting for a parent", "waiting for a parent"},
                         {"open_conflicts", "in conflict", "in conflict"}, {"held", "held", "held"}, {"dead", "dead letter", "dead letters"}, {"would_write", "that would be written", "that would be written"}};

bool ended(const std::string& state) { return state == "done" || state == "failed" || state == "cancelled"; }

/// What a part that the command does not wait for had still to do.
std::string unfinished_text(const Value& part) {
  const std::string state = part.string_or("state", "done");
  if (ended(state)) return "";
  if (state == "queued") return "not begun: ";
  if (state == "staged") return "waits for decisions: ";
  return state == "working" ? "not worked off: " : "not everything was listed: ";
}

void add_count(std::vector<std::string>& words, std::int64_t count, const char* what) {
  if (count > 0) words.push_back(grouped(count) + " " + what);
}

std::string counts_text(const Value& counts, std::span<const Counted> kinds) {
  std::vector<std::string> words;
  for (const Counted& kind : kinds) {
    const std::int64_t count = counts.int_or(kind.member, 0);
    add_count(words, count, count == 1 ? kind.one : kind.many);
  }
  return join(words, ", ");
}

/// Of a job that looks: "5 377 records of both sides looked at, 3 differing".
std::string found_summary(const Value& part) {
  const std::int64_t looked_at = part.int_or("looked_at", 0);
  std::vector<std::string> words{grouped(looked_at) + (looked_at == 1 ? " record" : " records") + " of both sides looked at"};
  const Value* found = part.find("found");
  for (const auto& [kind, count] : found == nullptr ? Object{} : found->as_object()) {
    std::string word = kind;
    std::replace(word.begin(), word.end(), '_', ' ');
    add_count(words, count.is_int() ? count.as_int() : 0, word.c_str());
  }
  return join(words, ", ");
}

}  // namespace

std::string bar(std::int64_t done, std::int64_t total, std::size_t columns) {
  const double share = total <= 0 ? 0 : std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const auto full = static_cast<std::size_t>(share * static_cast<double>(columns) + 0.0001);
  std::string out;
  for (std::size_t i = 0; i < columns; ++i) out += i < full ? "█" : "░";
  return out;
}

/// What the job did, how many pairs there are now, and what of the whole mapping is not level, whenever it came to be so.
std::string part_summary(const Value& part) {
  if (part.find("found") != nullptr || part.find("compared") != nullptr) return found_summary(part);
  const Value none = Value(Object{});
  const Value* events = part.find("events");
  const Value* counts = part.find("counts");
  const std::string did = counts_text(events == nullptr ? none : *events, kDid);
  const bool over = ended(part.string_or("state", "done"));
  const std::int64_t failed = events == nullptr ? 0 : events->int_or("dead_letters", 0) + events->int_or("retries", 0);
  const std::string tried = failed == 0 ? "" : ", " + grouped(failed) + (failed == 1 ? " attempt failed" : " attempts failed");
  std::string text = unfinished_text(part) + (!did.empty() ? did : over && failed == 0 ? "nothing to write" : "nothing written" + tried);
  if (counts == nullptr) return text;
  const std::int64_t pairs = counts->int_or("links", 0);
  text += "; " + grouped(pairs) + (pairs == 1 ? " pair" : " pairs") + " now";
  const std::string open = counts_text(*counts, kOpen);
  return open.empty() ? text : text + "; open: " + open;
}

void Progress::tell_ended(const Value& job, bool all) {
  const Array& parts = parts_of(job);
  for (; ended_ < parts.size(); ++ended_) {
    const Value& part = parts[ended_];
    const std::string state = part.string_or("state");
    const bool failed = state == "failed" || state == "cancelled";
    if (!ended(state) && !all) return;
    const bool all_well = ended(state) && left_over(part) == 0;
    std::string text = failed ? out_.paint("✗ ", Style::kBad) : (all_well ? out_.paint("✓ ", Style::kGood) : out_.paint("! ", Style::kWarn));
    text += out_.paint(plain(part.string_or("mapping")), Style::kBold) + "  " + part_summary(part);
    out_.line(text);
    if (const Value* error = part.find("error")) {
      out_.line("  " + plain(error->string_or("message")));
      if (const std::string hint = error->string_or("hint"); !hint.empty()) out_.line("  " + out_.paint("hint: ", Style::kDim) + plain(hint));
    }
  }
}

double Progress::rate(std::int64_t done, Ticks now) {
  const double seconds = std::chrono::duration<double>(now - first_at_).count();
  return seconds < 0.5 ? 0 : static_cast<double>(done - first_done_) / seconds;
}

std::string Progress::moving_line(const Value& part, Ticks now) {
  const std::string mapping = part.string_or("mapping");
  const std::int64_t marked = part.int_or("marked", 0), done = done_of(part);
  if (mapping != current_) {
    current_ = mapping;
    first_done_ = done;
    first_at_ = now;
  }
  const std::string state = part.string_or("state");
  if (marked == 0 && part.int_or("looked_at", 0) > 0) return out_.paint(plain(mapping), Style::kBold) + "  " + grouped(part.int_or("looked_at", 0)) + " looked at" + (state == "paused" ? out_.paint("  paused", Style::kWarn) : "");
  const bool listing = state == "listing";
  std::string line = out_.paint(plain(mapping), Style::kBold) + "  " + out_.paint(bar(done, marked, 24), Style::kAccent) + "  " + grouped(done) + " / " + grouped(marked) + (listing ? "+" : "");
  const double speed = rate(done, now);
  if (speed >= 1) line += "  " + grouped(static_cast<std::int64_t>(speed)) + "/s";
  if (speed >= 1 && !listing && marked > done) line += "  " + std::to_string(static_cast<std::int64_t>(static_cast<double>(marked - done) / speed) + 1) + " s left";
  if (state == "paused") line += out_.paint("  paused", Style::kWarn);
  if (const Value* counts = part.find("counts"); counts != nullptr && counts->int_or("backing_off", 0) > 0) {
    line += out_.paint("  " + grouped(counts->int_or("backing_off", 0)) + " to be tried again", Style::kWarn);
  }
  return line;
}

void Progress::update(const Value& job, Ticks now) {
  tell_ended(job, false);
  const Array& parts = parts_of(job);
  if (ended_ >= parts.size()) return;
  const Value& part = parts[ended_];
  const Value* waits = part.at_path("waits_for.text");
  std::string line = waits == nullptr ? moving_line(part, now) : out_.paint(plain(part.string_or("mapping")), Style::kBold) + "  " + out_.paint(plain(waits->as_string()), Style::kWarn);
  if (const Value* trouble = part.at_path("trouble.message")) line += out_.paint("  waits: " + plain(trouble->as_string()), Style::kWarn);
  if (out_.is_terminal()) return out_.show(line);
  if (now - told_ < kBetweenLines) return;
  told_ = now;
  out_.line(waits == nullptr ? part.string_or("mapping") + "  " + grouped(done_of(part)) + " of " + grouped(part.int_or("marked", 0)) : line);
  out_.flush();
}

void Progress::finish(const Value& job) { tell_ended(job, true); }

}  // namespace tidewire::cli
