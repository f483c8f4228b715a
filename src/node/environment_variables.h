// The environment of the process: as it was at start (the kernel's texts at the end of the initial stack, which nobody
// writes to) and as it was when the process died or was stopped (C's `environ`, which process.env reads and writes).
// `environ` is found by content: a word in the data or bss of a file that points to a NULL-ended array of texts
// "NAME=VALUE", of which at least one is the kernel's, or to the kernel's own array. In a worker thread process.env is
// a copy that is not looked at. What is not found is empty, and the flags say so.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/untrusted_text.h"
#include "memory/memory.h"
#include "node/argv.h"
#include "node/memory_scan.h"

namespace corewalk {

enum class VariableChange : uint8_t { kNone, kAdded, kChanged, kDeleted };

struct Variable {
  UntrustedText name;
  std::optional<UntrustedText> value;     // now; nothing for a deleted one
  std::optional<UntrustedText> at_start;  // nothing for an added one, or when the start is unknown
  VariableChange change = VariableChange::kNone;
};

struct Environment {
  std::vector<Variable> variables;  // by name
  bool start_known = false;
  bool now_known = false;  // false: `value` is that of the start
  bool cut = false;        // there were more, or longer, variables than kept
};

// `excluded` are ranges that are not searched; `arguments` those of the same memory.
Environment ReadEnvironment(const Memory& memory, std::span<const AddressRange> excluded,
                            const ProcessArguments& arguments);

}  // namespace corewalk
