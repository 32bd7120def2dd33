#include "sync/belongings/beside.h"

#include "sync/belongings/more_pages.h"
#include "sync/reconcile/lookups.h"

namespace tidewire::sync {

/// A place for each; where one cannot say its own there is none, so that no change goes by before it has one.
void BesidePolls::start(Done<Value> done) {
  auto cursor = std::make_shared<Value>(Object{});  // owners: the callbacks below
  auto left = std::make_shared<std::size_t>(1 + beside_.size());
  auto failed = std::make_shared<std::optional<Error>>();
  (*cursor)[others_] = Value(Object{});
  const auto one = [cursor, left, failed, own = own_, done] {
    if (--*left > 0) return;
    if (*failed) return done(**failed);
    done((*cursor)[own].is_null() ? Value() : *cursor);
  };
  root_.start([cursor, failed, own = own_, one](Result<Value> answer) {
    if (answer.ok()) (*cursor)[own] = std::move(*answer);
    else *failed = std::move(answer).error();
    one();
  });
  for (const Beside& beside : beside_) {
    beside.records->start([cursor, failed, one, others = others_, name = beside.name, asking = asking(beside)](Result<Value> answer) {
      if (answer.ok()) (*cursor)[others][name] = std::move(*answer);
      else *failed = std::move(answer).error().context(asking);
      one();
    });
  }
}

struct BesidePolls::Poll : std::enable_shared_from_this<BesidePolls::Poll> {
  BesidePolls& owner;
  std::shared_ptr<bool> alive;
  Value cursor;
  int limit;
  ChangesPage page;
  MorePages pages{cursor};  // the collection's own are 0, those beside it follow
  Attach attach;
  Done<ChangesPage> done;

  Poll(BesidePolls& whose, Value the_cursor, int the_limit, Attach the_attach, Done<ChangesPage> the_done)
      : owner(whose), alive(whose.alive_), cursor(std::move(the_cursor)), limit(the_limit), attach(std::move(the_attach)), done(std::move(the_done)) {}

  void begin() {
    if (!pages.asks(0)) return from(0);
    const Value* own = cursor.find(owner.own_);
    owner.root_.changes(own == nullptr ? Value() : *own, limit, [self = shared_from_this()](Result<ChangesPage> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error());
      self->pages.note(0, answer->more);
      self->page.deleted = std::move(answer->deleted);
      self->page.left_out = std::move(answer->left_out);
      self->page.sweep |= answer->sweep;
      self->cursor[self->owner.own_] = std::move(answer->cursor);
      self->attach(std::move(answer->records), [self](Result<std::vector<Record>> records) {
        if (!*self->alive) return;
        if (!records.ok()) return self->done(std::move(records).error());
        self->page.records = std::move(*records);
        self->from(0);
      });
    });
  }
  void from(std::size_t number) {
    if (number == owner.beside_.size()) {
      page.more = pages.into(cursor);
      page.cursor = std::move(cursor);
      return done(std::move(page));
    }
    if (!pages.asks(number + 1)) return from(number + 1);
    const Beside& one = owner.beside_[number];
    Value& place = cursor[owner.others_][one.name];
    if (place.is_null()) return begin_one(number);
    if (place.is_bool()) return from(number + 1);
    one.records->changes(place, limit, [self = shared_from_this(), number](Result<ChangesPage> answer) {
      if (!*self->alive) return;
      if (answer.ok()) self->take(number, std::move(*answer));
      else self->leave_out(number, std::move(answer).error());
      self->from(number + 1);
    });
  }
  void take(std::size_t number, ChangesPage answer) {
    const Beside& one = owner.beside_[number];
    const auto hand_out = [&](const std::string& key) { page.records.push_back({watch_key(one.watch, key), "", "", {}, Value(Object{})}); };
    for (const Record& record : answer.records) hand_out(record.key);
    for (const std::string& key : answer.deleted) hand_out(key);
    page.sweep |= answer.sweep;
    pages.note(number + 1, answer.more);
    cursor[owner.others_][one.name] = std::move(answer.cursor);
  }
  void leave_out(std::size_t number, Error error) {
    if (!page.left_out) page.left_out = std::move(error).context(owner.asking(owner.beside_[number]));
  }
  /// One that was not there at the last poll is polled from here on; `false` where it has no place to go on from.
  void begin_one(std::size_t number) {
    const Beside& one = owner.beside_[number];
    one.records->start([self = shared_from_this(), number, name = one.name](Result<Value> answer) {
      if (!*self->alive) return;
      if (answer.ok()) self->cursor[self->owner.others_][name] = answer->is_null() ? Value(false) : std::move(*answer);
      else self->leave_out(number, std::move(answer).error());
      self->from(number + 1);
    });
  }
};

void BesidePolls::changes(Value cursor, int limit, Attach attach, Done<ChangesPage> done) {
  if (cursor.find(others_) == nullptr) cursor = Value(Object{{own_, std::move(cursor)}, {others_, Value(Object{})}});
  std::make_shared<Poll>(*this, std::move(cursor), limit, std::move(attach), std::move(done))->begin();
}

}  // namespace tidewire::sync
