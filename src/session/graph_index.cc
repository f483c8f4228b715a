#include "session/graph_index.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

// The key of the first line in which the two differ; "" when they are equal.
std::string_view FirstDifference(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const std::string_view line_a = a.substr(0, a.find('\n')), line_b = b.substr(0, b.find('\n'));
    if (line_a != line_b) return line_a.substr(0, line_a.find(' '));
    a.remove_prefix(std::min(a.size(), line_a.size() + 1));
    b.remove_prefix(std::min(b.size(), line_b.size() + 1));
  }
  return "";
}

}  // namespace

std::string GraphIndexIdentity::Lines() const {
  const auto or_none = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
  return fmt::format(
      "corewalk {}\ncore {} bytes\ncontent {:016x}\nprocess {}\nbuild-id {}\nbinary {}\nlayout {}\nisolate {} {:#x}\n",
      COREWALK_VERSION, core_bytes, content, process, or_none(build_id), or_none(binary), layout, isolate, heap);
}

GraphIndex::GraphIndex(const std::string& path, GraphIndexIdentity identity)
    : path_(identity.isolate == 0 ? path : fmt::format("{}.isolate-{}", path, identity.isolate)),
      identity_(identity.Lines()) {}

std::string GraphIndex::Shown() const {
  return Sanitize(path_, {.max_code_points = 200});
}

GraphIndex::Loaded GraphIndex::Load(const HeapModel& model, const HeapGraphOptions& options, const Cancel& cancel,
                                    const ProgressFunction& progress) {
  Loaded loaded;
  problem_.clear();
  replaceable_ = true;
  Result<std::shared_ptr<const SectionFile>> file = SectionFile::Open(path_, kGraphFormat);
  if (!file) {
    const ErrorCode code = file.error().code;
    if (code == ErrorCode::kNotFound) return loaded;
    replaceable_ = code != ErrorCode::kMismatch && code != ErrorCode::kUnreadable;
    problem_ = file.error().message;
  } else if (const std::string_view key = FirstDifference(identity_, (*file)->identity()); !key.empty()) {
    problem_ = key == "corewalk"                      ? "another version of corewalk made it"
               : key == "binary" || key == "layout" ? "it was made with another node binary (-e)"
               : key == "isolate"                    ? "it is of another isolate"
                                                      : "it belongs to another core";
  } else {
    Result<std::unique_ptr<HeapGraph>> graph = GraphStore::Load(std::move(*file), model, options, cancel, progress);
    if (graph) {
      loaded.graph = std::move(*graph);
    } else if (graph.error().code == ErrorCode::kInterrupted) {
      loaded.interrupted = true;
    } else {
      problem_ = graph.error().message;
    }
  }
  loaded.problem = problem_;
  return loaded;
}

std::string GraphIndex::Problem() const {
  return problem_.empty() ? "" : fmt::format("index {} was not used: {}", Shown(), problem_);
}

std::string GraphIndex::Save(const HeapGraph& graph, const Cancel& cancel, const ProgressFunction& progress) {
  const std::string why = problem_.empty() ? "" : Problem() + "; ";
  if (!replaceable_) return why + "the graph was built anew, and the file is left as it is";
  Result<SectionFileWriter> writer =
      SectionFileWriter::Create(path_, kGraphFormat, identity_, GraphStore::BytesOf(graph));
  const auto failed = [&](const Error& error) {
    const std::string what = error.code == ErrorCode::kInterrupted ? "interrupted" : error.message;
    return why.empty() ? fmt::format("index {} was not written: {}", Shown(), what)
                       : fmt::format("{}the graph was built anew, but not written: {}", why, what);
  };
  if (!writer) return failed(writer.error());
  (void)GraphStore::Save(graph, &*writer, cancel, progress);
  const Result<uint64_t> bytes = writer->Commit();
  if (!bytes) return failed(bytes.error());
  problem_.clear();
  const std::string size = fmt::format("{:.1f} MB", static_cast<double>(*bytes) / 1e6);
  return why.empty() ? fmt::format("index {} was written: {}", Shown(), size)
                     : fmt::format("{}the graph was built anew and written: {}", why, size);
}

}  // namespace corewalk
