#include "analysis/socket_origins.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

TEST(SocketOrigins, NamesOfAgents) {
  EXPECT_EQ(HostOfAgentName("localhost:8080:", "localhost"), "localhost:8080");
  EXPECT_EQ(HostOfAgentName("db:443::::::::::::::", "db"), "db:443");
  EXPECT_EQ(HostOfAgentName("127.0.0.1:80::4", ""), "127.0.0.1:80");
  EXPECT_EQ(HostOfAgentName("127.0.0.1:80:127.0.0.2:", "127.0.0.1"), "127.0.0.1:80");
  EXPECT_EQ(HostOfAgentName("::1:8080:", "::1"), "[::1]:8080");
  EXPECT_EQ(HostOfAgentName("localhost:::/run/docker.sock", "localhost"), "/run/docker.sock");
}

TEST(SocketOrigins, NamesThatCouldBeIpv6AreNotGuessed) {
  EXPECT_EQ(HostOfAgentName("2001:470::1:80:", ""), "");
  EXPECT_EQ(HostOfAgentName("::1:8080:", ""), "");
  EXPECT_EQ(HostOfAgentName("db:443:", ""), "");
  EXPECT_EQ(HostOfAgentName("db:443:", "d"), "");
  EXPECT_EQ(HostOfAgentName("db", "db"), "");
  EXPECT_EQ(HostOfAgentName("", ""), "");
}

}  // namespace
}  // namespace corewalk
