// settings: choices that last as long as the face does, in llnode's words.
#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/command.h"

namespace corewalk {
namespace {

class SettingsCommand final : public PlainCommand {
 public:
  SettingsCommand()
      : PlainCommand({.name = "settings",
                      .group = "General",
                      .summary = "colours and the indent of trees",
                      .usage = "[set color always|never|auto | set tree-padding N]",
                      .description = "Without words: what is set. tree-padding is 1 to 10 columns. The stand-alone program "
                                     "forgets settings at its end;\n--color does the same for one command.",
                      .example = "settings set color never\nsettings set tree-padding 4",
                      .max_words = 3}) {}

  Result<void> RunPlain(PlainContext& context) const override {
    const std::vector<std::string>& words = context.args.words();
    std::string told;
    if (!words.empty()) {
      const Result<std::string> done = Set(words, &context.settings);
      if (!done) return std::unexpected(done.error());
      told = *done;
    }
    context.out.BeginDocument("settings", {});
    if (words.empty()) {
      context.out.AddCard({.key = "settings",
                           .title = "",
                           .fields = {{"color", "color", context.settings.color},
                                      {"tree_padding", "tree-padding", int64_t{context.settings.tree_padding}}}});
    } else {
      context.out.AddTextLine(told);
    }
    context.out.EndDocument({});
    return {};
  }

 private:
  static Result<std::string> Set(const std::vector<std::string>& words, FaceSettings* settings) {
    constexpr int kLeastPadding = 1, kMostPadding = 10;  // llnode's
    if (words.size() == 3 && words[0] == "set" && words[1] == "color") {
      static constexpr std::string_view kChoices[] = {"always", "never", "auto"};
      if (std::ranges::find(kChoices, words[2]) == std::end(kChoices))
        return Fail(ErrorCode::kUsage, "Available options are (always | never | auto)");
      settings->color = words[2];
      return fmt::format("Color set to '{}'", words[2]);
    }
    if (words.size() == 3 && words[0] == "set" && words[1] == "tree-padding") {
      const auto padding = ParseInteger(words[2]);
      if (!padding) return Fail(ErrorCode::kUsage, "unable to convert provided value.");
      settings->tree_padding = static_cast<int>(std::clamp<int64_t>(*padding, kLeastPadding, kMostPadding));
      return fmt::format("Tree padding set to {}", settings->tree_padding);
    }
    return Fail(ErrorCode::kUsage, "settings are set by 'settings set color always|never|auto' and 'settings set tree-padding N'");
  }
};

}  // namespace

std::unique_ptr<Command> MakeSettingsCommand() {
  return std::make_unique<SettingsCommand>();
}

}  // namespace corewalk
