// table.h — rows in aligned columns, without lines between them: they copy well and grep well.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace tidewire::cli {

struct Cell {
  Cell(std::string text_in = {}, Style style_in = Style::kPlain) : text(std::move(text_in)), style(style_in) {}
  Cell(const char* text_in, Style style_in = Style::kPlain) : text(text_in), style(style_in) {}
  std::string text;
  Style style;
};

class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers
    bool whole = false;  // never cut: somebody copies it
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }
  /// Title line and rows, each ended by a line end; a column with nothing in any row is left out. Where the look has a width, the widest columns are cut to fit; where it has none, a cell is cut at
  /// 500 columns (`--json` has all of it).
  std::string text(const Look& look) const;

 private:
  std::vector<std::size_t> widths(const Look& look) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace tidewire::cli
