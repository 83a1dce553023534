#include <algorithm>

#include "daemon/client/render/render.h"
#include "daemon/client/table.h"

namespace tidemark::client {

namespace {

Cell word(const json::object& row, std::string_view member) {
  const auto text = shown(row, member);
  return {text.empty() ? "-" : text};
}

Tone tone(std::string_view state) {
  if (state == "in_sync") {
    return Tone::good;
  }
  return state == "drift" ? Tone::bad : Tone::doubtful;
}

// Of a ledger that was never read every row is in neither.
bool anything_known(const json::array& rows) {
  return std::ranges::any_of(rows, [](const json::value& entry) {
    return !raw(object(entry), "theirs").empty() || !raw(object(entry), "ours").empty();
  });
}

std::string place(const json::object& ledger) {
  return shown(ledger, "app") + "/" + shown(ledger, "environment");
}

}  // namespace

std::string render_ledger(const json::object& ledger, const Style& style) {
  const auto theirs = joined({shown(ledger, "tool"), shown(ledger, "table")}, ", ");
  const bool at_work = !raw(ledger, "at_work").empty();
  const bool unread = !raw(ledger, "trouble").empty();
  const auto& rows = list(ledger, "rows");
  const std::string before =
      anything_known(rows) ? "; what follows is from before\n" : "; it was not read before\n";
  const auto none = unread ? "which ledger it has is not known" : "no ledger of another tool";
  auto head = place(ledger) + ": " + (theirs.empty() ? none : theirs) + "\n";
  if (at_work) {
    head += "at work: " + shown(ledger, "at_work") + before;
  }
  if (unread) {
    head += "not read: " + shown(ledger, "trouble") + before;
  }
  if (const auto* shape = part(ledger, "shape"); shape != nullptr && !raw(*shape, "note").empty()) {
    head += "note: " + shown(*shape, "note") + "\n";
  }
  head += "\n";
  if (rows.empty()) {
    return head + "nothing in ours, " +
           (at_work || unread ? "what is in theirs is not known\n" : "nothing in theirs\n");
  }
  Table table({{"MIGRATION"}, {"OURS"}, {"THEIRS"}, {"STATE"}, {"WHY"}});
  std::size_t differing = 0;
  for (const auto& entry : rows) {
    const auto& row = object(entry);
    const auto state = raw(row, "state");
    differing += state == "drift" ? 1 : 0;
    table.row({word(row, "id"),
               word(row, "ours"),
               word(row, "theirs"),
               {joined({shown(row, "state"), shown(row, "kind")}, " "), tone(state)},
               {shown(row, "why")}});
  }
  auto text = head + table.text(style) + "\n" + counted(rows.size(), "row");
  text += differing == 0 ? ", none drifted\n"
                         : ", " + std::to_string(differing) + " drifted: tidemark findings " +
                               place(ledger) + "\n";
  return text;
}

std::string render_shape(const json::object& ledger, const Style& style) {
  const auto* shape = part(ledger, "shape");
  const bool recognised = shape != nullptr && !raw(*shape, "recognised").empty();
  auto text = place(ledger) + ": ";
  if (recognised) {
    text += paint(shown(*shape, "recognised"), Tone::strong, style) + " is a ledger of " +
            shown(*shape, "tool") + "\n";
  } else {
    text += "no table was recognised as its ledger\n";
  }
  const auto say = [&](std::string_view begin, const std::string& words) {
    text += words.empty() ? "" : "  " + std::string(begin) + " " + words + "\n";
  };
  if (recognised) {
    say("because", shown(*shape, "evidence"));
  }
  say("but", shown(ledger, "trouble"));
  if (shape == nullptr) {
    return text;
  }
  say("note:", shown(*shape, "note"));
  say("beside files of the layout", shown(*shape, "layout"));
  for (const auto& entry : list_if(*shape, "rejected")) {
    say("not", joined({shown(object(entry), "table"), shown(object(entry), "why")}, ": "));
  }
  return text;
}

}  // namespace tidemark::client
