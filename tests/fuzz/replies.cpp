// What a server says to a pipeline of commands. The first byte of the input says how long the
// pieces are in which the rest comes.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/replies.h"
#include "tests/fuzz/input.h"

namespace tidemark::fuzz {

namespace {

constexpr std::size_t commands = 4;
constexpr std::size_t first = 2;
constexpr std::size_t end = 3;
constexpr AnswerBounds bounds{50, 4000};

struct Outcome {
  bool done;
  bool hopeless;
  bool idle;
  std::string tag;
  std::string failure;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome outcome_of(std::string_view bytes, std::size_t piece, RowSink& sink) {
  MessageReader messages;
  ReplyReader reader(messages, commands, bounds, &sink);
  while (!bytes.empty() && !reader.done() && !reader.hopeless()) {
    const std::string part(bytes.substr(0, piece));
    bytes.remove_prefix(part.size());
    reader.read(part);
  }
  promise(!(reader.done() && reader.hopeless()), "what is understood is not given up");
  promise(!reader.hopeless() || reader.failure(), "what is given up has a reason");
  Outcome outcome{reader.done(), reader.hopeless(), reader.idle(), reader.last_tag(), ""};
  if (reader.failure()) {
    outcome.failure = reader.failure()->error.detail;
    promise(!outcome.failure.empty(), "a failure has words");
    promise(outcome.failure.size() < 1000, "little of what a server says is repeated");
  }
  return outcome;
}

}  // namespace

void try_input(std::string_view input) {
  if (input.empty()) {
    return;
  }
  const auto piece = std::max<std::size_t>(static_cast<unsigned char>(input[0]), 1);
  const auto bytes = input.substr(1);
  AnswerSink kept(first, end);
  DigestSink digested(first, end);
  const auto outcome = outcome_of(bytes, piece, kept);
  promise(outcome.done == outcome_of(bytes, piece, digested).done, "a digest needs no other bytes");
  const auto answers = std::move(kept).answers();
  promise(answers.size() == end - first, "there is an answer for each query");
  if (outcome.done && outcome.failure.empty()) {
    promise(digest_of(answers) == digested.digest(), "a digest is that of the answers");
  }
  AnswerSink at_once(first, end);
  if (bytes.size() < bounds.bytes_max) {
    promise(outcome == outcome_of(bytes, bytes.size(), at_once),
            "the pieces in which it comes do not matter");
    promise(answers == std::move(at_once).answers(), "nor for the rows");
  }
}

}  // namespace tidemark::fuzz
