// layout: what is known about this V8, and where each value comes from.
#include <fmt/format.h>

#include "command/target.h"

namespace corewalk {
namespace {

class LayoutCommand final : public Command {
 public:
  LayoutCommand()
      : Command(
            {.name = "layout",
             .group = "Diagnostics",
             .summary = "the V8 layout in use, with the source of each value, and the self-check",
             .description =
                 "Sources: binary (v8dbg_* symbols, names of the roots), calibrated (found and checked on this very\n"
                 "core), table (of the V8 line), assumed. Size rules say on how many distinct objects they were tried.",
             .example = "layout",
             .options = {{.name = "types", .help = "list the instance types too"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Layout& layout = context.session.layout();
    context.out.BeginDocument("layout", TargetCard(context.session));
    context.out.AddCard(
        {.key = "v8",
         .title = "V8",
         .fields = {{"version", "Version", layout.version.known() ? Cell(layout.version.ToString()) : Cell(Absent{})},
                    {"version_source", "Known from", std::string(LayoutSourceName(layout.version_source))},
                    {"table", "Table of this line", layout.has_table}}});
    context.out.BeginTable({.columns = {{"key", "Constant (v8dbg_)", Align::kLeft},
                                        {"value", "Value"},
                                        {"source", "Source", Align::kLeft},
                                        {"meaning", "Meaning", Align::kLeft}}});
    for (const LayoutConstantInfo& info : LayoutConstants()) {
      const LayoutValue& value = layout[info.id];
      const Cell row[] = {std::string(info.key), value.known() ? Cell(value.value) : Cell(Absent{}),
                          std::string(LayoutSourceName(value.source)), std::string(info.meaning)};
      context.out.AddRow(row);
    }
    context.out.EndTable({});

    const PageLayout& page = layout.page;
    context.out.AddCard(
        {.key = "pages",
         .title = "Page descriptor (calibrated)",
         .fields = {{"split", "Metadata apart from the page", page.split},
                    {"page_size", "Page size", Bytes{page.page_size}},
                    {"flags", "flags at", Count{page.flags}},
                    {"heap", "heap at", Count{page.heap}},
                    {"area_start", "area start at", Count{page.area_start}},
                    {"area_end", "area end at", Count{page.area_end}},
                    {"owner", "owner at", Count{page.owner}},
                    {"list_next", "list node at", page.list_next ? Cell(Count{page.list_next}) : Cell(Absent{})}}});

    context.out.BeginTable({.key = "size_rules",
                            .title = "Sizes of variable-size types",
                            .columns = {{"type", "Type", Align::kLeft},
                                        {"rule", "Bytes", Align::kLeft},
                                        {"source", "Source", Align::kLeft},
                                        {"hits", "Right"},
                                        {"samples", "Samples"}}});
    for (size_t i = 1; i < layout.rules.size(); ++i) {
      const SizeRuleChoice& choice = layout.rules[i];
      if (choice.source == LayoutSource::kUnknown) continue;
      if (choice.source == LayoutSource::kAssumed && choice.samples == 0) continue;  // no such type in this V8
      const Cell row[] = {std::string(SizeKindName(static_cast<SizeKind>(i))), std::string(choice.name),
                          std::string(LayoutSourceName(choice.source)), Count{choice.hits}, Count{choice.samples}};
      context.out.AddRow(row);
    }
    context.out.EndTable({});
    if (context.args.Has("types")) {
      context.out.BeginTable({.key = "instance_types",
                              .title = "Instance types",
                              .columns = {{"number", "Number"},
                                          {"name", "Name", Align::kLeft},
                                          {"source", "Source", Align::kLeft},
                                          {"kind", "Kind", Align::kLeft}}});
      for (uint32_t i = 0; i < InstanceTypes::kCount; ++i) {
        const InstanceType& type = layout.types.at(i);
        if (type.name.empty()) continue;
        const Cell row[] = {Count{i}, type.name, std::string(LayoutSourceName(type.source)),
                            std::string(CategoryName(type.category))};
        context.out.AddRow(row);
      }
      context.out.EndTable({});
    }
    context.out.BeginTable(
        {.key = "self_check",
         .title = "Self-check",
         .columns = {
             {"passed", "Passed", Align::kLeft}, {"what", "What", Align::kLeft}, {"detail", "Detail", Align::kLeft}}});
    for (const SelfCheckItem& item : context.session.model().self_check()) {
      const Cell row[] = {item.passed, item.what, item.detail};
      context.out.AddRow(row);
    }
    context.out.EndTable({});
    context.out.EndDocument(context.session.completeness());
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeLayoutCommand() {
  return std::make_unique<LayoutCommand>();
}

}  // namespace corewalk
