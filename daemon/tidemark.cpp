// tidemark: the command-line client.

#include <cstdlib>
#include <string>
#include <vector>

#include "daemon/client/client.h"
#include "daemon/client/control_socket.h"
#include "daemon/client/interrupt.h"
#include "daemon/client/terminal_console.h"

int main(int argc, char** argv) {
  using namespace tidemark::client;
  handle_signals();
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto line = parse_command_line(words);
  if (!line) {
    TerminalConsole console(true);
    return static_cast<int>(report(console, line.error()));
  }
  TerminalConsole console(line->arguments.no_color);
  const auto socket = socket_path(line->arguments, std::getenv("TIDEMARK_SOCKET"));
  ControlSocket transport(socket);
  const auto exit = run(*line, transport, socket, console);
  return static_cast<int>(exit == Exit::done && !console.written() ? Exit::failed : exit);
}
