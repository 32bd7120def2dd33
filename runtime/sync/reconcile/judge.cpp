// Disputes that the mapping leaves to a judge outside (strategy `webhook`, law 10). What was answered is stored before it is
// used, so that a pass that begins again, after a crash or a refused guard, decides as this one did.
#include "base/hash.h"
#include "base/text.h"
#include "sync/reconcile/reconcile.h"

namespace tidewire::sync {

namespace {

constexpr Duration kAnswerKept = std::chrono::hours(24);

std::string drawer(const std::string& mapping) { return "judge " + mapping; }

}  // namespace

/// The record by its left key: what was asked of it leaves with it (store/forget.cpp).
std::string Reconcile::answer_key(const std::string& id) const { return link_.key.left.value_or("") + "\n" + id; }

/// Asking takes its time: what is known not to be written is on record first, else it would be in doubt after a crash.
void Reconcile::ask_judge(std::vector<Asked> asks) {
  if (close_intents_.empty()) return ask_each(asks);
  store::Commit refused;
  refused.mapping = lane_.mapping;
  refused.close_intents = close_intents_;
  lane_.store.commit(std::move(refused), [self = shared_from_this(), asks = std::move(asks)](Result<std::int64_t> stored) {
    if (!stored.ok()) return self->fail(std::move(stored).error());
    self->ask_each(asks);
  });
}

void Reconcile::ask_each(const std::vector<Asked>& asks) {
  auto left = std::make_shared<std::size_t>(asks.size());  // owners: the callbacks below
  const auto one = [self = shared_from_this(), left] {
    if (--*left == 0) self->judged();
  };
  for (const Asked& asked : asks) {
    lane_.store.kv_get(drawer(lane_.mapping), answer_key(asked.id), [self = shared_from_this(), asked, one](Result<std::optional<Value>> kept) {
      if (!kept.ok()) self->judge_error_ = kept.error();
      if (kept.ok() && *kept) self->judgements_[asked.field] = {asked.id, **kept, ""};
      if (!kept.ok() || *kept) return one();
      self->send_question(asked, one);
    });
  }
}

void Reconcile::send_question(const Asked& asked, std::function<void()> then) {
  if (!plan_.judge || lane_.around.judge == nullptr) {
    judgements_[asked.field] = {asked.id, {}, "nobody can be asked here"};
    return then();
  }
  waited_for_judge_ = true;
  Value question = asked.question;
  question["mapping"] = lane_.mapping;
  for (const Side side : {Side::kLeft, Side::kRight}) question[std::string(store::side_name(side)) + "_key"] = link_.key[side].value_or("");
  question["id"] = sha256_hex(lane_.mapping + "\n" + answer_key(asked.id));
  const std::string id = question.string_or("id");
  lane_.around.judge->ask(*plan_.judge, id, question, [self = shared_from_this(), asked, then](Result<Value> answer) {
    auto checked = answer.ok() ? check_answer(self->plan_, *answer) : Result<void>(answer.error());
    if (!checked.ok()) return self->not_answered(asked, std::move(checked).error(), then);
    pass(CrashPoint::kJudgeAnswered);
    self->lane_.store.kv_set(drawer(self->lane_.mapping), self->answer_key(asked.id), *answer, kAnswerKept, [self, asked, answer = *answer, then](Result<void> stored) {
      if (stored.ok()) pass(CrashPoint::kJudgeStored);
      else self->judge_error_ = stored.error();
      self->judgements_[asked.field] = {asked.id, answer, ""};
      then();
    });
  });
}

void Reconcile::not_answered(const Asked& asked, Error error, const std::function<void()>& then) {
  if (error.code == Code::kCancelled) judge_error_ = std::move(error);
  else if (plan_.judge->fallback == "wait") judge_error_ = make_error(Code::kUnavailable, "field '" + asked.field + "': the judge did not decide: " + error.message, error.hint);
  else judgements_[asked.field] = {asked.id, {}, shortened(error.message, 200)};
  then();
}

/// Where no guard protects a write, what was read before the question is read again: the answer took its time (law 24).
void Reconcile::judged() {
  if (judge_error_) return fail(*std::exchange(judge_error_, std::nullopt));
  const bool guarded = lane_.capabilities(Side::kLeft).guarded_writes && lane_.capabilities(Side::kRight).guarded_writes;
  if (!std::exchange(waited_for_judge_, false) || guarded) return decide_now();
  record_ = {};
  read_ = {false, false};
  decisions_ = {};
  read_sides({true, true});
}

}  // namespace tidewire::sync
