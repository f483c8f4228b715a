#include "command/holder_group_text.h"

#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kShownName = 60;     // code points
constexpr double kLeastShare = 0.01;  // after the first: what holds less is not named

std::string Safe(const std::string& text) {
  return Sanitize(UntrustedText(text), {.max_code_points = kShownName});
}

double ShareOf(const HolderGroup& group, uint64_t count, uint64_t bytes) {
  if (bytes > 0) return static_cast<double>(group.bytes) / static_cast<double>(bytes);
  return count == 0 ? 0 : static_cast<double>(group.count) / static_cast<double>(count);
}

}  // namespace

std::string HolderGroupsText(const std::vector<HolderGroup>& groups, size_t most) {
  uint64_t count = 0, bytes = 0;
  for (const HolderGroup& group : groups) count += group.count, bytes += group.bytes;
  std::string text;
  size_t told = 0;
  for (; told < groups.size() && told < most; ++told) {
    const double share = ShareOf(groups[told], count, bytes);
    if (told > 0 && share < kLeastShare) break;
    text += (told == 0 ? "" : ", ") + Safe(groups[told].name);
    if (groups.size() > 1) text += " " + FormatShare(share);
  }
  if (groups.size() > told) text += fmt::format(" and {} more", groups.size() - told);
  return text;
}

void TellHolderGroups(PlainContext& context, const HeapGraph& graph, const std::string& key, const std::string& title,
                      const std::vector<HolderGroup>& groups, const ObjectSample& sample, size_t most) {
  uint64_t count = 0, bytes = 0;
  for (const HolderGroup& group : groups) count += group.count, bytes += group.bytes;
  context.out.BeginTable(
      {.key = key,
       .title = groups.empty() ? "" : title,
       .columns = {
           {"count", "Count"}, {"share", "Share"}, {"holder", "Held by", Align::kLeft}, {"example", "One of them"}}});
  for (size_t i = 0; i < groups.size() && i < most; ++i) {
    // Of a sample: scaled to all.
    const double scale = count == 0 ? 0 : static_cast<double>(sample.count()) / static_cast<double>(count);
    const Cell cells[] = {Count{static_cast<uint64_t>(scale * static_cast<double>(groups[i].count) + 0.5)},
                          Share{ShareOf(groups[i], count, bytes)}, Safe(groups[i].name),
                          HexAddress{NodeAddress(graph, groups[i].example)}};
    context.out.AddRow(cells);
  }
  context.out.EndTable({.omitted = groups.size() - std::min(groups.size(), most)});
}

}  // namespace corewalk
