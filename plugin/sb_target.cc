#include "sb_target.h"

#include <array>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "memory/elf_core.h"
#include "sb_memory.h"
#include "sb_optional.h"

namespace corewalk {
namespace {

constexpr size_t kMostMapLines = 1 << 17;

std::string PathOf(const lldb::SBFileSpec& file) {
  std::array<char, 4096> path{};
  return file.IsValid() && file.GetPath(path.data(), path.size()) > 0 ? path.data() : "";
}

std::unique_ptr<ElfCore> OpenCoreOf(const std::string& path, int pid) {
  auto core = ElfCore::Open(path);
  if (!core || (*core)->Process().pid != pid) return nullptr;
  return std::move(*core);
}

// Older LLDBs (16) do not tell the path of a core, but it maps the file: the core of this pid among the files that this
// very program has mapped. Two cores of one pid (containers) cannot be told apart; then there is none.
std::unique_ptr<ElfCore> FindMappedCore(int pid) {
  std::ifstream maps("/proc/self/maps");
  std::set<std::string> seen;
  std::unique_ptr<ElfCore> found;
  size_t lines = 0;
  for (std::string line; lines < kMostMapLines && std::getline(maps, line); ++lines) {
    const size_t slash = line.find('/');
    if (slash == std::string::npos) continue;
    const std::string path = line.substr(slash);
    if (path.ends_with(" (deleted)") || path.find(".so") != std::string::npos || !seen.insert(path).second) continue;
    auto core = OpenCoreOf(path, pid);
    if (core == nullptr) continue;
    if (found != nullptr) return nullptr;
    found = std::move(core);
  }
  return found;
}

std::unique_ptr<ElfCore> CoreOnThisMachine(lldb::SBProcess& process) {
  const char* plugin = process.GetPluginName();
  if (plugin == nullptr || std::string_view(plugin) != "elf-core") return nullptr;
  const int pid = static_cast<int>(process.GetProcessID());
  if (OptionalGetCoreFile == nullptr) return FindMappedCore(pid);
  const std::string path = PathOf(OptionalGetCoreFile(&process));
  return path.empty() ? nullptr : OpenCoreOf(path, pid);
}

Result<std::unique_ptr<Memory>> OpenMemory(lldb::SBTarget& target, lldb::SBProcess& process) {
  if (auto core = CoreOnThisMachine(process)) return core;
  auto memory = SbMemory::Open(target, process);
  if (!memory) return std::unexpected(memory.error());
  return std::move(*memory);
}

bool Same(const OpenOptions& a, const OpenOptions& b) {
  return std::tie(a.executable, a.force, a.hide_tables, a.threads) ==
         std::tie(b.executable, b.force, b.hide_tables, b.threads);
}

}  // namespace

void SbSessions::DropGone(lldb::SBDebugger& debugger) {
  std::set<std::pair<uint32_t, uint32_t>> alive;
  for (uint32_t i = 0; i < debugger.GetNumTargets(); ++i) {
    lldb::SBProcess process = debugger.GetTargetAtIndex(i).GetProcess();
    if (process.IsValid()) alive.emplace(process.GetUniqueID(), process.GetStopID());
  }
  std::erase_if(entries_, [&](const auto& entry) { return !alive.contains({entry.first, entry.second.stop_id}); });
}

Result<SbSessions::Entry*> SbSessions::Open(lldb::SBDebugger& debugger, OpenOptions options, bool options_given,
                                            const Cancel& cancel) {
  DropGone(debugger);
  lldb::SBTarget target = debugger.GetSelectedTarget();
  lldb::SBProcess process = target.GetProcess();
  if (!target.IsValid() || !process.IsValid() || process.GetState() == lldb::eStateExited ||
      process.GetState() == lldb::eStateDetached) {
    return Fail(ErrorCode::kNotFound, "no process: open a core ('target create NODE --core CORE') or attach first");
  }
  const uint32_t id = process.GetUniqueID();
  if (options.executable.empty()) options.executable = PathOf(target.GetExecutable());
  if (auto it = entries_.find(id); it != entries_.end()) {
    if (!options_given || Same(it->second.options, options)) return &it->second;
    entries_.erase(it);  // before the new one is opened: two sessions over a large heap may not fit
  }
  auto memory = OpenMemory(target, process);
  if (!memory) return std::unexpected(memory.error());
  auto session = Session::Open(std::move(*memory), options, cancel);
  if (!session) return std::unexpected(session.error());
  Entry& entry = entries_[id];
  entry.stop_id = process.GetStopID();
  entry.options = std::move(options);
  entry.session = std::move(*session);
  return &entry;
}

}  // namespace corewalk
