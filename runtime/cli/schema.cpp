// tidewire schema: the fields of a collection, and a mapping drafted from two of them.
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/query.h"
#include "cli/table.h"

namespace tidewire::cli {
namespace {

std::string kind_of(const Value& type) {
  if (type.is_string()) return type.as_string();
  std::string text = type.string_or("kind");
  for (const char* detail : {"form", "zone", "to"}) {
    if (const std::string value = type.string_or(detail); !value.empty()) text += " " + value;
  }
  if (const Value* length = type.find("length"); length != nullptr && length->is_int()) text += " " + std::to_string(length->as_int());
  if (const Value* scale = type.find("scale"); scale != nullptr && scale->is_int()) text += " ." + std::to_string(scale->as_int());
  return text;
}

std::string marks_of(const Value& field) {
  std::string text;
  for (const char* mark : {"required", "unique", "read_only"}) {
    if (field.bool_or(mark, false)) text += (text.empty() ? "" : ", ") + std::string(mark == std::string("read_only") ? "read-only" : mark);
  }
  if (const std::string other = field.string_or("references"); !other.empty()) text += (text.empty() ? "" : ", ") + ("names a " + other);
  return text;
}

void print_schema(Context& context, const Value& schema) {
  Table table({{"field"}, {"type"}, {""}, {"label"}});
  const Value* fields = schema.find("fields");
  for (const Value& field : fields == nullptr || !fields->is_array() ? Array{} : fields->as_array()) {
    const Value* type = field.find("type");
    table.add({Cell(plain(field.string_or("name"))), Cell(type == nullptr ? "" : plain(kind_of(*type)), Style::kDim), Cell(plain(marks_of(field))), Cell(plain(field.string_or("label")), Style::kDim)});
  }
  std::string text = table.text(context.out.look());
  if (!text.empty()) text.pop_back();
  context.out.line(text);
  const Value* warnings = schema.find("warnings");
  for (const Value& warning : warnings == nullptr || !warnings->is_array() ? Array{} : warnings->as_array()) {
    context.out.line(context.out.paint("! ", Style::kWarn) + plain(warning.is_string() ? warning.as_string() : ""));
  }
}

/// What the connection's key may read, as its connector lists it.
int list_collections(Context& context, const std::string& connection) {
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const auto found = session->get("/api/v1/connections/" + segment(connection) + "/collections");
  if (!found.ok()) return context.failed(found.error());
  if (context.json()) {
    context.print_json(*found);
    return kOk;
  }
  Table table({{"collection", false, true}, {"word"}, {"label"}});
  for (const Value& one : found->find("collections")->as_array()) table.add({one.string_or("name"), Cell(one.string_or("word"), Style::kDim), Cell(one.string_or("label"), Style::kDim)});
  context.print_page(table, *found, "the system does not say which collections it has");
  return kOk;
}

int schema(Context& context) {
  const Arguments& arguments = context.arguments;
  if (arguments.words().size() == 1) {
    if (!arguments.has("--suggest")) return list_collections(context, arguments.word(0));
    return context.failed(make_error(Code::kInvalid, "--suggest needs the collection of this side too", "tidewire schema erp Employee --suggest app.employees"));
  }
  const std::string other = arguments.get("--suggest");
  const std::size_t dot = other.find('.');
  if (arguments.has("--suggest") && (dot == std::string::npos || dot == 0 || dot + 1 == other.size())) {
    return context.failed(make_error(Code::kInvalid, "--suggest takes a collection of another connection, not '" + other + "'", "--suggest app.employees"));
  }
  int status = kOk;
  const auto session = context.open(Session::Need::kScripts, status);
  if (!session) return status;
  const auto end = [](std::string connection, std::string collection) { return Value(Object{{"connection", Value(std::move(connection))}, {"collection", Value(std::move(collection))}}); };
  const auto ask = [&] {
    if (dot == std::string::npos) return session->get(Target("/api/v1/connections/" + segment(arguments.word(0)) + "/schema").add("collection", arguments.word(1)).text());
    return session->post("/api/v1/mapping-suggestions", Value(Object{{"left", end(arguments.word(0), arguments.word(1))}, {"right", end(other.substr(0, dot), other.substr(dot + 1))}}));
  };
  const auto found = ask();
  if (!found.ok()) return context.failed(found.error());
  if (const std::string why = found->string_or("nothing"); !why.empty()) return context.failed(make_error(Code::kInvalid, why, "`tidewire schema CONNECTION COLLECTION` lists the fields of each"));
  if (context.json()) context.print_json(*found);
  else if (const Value* draft = found->find("source"); draft != nullptr) context.out.line(draft->is_string() ? draft->as_string() : "");
  else print_schema(context, *found->find("schema"));
  return kOk;
}

}  // namespace

const Command& schema_command() {
  static const Command command{"schema",
                               "CONNECTION [COLLECTION] [--suggest OTHER.COLLECTION]",
                               "the collections of a system, the fields of one with their types; or a mapping drafted from two",
                               "Without COLLECTION what the connection's key may read is listed: doctypes, tables, models, databases.\n"
                               "With --suggest a mapping file is printed, the one that the page proposes too, to be saved below mappings/ and edited: each\n"
                               "row with the reason it is there (the same name, label or meaning). Nothing is read but the description of the fields,\n"
                               "and nothing is written.\n"
                               "  tidewire schema erp Employee --suggest app.employees > mappings/employees.lua",
                               {{{"--suggest", "OTHER.COLLECTION", "the other side: a connection's name and a collection of it"}}, 1, 2},
                               schema};
  return command;
}

}  // namespace tidewire::cli
