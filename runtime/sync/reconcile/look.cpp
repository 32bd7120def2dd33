#include "sync/reconcile/look.h"

namespace tidewire::sync {

namespace {

/// "creates" for the write "create"; null for a kind that is no write.
const char* counted_as(const std::string& write) {
  if (write == "create") return "creates";
  if (write == "update") return "updates";
  if (write == "delete" || write == "soft delete") return "deletes";
  return nullptr;
}

}  // namespace

void look(Lane& lane, std::shared_ptr<Mapper> mapper, SideKey key, PassOptions options, std::function<void(Report)> done) {
  const auto again = [&lane, held = lane.owners.hold(), mapper, key, options, done] { look(lane, mapper, key, options, done); };
  if (!lane.owners.claim(key)) return lane.owners.when_free(key, again);
  options.dry = options.dry || options.reversals.empty();
  start_pass(lane, mapper, key, options, [&lane, again, done](Report report) {
    if (report.end != Report::End::kBusy || !report.busy) return done(std::move(report));
    if (lane.owners.owned(*report.busy)) lane.owners.when_free(*report.busy, again);
    else lane.around.poster.post(again);
  });
}

void look_at_all(Lane& lane, std::shared_ptr<Mapper> mapper, std::vector<SideKey> keys, PassOptions options, std::function<void(std::vector<Report>)> done) {
  struct Looking {
    std::vector<Report> reports;
    std::size_t left;
    std::function<void(std::vector<Report>)> done;
  };
  if (keys.empty()) return lane.around.poster.post([done = std::move(done)] { done({}); });
  const auto looking = std::make_shared<Looking>();  // owners: the callbacks below
  looking->reports.resize(keys.size());
  looking->left = keys.size();
  looking->done = std::move(done);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    look(lane, mapper, keys[i], options, [looking, i](Report report) {
      looking->reports[i] = std::move(report);
      if (--looking->left == 0) looking->done(std::move(looking->reports));
    });
  }
}

bool decided(const store::Operation& operation, const char* decision) {
  const Value* fields = operation.record.find("fields");
  if (fields == nullptr || !fields->is_object()) return false;
  for (const auto& [name, field] : fields->as_object()) {
    if (field.string_or("decision") == decision) return true;
  }
  return false;
}

std::vector<std::string> kinds_of(const Report& report) {
  std::vector<std::string> kinds;
  const store::Operation& operation = report.operation;
  if (report.error) kinds.emplace_back("stopped");
  const Value* writes = operation.record.find("writes");
  if (writes != nullptr && writes->is_array()) {
    for (const Value& write : writes->as_array()) {
      if (const char* name = counted_as(write.string_or("kind"))) kinds.emplace_back(name);
    }
  }
  if (!operation.id.empty() && operation.kind == "link") kinds.emplace_back("links");
  if (decided(operation, "conflict")) kinds.emplace_back("conflicts");
  return kinds;
}

store::Finding finding_of(const Report& report, std::string kind) {
  const store::Operation& operation = report.operation;
  store::Finding out;
  out.kind = std::move(kind);
  out.key = operation.key;
  out.record = Value(Object{{"kind", operation.kind}, {"outcome", operation.outcome}});
  for (const char* part : {"writes", "fields"}) {
    if (const Value* value = operation.record.find(part)) out.record[part] = *value;
  }
  if (!report.after.empty()) out.record["after"] = Value(Array(report.after.begin(), report.after.end()));
  if (report.error) {
    Object error{{"code", code_name(report.error->code)}, {"message", report.error->message}};
    if (!report.error->hint.empty()) error["hint"] = report.error->hint;
    out.record["error"] = Value(std::move(error));
  }
  return out;
}

}  // namespace tidewire::sync
