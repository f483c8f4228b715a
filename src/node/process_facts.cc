#include "node/process_facts.h"

#include <algorithm>
#include <array>

#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kAtEntry = 9;
constexpr uint64_t kUsualHeapBytes = 12 << 10;
constexpr int kSigAbrt = 6, kSigBus = 7, kSigSegv = 11;

struct SignalText {
  int number;
  const char* name;
  std::string_view meaning;
};

// Linux x86-64 numbers.
constexpr std::array<SignalText, 14> kSignals = {{
    {1, "SIGHUP", "the terminal went away"},
    {2, "SIGINT", "interrupted from the keyboard (Ctrl-C)"},
    {3, "SIGQUIT", "asked from the keyboard to quit with a core (Ctrl-\\)"},
    {4, "SIGILL", "V8 or native code stopped on purpose at a check that failed, or ran bytes that are no code"},
    {5, "SIGTRAP", "V8 or native code stopped on purpose at a check that failed"},
    {6, "SIGABRT",
     "abort() was called: Node and V8 give up this way on out of memory, failed assertions and "
     "process.abort()"},
    {7, "SIGBUS", "memory that is mapped could not be accessed (a file that shrank, a full disk, bad hardware)"},
    {8, "SIGFPE", "native code divided by zero"},
    {9, "SIGKILL", "killed from outside; it cannot be caught (out-of-memory killer, kill -9)"},
    {11, "SIGSEGV", "memory that does not exist was accessed: a bug in native code, an addon, or a stack overflow"},
    {13, "SIGPIPE", "wrote to a pipe that nobody reads"},
    {15, "SIGTERM", "asked to end (kill, a service manager)"},
    {24, "SIGXCPU", "the limit of CPU time was reached"},
    {31, "SIGSYS", "a system call was refused (seccomp)"},
}};

const SignalText* FindSignal(int signal) {
  auto it = std::ranges::find(kSignals, signal, &SignalText::number);
  return it == kSignals.end() ? nullptr : &*it;
}

std::optional<SizeFact> OptionSize(const ProcessArguments& arguments, std::string_view name) {
  std::optional<uint64_t> bytes = MegabyteOption(arguments, name);
  if (!bytes) return std::nullopt;
  return SizeFact{*bytes, FindOption(arguments, name)->source};
}

// The file mapping that holds the entry point of the program.
std::optional<UntrustedText> EntryMapping(const Memory& memory) {
  std::optional<uint64_t> entry = memory.Process().Auxv(kAtEntry);
  if (!entry) return std::nullopt;
  for (const FileMapping& mapping : memory.FileMappings()) {
    if (*entry >= mapping.start && *entry < mapping.end) return UntrustedText(mapping.path);
  }
  return std::nullopt;
}

std::string MeaningOf(int signal, const SignalOrigin& origin) {
  using From = SignalOrigin::From;
  if (origin.stack_overflow) return "the native stack overflowed: a recursion of native code, or --stack-size beyond what the system allows";
  if (origin.from == From::kSent) {
    if (origin.itself) return "sent by the process to itself (process.kill)";
    if (origin.sender == 0) return "sent by another process (kill)";
    return "sent by process " + std::to_string(origin.sender) + " (kill)";
  }
  // abort() raises its signal, too.
  if (origin.from == From::kRaised && signal != kSigAbrt) return "raised by the process itself, not by a fault that is recorded";
  return std::string(SignalMeaning(signal));
}

}  // namespace

std::string SignalName(int signal) {
  const SignalText* text = FindSignal(signal);
  return text != nullptr ? text->name : "signal " + std::to_string(signal);
}

std::string_view SignalMeaning(int signal) {
  const SignalText* text = FindSignal(signal);
  return text != nullptr ? text->meaning : "no special meaning for Node.js";
}

ProcessFacts CollectProcessFacts(const Memory& memory, const ProcessFactsOptions& options) {
  ProcessFacts facts;
  const ProcessInfo& process = memory.Process();
  facts.pid = process.pid;
  facts.command_name = UntrustedText(process.name);
  facts.arguments = ReadProcessArguments(memory, options.v8_pages);
  facts.version = FindNodeVersion(memory, options.v8_pages);

  if (facts.arguments.exec_path) {
    facts.exec_path = facts.arguments.exec_path;
    facts.exec_path_source = "as given at start (AT_EXECFN)";
  } else if ((facts.exec_path = EntryMapping(memory))) {
    facts.exec_path_source = "the file mapped at the entry point";
  }

  auto threads = memory.Threads();
  if (process.signal != 0) {
    Death death;
    death.signal = process.signal;
    death.name = SignalName(process.signal);
    death.origin = FindSignalOrigin(memory);
    death.meaning = MeaningOf(process.signal, death.origin);
    if (!threads.empty()) death.tid = threads[0].tid;
    if (process.signal == kSigSegv || process.signal == kSigBus) death.fault_address = death.origin.fault_address != 0 ? death.origin.fault_address : process.fault_address;
    facts.death = std::move(death);
  }
  facts.thread_count = threads.size();
  for (size_t i = 0; i < std::min(threads.size(), kNodeLimits.max_threads); ++i) {
    ThreadFact fact;
    fact.tid = threads[i].tid;
    fact.crashed = i == 0 && process.signal != 0;
    fact.main = threads[i].tid == process.pid;
    // NT_PRPSINFO holds the name of the main thread.
    if (fact.main && !process.name.empty()) fact.name = UntrustedText(process.name);
    fact.cpu_user_us = threads[i].cpu_user_us;
    fact.cpu_system_us = threads[i].cpu_system_us;
    facts.threads.push_back(std::move(fact));
  }

  facts.max_old_space_option = OptionSize(facts.arguments, "max-old-space-size");
  facts.max_semi_space_option = OptionSize(facts.arguments, "max-semi-space-size");
  const bool abort_on_uncaught = FindOption(facts.arguments, "abort-on-uncaught-exception").has_value();
  // Who was told to die did not give up by itself.
  if (!facts.death || facts.death->origin.from != SignalOrigin::From::kSent)
    facts.fatal = FindFatalError(memory, options.image, abort_on_uncaught);

  if (options.heap != 0) {
    const uint64_t size = options.heap_size != 0 ? options.heap_size : kUsualHeapBytes;
    if (options.heap + size > options.heap) facts.gc_trace = FindGcTrace(memory, options.heap, options.heap + size);
    facts.heap_limits = FindHeapLimits(memory, options.heap, size);
  }
  if (!facts.gc_trace && facts.fatal.kind == FatalKind::kOutOfMemory && !threads.empty()) {
    facts.gc_trace = FindGcTraceOnStack(memory, threads[0]);
  }
  return facts;
}

}  // namespace corewalk
