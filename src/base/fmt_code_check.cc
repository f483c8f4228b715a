// Compiled with fmt_code.cc when the build is configured: with a version of fmt that keeps its code otherwise it does not link,
// and fmt is used header-only.
#include <fmt/format.h>

int main(int count, char** words) {
  const std::string text = fmt::format("{} {:>{}} {:x} {:.2f} {:e} {:L}", words[0], count, 8, count, count * 0.5, 1.5f, count);
  return text.empty() || fmt::format("{}", 0.1) != "0.1" ? 1 : 0;
}
