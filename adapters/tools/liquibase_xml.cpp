#include <algorithm>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "adapters/tools/file_name.h"
#include "adapters/tools/liquibase_changelog.h"
#include "core/text/printable.h"

namespace tidemark {

namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

// "changeSet" of "lb:changeSet".
std::string_view local_name(const pugi::xml_node& node) {
  std::string_view name = node.name();
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_text(const pugi::xml_node& node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

std::string text_of(const pugi::xml_node& node) {
  std::string text;
  for (const auto& child : node.children()) {
    if (is_text(child)) {
      text += child.value();
    }
  }
  return text;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= 0x20) {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= 0x20) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

std::string of(const pugi::xml_node& node, const char* attribute) {
  return node.attribute(attribute).value();
}

bool is_true(const pugi::xml_node& node, const char* attribute, bool otherwise = false) {
  const auto value = node.attribute(attribute);
  return value ? lower_case(value.value()) == "true" : otherwise;
}

bool is_conditional(const pugi::xml_node& node) {
  return !of(node, "context").empty() || !of(node, "contextFilter").empty() ||
         !of(node, "labels").empty();
}

// All that it says, without how it is written.
class Rendering : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    if (node.type() == pugi::node_element) {
      text += std::to_string(depth());
      text += '<';
      text += node.name();
      for (const auto& attribute : node.attributes()) {
        text += ' ';
        text += attribute.name();
        text += '=';
        text += attribute.value();
      }
      text += '\n';
    } else if (is_text(node) && !is_blank(node.value())) {
      text += node.value();
      text += '\n';
    }
    return true;
  }
  bool begin(pugi::xml_node& node) override { return for_each(node); }

  std::string text{};
};

class XmlChangelog {
 public:
  explicit XmlChangelog(std::string_view bytes) : bytes_(bytes) {}

  Result<LiquibaseChangelog> run() {
    const auto skipped = bytes_.starts_with(bom) ? bom.size() : 0;
    const auto body = bytes_.substr(skipped);
    constexpr auto options = pugi::parse_default | pugi::parse_comments | pugi::parse_pi |
                             pugi::parse_ws_pcdata | pugi::parse_declaration | pugi::parse_doctype;
    const auto parsed =
        document_.load_buffer(body.data(), body.size(), options, pugi::encoding_utf8);
    if (!parsed) {
      return fail(
          Errc::broken,
          "is no XML that can be read: " + std::string(parsed.description()) + " at byte " +
              std::to_string(static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0)) +
                             skipped));
    }
    shift_ = skipped;
    const auto root = document_.document_element();
    if (local_name(root) != "databaseChangeLog") {
      return fail(Errc::not_found, "is no changelog");
    }
    // Entities of its own, and other encodings, are not resolved here.
    certain_ = is_utf8();
    changelog_.logical_path = of(root, "logicalFilePath");
    changelog_.conditional = is_conditional(root);
    steps_in(root);
    for (const auto& child : root.children()) {
      if (local_name(child) == "modifyChangeSets") {
        steps_in(child);
      }
    }
    return std::move(changelog_);
  }

 private:
  bool is_utf8() const {
    for (const auto& node : document_.children()) {
      if (node.type() == pugi::node_doctype) {
        return false;
      }
      if (node.type() == pugi::node_declaration) {
        const auto encoding = lower_case(of(node, "encoding"));
        if (!encoding.empty() && encoding != "utf-8" && encoding != "utf8" &&
            encoding != "us-ascii") {
          return false;
        }
      }
    }
    return valid_utf8(bytes_) == bytes_;
  }

  void steps_in(const pugi::xml_node& parent) {
    for (const auto& node : parent.children()) {
      const auto name = local_name(node);
      if (name == "changeSet") {
        changelog_.steps.emplace_back(changeset(node));
      } else if (name == "include" || name == "includeAll") {
        changelog_.steps.emplace_back(include(node, name == "includeAll"));
      } else if (name == "property" && node.attribute("name") && node.attribute("value") &&
                 is_for_postgresql(of(node, "dbms"))) {
        changelog_.steps.emplace_back(
            LiquibaseProperty{of(node, "name"), of(node, "value"), is_true(node, "global", true)});
      }
    }
  }

  static LiquibaseInclude include(const pugi::xml_node& node, bool all) {
    LiquibaseInclude include;
    include.path = of(node, all ? "path" : "file");
    include.all = all;
    include.relative = is_true(node, "relativeToChangelogFile");
    include.optional = !is_true(node, all ? "errorIfMissingOrEmpty" : "errorIfMissing", true);
    include.ignored = is_true(node, "ignore");
    // Whether a file passes a filter only that class can tell.
    include.conditional =
        is_conditional(node) ||
        (all && (!of(node, "filter").empty() || !of(node, "resourceFilter").empty()));
    include.logical_path = of(node, "logicalFilePath");
    include.suffix = of(node, "endsWithFilter");
    include.depth_min = node.attribute("minDepth").as_uint(0);
    if (const auto most = node.attribute("maxDepth")) {
      include.depth_max = most.as_uint(0);
    }
    return include;
  }

  LiquibaseChangeSet changeset(const pugi::xml_node& node) const {
    LiquibaseChangeSet set;
    set.id = of(node, "id");
    set.author = of(node, "author");
    set.logical_path = of(node, "logicalFilePath");
    set.dbms = of(node, "dbms");
    set.repeats = is_true(node, "runOnChange") || is_true(node, "runAlways");
    set.ignored = is_true(node, "ignore");
    set.conditional = is_conditional(node);
    set.run_order = liquibase_run_order(of(node, "runOrder"));
    set.certain = certain_;
    set.piece = piece_of(node);
    for (const auto& child : node.children()) {
      if (child.type() != pugi::node_element) {
        continue;
      }
      const auto name = local_name(child);
      if (name == "comment") {
        set.comment = trimmed(text_of(child));
      } else if (name == "validCheckSum") {
        set.valid_checksums.push_back(trimmed(text_of(child)));
      } else if (name == "modifySql") {
        set.certain = false;
      } else if (name != "rollback" && name != "preConditions") {
        set.changes.push_back(change(child, name));
      }
    }
    return set;
  }

  static LiquibaseChange change(const pugi::xml_node& node, std::string_view name) {
    LiquibaseChange change;
    if (name != "sql" && name != "sqlFile") {
      change.kind = LiquibaseChange::Kind::other;
      Rendering rendering;
      pugi::xml_node(node).traverse(rendering);
      change.sql.text = std::move(rendering.text);
      return change;
    }
    change.sql.split = is_true(node, "splitStatements", true);
    change.sql.strip = is_true(node, "stripComments");
    if (const auto delimiter = node.attribute("endDelimiter")) {
      change.sql.end_delimiter = delimiter.value();
    }
    change.sql.dbms = of(node, "dbms");
    if (name == "sql") {
      change.sql.text = trimmed(text_of(node));
      return change;
    }
    change.kind = LiquibaseChange::Kind::sql_file;
    change.file = of(node, "path");
    change.relative = is_true(node, "relativeToChangelogFile");
    return change;
  }

  // Where the node's first byte is, of any kind of node; nullopt when it has no text in the file.
  std::optional<std::size_t> begin_of(const pugi::xml_node& node) const {
    const auto inside = node.offset_debug();
    if (inside < 0) {
      return std::nullopt;
    }
    const auto at = static_cast<std::size_t>(inside) + shift_;
    if (node.type() == pugi::node_pcdata || at == 0 || at > bytes_.size()) {
      return at;
    }
    return bytes_.rfind('<', at - 1);
  }

  // Up to what comes next in the file there is nothing but white space behind its closing tag.
  Piece piece_of(const pugi::xml_node& node) const {
    const auto begin = begin_of(node);
    if (!begin || *begin >= bytes_.size()) {
      return {};
    }
    auto limit = bytes_.size();
    for (auto outer = node; outer; outer = outer.parent()) {
      auto next = outer.next_sibling();
      while (next && !begin_of(next)) {
        next = next.next_sibling();
      }
      if (next) {
        limit = std::max(*begin_of(next), *begin);
        break;
      }
    }
    const auto region = bytes_.substr(*begin, std::min(limit, bytes_.size()) - *begin);
    const auto close = region.rfind("</" + std::string(node.name()));
    const auto end = close == std::string_view::npos ? region.rfind('>') : region.find('>', close);
    return {*begin, end == std::string_view::npos ? region.size() : end + 1};
  }

  std::string_view bytes_;
  std::size_t shift_ = 0;
  bool certain_ = true;
  pugi::xml_document document_;
  LiquibaseChangelog changelog_;
};

}  // namespace

Result<LiquibaseChangelog> parse_liquibase_xml(std::string_view bytes) {
  return XmlChangelog(bytes).run();
}

}  // namespace tidemark
