#include "analysis/modules/module_census.h"

#include <gtest/gtest.h>

#include "node/package_configs.h"

namespace corewalk {
namespace {

std::pair<std::string, std::string> Package(std::string_view file) {
  std::string name, directory;
  return PackageOfFile(file, &name, &directory) ? std::pair(name, directory) : std::pair<std::string, std::string>();
}

TEST(Modules, PackagesOfFiles) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(Package("/app/node_modules/a/lib/x.js"), Pair("a", "/app/node_modules/a"));
  EXPECT_EQ(Package("/app/node_modules/@s/a/x.js"), Pair("@s/a", "/app/node_modules/@s/a"));
  EXPECT_EQ(Package("/app/node_modules/a/node_modules/b/x.js"), Pair("b", "/app/node_modules/a/node_modules/b"));
  EXPECT_EQ(Package("file:///app/node_modules/a/x.mjs"), Pair("a", "/app/node_modules/a"));
  EXPECT_EQ(Package("/app/lib/x.js"), Pair());
  EXPECT_EQ(Package("/app/node_modules/a.js"), Pair());
  EXPECT_EQ(Package("/app/node_modules/@s/a.js"), Pair());
  EXPECT_EQ(Package("/app/node_modules//x.js"), Pair());
  EXPECT_EQ(Package(""), Pair());
}

TEST(Modules, PathsOfUrls) {
  EXPECT_EQ(PathOfUrl("file:///a/b.mjs"), "/a/b.mjs");
  EXPECT_EQ(PathOfUrl("file:///a%20b/%C3%A4.mjs?v=1#x"), "/a b/\xC3\xA4.mjs");
  EXPECT_EQ(PathOfUrl("file:///a%zz%4"), "/a%zz%4");
  EXPECT_EQ(PathOfUrl("/a%20b"), "/a%20b");
  EXPECT_EQ(PathOfUrl("node:fs"), "node:fs");
  EXPECT_EQ(PathOfUrl(""), "");
}

TEST(Modules, VersionsInPaths) {
  EXPECT_EQ(VersionInPath("/app/node_modules/.pnpm/a@1.2.3/node_modules/a", "a"), "1.2.3");
  EXPECT_EQ(VersionInPath("/app/node_modules/.pnpm/@s+a@1.2.3_peer@2.0.0/node_modules/@s/a", "@s/a"), "1.2.3");
  EXPECT_EQ(VersionInPath("/app/node_modules/.pnpm/a@1.2.3(b@1.0.0)/node_modules/a", "a"), "1.2.3");
  EXPECT_EQ(VersionInPath("/app/node_modules/.pnpm/ab@1.2.3/node_modules/a", "a"), "");
  EXPECT_EQ(VersionInPath("/app/node_modules/a", "a"), "");
}

TEST(Modules, MembersOfJson) {
  const std::string json =
      R"( {"a": {"version": "no"}, "x": ["version", "0"], "name":"n\"\\\/é\n", "version" : "1.0.0-rc"})";
  EXPECT_EQ(JsonMember(json, "version"), "1.0.0-rc");
  EXPECT_EQ(JsonMember(json, "name"), "n\"\\/é\\n");
  EXPECT_EQ(JsonMember(json, "a"), "");
  EXPECT_EQ(JsonMember(json, "none"), "");
  EXPECT_EQ(JsonMember(R"({"version":)", "version"), "");
  EXPECT_EQ(JsonMember(R"({"version":"1.)", "version"), "1.");
  EXPECT_EQ(JsonMember("\"", "version"), "");
  EXPECT_EQ(JsonMember("}}}}", "version"), "");
}

}  // namespace
}  // namespace corewalk
