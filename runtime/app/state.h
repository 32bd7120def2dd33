// state.h — the members of App, in the order in which they depend on each other: destroyed in reverse. Private to app/.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/api/api.h"
#include "app/alerts.h"
#include "app/app.h"
#include "app/backups.h"
#include "app/certificate.h"
#include "app/connection.h"
#include "app/endpoints.h"
#include "app/histogram.h"
#include "app/judge.h"
#include "app/listener.h"
#include "app/mapping_file.h"
#include "app/outbox.h"
#include "app/project.h"
#include "app/readings.h"
#include "app/secrets.h"
#include "app/tracer.h"
#include "app/wants.h"
#include "app/webhook.h"
#include "http/router.h"
#include "http/server.h"
#include "loop/watch.h"
#include "store/lock.h"
#include "store/store.h"
#include "sync/belongings/files.h"
#include "sync/engine.h"

namespace tidewire::app {

/// Of the state's kv: what `all` of each mapping took; which version of it failed again and again.
inline constexpr const char* kFrozen = "all";
inline constexpr const char* kQuarantined = "quarantined_mappings";

/// One mapping file's mapping, whether it runs or not.
struct LoadedMapping {
  std::string name, file;                    // "mappings/employees.lua"
  std::vector<std::string> files;            // everything it loaded
  std::shared_ptr<ScriptMapper> mapper;      // owners: this, the engine and passes under way
  std::unique_ptr<MappingEndpoints> endpoints;
  std::optional<Instant> loaded_at, reload_at;
  std::optional<Error> trouble;              // why the newest text does not run (the version before may)
  std::optional<Error> drift;                // why it does not fit its systems any more; paused meanwhile
  using Doubts = std::vector<std::function<void(std::optional<Error>)>>;
  std::shared_ptr<Doubts> doubts;            // who asks whether it does; owners: this and the question under way
  std::optional<Ticks> looked_at;            // when it last did
  std::optional<Ticks> retyped_at;           // when a look found other types of its systems' fields
  std::optional<Ticks> typed_at;             // since when it goes by types that are not those before
  struct Doubted {
    store::Sides<std::optional<std::string>> key;
    Ticks came{};                            // the oldest change that it answers
  };
  std::vector<Doubted> doubted;              // dead letters that the next look decides about
  std::unique_ptr<Timer> look;               // when it is due
  std::unique_ptr<Timer> again;              // asks the systems again for their types
  std::int64_t loads = 0, refusals = 0;      // of texts that were read to run
  Histogram latency;                         // from what was noticed to its commit on the other side
  int script_failures = 0;                   // in a row
  bool quarantined = false;
};

/// What a mapping asked until an edit; gone once nobody has its mapper any more.
struct RetiredEndpoints {
  std::unique_ptr<MappingEndpoints> endpoints;
  std::weak_ptr<ScriptMapper> mapper;
};

/// {file, code, message, hint?}: `error` as the API lists problems. Defined in checking.cpp.
Value problem_in(const std::string& file, const Error& error);

struct App::State final : public admin::Control, public admin::Authoring, public sync::Ears {
  State(loop::Loop& the_loop, Options the_options);
  ~State() override;

  // app.cpp
  Result<void> open();
  Result<void> configure_log(const Project& project);
  Connection* find_connection(const std::string& name);
  /// Whom a webhook's address may mean: one by its name or by one of `webhook_names`, else all of that kind.
  std::vector<Connection*> addressed_by(const std::string& name);
  /// One of those that is declared and does not run.
  std::optional<std::string> broken_of(const std::string& name) const;
  const std::string& own_name(const std::string& name) const;
  void tell_health(const std::string& trouble);
  void start(std::function<void(Result<std::string>)> ready);
  void begin_work(std::function<void(Result<std::string>)> ready);
  void go_on(const std::function<void(Result<std::string>)>& ready);
  void drain(std::function<void()> done);
  void route(http::Request request, http::Reply reply);
  void handle(http::Request request, http::Reply reply);
  void damaged(const Error& error);
  void prune();
  void plan_backups();
  void index_words();

  // securing.cpp
  Result<void> refresh_certificate();
  std::string url() const;

  // telling.cpp
  Result<MailServer> mail_server();
  std::unique_ptr<Outbox> make_outbox();
  std::unique_ptr<Alerts> make_alerts();
  std::unique_ptr<Tracer> make_tracer();

  // loading.cpp
  std::vector<std::string> load_connections();
  void load_mappings(std::function<void()> done);
  void load_file(const std::string& name, std::function<void()> done);
  void when_loaded(std::function<void()> then);
  void recall_webhooks(const std::string& connection);
  void test_new(const std::vector<std::string>& connections);
  void drop_mappings_of(const std::string& file, const std::set<std::string>& but);
  MappingContext context(const std::string& name);
  void changed(const std::vector<std::string>& paths);
  void reload_project();
  Result<Project> read_project();  // its log is in use then
  void keep_what_runs(Project& wanted);

  // preparing.cpp
  void prepare(const std::string& file, const std::string& text, Draft draft, std::uint64_t reading, std::function<void()> done);
  void read_again(const std::string& mapping, const std::string& file);
  std::optional<Error> missing_connection(const Draft& draft, const std::string& file) const;
  void describe_all(const Draft& draft, admin::Done<Value> done);
  void keep_apart(const Draft& draft, Value described, admin::Done<Value> done);
  void are_one_system(const std::string& left, const std::string& right, std::function<void(bool)> done);
  struct Who {
    std::string system, server;
  };
  void who_answer(std::vector<std::string> connections, std::vector<Who> so_far, std::function<void(const std::vector<Who>&)> done);
  std::unique_ptr<MappingEndpoints> endpoints_of(const Draft& draft, const Value& compiled);
  bool still_quarantined(const std::string& name, const std::string& version);
  void freeze(const std::string& name, const std::string& text, const Value& compiled);
  void run_mapping(const std::string& name, const std::string& text, const Value& describe, Draft draft);
  void mapping_failed(const std::string& name, const std::string& file, const std::vector<std::string>& files, Error error);

  // wanting.cpp
  void want(const std::string& mapping, std::vector<Want> wants);
  void keep_home(const std::string& mapping, const std::string& file);
  void keep_homes_of(const std::string& file, const std::set<std::string>& names);
  void discard_mapping(const std::string& mapping, std::optional<std::int64_t> links, const std::string& author, admin::Done<admin::Discarded> done) override;
  void discard_known(const std::string& mapping, bool links, const std::string& author, admin::Done<admin::Discarded> done);
  void discard_more(const std::string& mapping, bool links, const std::string& author, admin::Discarded so_far, admin::Done<admin::Discarded> done);
  void drop_more(const std::string& mapping, admin::Discarded so_far, admin::Done<admin::Discarded> done);
  void refresh_wanted();

  // retiring.cpp
  void retire(std::unique_ptr<Connection> connection);
  void retire(std::unique_ptr<MappingEndpoints> endpoints, const std::shared_ptr<ScriptMapper>& mapper);
  void plan_release();
  void release_retired();
  bool is_used(const Connection& connection) const;

  // drift.cpp
  struct Fresh {
    std::string text;
    Value described;
    Draft draft;
    std::shared_ptr<ScriptMapper> mapper;
  };
  FitCheck fit_check(const std::string& mapping);
  void look_for_drift(const std::string& mapping, std::function<void(std::optional<Error>)> done);
  void look_at_fields(const std::string& mapping, std::function<void(std::optional<Error>)> done);
  void look_later(const std::string& mapping);
  void fit(const std::string& mapping, std::function<void(Result<Fresh>)> done);
  void drifted(const std::string& mapping, const Error& why);
  bool retyped(const std::string& mapping, const Fresh& fresh);
  void doubt(const store::Operation& dead);
  void try_again(const std::string& mapping, const store::Sides<std::optional<std::string>>& key);
  void fits_again(const std::string& mapping);
  void fits_as_before(const std::string& mapping);
  void watch_fields();

  // success.cpp
  bool all_well() const;
  void note_success(std::function<void()> then);
  void watch_success();
  std::string last_success() const;

  // listening.cpp
  void refresh_listeners();
  std::vector<std::pair<std::string, Value>> collections_in_use() const;
  std::vector<Value> collections_of(const std::string& connection) const;
  void look_at(const std::string& connection, const std::string& collection, std::function<void(std::optional<Error>)> done);

  // control.cpp
  store::Store& store() override { return *store_; }
  sync::Engine& engine() override { return *engine_; }
  const Clock& clock() const override { return clock_; }
  Value process() const override;
  Value connections() const override;
  Value mappings() const override;
  std::vector<std::string> mapping_files() const override { return script_names_in(options_.folder + "/mappings"); }
  void test_connection(const std::string& connection, admin::Done<Value> done) override;
  void ask_now(const std::string& mapping) override;
  void accept_system(const std::string& connection, admin::Done<void> done) override;
  void on_operation(const store::Operation& operation) override;
  void on_echo(const std::string& mapping, sync::Side side, const std::string& key) override;
  void on_retry(const std::string& mapping, sync::Side side, const std::string& key, const Error& error, Instant again) override;
  void on_job_progress(const store::Job& job) override;
  void on_job(const store::Job& job) override;
  Timers& timers() override { return loop_; }
  Poster& poster() override { return loop_; }
  void work(std::function<void()> blocking, std::function<void()> done) override { loop_.work(std::move(blocking), std::move(done)); }

  // checking.cpp
  struct Checking;
  void check(bool connect, admin::Done<Value> done) override;
  void check_project(Checking& checking);
  void check_mappings(const std::shared_ptr<Checking>& checking, bool connect);
  void check_state(const std::shared_ptr<Checking>& checking);
  void check_links(const std::shared_ptr<Checking>& checking);
  void check_connection(const std::shared_ptr<Checking>& checking, const std::string& name);
  Value hear_connection(const std::shared_ptr<Checking>& checking, const std::string& name, const Value& answer);
  std::string former_name(const std::string& name, const store::Summary& summary) const;
  /// Warns of it in the log, once all files that are being read are.
  void tell_former_name(const std::string& name);

  // installing.cpp
  void install(const admin::Installation& asked, admin::Done<Value> done) override;
  struct InstallSteps;
  void install_next(const admin::Installation& asked, std::shared_ptr<InstallSteps> steps, admin::Done<Value> done);

  // admin.cpp
  admin::AdminSettings admin_settings() const override;
  std::string redacted(std::string text) const override { return redactor_.apply(text); }
  std::optional<std::string> mark_in(std::string_view text) const override { return redactor_.mark_in(text); }
  void warn(const std::string& event, const std::string& message) override;
  void describe(const std::string& connection, const std::string& collection, admin::Done<Value> done) override;
  void describe_as(const std::string& connection, const std::string& collection, const std::string& word, std::function<void(Result<Value>, const std::string&)> done);
  void pause_connection(const std::string& connection, std::optional<Instant> until, admin::Done<void> done) override;
  void enable_mapping(const std::string& mapping, bool enabled, admin::Done<void> done) override;
  Result<Value> compiled(const std::string& mapping) override;
  Result<std::string> backup_folder() override;
  Error no_mapping(const std::string& name) const;
  Error no_connection(const std::string& name) const;
  void keep_switch(const std::string& mapping, bool enabled, admin::Done<void> done);
  void load_switches(std::function<void()> then);
  void load_wants(std::function<void()> then);
  void apply_pauses();

  // connecting.cpp
  admin::Authoring& authoring() override { return *this; }
  Result<Value> connection_kinds() override;
  Result<Value> connection_settings(const std::string& name) override;
  void test_connection_draft(const admin::ConnectionDraft& draft, admin::Done<Value> done) override;
  Result<Value> create_connection(const admin::ConnectionDraft& draft) override;
  Result<Value> edit_connection(const admin::ConnectionDraft& draft) override;
  Result<Value> delete_connection(const std::string& name) override;
  Result<Value> save_connection(const admin::ConnectionDraft& draft);
  Result<Value> kind_of(const std::string& kind);
  std::vector<std::string> mappings_of(const std::string& connection) const;

  // drafting.cpp
  void collections(const std::string& connection, admin::Done<Value> done) override;
  void suggest_mapping(const Value& asked, admin::Done<Value> done) override;
  void try_new_mapping(const std::string& name, const std::string& text, std::int64_t limit, admin::Done<Value> done) override;
  void create_mapping(const std::string& name, const std::string& text, bool enabled, admin::Done<Value> done) override;
  Result<Value> delete_mapping(const std::string& name) override;
  Result<void> check_new_mapping(const std::string& name) const;
  Result<Value> asked_end(const Value& asked, const char* side) const;
  void find_word(const Connection& connection, const std::string& collection, std::function<void(std::string)> done);
  Value mapped_ends() const;

  // editing.cpp
  Result<Value> source(const std::string& mapping) override;
  void try_source(const std::string& mapping, const std::string& text, std::int64_t limit, admin::Done<Value> done) override;
  void apply_source(const std::string& mapping, const std::string& text, const std::string& hash, admin::Done<Value> done) override;
  void read_text(const std::string& file, const std::string& mapping, const std::string& text, admin::Done<std::shared_ptr<ScriptMapper>> done);
  void try_text(const std::string& file, const std::string& mapping, const std::string& text, std::int64_t limit, admin::Done<Value> done);
  void save_text(const std::string& file, const std::string& mapping, const std::string& text, const std::string& hash, admin::Done<Value> done);
  void dry_run_with(const std::string& mapping, std::shared_ptr<ScriptMapper> mapper, std::int64_t limit, admin::Done<Value> done);

  // serving.cpp
  void first_user_added() override;
  Result<void> listen();
  Result<void> listen_at(const std::string& address);
  void listen_to_commands();
  Result<void> move_server();
  void retire(std::unique_ptr<http::Server> server);
  void follow_listen(const std::string& was);
  std::string wanted_address() const;
  std::unique_ptr<http::Server> make_server();
  void tell_crowded(int most, const std::string& whose);
  void load_admin_token();
  std::string setup_link();

  Services services() { return {loop_, clock_, random_, *client_, *store_, log_, files_, exchanges_, redactor_}; }

  loop::Loop& loop_;
  Options options_;
  SystemClock clock_;
  SystemRandom random_;
  Redactor redactor_;
  ExchangeKeeper exchanges_{redactor_, clock_, random_};
  Logger log_;
  Secrets secrets_;
  ScriptFiles files_;
  Project project_;
  Instant started_at_{}, last_operation_{};
  std::unique_ptr<store::Lock> lock_;
  std::unique_ptr<store::ThreadedExecutor> executor_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<sync::Files> files_known_;  // what references to files name, for all mappings
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<WebhookJudge> judge_;
  std::map<std::string, std::unique_ptr<Connection>> connections_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> drafts_;  // tried before they are saved
  std::uint64_t last_draft_ = 0;
  std::map<std::string, std::pair<std::string, Value>> kinds_;   // of a connector: its text, and what it wants to be told
  std::map<std::string, Error> broken_connections_;
  std::map<std::string, Readings> readings_;          // of a mapping file: an older one that ends later is dropped
  std::set<std::string> empty_files_;  // mapping files in which nothing stands
  int loads_ = 0;                                     // of mapping files, under way
  std::vector<std::function<void()>> when_loaded_;    // who waits for their end
  std::vector<std::unique_ptr<Connection>> retired_;  // replaced by an edit; passes under way may still use them (retiring.cpp)
  std::vector<RetiredEndpoints> retired_endpoints_;
  std::unique_ptr<sync::Engine> engine_;
  std::map<std::string, LoadedMapping> mappings_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;
  bool listening_ = false;
  std::map<std::string, std::string> homes_;             // of each of them the file that it is of; "" = that names it no more
  std::map<std::string, std::vector<Want>> wants_;       // of each mapping that was ever loaded, also while it is away
  std::map<std::string, std::vector<Want>> wanted_of_;   // the same by connection, each once
  std::vector<std::string> warnings_;  // of .env, as it was read last
  std::map<std::string, Value> quarantined_;  // by mapping, the version that failed again and again
  std::map<std::string, Value> frozen_;       // what `all` of a mapping took, as MappingContext has it
  std::set<std::string> disabled_;            // mappings that a person switched off
  std::map<std::string, Instant> paused_;     // connections, until when
  std::optional<Error> project_trouble_;
  std::optional<Error> listen_trouble_;       // why the address that tidewire.lua says is not listened on
  std::vector<std::string> needs_restart_;    // settings of tidewire.lua that were changed and do not count yet
  std::unique_ptr<WebhookIntake> intake_;
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Backups> backups_;
  std::unique_ptr<Alerts> alerts_;
  std::unique_ptr<Tracer> tracer_;
  http::Router router_;
  Certificate certificate_;
  std::string certificate_trouble_;  // as told last
  std::unique_ptr<Timer> certificate_timer_;
  std::int64_t turned_away_ = 0;  // connections, because there were too many
  std::map<bool, Instant> crowded_told_;  // whether of one address alone
  std::unique_ptr<http::Server> server_;
  std::vector<std::unique_ptr<http::Server>> former_servers_;  // of addresses that were left: they finish what they answer
  std::string address_;
  std::unique_ptr<loop::Watch> watch_;
  std::unique_ptr<Timer> prune_timer_, index_timer_, release_timer_, drain_timer_, drift_timer_, success_timer_;
  bool draining_ = false;
  bool engine_begun_ = false;
  std::function<void(const Error&)> on_damage_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // owners: this and the callbacks under way
};

}  // namespace tidewire::app
