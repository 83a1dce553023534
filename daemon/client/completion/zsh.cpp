#include "daemon/client/completion/completion.h"

namespace tidemark::client {

namespace {

std::string offering(const Offer& offer) {
  std::vector<std::string> steps;
  if (!offer.words.empty()) {
    steps.push_back("compadd -- " + alternatives(offer.words, " "));
  }
  for (const auto& kind : offer.names) {
    steps.push_back("_tidemark_names " + kind + (kind == "migrations" ? " \"$first\"" : ""));
  }
  if (offer.files) {
    steps.push_back("_files");
  }
  return steps.empty() ? ":" : alternatives(steps, "; ");
}

std::string options_with_value(const CommandSyntax& root) {
  std::vector<std::string> names;
  for (const auto& option : all_options(root)) {
    if (!option.label.empty() && option.names != std::vector<std::string>{"--socket"}) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
  }
  return alternatives(names, "|");
}

std::string values(const CommandSyntax& root) {
  std::string text;
  for (const auto& option : all_options(root)) {
    if (!option.label.empty()) {
      text += "    (" + alternatives(option.names, "|") + ") " + offering(offer_for(option.label)) +
              "; return ;;\n";
    }
  }
  return text;
}

// "'--reason:why'" for _describe.
std::string described(const std::vector<OptionSyntax>& options) {
  std::string text;
  for (const auto& option : options) {
    for (const auto& name : option.names) {
      text += " " + shell_quoted(name + ":" + option.sentence);
    }
  }
  return text;
}

std::string options(const CommandSyntax& root) {
  std::string text;
  for (const auto& command : root.below) {
    text += "      (" + command.name + ") offers+=(" + described(command.options) + " ) ;;\n";
  }
  return text;
}

std::string places(const CommandSyntax& root) {
  std::string text;
  for (const auto& command : root.below) {
    const auto at = places_of(command);
    for (std::size_t i = 0; i < at.offers.size(); ++i) {
      const bool last = i + 1 == at.offers.size();
      const auto place = last && at.repeats ? std::string("*") : std::to_string(i);
      text += "    (" + command.name + ":" + place + ") " + offering(at.offers[i]) + " ;;\n";
    }
  }
  return text;
}

std::string commands(const CommandSyntax& root) {
  std::string text;
  for (const auto& command : root.below) {
    text += "        " + shell_quoted(command.name + ":" + command.sentence) + "\n";
  }
  return text;
}

}  // namespace

std::string zsh_completion(const CommandSyntax& root) {
  return R"(#compdef tidemark
# Completion of tidemark for zsh: tidemark completion zsh

# Names that the daemon knows; none when it is away.
_tidemark_names() {
  local -a names
  names=("${(@f)$("$words[1]" "${socket[@]}" __names "$@" 2>/dev/null)}")
  compadd -- "${(@)names:#}"
}

_tidemark() {
  local cur="$words[CURRENT]" prev="$words[CURRENT-1]" command='' first='' i=2
  local -i place=0
  local -a socket offers
  while (( i < CURRENT )); do
    case "$words[i]" in
      (--socket)
        (( i + 1 < CURRENT )) && socket=(--socket "$words[i+1]")
        i=$(( i + 1 ))
        ;;
      ()" +
         options_with_value(root) +
         R"() i=$(( i + 1 )) ;;
      (-*) ;;
      (*)
        if [[ -z "$command" ]]; then
          command="$words[i]"
        else
          [[ $place == 0 ]] && first="$words[i]"
          place=$(( place + 1 ))
        fi
        ;;
    esac
    i=$(( i + 1 ))
  done
  case "$prev" in
)" + values(root) +
         R"(  esac
  if [[ "$cur" == -* ]]; then
    offers=()" +
         described(root.options) +
         R"( )
    case "$command" in
)" + options(root) +
         R"(    esac
    _describe option offers
    return
  fi
  case "$command:$place" in
    (:0)
      offers=(
)" + commands(root) +
         R"(      )
      _describe command offers
      ;;
)" + places(root) +
         R"(  esac
}

if [[ "$funcstack[1]" == _tidemark ]]; then
  _tidemark "$@"
else
  compdef _tidemark tidemark
fi
)";
}

}  // namespace tidemark::client
