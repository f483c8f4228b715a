#include "heap/views/translations.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

constexpr size_t kMostOps = 1 << 16;  // of one translation
constexpr size_t kMostOperands = 6;
constexpr int32_t kMostFrames = 1000;

struct Op {
  TranslationOp op = TranslationOp::kValue;
  std::array<uint32_t, kMostOperands> operands = {};  // as they are written; see Signed
};

int32_t Signed(uint32_t written) {
  const int32_t value = static_cast<int32_t>(written >> 1);
  return (written & 1) != 0 ? -value : value;
}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const TranslationFormat& format) : bytes_(bytes), format_(format) {}

  // The operations of the translation at `at`, up to the next one. Empty when it makes no sense. `basis`: whether it may repeat
  // parts of another, whose own parts it then may not.
  std::vector<Op> Read(size_t at, bool basis) const {
    std::vector<Op> ops, before;
    const size_t begin = at;
    while (at < bytes_.size() && ops.size() < kMostOps) {
      const size_t start = at;
      const std::optional<uint32_t> number = format_.matches ? Byte(&at) : Number(&at);
      if (!number) return {};
      const uint32_t opcode = format_.matches ? *number : static_cast<uint32_t>(Signed(*number));
      Op op;
      if (opcode < format_.opcodes.size()) {
        op.op = format_.opcodes[opcode].op;
        if (op.op == TranslationOp::kBegin && !ops.empty()) return ops;
        for (size_t i = 0; i < format_.opcodes[opcode].operands; ++i) {
          const std::optional<uint32_t> operand = Number(&at);
          if (!operand) return {};
          op.operands[i] = *operand;
        }
      } else if (format_.matches) {
        // The short form: what is above all opcodes is the number of operations that are repeated.
        op.op = TranslationOp::kMatchPrevious;
        op.operands[0] = opcode - static_cast<uint32_t>(format_.opcodes.size());
      } else {
        return {};
      }
      if (ops.empty()) {
        if (op.op != TranslationOp::kBegin) return {};
        if (const uint32_t back = format_.matches ? op.operands[0] : 0; back != 0) {
          if (!basis || back > begin) return {};
          before = Read(begin - back, false);
          if (before.empty()) return {};
        }
      }
      if (op.op != TranslationOp::kMatchPrevious) {
        ops.push_back(op);
        continue;
      }
      if (op.operands[0] == 0 || ops.size() + op.operands[0] > before.size()) return {};
      for (uint32_t i = 0; i < op.operands[0]; ++i) ops.push_back(before[ops.size()]);
      if (at <= start) return {};
    }
    return ops.size() < kMostOps ? ops : std::vector<Op>();
  }

 private:
  std::optional<uint32_t> Byte(size_t* at) const {
    if (*at >= bytes_.size()) return std::nullopt;
    return static_cast<uint32_t>(bytes_[(*at)++]);
  }
  std::optional<uint32_t> Number(size_t* at) const {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const std::optional<uint32_t> byte = Byte(at);
      if (!byte) return std::nullopt;
      value |= static_cast<uint32_t>(uint64_t{*byte & 127} << shift);
      if ((*byte & 128) == 0) return value;
    }
    return std::nullopt;
  }

  std::span<const std::byte> bytes_;
  const TranslationFormat& format_;
};

}  // namespace

std::optional<std::vector<TranslatedFunction>> ReadTranslation(std::span<const std::byte> bytes, size_t at, const TranslationFormat& format) {
  using enum TranslationOp;
  if (format.opcodes.empty()) return std::nullopt;
  const std::vector<Op> ops = Reader(bytes, format).Read(at, true);
  if (ops.empty()) return std::nullopt;
  const size_t counts = format.matches ? 1 : 0;
  const int32_t frames = Signed(ops.front().operands[counts]), functions = Signed(ops.front().operands[counts + 1]);
  if (frames < 1 || frames > kMostFrames || functions < 1 || functions > frames) return std::nullopt;
  std::vector<TranslatedFunction> found;
  int32_t count = 0;
  for (size_t i = 1; i < ops.size(); ++i) {
    const Op& op = ops[i];
    if (op.op == kBegin) return std::nullopt;
    if (op.op != kInterpreted && op.op != kContinuation && op.op != kOtherFrame) continue;
    if (++count > frames) return std::nullopt;
    if (op.op == kOtherFrame) continue;
    TranslatedFunction function;
    function.continuation = op.op == kContinuation;
    function.bytecode_offset = Signed(op.operands[0]);
    function.shared = Signed(op.operands[1]);
    if (i + 1 < ops.size() && ops[i + 1].op == kLiteral) function.closure = Signed(ops[i + 1].operands[0]);
    if (i + 1 < ops.size() && ops[i + 1].op == kStackSlot) function.closure_slot = Signed(ops[i + 1].operands[0]);
    found.push_back(function);
  }
  if (count != frames || static_cast<int32_t>(found.size()) != functions) return std::nullopt;
  return found;
}

}  // namespace corewalk
