#include "node/argv.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "node/initial_stack.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

// AT_* of the kernel's uapi/linux/auxvec.h.
constexpr uint64_t kAtExecfn = 31;

// The texts of `pointers` and whether they follow one another without a gap, as the kernel and libuv lay them out.
struct Texts {
  std::vector<UntrustedText> list;
  bool contiguous = true;
  bool cut = false;
};

Texts ReadTexts(const Memory& memory, std::span<const Address> pointers) {
  Texts texts;
  size_t count = std::min(pointers.size(), kNodeLimits.max_arguments);
  texts.cut = count < pointers.size();
  for (size_t i = 0; i < count; ++i) {
    bool whole;
    std::string text = ReadText(memory, pointers[i], kNodeLimits.max_argument_bytes, &whole);
    if (!whole) {
      texts.cut = true;
    } else if (i + 1 < pointers.size() && pointers[i] + text.size() + 1 != pointers[i + 1]) {
      texts.contiguous = false;
    }
    texts.list.emplace_back(std::move(text));
  }
  return texts;
}

std::optional<Texts> FindLibuvCopy(const Memory& memory, size_t argc, std::span<const AddressRange> excluded) {
  if (argc == 0 || argc > kNodeLimits.max_arguments) return std::nullopt;
  const uint64_t pointer_bytes = 8 * (argc + 1);
  std::optional<Texts> found;
  auto visit = [&](const Block& block) {
    for (Address at = (block.start() + 15) & ~uint64_t{15}; block.Has(at, pointer_bytes); at += 16) {
      if (block.Word(at) != at + pointer_bytes || block.Word(at + 8 * argc) != 0u) continue;
      std::vector<Address> pointers(argc);
      for (size_t i = 0; i < argc; ++i) pointers[i] = *block.Word(at + 8 * i);
      if (!std::ranges::is_sorted(pointers)) continue;
      Texts texts = ReadTexts(memory, pointers);
      if (texts.cut || !texts.contiguous || texts.list[0].empty()) continue;
      found = std::move(texts);
      return true;
    }
    return false;
  };
  ScanMemory(memory, ScanArea::kMalloc, excluded, kNodeLimits.max_argv_copy_scan, pointer_bytes + 16, visit);
  return found;
}

std::optional<UntrustedText> Variable(const Memory& memory, std::span<const Address> envp, std::string_view name) {
  std::string head(name.size() + 1, '\0');
  for (Address pointer : envp) {
    if (memory.Read(pointer, std::as_writable_bytes(std::span(head))) != head.size()) continue;
    if (!head.starts_with(name) || head.back() != '=') continue;
    bool whole;
    std::string text = ReadText(memory, pointer + head.size(), kNodeLimits.max_environment_bytes, &whole);
    if (whole) return UntrustedText(std::move(text));
  }
  return std::nullopt;
}

void SplitAtBlanks(const std::string& text, std::vector<UntrustedText>* out) {
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) out->emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
}

// NODE_OPTIONS: blanks separate, double quotes group, a backslash inside quotes escapes (node_options.cc,
// ParseNodeOptionsEnvVar).
std::vector<std::string> SplitNodeOptions(const std::string& text) {
  std::vector<std::string> words;
  bool quoted = false;
  bool begin = true;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && quoted && i + 1 < text.size()) {
      c = text[++i];
    } else if (c == ' ' && !quoted) {
      begin = true;
      continue;
    } else if (c == '"') {
      quoted = !quoted;
      continue;
    }
    if (begin) words.emplace_back();
    begin = false;
    words.back() += c;
  }
  return words;
}

// Options whose value may stand in the next argument: without this list the value would be taken for the script.
constexpr std::array<std::string_view, 22> kTakesValue = {"-r",
                                                          "--require",
                                                          "--import",
                                                          "--loader",
                                                          "--experimental-loader",
                                                          "-C",
                                                          "--conditions",
                                                          "-e",
                                                          "--eval",
                                                          "-p",
                                                          "-pe",
                                                          "--env-file",
                                                          "--title",
                                                          "--icu-data-dir",
                                                          "--openssl-config",
                                                          "--redirect-warnings",
                                                          "--diagnostic-dir",
                                                          "--input-type",
                                                          "--dns-result-order",
                                                          "--unhandled-rejections",
                                                          "--max-http-header-size",
                                                          "--env-file-if-exists"};

struct Match {
  bool name = false;
  std::optional<std::string> value;
};

Match MatchOption(std::string_view argument, std::string_view name) {
  Match match;
  if (!argument.starts_with("-")) return match;
  argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
  size_t equals = argument.find('=');
  std::string_view given = argument.substr(0, equals);
  match.name = std::ranges::equal(given, name, [](char a, char b) { return (a == '_' ? '-' : a) == b; });
  if (match.name && equals != std::string_view::npos) match.value = std::string(argument.substr(equals + 1));
  return match;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void SearchOption(std::span<const std::string> words, bool stop_at_script, std::string_view name, const char* source,
                  std::optional<OptionValue>* found) {
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--" && stop_at_script) return;
    if (!word.starts_with("-") || word == "-") {
      if (stop_at_script) return;  // the script; what follows is the program's own
      continue;
    }
    Match match = MatchOption(word, name);
    if (match.name) {
      // V8 takes "--flag value" too; only numbers are believed, the next word may as well be the script.
      if (!match.value && i + 1 < words.size() && IsNumber(words[i + 1])) match.value = words[++i];
      *found = OptionValue{UntrustedText(match.value.value_or("")), source};
    } else if (std::ranges::find(kTakesValue, word) != kTakesValue.end()) {
      ++i;
    } else if (i + 1 < words.size() && IsNumber(words[i + 1])) {
      ++i;  // "--stack-size 2000": the number is no script
    }
  }
}

}  // namespace

ProcessArguments ReadProcessArguments(const Memory& memory, std::span<const AddressRange> excluded) {
  ProcessArguments result;
  const ProcessInfo& process = memory.Process();
  if (std::optional<uint64_t> execfn = process.Auxv(kAtExecfn)) {
    bool whole;
    std::string path = ReadText(memory, *execfn, kNodeLimits.max_argument_bytes, &whole);
    if (whole && !path.empty()) result.exec_path = UntrustedText(std::move(path));
  }

  std::optional<InitialStack> stack = FindInitialStack(memory);
  if (!stack || stack->argv.empty()) {
    SplitAtBlanks(process.arguments, &result.argv);
    if (!result.argv.empty()) {
      result.source = ArgumentSource::kProcessNote;
      result.cut = true;
    }
    return result;
  }
  result.node_options = Variable(memory, stack->envp, "NODE_OPTIONS");
  result.pwd = Variable(memory, stack->envp, "PWD");

  Texts now = ReadTexts(memory, stack->argv);
  std::optional<Texts> original = FindLibuvCopy(memory, stack->argv.size(), excluded);
  const bool rewritten = original ? original->list != now.list : !now.contiguous;
  if (!rewritten) {
    result.source = ArgumentSource::kStack;
    result.argv = std::move(now.list);
    result.cut = now.cut;
    return result;
  }
  if (!now.list[0].empty()) result.title = now.list[0];
  if (original) {
    result.source = ArgumentSource::kLibuvCopy;
    result.argv = std::move(original->list);
  }
  return result;
}

std::optional<OptionValue> FindOption(const ProcessArguments& arguments, std::string_view name) {
  std::optional<OptionValue> found;
  if (arguments.node_options) {
    SearchOption(SplitNodeOptions(arguments.node_options->raw()), false, name, "NODE_OPTIONS", &found);
  }
  std::vector<std::string> words;
  for (size_t i = 1; i < arguments.argv.size(); ++i) words.push_back(arguments.argv[i].raw());
  SearchOption(words, true, name, "arguments", &found);
  return found;
}

std::optional<uint64_t> MegabyteOption(const ProcessArguments& arguments, std::string_view name) {
  std::optional<OptionValue> option = FindOption(arguments, name);
  if (!option) return std::nullopt;
  const std::string& text = option->text.raw();
  uint64_t megabytes = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), megabytes);
  if (error != std::errc() || end != text.data() + text.size() || megabytes > (uint64_t{1} << 40)) return std::nullopt;
  return megabytes << 20;
}

}  // namespace corewalk
