#include "simulate/world.h"

#include "base/json.h"
#include "base/text.h"
#include "simulate/side_words.h"
#include "store/migrate.h"

namespace tidewire::simulate {

namespace {

std::unique_ptr<store::Database> fresh_state(const std::string& sql) {
  auto database = store::Database::open(":memory:");
  ASSERT(database.ok(), "a state in memory opens");
  ASSERT(store::migrate(**database).ok(), "the schema applies");
  if (!sql.empty()) ASSERT((*database)->exec(sql).ok(), "the test's triggers apply");
  return std::move(*database);
}

}  // namespace

World::World(std::uint64_t seed, const Profile& profile, std::set<std::string> left_out, const Wraps& wraps, bool noting, int order)
    : seed_(seed), profile_(profile), wraps_(wraps), noting_(noting), order_(order), faults_(seed, profile, std::move(left_out)), random_(seed ^ 0x5EED), database_(fresh_state(wraps.sql)),
      disk_(*database_, time_, faults_), store_(disk_, time_), left_(Side::kLeft, profile, time_, faults_, ledger_, events()),
      right_(Side::kRight, profile, time_, faults_, ledger_, events()), judge_(time_, faults_, [this](const std::string& line) { note(line); }), grown_(profile.revised) {
  plain_mapper_ = std::make_shared<BuiltInMapper>(profile, seed, grown_);
  if (wraps.sample) plain_mapper_ = wraps.sample->mapper();
  else ledger_.watch_group(won_together(profile, seed), profile.grouped && is_group(seed));
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (wraps.sample) this->side(side).set_defaults(wraps.sample->defaults(side));
  }
  mapper_ = std::make_shared<ShakyMapper>(plain_mapper_, faults_);
  if (wraps_.mapper) mapper_ = wraps_.mapper(mapper_);
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (wraps_.endpoint) wrapped_[side] = wraps_.endpoint(this->side(side), side, time_);
  }
  start_engine();
  if (!profile_.polls) return;
  faults_.calm();  // the cursors are fixed before anything is lost
  poll();
  run(std::chrono::seconds(1));
  faults_.calm(false);
}

World::~World() { stop_engine(); }

SideEvents World::events() {
  SideEvents events;
  events.changed = [this](Side side, const std::string& key, const std::string& event) { changed(side, key, event); };
  events.between = [this](Side side, const std::string& key) {
    if (samples() && this->side(side).rows().contains(key)) return edit_sample(side, key);
    const auto row = this->side(side).rows().find(key);
    const int thing = row == this->side(side).rows().end() ? -1 : ledger_.thing_of(row->second.fields);
    if (thing < 0) return;
    const std::string& field = edited_fields(profile_)[faults_.number("field between", edited_fields(profile_).size())];
    edit_row(side, key, thing, field, faults_.number("parts between", 7));
  };
  if (profile_.mended || profile_.grouped) events.written = [this](Side side, const std::string& key, const Value* values) { look_at_written(side, key, values); };
  if (profile_.retyped) {
    events.written = [this](Side side, const std::string& key, const Value* values) {
      const int thing = ledger_.thing_of(this->side(side).rows().at(key).fields);
      if (values == nullptr) return;
      retyped_.written(side, thing, shown_of(thing), *values);
      // Soon, while nobody may know yet what became of the write.
      if (faults_.is_calm() || faults_.number("typed again", 2) != 0) return;
      time_.outside(faults_.between("typed again after", std::chrono::milliseconds(1), std::chrono::seconds(3)), [this, side, thing] {
        for (const std::string& cell : Retyped::cells()) retype(side, thing, cell, true);
      });
    };
  }
  if (noting_) events.note = [this](const std::string& line) { note(line); };
  events.wrong = [this](std::string law, std::string what) { wrongs_.emplace_back(std::move(law), std::move(what)); };
  return events;
}

void World::note(const std::string& line) {
  if (!noting_) return;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time_.ticks() - Ticks(std::chrono::hours(1000))).count();
  notes_.push_back(format("%9.3f  ", static_cast<double>(since) / 1000) + line);
}

void World::on_operation(const store::Operation& operation) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (operation.key.left && operation.key.right) linked_.insert({side, *operation.key[side]});
  }
  if (!noting_) return;
  std::string fields;
  if (const Value* decided = operation.record.find("fields"); decided != nullptr && decided->is_object()) {
    for (const auto& [name, field] : decided->as_object()) fields += " " + name + "=" + field.string_or("decision");
  }
  const Value* error = operation.record.at_path("error.message");
  note("engine: " + operation.kind + " " + operation.outcome + " " + operation.key.left.value_or("-") + "/" + operation.key.right.value_or("-") + fields + (error != nullptr ? " " + error->as_string() : ""));
}

void World::on_retry(const std::string&, Side side, const std::string& key, const Error& error, Instant) {
  note("engine: " + word_of(side, "") + key + " stands: " + error.message);
}

// the engine's life

void World::start_engine() {
  engine_ = std::make_unique<sync::Engine>(store_, sync::Surroundings{time_, time_, time_, random_, *this, &judge_});
  engine_->put(mapper_, ends());
  engine_->start(false);
}

Sides<sync::Endpoint*> World::ends() {
  Sides<sync::Endpoint*> ends{&left_, &right_};
  for (const Side side : {Side::kLeft, Side::kRight}) {
    if (wrapped_[side]) ends[side] = wrapped_[side].get();
  }
  return ends;
}

void World::crash() {
  note("the engine dies");
  stop_engine();
  time_.outside(faults_.between("down for", Duration(0), std::chrono::seconds(20)), [this] {
    note("the engine begins again");
    start_engine();
  });
}

void World::stop_engine() {
  time_.forget_engine();
  for (const Side side : {Side::kLeft, Side::kRight}) this->side(side).lose_answers();
  engine_.reset();
  while (!forgetting_.empty()) forgotten(*forgetting_.begin());
}

void World::run(Duration span) {
  const Ticks until = time_.ticks() + span;
  const std::uint64_t limit = time_.steps() + 20'000;
  while (!runaway_) {
    const auto step = time_.step(until);
    if (step == VirtualTime::Step::kNone) return;
    if (step == VirtualTime::Step::kEngine && engine_ && faults_.strikes(Fault::kCrash, "step")) crash();
    runaway_ = time_.steps() > limit;
  }
}

void World::sweep() {
  if (!engine_) return;
  sync::Engine::SyncOptions options;
  options.mapping = mapper_->plan().name;
  options.absences = true;
  engine_->sync(options, {}, [](Result<store::Job>) {});
}

void World::sweep_all() {
  if (!engine_) return;
  sync::Engine::SyncOptions options;
  options.mapping = mapper_->plan().name;
  options.all = true;
  engine_->sync(options, {}, [](Result<store::Job>) {});
}

void World::retry() {
  const std::string mapping = mapper_->plan().name;
  store_.retry(mapping, std::nullopt, [this, mapping](Result<std::int64_t> again) {
    if (again.ok() && engine_) engine_->wake(mapping);
  });
}

void World::put_mapping(bool grown) {
  grown_ = grown;
  plain_mapper_ = std::make_shared<BuiltInMapper>(profile_, seed_, grown);
  mapper_ = std::make_shared<ShakyMapper>(plain_mapper_, faults_);
  if (wraps_.mapper) mapper_ = wraps_.mapper(mapper_);
  if (engine_) engine_->put(mapper_, ends());
}

void World::release() {
  if (engine_) engine_->release(mapper_->plan().name, "", [](Result<std::int64_t>) {});
}

void World::poll() {
  if (engine_) engine_->poll_all([](std::vector<Error>) {});
}

// webhooks

void World::changed(Side side, const std::string& key, const std::string& event) {
  const std::string where = word_of(side, "webhook");
  if (wraps_.hook && !wraps_.hook(side, key, time_)) return;
  if (faults_.strikes(Fault::kHookLost, where)) return note(where + " for " + key + " is lost");
  const std::string id = std::string(store::side_name(side)) + std::to_string(++deliveries_);
  const int copies = faults_.strikes(Fault::kHookTwice, where) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    const bool late = faults_.strikes(Fault::kHookLate, where);
    const Duration way = late ? faults_.between(where + " late" + std::string(static_cast<std::size_t>(order_), '+'), std::chrono::milliseconds(20), std::chrono::seconds(90)) : faults_.between(where + " way", std::chrono::milliseconds(1), std::chrono::milliseconds(30));
    ++unheard_;
    // Some systems name their deliveries, some do not: the second copy comes with and without one.
    const std::string named = faults_.number("named", 2) == 0 ? id : "";
    time_.outside(way, [this, side, key, event, named] { deliver(side, key, event, named); });
  }
}

/// Sent again until it is acknowledged, as a proper system does.
void World::deliver(Side side, const std::string& key, const std::string& event, const std::string& id) {
  const auto heard = std::make_shared<bool>(false);  // owners: the acknowledgement and the sender's patience
  if (engine_) {
    store::Change change;
    change.connection = mapper_->plan().end[side].connection;
    change.collection = mapper_->plan().end[side].collection;
    change.key = key;
    change.event = event;
    change.delivery_id = id;
    store_.put({change}, [this, heard](Result<std::int64_t> stored) {
      *heard = stored.ok();
      if (stored.ok() && engine_) engine_->received();
    });
  }
  time_.outside(std::chrono::seconds(5), [this, heard, side, key, event, id] {
    if (*heard) --unheard_;
    else deliver(side, key, event, id);
  });
}

void World::hook_everything(int times) {
  for (int i = 0; i < times; ++i) {
    for (const Side side : {Side::kLeft, Side::kRight}) {
      for (const auto& [key, row] : this->side(side).rows()) changed(side, key, "upsert");
    }
  }
}

}  // namespace tidewire::simulate
