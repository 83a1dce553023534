#include "core/apply/twin.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

namespace tidemark {

namespace {

using Words = std::vector<std::string>;

constexpr std::array<std::string_view, 3> settings{"SET", "RESET", "SHOW"};

bool is_same_schema(const SqlObject& a, const SqlObject& b) {
  return a.schema == b.schema || a.schema.empty() || b.schema.empty();
}

// A column's name has its table beside it, a table's stands alone.
const std::string& table_of(const SqlObject& object) {
  return object.kind == "table" || object.kind == "relation" ? object.name : object.table;
}

std::string or_none(const std::string& text) {
  return text.empty() ? "none" : text;
}

std::string value_of(const Shape::Column& column) {
  return column.computed.empty() ? "no default"
         : column.generated      ? "GENERATED ALWAYS AS (" + column.computed + ")"
                                 : "DEFAULT " + column.computed;
}

void compare_column(const std::string& name,
                    const Shape::Column& there,
                    const Shape::Column& asked,
                    Words& words) {
  const auto differs = [&](const std::string& is, const std::string& instead_of) {
    words.push_back("column " + name + " is " + is + ", asked for " + instead_of);
  };
  if (there.type != asked.type) {
    differs(there.type, asked.type);
  }
  if (there.collation != asked.collation) {
    differs("of collation " + or_none(there.collation), or_none(asked.collation));
  }
  if (there.not_null != asked.not_null) {
    differs(there.not_null ? "NOT NULL" : "nullable", asked.not_null ? "NOT NULL" : "nullable");
  }
  if (there.identity != asked.identity) {
    const auto identity = [](const std::string& kind) {
      return kind.empty() ? "no identity" : "GENERATED " + kind + " AS IDENTITY";
    };
    differs(identity(there.identity), identity(asked.identity));
  }
  if (there.computed != asked.computed || there.generated != asked.generated) {
    words.push_back("column " + name + " has " + value_of(there) + ", asked for " +
                    value_of(asked));
  }
}

void compare_columns(const Shape& there,
                     const Shape& asked,
                     const Elsewhere& elsewhere,
                     Words& words) {
  for (const auto& [name, column] : asked.columns) {
    if (elsewhere.columns.contains(name)) {
      continue;
    }
    if (const auto at = there.columns.find(name); at != there.columns.end()) {
      compare_column(name, at->second, column, words);
    } else {
      words.push_back("column " + name + " is missing");
    }
  }
  for (const auto& [name, column] : there.columns) {
    if (!asked.columns.contains(name) && !elsewhere.columns.contains(name) && !elsewhere.more) {
      words.push_back("column " + name + " (" + column.type + ") was not asked for");
    }
  }
}

void miss_constraints(const Shape& there, const Shape& asked, Words& words) {
  Words missing;
  std::ranges::set_difference(asked.constraints, there.constraints, std::back_inserter(missing));
  for (const auto& constraint : missing) {
    words.push_back(constraint + " is missing");
  }
}

void compare_table(const Twin& twin,
                   const Shape& there,
                   const Shape& asked,
                   const Elsewhere& elsewhere,
                   Words& words) {
  if (there.persistence != "t" && (there.persistence == "u") != twin.unlogged) {
    words.push_back(twin.unlogged ? "it is not unlogged" : "it is unlogged");
  }
  if (there.partitioned != asked.partitioned) {
    words.push_back("it is partitioned by " + or_none(there.partitioned) + ", asked for " +
                    or_none(asked.partitioned));
  }
  compare_columns(there, asked, elsewhere, words);
  if (elsewhere.constraints) {
    return;
  }
  miss_constraints(there, asked, words);
  if (!elsewhere.more) {
    Words beyond;
    std::ranges::set_difference(there.constraints, asked.constraints, std::back_inserter(beyond));
    for (const auto& constraint : beyond) {
      words.push_back(constraint + " was not asked for");
    }
  }
}

void compare_index(const Shape& there, const Shape& asked, Words& words) {
  if (there.table != asked.table) {
    words.push_back("it is an index of " + there.table + ", asked for one of " + asked.table);
  } else if (there.structure != asked.structure) {
    words.push_back("it is " + there.definition + ", asked for " + asked.definition);
  }
  if (!there.valid) {
    words.push_back("it is invalid, so it serves no query");
  }
}

}  // namespace

Elsewhere altered_elsewhere(const Script& script, std::size_t statement, const SqlObject& object) {
  Elsewhere elsewhere;
  for (std::size_t k = 0; k < script.statements.size(); ++k) {
    const auto& other = script.statements[k];
    if (k == statement) {
      continue;
    }
    if (other.lock == LockClass::unknown && other.kind != "CREATE EXTENSION") {
      elsewhere.more = true;
      elsewhere.code = elsewhere.code || other.kind == "DO" || other.kind == "CALL";
    }
    if (!other.kind.starts_with("ALTER TABLE")) {
      continue;
    }
    const bool of_it = std::ranges::any_of(other.objects, [&](const SqlObject& each) {
      return table_of(each) == table_of(object) && is_same_schema(each, object);
    });
    if (!of_it) {
      continue;
    }
    elsewhere.more = true;
    for (const auto& each : other.objects) {
      if (each.kind == "column") {
        elsewhere.columns.insert(each.name);
      } else if (each.kind == "constraint") {
        elsewhere.constraints = true;
      }
    }
  }
  return elsewhere;
}

Words differences_in_kind(const Twin& twin, const Shape& there) {
  const bool index = twin.object.kind == "index";
  if (twin.object.kind == "column" || there.kind == (index ? "index" : "table")) {
    return {};
  }
  return {"it is a " + there.kind + ", asked for " + (index ? "an index" : "a table")};
}

Words differences(const Twin& twin,
                  const Shape& there,
                  const Shape& asked,
                  const Elsewhere& elsewhere) {
  Words words = differences_in_kind(twin, there);
  if (!words.empty()) {
    return words;
  }
  if (twin.object.kind == "index") {
    compare_index(there, asked, words);
  } else if (twin.object.kind == "table") {
    compare_table(twin, there, asked, elsewhere, words);
  } else {
    const auto& name = twin.object.name;
    const auto is = there.columns.find(name);
    const auto wanted = asked.columns.find(name);
    if (is == there.columns.end() || wanted == asked.columns.end()) {
      return {"column " + name + " is missing"};
    }
    compare_column(name, is->second, wanted->second, words);
    // Its table may have more of them, for itself.
    if (!elsewhere.constraints) {
      miss_constraints(there, asked, words);
    }
  }
  return words;
}

bool asks_for_nothing(const Statement& statement) {
  return std::ranges::find(settings, statement.kind) != settings.end();
}

std::string name_of(const SqlObject& object) {
  const bool column = object.kind == "column";
  return (column ? "table" : object.kind) + " " +
         (object.schema.empty() ? "" : object.schema + ".") + (column ? object.table : object.name);
}

}  // namespace tidemark
