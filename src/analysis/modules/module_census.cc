#include "analysis/modules/module_census.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "analysis/async/internal_scopes.h"
#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/objects_with.h"
#include "analysis/leaks/retained_together.h"
#include "heap/views/functions.h"
#include "heap/views/properties.h"
#include "heap/views/scripts.h"
#include "node/package_configs.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 12;
constexpr size_t kKeptNames = 32;
constexpr uint32_t kNone = 0xffffffff;
constexpr const char* kLoaderScript = "internal/modules/cjs/loader";
constexpr int kProxyTarget = 16;  // JSProxy
constexpr std::string_view kFileScheme = "file://";

class Collector {
 public:
  Collector(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel, ModuleCensus* out)
      : reader_(*reader), graph_(graph), cancel_(cancel), out_(*out) {}

  void Run() {
    CollectCache();
    CollectUncached();
    CollectRecords();
    FoldMade();
    std::ranges::stable_sort(out_.modules, {}, &LoadedModule::file);
    LinkRequires();
    CollectCode();
    CollectPackages();
    if (graph_.has_retained()) Measure();
    out_.interrupted = cancel_.Cancelled();
  }

 private:
  uint64_t Tagged(ObjectId node) const { return graph_.index().AddressOf(node) + 1; }
  bool Poll() { return ++polled_ % kPoll != 0 || !cancel_.Cancelled(); }
  bool IsReceiver(uint64_t value) {
    const MapInfo* map = LooksLikePointer(value) ? reader_.MapOf(value) : nullptr;
    return map != nullptr && reader_.layout().types.IsJSReceiver(map->instance_type);
  }
  bool IsTrue(uint64_t value) {
    return LooksLikePointer(value) && reader_.OddballOf(value) == HeapReader::Oddball::kTrue;
  }

  // Module._cache: `Module` is a variable of Node.js's loader, which a program cannot take away; what it makes of
  // _cache is its own business.
  void CollectCache() {
    std::unordered_set<uint64_t> caches;
    for (const InternalVariable& variable : FindInternalVariables(&reader_, graph_, {kLoaderScript}, cancel_)) {
      if (variable.name != "Module" || !IsReceiver(variable.value)) continue;
      uint64_t cache = OwnValue(reader_, variable.value, "_cache");
      if (reader_.IsType(cache, "JS_PROXY_TYPE")) cache = reader_.Field(cache, kProxyTarget).value_or(0);
      if (!IsReceiver(cache) || !caches.insert(cache).second) continue;
      out_.cache_found = true;
      ForEachProperty(reader_, cache, [&](const OwnProperty& property) {
        if (!Poll()) return false;
        if (property.accessor || !property.readable) return true;
        ++out_.cache_size;
        const KeyText key = ReadKey(reader_, property.key);
        if (IsReceiver(property.value)) AddModule(property.value, key.text, true);
        return true;
      });
    }
  }

  // Modules that something still holds although they are not in the cache: deleted from it, to be loaded anew.
  void CollectUncached() {
    PropertyFinder children(&reader_, "children");
    std::unordered_map<uint32_t, bool> is_module;  // by shape
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &children, cancel_)) {
      if (!Poll()) return;
      auto [known, is_new] = is_module.try_emplace(graph_.shapes().ShapeOf(node), false);
      if (is_new) known->second = reader_.ClassOf(Tagged(node)) == "Module";
      if (!known->second || seen_.contains(node)) continue;
      const uint64_t file = OwnValue(reader_, Tagged(node), "filename");
      if (!reader_.IsString(file)) continue;
      AddModule(Tagged(node), reader_.ShortText(file), false);
      // createRequire() makes a Module to require from, into which it reads nothing (lib/internal/modules/cjs/loader.js).
      // One that failed has its script as long as something holds it.
      if (out_.modules.empty() || out_.modules.back().node != node) continue;
      LoadedModule& module = out_.modules.back();
      module.made = module.state == ModuleState::kEvaluating && module.export_count == 0 && !HasScript(module.file);
    }
  }

  bool HasScript(const std::string& file) {
    if (!scripts_) {
      scripts_.emplace();
      const int type = reader_.layout().types.Number("SCRIPT_TYPE");
      for (const ObjectId node : LiveObjects(
               graph_, [&](const LiveShape& shape) { return shape.map.instance_type == type; }, cancel_)) {
        if (!Poll()) break;
        if (const ScriptView* script = ReadScript(reader_, Tagged(node))) scripts_->insert(script->name);
      }
    }
    return scripts_->contains(file);
  }

  // What createRequire() made for an ES module is a part of that: what it has required, the ES module has.
  void FoldMade() {
    std::unordered_map<std::string, ObjectId> records;
    for (const LoadedModule& module : out_.modules) {
      if (module.kind == ModuleKind::kEsm) records.try_emplace(PathOfUrl(module.file), module.node);
    }
    std::erase_if(out_.modules, [&](const LoadedModule& module) {
      out_.made += module.made;
      const auto record = module.made ? records.find(module.file) : records.end();
      if (record == records.end()) return false;
      folded_[record->second].push_back(module.node);
      return true;
    });
  }

  void AddModule(uint64_t object, const std::string& file, bool cached) {
    const ObjectId node = graph_.index().At(object);
    if (node == kNoObject || !graph_.IsLive(node) || !seen_.insert(node).second) return;
    LoadedModule module{.node = node, .file = file, .cached = cached};
    bool loaded = false;
    ForEachProperty(reader_, object, [&](const OwnProperty& property) {
      if (property.accessor || !property.readable || property.raw_double) return true;
      const KeyText key = ReadKey(reader_, property.key);
      if (key.symbol) return true;
      if (key.text == "loaded") loaded = IsTrue(property.value);
      if (key.text == "exports") module.exports = property.value;
      if (key.text == "children") children_[node] = property.value;
      return true;
    });
    module.kind = file.ends_with(".json")   ? ModuleKind::kJson
                  : file.ends_with(".node") ? ModuleKind::kAddon
                                            : ModuleKind::kCommonJs;
    module.state = loaded ? ModuleState::kEvaluated : ModuleState::kEvaluating;
    if (IsReceiver(module.exports)) {
      ForEachProperty(reader_, module.exports, [&](const OwnProperty& property) {
        const KeyText key = ReadKey(reader_, property.key);
        if (key.symbol || !key.valid || property.native) return Poll();
        ++module.export_count;
        if (module.export_names.size() < kKeptNames) module.export_names.push_back(key.text);
        return Poll();
      });
    }
    out_.modules.push_back(std::move(module));
  }

  void CollectRecords() {
    const InstanceTypes& types = reader_.layout().types;
    for (const LiveShape& shape : graph_.shapes().shapes()) {
      if (types.at(shape.map.instance_type).name == "SYNTHETIC_MODULE_TYPE") out_.synthetic += shape.live_count;
    }
    const std::vector<ObjectId> records = LiveObjects(
        graph_, [&](const LiveShape& shape) { return IsModuleRecord(types.at(shape.map.instance_type).name); },
        cancel_);
    for (const ObjectId node : records) {
      if (!Poll()) return;
      std::optional<ModuleRecordView> view = ReadModuleRecord(reader_, Tagged(node));
      if (!view) continue;
      LoadedModule module{.node = node, .kind = ModuleKind::kEsm, .state = view->state, .exception = view->exception};
      if (view->script != 0) module.file = ReadScript(reader_, view->script)->name;
      module.export_count = view->exports.size();
      std::ranges::sort(view->exports);
      for (const std::string& name : view->exports) {
        if (module.export_names.size() < kKeptNames) module.export_names.push_back(name);
      }
      requested_[node] = std::move(view->requested);
      out_.modules.push_back(std::move(module));
    }
  }

  void LinkRequires() {
    std::unordered_map<ObjectId, uint32_t> index_of;
    std::unordered_map<std::string, uint32_t> by_file;  // of several Modules the one in the cache
    for (uint32_t i = 0; i < out_.modules.size(); ++i) {
      const LoadedModule& module = out_.modules[i];
      index_of[module.node] = i;
      if (module.kind == ModuleKind::kEsm || module.made) continue;
      const auto [known, is_new] = by_file.try_emplace(module.file, i);
      if (!is_new && module.cached) known->second = i;
    }
    const auto link_index = [&](uint32_t parent, uint32_t child) {
      if (child == parent) return;
      std::vector<uint32_t>& by = out_.modules[child].required_by;
      if (by.empty() || by.back() != parent) by.push_back(parent);
    };
    const auto link = [&](uint32_t parent, uint64_t child) {
      const ObjectId node = LooksLikePointer(child) ? graph_.index().At(child) : kNoObject;
      if (const auto found = index_of.find(node); found != index_of.end()) link_index(parent, found->second);
    };
    const auto link_children = [&](uint32_t parent, ObjectId node) {
      const auto children = children_.find(node);
      if (children == children_.end() || !IsReceiver(children->second)) return;
      ForEachElement(reader_, children->second, [&](const OwnProperty& element) {
        if (element.readable && !element.raw_double) link(parent, element.value);
        return Poll();
      });
    };
    for (uint32_t i = 0; i < out_.modules.size(); ++i) {
      if (!Poll()) return;
      const ObjectId node = out_.modules[i].node;
      link_children(i, node);
      if (const auto made = folded_.find(node); made != folded_.end()) {
        for (const ObjectId one : made->second) link_children(i, one);
      }
      const auto requested = requested_.find(node);
      if (requested == requested_.end()) continue;
      for (const uint64_t child : requested->second) {
        link(i, child);
        // A CommonJS module is imported through its face, which has its URL.
        const std::string face = SyntheticModuleName(reader_, child);
        if (face.empty()) continue;
        if (const auto found = by_file.find(PathOfUrl(face)); found != by_file.end()) link_index(i, found->second);
      }
    }
  }

  // Functions, contexts and scripts of each file.
  void CollectCode() {
    std::unordered_map<std::string, uint32_t> index_of;  // by file; of several Modules the one in the cache
    for (uint32_t i = 0; i < out_.modules.size(); ++i) {
      LoadedModule& module = out_.modules[i];
      module.nodes.push_back(module.node);
      if (const auto made = folded_.find(module.node); made != folded_.end())
        module.nodes.insert(module.nodes.end(), made->second.begin(), made->second.end());
      if (LooksLikePointer(module.exports)) {
        const ObjectId exports = graph_.index().At(module.exports);
        if (exports != kNoObject && graph_.IsLive(exports)) module.nodes.push_back(exports);
      }
      if (module.file.empty()) continue;
      const auto [known, is_new] = index_of.try_emplace(module.file, i);
      if (!is_new && module.cached) known->second = i;
    }
    const InstanceTypes& types = reader_.layout().types;
    std::unordered_map<uint64_t, uint32_t> by_script, by_shared;
    const auto of_script = [&](uint64_t script) {
      const auto [known, is_new] = by_script.try_emplace(script, kNone);
      if (is_new && script != 0) {
        if (const auto found = index_of.find(ReadScript(reader_, script)->name); found != index_of.end()) {
          known->second = found->second;
          if (const ObjectId node = graph_.index().At(script); node != kNoObject && graph_.IsLive(node))
            out_.modules[found->second].nodes.push_back(node);
        }
      }
      return known->second;
    };
    std::unordered_set<uint64_t> contexts;
    const int bound = types.Number("JS_BOUND_FUNCTION_TYPE");
    const std::vector<ObjectId> closures = LiveObjects(
        graph_,
        [&](const LiveShape& shape) {
          return shape.map.category == Category::kClosure && shape.map.instance_type != bound;
        },
        cancel_);
    for (const ObjectId node : closures) {
      if (!Poll()) return;
      const uint64_t function = Tagged(node);
      const uint64_t shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
      const auto [known, is_new] = by_shared.try_emplace(shared, kNone);
      if (is_new) known->second = of_script(ScriptOf(reader_, shared));
      if (known->second == kNone) continue;
      LoadedModule& module = out_.modules[known->second];
      ++module.closures;
      module.nodes.push_back(node);
      const uint64_t context = reader_.Field(function, ObjectField::kFunctionContext).value_or(0);
      const MapInfo* map = LooksLikePointer(context) ? reader_.MapOf(context) : nullptr;
      if (map == nullptr || !types.IsContext(map->instance_type) || types.IsNativeContext(map->instance_type)) continue;
      if (!contexts.insert(context).second || reader_.IsType(context, "SCRIPT_CONTEXT_TYPE")) continue;
      if (const ObjectId at = graph_.index().At(context); at != kNoObject && graph_.IsLive(at))
        module.nodes.push_back(at);
    }
  }

  void CollectPackages() {
    std::map<std::pair<std::string, std::string>, uint32_t> known;
    for (uint32_t i = 0; i < out_.modules.size(); ++i) {
      std::string name, directory;
      if (PackageOfFile(out_.modules[i].file, &name, &directory)) known.try_emplace({name, directory}, 0);
    }
    for (auto& [key, index] : known) {
      index = static_cast<uint32_t>(out_.packages.size());
      out_.packages.push_back({.name = key.first, .directory = key.second});
    }
    for (uint32_t i = 0; i < out_.modules.size(); ++i) {
      std::string name, directory;
      if (!PackageOfFile(out_.modules[i].file, &name, &directory)) continue;
      out_.modules[i].package = known[{name, directory}];
      out_.packages[out_.modules[i].package].modules.push_back(i);
    }
    ReadVersions();
    for (size_t begin = 0; begin < out_.packages.size();) {
      size_t end = begin;
      std::set<std::string> versions;
      for (; end < out_.packages.size() && out_.packages[end].name == out_.packages[begin].name; ++end) {
        if (!out_.packages[end].version.empty()) versions.insert(out_.packages[end].version);
      }
      for (size_t i = begin; i < end; ++i) {
        out_.packages[i].copies = static_cast<uint32_t>(end - begin);
        out_.packages[i].versions = static_cast<uint32_t>(std::max<size_t>(versions.size(), 1));
      }
      begin = end;
    }
  }

  void ReadVersions() {
    PropertyFinder read(&reader_, "readPackageJSON");
    std::map<std::string, PackageText> texts;
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &read, cancel_))
      texts.merge(ReadPackageConfigs(reader_, Tagged(node)));
    out_.versions_read = texts.size();
    // A program that has required the file itself knows it, too.
    for (const LoadedModule& module : out_.modules) {
      if (module.kind != ModuleKind::kJson || !module.file.ends_with("/package.json") || !IsReceiver(module.exports))
        continue;
      const uint64_t version = OwnValue(reader_, module.exports, "version");
      if (reader_.IsString(version))
        texts.try_emplace(module.file, PackageText{.name = "", .version = reader_.ShortText(version, 100)});
    }
    for (LoadedPackage& package : out_.packages) {
      const auto text = texts.find(package.directory + "/package.json");
      package.version = text != texts.end() ? text->second.version : VersionInPath(package.directory, package.name);
    }
  }

  void Measure() {
    for (LoadedModule& module : out_.modules) {
      if (!Poll()) return;
      module.retained = RetainedTogether(graph_, module.nodes);
    }
    for (LoadedPackage& package : out_.packages) {
      if (cancel_.Cancelled()) return;
      std::vector<ObjectId> nodes;
      for (const uint32_t index : package.modules)
        nodes.insert(nodes.end(), out_.modules[index].nodes.begin(), out_.modules[index].nodes.end());
      package.retained = RetainedTogether(graph_, nodes);
    }
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  const Cancel& cancel_;
  ModuleCensus& out_;
  size_t polled_ = 0;
  std::unordered_set<ObjectId> seen_;
  std::unordered_map<ObjectId, uint64_t> children_;                // of a Module: its array
  std::unordered_map<ObjectId, std::vector<uint64_t>> requested_;  // of a SourceTextModule
  std::unordered_map<ObjectId, std::vector<ObjectId>> folded_;     // of a SourceTextModule: Modules of createRequire()
  std::optional<std::unordered_set<std::string>> scripts_;         // names of live scripts
};

}  // namespace

ModuleCensus FindModules(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel) {
  ModuleCensus census;
  Collector(reader, graph, cancel, &census).Run();
  return census;
}

std::string PathOfUrl(std::string_view url) {
  if (!url.starts_with(kFileScheme)) return std::string(url);
  url.remove_prefix(kFileScheme.size());
  url = url.substr(0, url.find_first_of("?#"));
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string path;
  for (size_t i = 0; i < url.size(); ++i) {
    const bool escape = url[i] == '%' && i + 2 < url.size() && digit(url[i + 1]) >= 0 && digit(url[i + 2]) >= 0;
    path += escape ? static_cast<char>(digit(url[i + 1]) * 16 + digit(url[i + 2])) : url[i];
    i += escape ? 2 : 0;
  }
  return path;
}

bool PackageOfFile(std::string_view file, std::string* name, std::string* directory) {
  constexpr std::string_view kFolder = "/node_modules/";
  if (file.starts_with(kFileScheme)) file.remove_prefix(kFileScheme.size());
  const size_t at = file.rfind(kFolder);
  if (at == std::string_view::npos) return false;
  const size_t begin = at + kFolder.size();
  size_t end = file.find('/', begin);
  if (end != std::string_view::npos && file[begin] == '@') end = file.find('/', end + 1);
  if (end == std::string_view::npos || end == begin) return false;
  *name = file.substr(begin, end - begin);
  *directory = file.substr(0, end);
  return true;
}

std::string VersionInPath(std::string_view directory, std::string_view name) {
  constexpr std::string_view kStore = "/.pnpm/";
  const size_t at = directory.rfind(kStore);
  if (at == std::string_view::npos) return "";
  std::string_view folder = directory.substr(at + kStore.size());
  folder = folder.substr(0, folder.find('/'));
  std::string flat(name);  // "@scope/name" -> "@scope+name"
  std::ranges::replace(flat, '/', '+');
  if (!folder.starts_with(flat + "@")) return "";
  folder.remove_prefix(flat.size() + 1);
  return std::string(folder.substr(0, folder.find_first_of("_(")));  // peers follow
}

}  // namespace corewalk
