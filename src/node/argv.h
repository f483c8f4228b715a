// The arguments and the start environment of the process, from the initial stack of its main thread: argc, argv[],
// NULL, envp[], NULL, auxv (System V ABI, x86-64). The auxiliary vector is found by content, argv lies before it.
//
// process.title = "..." overwrites argv's text (libuv, uv_set_process_title); the original is then taken from the copy
// that libuv made at start (uv_setup_args: one malloc block of argc + 1 pointers and the texts behind them). Nothing is
// guessed: what cannot be found stays empty, and `source` says where argv comes from. Wild pointers and texts without
// an end are cut at the limits of node_limits.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/untrusted_text.h"
#include "memory/memory.h"
#include "node/memory_scan.h"

namespace corewalk {

enum class ArgumentSource {
  kNone,         // unknown
  kStack,        // the initial stack
  kLibuvCopy,    // libuv's copy; the initial stack holds a title
  kProcessNote,  // the core's 80 bytes of arguments: probably cut, split at blanks
};

struct ProcessArguments {
  ArgumentSource source = ArgumentSource::kNone;
  std::vector<UntrustedText> argv;
  bool cut = false;  // there were more, or longer, arguments than kept
  // Set with process.title or --title, if that has been done and can be told.
  std::optional<UntrustedText> title;
  std::optional<UntrustedText> exec_path;     // as given to execve (AT_EXECFN)
  std::optional<UntrustedText> node_options;  // NODE_OPTIONS at start
  std::optional<UntrustedText> pwd;           // PWD at start: the shell's word, not getcwd()
};

// Never fails; `excluded` are ranges that are not searched.
ProcessArguments ReadProcessArguments(const Memory& memory, std::span<const AddressRange> excluded);

// Where one option's value was set last, in the order in which Node reads them: NODE_OPTIONS, then argv up to the
// script's name. `name` without dashes, with '-' ("max-old-space-size"); '_' matches too.
struct OptionValue {
  UntrustedText text;  // the value; empty for an option without one
  std::string source;  // "NODE_OPTIONS" or "arguments"
};
std::optional<OptionValue> FindOption(const ProcessArguments& arguments, std::string_view name);

// The value of an option that counts megabytes, in bytes. Nothing when it is not given or no number.
std::optional<uint64_t> MegabyteOption(const ProcessArguments& arguments, std::string_view name);

}  // namespace corewalk
