#include "simulate/judge.h"

#include "base/json.h"

namespace tidewire::simulate {

void MemoryJudge::ask(const sync::JudgeAt& at, const std::string&, const Value& question, sync::Done<Value> done) {
  const int life = time_.life();
  if (faults_.strikes(Fault::kJudge, "judge")) {
    note_("judge: says nothing");
    return time_.answer(life, at.timeout, [done = std::move(done)] { done(make_error(Code::kUnavailable, "the judge gave no answer")); });
  }
  const Duration way = faults_.strikes(Fault::kSlow, "judge") ? faults_.between("judge slow", std::chrono::milliseconds(200), at.timeout) : faults_.between("judge way", std::chrono::milliseconds(1), std::chrono::milliseconds(60));
  Value answer = answer_to(question);
  note_("judge: of " + json::dump(*question.find("left")) + " and " + json::dump(*question.find("right")) + " says " + json::dump(answer));
  time_.answer(life, way, [done = std::move(done), answer = std::move(answer)] { done(answer); });
}

/// Another one each time it is asked: what counts is what was stored.
Value MemoryJudge::answer_to(const Value& question) {
  switch (faults_.number("judge says", 10)) {
    case 0: return Value(Object{{"winner", "manual"}});
    case 1: return Value(Object{{"winner", "whoever"}});
    case 2: return Value(Object{{"value", *question.find("left")}});
    case 3: return Value(Object{{"left", *question.find("right")}, {"right", *question.find("right")}});
    case 4:
    case 5:
    case 6: return Value(Object{{"winner", "left"}});
    default: return Value(Object{{"winner", "right"}});
  }
}

}  // namespace tidewire::simulate
