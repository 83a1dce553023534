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

std::string place(const json::object& ledger) {
  return shown(ledger, "app") + "/" + shown(ledger, "environment");
}

}  // namespace

std::string render_ledger(const json::object& ledger, const Style& style) {
  const auto theirs = joined({shown(ledger, "tool"), shown(ledger, "table")}, ", ");
  auto head = place(ledger) + ": " + (theirs.empty() ? "no ledger of another tool" : theirs) + "\n";
  if (!raw(ledger, "at_work").empty()) {
    head += "at work: " + shown(ledger, "at_work") + "; what follows is from before\n";
  }
  head += "\n";
  const auto& rows = list(ledger, "rows");
  if (rows.empty()) {
    return head + "nothing in ours, nothing in theirs\n";
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
  if (shape == nullptr || raw(*shape, "recognised").empty()) {
    auto text = place(ledger) + ": no table was recognised as a ledger\n";
    if (shape == nullptr) {
      return text;
    }
    for (const auto& entry : list_if(*shape, "rejected")) {
      text += "  not " +
              joined({shown(object(entry), "table"), shown(object(entry), "why")}, ": ") + "\n";
    }
    return text;
  }
  auto text = place(ledger) + ": " + paint(shown(*shape, "recognised"), Tone::strong, style) +
              " is a ledger of " + shown(*shape, "tool") + "\n";
  if (!raw(*shape, "evidence").empty()) {
    text += "  because " + shown(*shape, "evidence") + "\n";
  }
  for (const auto& entry : list_if(*shape, "rejected")) {
    text += "  not " + joined({shown(object(entry), "table"), shown(object(entry), "why")}, ": ") +
            "\n";
  }
  return text;
}

}  // namespace tidemark::client
