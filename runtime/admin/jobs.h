// jobs.h — work asked for by a person, as the API shows it: a batch with a part per mapping.
//
// The jobs themselves are the engine's and durable (sync/jobs/jobs.h); a load of a million records outlives any HTTP request, so
// a caller starts one and then asks how far it is.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/answer.h"
#include "admin/ports.h"
#include "store/types.h"

namespace tidewire::admin {

struct SyncRequest {
  struct Part {
    std::string mapping;
    bool left = true, right = true;  // whose changes travel
  };
  std::vector<Part> parts;           // worked off in this order
  std::optional<std::pair<store::Side, std::string>> key{};  // of the only part
  std::string from{}, to{};          // keys between these
  std::int64_t limit = 0;            // keys of each part, 0 = all
  bool dry_run = false;              // finds out what would be written, and writes nothing
  bool all = false;                  // resync: also what looks level
  bool sweep = false;                // looks for what was deleted, too
  bool staged = false;               // writes nothing before its conflicts are decided
  bool triggered = false;            // joins no job under way: it must begin to read after it was asked for
  std::string author{};              // who asked, "" = nobody in particular
};

/// Starts them; how far they are, view_batch tells.
class Jobs {
 public:
  explicit Jobs(Control& control) : control_(control) {}
  /// The id under which it can be asked for; `stored` once it can.
  std::string start(const SyncRequest& request, Done<std::string> stored = [](Result<std::string>) {});
  void view(const std::string& id, Done<Value> done);

 private:
  Control& control_;
};

/// The jobs that do it, one per part.
std::vector<store::Job> jobs_of(const SyncRequest& request, const sync::Engine& engine);

/// {id, kind, state = running | paused | done | failed | cancelled, started_at, finished_at, author, undecided (of its staged parts), trouble = {message, since,
/// again_at} while a system keeps it waiting, waits_for = {text, job, undecided} while another job of the mapping, or its mapping, keeps it from
/// beginning, parts = [{job, mapping,
/// state = queued | listing | staged (with `undecided`) | working | paused | done | failed | cancelled, marked, looked_at, counts, before, events, found, error}]}.
/// `rules` = {field = {rule = records}}: of the records that both sides have, what the rules make of each field that is not the same.
/// Of an adoption also `at_once` (sync/jobs/preview.h). `before` are the counters as it began, `events` is what they moved by. Of a job that looks only, also {looked_at, found}, and once it has ended what it
/// found, at most 1000: as `writes` of a dry run, as `findings` of any other; `more` where there is more.
void view_batch(Control& control, const std::string& id, Done<Value> done);
Error no_job(const std::string& id);
/// 202 and where to ask.
void answer_job(const SharedReply& reply, const Result<std::string>& batch);
/// A page of batches, newest first, without counts.
void list_batches(Control& control, bool open_only, store::Page page, Done<store::Paged<Value>> done);

}  // namespace tidewire::admin
