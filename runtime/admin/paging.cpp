#include "admin/paging.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "base/id.h"
#include "base/text.h"

namespace tidewire::admin {
namespace {

constexpr std::int64_t kMostRows = 1000;
constexpr std::size_t kListDigits = 8;

/// Of the path and the filters, which a page that follows has as well.
std::string list_digits(const Call& call) {
  std::set<std::string> filters;
  const auto mark = call.request.target.find('?');
  if (mark != std::string::npos) {
    for (const auto& [name, value] : http::parse_query(std::string_view(call.request.target).substr(mark + 1))) {
      if (name != "after" && name != "limit" && !value.empty()) filters.insert(name + "=" + value);
    }
  }
  const std::vector<std::string> sorted(filters.begin(), filters.end());
  return sha256_hex(std::string(call.request.path()) + "\n" + join(sorted, "\n")).substr(0, kListDigits);
}

/// A word that is pasted into a shell and an address as it is.
std::string word_of(const std::string& place) {
  std::string word = base64(place);
  while (word.ends_with('=')) word.pop_back();
  for (char& sign : word) sign = sign == '+' ? '-' : sign == '/' ? '_' : sign;
  return word;
}

std::optional<std::string> place_of(std::string word) {
  for (char& sign : word) sign = sign == '-' ? '+' : sign == '_' ? '/' : sign;
  word.append((4 - word.size() % 4) % 4, '=');
  return from_base64(word);
}

}  // namespace

std::string mark_of(const Call& call, const std::string& place) { return list_digits(call) + word_of(place); }

Result<store::Page> page_of(const Call& call) {
  store::Page page;
  page.limit = TRY(limit_of(call.request, 100, kMostRows));
  const std::string after = call.query("after");
  if (after.empty()) return page;
  const auto place = after.size() > kListDigits ? place_of(after.substr(kListDigits)) : std::nullopt;
  if (!place) return store::no_mark(after);
  if (!after.starts_with(list_digits(call))) return make_error(Code::kInvalid, "'after' is a mark of another list, or of other filters", "it is `next` of the page before, and goes with the path and the filters of that");
  page.after = *place;
  return page;
}

Result<store::Page> id_page_of(const Call& call) {
  store::Page page = TRY(page_of(call));
  if (!page.after.empty() && !is_id(page.after)) return store::no_mark(page.after);
  return page;
}

Result<std::optional<Instant>> time_of(const Call& call, std::string_view name) {
  const std::string text = call.query(name);
  if (text.empty()) return std::optional<Instant>();
  return std::optional<Instant>(TRY(parse_instant(text)));
}

Result<std::optional<store::KeyState>> state_of(const Call& call) {
  const std::string name = call.query("state");
  if (name.empty()) return std::optional<store::KeyState>();
  const auto state = store::key_state_from_name(name);
  if (!state) return make_error(Code::kInvalid, "no state '" + name + "'", "waiting, backing_off, held, waiting_for, conflict or dead");
  return state;
}

namespace {

Result<std::optional<store::Side>> side_from(std::string_view name, const std::string& text) {
  if (text.empty()) return std::optional<store::Side>();
  const auto side = store::side_from_name(text);
  if (!side) return make_error(Code::kInvalid, "'" + std::string(name) + "' must be \"left\" or \"right\", not \"" + text + "\"");
  return side;
}

}  // namespace

Result<std::optional<store::Side>> side_of(const Value& body) { return side_from("side", body.string_or("side")); }

Result<std::optional<store::Side>> side_of(const Call& call, std::string_view name) { return side_from(name, call.query(name)); }

Value values_page(const char* name, const store::Paged<Value>& page) {
  Object out{{name, Value(Array(page.rows.begin(), page.rows.end()))}};
  if (!page.next.empty()) out["next"] = page.next;
  return Value(std::move(out));
}

namespace {

/// The file is there: that it is wrong is no "nothing of that name", and a system that does not answer is no mistake in it.
Code code_of(const Value& trouble) {
  const auto code = code_from_name(trouble.string_or("code"));
  return !code || *code == Code::kInvalid || *code == Code::kNotFound ? Code::kScript : *code;
}

}  // namespace

Error none_runs(Control& control) {
  const Value all = control.mappings();
  for (const auto& [name, one] : all.is_object() ? all.as_object() : Object{}) {
    const Value* why = one.at_path("reload.error");
    const std::string message = why == nullptr ? "" : why->string_or("message");
    if (message.empty()) continue;
    const Code code = code_of(*why);
    return make_error(code, "no mapping runs: " + name + ": " + message, why->string_or("hint", "`tidewire check` says more"));
  }
  return make_error(Code::kNotFound, "no mapping is loaded", "put one into mappings/, or see `tidewire check`");
}

Error not_loaded(Control& control, const std::string& name) {
  const Value all = control.mappings();
  std::vector<std::string> names = control.engine().mappings();
  for (const auto& [known, one] : all.is_object() ? all.as_object() : Object{}) names.push_back(known);
  const Value* mapping = all.find(name);
  const Value* why = mapping == nullptr ? nullptr : mapping->at_path("reload.error");
  const std::string message = why == nullptr ? "" : why->string_or("message");
  if (message.empty()) return no_mapping(name, names);
  const Code code = code_of(*why);
  return make_error(code, "mapping '" + name + "' does not run: " + message, why->string_or("hint", "`tidewire check` says more"));
}

Result<void> must_run(Control& control, const std::string& name) {
  if (control.engine().plan(name) != nullptr) return {};
  const Value all = control.mappings();
  const auto files = control.mapping_files();
  if (all.find(name) != nullptr || std::find(files.begin(), files.end(), name) != files.end()) return not_loaded(control, name);
  return make_error(Code::kBlocked, "mapping '" + name + "' does not run: no file of the project names it, and nobody would carry this out",
                    "put its file back and it goes on; where it does not come back, `tidewire discard " + name + " --all --reason WHY` lets go what waits and closes its conflicts");
}

Error no_mapping(const std::string& name, const std::vector<std::string>& loaded) {
  return make_error(Code::kNotFound, "no mapping '" + name + "' is loaded" + suggestion(name, loaded), "`tidewire status` lists them");
}

}  // namespace tidewire::admin
