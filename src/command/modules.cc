// modules: CommonJS and ES modules that are loaded, with what each file and each package of node_modules keeps alive.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/modules/module_census.h"
#include "base/text_sanitize.h"
#include "command/async_text.h"
#include "command/graph_text.h"
#include "command/name_filter.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr size_t kShownExports = 3;
constexpr size_t kShownName = 40;  // code points

std::string_view KindName(ModuleKind kind) {
  switch (kind) {
    case ModuleKind::kCommonJs:
      return "commonjs";
    case ModuleKind::kJson:
      return "json";
    case ModuleKind::kAddon:
      return "addon";
    case ModuleKind::kEsm:
      break;
  }
  return "esm";
}

std::string_view StateName(ModuleState state) {
  switch (state) {
    case ModuleState::kLinking:
      return "linking";
    case ModuleState::kLinked:
      return "linked";
    case ModuleState::kEvaluating:
      return "evaluating";
    case ModuleState::kAwaiting:
      return "awaiting";
    case ModuleState::kWaiting:
      return "waiting";
    case ModuleState::kEvaluated:
      return "loaded";
    case ModuleState::kFailed:
      return "failed";
    case ModuleState::kUnknown:
      break;
  }
  return "unknown";
}

std::string Safe(const std::string& text, size_t most = 0) {
  return Sanitize(UntrustedText(text), {.max_code_points = most});
}

class ModulesCommand final : public Command {
 public:
  ModulesCommand()
      : Command(
            {.name = "modules",
             .group = "Process",
             .summary = "loaded modules by file and by package, with versions, duplicates and what they keep alive",
             .description =
                 "The modules of an isolate: those in Module._cache (require.cache), Modules that are live but no "
                 "longer\n"
                 "there (something holds them although they were deleted, to be loaded anew), and ES modules. "
                 "Packages\n"
                 "of node_modules come first; those that are loaded from several directories are marked.\n\n"
                 "State: loaded; evaluating (its code runs); awaiting (it stands at a top-level await); waiting (for "
                 "a\n"
                 "module that does); linked, linking (not begun); failed (it threw; of CommonJS such a module leaves\n"
                 "the cache and is told only while something holds it, as evaluating).\n\n"
                 "A Module that createRequire() or the program made, into which no file was read, is no module of its\n"
                 "own: of an ES module's it counts with that one, others are marked. Required by: how many modules have\n"
                 "it among their children, or import it (who calls import() is kept nowhere).\n\n"
                 "Retained bytes of a file are those that would be freed with its Module, exports, functions, their\n"
                 "contexts, its script and source text, all together; a cache in a variable of the module counts with\n"
                 "it. What it has handed to others, and they hold as well, does not.\n\n"
                 "Versions are read from the package.json files that Node.js's C++ side keeps (22 and later; some "
                 "21),\n"
                 "from package.json modules that the program has required, and from the folders of pnpm. Where none "
                 "of\n"
                 "these is, the version is unknown.",
             .example =
                 "modules\nmodules --packages\nmodules --filter lodash --exports\nmodules --isolate 1 -n 0 --json",
             .options = {FilterOption("modules whose file or package matches"),
                         {.name = "packages", .help = "packages only"},
                         {.name = "exports", .help = "names of exports and who required a module, in text, too"},
                         {.name = "sort",
                          .letter = 's',
                          .kind = OptionKind::kChoice,
                          .value_name = "KEY",
                          .help = "retained (default) or file",
                          .choices = {"retained", "file"}},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows of each table, 0 = all (default 30)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kRetained);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    const ModuleCensus census = FindModules(&reader, graph, context.cancel);
    std::vector<uint32_t> modules, packages;
    for (uint32_t i = 0; i < census.modules.size(); ++i) {
      const LoadedModule& module = census.modules[i];
      const bool in_package = module.package < census.packages.size();
      if (!filter->Matches(module.file) && !(in_package && filter->Matches(census.packages[module.package].name)))
        continue;
      modules.push_back(i);
    }
    for (uint32_t i = 0; i < census.packages.size(); ++i) {
      if (filter->Matches(census.packages[i].name) || filter->Matches(census.packages[i].directory))
        packages.push_back(i);
    }
    if (context.args.Text("sort", "retained") == "retained") {
      std::ranges::stable_sort(modules, std::greater<>(), [&](uint32_t i) { return census.modules[i].retained; });
      std::ranges::stable_sort(packages, std::greater<>(), [&](uint32_t i) { return census.packages[i].retained; });
    }
    context.out.BeginDocument("modules", TargetCard(context.session));
    TellTotals(context, census);
    TellPackages(context, census, packages);
    if (!context.args.Has("packages")) TellModules(context, reader, graph, census, modules);
    if (!census.cache_found)
      context.out.AddNote("Module._cache was not found: CommonJS modules are those that are live");
    Completeness completeness = GraphCompleteness(context, graph);
    completeness.interrupted |= census.interrupted;
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static bool Enough(const CommandContext& context, size_t shown) {
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    return (limit != 0 && shown >= limit) || context.cancel.Cancelled();
  }

  static void TellTotals(CommandContext& context, const ModuleCensus& census) {
    uint64_t cached = 0, uncached = 0, esm = 0, evaluating = 0, failed = 0, duplicates = 0;
    for (const LoadedModule& module : census.modules) {
      cached += module.cached;
      uncached += module.kind != ModuleKind::kEsm && !module.cached && !module.made;
      esm += module.kind == ModuleKind::kEsm;
      failed += module.state == ModuleState::kFailed;
      evaluating += !module.made && (module.state == ModuleState::kEvaluating || module.state == ModuleState::kAwaiting ||
                                     module.state == ModuleState::kWaiting);
    }
    for (size_t i = 0; i < census.packages.size(); ++i)
      duplicates += census.packages[i].copies > 1 && (i == 0 || census.packages[i - 1].name != census.packages[i].name);
    context.out.AddCard({.key = "modules",
                         .fields = {{"cached", "In Module._cache",
                                     census.cache_found ? Cell(Count{census.cache_size}) : Cell(Absent{})},
                                    {"cached_modules", "", Count{cached}},
                                    {"not_cached", "Live, but not in the cache", Count{uncached}},
                                    {"made", census.made != 0 ? "Made by createRequire()" : "", Count{census.made}},
                                    {"esm", "ES modules", Count{esm}},
                                    {"synthetic", "Faces for import of other modules", Count{census.synthetic}},
                                    {"unfinished", "Not yet evaluated", Count{evaluating}},
                                    {"failed", "Failed", Count{failed}},
                                    {"packages", "Packages of node_modules", Count{census.packages.size()}},
                                    {"duplicate_packages", "of them loaded from several places", Count{duplicates}}}});
  }

  static std::string CopiesText(const LoadedPackage& package) {
    if (package.copies < 2) return "";
    if (package.versions > 1) return fmt::format("{} copies, {} versions", package.copies, package.versions);
    return fmt::format("{} copies", package.copies);
  }

  static void TellPackages(CommandContext& context, const ModuleCensus& census, const std::vector<uint32_t>& packages) {
    context.out.BeginTable({.key = "packages",
                            .title = "Packages",
                            .columns = {{"retained_bytes", "Retained"},
                                        {"files", "Files"},
                                        {"name", "Package", Align::kLeft},
                                        {"", "Version", Align::kLeft},
                                        {"version", ""},
                                        {"", "Duplicate", Align::kLeft},
                                        {"copies", ""},
                                        {"versions", ""},
                                        {"directory", "Directory", Align::kLeft}}});
    size_t shown = 0;
    for (const uint32_t index : packages) {
      if (Enough(context, shown)) break;
      ++shown;
      const LoadedPackage& package = census.packages[index];
      const Cell cells[] = {
          Bytes{package.retained},
          Count{package.modules.size()},
          UntrustedText(package.name),
          package.version.empty() ? Cell(std::string("version unknown")) : Cell(UntrustedText(package.version)),
          package.version.empty() ? Cell(Absent{}) : Cell(UntrustedText(package.version)),
          CopiesText(package),
          Count{package.copies},
          Count{package.versions},
          UntrustedText(package.directory)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = packages.size() - shown});
  }

  static std::string ExportsText(HeapReader& reader, const LoadedModule& module) {
    std::string text = module.kind == ModuleKind::kEsm                           ? ""
                       : LooksLikePointer(module.exports) || module.exports != 0 ? BriefValue(reader, module.exports)
                                                                                 : "";
    for (size_t i = 0; i < std::min(module.export_names.size(), kShownExports); ++i)
      text += (i > 0 ? ", " : text.empty() ? "" : ": ") + Safe(module.export_names[i], kShownName);
    if (module.export_count > kShownExports)
      text += ", ... " + FormatCount(module.export_count - kShownExports) + " more";
    return text;
  }

  static void TellModules(CommandContext& context, HeapReader& reader, const HeapGraph& graph,
                          const ModuleCensus& census, const std::vector<uint32_t>& modules) {
    const bool all = context.args.Has("exports");
    context.out.BeginTable({.key = "rows",
                            .title = "Modules",
                            .columns = {{"retained_bytes", "Retained"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "State", Align::kLeft},
                                        {"state", ""},
                                        {"cached", ""},
                                        {"closures", "Closures"},
                                        {"file", "File", Align::kLeft},
                                        {"package", ""},
                                        {"", all ? "Exports" : "", Align::kLeft},
                                        {"exports_class", ""},
                                        {"exports", ""},
                                        {"export_count", ""},
                                        {"required_by", "Required by"},
                                        {"", all ? "First" : "", Align::kLeft},
                                        {"first_required_by", ""},
                                        {"error", ""},
                                        {"address", "Address"}}});
    size_t shown = 0;
    for (const uint32_t index : modules) {
      if (Enough(context, shown)) break;
      ++shown;
      const LoadedModule& module = census.modules[index];
      std::string names;
      for (const std::string& name : module.export_names) names += (names.empty() ? "" : ",") + Safe(name, kShownName);
      std::string state(module.made ? "made by createRequire()" : StateName(module.state));
      if (module.kind != ModuleKind::kEsm && !module.cached && !module.made) state += ", not in the cache";
      Cell error = Absent{};
      if (module.exception != 0) {
        const std::string text = ReasonText(reader, module.exception, ReadError(reader, module.exception, 500));
        error = text;
        state += ": " + text;
      }
      const Cell first =
          module.required_by.empty() ? Cell(Absent{}) : Cell(UntrustedText(census.modules[module.required_by[0]].file));
      const bool has_exports = module.kind != ModuleKind::kEsm && LooksLikePointer(module.exports);
      const Cell cells[] = {Bytes{module.retained},
                            std::string(KindName(module.kind)),
                            state,
                            std::string(module.made ? "made" : StateName(module.state)),
                            module.kind == ModuleKind::kEsm ? Cell(Absent{}) : Cell(module.cached),
                            Count{module.closures},
                            module.file.empty() ? Cell(Absent{}) : Cell(UntrustedText(module.file)),
                            module.package < census.packages.size()
                                ? Cell(UntrustedText(census.packages[module.package].name))
                                : Cell(Absent{}),
                            ExportsText(reader, module),
                            has_exports ? Cell(UntrustedText(reader.ClassOf(module.exports))) : Cell(Absent{}),
                            names,
                            Count{module.export_count},
                            Count{module.required_by.size()},
                            first,
                            first,
                            error,
                            HexAddress{NodeAddress(graph, module.node)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = modules.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeModulesCommand() {
  return std::make_unique<ModulesCommand>();
}

}  // namespace corewalk
