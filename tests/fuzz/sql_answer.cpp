// Behind the parser's wall and before it: an A and an answer that the daemon reads, or a T and a
// tree that libpg_query printed.

#include "adapters/parser/answer.h"
#include "adapters/parser/printed_tree.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

constexpr std::size_t text_size = 1000;

void check(const ParsedSql& parsed) {
  std::size_t end = 0;
  for (const auto& each : parsed.statements) {
    promise(each.offset >= end && each.size > 0 && each.offset + each.size <= text_size,
            "statements are in order and within the text");
    promise(!each.kind.empty(), "a statement has a kind");
    end = each.offset + each.size;
  }
  const auto again = read_answer(answer_text(parsed), text_size);
  promise(again.has_value(), "what was read can be told again");
  promise(*again == parsed, "and is the same then");
}

}  // namespace

void try_input(std::string_view input) {
  if (input.starts_with('A')) {
    if (const auto parsed = read_answer(input.substr(1), text_size)) {
      check(*parsed);
    }
  } else if (input.starts_with('T')) {
    const std::string text(text_size, 'x');
    const auto parsed = analyse_tree(text, input.substr(1));
    promise(read_answer(answer_text({}), text_size).has_value(), "nothing can be told");
    for (const auto& each : parsed.statements) {
      promise(each.offset + each.size <= text_size, "a statement is within the text");
      for (const auto& object : each.objects) {
        promise(!object.name.empty(), "an object has a name");
      }
      for (const auto& twin : each.twins) {
        promise(twin.sql.empty() || twin.cannot.empty(), "a twin can be made, or it cannot");
      }
    }
  }
}

}  // namespace tidemark::fuzz
