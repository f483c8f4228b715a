// instances: the objects of one class, one line each.
#include <fmt/format.h>

#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 50;

class InstancesCommand final : public Command {
 public:
  InstancesCommand()
      : Command(
            {.name = "instances",
             .group = "Heap",
             .summary = "the objects of one class, with address and shallow bytes",
             .usage = "[OPTION...] NAME",
             .description = "NAME is a name as the histogram prints it, exactly. The addresses can be given to whatis.",
             .example = "instances Session -n 10\ninstances '(string)'",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "objects to print, 0 = all (default 50)"}},
             .min_words = 1,
             .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    const std::string& wanted = context.args.words()[0];
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));

    context.out.BeginDocument("instances", TargetCard(session));
    context.out.BeginTable({.columns = {{"address", "Address"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"space", "Space", Align::kLeft},
                                        {"shape", "Map"},
                                        {"name", "Name", Align::kLeft}}});
    uint64_t shown = 0, bytes = 0;
    TableEnd end;
    const VisitGaps gaps = VisitObjects(
        session.model(), *options, context.cancel,
        [&](const MapInfo& map, Address first) {
          return session.names().SharesDictionaryMap(map) || session.names().ClassName(map, first) == wanted;
        },
        [&](const MapInfo& map, Address address, uint64_t size, const Page& page) {
          if (session.names().SharesDictionaryMap(map) && session.names().ClassNameOf(map, address) != wanted) return true;
          bytes += size;
          if (limit != 0 && shown >= limit) {
            ++end.omitted;
            return true;
          }
          ++shown;
          const Cell row[] = {HexAddress{address}, Bytes{size}, std::string(SpaceName(page.space)),
                              HexAddress{map.word - 1}, UntrustedText(session.names().ObjectName(map, address))};
          context.out.AddRow(row);
          return true;
        });
    context.out.EndTable(end);
    Completeness completeness = StartCompleteness(context);
    gaps.Describe(&completeness);
    if (shown == 0 && completeness.complete()) {
      return Fail(ErrorCode::kNotFound, "no objects with this name; see histogram for the names there are");
    }
    context.out.AddCard({.key = "total",
                         .title = "",
                         .fields = {{"count", "Objects in all", Count{shown + end.omitted}},
                                    {"shallow_bytes", "Shallow bytes", Bytes{bytes}}}});
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeInstancesCommand() {
  return std::make_unique<InstancesCommand>();
}

}  // namespace corewalk
