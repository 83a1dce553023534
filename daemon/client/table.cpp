#include "daemon/client/table.h"

#include <algorithm>
#include <numeric>

#include "core/text/printable.h"

namespace tidemark::client {

namespace {

constexpr std::size_t gap = 2;

}  // namespace

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) {
    widths.push_back(display_width(column.head));
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  return widths;
}

std::size_t Table::width() const {
  const auto all = widths();
  return std::accumulate(all.begin(), all.end(), gap * (all.size() - 1));
}

std::string Table::text(const Style& style) const {
  const auto all = widths();
  std::string result;
  const auto line = [&](const std::vector<Cell>& cells) {
    std::size_t owed = 0;  // spaces that are written only when something follows
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto room = all[i] - display_width(cells[i].text);
      if (!cells[i].text.empty()) {
        result.append(owed + (columns_[i].right ? room : 0), ' ');
        result += paint(cells[i].text, cells[i].tone, style);
        owed = columns_[i].right ? 0 : room;
      } else {
        owed += room;
      }
      owed += gap;
    }
    result += '\n';
  };
  std::vector<Cell> head;
  for (const auto& column : columns_) {
    head.push_back({column.head, Tone::strong});
  }
  line(head);
  for (const auto& row : rows_) {
    line(row);
  }
  return result;
}

std::string shortened(const std::string& text, std::size_t columns) {
  if (display_width(text) <= columns) {
    return text;
  }
  std::string result;
  std::size_t used = 1;  // for the "…"
  for (std::size_t at = 0; at < text.size();) {
    std::size_t next = at + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) {
      ++next;
    }
    const auto character = text.substr(at, next - at);
    used += display_width(character);
    if (used > columns) {
      break;
    }
    result += character;
    at = next;
  }
  return result + "…";
}

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string result;
  for (const auto& part : parts) {
    if (!part.empty()) {
      result += (result.empty() ? "" : between) + part;
    }
  }
  return result;
}

}  // namespace tidemark::client
