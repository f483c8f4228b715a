// Implementation of source_scan.h: one pass over the tokens of a source that follows its functions, blocks and classes
// and notes what is declared and assigned where. An explicit stack of open brackets stands for the nesting.
#pragma once

#include <string_view>
#include <vector>

#include "analysis/source_scan.h"
#include "analysis/source_tokens.h"

namespace corewalk {

struct SourceFindings {
  std::vector<SourceScan::Scope> scopes;
  std::vector<SourceScan::Declaration> declarations;
  std::vector<SourceScan::PropertySite> properties;
  std::vector<SourceScan::Export> exports;
};

SourceFindings WalkSource(std::string_view text, const std::vector<SourceToken>& tokens, const Cancel& cancel);

}  // namespace corewalk
