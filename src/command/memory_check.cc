// memory-check: a digest of every readable byte of V8's pages, to show that two ways of reading (the mapped core file,
// LLDB) give the same bytes.
#include "command/target.h"

namespace corewalk {
namespace {

class MemoryCheckCommand final : public Command {
 public:
  MemoryCheckCommand()
      : Command({.name = "memory-check",
                 .group = "Diagnostics",
                 .summary = "digest of all bytes of V8's pages, as this face reads them",
                 .description =
                     "FNV-1a over the words of every object area of all isolates, in the order of addresses. Two\n"
                     "readers of one core must agree.",
                 .example = "memory-check"}) {}

  Result<void> Run(CommandContext& context) const override {
    const Memory& memory = context.session.memory();
    uint64_t digest = 0xcbf29ce484222325, total = 0;
    std::vector<std::byte> buffer(256 * 1024);
    for (const Page* page : context.session.model().index().pages()) {
      if (context.cancel.Cancelled()) break;
      for (Address at = page->descriptor.area_start; at < page->descriptor.area_end;) {
        const size_t wanted = std::min<uint64_t>(buffer.size(), page->descriptor.area_end - at);
        const size_t read = memory.Read(at, std::span(buffer).first(wanted));
        for (size_t i = 0; i + 8 <= read; i += 8) {
          uint64_t word;
          std::memcpy(&word, buffer.data() + i, 8);
          digest = (digest ^ word) * 0x100000001b3;
        }
        total += read;
        at += read == wanted ? wanted : std::min<uint64_t>(wanted, (read / 4096 + 1) * 4096);
      }
    }
    context.out.BeginDocument("memory-check", TargetCard(context.session));
    context.out.AddCard({.key = "",
                         .title = "",
                         .fields = {{"digest", "Digest", HexAddress{digest}}, {"bytes", "Bytes", Bytes{total}}}});
    Completeness completeness = context.session.completeness();
    completeness.interrupted = context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeMemoryCheckCommand() {
  return std::make_unique<MemoryCheckCommand>();
}

}  // namespace corewalk
