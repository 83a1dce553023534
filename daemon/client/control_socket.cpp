#include "daemon/client/control_socket.h"

#include "adapters/http/client.h"

namespace tidemark::client {

namespace {

ClientRequest asked(const Request& request) {
  return {request.method, request.target, request.body};
}

Result<Reply> reply(Result<ClientResponse> response) {
  if (!response) {
    return std::unexpected(response.error());
  }
  return Reply{static_cast<int>(response->status),
               std::move(response->content_type),
               std::move(response->body)};
}

}  // namespace

Result<Reply> ControlSocket::request(const Request& request) {
  return reply(tidemark::request(path_, asked(request), request.deadline));
}

Result<Reply> ControlSocket::stream(const Request& request,
                                    const std::function<bool(std::string_view)>& take) {
  return reply(tidemark::request_lines(path_, asked(request), request.deadline, take));
}

}  // namespace tidemark::client
