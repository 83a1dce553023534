#include "daemon/client/completion/completion.h"

namespace tidemark::client {

namespace {

// In fish a quote within single quotes is escaped by a backslash.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return result + "'";
}

// What `complete` is told to offer; files are offered by -F.
std::string offering(const Offer& offer) {
  std::vector<std::string> parts = offer.words;
  for (const auto& kind : offer.names) {
    parts.push_back("(__tidemark_names " + kind + ")");
  }
  const auto words = parts.empty() ? "" : " -a " + quoted(alternatives(parts, " "));
  return words + (offer.files ? " -F" : "");
}

std::string option(const OptionSyntax& option, const std::string& condition) {
  auto line = "complete -c tidemark" + condition;
  for (const auto& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.label.empty()) {
    const auto offer = offer_for(option.label);
    line += (offer.files ? " -r" : " -x") + offering(offer);
  }
  return line + " -d " + quoted(option.sentence) + "\n";
}

std::string command_lines(const CommandSyntax& command) {
  auto text = "complete -c tidemark -n '__tidemark_at \"\" 0' -a " + command.name + " -d " +
              quoted(command.sentence) + "\n";
  const auto places = places_of(command);
  for (std::size_t i = 0; i < places.offers.size(); ++i) {
    if (places.offers[i].empty()) {
      continue;
    }
    const bool on = i + 1 == places.offers.size() && places.repeats;
    text += "complete -c tidemark -n '__tidemark_at " + command.name + " " + std::to_string(i) +
            (on ? " or_later" : "") + "'" + offering(places.offers[i]) + "\n";
  }
  for (const auto& each : command.options) {
    text += option(each, " -n '__tidemark_is " + command.name + "'");
  }
  return text;
}

std::string options_with_value(const CommandSyntax& root) {
  std::vector<std::string> names;
  for (const auto& each : all_options(root)) {
    if (!each.label.empty()) {
      names.insert(names.end(), each.names.begin(), each.names.end());
    }
  }
  return alternatives(names, " ");
}

}  // namespace

std::string fish_completion(const CommandSyntax& root) {
  auto text = R"(# Completion of tidemark for fish: tidemark completion fish

# The words before the cursor that are no options and no values of options: the command and what follows it.
function __tidemark_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word )" +
              options_with_value(root) + R"(
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __tidemark_is
    set -l words (__tidemark_words)
    test "$words[1]" = "$argv[1]"
end

# __tidemark_at COMMAND PLACE [or_later]: that command, with so many words behind it.
function __tidemark_at
    set -l words (__tidemark_words)
    test "$words[1]" = "$argv[1]"; or return 1
    set -l place (math (count $words) - 1)
    test (count $words) -gt 0; or set place 0
    test $place -eq $argv[2]; and return 0
    test "$argv[3]" = or_later -a $place -gt $argv[2]
end

# Names that the daemon knows; none when it is away.
function __tidemark_names
    set -l all (commandline -opc)
    set -l socket
    set -l at (contains -i -- --socket $all)
    and set socket --socket $all[(math $at + 1)]
    set -l words (__tidemark_words)
    set -l scope
    test "$argv[1]" = migrations; and set scope $words[2]
    command tidemark $socket __names $argv[1] $scope 2>/dev/null
end

complete -c tidemark -f
)";
  for (const auto& each : root.options) {
    text += option(each, "");
  }
  for (const auto& command : root.below) {
    text += command_lines(command);
  }
  return text;
}

}  // namespace tidemark::client
