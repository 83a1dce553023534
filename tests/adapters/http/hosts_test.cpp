#include "adapters/http/hosts.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace tidemark;
using namespace std::string_view_literals;

TEST_CASE("only exact names of ours are answered to, in every spelling that a Host can have") {
  struct Spelling {
    std::string_view host;
    bool ours;
  };
  const std::vector<Spelling> table{
      // ours
      {"localhost", true},
      {"localhost:9847", true},
      {"localhost:1", true},
      {"localhost:65535", true},
      {"LOCALHOST:9847", true},
      {"LocalHost", true},
      {"127.0.0.1", true},
      {"127.0.0.1:9847", true},
      {"127.0.0.1:8080", true},
      {"[::1]", true},
      {"[::1]:9847", true},
      {"[0:0:0:0:0:0:0:1]:9847", true},
      {"[0000:0000:0000:0000:0000:0000:0000:0001]", true},
      {"tidemark.example.com", true},
      {"Tidemark.Example.COM:443", true},
      {"192.0.2.7:9847", true},
      {"192.0.2.7", true},
      // names that begin, end or look like ours
      {"127.evil.example", false},
      {"127.0.0.1.evil.example", false},
      {"127.0.0.1.nip.io", false},
      {"localhost.evil", false},
      {"localhost.evil:9847", false},
      {"evil-localhost", false},
      {"xlocalhost", false},
      {"localhostx", false},
      {"evil.localhost", false},
      {"tidemark.example.com.evil.example", false},
      {"xtidemark.example.com", false},
      {"tidemark.example.co", false},
      {"example.com", false},
      {"sub.tidemark.example.com", false},
      {"tidemark-example.com", false},
      {"evil.example", false},
      {"evil.example:9847", false},
      // dots
      {"localhost.", false},
      {"localhost.:9847", false},
      {"127.0.0.1.", false},
      {"tidemark.example.com.", false},
      {".localhost", false},
      {"tidemark..example.com", false},
      {".", false},
      // other ways to write an address
      {"127.1", false},
      {"127.0.1", false},
      {"2130706433", false},
      {"0x7f000001", false},
      {"0x7f.0.0.1", false},
      {"0177.0.0.1", false},
      {"127.000.000.001", false},
      {"127.0.0.2", false},
      {"0.0.0.0", false},
      {"192.0.2.8", false},
      {"[::ffff:127.0.0.1]", false},
      {"[::]", false},
      {"[::2]", false},
      {"[::1%lo]", false},
      {"[::1%25lo]", false},
      {"::1", false},
      {"[::1", false},
      {"::1]", false},
      {"[127.0.0.1]", false},
      {"[localhost]", false},
      {"[]", false},
      {"[::1]x", false},
      {"[::1].evil.example", false},
      // users, paths, ports
      {"user@localhost", false},
      {"localhost@evil.example", false},
      {"localhost:9847@evil.example", false},
      {"evil.example:80@localhost", false},
      {"localhost/", false},
      {"localhost/evil.example", false},
      {"localhost?evil", false},
      {"localhost#evil", false},
      {"localhost\\evil", false},
      {"http://localhost", false},
      {"localhost:", false},
      {"localhost:0", false},
      {"localhost:65536", false},
      {"localhost:99999999999999999999", false},
      {"localhost:http", false},
      {"localhost:9847x", false},
      {"localhost:+80", false},
      {"localhost:-1", false},
      {"localhost:80:80", false},
      {"localhost:80,evil.example", false},
      {"localhost, evil.example", false},
      {"localhost evil.example", false},
      {" localhost", false},
      {"localhost ", false},
      {"local\thost", false},
      {"localhost\0"sv, false},
      {"localhost\0.evil.example"sv, false},
      {"[::1\0]"sv, false},
      {"l\u043ecalhost", false},
      {"localhost\u3002", false},
      {"%6cocalhost", false},
      {"*", false},
      {"", false},
      {":9847", false},
  };
  REQUIRE(table.size() >= 60);
  const std::vector<std::string> configured{"Tidemark.example.com"};
  const auto hosts = AllowedHosts::with(configured);
  REQUIRE(hosts);
  for (const auto& spelling : table) {
    INFO(spelling.host);
    CHECK(hosts->allows(spelling.host, "192.0.2.7:9847") == spelling.ours);
  }
}

TEST_CASE("an IPv6 listener is called by its own address") {
  const AllowedHosts hosts;
  CHECK(hosts.allows("[2001:DB8:0::7]:80", "[2001:db8::7]:9847"));
  CHECK_FALSE(hosts.allows("[2001:db8::8]:80", "[2001:db8::7]:9847"));
}

TEST_CASE("a configured host that is no host is refused and named") {
  for (const std::string wrong : {"https://tidemark.example.com",
                                  "*.example.com",
                                  "tidemark.example.com/",
                                  "tidemark.example.com.",
                                  ""}) {
    const std::vector<std::string> configured{"good.example", wrong};
    const auto hosts = AllowedHosts::with(configured);
    REQUIRE_FALSE(hosts);
    CHECK(hosts.error().code == Errc::invalid);
    CHECK(hosts.error().detail.find("http.hosts: '" + wrong + "'") != std::string::npos);
  }
}
