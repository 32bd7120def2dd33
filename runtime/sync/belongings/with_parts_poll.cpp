// Polls of records with their parts. A part that changed, moved to another record or went away is handed out under a key that
// leads to those whose it is and was (reconcile/parts.cpp).
#include "sync/reconcile/lookups.h"
#include "sync/belongings/more_pages.h"
#include "sync/belongings/with_parts.h"

namespace tidewire::sync {

/// A place for each: {"root": cursor, "parts": {name: cursor}}.
void WithParts::start(Done<Value> done) {
  auto cursor = std::make_shared<Value>(Object{});  // owners: the callbacks below
  auto left = std::make_shared<std::size_t>(1 + parts_.size());
  auto failed = std::make_shared<std::optional<Error>>();
  (*cursor)["parts"] = Value(Object{});
  const auto one = [cursor, left, failed, done] {
    if (--*left > 0) return;
    if (*failed) return done(**failed);
    done((*cursor)["root"].is_null() ? Value() : *cursor);
  };
  root_.start([cursor, failed, one](Result<Value> answer) {
    if (answer.ok()) (*cursor)["root"] = *answer;
    else *failed = answer.error();
    one();
  });
  for (const Part& part : parts_) {
    part.records->start([cursor, failed, one, name = part.name](Result<Value> answer) {
      if (answer.ok()) (*cursor)["parts"][name] = *answer;
      else *failed = answer.error();
      one();
    });
  }
}

struct WithParts::Poll : std::enable_shared_from_this<WithParts::Poll> {
  WithParts& owner;
  std::shared_ptr<bool> alive;
  Value cursor;
  int limit;
  ChangesPage page;
  MorePages pages{cursor};  // the root's are 0, those of its parts follow
  Done<ChangesPage> done;

  Poll(WithParts& whose, Value the_cursor, int the_limit, Done<ChangesPage> the_done)
      : owner(whose), alive(whose.alive_), cursor(std::move(the_cursor)), limit(the_limit), done(std::move(the_done)) {}

  void begin() {
    if (!pages.asks(0)) return parts_from(0);
    const Value* own = cursor.find("root");
    owner.root_.changes(own == nullptr ? Value() : *own, limit, [self = shared_from_this()](Result<ChangesPage> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error());
      self->pages.note(0, answer->more);
      self->page.deleted = std::move(answer->deleted);
      self->cursor["root"] = std::move(answer->cursor);
      self->owner.attach(std::move(answer->records), [self](Result<std::vector<Record>> records) {
        if (!*self->alive) return;
        if (!records.ok()) return self->done(std::move(records).error());
        self->page.records = std::move(*records);
        self->parts_from(0);
      });
    });
  }
  void parts_from(std::size_t number) {
    if (number == owner.parts_.size()) {
      page.more = pages.into(cursor);
      page.cursor = std::move(cursor);
      return done(std::move(page));
    }
    if (!pages.asks(number + 1)) return parts_from(number + 1);
    const Part& part = owner.parts_[number];
    Value& own = cursor["parts"][part.name];
    if (own.is_null()) return begin_part(number);
    if (own.is_bool()) return parts_from(number + 1);
    part.records->changes(own, limit, [self = shared_from_this(), number, &part](Result<ChangesPage> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error().context("asking for changes of the part '" + part.name + "'"));
      for (const Record& record : answer->records) self->page.records.push_back({part_watch_key(part.name, record.key), "", "", {}, Value(Object{})});
      for (const std::string& key : answer->deleted) self->page.records.push_back({part_watch_key(part.name, key), "", "", {}, Value(Object{})});
      self->pages.note(number + 1, answer->more);
      self->cursor["parts"][part.name] = std::move(answer->cursor);
      self->parts_from(number + 1);
    });
  }
  /// A part that the mapping did not have at the last poll is polled from here on; `false` where it has no place to go on from.
  void begin_part(std::size_t number) {
    const Part& part = owner.parts_[number];
    part.records->start([self = shared_from_this(), number, &part](Result<Value> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error().context("asking for changes of the part '" + part.name + "'"));
      self->cursor["parts"][part.name] = answer->is_null() ? Value(false) : std::move(*answer);
      self->parts_from(number + 1);
    });
  }
};

void WithParts::changes(Value cursor, int limit, Done<ChangesPage> done) {
  // A cursor from before the mapping had parts is the record's own.
  if (cursor.find("root") == nullptr) cursor = Value(Object{{"root", std::move(cursor)}, {"parts", Value(Object{})}});
  std::make_shared<Poll>(*this, std::move(cursor), limit, std::move(done))->begin();
}

}  // namespace tidewire::sync
