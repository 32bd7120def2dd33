// file_verbs.h — sync::FileVerbs on a connector: its `download`, `has_file`, `file_marks` and `upload` (scripts/connectors/README.md, Files). Bytes cross as
// base64, because texts between here and a script are UTF-8.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/connection.h"
#include "sync/ports.h"

namespace tidewire::app {

class ScriptFileVerbs final : public sync::FileVerbs {
 public:
  /// `collection`, `priority` and `hidden` as of ScriptEndpoint. The connection outlives this.
  ScriptFileVerbs(Connection& connection, Value collection, int priority, std::set<std::string> hidden)
      : connection_(connection), collection_(std::move(collection)), priority_(priority), hidden_(std::move(hidden)) {}

  bool same_system() const override { return connection_.same_system(); }
  bool shared() const override { return connection_.has("has_file"); }
  bool tells_marks() const override { return connection_.has("file_marks"); }
  void marks(std::vector<std::string> refs, sync::Done<std::map<std::string, std::string>> done) override;
  void download(std::string ref, sync::Done<std::optional<sync::FileContent>> done) override;
  void still_there(std::string ref, sync::Done<std::optional<Value>> done) override;
  void upload(sync::FileUpload file, sync::Done<sync::Uploaded> done) override;

 private:
  using Answered = std::function<void(Result<Value>, Exchanges)>;
  void ask(const std::string& function, Value argument, bool writes, Answered done);

  Connection& connection_;
  Value collection_;
  int priority_;
  std::set<std::string> hidden_;
};

}  // namespace tidewire::app
