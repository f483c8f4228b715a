// getactivehandles, getactiverequests: llnode's commands.
#include <fmt/format.h>

#include "analysis/inspect.h"
#include "command/handles_text.h"
#include "command/target.h"
#include "command/value_json.h"
#include "command/value_text.h"

namespace corewalk {
namespace {

// llnode's src/llnode.cc, GetActiveHandlesCmd and GetActiveRequestsCmd: each object, then their number.
class ActiveCommand final : public Command {
 public:
  explicit ActiveCommand(bool handles)
      : Command(
            {.name = handles ? "getactivehandles" : "getactiverequests",
             .debugger_names = {handles ? "getactivehandles" : "getactiverequests"},
             .group = "llnode",
             .summary = handles ? "the JavaScript objects of active handles, in llnode's format"
                                : "the JavaScript objects of requests under way, in llnode's format",
             .description = handles ? "Those whose owners process._getActiveHandles() tells. `handles` says more."
                                    : "Those that process._getActiveRequests() tells. `requests` says more.",
             .example = handles ? "getactivehandles" : "getactiverequests",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "objects to print, 0 = all (default)"},
                         {.name = "length",
                          .letter = 'l',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "characters of a string and elements of an array to print (default 16; 0 = all)"},
                         {.name = "full-string", .letter = 'F', .help = "print whole strings"},
                         {.name = "print-map", .letter = 'm', .help = "print the address of each value's Map too"}}}),
        handles_(handles) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    Result<HandleCensuses> censuses = TakeHandleCensuses(context, &reader);
    if (!censuses) return std::unexpected(censuses.error());
    std::vector<uint64_t> objects;
    for (const HandleCensuses::One& one : censuses->all) {
      if (!one.census.found) continue;
      for (const HandleEntry& handle : one.census.handles) {
        if (handles_ && handle.is_active_resource()) objects.push_back(handle.object);
      }
      for (const RequestEntry& request : one.census.requests) {
        if (!handles_ && request.wrap.object != 0) objects.push_back(request.wrap.object);
      }
    }
    context.out.BeginDocument(info().name, TargetCard(session));
    InspectOptions looking;
    const int64_t length = context.args.Integer("length", 16);
    looking.string_length = context.args.Has("full-string") ? 0 : static_cast<uint64_t>(length);
    looking.array_length = static_cast<uint64_t>(length);
    const ValueTextOptions text{.print_map = context.args.Has("print-map"), .color = context.out.color()};
    Inspector inspector(reader, looking, context.cancel);
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", 0));
    std::string json;
    uint64_t shown = 0;
    for (const uint64_t object : objects) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      ++shown;
      const Inspected value = inspector.Inspect(object);
      if (context.out.is_text()) {
        AddValueLines(ValueText(value, text), &context.out);
      } else {
        json += (json.empty() ? "" : ",") + ValueJson(value);
      }
    }
    context.out.AddTextLine(fmt::format("Total: {}", objects.size()));
    context.out.AddJson("values", "[" + json + "]");
    context.out.AddJson("total", std::to_string(objects.size()));
    censuses->completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(censuses->completeness);
    return {};
  }

 private:
  bool handles_;
};

}  // namespace

std::unique_ptr<Command> MakeActiveHandlesCommand() {
  return std::make_unique<ActiveCommand>(true);
}

std::unique_ptr<Command> MakeActiveRequestsCommand() {
  return std::make_unique<ActiveCommand>(false);
}

}  // namespace corewalk
