#include "adapters/tools/sqitch_uri.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace tidemark;

TEST_CASE("a project's URI is the one that Perl's URI module makes of it") {
  // What perl -MURI -e 'print URI->new(shift)->canonical' says of them.
  for (const auto& [written, canonical] : std::vector<std::pair<std::string, std::string>>{
           {"https://github.com/theory/sqitch-intro/", "https://github.com/theory/sqitch-intro/"},
           {"https://example.com", "https://example.com/"},
           {"https://example.com?x", "https://example.com?x"},
           {"HTTPS://User@Example.COM:443/a%7eb/%c3%bc?x=%7E",
            "https://User@example.com/a~b/%C3%BC?x=~"},
           {"http://h:80", "http://h/"},
           {"http://h:", "http://h/"},
           {"http://h:8080", "http://h:8080/"},
           {"https://h/a/../B", "https://h/a/../B"},
           {"https://h/a b", "https://h/a%20b"},
           {"https://h/\xC3\xBC%", "https://h/%C3%BC%"},
           {"https://h/%2", "https://h/%2"},
           {"https://h/%41", "https://h/A"},
           {"ssh://Git@GitHub.com:22/X", "ssh://Git@github.com/X"},
           {"FTP://H:21", "ftp://h"},
           {"git://GitHub.com", "git://GitHub.com"},
           {"urn:ISBN:0-1", "urn:isbn:0-1"},
           {"git@github.com:X/y.git", "git@github.com:X/y.git"},
           {"mailto:X@Y.COM", "mailto:X@Y.COM"},
           {"Flipr", "Flipr"},
           {":x", ":x"},
           {"", ""}}) {
    CAPTURE(written);
    CHECK(canonical_uri(written) == canonical);
  }
}
