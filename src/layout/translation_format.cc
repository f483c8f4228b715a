#include "layout/translation_format.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

using Code = TranslationOpcode;
using enum TranslationOp;
constexpr Code V0{kValue, 0}, V1{kValue, 1}, V2{kValue, 2}, Begin{kBegin, 3}, Js3{kContinuation, 3}, F1{kOtherFrame, 1}, F2{kOtherFrame, 2},
    F3{kOtherFrame, 3}, F4{kOtherFrame, 4}, Literal{kLiteral, 1}, Slot{kStackSlot, 1}, Match{kMatchPrevious, 1};
constexpr Code I3{kInterpreted, 3}, I4{kInterpreted, 4}, I5{kInterpreted, 5}, I6{kInterpreted, 6};

// TRANSLATION_OPCODE_LIST, in its order. The numbers of operands are also what the binaries of Node.js 16 to 26 hold in
// TranslationOpcodeOperandCount's table.
constexpr auto k9_4 = std::to_array<Code>({F2, V1, V0, Begin, V1, V1, F3, V1, F3, V1, V1, V1, V1, V1, V1, V1, V1, V1, I5, Js3, Js3, F4, Literal, V1, Slot, V1, V1, V2});
constexpr auto k11_3 = std::to_array<Code>({V1, V0, Begin, Begin, V1, V1, F3, V1, F3, V1, V1, V1, V1, V1, F2, V1, V1, V1, V1, V1, V1, V1, V1, I5, I3, Js3, Js3, F4,
                                            V0, Literal, V1, Slot, V1, V1, V2, Match});
constexpr auto k11_8 = std::to_array<Code>({I5, I3, Js3, Js3, F2, F1, F3, F4, F3, F2, V1, V0, Begin, Begin, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1,
                                            V1, V1, V1, V1, V0, Literal, V1, Slot, V1, V1, V2, Match});
constexpr auto k12_9 = std::to_array<Code>({I5, I3, Js3, Js3, F2, F1, F3, F4, F3, F3, F2, V1, V0, V0, Begin, Begin, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1,
                                            V1, V1, V1, V1, V1, V1, V1, V1, V0, Literal, V1, Slot, V1, V1, V2, Match});
constexpr auto k13_6 = std::to_array<Code>({I6, I4, Js3, Js3, F2, F1, F3, F4, F3, F3, F3, V1, V0, V0, Begin, Begin, V1, V1, V1, V0, V1, V1, V1, V1, V1,
                                            V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V1, V0, Literal, V1, Slot, V1, V1, V2, Match});
static_assert(k9_4.size() == 28 && k11_3.size() == 36 && k11_8.size() == 40 && k12_9.size() == 44 && k13_6.size() == 45);

constexpr TranslationFormat kFormats[] = {{{7, 4}, {}}, {{9, 4}, k9_4, false}, {{10, 3}, {}}, {{11, 3}, k11_3}, {{11, 8}, k11_8}, {{12, 9}, k12_9}, {{13, 6}, k13_6}};

}  // namespace

const TranslationFormat& TranslationFormatOf(const V8Version& version) {
  const V8Version line{version.major, version.minor};
  const TranslationFormat* best = version.known() ? &kFormats[0] : &kFormats[std::size(kFormats) - 1];
  for (const TranslationFormat& format : kFormats) {
    if (version.known() && format.first <= line) best = &format;
  }
  return *best;
}

}  // namespace corewalk
