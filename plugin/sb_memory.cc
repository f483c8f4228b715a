#include "sb_memory.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <string_view>

namespace corewalk {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMostBytesPerCall = 1 << 20;
constexpr uint32_t kMostRegions = 1 << 20;
constexpr uint32_t kMostThreads = 1 << 14;
constexpr uint32_t kMostModules = 1 << 14;
constexpr size_t kMostSections = 1 << 10;

// LLDB's names in the order of Register.
constexpr std::array<const char*, kRegisterCount> kRegisterNames = {
    "r15", "r14", "r13", "r12", "rbp",    "rbx", "r11", "r10",     "r9",      "r8", "rax", "rcx", "rdx", "rsi",
    "rdi", "",    "rip", "cs",  "rflags", "rsp", "ss",  "fs_base", "gs_base", "ds", "es",  "fs",  "gs"};

size_t PageLeft(Address address, size_t most) {
  return std::min<size_t>(most, kPage - static_cast<size_t>(address % kPage));
}

size_t ReadLocal(int pid, Address address, std::span<std::byte> out) {
  size_t done = 0;
  bool by_page = false;
  while (done < out.size()) {
    const size_t left = std::min(out.size() - done, kMostBytesPerCall);
    const size_t wanted = by_page ? PageLeft(address + done, left) : left;
    iovec local{out.data() + done, wanted};
    iovec remote{reinterpret_cast<void*>(address + done), wanted};
    const ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (n <= 0 && by_page) return done;
    by_page = n != static_cast<ssize_t>(wanted);
    if (n > 0) done += static_cast<size_t>(n);
  }
  return done;
}

bool IsTraced(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view kKey = "TracerPid:\t";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kKey)) return line.substr(kKey.size()) != "0";
  }
  return false;
}

std::string PathOf(const lldb::SBFileSpec& file) {
  std::array<char, 4096> path{};
  return file.IsValid() && file.GetPath(path.data(), path.size()) > 0 ? path.data() : "";
}

}  // namespace

Result<std::unique_ptr<SbMemory>> SbMemory::Open(lldb::SBTarget target, lldb::SBProcess process) {
  const lldb::StateType state = process.GetState();
  if (state != lldb::eStateStopped && state != lldb::eStateCrashed && state != lldb::eStateSuspended) {
    return Fail(ErrorCode::kUnreadable, "the process is not stopped ('process interrupt' stops it)");
  }
  std::unique_ptr<SbMemory> memory(new SbMemory(process));
  const char* plugin = process.GetPluginName();
  const std::string_view name = plugin == nullptr ? "" : plugin;
  memory->is_live_ = name == "gdb-remote";
  memory->process_info_.pid = static_cast<int>(process.GetProcessID());
  memory->process_info_.name = PathOf(target.GetExecutable());
  if (const size_t slash = memory->process_info_.name.rfind('/'); slash != std::string::npos) {
    memory->process_info_.name.erase(0, slash + 1);
  }
  memory->FindThreads();
  memory->FindLocalProcess(target);
  memory->FindRegions();
  memory->FindFileMappings(target);
  if (memory->regions_.empty()) return Fail(ErrorCode::kUnreadable, "LLDB knows no memory regions of this process");
  return memory;
}

size_t SbMemory::Read(Address address, std::span<std::byte> out) const {
  // Near the end of the address space the sums below would wrap.
  if (out.size() > ~Address{0} - address) out = out.first(static_cast<size_t>(~Address{0} - address));
  return pages_.Read(address, out, [this](Address from, std::span<std::byte> to) { return ReadFromTarget(from, to); });
}

size_t SbMemory::ReadFromTarget(Address address, std::span<std::byte> out) const {
  return local_pid_ != 0 ? ReadLocal(local_pid_, address, out) : ReadThroughLldb(address, out);
}

size_t SbMemory::ReadThroughLldb(Address address, std::span<std::byte> out) const {
  size_t done = 0;
  bool by_page = false;
  while (done < out.size()) {
    const size_t left = std::min(out.size() - done, kMostBytesPerCall);
    const size_t wanted = by_page ? PageLeft(address + done, left) : left;
    lldb::SBError error;
    const size_t n = std::min(process_.ReadMemory(address + done, out.data() + done, wanted, error), wanted);
    if (n == 0 && by_page) return done;
    by_page = n != wanted || (by_page && left > wanted);
    done += n;
  }
  return done;
}

// A core holds the beginning of a mapping: all of it, its first page (file mappings), what the truncated file had room
// for, or nothing. So the end of what is present can be found by halving.
Address SbMemory::PresentEnd(Address start, Address end) const {
  std::byte byte;
  const auto present = [&](Address a) { return ReadThroughLldb(a, {&byte, 1}) == 1; };
  if (present(end - 1)) return end;
  if (!present(start)) return start;
  Address low = start / kPage;       // this page is there
  Address high = (end - 1) / kPage;  // this one is not
  while (high - low > 1) {
    const Address middle = low + (high - low) / 2;
    (present(std::max(middle * kPage, start)) ? low : high) = middle;
  }
  return std::min(high * kPage, end);
}

void SbMemory::FindRegions() {
  lldb::SBMemoryRegionInfoList list = process_.GetMemoryRegions();
  const uint32_t count = std::min(list.GetSize(), kMostRegions);
  for (uint32_t i = 0; i < count; ++i) {
    lldb::SBMemoryRegionInfo info;
    if (!list.GetMemoryRegionAtIndex(i, info) || !info.IsMapped()) continue;
    Region region{.start = info.GetRegionBase(), .end = info.GetRegionEnd()};
    if (region.end <= region.start) continue;
    region.readable = info.IsReadable();
    region.writable = info.IsWritable();
    region.executable = info.IsExecutable();
    regions_.push_back(region);
  }
  std::sort(regions_.begin(), regions_.end(), [](const Region& a, const Region& b) { return a.start < b.start; });
  for (size_t i = 0; i + 1 < regions_.size(); ++i) regions_[i].end = std::min(regions_[i].end, regions_[i + 1].start);
  std::erase_if(regions_, [](const Region& r) { return r.end <= r.start; });
  for (Region& region : regions_) {
    if (is_live_) {
      std::byte byte;  // some mappings of the kernel ([vvar]) are readable by name only
      region.present_end = region.readable && Read(region.start, {&byte, 1}) == 1 ? region.end : region.start;
    } else {
      region.present_end = PresentEnd(region.start, region.end);
      if (region.readable) gaps_.bytes_not_dumped += region.end - region.present_end;
    }
  }
}

void SbMemory::FindFileMappings(lldb::SBTarget& target) {
  const uint32_t modules = std::min(target.GetNumModules(), kMostModules);
  for (uint32_t i = 0; i < modules; ++i) {
    lldb::SBModule module = target.GetModuleAtIndex(i);
    const std::string path = PathOf(module.GetFileSpec());
    const size_t sections = std::min<size_t>(module.GetNumSections(), kMostSections);
    for (size_t s = 0; s < sections && !path.empty(); ++s) {
      lldb::SBSection section = module.GetSectionAtIndex(s);
      const lldb::addr_t start = section.GetLoadAddress(target);
      const lldb::addr_t size = section.GetByteSize();
      // Without segments LLDB lists the sections; those that are not loaded have no address.
      if (start == LLDB_INVALID_ADDRESS || size == 0 || size > ~start || section.GetFileByteSize() == 0) continue;
      mappings_.push_back({.start = start, .end = start + size, .file_offset = section.GetFileOffset(), .path = path});
    }
  }
  std::sort(mappings_.begin(), mappings_.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
}

void SbMemory::FindThreads() {
  const uint32_t count = std::min(process_.GetNumThreads(), kMostThreads);
  for (uint32_t i = 0; i < count; ++i) {
    lldb::SBThread thread = process_.GetThreadAtIndex(i);
    ThreadState state{.tid = static_cast<int>(thread.GetThreadID())};
    if (thread.GetStopReason() == lldb::eStopReasonSignal && thread.GetStopReasonDataCount() > 0) {
      state.signal = static_cast<int>(thread.GetStopReasonDataAtIndex(0));
      if (is_live_ && state.signal == SIGSTOP) state.signal = 0;  // that was the debugger
    }
    lldb::SBFrame frame = thread.GetFrameAtIndex(0);
    for (size_t r = 0; r < kRegisterCount; ++r) {
      if (*kRegisterNames[r] == 0) continue;  // orig_rax is not told
      state.registers[r] = frame.FindRegister(kRegisterNames[r]).GetValueAsUnsigned(0);
    }
    threads_.push_back(state);
  }
  // LLDB keeps the order of the core (the crashing thread first) or of the kernel; a thread with a signal goes first.
  std::stable_partition(threads_.begin(), threads_.end(), [](const ThreadState& t) { return t.signal != 0; });
  if (!threads_.empty() && !is_live_) process_info_.signal = threads_[0].signal;
}

// A process of this machine is read twenty times faster without LLDB in between. The number alone proves nothing (the
// process may be one of another machine, behind gdb-remote), so the process must be traced and its memory must be the
// same both ways.
void SbMemory::FindLocalProcess(lldb::SBTarget& target) {
  const char* platform = target.GetPlatform().GetName();
  if (!is_live_ || platform == nullptr || std::string_view(platform) != "host" || process_info_.pid <= 0 ||
      threads_.empty() || !IsTraced(process_info_.pid)) {
    return;
  }
  for (const Register which : {Register::kRsp, Register::kRip}) {
    std::array<std::byte, 64> direct{}, through_lldb{};
    const Address address = threads_[0].reg(which);
    if (ReadLocal(process_info_.pid, address, direct) != direct.size() ||
        ReadThroughLldb(address, through_lldb) != through_lldb.size() || direct != through_lldb) {
      return;
    }
  }
  local_pid_ = process_info_.pid;
}

}  // namespace corewalk
