#include "store/jobs.h"

#include "base/json.h"
#include "store/codec.h"
#include "store/dirty_keys.h"
#include "store/verb.h"

namespace tidewire::store {

namespace {

constexpr std::int64_t kKeptFindings = 10000;

Result<void> add_findings(Database& database, const std::string& job, const std::vector<Finding>& findings) {
  if (findings.empty()) return {};
  std::int64_t n = TRY(number(database, "SELECT max(n) FROM findings WHERE job = ?", 0, job));
  for (const Finding& one : findings) {
    if (n >= kKeptFindings) return {};
    TRY(execute(database, "INSERT INTO findings (job, n, kind, left_key, right_key, record) VALUES (?, ?, ?, ?, ?, ?)",
                job, ++n, one.kind, one.key.left, one.key.right, json::dump(one.record)));
  }
  return {};
}

Result<Paged<Finding>> find_findings(Database& database, const std::string& job, const std::string& kind,
                                     const Page& page) {
  static const std::string sql = select_text(
      kFindingColumns, "findings WHERE job = ?1 AND (?2 = '' OR kind = ?2) AND n > ?3 ORDER BY n LIMIT ?4");
  const std::int64_t after = TRY(row_mark(page.after, 0));
  Query query(database, sql, job, kind, after, page.limit);
  Paged<Finding> found;
  found.rows = TRY(read_all(query, read_finding));
  if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0)
    found.next = std::to_string(found.rows.back().n);
  return found;
}

}  // namespace

Result<void> write_job(Database& database, const Job& job, Instant now) {
  TRY(execute(database,
              "INSERT INTO jobs (id, batch, position, mapping, kind, state, options, cursor, done, total, failed, "
              "summary, author, created_at, updated_at) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = "
              "excluded.state, options = excluded.options, cursor = excluded.cursor, done = excluded.done, total = "
              "excluded.total, failed = excluded.failed, summary = excluded.summary, updated_at = excluded.updated_at",
              job.id, job.batch.empty() ? job.id : job.batch, job.position, job.mapping, job.kind, job.state,
              json::dump(job.options), dumped(job.cursor), job.done, job.total, job.failed, json::dump(job.summary),
              job.author, job.created_at == Instant{} ? now : job.created_at, now));
  return {};
}

void Store::save_job(Job job, Done<void> done) {
  write_verb(executor_, std::move(done),
             [job = std::move(job), now = clock_.now()](Database& database) { return write_job(database, job, now); });
}

void Store::save_jobs(std::vector<Job> jobs, Done<void> done) {
  write_verb(executor_, {CrashPoint::kJobInTransaction, CrashPoint::kJobStored}, std::move(done),
             [jobs = std::move(jobs), now = clock_.now()](Database& database) -> Result<void> {
               for (const Job& job : jobs) TRY(write_job(database, job, now));
               return {};
             });
}

void Store::jobs(std::string mapping, bool open_only, Done<std::vector<Job>> done) {
  read_verb(executor_, std::move(done), [mapping = std::move(mapping), open_only](Database& database) {
    static const std::string open = select_text(
        kJobColumns,
        "jobs WHERE (?1 = '' OR mapping = ?1) AND state IN ('queued', 'running', 'paused') ORDER BY created_at DESC, "
        "batch DESC, position DESC");
    static const std::string all = select_text(
        kJobColumns, "jobs WHERE (?1 = '' OR mapping = ?1) ORDER BY created_at DESC, batch DESC, position DESC");
    Query query(database, open_only ? open : all, mapping);
    return read_all(query, read_job);
  });
}

void Store::batches(bool open_only, Page page, Done<Paged<std::vector<Job>>> done) {
  list_verb(executor_, std::move(done), [open_only, page = std::move(page)](Database& database) -> Result<Paged<std::vector<Job>>> {
    static const std::string of_batch = select_text(kJobColumns, "jobs WHERE batch = ? ORDER BY position");
    Query ids(database, std::string("SELECT DISTINCT batch FROM jobs WHERE batch < ?1") + (open_only ? " AND state IN ('queued', 'running', 'paused')" : "") + " ORDER BY batch DESC LIMIT ?2",
              page.after.empty() ? "~" : page.after, page.limit);
    Paged<std::vector<Job>> found;
    std::string last;
    while (TRY(ids.next())) {
      last = ids.text(0);
      Query rows(database, of_batch, last);
      found.rows.push_back(TRY(read_all(rows, read_job)));
    }
    if (static_cast<std::int64_t>(found.rows.size()) == page.limit && page.limit > 0) found.next = last;
    return found;
  });
}

void Store::batch(std::string id, Done<std::vector<Job>> done) {
  read_verb(executor_, std::move(done), [id = std::move(id)](Database& database) {
    static const std::string sql = select_text(
        kJobColumns, "jobs WHERE batch = (SELECT batch FROM jobs WHERE id = ?) ORDER BY position");
    Query query(database, sql, id);
    return read_all(query, read_job);
  });
}

void Store::put_job_page(JobPage page, Done<void> done) {
  write_verb(executor_, {CrashPoint::kJobPageInTransaction, CrashPoint::kJobPageStored}, std::move(done),
             [page = std::move(page), now = clock_.now()](Database& database) -> Result<void> {
               TRY(add_marks(database, page.job.mapping, page.marks, now));
               TRY(add_findings(database, page.job.id, page.findings));
               return write_job(database, page.job, now);
             });
}

void Store::findings(std::string job, std::string kind, Page page, Done<Paged<Finding>> done) {
  list_verb(executor_, std::move(done),
            [job = std::move(job), kind = std::move(kind), page = std::move(page)](Database& database) {
              return find_findings(database, job, kind, page);
            });
}

void Store::drop_findings(std::string job, Done<void> done) {
  write_verb(executor_, std::move(done), [job = std::move(job)](Database& database) -> Result<void> {
    TRY(execute(database, "DELETE FROM findings WHERE job = ?", job));
    return {};
  });
}

}  // namespace tidewire::store
