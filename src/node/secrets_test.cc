#include "node/secrets.h"

#include <gtest/gtest.h>

#include "node/os_limits.h"

namespace corewalk {
namespace {

TEST(Secrets, NamesOfSecrets) {
  for (const char* name : {"DB_PASSWORD", "API_KEY", "apiKey", "githubToken", "--token", "DB_PWD", "NPM_AUTH",
                           "JWT_SECRET", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "_authToken", "Cookie"})
    EXPECT_TRUE(IsSecretName(name)) << name;
  for (const char* name : {"PWD", "OLDPWD", "KEYBOARD_LAYOUT", "SSH_AUTH_SOCK", "PATH", "HOME", "MONKEY", "", "=",
                           "SSL_KEY_FILE", "AUTHOR"})
    EXPECT_FALSE(IsSecretName(name)) << name;
}

TEST(Secrets, PasswordsInUrls) {
  EXPECT_EQ(MaskSecrets("postgres://user:pass@h:5432/db"), "postgres://user:********@h:5432/db");
  EXPECT_EQ(MaskSecrets("https://token123@h/x and redis://:p@h"), "https://********@h/x and redis://:********@h");
  EXPECT_EQ(MaskSecrets("amqp://u:p/w@h/v"), "amqp://u:********@h/v");
  EXPECT_EQ(MaskSecrets("mongodb://u:p@x@h"), "mongodb://u:********@h");
  for (const char* text : {"https://h:8080/a@b", "https://h/x?mail=a@b.c", "file:///a/b", "://", "a://@", "http://"})
    EXPECT_EQ(MaskSecrets(text), text);
}

TEST(Secrets, TokensAndAssignments) {
  EXPECT_EQ(MaskSecrets("Server=h;Password=geheim;Port=1"), "Server=h;Password=********;Port=1");
  EXPECT_EQ(MaskSecrets("https://h/?api_key=1&x=2"), "https://h/?api_key=********&x=2");
  EXPECT_EQ(MaskSecrets("Bearer abcdefgh.ijk-l"), "Bearer ********");
  EXPECT_EQ(MaskSecrets("x ghp_abcdefghijklmnopqrstuvwxyz y"), "x ******** y");
  EXPECT_EQ(MaskSecrets("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"),
            "-----BEGIN PRIVATE KEY-----********-----END PRIVATE KEY-----");
  EXPECT_EQ(MaskSecrets("task-runner sk-1 monkey=banana a==b ="), "task-runner sk-1 monkey=banana a==b =");
}

TEST(Secrets, Arguments) {
  std::vector<UntrustedText> words;
  for (const char* word : {"node", "--password", "x", "--token=y", "--token", "--port", "80", "KEY=z", "", "-p", "1"})
    words.emplace_back(word);
  std::vector<std::string> masked;
  for (const UntrustedText& word : MaskArguments(words)) masked.push_back(word.raw());
  EXPECT_EQ(masked, (std::vector<std::string>{"node", "--password", "********", "--token=********", "--token", "--port",
                                              "80", "KEY=********", "", "-p", "1"}));
}

TEST(OsLimits, TheKernelsTable) {
  const std::vector<OsLimit> limits = ParseLimits(
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max cpu time              unlimited            unlimited            seconds   \n"
      "Max open files            1024                 1048576              files     \n"
      "Max nice priority         0                    0                    \n"
      "Max broken                x                    0                    \n"
      "short\n");
  ASSERT_EQ(limits.size(), 3u);
  EXPECT_EQ(limits[0].name, "Max cpu time");
  EXPECT_FALSE(limits[0].soft);
  EXPECT_EQ(limits[1].soft, 1024u);
  EXPECT_EQ(limits[1].hard, 1048576u);
  EXPECT_EQ(limits[1].unit, "files");
  EXPECT_EQ(limits[2].unit, "");
  OsFacts facts;
  EXPECT_FALSE(facts.open_files_limit());
  facts.limits = limits;
  EXPECT_EQ(facts.open_files_limit(), 1024u);
}

}  // namespace
}  // namespace corewalk
