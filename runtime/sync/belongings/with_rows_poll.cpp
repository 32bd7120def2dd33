// Polls of records with their rows: what changed in either is a change of the record. Of a row that is gone the answer may say
// whose it was (ChangesPage::parents); where it does not, a sweep finds it.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/json.h"
#include "sync/belongings/more_pages.h"
#include "sync/belongings/with_rows.h"
#include "sync/reconcile/lookups.h"

namespace tidewire::sync {

/// A place for each: {"parent": cursor, "rows": [cursor, ...]}.
void WithRows::start(Done<Value> done) {
  auto cursor = std::make_shared<Value>(Object{});  // owners: the callbacks below
  auto left = std::make_shared<std::size_t>(1 + tables_.size());
  auto failed = std::make_shared<std::optional<Error>>();
  (*cursor)["rows"] = Value(Array(tables_.size()));
  const auto one = [cursor, left, failed, done] {
    if (--*left > 0) return;
    if (*failed) return done(**failed);
    done((*cursor)["parent"].is_null() ? Value() : *cursor);
  };
  parent_.start([cursor, failed, one](Result<Value> answer) {
    if (answer.ok()) (*cursor)["parent"] = *answer;
    else *failed = answer.error();
    one();
  });
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    tables_[i].rows->start([cursor, failed, one, i](Result<Value> answer) {
      if (answer.ok()) (*cursor)["rows"].as_array()[i] = *answer;
      else *failed = answer.error();
      one();
    });
  }
}

struct WithRows::Poll : std::enable_shared_from_this<WithRows::Poll> {
  WithRows& owner;
  std::shared_ptr<bool> alive;
  Value cursor;
  int limit;
  ChangesPage page;
  MorePages pages{cursor};        // the record's own are 0, those of its tables follow
  std::set<std::string> parents;  // whose rows changed
  Done<ChangesPage> done;

  Poll(WithRows& whose, Value the_cursor, int the_limit, Done<ChangesPage> the_done)
      : owner(whose), alive(whose.alive_), cursor(std::move(the_cursor)), limit(the_limit), done(std::move(the_done)) {}

  void begin() {
    if (!pages.asks(0)) return rows_of(0);
    const Value* own = cursor.find("parent");
    owner.parent_.changes(own == nullptr ? Value() : *own, limit, [self = shared_from_this()](Result<ChangesPage> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error());
      self->pages.note(0, answer->more);
      self->page.deleted = std::move(answer->deleted);
      self->page.left_out = std::move(answer->left_out);
      self->page.sweep |= answer->sweep;
      self->cursor["parent"] = std::move(answer->cursor);
      for (Record& record : answer->records) {
        if (watched_by(record.key)) self->page.records.push_back(std::move(record));  // of a part: leads to records, and cannot be read
        else self->parents.insert(record.key);
      }
      self->rows_of(0);
    });
  }
  void rows_of(std::size_t number) {
    if (number == owner.tables_.size()) return read();
    if (!pages.asks(number + 1)) return rows_of(number + 1);
    const ChildTable& child = owner.tables_[number];
    Value& own = cursor["rows"];
    if (!own.is_array()) own = Value(Array{});
    if (number >= own.as_array().size()) own.as_array().resize(number + 1);
    if (own.as_array()[number].is_null()) return begin_rows(number);
    if (own.as_array()[number].is_bool()) return rows_of(number + 1);
    child.rows->changes(own.as_array()[number], limit, [self = shared_from_this(), number, &child](Result<ChangesPage> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error());
      for (const Record& row : answer->records) {
        const Value* parent = row.fields.find(child.parent);
        if (parent != nullptr && !parent->is_null()) self->parents.insert(parent->is_string() ? parent->as_string() : json::dump(*parent));
      }
      if (const auto gone = answer->parents.find(child.parent); gone != answer->parents.end()) self->parents.insert(gone->second.begin(), gone->second.end());
      self->page.sweep |= answer->sweep;
      self->pages.note(number + 1, answer->more);
      self->cursor["rows"].as_array()[number] = std::move(answer->cursor);
      self->rows_of(number + 1);
    });
  }
  /// A table that the mapping did not have at the last poll is polled from here on; `false` where it has no place to go on from.
  void begin_rows(std::size_t number) {
    owner.tables_[number].rows->start([self = shared_from_this(), number](Result<Value> answer) {
      if (!*self->alive) return;
      if (!answer.ok()) return self->done(std::move(answer).error());
      self->cursor["rows"].as_array()[number] = answer->is_null() ? Value(false) : std::move(*answer);
      self->rows_of(number + 1);
    });
  }
  void read() {
    page.more = pages.into(cursor);
    page.cursor = std::move(cursor);
    if (parents.empty()) return done(std::move(page));
    owner.read({parents.begin(), parents.end()}, [self = shared_from_this()](Result<std::vector<Record>> records) {
      if (!records.ok()) return self->done(std::move(records).error());
      std::move(records->begin(), records->end(), std::back_inserter(self->page.records));
      self->done(std::move(self->page));
    });
  }
};

void WithRows::changes(Value cursor, int limit, Done<ChangesPage> done) {
  // A cursor from before the mapping had rows is the parent's own.
  if (cursor.find("parent") == nullptr) cursor = Value(Object{{"parent", std::move(cursor)}, {"rows", Value(Array(tables_.size()))}});
  std::make_shared<Poll>(*this, std::move(cursor), limit, std::move(done))->begin();
}

}  // namespace tidewire::sync
