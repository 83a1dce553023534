#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "adapters/tools/flyway_checksum.h"

using namespace tidemark;
using namespace std::string_literals;

namespace {

const std::string bom = "\xEF\xBB\xBF";

TheirChecksums versioned(const std::string& bytes) {
  return flyway_checksums(bytes, MigrationKind::versioned);
}

// What every Flyway since 4.0 stores: the first that is accepted.
std::string checksum(const std::string& bytes) {
  return versioned(bytes).accepted.front();
}

bool accepts(const std::string& bytes, const std::string& stored) {
  const auto checksums = versioned(bytes);
  return std::ranges::find(checksums.accepted, stored) != checksums.accepted.end();
}

}  // namespace

TEST_CASE("an empty file, only newlines and only a byte-order mark have the checksum 0") {
  CHECK(checksum("") == "0");
  CHECK(checksum("\n") == "0");
  CHECK(checksum("\r\n\r\n") == "0");
  CHECK(checksum(bom) == "0");
}

TEST_CASE("what ends the last line does not count") {
  CHECK(checksum("SELECT 1;") == "78787420");
  CHECK(checksum("SELECT 1;\n") == "78787420");
  CHECK(checksum("SELECT 1;\r\n") == "78787420");
}

TEST_CASE(
    "LF, CR LF, CR and a byte-order mark in front make no difference, nor does joining lines") {
  for (const auto& bytes : {"abc\ndef efg\nxyz"s,
                            "abc\r\ndef efg\nxyz\r\n"s,
                            "abc\rdef efg\rxyz\r"s,
                            bom + "abc\ndef efg\nxyz\n",
                            "abcdef efgxyz"s}) {
    CAPTURE(bytes);
    CHECK(checksum(bytes) == "989464445");
  }
}

TEST_CASE("however lines end, and with a mark in front or without, the checksum is the same") {
  CHECK(rc::check([] {
    const auto lines = *rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab; -\t"))));
    std::string dense;
    std::string plain;
    std::string mixed;
    for (const auto& line : lines) {
      dense += line;
      plain += line + "\n";
      mixed += line + *rc::gen::element<std::string>("\n", "\r\n", "\r", "\r\n\r\n");
    }
    RC_ASSERT(checksum(plain) == checksum(dense));
    RC_ASSERT(checksum(mixed) == checksum(dense));
    RC_ASSERT(checksum(bom + mixed) == checksum(dense));
    RC_ASSERT(accepts(mixed, checksum(plain)));
    // And what is in a line is not: one more character is another checksum.
    RC_ASSERT(checksum(mixed + "x") != checksum(dense));
  }));
}

TEST_CASE("blanks count, blank lines do not") {
  CHECK(checksum("CREATE TABLE t (id int);\n") == "92137680");
  CHECK(checksum("\n\nCREATE TABLE t (id int);\n\n\n") == "92137680");
  CHECK(checksum("CREATE TABLE t (id int); \n\n\n") == "1874485369");
}

TEST_CASE("a checksum is a signed number") {
  CHECK(checksum("CREATE TABLE t (\n    id int\n);\n") == "-2030360514");
  CHECK(checksum("CREATE TABLE t (\r\n    id int\r\n);\r\n") == "-2030360514");
  CHECK(checksum("INSERT INTO t VALUES ('a');\n\nINSERT INTO t VALUES ('b');") == "-2086516591");
}

TEST_CASE("text beyond ASCII is hashed as UTF-8") {
  CHECK(checksum("CREATE TABLE größe (id int);\n") == "1803936698");
  CHECK(checksum("-- \xF0\x9F\x98\x80\n") == "1845286038");
}

TEST_CASE("a byte-order mark counts wherever it is not the first character") {
  CHECK(checksum("\nX" + bom + "Y\n") == "-121870161");
  CHECK(checksum(bom + "\nabc\n") == "891568578");
}

TEST_CASE("form feeds, NEL and other separators end no line, and a NUL is a character") {
  CHECK(checksum("a\x0C"
                 "b\x0B\xC2\x85"
                 "c\xE2\x80\xA8"
                 "d\n") == "-1255036375");
  CHECK(checksum("a\0b\n"s) == "367556721");
}

TEST_CASE("a row that Flyway 3 wrote, a CRC of the whole file, is accepted") {
  // zlib.crc32(b"SELECT 1;\n"), signed
  CHECK(accepts("SELECT 1;\n", "1343138175"));
  CHECK_FALSE(accepts("SELECT 2;\n", "1343138175"));
  CHECK_FALSE(accepts("SELECT 1;\n\n", "1343138175"));
}

TEST_CASE("a checkout with other line endings is what Flyway 3 ran") {
  // zlib.crc32 of b"SELECT 1;\n" and b"SELECT 1;\r\n", and of two lines with one end in the middle
  for (const auto* stored : {"1343138175", "-1115884976"}) {
    CHECK(accepts("SELECT 1;\n", stored));
    CHECK(accepts("SELECT 1;\r\n", stored));
  }
  for (const auto* stored : {"-382278762", "1830783018"}) {
    CHECK(accepts("SELECT 1;\nSELECT 2;", stored));
    CHECK(accepts("SELECT 1;\r\nSELECT 2;", stored));
  }
}

TEST_CASE("a file in UTF-8 that Flyway was told to read as Latin-1 or Windows-1252 is accepted") {
  // zlib.crc32("-- größe".encode().decode("latin-1").encode()), signed; of Windows-1252, which has
  // another character for a byte of the euro sign, too
  CHECK(accepts("-- größe\n", "260660901"));
  CHECK(accepts("-- 5 €\n", "-1567995156"));
  CHECK(versioned("-- größe\n").complete);
}

TEST_CASE("a row of Flyway 6.0.0 to 6.0.3, which hashed the byte-order mark, is accepted") {
  // zlib.crc32(b"\xef\xbb\xbfSELECT 1;"), signed; and the whole file with its newline is another
  CHECK(accepts(bom + "SELECT 1;\n", "-1606921097"));
  CHECK(accepts(bom + "SELECT 1;\n", "78787420"));
}

TEST_CASE("a file in Latin-1 or Windows-1252 is hashed as the UTF-8 that Flyway makes of it") {
  const auto as_utf8 = checksum("-- größe\n");
  CHECK(
      accepts("-- gr\xF6\xDF"
              "e\n",
              as_utf8));
  const auto euro = checksum("-- 5 €\n");
  CHECK(accepts("-- 5 \x80\n", euro));  // 0x80 is the euro sign in Windows-1252
  CHECK(accepts("-- 5 \x80\n", checksum("-- 5 \xC2\x80\n")));  // and a control character in Latin-1
}

TEST_CASE("a byte that Windows-1252 does not have leaves Latin-1 alone") {
  const auto checksums = versioned("-- \x81\n");
  CHECK(checksums.accepted.size() == 3);  // Latin-1, and the file as a whole with either end
  CHECK(checksums.accepted.front() == checksum("-- \xC2\x81\n"));
}

TEST_CASE("with a file that is no UTF-8 no mismatch proves an edit: its encoding is a guess") {
  CHECK_FALSE(versioned("-- gr\xF6\xDF"
                        "e\n")
                  .complete);
  CHECK_FALSE(versioned("\xED\xA0\x80").complete);  // a surrogate is no UTF-8
  CHECK_FALSE(versioned("\xC0\x80").complete);      // nor is an overlong form
  CHECK(versioned("-- größe\n").complete);
}

TEST_CASE("a repeatable with a placeholder cannot be proven edited, a versioned one can") {
  CHECK_FALSE(
      flyway_checksums("GRANT SELECT ON t TO ${reader};", MigrationKind::repeatable).complete);
  CHECK(flyway_checksums("GRANT SELECT ON t TO reader;", MigrationKind::repeatable).complete);
  CHECK(flyway_checksums("GRANT SELECT ON t TO ${reader};", MigrationKind::versioned).complete);
  // The value without replacement is accepted all the same: placeholderReplacement may be off.
  CHECK(flyway_checksums("${a}", MigrationKind::repeatable).accepted == versioned("${a}").accepted);
}

TEST_CASE("equal variants are told once") {
  CHECK(versioned("SELECT 1;").accepted.size() == 1);
  CHECK(versioned("SELECT 1;\n").accepted.size() == 3);
  CHECK(versioned("SELECT 1;\r\n").accepted.size() == 3);
}
