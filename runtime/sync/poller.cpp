#include "sync/poller.h"

#include "base/json.h"

namespace tidewire::sync {

Poller::Poller(Lane& lane, Side side, int page) : lane_(lane), side_(side), page_(page), alive_(std::make_shared<bool>(true)) {}

Poller::~Poller() { *alive_ = false; }

void Poller::poll(std::function<void(Outcome)> done) {
  waiting_.push_back(std::move(done));
  if (under_way_) return;
  under_way_ = true;
  held_ = lane_.owners.hold();
  now_ = {};
  lane_.store.cursor(lane_.mapping, side_, [this, alive = alive_](Result<std::optional<Value>> cursor) {
    if (!*alive) return;
    if (cursor.ok() && *cursor) return next_page(**cursor);
    if (!cursor.ok()) {
      now_.error = cursor.error();
      return end();
    }
    anchor([this, alive](Result<void> anchored) {
      if (!*alive) return;
      if (!anchored.ok()) now_.error = anchored.error();
      end();
    });
  });
}

void Poller::look(std::function<void(Outcome)> done) {
  if (!under_way_) return poll(std::move(done));
  following_.push_back(std::move(done));
}

void Poller::anchor(Done<void> done) {
  lane_.store.cursor(lane_.mapping, side_, [this, alive = alive_, done = std::move(done)](Result<std::optional<Value>> cursor) {
    if (!*alive) return;
    if (!cursor.ok()) return done(cursor.error());
    if (*cursor) return done({});
    lane_.batcher[side_]->endpoint().start([this, alive, done](Result<Value> start) {
      if (!*alive) return;
      if (!start.ok()) return done(start.error());
      if (start->is_null()) return done({});  // a system that cannot say what changed
      lane_.store.set_cursor(lane_.mapping, side_, std::move(*start), done);
    });
  });
}

void Poller::next_page(Value cursor) {
  asked_ = cursor;
  lane_.batcher[side_]->endpoint().changes(std::move(cursor), page_, [this, alive = alive_, asked_at = lane_.around.clock.now()](Result<ChangesPage> page) {
    if (*alive) on_page(asked_at, std::move(page));
  });
}

void Poller::on_page(Instant asked_at, Result<ChangesPage> page) {
  if (!page.ok()) {
    now_.error = std::move(page).error();
    return end();
  }
  std::vector<std::pair<Side, std::string>> keys;
  for (const Record& record : page->records) keys.emplace_back(side_, record.key);
  now_.seen += static_cast<std::int64_t>(keys.size());
  if (page->left_out && !now_.error) now_.error = std::move(page->left_out);
  if (keys.empty()) return mark(asked_at, std::move(*page), {});
  lane_.store.load(lane_.mapping, std::move(keys), [this, alive = alive_, asked_at, page = std::move(*page)](Result<std::vector<store::Known>> known) mutable {
    if (!*alive) return;
    if (!known.ok()) {
      now_.error = known.error();
      return end();
    }
    mark(asked_at, std::move(page), *known);
  });
}

void Poller::mark(Instant asked_at, ChangesPage page, const std::vector<store::Known>& known) {
  std::vector<store::DirtyMark> marks;
  for (std::size_t i = 0; i < page.records.size(); ++i) {
    const Record& record = page.records[i];
    const bool seen = i < known.size() && known[i].link && !record.version.empty() && known[i].link->version[side_] == record.version;
    if (seen) continue;
    marks.push_back({side_, record.key, "upsert", "poll", 0, {}});
    if (lane_.capabilities(side_).page_reads) lane_.fresh.put(side_, record, asked_at);
  }
  for (const std::string& key : page.deleted) marks.push_back({side_, key, "delete", "poll", 0, {}});
  now_.marked += static_cast<std::int64_t>(marks.size());
  if (!page.sweep || !lane_.sweep_now) return keep(std::move(marks), page.cursor, page.more);
  lane_.sweep_now(side_, [this, alive = alive_, marks = std::move(marks), cursor = page.cursor, more = page.more](Result<void> asked) mutable {
    if (!*alive) return;
    if (asked.ok()) return keep(std::move(marks), std::move(cursor), more);
    now_.error = std::move(asked).error();
    end();
  });
}

void Poller::keep(std::vector<store::DirtyMark> marks, Value cursor, bool more) {
  if (more && marks.empty() && cursor == asked_) {
    if (!now_.error) now_.error = make_error(Code::kInvalid, "the connector says that more follows and stays at the same cursor: " + json::dump(cursor), "mend `changes` of the connector");
    return end();
  }
  lane_.store.put_polled(lane_.mapping, std::move(marks), side_, cursor, [this, alive = alive_, more, cursor](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) {
      now_.error = stored.error();
      return end();
    }
    if (more) return next_page(cursor);
    end();
  });
}

void Poller::end() {
  under_way_ = false;
  held_.reset();
  last_ = now_;
  if (!now_.error) last_success_ = lane_.around.clock.now();
  const auto alive = alive_;
  const Outcome outcome = last_;
  auto waiting = std::exchange(waiting_, {});
  for (auto& done : waiting) done(outcome);
  if (!*alive) return;
  auto following = std::exchange(following_, {});
  for (auto& done : following) poll(std::move(done));
}

}  // namespace tidewire::sync
