#include "memory/core_notes.h"

#include <algorithm>
#include <csignal>
#include <string_view>

#include "memory/elf_format.h"

namespace corewalk {
namespace {

using elf::ByteSpan;
using elf::ReadStruct;

// Far above what a kernel allows by default (65,530 mappings, 32,768 threads).
constexpr size_t kMaxThreads = 1 << 18;
constexpr size_t kMaxFileMappings = 1 << 20;
constexpr size_t kMaxAuxvEntries = 256;
constexpr size_t kMaxPathBytes = 4096;  // PATH_MAX

// struct elf_prstatus, offsets in bytes.
constexpr size_t kPrCursig = 12;
constexpr size_t kPrPid = 32;
constexpr size_t kPrUtime = 48;
constexpr size_t kPrStime = 64;
constexpr size_t kPrReg = 112;
// struct elf_prpsinfo.
constexpr size_t kPsPid = 24;
constexpr size_t kPsFname = 40;
constexpr size_t kPsFnameSize = 16;
constexpr size_t kPsArgs = 56;
constexpr size_t kPsArgsSize = 80;
// siginfo_t.
constexpr size_t kSiSigno = 0;
constexpr size_t kSiCode = 8;
constexpr size_t kSiAddr = 16;
constexpr size_t kSiPid = 16;  // of a signal that a process sent

uint64_t ReadTimeval(ByteSpan bytes, size_t offset) {
  uint64_t seconds = ReadStruct<uint64_t>(bytes, offset).value_or(0);
  uint64_t microseconds = ReadStruct<uint64_t>(bytes, offset + 8).value_or(0);
  return seconds * 1'000'000 + microseconds;
}

// A NUL-terminated string in a field of fixed size.
std::string FieldText(ByteSpan bytes, size_t offset, size_t size) {
  ByteSpan field = elf::Slice(bytes, offset, size);
  std::string_view text(reinterpret_cast<const char*>(field.data()), field.size());
  return std::string(text.substr(0, text.find('\0')));
}

void ParsePrstatus(ByteSpan desc, std::vector<ThreadState>& threads) {
  if (desc.size() < kPrReg + kRegisterCount * sizeof(uint64_t) || threads.size() >= kMaxThreads) return;
  ThreadState thread;
  thread.tid = ReadStruct<int32_t>(desc, kPrPid).value_or(0);
  thread.signal = ReadStruct<int16_t>(desc, kPrCursig).value_or(0);
  thread.cpu_user_us = ReadTimeval(desc, kPrUtime);
  thread.cpu_system_us = ReadTimeval(desc, kPrStime);
  std::memcpy(thread.registers.data(), desc.data() + kPrReg, sizeof(thread.registers));
  threads.push_back(thread);
}

void ParseSiginfo(ByteSpan desc, ProcessInfo& process) {
  process.signal = ReadStruct<int32_t>(desc, kSiSigno).value_or(0);
  const std::optional<int32_t> code = ReadStruct<int32_t>(desc, kSiCode);
  process.signal_code = code.value_or(0);
  process.signal_code_known = code.has_value();
  // si_code > 0: raised by the kernel, and only then does the union hold an address (else the sender's pid and uid).
  bool has_address = process.signal == SIGSEGV || process.signal == SIGBUS || process.signal == SIGILL ||
                     process.signal == SIGFPE || process.signal == SIGTRAP;
  if (has_address && process.signal_code > 0) process.fault_address = ReadStruct<uint64_t>(desc, kSiAddr).value_or(0);
  if (code && *code <= 0) process.sender_pid = ReadStruct<int32_t>(desc, kSiPid).value_or(0);
}

void ParseAuxv(ByteSpan desc, ProcessInfo& process) {
  for (size_t i = 0; i < kMaxAuxvEntries; ++i) {
    std::optional<Elf64_auxv_t> entry = ReadStruct<Elf64_auxv_t>(desc, i * sizeof(Elf64_auxv_t));
    if (!entry || entry->a_type == AT_NULL) return;
    process.auxv.emplace_back(entry->a_type, entry->a_un.a_val);
  }
}

// NT_FILE: count, page size, count * (start, end, offset in pages), then count NUL-terminated paths.
void ParseFiles(ByteSpan desc, std::vector<FileMapping>& mappings) {
  struct Entry {
    uint64_t start, end, page_offset;
  };
  std::optional<uint64_t> count = ReadStruct<uint64_t>(desc, 0);
  std::optional<uint64_t> page_size = ReadStruct<uint64_t>(desc, 8);
  if (!count || !page_size || *count > desc.size() / sizeof(Entry)) return;
  uint64_t path_at = 16 + *count * sizeof(Entry);
  for (uint64_t i = 0; i < *count && path_at < desc.size() && mappings.size() < kMaxFileMappings; ++i) {
    Entry entry = *ReadStruct<Entry>(desc, 16 + i * sizeof(Entry));
    const std::byte* begin = desc.data() + path_at;
    const void* nul = std::memchr(begin, 0, desc.size() - path_at);
    if (nul == nullptr) return;
    size_t length = static_cast<size_t>(static_cast<const std::byte*>(nul) - begin);
    path_at += length + 1;
    if (entry.end <= entry.start || length > kMaxPathBytes) continue;
    mappings.push_back({entry.start, entry.end, entry.page_offset * *page_size,
                        std::string(reinterpret_cast<const char*>(begin), length)});
  }
}

}  // namespace

void CoreNotes::Parse(std::span<const std::byte> segment) {
  elf::NoteReader reader(segment, 4);
  while (std::optional<elf::Note> note = reader.Next()) {
    if (note->name == "VMCOREINFO") kernel_dump = true;
    if (note->name != "CORE") continue;
    switch (note->type) {
      case NT_PRSTATUS:
        ParsePrstatus(note->desc, threads);
        break;
      case NT_PRPSINFO:
        if (has_name_) break;
        has_name_ = true;
        process.pid = ReadStruct<int32_t>(note->desc, kPsPid).value_or(0);
        process.name = FieldText(note->desc, kPsFname, kPsFnameSize);
        process.arguments = FieldText(note->desc, kPsArgs, kPsArgsSize);
        break;
      case NT_SIGINFO:
        if (!has_siginfo_) ParseSiginfo(note->desc, process);
        has_siginfo_ = true;
        break;
      case NT_AUXV:
        if (process.auxv.empty()) ParseAuxv(note->desc, process);
        break;
      case NT_FILE:
        ParseFiles(note->desc, mappings);
        break;
      default:
        break;
    }
  }
}

void CoreNotes::Finish() {
  if (!threads.empty()) {
    if (process.pid == 0) process.pid = threads.front().tid;
    if (process.signal == 0) process.signal = threads.front().signal;
  }
  std::ranges::sort(mappings, {}, &FileMapping::start);
}

}  // namespace corewalk
