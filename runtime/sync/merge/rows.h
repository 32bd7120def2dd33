// rows.h — rows below a record (a child table, a JSON column, a table with a foreign key) as one field: small links of their
// own, merged by row, then by field, and written with the parent.
//
// The form of such a field is the list of its rows with the mapped columns only, in each side's own spelling. Rows are told
// apart by their key columns, equal ones by their order of appearance. Columns that no row of the mapping names are carried
// over when a list is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/ports.h"

namespace tidewire::sync {

/// The list as the mapping sees it. A text that holds JSON is read; what is no list is no rows.
Value rows_form(const Field& field, Side side, const Value& stored);
/// Equal row by row by type; the order counts where the field says so.
bool same_rows(const Field& field, Side side, const Value& a, const Value& b);
/// kInvalid where what is stored is no list of rows: read as none, it would be taken for a deletion of all.
Result<void> check_rows(Side side, const Value& stored);
/// One cell of a row in the field's form, and back.
Value cell_form(const Field& cell, Side side, const Value& row);
void lay_cell(const Field& cell, Side side, const Value& form, Value& row);
/// One name per row, from its key columns as this side spells them.
std::vector<std::string> row_names(const Field& field, Side side, const Value& form);
/// What somebody entered into a list that shows `now`, where it reads as agreed on and as none of `others`: what a write had found there and
/// what was meant. By the names of rows and cells, {"[\"MIT\"]": {"degree": form}}; of several rows with one key any may match.
Value entered_cells(const Field& field, Side side, const Value& now, const Value& agreed, const std::vector<Value>& others);
/// True where the row of that name, or one of a list, still shows what is noted of it so.
bool is_entered_cell(const Value& entered, const Field& cell, Side side, const std::string& row, const Value& form);
bool has_entered_cell(const Value& entered, const Field& field, Side side, const Value& now);
/// Whether it is a file, or has one in each row.
bool names_files(const Field& field, Side side);
/// Why one of the files that the form names could not be read, where one could not.
std::optional<Error> unread_file(const Field& field, Side side, const Value& form);
/// The form with what `base` has in the place of each file that is gone: what it named is lost, so its absence is nobody's edit.
Value without_gone_files(const Field& field, Side side, const Value& form, const Value& base);
/// The list to be written: `form` over what is stored, row by row, with the columns that the mapping does not name.
Value carried_over(const Field& field, Side side, const Value& form, const Value& stored);

/// A cell that both sides changed.
struct CellDispute {
  const Field& cell;
  std::string name;  // "education[MIT].degree"
  std::optional<store::FieldBase> base;
  Sides<Value> form;
  Sides<const Value*> row;
};

/// What merging asks of whoever knows the mapping.
class Cells {
 public:
  virtual ~Cells() = default;
  /// The cell in the target's form; nullopt leaves the target alone.
  virtual Result<std::optional<Value>> turn(const Field& cell, Side to, const Value& form, const Value& row, bool create) = 0;
  virtual Result<Verdict> resolve(const CellDispute& dispute) = 0;
  /// Of a row that is no longer there: nullopt where it does not convert, and nobody waits for it.
  virtual std::optional<Value> turn_past(const Field& cell, Side to, const Value& form, const Value& row) = 0;
};

struct RowsAsked {
  const Field& field;
  const store::FieldBase* base = nullptr;
  Sides<Value> form;
  std::optional<Side> whole;           // that side's list as it is: a create, a group won, drift put back
  std::optional<Side> clashes;         // a person has decided for this side
  Side tie = Side::kLeft;              // whose order counts where both have one
  bool again = false;                  // cells at rest are turned again: the mapping was edited
  Sides<const Value*> entered{nullptr, nullptr};  // as entered_cells has it: edits, though they read as agreed on (law 26)
};
struct RowsMerged {
  Sides<std::optional<Value>> to;      // the new list of a side, where it changes
  Sides<bool> contributed{false, false};
  bool manual = false;                 // a cell waits for a person; `to` is empty
  bool discards = false;               // an edit is overwritten
  int clashes = 0, restored = 0;       // rows deleted on one side and changed on the other
};
Result<RowsMerged> merge_rows(const RowsAsked& asked, Cells& cells);

}  // namespace tidewire::sync
