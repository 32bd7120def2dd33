// Why a value is what it is, and what a pass would do now.
#include <algorithm>
#include <set>

#include "admin/api/api.h"
#include "admin/explain.h"
#include "admin/named.h"
#include "admin/views.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr std::int64_t kPage = 200;
constexpr int kPages = 25;  // a record that is older than so many operations is told from its base
constexpr std::size_t kHistory = 5;

/// Reads what is known of one record, then tells it. Shared: the callback under way and nobody else.
class Asking : public std::enable_shared_from_this<Asking> {
 public:
  Asking(Control& control, Named named, std::string field, SharedReply reply) : control_(control), named_(std::move(named)), field_(std::move(field)), reply_(std::move(reply)) {}

  void start() {
    find_side(control_, named_, [self = shared_from_this()](Result<store::Side> side) {
      if (!side.ok()) return self->fail(side.error());
      self->evidence_.side = *side;
      self->evidence_.key = self->named_.key;
      self->control_.store().load(self->named_.mapping, {{*side, self->named_.key}}, [self](Result<std::vector<store::Known>> known) {
        if (!known.ok()) return self->fail(known.error());
        self->evidence_.known = std::move(known->front());
        self->next_page("");
      });
    });
  }

 private:
  void next_page(const std::string& after) {
    store::OperationFilter filter;
    filter.mapping = named_.mapping;
    if (evidence_.known.link) filter.link = evidence_.known.link->id;
    else filter.key = named_.key, filter.key_side = evidence_.side;
    control_.store().operations(std::move(filter), {kPage, after}, [self = shared_from_this()](Result<store::Paged<store::Operation>> page) {
      if (!page.ok()) return self->fail(page.error());
      for (const store::Operation& operation : page->rows) self->gather(operation);
      const bool more = !page->next.empty() && ++self->pages_ < kPages && !self->complete();
      if (more) return self->next_page(page->next);
      self->next_script();
    });
  }

  void gather(const store::Operation& operation) {
    if (operation.record.find("load") != nullptr) {
      evidence_.loaded = operation;
      return;
    }
    const Value* fields = operation.record.find("fields");
    const bool any = fields != nullptr && fields->is_object() && !fields->as_object().empty();
    if (any) {
      for (const auto& [name, decided] : fields->as_object()) {
        if (settles(operation, decided)) evidence_.decided.try_emplace(name, operation);
        else if (!evidence_.decided.contains(name)) evidence_.tried.try_emplace(name, operation);
      }
    }
    gather_earlier(operation);
    const bool whole = !any || operation.author || operation.outcome == "dead" || operation.outcome == "held";
    if (whole && evidence_.history.size() < kHistory) evidence_.history.push_back(operation);
  }

  /// What was written before the sides were merged again is in the base, and not among the last decisions.
  void gather_earlier(store::Operation operation) {
    const sync::Plan* plan = control_.engine().plan(named_.mapping);
    const Value* earlier = operation.record.find("earlier");
    if (plan == nullptr || earlier == nullptr || !earlier->is_array()) return;
    const Array attempts = earlier->as_array();
    for (auto attempt = attempts.rbegin(); attempt != attempts.rend(); ++attempt) {
      if (!attempt->is_object()) continue;
      for (const auto& [name, decided] : attempt->as_object()) {
        const sync::Field* field = plan->field(name);
        if (field == nullptr || !carries(operation, *field, decided)) continue;
        operation.record["fields"][name] = decided;
        evidence_.decided.try_emplace(name, operation);
      }
    }
  }

  bool complete() const {
    const sync::Plan* plan = control_.engine().plan(named_.mapping);
    if (plan == nullptr || evidence_.loaded) return true;  // nothing is older than the load
    if (!field_.empty()) {
      const sync::Field* named = plan->named(field_);
      return named == nullptr || evidence_.decided.contains(named->name);
    }
    return std::all_of(plan->fields.begin(), plan->fields.end(), [&](const sync::Field& one) { return one.kind == sync::Field::Kind::kConstant || evidence_.decided.contains(one.name); });
  }

  void next_script() {
    std::vector<std::string> hashes;
    for (const auto& [name, operation] : evidence_.decided) hashes.push_back(operation.script);
    if (evidence_.loaded) hashes.push_back(evidence_.loaded->script);
    for (const std::string& hash : hashes) {
      if (hash.empty() || !asked_.insert(hash).second) continue;
      return control_.store().script(hash, [self = shared_from_this(), hash](Result<Value> script) {
        if (script.ok()) self->evidence_.scripts[hash] = std::move(*script);
        self->next_script();
      });
    }
    const bool idle = !evidence_.known.link || evidence_.known.link->state == store::LinkState::kFrozen;
    idle ? look() : tell();
  }

  /// Why it is linked to nothing, or its link is frozen, only the record itself tells. Where that cannot be read, the rest is told all the same.
  void look() {
    try_record(control_, named_.mapping, {evidence_.side, named_.key}, [self = shared_from_this()](const Result<sync::Report>& report) {
      if (report.ok()) self->evidence_.why = report->operation.record.string_or("why");
      self->tell();
    });
  }

  void tell() {
    const sync::Plan* plan = control_.engine().plan(named_.mapping);
    if (plan == nullptr) return fail(make_error(Code::kNotFound, "mapping '" + named_.mapping + "' is not loaded any more"));
    std::vector<std::string> names;
    for (const sync::Field& field : plan->fields) names.push_back(field.name);
    if (!field_.empty() && plan->named(field_) == nullptr) return fail(make_error(Code::kNotFound, named_.mapping + " has no field '" + field_ + "'" + suggestion(field_, names), "its fields are " + join(names, ", ")));
    (*reply_)(answer(explain(*plan, evidence_, field_.empty() ? "" : plan->named(field_)->name)));
  }

  void fail(const Error& error) { (*reply_)(problem(error)); }

  Control& control_;
  Named named_;
  std::string field_;
  SharedReply reply_;
  Evidence evidence_;
  std::set<std::string> asked_;
  int pages_ = 0;
};

void explain_record(Api& api, const Call& call) {
  const auto record = named_in_query(call, api.control());
  if (!record.ok()) return (*call.reply)(problem(record.error()));
  std::make_shared<Asking>(api.control(), *record, call.query("field"), call.reply)->start();
}

/// The whole of what a pass would do now: an operation that was not carried out, each field with its rule.
void try_one(Api& api, const Call& call) {
  const auto record = named_in_query(call, api.control());
  if (!record.ok()) return (*call.reply)(problem(record.error()));
  find_side(api.control(), *record, api.guarded([&api, call, record = *record](Result<store::Side> side) {
    if (!side.ok()) return (*call.reply)(problem(side.error()));
    try_record(api.control(), record.mapping, {*side, record.key}, [reply = call.reply](const Result<sync::Report>& report) { send(reply, report, [](const sync::Report& one) { return view(one); }); });
  }));
}

const std::vector<Parameter> kRecord{{"mapping", Parameter::Type::kText, "whose record"}, {"key", Parameter::Type::kText, "either side's"}, {"side", Parameter::Type::kText, "left or right, where both have that key"}};

std::vector<Parameter> and_field(std::vector<Parameter> query) {
  query.push_back({"field", Parameter::Type::kText, "this field alone"});
  return query;
}

}  // namespace

std::span<const Route> explain_routes() {
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/explain", .role = Role::kViewer, .id = "explain", .summary = "Why each field of a record has its value: from which side, which change, which rule, when, which script version", .handler = explain_record, .query = and_field(kRecord), .answer = "Anything"},
      {.method = "GET", .path = "/api/v1/try", .role = Role::kViewer, .id = "try", .summary = "The operation a pass would make now, every field with its rule; nothing is written. 404 where there is neither such a record nor a link of one", .handler = try_one, .query = kRecord, .answer = "Anything"},
  };
  return routes;
}

}  // namespace tidewire::admin
