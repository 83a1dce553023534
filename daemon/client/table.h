#pragma once

#include <string>
#include <vector>

#include "daemon/client/tone.h"

namespace tidemark::client {

struct Cell {
  std::string text;  // printable
  Tone tone = Tone::plain;
};

struct Column {
  std::string head;
  bool right = false;  // numbers
};

// Columns that line up, two spaces between them, nothing behind the last.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

  std::size_t width() const;
  bool fits(const Style& style) const { return !style.terminal || width() <= style.width; }
  std::string text(const Style& style) const;

 private:
  std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Cut to that many columns, with "…" at the end where something was cut off.
std::string shortened(const std::string& text, std::size_t columns);

// "1 environment", "2 environments".
std::string counted(std::size_t count, const std::string& noun);

// The parts that are not empty, with `between` between them.
std::string joined(const std::vector<std::string>& parts, const std::string& between);

}  // namespace tidemark::client
