// pass.h — the inside of decide(): one pass over the fields of one link. merge/decide.cpp looks at each field, merge/dispute.cpp settles
// what both sides changed, merge/group.cpp what is won together, merge/person.cpp what a person has said, merge/reapply.cpp what the mapping
// alone changed, merge/reverse.cpp what goes back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/merge/decide.h"
#include "sync/merge/turn.h"

namespace tidewire::sync {

class Pass : private Cells {
 public:
  explicit Pass(const Situation& situation) : s_(situation), turner_(situation, out_) {}
  Result<Decisions> run();

 private:
  struct View {
    Decision decision;
    bool has_base = false;
    Sides<bool> changed{false, false};
    const store::Conflict* conflict = nullptr;
    bool decided = false;  // a person has decided it, for the values that it has now
    Sides<bool> edited{false, false};  // of a revert, which leaves `changed` empty
  };

  /// Of a conflict: a side takes the field in a form of its own, or not at all, which may be so for ever.
  static bool is_of_form(std::string_view kind) { return kind == "not_accepted" || kind == "ping_pong"; }
  View look(const Field& field);
  Value current(const Field& field, Side side);
  Result<void> decide_field(View& view);
  Result<void> adopt(View& view);
  Result<void> without_base(View& view);
  Result<void> with_what_went(View& view, Side made, const Value& had);
  Result<void> with_rows_that_went(View& view, Side made, const Value& had);
  std::optional<Side> said_anew(const Field& state) const;
  bool is_reapplied(const View& view) const;
  std::optional<Side> reapplied_from(const View& view);
  Result<void> reapply(View& view);
  Result<void> reapply_rows(View& view);
  Result<void> brake_adopted(View& view, const char* what);
  Result<void> unknown_outcome(View& view);
  Result<void> copy(View& view, Side from, std::string rule);
  bool is_due_since_create(const View& view) const;
  Result<void> dispute(View& view);
  bool says(const View& view, Side side) const;
  bool is_left_apart(const View& view) const;
  Result<void> take_along(std::vector<View*>& views, const View& edited, Side from);
  Result<void> dispute_group(std::vector<View*>& views);
  void wait_together(std::vector<View*>& views);
  bool still_stands(const View& view);
  std::optional<Value> carried(const Field& field, Side to, const std::optional<Value>& from);
  Result<void> by_person(View& view);
  Result<void> by_person_anew(View& view, Side made, const std::string& rule);
  Result<void> say_value(View& view, Verdict verdict, const std::string& rule);
  Result<void> reverse(View& view);
  void reverse_together(std::vector<View*>& views);
  bool shows_own_form(const View& view, Side side) const;
  bool agrees_after(const View& view);
  Result<void> settle(View& view, const Verdict& verdict, const std::string& rule);
  Result<bool> agree(View& view);
  Result<std::optional<Verdict>> judge(const Field& field, View& view, const Dispute& asked, const Value& group, std::string& rule);
  Result<Verdict> read_answer(const Field& field, const Value& answer);
  bool is_told(const View& view) const;
  std::optional<Side> perhaps_ours(const View& view) const;
  Verdict unless_restored(View& view, Verdict verdict, std::string& rule);
  Dispute dispute_of(View& view);
  std::string newer_text(const Dispute& dispute) const;
  Result<void> rows_field(View& view);
  Result<void> merge(View& view, std::optional<Side> whole, std::optional<Side> clashes, std::string rule);
  Result<std::optional<Value>> turn(const Field& cell, Side to, const Value& form, const Value& row, bool create) override { return turner_.turn_cell(cell, to, form, row, create); }
  std::optional<Value> turn_past(const Field& cell, Side to, const Value& form, const Value& row) override { return turner_.turn_past_cell(cell, to, form, row); }
  Result<Verdict> resolve(const CellDispute& dispute) override;
  Result<void> lay_value(Side side, const std::string& path, Value value);
  Result<void> lay_rows(const Field& field, Side side, const Value& form);
  Result<void> lay(const Decision& decision);
  void undecide(View& view);
  void owe(View& view, std::size_t waits);
  bool is_matched_by(const Field& field) const;
  void owe_together(std::vector<View*>& views);
  Result<void> constants();

  const Situation& s_;
  View* rows_ = nullptr;  // the field whose rows are merged
  Decisions out_;
  Turner turner_;
};

}  // namespace tidewire::sync
