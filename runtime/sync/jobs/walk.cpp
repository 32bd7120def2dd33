#include "sync/jobs/walk.h"

#include <algorithm>

#include "base/hash.h"

namespace tidewire::sync {

using store::side_name;

namespace {

constexpr int kPage = 500;
constexpr std::size_t kRules = 20;  // of a field; a rule of somebody's own may say something else of each record

/// As it is counted: without what it says of one record, as in "newest: right wins (right is 223 ms newer)".
std::string rule_of(const Value& field) {
  std::string rule = field.string_or("rule");
  rule.resize(std::min(rule.size(), rule.find(" (")));
  const std::string decision = field.string_or("decision");
  const bool written = decision == "copy" || decision == "resolve" || decision == "written";
  return written ? rule : decision + (rule.empty() ? "" : ": " + rule);
}

/// Of records that both sides have: what the rules make of each field that is not the same.
void count_rules(store::Job& job, const store::Finding& finding) {
  const Value* fields = finding.record.find("fields");
  if (!finding.key.left || !finding.key.right || fields == nullptr || !fields->is_object()) return;
  for (const auto& [name, field] : fields->as_object()) {
    const std::string decision = field.string_or("decision");
    if (decision == "agree" || decision == "nothing") continue;
    Value& counts = job.summary["rules"][name];
    std::string rule = rule_of(field);
    if (counts.is_object() && counts.as_object().size() >= kRules && counts.find(rule) == nullptr) rule = "other rules";
    Value& count = counts[rule];
    count = Value((count.is_int() ? count.as_int() : 0) + 1);
  }
}

}  // namespace

std::uint64_t SeenKeys::hash(const std::string& key) {
  const std::string digest = sha256(key);
  std::uint64_t out = 0;
  for (int i = 0; i < 8; ++i) out = out << 8 | static_cast<unsigned char>(digest[static_cast<std::size_t>(i)]);
  return out;
}

void count_found(store::Job& job, const std::string& kind) {
  Value& count = job.summary["found"][kind];
  count = Value((count.is_int() ? count.as_int() : 0) + 1);
}

std::string left_alone(const store::Link& link) {
  if (link.state == store::LinkState::kFrozen) return "out_of_scope";
  if (link.state == store::LinkState::kIgnored) return "ignored";
  const std::string policy = link.tombstone ? link.tombstone->string_or("policy") : "";
  if (policy == "unlink" || policy == "left_scope") return "out_of_scope";
  if (policy == "soft") return "soft_deleted";
  return policy == "ignore" || policy == "one-way" ? "ignored_delete" : "";
}

void found(store::Job& job, Task::Page& page, store::Finding finding) {
  count_found(job, finding.kind);
  count_rules(job, finding);
  page.findings.push_back(std::move(finding));
}

Walk::Walk(const Workplace& place, store::Job& job)
    : place_(place), job_(job), wanted_{job.options.bool_or("left", true), job.options.bool_or("right", true)}, alive_(std::make_shared<bool>(true)) {
  if (!job_.cursor) {
    if (!wanted_.left) side_ = Side::kRight;
    return;
  }
  phase_ = job_.cursor->string_or("phase", "list");
  side_ = job_.cursor->string_or("side") == "right" ? Side::kRight : Side::kLeft;
  after_ = job_.cursor->int_or("after", 0);
  if (const Value* page = job_.cursor->find("page")) page_ = *page;
}

Walk::~Walk() { *alive_ = false; }

void Walk::restart_side() {
  phase_ = "list";
  page_.reset();
}

void Walk::step(Done<Page> done) {
  if (phase_ == "list" && page_) return list(std::move(done));
  if (phase_ == "list") {
    return open_side(while_alive([this, done = std::move(done)](Result<void> opened) mutable { opened.ok() ? list(std::move(done)) : done(opened.error()); }));
  }
  step_phase(phase_, while_alive([this, done = std::move(done)](Result<Page> page) {
               if (!page.ok()) return done(page.error());
               save();
               page->last = phase_ == "end";
               done(std::move(page));
             }));
}

void Walk::step_phase(const std::string&, Done<Page> done) {
  leave_phase();
  lane().around.poster.post([done = std::move(done)] { done(Page{}); });
}

void Walk::list(Done<Page> done) {
  asked_at_ = lane().around.clock.now();
  lane().batcher[side_]->endpoint().list(page_, kPage, while_alive([this, done = std::move(done)](Result<ListPage> listed) mutable {
    if (!listed.ok()) return done(std::move(listed).error().context("listing " + plan().end[side_].collection + " on " + plan().end[side_].connection));
    const auto next = listed->cursor;
    const std::int64_t before = job_.summary.int_or("looked_at", 0);
    job_.summary["looked_at"] = before + static_cast<std::int64_t>(listed->records.size());
    look_at(std::move(listed->records), while_alive([this, next, before, done = std::move(done)](Result<Page> page) {
              if (!page.ok()) {
                job_.summary["looked_at"] = before;
                return done(page.error());
              }
              page_ = next;
              if (enough()) phase_ = "end";
              else if (!next) leave_phase();
              save();
              page->last = phase_ == "end";
              done(std::move(page));
            }));
  }));
}

/// The order: pages of a side, its own phase, the other side, the phase of all, the end.
void Walk::leave_phase() {
  after_ = 0;
  if (phase_ == "begin") {
    phase_ = "list";
    return;
  }
  if (phase_ == "list") {
    page_.reset();
    if (const std::string next = after_side(); !next.empty()) {
      phase_ = next;
      return;
    }
    return next_side();
  }
  if (phase_ == after_all() || phase_ == "end") {
    phase_ = "end";
    return;
  }
  next_side();
}

void Walk::next_side() {
  phase_ = "list";
  page_.reset();
  if (side_ == Side::kLeft && wanted_.right) {
    side_ = Side::kRight;
    return;
  }
  const std::string last = after_all();
  phase_ = last.empty() ? "end" : last;
}

void Walk::save() {
  Object cursor{{"phase", phase_}, {"side", side_name(side_)}};
  if (page_) cursor["page"] = *page_;
  if (after_ > 0) cursor["after"] = after_;
  job_.cursor = Value(std::move(cursor));
}

}  // namespace tidewire::sync
