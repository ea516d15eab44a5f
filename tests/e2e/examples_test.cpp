#include <doctest/doctest.h>

#include "e2e/relay_process.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace huecry::test;

namespace {

Process::Options example(const std::string& program, std::vector<std::string> arguments) {
    return {.program = program,
            .arguments = std::move(arguments),
            .environment = {{"HUECRY_EXAMPLE_PASSPHRASE", "correct horse battery"}}};
}

std::string run(const std::string& program, std::vector<std::string> arguments) {
    Process process(example(program, std::move(arguments)));
    const auto exit = process.wait();
    INFO(process.errors());
    REQUIRE(exit);
    CHECK(exit->code == 0);
    return process.output();
}

// Creates with one program, joins and listens with the other, sends with the first.
void whole_story(const std::string& founder, const std::string& guest) {
    TemporaryDirectory folder;
    const RelayProcess relay(folder.path() / "relay");
    const auto shop = (folder.path() / "shop").string();
    const auto guard = (folder.path() / "guard").string();
    auto link = run(founder, {"create", shop, relay.address()});
    while (!link.empty() && link.back() == '\n') link.pop_back();
    REQUIRE(link.starts_with("huecry://join/"));
    CHECK(run(guest, {"join", guard, link}) == "joined\n");
    // The founder lets the newcomer into the channels as soon as it connects.
    Process listener(example(guest, {"listen", guard, "20"}));
    const auto sent = run(founder, {"send", shop, "first", "red jacket, two bags"});
    CHECK(sent.find("accepted") != std::string::npos);
    const auto heard = listener.read_until("alert-received");
    INFO(listener.errors());
    REQUIRE(heard);
    CHECK(*heard == "alert-received red jacket, two bags");
    // The answer comes back.
    Process asker(example(founder, {"listen", shop, "10"}));
    CHECK(asker.read_until("response-received red jacket, two bags coming"));
}

}  // namespace

TEST_CASE("C creates and sends, C++ joins and answers") {
    whole_story(HUECRY_MINIMAL_C, HUECRY_MINIMAL_CPP);
}

TEST_CASE("C++ creates and sends, C joins and answers") {
    whole_story(HUECRY_MINIMAL_CPP, HUECRY_MINIMAL_C);
}

TEST_CASE("the examples fail with a sentence and a stable exit code") {
    TemporaryDirectory folder;
    const auto nowhere = (folder.path() / "none").string();
    for (const std::string program : {HUECRY_MINIMAL_C, HUECRY_MINIMAL_CPP}) {
        Process missing(example(program, {"listen", nowhere, "1"}));
        CHECK(missing.wait()->code == 3);
        CHECK(missing.errors().find("There is no profile here") != std::string::npos);
        Process torn(example(program, {"join", nowhere, "huecry://join/abc"}));
        CHECK(torn.wait()->code == 2);
        Process dead(example(program, {"create", nowhere,
                                       "https://127.0.0.1:1/"
                                       "#AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}));
        CHECK(dead.wait()->code == 5);
        CHECK_FALSE(std::filesystem::exists(nowhere));
    }
}

#ifdef HUECRY_TUTORIAL
TEST_CASE("the program that huecry.h opens with runs") {
    TemporaryDirectory folder;
    Process process({.program = HUECRY_TUTORIAL, .folder = folder.path()});
    CHECK(process.wait()->code == 3);  // "shop" is not there
    CHECK(process.errors().find("There is no profile here") != std::string::npos);
}
#endif
