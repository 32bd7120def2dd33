// command.h — one command of the program: its words for help, its options, what it does.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/session.h"
#include "cli/terminal.h"

namespace tidewire::cli {

class Table;

/// What a command is handed.
struct Context {
  const Arguments& arguments;
  Terminal& out;  // results
  Terminal& err;  // complaints

  bool json() const { return arguments.has("--json"); }
  std::string folder() const { return arguments.get("--project", "."); }
  /// For people and for programs alike: the value as JSON.
  void print_json(const Value& value) const;
  /// A list's table, or `empty` where there is nothing in it, and how to see the page after it (`next` of the answer).
  void print_page(const Table& table, const Value& answer, const char* empty) const;
  /// Says what is wrong and how to mend it, as the form asked for.
  void complain(const Error& error) const;
  /// A session on the project; complains and answers null where there is none. `status` is then the exit status.
  /// Nothing is logged meanwhile: the command tells what goes wrong with what it was asked.
  std::unique_ptr<Session> open(Session::Need need, int& status) const;
  /// Complains; the exit status for it.
  int failed(const Error& error) const;
};

struct Command {
  const char* name;
  const char* usage;    // "[MAPPING] [--key K]": after the name
  const char* summary;  // one line
  const char* about;    // more, for its own help; may be ""
  Syntax syntax;
  int (*run)(Context& context);
  bool hidden = false;
};

/// Every command, in the order of help.
std::span<const Command> commands();

// One per file.
const Command& new_command();
const Command& run_command();
const Command& check_command();
const Command& sync_command();
const Command& status_command();
const Command& operations_command();
const Command& operation_command();
const Command& alerts_command();
const Command& conflicts_command();
const Command& resolve_command();
const Command& retry_command();
const Command& release_command();
const Command& discard_command();
const Command& jobs_command();
const Command& verify_command();
const Command& adopt_command();
const Command& revert_command();
const Command& explain_command();
const Command& schema_command();
const Command& record_command();
const Command& report_command();
const Command& try_command();
const Command& links_command();
const Command& unlink_command();
const Command& relink_command();
const Command& merge_command();
const Command& ignore_command();
const Command& heed_command();
const Command& reset_base_command();
const Command& forget_command();
const Command& install_command();
const Command& uninstall_command();
const Command& changes_command();
const Command& webhooks_command();
const Command& connections_command();
const Command& mappings_command();
const Command& tail_command();
const Command& pause_command();
const Command& resume_command();
const Command& cursors_command();
const Command& reset_command();
const Command& audit_command();
const Command& backup_command();
const Command& restore_command();
const Command& completion_command();
const Command& complete_command();
const Command& user_command();
const Command& token_command();
const Command& practice_command();
const Command& simulate_command();
const Command& version_command();
const Command& file_command();

}  // namespace tidewire::cli
