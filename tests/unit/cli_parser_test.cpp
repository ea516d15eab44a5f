#include <doctest/doctest.h>

#include "output/papers.hpp"
#include "parser.hpp"

using namespace huecry;
using namespace huecry::cli;

namespace {

using Kind = Option::Kind;

Result<void> nothing(Context&) { return {}; }

/// Rows of the shapes that the real table has.
const std::vector<Command> rows{
    {.name = "invite",
     .summary = "Make a link",
     .example = "huecry invite --role retailer",
     .options = {{Kind::value, "--role", "ROLE", "Which"},
                 {Kind::values, "--channel", "CHANNEL", "Where"},
                 {Kind::flag, "--qr", "", "Show"}},
     .run = nothing},
    {.name = "invite list", .summary = "Show them", .example = "x", .options = {}, .run = nothing},
    {.name = "send",
     .summary = "Send",
     .example = "huecry send town hello",
     .options = {{Kind::positional, "CHANNEL", "CHANNEL", "Which", true},
                 {Kind::positional, "TEXT", "TEXT", "What"},
                 {Kind::rest, "MORE", "FILE", "More"},
                 {Kind::values, "--photo", "FILE", "Photo"},
                 {Kind::values, "--pixelate", "X,Y,W,H", "Hide"},
                 {Kind::flag, "--urgent", "", "Now"}},
     .run = nothing},
    {.name = "status", .summary = "How far", .example = "x", .options = {}, .run = nothing},
    {.name = "channel create",
     .summary = "Make one",
     .example = "x",
     .options = {{Kind::positional, "CHANNEL", "CHANNEL", "Its name", true},
                 {Kind::list, "--read", "ROLE", "Who reads"},
                 {Kind::list, "--post", "ROLE", "Who posts"}},
     .run = nothing},
    {.name = "channel list", .summary = "All", .example = "x", .options = {}, .run = nothing},
};

Invocation parsed(const std::vector<std::string>& arguments) {
    auto result = parse(rows, arguments);
    if (!result) FAIL(result.error().text());
    REQUIRE(result->invocation.has_value());
    return std::move(*result->invocation);
}

std::string order_of(const Invocation& invocation) {
    std::string out;
    for (const auto& given : invocation.arguments.in_order())
        out += given.option + "=" + given.value + " ";
    return out;
}

}  // namespace

TEST_CASE("parser: options keep the order in which they were typed") {
    const auto sent = parsed({"send", "town", "--photo", "a.jpg", "--pixelate", "1,2,3,4",
                              "--pixelate", "5,6,7,8", "--photo", "b.jpg", "c.jpg", "--urgent"});
    CHECK(sent.command->name == "send");
    CHECK(order_of(sent) ==
          "CHANNEL=town --photo=a.jpg --pixelate=1,2,3,4 --pixelate=5,6,7,8 --photo=b.jpg "
          "TEXT=c.jpg --urgent=true ");
}

TEST_CASE("parser: words of commands are words of texts too") {
    const auto sent = parsed({"send", "town", "status"});
    CHECK(sent.command->name == "send");
    CHECK(sent.arguments.text("TEXT") == "status");
    CHECK(parsed({"send", "town", ""}).arguments.get("TEXT") == "");
    CHECK(parsed({"send", "town", "-"}).arguments.text("TEXT") == "-");
    CHECK(parsed({"send", "town", "--", "--urgent"}).arguments.text("TEXT") == "--urgent");
    CHECK(parsed({"send", "status", "send"}).arguments.text("CHANNEL") == "status");
}

TEST_CASE("parser: a command of two words, and one that is also a command by itself") {
    CHECK(parsed({"invite", "--role", "x"}).command->name == "invite");
    CHECK(parsed({"invite", "list"}).command->name == "invite list");
    CHECK(parsed({"channel", "list"}).command->name == "channel list");
    const auto made = parsed({"channel", "create", "c", "--read", "a", "b", "--post", "d"});
    CHECK(made.arguments.all("--read") == std::vector<std::string>{"a", "b"});
    CHECK(made.arguments.all("--post") == std::vector<std::string>{"d"});
    CHECK(
        parsed({"invite", "--channel", "a", "--channel", "b"}).arguments.all("--channel").size() ==
        2);
}

TEST_CASE("parser: what every command takes may stand anywhere") {
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"--profile", "p", "--json", "--passphrase-fd", "3", "send", "town"},
             {"send", "town", "--profile", "p", "--json", "--passphrase-fd", "3"},
             {"send", "--profile=p", "town", "--json", "--passphrase-fd=3"},
             {"send", "--json", "town", "--passphrase-fd=3", "--profile=p"}}) {
        const auto invocation = parsed(arguments);
        CHECK(invocation.globals.profile == "p");
        CHECK(invocation.globals.json);
        CHECK(invocation.globals.passphrase_fd == 3);
        CHECK(invocation.arguments.text("CHANNEL") == "town");
    }
    CHECK(parsed({"channel", "list", "--json"}).globals.json);
    CHECK_FALSE(parsed({"channel", "list"}).globals.json);
}

TEST_CASE("parser: each mistake is invalid_argument and points to the help") {
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"nonsense"},
                                               {"send"},
                                               {"channel"},
                                               {"channel", "nonsense"},
                                               {"channel", "list", "extra"},
                                               {"send", "town", "--nonsense"},
                                               {"send", "town", "--photo"},
                                               {"status", "--urgent"},
                                               {"status", "--passphrase-fd", "x"},
                                               {"status", "--passphrase-fd", "-1"},
                                               {"status", "--log", "loud"}}) {
        const auto result = parse(rows, arguments);
        REQUIRE_FALSE(result.ok());
        CHECK(result.error().code == Errc::invalid_argument);
        CHECK_FALSE(result.error().detail.empty());
    }
    CHECK(parse(rows, {"send"}).error().detail.find("huecry send --help") != std::string::npos);
    CHECK(parse(rows, {std::string(70'000, 'x')}).error().code == Errc::too_large);
}

TEST_CASE("parser: help at every level, with an example") {
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{"--help"},
                                               {"send", "--help"},
                                               {"channel", "--help"},
                                               {"channel", "create", "-h"},
                                               {"invite", "list", "--json", "--help"}}) {
        const auto result = parse(rows, arguments);
        REQUIRE(result.ok());
        CHECK_FALSE(result->invocation.has_value());
        CHECK(result->help.find("huecry") != std::string::npos);
    }
    CHECK(parse(rows, {"send", "--help"})->help.find("Example: huecry send town hello") !=
          std::string::npos);
}

TEST_CASE("--json is seen even where the rest cannot be parsed") {
    CHECK(wants_json({"send", "--nonsense", "--json"}));
    CHECK_FALSE(wants_json({"send", "--", "--json"}));
    CHECK_FALSE(wants_json({}));
}

TEST_CASE("completion and manual name every command and option") {
    const auto script = bash_completion(rows);
    const auto page = manual_page(rows);
    for (const auto& word : {"send", "channel", "create", "--photo", "--read"})
        CHECK(script.find(word) != std::string::npos);
    CHECK(page.find("channel create") != std::string::npos);
    CHECK(page.find("\\-\\-pixelate") != std::string::npos);
    CHECK(page.starts_with(".TH HUECRY 1"));
}
