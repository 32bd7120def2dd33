#include "sync/batcher.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"

namespace tidewire::sync {
namespace {

/// One kind of request waiting to leave in company.
template <typename Ask, typename Answer>
struct Line {
  struct Waiting {
    Ask ask;
    Done<Answer> done;
    bool patient = false;
  };
  std::deque<Waiting> waiting;
  int under_way = 0;
  int most = 1;
};

template <typename Waiting>
void fail_all(std::vector<Waiting>& asked, const Error& error) {
  for (Waiting& one : asked) one.done(error);
}

/// The remote refused what was asked, rather than not answering.
bool spoiled_by_one(const Error& error) { return error.code == Code::kInvalid || error.code == Code::kBlocked || error.code == Code::kNotFound; }

std::string plain(const std::string& key) { return fold(trim(key)); }

/// By its key without case, for a system that compares keys so (law 20); null where several records have it.
std::map<std::string, const Record*> without_case(const std::vector<Record>& found) {
  std::map<std::string, const Record*> out;
  for (const Record& record : found) {
    const auto [at, is_first] = out.emplace(plain(record.key), &record);
    if (!is_first) at->second = nullptr;
  }
  return out;
}

std::string shape_of(const Query& query) {
  std::string shape;
  for (const Condition& condition : query) shape += condition.field + (condition.fold ? "~" : "=") + ";";
  return shape;
}

}  // namespace

struct Batcher::Shared : std::enable_shared_from_this<Batcher::Shared> {
  Shared(Endpoint& the_endpoint, Poster& the_poster, int the_calls) : endpoint(the_endpoint), poster(the_poster), calls(the_calls) {
    reads.most = endpoint.capabilities().bulk_read;
    finds.most = endpoint.capabilities().bulk_find;
    creates.most = endpoint.capabilities().bulk_create;
    updates.most = endpoint.capabilities().bulk_update;
  }

  Endpoint& endpoint;
  Poster& poster;
  int calls;
  bool flushing = false;
  bool closed = false;
  Line<std::string, std::optional<Record>> reads;
  Line<Query, std::vector<Record>> finds;
  Line<CreateRequest, Record> creates;
  Line<UpdateRequest, Record> updates;
  std::function<bool()> more;  // creates are on their way

  void flush_soon() {
    if (flushing) return;
    flushing = true;
    poster.post([self = shared_from_this()] {
      self->flushing = false;
      self->flush();
    });
  }

  template <typename L>
  auto gather(L& line) {
    std::vector<typename decltype(line.waiting)::value_type> batch;
    while (!line.waiting.empty() && static_cast<int>(batch.size()) < line.most) {
      batch.push_back(std::move(line.waiting.front()));
      line.waiting.pop_front();
    }
    ++line.under_way;
    return batch;
  }

  void flush() {
    while (!closed && !reads.waiting.empty() && reads.under_way < calls) send_reads(gather(reads));
    while (!closed && !finds.waiting.empty() && finds.under_way < calls) send_finds(gather_finds());
    while (!closed && !creates.waiting.empty() && creates.under_way < calls && !gathering()) send_rows(creates, &Endpoint::create);
    while (!closed && !updates.waiting.empty() && updates.under_way < calls) send_rows(updates, &Endpoint::update_many);
  }

  bool gathering() const {
    const auto& waiting = creates.waiting;
    return static_cast<int>(waiting.size()) < creates.most && more && std::all_of(waiting.begin(), waiting.end(), [](const auto& one) { return one.patient; }) && more();
  }

  /// Queries of one shape share a call.
  std::vector<Line<Query, std::vector<Record>>::Waiting> gather_finds() {
    std::vector<Line<Query, std::vector<Record>>::Waiting> batch;
    const std::string shape = shape_of(finds.waiting.front().ask);
    for (auto it = finds.waiting.begin(); it != finds.waiting.end() && static_cast<int>(batch.size()) < finds.most;) {
      if (shape_of(it->ask) != shape) {
        ++it;
        continue;
      }
      batch.push_back(std::move(*it));
      it = finds.waiting.erase(it);
    }
    ++finds.under_way;
    return batch;
  }

  void send_reads(std::vector<Line<std::string, std::optional<Record>>::Waiting> batch) {
    std::vector<std::string> keys;
    for (const auto& one : batch) keys.push_back(one.ask);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    auto asked = std::make_shared<decltype(batch)>(std::move(batch));  // owner: the callback, which must be copyable
    endpoint.read(std::move(keys), [self = shared_from_this(), asked](Result<std::vector<Record>> answer) {
      --self->reads.under_way;
      self->flush_soon();
      if (!answer.ok() && asked->size() > 1 && spoiled_by_one(answer.error())) return self->read_singly(*asked);
      if (!answer.ok()) return fail_all(*asked, answer.error());
      std::map<std::string, const Record*> found;
      for (const Record& record : *answer) found[record.key] = &record;
      const auto loosely = without_case(*answer);
      const bool alone = std::all_of(asked->begin(), asked->end(), [&](const auto& one) { return one.ask == asked->front().ask; });
      std::vector<Line<std::string, std::optional<Record>>::Waiting> unsure;
      for (auto& one : *asked) {
        const auto it = found.find(one.ask);
        const auto near = it == found.end() ? loosely.find(plain(one.ask)) : loosely.end();
        const Record* record = it != found.end() ? it->second : (near != loosely.end() ? near->second : nullptr);
        if (record != nullptr && it == found.end() && !alone) unsure.push_back(std::move(one));  // it may have been found by its own spelling alone
        else one.done(record == nullptr ? std::optional<Record>() : std::optional<Record>(*record));
      }
      self->read_singly(unsure);
    });
  }

  /// One key may spoil a batch for all; alone, each answers for itself.
  void read_singly(std::vector<Line<std::string, std::optional<Record>>::Waiting>& asked) {
    for (auto& one : asked) {
      ++reads.under_way;
      std::vector<Line<std::string, std::optional<Record>>::Waiting> alone;
      alone.push_back(std::move(one));
      send_reads(std::move(alone));
    }
  }

  void send_finds(std::vector<Line<Query, std::vector<Record>>::Waiting> batch) {
    std::vector<Query> queries;
    for (const auto& one : batch) queries.push_back(one.ask);
    auto asked = std::make_shared<decltype(batch)>(std::move(batch));
    endpoint.find(std::move(queries), [self = shared_from_this(), asked](Result<std::vector<std::vector<Record>>> answer) {
      --self->finds.under_way;
      self->flush_soon();
      if (!answer.ok() && asked->size() > 1 && spoiled_by_one(answer.error())) return self->find_singly(*asked);
      if (!answer.ok()) return fail_all(*asked, answer.error());
      for (std::size_t i = 0; i < asked->size(); ++i) {
        if (i < answer->size()) (*asked)[i].done(std::move((*answer)[i]));
        else (*asked)[i].done(make_error(Code::kUnavailable, "find answered fewer lists than were asked"));
      }
    });
  }

  void find_singly(std::vector<Line<Query, std::vector<Record>>::Waiting>& asked) {
    for (auto& one : asked) {
      ++finds.under_way;
      std::vector<Line<Query, std::vector<Record>>::Waiting> alone;
      alone.push_back(std::move(one));
      send_finds(std::move(alone));
    }
  }

  /// Creates or updates: one answer per row.
  template <typename Ask>
  void send_rows(Line<Ask, Record>& line, void (Endpoint::*send)(std::vector<Ask>, Done<std::vector<Result<Record>>>)) {
    auto asked = std::make_shared<decltype(gather(line))>(gather(line));
    std::vector<Ask> requests;
    for (const auto& one : *asked) requests.push_back(one.ask);
    (endpoint.*send)(std::move(requests), [self = shared_from_this(), &line, asked](Result<std::vector<Result<Record>>> answer) {
      --line.under_way;
      self->flush_soon();
      if (!answer.ok()) return fail_all(*asked, answer.error());
      for (std::size_t i = 0; i < asked->size(); ++i) {
        if (i < answer->size()) (*asked)[i].done(std::move((*answer)[i]));
        else (*asked)[i].done(make_error(Code::kUnknown, "fewer rows were answered than were sent"));
      }
    });
  }
};

Batcher::Batcher(Endpoint& endpoint, Poster& poster, int calls)
    : endpoint_(endpoint), shared_(std::make_shared<Shared>(endpoint, poster, calls)) {}

Batcher::~Batcher() { shared_->closed = true; }

void Batcher::read(std::string key, Done<std::optional<Record>> done) {
  shared_->reads.waiting.push_back({std::move(key), std::move(done)});
  shared_->flush_soon();
}

void Batcher::find(Query query, Done<std::vector<Record>> done) {
  shared_->finds.waiting.push_back({std::move(query), std::move(done)});
  shared_->flush_soon();
}

void Batcher::create(CreateRequest request, Done<Record> done, bool patient) {
  shared_->creates.waiting.push_back({std::move(request), std::move(done), patient});
  shared_->flush_soon();
}

void Batcher::gather_while(std::function<bool()> more) { shared_->more = std::move(more); }

void Batcher::look() {
  if (!shared_->creates.waiting.empty()) shared_->flush_soon();
}

std::size_t Batcher::waiting_creates() const { return shared_->creates.waiting.size(); }

void Batcher::update(UpdateRequest request, Done<Record> done) {
  if (shared_->updates.most == 1) return endpoint_.update(std::move(request.key), std::move(request.values), std::move(request.guard), std::move(done));
  shared_->updates.waiting.push_back({std::move(request), std::move(done)});
  shared_->flush_soon();
}

}  // namespace tidewire::sync
