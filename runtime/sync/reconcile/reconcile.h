// reconcile.h — one pass over one key: read, compare, decide, write, commit (DESIGN.md section 2).
//
// The order of the files is the order of the steps: reconcile/reconcile.cpp loads, reads and compares; reconcile/first.cpp meets a key
// without link, and reconcile/match.cpp finds its counterpart; reconcile/delete.cpp meets a record that is gone; reconcile/write.cpp
// announces and writes, reconcile/answer.cpp takes what comes back, reconcile/group.cpp what is of use as a whole only;
// reconcile/commit.cpp ends the pass, reconcile/stand.cpp one that does not get through. A crash between two steps repeats the step: what must survive is committed first.
// Nothing here retries a request; a pass that cannot go on says so in its report and leaves the key standing.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/crash_point.h"
#include "sync/reconcile/report.h"
#include "sync/reconcile/timeline.h"

namespace tidewire::sync {

class Reconcile : public std::enable_shared_from_this<Reconcile> {
 public:
  /// Within which the brake counts, and how long it is remembered that something is held: not asked again for each of many records.
  static constexpr Duration kBrakeWindow = std::chrono::hours(24), kBrakeRemembered = std::chrono::minutes(1);
  /// How long a deleted record may live on whose optional reference names what may have been renamed.
  static constexpr Duration kRenamePatience = std::chrono::minutes(1);

  /// As start_pass; owned by the callback under way and nobody else.
  Reconcile(Lane& lane, std::shared_ptr<Mapper> mapper, SideKey key, PassOptions options, std::function<void(Report)> done);
  void start();

 private:
  /// `then`, a callback with a Result, which also ends the step that begins now.
  template <typename Then>
  auto timed(const char* step, std::optional<Side> side, Then then) {
    return [self = shared_from_this(), side, number = timeline_.begin(step, side, now()), then = std::move(then)](auto answer) mutable {
      self->timeline_.end(number, self->now(), answer.ok() ? nullptr : &answer.error());
      self->hear(answer, side, number);
      then(std::move(answer));
    };
  }

  /// `then`, likewise, of what is no step of its own.
  template <typename Then>
  auto heard(std::optional<Side> side, Then then) {
    return [self = shared_from_this(), side, then = std::move(then)](auto answer) mutable {
      self->hear(answer, side, std::nullopt);
      then(std::move(answer));
    };
  }

  /// Keeps what was said for a write, or before an error, for the operation.
  template <typename T>
  void hear(Result<T>& answer, std::optional<Side> side, std::optional<std::size_t> step) {
    if (!answer.ok()) keep(answer.error().exchanges, side, step);
    else if constexpr (requires { answer.value().exchanges; }) keep(answer.value().exchanges, side, step);
  }

  // reconcile/reconcile.cpp
  bool claim(const SideKey& key);
  void forget_stamps();
  void begin_link();
  void assume(const store::Store::Resolution& decision);
  void on_known(Result<std::vector<store::Known>> known);
  void read_sides(Sides<bool> wanted);
  bool is_shown(Side side);
  bool read_before_writing();
  void on_read(Side side, Result<std::optional<Record>> answer);
  void on_all_read();
  void take_as_read();
  void remember_announced();
  bool check_incarnations();
  void changed_while_met(Side side);
  void compare();
  void compare_now();
  bool changed(const Field& field, Side side) const;
  bool changed(Side side) const;
  void translate(std::function<void()> then);
  void translate(const std::vector<Reference>& references, std::function<void()> then);
  std::vector<Reference> unasked(const Decisions& decisions) const;
  std::optional<std::string> kin_of(const Reference& reference, const std::string& key);
  void decide_now();
  Situation situation() const;
  bool is_restored(Side side) const;
  void checked(Decisions decisions);
  bool in_scope(Side side) const;
  std::string outside_text() const;
  std::string idle_text(const std::string& counter) const;

  // reconcile/stale.cpp
  bool check_tokens(Side side);
  bool reads_older(Side side, bool left_behind) const;
  void note_time(Side side, const Record& record);
  std::optional<Instant> older_since() const;
  void ask_if_restored(Side side);
  bool many_set_back(const store::BrakeCounts& counts, std::int64_t more) const;
  void hold_restored(Side side);
  void count_older(store::Commit& commit) const;

  // reconcile/fields.cpp
  bool lacks_base() const;
  bool is_unmet(const Field& field, Side side) const;
  bool reapplies() const;
  void note_owed(const Field& field);
  void note_field(const Decision& decision);
  void note_fields();
  void note_written(Side side);
  bool close_left_conflicts();

  // reconcile/parent.cpp
  std::string parent_name(const Reference& parent) const;
  bool foresee(const std::vector<Reference>& missing);
  void wait_for(const Reference& parent);
  void look_at(const Reference& parent);
  void tell_asked() const;
  bool is_for_child() const;
  void give_up_on(const std::string& name, const std::string& state);
  bool looks_before_waiting() const;
  std::optional<Reference> awaited_parent() const;

  // reconcile/doubt.cpp
  void honour_intents(std::function<void()> then);
  bool is_about_us(const store::Intent& intent) const;
  bool is_ours(const store::Intent& intent) const;
  bool is_undone(const store::Intent& intent) const;
  bool is_of_another_pair(const store::Intent& intent) const;
  void end_when_settled(const store::Intent& intent);
  bool shows(const store::Intent& intent, const std::string& field, const char* part) const;
  bool reads_as_sent(const store::Intent& create) const;
  void take_as_it_reads(const store::Intent& create);
  void note_unsent(const store::Intent& create);
  void keep_age(const store::Intent& create, const Field& field, const Value& announced);
  static store::FieldBase base_as_sent(const store::Intent& intent, const Value& announced);
  std::ptrdiff_t shown(const store::Intent& intent) const;
  bool another_landed(const store::Intent& intent) const;
  std::set<std::string> count_as_written(const store::Intent& intent);
  bool note_entered_since(const store::Intent& intent);
  bool note_entered_cells(const store::Intent& intent, const Field& field, const Value& announced);
  bool may_still_make(const store::Intent& intent) const;
  static bool goes_back(const Value& announced);
  std::optional<store::Intent> rest_of(const store::Intent& intent, const std::set<std::string>& written) const;
  store::Conflict doubt_about(const std::string& name) const;
  bool find_doubtful(const store::Intent& intent);
  bool is_computed(const Field& field, const Value& announced) const;
  bool cannot_land(const store::Intent& intent) const;
  bool search_orphan();
  void on_orphan(const store::Intent& intent, Result<std::vector<Record>> found);
  void without_orphan();
  void take_orphan(const store::Intent& intent, Record orphan, Result<std::vector<store::Known>> known);

  // reconcile/first.cpp, reconcile/create.cpp
  void first_contact();
  void nothing_there();
  bool is_buried(const store::Link& buried) const;
  void meet();
  bool is_source() const;
  void ask_for_maker();
  bool search_incarnation();
  void on_incarnation(Result<std::vector<store::Link>> links);
  void take_over(store::Link renamed);
  void adopt(const std::string& target_key);
  void on_target_known(std::string target_key, Result<std::vector<store::Known>> known);
  void ask_former_name(std::string target_key, store::Known theirs);
  void ask_former_spelling(const std::string& target_key, const store::Known& theirs);
  bool is_marked() const;
  void meet_target(const std::string& target_key, const store::Known& theirs);
  bool assigns_key() const;
  void announce_create();
  void send_create();
  void key_taken(const Error& refused);

  // reconcile/match.cpp
  /// A way of finding the counterpart of a record at first contact.
  struct Way {
    enum class By { kClientKey, kStoredKey, kStamp, kMatch, kAsSent } by = By::kMatch;
    std::string key;        // kClientKey, kStoredKey
    Query query;            // kStamp, kMatch, kAsSent
    std::size_t match = 0;  // kMatch: which one of the plan
  };
  std::vector<Way> ways() const;
  void search(std::size_t way);
  void on_read_by_key(std::size_t way, Result<std::optional<Record>> found);
  void on_found(std::size_t way, Result<std::vector<Record>> found);
  void on_match(std::size_t way, const Record& record);
  void sole_on_own_side(const Match& match, const std::string& target_key);
  void heeded(Side side, const std::vector<std::string>& keys, std::function<void(std::vector<std::string>)> then);
  void ambiguous(const std::string& found, Error error, const std::string& parent = {}, const std::string& beside = {});
  bool may_be_made_by(const store::Intent& intent) const;
  std::optional<Query> query_for(const Match& match) const;
  std::optional<Reference> unmatched_parent() const;  // of any rule of `match`
  std::optional<Reference> unmatched_parent(const Match& match) const;
  std::optional<Query> query_as_sent(const Match& match) const;
  std::string match_hash() const;

  // reconcile/lookup.cpp
  void look_up(std::function<void()> then);
  void make_missing(std::vector<Making> making);
  Value lookup_notes() const;
  void mark_watchers(const std::string& lookup, const std::string& key);
  void mark_owners(const std::string& part, const std::string& key);
  void note_parts();
  bool watches() const;
  bool see_watched();

  // reconcile/judge.cpp
  void ask_judge(std::vector<Asked> asks);
  void ask_each(const std::vector<Asked>& asks);
  void send_question(const Asked& asked, std::function<void()> then);
  void not_answered(const Asked& asked, Error error, const std::function<void()>& then);
  void judged();
  std::string answer_key(const std::string& id) const;

  // reconcile/stamp.cpp
  bool has_stamps_due() const;
  Result<void> lay_stamps();
  void mark_stamps();
  std::optional<std::string> stored_key() const;
  Query stamped_with(Side target, const std::string& source_key) const;
  void take_as_sent(const store::Intent& intent);

  // reconcile/edited.cpp
  /// A reference that names what is not linked: it was renamed, or somebody has made it name another.
  struct Moved {
    Reference parent;
    bool optional = false;
  };
  void ask_if_edited(Side side, std::function<void(bool)> then);
  std::optional<Error> unread_for_now(Side side) const;
  void await_moved(const Moved& moved, const std::function<void(bool)>& then);
  bool edited(Side side, std::optional<Moved>& moved) const;
  bool has_only_lost_files(const Field& field, Side side) const;
  bool followed(const Field& field, Side side, std::optional<Moved>& moved) const;
  bool is_own_form(const Field& field, Side side) const;

  // reconcile/delete.cpp
  bool told_gone(Side side) const;
  bool in_another_system(const std::string& what);
  bool may_be_hidden(Side side);
  void ask_for_sweep(Side side);
  bool was_seen_lately(Side side);
  bool was_swept(Side side) const;
  void gone(Side side);
  void decide_delete(Side side, bool edited);
  bool is_short(const Field& field, Side side) const;
  bool went_first(const Field& field, Side side) const;
  void note_went(Side side);
  void drop_went();
  bool may_be_ours(const Field& field, Side side) const;
  void keep_unsure(Side side);
  bool deleted_by_us(Side side) const;
  bool search_renamed(Side side);
  void on_renamed(Side side, Result<std::vector<Record>> found);
  bool is_spelled_otherwise(Side side) const;
  void take_spelling(Side side);
  void take_name(Side side, Record renamed, Result<std::vector<store::Known>> known);
  void announce_delete(Side side);
  void bury(Side side, const std::string& policy, const std::string& outcome);
  void restore(Side side);
  void begin_generation(Side side);
  void send_delete(Side side);
  void on_deleted(Side side, Result<void> answer, const char* kind = "delete", const Value& values = Object{});
  void send_soft_delete(Side side);
  void set_mark(Side side);

  // reconcile/take_back.cpp
  Value keep_unmarked(Side side);
  bool is_unmarked(Side side, const Value& soft, const Value& fields) const;
  bool take_back();
  void on_twin_known(store::Link buried, Result<std::vector<store::Known>> known);
  void mark_of_ours(Side side, const store::Known& theirs);
  bool take_mark_off();
  Result<void> lay_mark_off();

  // reconcile/trash.cpp
  Value content_read(Side side) const;
  void look_after_delete(Side side);
  bool look_after_unlinked();
  void look_at_trash(Side side, const Value& read);
  void look_again(Error error);
  Value lost_edits(Side side, const Value& read, const Value& deleted) const;
  void put_back(Side side);
  void keep_lost_edit(Side side);
  void on_put_back(Side side, const std::string& mark, Record record);
  void restore_from(Side side, Record record);

  // reconcile/scope.cpp
  void left_scope(Side side);
  void decide_leave(Side side, bool edited);
  DeletePolicy deletes_on(Side side) const;

  // reconcile/brake.cpp
  void hold_missing(Side side);
  void brake(Side side);
  bool is_for_person() const;
  static bool is_let_go(const store::DirtyKey& row);
  bool is_released() const;
  bool is_too_many(const store::BrakeCounts& counts, const std::string& kind, std::int64_t gone);
  void end_let_through();
  bool brake_fields(const std::set<std::string>& fields);
  void note_brake(store::Commit& commit) const;

  // reconcile/write.cpp
  void announce();
  void put_announced(store::Commit announcement, std::function<void()> then);
  void write_next();
  CrashPoint answered(Side side) const;
  void on_written(Side side, Result<Record> answer);
  void renew(Side side);
  void not_written(Side side, Error error);
  void read_back(Side side, Error error);
  bool keep_stamps();
  bool keep_stamp(const Decision& decision, Side side);
  void after_write(Side side);
  void keep_discards();
  Value half_written(const Decision& decision, Side side) const;
  store::Intent intent_for(Side side, store::IntentKind kind) const;

  // reconcile/answer.cpp
  /// What is known of the values that came back from a write.
  enum class Shown {
    kOurs,         // under the version of our own write
    kUnversioned,  // read after it, of a system without versions: perhaps somebody's edit already
    kLater,        // under a version after it; what was sent, where nothing can be read
  };
  void confirm(Side side, Record answer);
  bool shows_more(Side side, const Value& fields) const;
  bool is_ping_pong(const Decision& decision, Side side) const;
  bool takes_any_form(const Decision& decision, const Value& found, const Value& before, Side side, Shown shown) const;
  bool keeps_its_value(Side side, const Decision& decision, const Value& stored, Shown shown) const;
  bool take_field(Side side, Decision& decision, const Value& stored, Shown shown);
  void leave_out(Decision& decision, Side side);
  void take_answer(Side side, const Record& answer, const Value& stored, Shown shown);

  // reconcile/group.cpp
  std::optional<std::string> in_part(Side side, const Decision& member, const Value& stored, Shown shown) const;
  void take_member(Side side, Decision& member, const Value& stored, const std::string& first);
  void keep_member(const Field& field, Side side, Value was, const Value& shown);
  void keep_members(const store::Intent& intent, std::set<std::string>& written);
  bool has_members() const;
  const Value* landed(const Field& field, Side side) const;
  void pass_over_members();
  Result<void> lay_members();
  bool shows_members(Side side, const Value& fields) const;
  void end_members(Side side);
  void end_member(const std::string& name);
  void end_landed(Side side);

  // reconcile/read_only.cpp
  bool keep_to_reading();
  bool may_write(Side side) const { return !plan_.read_only[side] && !lane_.staging; }
  bool show_conflicts_first();
  void would_write(const std::string& kind);
  void refuse_reverting();
  const store::DirtyKey* told_before() const;
  std::optional<store::Operation> overtaken() const;

  // reconcile/commit.cpp
  std::int64_t rows_taken() const;
  bool is_open(const Decision& decision) const;
  bool is_of_job() const;
  bool matches_otherwise(Side side) const;
  std::set<std::string> asked_anew() const;
  static bool is_decided(const store::Conflict& open);
  bool is_skip() const;
  bool shows_new_drift() const;
  store::DirtyKey owed_row(const Decision& decision) const;
  bool is_plain_load(const std::string& outcome) const;
  struct Came;
  void dispute(const Decision& decision, bool anew);
  Came take_decisions();
  void name_author(bool skips);
  void see_sides();
  void name_outcome(Came& came) const;
  void count(const Came& came);
  void stand_owed(std::vector<store::DirtyKey>& standing);
  void stir(store::Commit& commit) const;
  void commit_pass();
  void store_pass(bool decided, bool superseded);
  void forget_results();
  void commit_echo(const std::string& counter);
  void finish(Report report);
  void close_creates();

  // reconcile/moved.cpp
  void take_former_rows(Side side, const std::vector<store::DirtyKey>& rows);
  void move_taken(store::Commit& commit);
  std::optional<store::Link> moved_alone() const;
  store::Operation told_moved(const store::Link& moved) const;
  void move_rows(const std::optional<store::Link>& moved, store::Commit& commit) const;

  // reconcile/holder.cpp
  std::vector<Condition> unique_values(Side side) const;
  void ask_for_holder(Side side, Error error);
  void look_for_holder(Side side, std::vector<Condition> asked, Error error);
  struct Blocked {
    Side side;
    std::string path;                // the field that is unique there
    std::vector<std::string> chain;  // who has its value, whom that one waits for, and so on
    bool circle = false;             // at the end of which this record stands
    Error error;
  };
  void follow_holders(Blocked blocked);
  void tell_holder(Blocked blocked, const store::Known& last);
  std::vector<Reference> named_parents(Side side) const;
  void ask_for_deleted(Side side, std::vector<Reference> named, Error error);
  void tell_deleted(Side side, const std::string& mapping, const SideKey& gone, const std::string& named, Error error);
  void wake_let_go(Side side, const Field& field, const Value& before, const Value& now);
  void wake_blocked();
  Duration holder_pause() const;

  // reconcile/stand.cpp
  struct Failing;
  void stand(store::KeyState state, Error error, Instant due, const std::string& parent = {});
  void stop(store::KeyState state, const Error& error);
  Failing failing(store::KeyState state, const Error& error) const;
  store::DirtyKey standing(store::DirtyKey row, store::KeyState state, const Error& error,
                           const Failing& failing) const;
  bool told_already(store::KeyState state) const;
  void store_standing(store::Commit commit, const Error& error, std::optional<Instant> again);
  void stand_whole(const char* kind, Error error, const std::string& parent = {});
  bool stood_whole() const;
  void fail(Error error);
  Value meant() const;
  std::int64_t failed_alike(const Error& error) const;
  bool connection_trouble(const Error& error) const;
  void fill_operation(const std::string& kind, const std::string& outcome);
  void keep(Exchanges& exchanges, std::optional<Side> side, std::optional<std::size_t> step);
  void tell_exchanges(store::Commit& commit) const;
  store::Commit commit_with(store::Commit commit);
  Value write_notes(Side side, const std::string& kind, const Value& values, const std::string& outcome) const;
  void note_write(Side side, const std::string& kind, const Value& values, const std::string& outcome);
  store::Operation told_late(const std::vector<store::Intent>& found) const;
  void sight(Side side, const std::string& version);
  void see(Side side, const Record& record);
  Instant now() const { return lane_.around.clock.now(); }
  Value field_notes(const Decision& decision) const;
  Value lost_notes() const;

  Lane& lane_;
  std::shared_ptr<Mapper> mapper_;
  const Plan& plan_;
  SideKey key_;
  PassOptions options_;
  std::function<void(Report)> done_;

  store::Known known_;
  store::Link link_;
  bool linked_ = false;             // a live link existed when the pass began
  std::int64_t epoch_ = 0;          // the change of the mapping's fields that the link had seen
  bool met_ = false;                // the counterpart was found in this pass
  Sides<std::optional<std::string>> former_;  // the name before, of a record that this pass found renamed
  bool sure_ = false;               // and believes
  bool rows_moved_ = false;         // what was taken under it left with the link, before the pass ended
  std::optional<store::Link> stored_;  // the link as the state has it, where it is not that of known_ as it was loaded
  std::vector<store::DirtyKey> taken_;
  std::vector<SideKey> claimed_;
  Sides<std::optional<Record>> record_;
  Sides<bool> read_{false, false};  // asked and answered in this pass
  Sides<std::set<std::string>> members_;  // fields of a group to be put back to their value before our write
  bool looked_ = false;             // whether the pages that were read have been asked for it
  Sides<bool> from_page_{false, false};  // a page showed it
  Sides<Instant> asked_at_;         // a read shows a moment between its asking and its answer, and only the former is sure
  Sides<bool> exists_{true, true};
  int reading_ = 0;
  std::optional<Error> read_error_;
  int merges_ = 0;                  // guards that refused
  Translations translations_;
  std::set<Reference> coming_;  // not linked yet: of this mapping, seen by the walk that looks, and those that are foreseen
  std::set<Reference> foreseen_;
  Answers answers_;
  std::set<std::string> hidden_questions_;  // names
  std::set<std::string> braked_;      // fields that are held in this pass
  std::vector<std::string> let_through_;
  std::string passed_over_;           // a record of the other side that fits and that a person has told to ignore
  bool brake_asked_ = false, asks_release_ = false;
  Judgements judgements_;
  std::optional<Error> judge_error_;
  bool waited_for_judge_ = false;
  bool reapplies_ = false;               // the mapping was edited since the link was level with it, and a resync asks
  Sides<bool> refreshed_{false, false};  // a watched lookup found something else than it did at the last commit
  Decisions decisions_;
  Sides<std::optional<store::Intent>> intent_;
  std::vector<std::string> close_intents_;
  Sides<bool> renewed_{false, false};             // its request may have left after it was announced
  Sides<std::vector<std::string>> open_creates_;  // that this pass met or announced
  std::vector<std::string> settled_;  // creates of earlier passes: closed with the link that this pass stores, kept where it stands
  Sides<Instant> making_until_;       // until when a lost request may still make rows or parts of the record
  std::vector<std::string> void_;     // updates of earlier passes that cannot land any more: closed before the next is announced
  std::set<std::string> doubtful_;    // fields of which nobody can tell whether the announced result is in them
  std::set<std::string> judged_in_doubt_;  // judged fields that a copy of ours may be in, under what somebody made of it since
  std::vector<store::Conflict> open_conflicts_;
  std::vector<std::string> close_conflicts_;
  std::vector<store::DirtyMark> again_;
  bool noted_ = false;  // of a field: what a delete of ours took, or what landed of a group
  std::set<std::string> let_go_;  // of wake_: what the record names no more, or stood for until now
  std::vector<std::string> wake_;
  std::vector<std::string> look_at_;  // parents that this pass begins to wait for
  std::string holder_;                // who is in the way of a write of this pass, as "mapping/side/key"
  bool holder_moves_ = false;         // and it is about to be written itself
  std::map<std::string, std::int64_t> counters_;
  Sides<bool> to_write_{false, false};
  bool creating_ = false;
  std::optional<Instant> older_;    // since when it has read older than the link has seen
  std::optional<Side> set_back_;    // where it does, and no replica can be behind
  bool believed_ = false;           // which is the truth
  bool notes_older_ = false;        // and is counted for the brake
  bool made_ = false;               // what was met was made by a create of ours whose answer was lost
  Value in_doubt_;                  // what an earlier create of unknown outcome was sent with; null: there is none
  bool deleting_ = false;
  bool deleted_before_ = false;     // by a pass that did not end
  std::optional<DeletePolicy> leaving_;  // the scope: what it does to the other record
  Sides<bool> sighted_{false, false};
  Sides<bool> replaced_{false, false};  // another record stands under the key
  std::set<std::string> unsure_;    // fields that may show our own write in another form, and no edit
  Sides<bool> searched_{false, false};  // for a rename, once a pass
  bool asked_for_maker_ = false, asked_spelling_ = false;
  std::string turn_;                // match hash whose turn we hold
  std::size_t way_ = 0;             // by which the counterpart was found
  Array writes_;                    // for the operation
  Array earlier_;                   // decisions of this pass that a guard refused, where they discarded an edit
  Value lost_ = Object{};           // edits that the trash had, by field
  std::optional<std::pair<Side, std::string>> put_back_mark_;  // under which unknown keys wait for this pass
  std::optional<Side> marked_;      // a soft delete of ours on this side is taken back
  Value soft_;                      // its mark: {"field", "was", "at", "marked"}
  bool revived_ = false;            // with the link that was buried
  bool takes_mark_off_ = false;
  std::string restored_;            // why a deleted record comes back
  store::Operation operation_;
  struct Heard {
    std::shared_ptr<const Exchange> exchange;
    std::optional<Side> side;
    std::optional<std::size_t> step;  // of the timeline
  };
  std::vector<Heard> heard_;        // in their order
  Timeline timeline_;
  std::optional<std::size_t> deciding_;  // the step, while it is under way
};

}  // namespace tidewire::sync
