#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/tools/tool.h"

namespace tidemark {

// Which tool's files a directory has.
struct LayoutChoice {
  const Tool* tool = nullptr;           // null: cannot be told, and `trouble` says why
  std::vector<std::string> considered;  // "flyway: 12 files": every tool that something speaks for
  std::string trouble;  // with a tool: what people should know although it was chosen
};

// `setting` is `repo.layout`: auto or a tool's name. With auto the tool that most speaks for is
// chosen; two that equally much speaks for are an ambiguity for people to settle, never a guess,
// unless a ledger of `seen_tool` was read in an environment and is one of them; none is `own` with
// no migrations.
LayoutChoice choose_layout(std::string_view setting,
                           const DirectoryView& directory,
                           std::string_view seen_tool = "");

// For tools to tell their own by.

using PathTest = std::function<bool(std::string_view path)>;
using HeadTest = std::function<bool(std::string_view head)>;

// All files that pass, as `named`.
LayoutEvidence evidence_by_name(const DirectoryView& directory, const PathTest& passes);
// As `named` when a file that passes begins so: a few of them are looked into.
LayoutEvidence evidence_by_head(const DirectoryView& directory,
                                const PathTest& passes,
                                const HeadTest& begins);
// Whether one of a few files that pass begins so.
bool begins_so(const DirectoryView& directory, const PathTest& passes, const HeadTest& begins);

// Whether some line of `text` begins, after blanks, with `mark`.
bool has_line(std::string_view text, std::string_view mark);
// The catalog in the order of the migrations' ids as text, as tools sort that compare no numbers.
// Where that is not the order of the versions, those say nothing about what is late.
void sort_by_name(Catalog& catalog);

// SQL with a comment in it that some tool's files have and others' do not.
bool is_marked_sql(std::string_view head);

}  // namespace tidemark
