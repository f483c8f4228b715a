// heap: spaces and pages.
#include <fmt/format.h>

#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultPages = 200;

uint64_t Committed(const PageDescriptor& page, uint32_t page_size) {
  const uint64_t size = page.area_end - page.chunk;
  return size <= page_size ? page_size : (size + 4095) / 4096 * 4096;
}

class HeapCommand final : public Command {
 public:
  HeapCommand()
      : Command(
            {.name = "heap",
             .group = "Heap",
             .summary = "spaces and pages: committed, used, free, wasted",
             .description =
                 "One row per space. Used: bytes of objects, dead ones that are not yet swept included. Free: on\n"
                 "the free list. Linear area: handed out to an allocator but not yet filled. Wasted: fillers too\n"
                 "small to reuse, and what the walk could not understand. Stale: behind the allocation top of new\n"
                 "space. Pages found twice, by page lists and by their headers; what only one of them knows is shown.",
             .example = "heap\nheap --pages --isolate 1",
             .options = {{.name = "pages", .help = "list every page"},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "pages to list, 0 = all (default 200)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    const HeapModel& model = session.model();
    const HeapWalkResult walk = WalkHeap(model, *options, context.cancel, context.progress);

    struct Sum {
      uint64_t committed = 0, scan_only = 0, pages = 0;
    };
    std::array<Sum, static_cast<size_t>(SpaceKind::kCount)> sums{};
    std::array<bool, static_cast<size_t>(SpaceKind::kCount)> exists{};
    const auto add = [&](const Space& space) {
      Sum& sum = sums[static_cast<size_t>(space.kind)];
      exists[static_cast<size_t>(space.kind)] = true;
      sum.scan_only += space.pages_only_in_scan;
      sum.pages += space.pages.size();
      for (const Page& page : space.pages) sum.committed += Committed(page.descriptor, session.layout().page.page_size);
    };
    add(model.read_only());
    for (const IsolateHeap& isolate : model.isolates()) {
      if (options->isolate >= 0 && isolate.number != options->isolate) continue;
      for (const Space& space : isolate.spaces) add(space);
    }

    context.out.BeginDocument("heap", TargetCard(session));
    context.out.BeginTable({.columns = {{"space", "Space", Align::kLeft},
                                        {"pages", "Pages"},
                                        {"committed_bytes", "Committed"},
                                        {"used_bytes", "Used"},
                                        {"free_bytes", "Free"},
                                        {"linear_area_bytes", "Linear area"},
                                        {"wasted_bytes", "Wasted"},
                                        {"stale_bytes", "Stale"},
                                        {"objects", "Objects"},
                                        {"largest_object_bytes", "Largest"},
                                        {"lost_bytes", ""},
                                        {"pages_only_in_scan", ""}}});
    Sum all;
    for (size_t i = 0; i < sums.size(); ++i) {
      if (!exists[i] || (sums[i].pages == 0 && static_cast<SpaceKind>(i) == SpaceKind::kUnknown)) continue;
      const PageTally& tally = walk.spaces[i].tally;
      const Cell row[] = {std::string(SpaceName(static_cast<SpaceKind>(i))),
                          Count{sums[i].pages},
                          Bytes{sums[i].committed},
                          Bytes{tally.object_bytes},
                          Bytes{tally.free_bytes},
                          Bytes{tally.linear_area_bytes},
                          Bytes{tally.filler_bytes + tally.lost_bytes},
                          Bytes{tally.stale_bytes},
                          Count{tally.objects},
                          Bytes{tally.largest_object},
                          Bytes{tally.lost_bytes},
                          Count{sums[i].scan_only}};
      context.out.AddRow(row);
      all.committed += sums[i].committed, all.scan_only += sums[i].scan_only, all.pages += sums[i].pages;
    }
    const PageTally total = walk.Total();
    context.out.EndTable(
        {.total = {std::string("all"), Count{all.pages}, Bytes{all.committed}, Bytes{total.object_bytes},
                   Bytes{total.free_bytes}, Bytes{total.linear_area_bytes},
                   Bytes{total.filler_bytes + total.lost_bytes}, Bytes{total.stale_bytes}, Count{total.objects},
                   Bytes{total.largest_object}, Bytes{total.lost_bytes}, Count{all.scan_only}}});
    if (all.scan_only > 0) {
      context.out.AddNote(fmt::format(
          "{} pages have a header but are in no page list: freed, and not yet unmapped. They are not counted.",
          all.scan_only));
    }
    if (context.args.Has("pages")) ListPages(context, *options);
    Completeness completeness = StartCompleteness(context);
    walk.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void ListPages(CommandContext& context, const HeapWalkOptions& options) {
    const HeapModel& model = context.session.model();
    context.out.BeginTable({.key = "page_list",
                            .title = "Pages",
                            .columns = {{"page", "Page"},
                                        {"area_start", "Area start"},
                                        {"area_end", "Area end"},
                                        {"space", "Space", Align::kLeft},
                                        {"owner", "Owner"},
                                        {"flags", "Flags"},
                                        {"listed", "In list", Align::kLeft},
                                        {"isolate", "Isolate"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultPages));
    uint64_t shown = 0;
    TableEnd end;
    const auto list = [&](const Space& space, int isolate) {
      for (const Page& page : space.pages) {
        if (limit != 0 && shown >= limit) {
          ++end.omitted;
          continue;
        }
        ++shown;
        const PageDescriptor& d = page.descriptor;
        const std::string half = page.from_page ? " (from)" : page.to_page ? " (to)" : "";
        const Cell row[] = {HexAddress{d.chunk},
                            HexAddress{d.area_start},
                            HexAddress{d.area_end},
                            std::string(SpaceName(space.kind)) + half,
                            HexAddress{d.owner},
                            HexAddress{d.flags},
                            page.listed,
                            isolate < 0 ? Cell(Absent{}) : Cell(Count{static_cast<uint64_t>(isolate)})};
        context.out.AddRow(row);
      }
    };
    list(model.read_only(), -1);
    for (const IsolateHeap& isolate : model.isolates()) {
      if (options.isolate >= 0 && isolate.number != options.isolate) continue;
      for (const Space& space : isolate.spaces) list(space, isolate.number);
    }
    context.out.EndTable(end);
  }
};

}  // namespace

std::unique_ptr<Command> MakeHeapCommand() {
  return std::make_unique<HeapCommand>();
}

}  // namespace corewalk
