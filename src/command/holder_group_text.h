// Who holds many objects, in a cell: "Session.user 98.0 %, Array[…] and 3 more". Safe to print.
#pragma once

#include <string>
#include <vector>

#include "analysis/leaks/holder_census.h"
#include "command/command.h"

namespace corewalk {

// Shares are of bytes, or of counts where there are no bytes.
std::string HolderGroupsText(const std::vector<HolderGroup>& groups, size_t most);

// A table of groups; `sample` says of how many objects they are. JSON: rows of holder, count, bytes, share, example.
void TellHolderGroups(PlainContext& context, const HeapGraph& graph, const std::string& key, const std::string& title,
                      const std::vector<HolderGroup>& groups, const ObjectSample& sample, size_t most);

}  // namespace corewalk
