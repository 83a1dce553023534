#include "core/text/diff.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <vector>

namespace tidemark {

namespace {

using Lines = std::vector<std::string_view>;  // each with its line end

constexpr std::size_t context = 3;
// What is compared line by line: above this many differences the middle is shown as replaced.
constexpr std::ptrdiff_t differences_max = 2000;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

// One line of the result: in both, only in `from`, only in `to`.
struct Step {
  char mark;
  std::string_view line;
};

// Myers' greedy algorithm: for each number of differences d, how far along each diagonal k one
// gets.
class Shortest {
 public:
  Shortest(std::span<const std::string_view> from, std::span<const std::string_view> to)
      : from_(from), to_(to) {}

  // False when there are more than differences_max.
  bool find() {
    const auto n = std::ssize(from_);
    const auto m = std::ssize(to_);
    const auto most = std::min(n + m, differences_max);
    std::vector<std::ptrdiff_t> reach(static_cast<std::size_t>(2 * most + 3), 0);
    const auto at = [&](std::ptrdiff_t k) -> std::ptrdiff_t& {
      return reach[static_cast<std::size_t>(k + most + 1)];
    };
    for (std::ptrdiff_t d = 0; d <= most; ++d) {
      history_.emplace_back();
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
        auto x = down ? at(k + 1) : at(k - 1) + 1;
        while (x < n && x - k < m &&
               from_[static_cast<std::size_t>(x)] == to_[static_cast<std::size_t>(x - k)]) {
          ++x;
        }
        at(k) = x;
        history_.back().push_back(x);
        if (x >= n && x - k >= m) {
          return true;
        }
      }
    }
    return false;
  }

  // The way that find() found, walked back.
  std::vector<Step> steps() const {
    std::vector<Step> steps;
    auto x = std::ssize(from_);
    auto y = std::ssize(to_);
    for (auto d = std::ssize(history_) - 1; d >= 0; --d) {
      const auto k = x - y;
      const bool first = d == 0;
      const bool down =
          !first && (k == -d || (k != d && reached(d - 1, k - 1) < reached(d - 1, k + 1)));
      const auto before_k = down ? k + 1 : k - 1;
      const auto before_x = first ? 0 : reached(d - 1, before_k);
      const auto before_y = first ? 0 : before_x - before_k;
      const auto turn_x = first ? 0 : (down ? before_x : before_x + 1);
      while (x > turn_x) {
        --x;
        --y;
        steps.push_back({' ', from_[static_cast<std::size_t>(x)]});
      }
      if (!first) {
        steps.push_back(down ? Step{'+', to_[static_cast<std::size_t>(before_y)]}
                             : Step{'-', from_[static_cast<std::size_t>(before_x)]});
      }
      x = before_x;
      y = before_y;
    }
    std::ranges::reverse(steps);
    return steps;
  }

 private:
  std::ptrdiff_t reached(std::ptrdiff_t d, std::ptrdiff_t k) const {
    return history_[static_cast<std::size_t>(d)][static_cast<std::size_t>((k + d) / 2)];
  }

  std::span<const std::string_view> from_;
  std::span<const std::string_view> to_;
  std::vector<std::vector<std::ptrdiff_t>> history_;
};

std::vector<Step> all_steps(const Lines& from, const Lines& to) {
  std::size_t head = 0;
  while (head < from.size() && head < to.size() && from[head] == to[head]) {
    ++head;
  }
  std::size_t tail = 0;
  while (tail < from.size() - head && tail < to.size() - head &&
         from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) {
    steps.push_back({' ', from[i]});
  }
  const std::span middle_from = std::span(from).subspan(head, from.size() - head - tail);
  const std::span middle_to = std::span(to).subspan(head, to.size() - head - tail);
  Shortest shortest(middle_from, middle_to);
  if (shortest.find()) {
    std::ranges::copy(shortest.steps(), std::back_inserter(steps));
  } else {
    std::ranges::transform(middle_from, std::back_inserter(steps), [](auto line) {
      return Step{'-', line};
    });
    std::ranges::transform(middle_to, std::back_inserter(steps), [](auto line) {
      return Step{'+', line};
    });
  }
  for (std::size_t i = from.size() - tail; i < from.size(); ++i) {
    steps.push_back({' ', from[i]});
  }
  return steps;
}

// "3,7", "3" for one line, and the line before for none, as diff counts.
std::string range(std::size_t first, std::size_t count) {
  if (count == 0) {
    return std::to_string(first - 1) + ",0";
  }
  return count == 1 ? std::to_string(first) : std::to_string(first) + "," + std::to_string(count);
}

struct Hunk {
  std::size_t begin = 0;  // in the steps
  std::size_t end = 0;
};

std::vector<Hunk> hunks_of(const std::vector<Step>& steps) {
  std::vector<Hunk> hunks;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].mark == ' ') {
      continue;
    }
    const auto begin = i > context ? i - context : 0;
    const auto end = std::min(i + 1 + context, steps.size());
    if (!hunks.empty() && begin <= hunks.back().end) {
      hunks.back().end = end;
    } else {
      hunks.push_back({begin, end});
    }
  }
  return hunks;
}

}  // namespace

std::string unified_diff(std::string_view from,
                         std::string_view to,
                         std::string_view from_name,
                         std::string_view to_name) {
  if (from == to) {
    return "";
  }
  const auto steps = all_steps(lines_of(from), lines_of(to));
  std::string text = "--- " + std::string(from_name) + "\n+++ " + std::string(to_name) + "\n";
  std::size_t from_line = 1;
  std::size_t to_line = 1;
  std::size_t done = 0;
  const auto pass = [&](std::size_t until, auto&& each) {
    for (; done < until; ++done) {
      each(steps[done]);
      from_line += steps[done].mark != '+' ? 1U : 0U;
      to_line += steps[done].mark != '-' ? 1U : 0U;
    }
  };
  for (const auto& hunk : hunks_of(steps)) {
    pass(hunk.begin, [](const Step&) {});
    const auto from_first = from_line;
    const auto to_first = to_line;
    std::string body;
    pass(hunk.end, [&](const Step& step) {
      body += step.mark;
      body += step.line;
      if (!step.line.ends_with('\n')) {
        body += "\n\\ No newline at end of file\n";
      }
    });
    text += "@@ -" + range(from_first, from_line - from_first) + " +" +
            range(to_first, to_line - to_first) + " @@\n" + body;
  }
  return text;
}

}  // namespace tidemark
