#include "sync/forget_kept.h"

#include "sync/known_ends.h"

namespace tidewire::sync {

using store::Side;
using store::side_name;

namespace {

using Counts = std::map<std::string, std::int64_t>;

void name_sources(store::Forgetting& what, const std::optional<Value>& ends) {
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* end = ends ? ends->find(side_name(side)) : nullptr;
    if (end != nullptr) what.source[side] = {end->string_or("connection"), end->string_or("collection")};
  }
}

}  // namespace

void forget_kept(store::Store& store, const std::string& mapping, SideKey key, const std::string& author,
                 std::function<void(const std::vector<SideKey>& keys, std::function<void()> then)> jobs, Done<Counts> done) {
  store.load(mapping, {key}, [&store, mapping, key, author, jobs = std::move(jobs), done = std::move(done)](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return done(known.error());
    store::Forgetting what{.mapping = mapping, .keys = {key}, .source = {}, .author = author};
    const auto& link = known->front().link;
    const Side there = store::other(key.first);
    if (link && link->key[there]) what.keys.push_back({there, *link->key[there]});
    store.kv_get(KnownEnds::kDrawer, mapping, [&store, what = std::move(what), jobs, done](const Result<std::optional<Value>>& ends) mutable {
      if (!ends.ok()) return done(ends.error());
      name_sources(what, *ends);
      const std::vector<SideKey> keys = what.keys;
      store.forget(std::move(what), [&store, keys, jobs, done](const Result<Counts>& gone) {
        if (!gone.ok()) return done(gone.error());
        jobs(keys, [&store, gone = *gone, done] {
          store.rewrite([gone, done](const Result<void>& written) {
            written.ok() ? done(gone) : done(Error(written.error()).context("the rows are gone, but the file could not be written anew"));
          });
        });
      });
    });
  });
}

}  // namespace tidewire::sync
