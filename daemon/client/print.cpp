#include "daemon/client/print.h"

namespace tidemark::client {

void print_json(Console& console, std::string_view document) {
  auto text = harmless(document);
  if (!text.ends_with('\n')) {
    text += '\n';
  }
  console.out(text);
}

Outcome<Exit> print(Session& session,
                    const Outcome<Document>& answer,
                    const std::function<std::string(const json::object&)>& render) {
  if (!answer) {
    return std::unexpected(answer.error());
  }
  if (session.arguments.json) {
    print_json(session.console, answer->text);
  } else {
    session.console.out(render(answer->root()));
  }
  return Exit::done;
}

}  // namespace tidemark::client
