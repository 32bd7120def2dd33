#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "base/result.h"

namespace tidewire::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // a column is not cut below this
constexpr std::size_t kLongest = 500;  // of a cell that nobody copies, on no terminal either: a key may have 100,000 characters
constexpr std::size_t kWidestBlank = 80;  // where nothing is cut: one long cell must not fill all rows with blanks

std::string padded(const Cell& cell, std::size_t width, bool right, bool last, const Look& look) {
  const std::string text = look.width > 0 ? cut(cell.text, width) : cell.text;
  const std::size_t taken = columns_of(text);
  const std::string blanks(taken < width ? width - taken : 0, ' ');
  const std::string painted = styled(text, cell.style, look);
  if (right) return blanks + painted;
  return last ? painted : painted + blanks;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  ASSERT(row.size() <= columns_.size(), "a row has no more cells than the table has columns");
  row.resize(columns_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i].text = plain(row[i].text);
    if (!columns_[i].whole) row[i].text = cut(row[i].text, kLongest);
  }
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(const Look& look) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, columns_of(row[i].text));
    if (width > 0 || rows_.empty()) width = std::max(width, columns_of(columns_[i].title));
    out.push_back(width);
  }
  if (look.width <= 0) {
    for (std::size_t& width : out) width = std::min(width, kWidestBlank);
    return out;
  }
  if (out.empty()) return out;
  const std::size_t room = static_cast<std::size_t>(look.width);
  const auto filled = static_cast<std::size_t>(std::count_if(out.begin(), out.end(), [](std::size_t width) { return width > 0; }));
  const std::size_t gaps = filled == 0 ? 0 : kGap * (filled - 1);
  while (std::accumulate(out.begin(), out.end(), gaps) > room) {
    std::size_t* widest = nullptr;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (!columns_[i].whole && (widest == nullptr || out[i] > *widest)) widest = &out[i];
    }
    if (widest == nullptr || *widest <= kNarrowest) break;
    --*widest;
  }
  return out;
}

std::string Table::text(const Look& look) const {
  const auto width = widths(look);
  std::string out;
  const auto add_row = [&](const auto& cell_at) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (width[i] == 0) continue;
      if (!line.empty()) line.append(kGap, ' ');
      line += padded(cell_at(i), width[i], columns_[i].right, i + 1 == columns_.size(), look);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  const bool titled = std::any_of(columns_.begin(), columns_.end(), [](const Column& one) { return !one.title.empty(); });
  if (titled) add_row([&](std::size_t i) { return Cell(columns_[i].title, Style::kDim); });
  for (const auto& row : rows_) add_row([&](std::size_t i) { return row[i]; });
  return out;
}

}  // namespace tidewire::cli
