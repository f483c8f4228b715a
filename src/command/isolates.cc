// isolates: all V8 isolates of the process. isolate: which one the next commands are about.
#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/target.h"

namespace corewalk {
namespace {

class IsolatesCommand final : public Command {
 public:
  IsolatesCommand()
      : Command({.name = "isolates",
                 .group = "Heap",
                 .summary = "the V8 isolates: the main one and one per worker thread",
                 .description =
                     "Isolates are found by their roots tables, without symbols. Used bytes are those of a page walk.",
                 .example = "isolates"}) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    context.out.BeginDocument("isolates", TargetCard(session));
    context.out.BeginTable({.columns = {{"isolate", "Isolate"},
                                        {"address", "Address"},
                                        {"heap", "Heap"},
                                        {"thread_id", "Thread"},
                                        {"is_main", "Main", Align::kLeft},
                                        {"pages", "Pages"},
                                        {"heap_bytes", "Used bytes"},
                                        {"objects", "Objects"}}});
    Completeness completeness = session.completeness();
    for (const IsolateHeap& isolate : session.model().isolates()) {
      const HeapWalkResult walk = WalkHeap(
          session.model(), {.isolate = isolate.number, .threads = session.options().threads, .read_only = false},
          context.cancel, context.progress);
      uint64_t pages = 0;
      for (const Space& space : isolate.spaces) pages += space.pages.size();
      const PageTally total = walk.Total();
      const Cell row[] = {Count{static_cast<uint64_t>(isolate.number)},
                          isolate.isolate ? Cell(HexAddress{isolate.isolate}) : Cell(Absent{}),
                          HexAddress{isolate.heap},
                          isolate.thread_id ? Cell(int64_t{isolate.thread_id}) : Cell(Absent{}),
                          isolate.is_main,
                          Count{pages},
                          Bytes{total.object_bytes},
                          Count{total.objects}};
      context.out.AddRow(row);
      walk.Describe(&completeness);
      if (context.cancel.Cancelled()) break;
    }
    context.out.EndTable({});
    context.out.EndDocument(completeness);
    return {};
  }
};

class IsolateCommand final : public Command {
 public:
  IsolateCommand()
      : Command({.name = "isolate",
                 .group = "Heap",
                 .summary = "chooses the isolate of the next commands: isolate select N|all",
                 .usage = "select N|all",
                 .description = "The choice holds until the program ends or another one is made; --isolate on a "
                                "command goes before it.",
                 .example = "isolate select 1",
                 .min_words = 2,
                 .max_words = 2}) {}

  Result<void> Run(CommandContext& context) const override {
    const std::vector<std::string>& words = context.args.words();
    const size_t count = context.session.model().isolates().size();
    if (words[0] != "select") return Fail(ErrorCode::kUsage, "usage: isolate select N|all");
    IsolateChoice choice;
    if (words[1] == "all") {
      choice.all = true;
    } else {
      const std::optional<uint64_t> number = ParseUnsigned(words[1]);
      if (!number || *number >= count) {
        return Fail(ErrorCode::kUsage,
                    fmt::format("'{}' is no isolate of this process (0 to {}, or all)",
                                Sanitize(UntrustedText(words[1]), {.max_code_points = 80}), count - 1));
      }
      choice.number = static_cast<uint32_t>(*number);
    }
    context.settings.isolate = choice;
    context.out.BeginDocument("isolate", TargetCard(context.session));
    context.out.AddCard({.key = "selected",
                         .title = "",
                         .fields = {{"isolate", "Selected isolate",
                                     choice.all ? Cell(std::string("all")) : Cell(Count{*choice.number})}}});
    context.out.EndDocument(context.session.completeness());
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeIsolatesCommand() {
  return std::make_unique<IsolatesCommand>();
}
std::unique_ptr<Command> MakeIsolateCommand() {
  return std::make_unique<IsolateCommand>();
}

}  // namespace corewalk
