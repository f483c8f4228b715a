#include "node/native_modules.h"

#include <algorithm>

namespace corewalk {
namespace {

// The kernel's vdso has no file.
bool HasFile(const Module& module) {
  return module.path.starts_with('/');
}

}  // namespace

NativeModules::Open* NativeModules::OpenAt(Address pc, const Module** module) {
  const auto at = std::ranges::find_if(modules_, [&](const Module& m) { return pc >= m.base && pc < m.end; });
  if (at == modules_.end()) return nullptr;
  *module = &*at;
  Open& open = open_[static_cast<size_t>(at - modules_.begin())];
  if (open.tried) return &open;
  open.tried = true;
  std::string path = at->path;
  const bool is_executable = executable_ != nullptr && !executable_->build_id.empty() && executable_->build_id == at->build_id;
  if (is_executable) path = executable_->path;
  if (path.ends_with(" (deleted)")) path.resize(path.size() - 10);
  Result<std::unique_ptr<ElfFile>> file = HasFile(*at) || is_executable ? ElfFile::Open(path) : Fail(ErrorCode::kNotFound, "");
  if (!file || (*file)->build_id().empty() || (*file)->build_id() != at->build_id) {
    if (HasFile(*at)) missing_.push_back(at->path);
    return &open;
  }
  open.file = std::move(*file);
  const Address bias = LoadBias(memory_, *open.file, *at);
  open.unwind = UnwindTable::Open(*open.file, bias);
  // To read the many symbols of node twice takes longer than all else.
  open.symbols = is_executable && symbols_ != nullptr && bias == executable_->bias
                     ? symbols_
                     : std::shared_ptr<const CodeSymbols>(CodeSymbols::OpenFile(path, at->build_id, bias));
  return &open;
}

std::optional<NativeModules::Place> NativeModules::At(Address pc, bool returns) {
  const Module* module = nullptr;
  Open* open = OpenAt(pc, &module);
  if (open == nullptr) return std::nullopt;
  Place place{.symbol = {}, .offset = pc - module->base, .module = module->path.substr(module->path.rfind('/') + 1)};
  if (open->symbols == nullptr) return place;
  if (const std::optional<CodeSymbol> symbol = open->symbols->At(pc - (returns ? 1 : 0))) {
    place.symbol = symbol->name;
    place.offset = symbol->offset + (returns ? 1 : 0);
  }
  return place;
}

bool NativeModules::Step(bool returns, UnwindRegisters* registers) {
  const Module* module = nullptr;
  Open* open = OpenAt(registers->pc(), &module);
  return open != nullptr && open->unwind && open->unwind->Step(memory_, returns, registers);
}

}  // namespace corewalk
