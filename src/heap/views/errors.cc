#include "heap/views/errors.h"

#include <algorithm>
#include <array>

#include "heap/views/properties.h"
#include "heap/views/scripts.h"
#include "heap/views/source_positions.h"

namespace corewalk {
namespace {

constexpr int kStackDataFrames = 8;  // ErrorStackData::call_site_infos_or_formatted_stack
constexpr int kFrameArray = 8;       // StackTraceFrame::frame_array
constexpr uint64_t kFrameWords = 6;  // of FrameArray and of the flat array

bool IsFunction(HeapReader& reader, uint64_t value) {
  const MapInfo* map = LooksLikePointer(value) ? reader.MapOf(value) : nullptr;
  return map != nullptr && map->category == Category::kClosure;
}

bool IsCode(std::string_view type) {
  return type == "BYTECODE_ARRAY_TYPE" || type == "CODE_TYPE" || type == "CODET_TYPE" ||
         type == "BYTECODE_WRAPPER_TYPE" || type == "CODE_WRAPPER_TYPE";
}

class StackReader {
 public:
  StackReader(HeapReader* reader, std::vector<ErrorFrame>* frames) : reader_(*reader), frames_(*frames) {}

  void Read(uint64_t value) {
    if (reader_.IsType(value, "ERROR_STACK_DATA_TYPE")) value = reader_.Field(value, kStackDataFrames).value_or(0);
    if (reader_.IsType(value, "JS_ARRAY_TYPE")) value = reader_.Field(value, 16).value_or(0);
    if (!reader_.IsType(value, "FIXED_ARRAY_TYPE")) return;
    const uint64_t length = std::min<uint64_t>(reader_.ArrayLength(value).value_or(0), kFrameWords * kMostErrorFrames);
    if (length == 0) return;
    std::vector<uint64_t> words(length);
    for (uint64_t i = 0; i < length; ++i) words[i] = reader_.ArrayElement(value, i).value_or(0);
    if (IsFlat(words)) {
      for (uint64_t i = 0; i + kFrameWords <= length; i += kFrameWords) {
        if (!Add(words[i + 2], words[i], words[i + 3])) break;
      }
      return;
    }
    for (const uint64_t word : words) {
      const std::string_view type = LooksLikePointer(word) ? reader_.TypeOf(word) : "";
      if (type == "STACK_TRACE_FRAME_TYPE") {
        ReadFrameArray(reader_.Field(word, kFrameArray).value_or(0));
        return;
      }
      if (type == "CALL_SITE_INFO_TYPE" || type == "STACK_FRAME_INFO_TYPE") {
        ReadCallSite(word);
      }
    }
  }

 private:
  bool IsFlat(const std::vector<uint64_t>& words) {
    return words.size() >= kFrameWords && LooksLikePointer(words[0]) && IsCode(reader_.TypeOf(words[0])) &&
           IsFunction(reader_, words[2]);
  }

  void ReadFrameArray(uint64_t array) {
    if (!reader_.IsType(array, "FIXED_ARRAY_TYPE")) return;
    const uint64_t length = reader_.ArrayLength(array).value_or(0);
    for (uint64_t i = 1; i + kFrameWords <= length && frames_.size() < kMostErrorFrames; i += kFrameWords) {
      if (!Add(reader_.ArrayElement(array, i + 1).value_or(0), reader_.ArrayElement(array, i + 2).value_or(0),
               reader_.ArrayElement(array, i + 3).value_or(1)))
        break;
    }
  }

  void ReadCallSite(uint64_t site) {
    const std::array<uint64_t, 4> words = {reader_.Field(site, 8).value_or(0), reader_.Field(site, 16).value_or(0),
                                           reader_.Field(site, 24).value_or(0), reader_.Field(site, 32).value_or(1)};
    const bool code_first = LooksLikePointer(words[0]) && IsCode(reader_.TypeOf(words[0]));
    Add(code_first ? words[2] : words[1], code_first ? words[0] : words[2], words[3]);
  }

  bool Add(uint64_t function, uint64_t code, uint64_t offset) {
    if (!IsFunction(reader_, function) || frames_.size() >= kMostErrorFrames) return false;
    ErrorFrame frame{.function = function, .view = ReadFunction(reader_, function).value_or(FunctionView())};
    if (frame.view.script != 0 && IsSmi(offset)) {
      const std::string_view type = LooksLikePointer(code) ? reader_.TypeOf(code) : "";
      // Of compiled code the offset is another one.
      const uint64_t bytecode =
          type == "BYTECODE_ARRAY_TYPE" || type == "BYTECODE_WRAPPER_TYPE" ? BytecodeOf(reader_, code) : 0;
      const uint64_t length = reader_.Field(bytecode, 8).value_or(0);
      if (bytecode != 0 && IsSmi(length) && SmiValue(offset) < SmiValue(length)) {
        const std::optional<TablePosition> place = PositionOfBytecode(reader_, bytecode, SmiValue(offset));
        if (place && place->position >= 0) {
          const SourcePosition at = PositionIn(reader_, frame.view.script, place->position);
          frame.line = at.line;
          frame.column = at.column;
        }
      }
    }
    frames_.push_back(std::move(frame));
    return true;
  }

  HeapReader& reader_;
  std::vector<ErrorFrame>& frames_;
};

}  // namespace

ErrorView ReadError(HeapReader& reader, uint64_t object, uint64_t text_limit) {
  ErrorView view;
  const MapInfo* map = LooksLikePointer(object) ? reader.MapOf(object) : nullptr;
  if (map == nullptr || !reader.layout().types.IsJSReceiver(map->instance_type)) return view;
  ForEachProperty(reader, object, [&](const OwnProperty& property) {
    if (property.accessor || property.native || !property.readable || property.raw_double) return true;
    const KeyText key = ReadKey(reader, property.key);
    if (!key.symbol && key.text == "message" && reader.IsString(property.value)) {
      view.message = reader.ShortText(property.value, text_limit);
      view.has_message = true;
    } else if (!key.symbol && key.text == "stack" && reader.IsString(property.value)) {
      view.stack_text = reader.ShortText(property.value, text_limit);
    } else if (key.symbol && key.is_private && (!key.described || key.text.empty()) &&
               LooksLikePointer(property.value)) {
      // 13.6 and later keep a copy of the message in the same way.
      if (reader.IsString(property.value)) {
        const std::string text = reader.ShortText(property.value, text_limit);
        if (text.find("\n    at ") != std::string::npos && view.stack_text.empty()) view.stack_text = text;
      } else {
        StackReader(&reader, &view.frames).Read(property.value);
      }
    }
    return true;
  });
  if (!view.stack_text.empty()) view.frames.clear();
  return view;
}

}  // namespace corewalk
