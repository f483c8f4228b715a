// whatis: what lies at an address.
#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/target.h"
#include "heap/tagged.h"

namespace corewalk {
namespace {

struct Found {
  Address address = 0;
  uint64_t size = 0;
  MapInfo map;
};

class WhatisCommand final : public Command {
 public:
  WhatisCommand()
      : Command({.name = "whatis",
                 .group = "Objects",
                 .summary = "region, space, page, object, map and neighbours of an address",
                 .usage = "ADDRESS",
                 .description = "The address may be tagged, and may point into the middle of an object.",
                 .example = "whatis 0x2b8f1c0d1b49",
                 .min_words = 1,
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<uint64_t> parsed = ParseAddress(context.args.words()[0]);
    if (!parsed) return std::unexpected(parsed.error());
    Session& session = context.session;
    const Memory& memory = session.memory();
    const uint64_t address = *parsed;
    const Region* region = memory.RegionAt(address);
    const Page* page = session.model().index().At(address);
    if (region == nullptr && page == nullptr) {
      return Fail(ErrorCode::kNotFound, fmt::format("{:#x} lies in no mapping of this process", address), address);
    }
    context.out.BeginDocument("whatis", TargetCard(session));
    context.out.AddCard({.key = "query", .title = "", .fields = {{"address", "Address", HexAddress{address}}}});
    if (region != nullptr) TellRegion(context.out, memory, *region);
    Completeness completeness = session.completeness();
    if (page != nullptr) {
      TellPage(context, *page);
      TellObject(context, *page, Untag(address), &completeness);
    } else {
      context.out.AddNote("not in V8's heap");
    }
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static void TellRegion(Reporter& out, const Memory& memory, const Region& region) {
    Card card{.key = "region", .title = "Region", .fields = {}};
    card.fields.push_back({"start", "From", HexAddress{region.start}});
    card.fields.push_back({"end", "To", HexAddress{region.end}});
    card.fields.push_back(
        {"access", "Access",
         std::string(region.readable ? "r" : "-") + (region.writable ? "w" : "-") + (region.executable ? "x" : "-")});
    card.fields.push_back({"present_bytes", "In the core", Bytes{region.present_end - region.start}});
    for (const FileMapping& mapping : memory.FileMappings()) {
      if (mapping.start < region.end && region.start < mapping.end) {
        card.fields.push_back({"file", "File", UntrustedText(mapping.path)});
        break;
      }
    }
    out.AddCard(card);
  }

  static void TellPage(CommandContext& context, const Page& page) {
    const PageDescriptor& d = page.descriptor;
    Card card{.key = "page", .title = "Page", .fields = {}};
    card.fields.push_back({"space", "Space", std::string(SpaceName(page.space))});
    card.fields.push_back({"page", "Page", HexAddress{d.chunk}});
    card.fields.push_back({"area_start", "Objects from", HexAddress{d.area_start}});
    card.fields.push_back({"area_end", "to", HexAddress{d.area_end}});
    for (const IsolateHeap& isolate : context.session.model().isolates()) {
      if (isolate.heap == d.heap)
        card.fields.push_back({"isolate", "Isolate", Count{static_cast<uint64_t>(isolate.number)}});
    }
    context.out.AddCard(card);
  }

  static void TellObject(CommandContext& context, const Page& page, Address address, Completeness* completeness) {
    Session& session = context.session;
    Found before, here, after;
    PageTally tally;
    VisitPage(
        session.model(), page,
        [&](const MapInfo& map, Address at, uint64_t size, const Page&) {
          if (at + size <= address) {
            before = {at, size, map};
          } else if (at <= address) {
            here = {at, size, map};
          } else {
            after = {at, size, map};
            return false;
          }
          return true;
        },
        &tally);
    completeness->bytes_lost += tally.lost_bytes;
    if (here.size == 0) {
      context.out.AddNote(address < page.descriptor.area_start ? "in the page's header"
                                                               : "in no object: free, or not yet allocated");
    }
    const auto tell = [&](const char* key, const char* title, const Found& found) {
      if (found.size == 0) return;
      Card card{.key = key, .title = title, .fields = {}};
      card.fields.push_back({"address", "Address", HexAddress{found.address}});
      card.fields.push_back({"shallow_bytes", "Shallow size", Bytes{found.size}});
      if (found.address == here.address && address != found.address) {
        card.fields.push_back({"offset", "Offset of the address", Bytes{address - found.address}});
      }
      card.fields.push_back({"name", "Name", UntrustedText(session.names().ObjectName(found.map, found.address))});
      card.fields.push_back(
          {"class_name", "Class", UntrustedText(session.names().ClassNameOf(found.map, found.address))});
      card.fields.push_back({"kind", "Kind", std::string(CategoryName(found.map.category))});
      card.fields.push_back({"map", "Map", HexAddress{found.map.word - 1}});
      const std::string& type = session.layout().types.at(found.map.instance_type).name;
      card.fields.push_back({"instance_type", "Instance type",
                             fmt::format("{} ({})", type.empty() ? "unnamed" : type, found.map.instance_type)});
      context.out.AddCard(card);
    };
    tell("object", "Object", here);
    tell("before", "Object before", before);
    tell("after", "Object after", after);
  }
};

}  // namespace

std::unique_ptr<Command> MakeWhatisCommand() {
  return std::make_unique<WhatisCommand>();
}

}  // namespace corewalk
