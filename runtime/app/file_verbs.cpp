#include "app/file_verbs.h"

#include <utility>

#include "base/hash.h"
#include "base/json.h"

namespace tidewire::app {
namespace {

Result<std::optional<sync::FileContent>> file_content_from(const Value& answer) {
  if (!answer.is_object()) return std::optional<sync::FileContent>();
  auto bytes = from_base64(answer.string_or("base64"));
  if (!bytes) return make_error(Code::kInvalid, "the connector returned a file whose bytes are no base64");
  return std::optional(sync::FileContent{std::move(*bytes), answer.string_or("name"), answer.string_or("type"), answer.string_or("mark")});
}

}  // namespace

void ScriptFileVerbs::ask(const std::string& function, Value argument, bool writes, Answered done) {
  if (!connection_.has(function)) {
    return connection_.later([done = std::move(done), function, kind = connection_.kind()] { done(make_error(Code::kInvalid, "the connector '" + kind + "' has no function '" + function + "'"), {}); });
  }
  // An address holds the name of a file, which a mapping that redacts may not tell.
  auto recording = hidden_.empty() ? connection_.exchanges().begin(hidden_) : nullptr;
  auto answered = [keeper = &connection_.exchanges(), connection = connection_.name(), hidden = hidden_, recording, writes, done = std::move(done)](Result<Value> answer) {
    const bool failed = !answer.ok();
    Exchanges kept = keeper->kept(recording.get(), {connection, writes, failed}, hidden);
    if (failed) answer.error().exchanges = kept;
    done(std::move(answer), std::move(kept));
  };
  connection_.call(function, {collection_, std::move(argument)}, writes, std::move(answered), {sched::Rank::Kind::kLive, priority_}, recording);
}

void ScriptFileVerbs::download(std::string ref, sync::Done<std::optional<sync::FileContent>> done) {
  ask("download", Value(std::move(ref)), false, [done = std::move(done)](Result<Value> answer, const Exchanges&) {
    if (!answer.ok()) return done(std::move(answer).error());
    done(file_content_from(*answer));
  });
}

void ScriptFileVerbs::marks(std::vector<std::string> refs, sync::Done<std::map<std::string, std::string>> done) {
  Array list;
  for (std::string& ref : refs) list.emplace_back(std::move(ref));
  ask("file_marks", Value(std::move(list)), false, [done = std::move(done)](Result<Value> answer, const Exchanges&) {
    if (!answer.ok()) return done(std::move(answer).error());
    std::map<std::string, std::string> marks;
    for (const auto& [ref, mark] : answer->is_object() ? answer->as_object() : Object{}) {
      if (mark.is_string()) marks[ref] = mark.as_string();
    }
    done(std::move(marks));
  });
}

void ScriptFileVerbs::still_there(std::string ref, sync::Done<std::optional<Value>> done) {
  ask("has_file", Value(std::move(ref)), false, [done = std::move(done)](Result<Value> answer, const Exchanges&) {
    if (!answer.ok()) return done(std::move(answer).error());
    done(answer->is_null() ? std::optional<Value>() : std::optional<Value>(std::move(*answer)));
  });
}

void ScriptFileVerbs::upload(sync::FileUpload file, sync::Done<sync::Uploaded> done) {
  Object table{{"field", Value(std::move(file.field))}, {"sha256", Value(std::move(file.sha256))}, {"name", Value(std::move(file.content.name))}, {"type", Value(std::move(file.content.type))}, {"base64", Value(base64(file.content.bytes))}};
  ask("upload", Value(std::move(table)), true, [done = std::move(done), is_shared = shared()](Result<Value> answer, Exchanges said) {
    if (!answer.ok()) return done(std::move(answer).error());
    if (answer->is_null() || answer->is_array() || answer->is_object()) return done(make_error(Code::kUnknown, "the connector returned no reference to the file that it uploaded"));
    std::string ref = !is_shared ? "" : answer->is_string() ? answer->as_string() : json::dump(*answer);
    done(sync::Uploaded{std::move(*answer), std::move(ref), std::move(said)});
  });
}

}  // namespace tidewire::app
