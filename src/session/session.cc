#include "session/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

constexpr uint64_t kAtEntry = 9;  // AT_ENTRY of the auxiliary vector

std::string Shown(const std::string& path) {
  return Sanitize(UntrustedText(path));
}

// Modules that may hold V8: the program itself, then shared libraries with a telling name.
std::vector<const Module*> Candidates(const Memory& memory, const std::vector<Module>& modules) {
  std::vector<const Module*> result;
  const uint64_t entry = memory.Process().Auxv(kAtEntry).value_or(0);
  for (const Module& module : modules) {
    if (entry != 0 && entry >= module.base && entry < module.end) result.push_back(&module);
  }
  for (const Module& module : modules) {
    const std::string name = module.path.substr(module.path.rfind('/') + 1);
    const bool telling = name.starts_with("node") || name.find("libnode") != std::string::npos ||
                         name.find("libv8") != std::string::npos || (entry == 0 && result.empty());
    if (telling && std::ranges::find(result, &module) == result.end()) result.push_back(&module);
  }
  return result;
}

bool HoldsV8(const BinaryFacts& facts) {
  return facts.v8dbg.size() > 50 || !facts.root_names.empty();
}

}  // namespace

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::Open(std::unique_ptr<Memory> memory, OpenOptions options,
                                               const Cancel& cancel) {
  std::unique_ptr<Session> session(new Session());
  session->memory_ = std::move(memory);
  session->options_ = std::move(options);
  const GraphResources resources = std::exchange(session->options_.graph, {});
  if (const Result<void> set = session->SetGraphResources(resources); !set) return std::unexpected(set.error());
  session->modules_ = Modules(*session->memory_);
  if (const Result<void> found = session->FindExecutable(); !found) return std::unexpected(found.error());

  HeapModelInput input;
  input.memory = session->memory_.get();
  input.binary = session->binary();
  input.hide_tables = session->options_.hide_tables;
  session->version_ = FindNodeVersion(*session->memory_, {});
  const std::optional<V8Version> in_memory =
      session->version_ ? ParseV8Version(session->version_->v8) : std::optional<V8Version>();
  if (input.binary != nullptr && input.binary->version.known()) {
    input.version = input.binary->version;
    input.version_source = LayoutSource::kBinary;
    // The last guard against a binary of another version: what the process itself says.
    if (in_memory && !in_memory->SameLine(input.version) && !session->options_.force) {
      return Fail(
          ErrorCode::kMismatch,
          fmt::format("{} holds V8 {}, but the process ran V8 {}; give the right binary with -e, or use --force",
                      Shown(input.binary->path), input.version.ToString(), in_memory->ToString()));
    }
  } else if (in_memory) {
    input.version = *in_memory;
    input.version_source = LayoutSource::kCalibrated;
  }
  Result<std::unique_ptr<HeapModel>> model = HeapModel::Build(input, cancel);
  // A model that was interrupted may lack isolates or pages: it is no ground for an answer, now or later.
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted before anything was known");
  if (!model) {
    Error error = model.error();
    for (const std::string& note : session->completeness_.notes) error.message += "; " + note;
    const MemoryGaps& gaps = session->memory_->Gaps();
    if (gaps.truncated) {
      error.message = fmt::format("the core is truncated, {} of {} bytes are there: {}", gaps.file_bytes,
                                  gaps.file_bytes_promised, error.message);
    }
    return std::unexpected(error);
  }
  session->model_ = std::move(*model);
  session->names_ = std::make_unique<NameResolver>(*session->memory_, session->layout());
  if (session->file_ && session->binary_ && !session->file_->build_id().empty() &&
      std::ranges::find(session->modules_, session->file_->build_id(), &Module::build_id) != session->modules_.end()) {
    session->image_memory_ =
        std::make_unique<ImageMemory>(*session->memory_, *session->file_, session->binary_->bias);
  }
  session->DescribeCompleteness();
  return session;
}

Result<void> Session::FindExecutable() {
  const std::vector<const Module*> candidates = Candidates(*memory_, modules_);
  std::string wanted;  // what the user should bring when nothing is found
  if (!options_.executable.empty()) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(options_.executable);
    if (!file) return std::unexpected(file.error());
    const std::string& build_id = (*file)->build_id();
    const auto same =
        std::ranges::find_if(modules_, [&](const Module& m) { return !build_id.empty() && m.build_id == build_id; });
    const Module* module = same != modules_.end() ? &*same : candidates.empty() ? nullptr : candidates.front();
    if (module != nullptr && same == modules_.end() && !module->build_id.empty()) {
      if (!options_.force) {
        return Fail(
            ErrorCode::kMismatch,
            fmt::format(
                "wrong executable: the {} was made by {} with build-id {}, but {} has build-id {} (--force goes on)",
                memory_->Kind() == TargetKind::kLiveProcess ? "process" : "core", Shown(module->path), module->build_id,
                Shown(options_.executable), build_id.empty() ? "none" : build_id));
      }
      completeness_.notes.push_back(fmt::format(
          "the executable does not belong to this process: build-id {} wanted, {} given", module->build_id, build_id));
    } else if (module != nullptr && module->build_id.empty()) {
      completeness_.notes.push_back(
          "the core does not hold the executable's build-id: that they belong together is unproved");
    }
    file_ = std::move(*file);
    binary_ = ReadBinaryFacts(*file_, *memory_, module ? LoadBias(*memory_, *file_, *module) : 0);
    if (HoldsV8(*binary_)) return {};
    // The launcher of a distribution's build: V8 is in a library beside it.
    binary_.reset();
  }
  for (const Module* module : candidates) {
    std::string path = module->path;
    constexpr std::string_view kDeleted = " (deleted)";
    if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
    const bool same = file && !(*file)->build_id().empty() && (*file)->build_id() == module->build_id;
    const bool unproved = file && (module->build_id.empty() || (*file)->build_id().empty());
    if (!file || (!same && !unproved)) {
      wanted += fmt::format("{}{} (build-id {}){}", wanted.empty() ? "" : ", ", Shown(path),
                            module->build_id.empty() ? "unknown" : module->build_id,
                            file ? fmt::format(", but the file there now has build-id {}", (*file)->build_id()) : "");
      continue;
    }
    BinaryFacts facts = ReadBinaryFacts(**file, *memory_, LoadBias(*memory_, **file, *module));
    if (!HoldsV8(facts)) continue;
    if (unproved)
      completeness_.notes.push_back(
          "the core does not hold the executable's build-id: that they belong together is unproved");
    file_ = std::move(*file);
    binary_ = std::move(facts);
    return {};
  }
  completeness_.notes.push_back(wanted.empty() ? "no executable of this process is known"
                                               : "executable not found: wanted " + wanted + "; give it with -e");
  return {};
}

void Session::DescribeCompleteness() {
  const MemoryGaps& gaps = memory_->Gaps();
  completeness_.core_truncated = gaps.truncated;
  completeness_.core_bytes_missing = gaps.bytes_cut_off;
  if (gaps.truncated) {
    completeness_.notes.push_back(
        fmt::format("the core file ends after {} of {} bytes (ulimit -c, a full disk, or a pipe handler's limit)",
                    gaps.file_bytes, gaps.file_bytes_promised));
  }
  const auto count_missing = [this](const Space& space) {
    if (space.list_broken) {
      ++completeness_.pages_missing;
      completeness_.notes.push_back(
          fmt::format("the page list of {} is broken: pages may be missing", SpaceName(space.kind)));
    }
    for (const Page& page : space.pages) {
      const Region* region = memory_->RegionAt(page.descriptor.area_start);
      const bool missing = region == nullptr ||
                           (region->readable && region->present_end < std::min(region->end, page.descriptor.area_end));
      completeness_.pages_missing += missing;
    }
  };
  count_missing(model_->read_only());
  for (const IsolateHeap& isolate : model_->isolates()) {
    for (const Space& space : isolate.spaces) count_missing(space);
  }
  for (const LayoutConstantInfo& info : LayoutConstants()) {
    // The two headers are calibrated by the size rules when the binary does not say them.
    if (info.id == LayoutConstant::kDescriptorArrayHeader || info.id == LayoutConstant::kBytecodeArrayHeader) continue;
    // 8 in every line that says it; V8 8.4 (Node 14) does not.
    if (info.id == LayoutConstant::kUncompiledInferredName) continue;
    if (!layout()[info.id].known()) completeness_.layout_guessed = true;
  }
  for (const SelfCheckItem& item : model_->self_check()) {
    if (item.passed) continue;
    completeness_.layout_guessed = true;
    completeness_.notes.push_back("self-check failed: " + item.what +
                                  (item.detail.empty() ? "" : " (" + item.detail + ")"));
  }
  if (binary_ && !layout().has_table) {
    completeness_.notes.push_back(
        fmt::format("{} V8 {}: the layout comes from the executable and from calibration on this {}, verified",
                    options_.hide_tables ? "tables hidden, no table for" : "there is no table for",
                    layout().version.Line(), memory_->Kind() == TargetKind::kLiveProcess ? "process" : "core"));
  }
}

std::vector<AddressRange> Session::HeapRanges() const {
  std::vector<AddressRange> ranges;
  for (const Page* page : model_->index().pages())
    ranges.emplace_back(page->descriptor.chunk, page->descriptor.area_end);
  return ranges;
}

const ProcessFacts& Session::process() {
  if (!process_) {
    const std::vector<AddressRange> ranges = HeapRanges();
    ProcessFactsOptions options;
    options.v8_pages = ranges;
    if (file_) {
      const uint64_t bias = binary_ ? binary_->bias : 0;
      options.image = [this, bias](Address address, std::span<std::byte> out) {
        return file_->ReadVirtual(address - bias, out);
      };
    }
    if (!model_->isolates().empty()) options.heap = model_->isolates().front().heap;
    process_ = CollectProcessFacts(*memory_, options);
  }
  return *process_;
}

}  // namespace corewalk
