#include "town.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <fstream>

namespace huecry::test {

Town::Town(Words relay_options) : relay_options_(std::move(relay_options)) {
    std::ofstream(folder_.path() / "passphrase") << "a passphrase of the tests\n";
    // A key opens profiles at no cost; a passphrase takes half a second each time.
    std::ofstream(folder_.path() / "key") << "0123456789abcdef0123456789abcdef";
    start_relay();
}

Town::~Town() = default;

void Town::start_relay() {
    Words words{"serve",  "--data",   relay_data().string(),
                "--json", "--listen", "127.0.0.1:" + std::to_string(port_)};
    words.insert(words.end(), relay_options_.begin(), relay_options_.end());
    relay_ = std::make_unique<Process>(
        Process::Options{.program = HUECRY_RELAY_PROGRAM, .arguments = words});
    const auto line = relay_->read_line();
    REQUIRE_MESSAGE(line, "the relay did not start: " << relay_->errors());
    const auto ready = json::parse(*line).as_object();
    address_ = ready.at("address").as_string().c_str();
    port_ = static_cast<int>(ready.at("port").to_number<int>());
    if (const auto* admin = ready.if_contains("admin"); admin && admin->is_string())
        admin_ = admin->as_string().c_str();
}

void Town::kill_relay() { relay_->kill(); }

Person Town::person(const std::string& name) { return {name, folder_.path() / name}; }

Process::Options Town::command(const Person& who, const Words& words) const {
    Process::Options out{.program = HUECRY_PROGRAM, .arguments = words};
    out.environment = {{"HUECRY_PROFILE", who.profile.string()},
                       {"HUECRY_KEY_FILE", (folder_.path() / "key").string()},
                       {"TZ", "UTC"}};
    for (const auto& [key, value] : who.environment) out.environment[key] = value;
    return out;
}

Finished Town::run(const Person& who, const Words& words, const std::string& input) const {
    return test::run(command(who, words), input, std::chrono::seconds(60));
}

json::value Town::json_of(const Person& who, const Words& words, int code) const {
    Words with = words;
    with.emplace_back("--json");
    const auto done = run(who, with);
    INFO(who.name << ": huecry " << words.front() << "\n" << done.output << done.errors);
    REQUIRE(done.exit.code == code);
    return json::parse(done.output.empty() ? done.errors : done.output);
}

void Town::must(const Person& who, const Words& words) const { (void)json_of(who, words); }

std::unique_ptr<Process> Town::listen(const Person& who, const Words& more) const {
    Words words{"listen", "--json", "--for", "120s"};
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<Process>(command(who, words));
}

Person Town::found(const std::string& name) {
    auto coordinator = person("coordinator-" + name);
    must(coordinator, {"partnership", "create", "--relay", address_, "--name", name, "--member",
                       "Olivia", "--organisation", "Council"});
    must(coordinator, {"channel", "create", "town"});
    return coordinator;
}

std::string Town::invite(const Person& coordinator, const std::string& name,
                         const std::string& role, const Words& more) const {
    Words words{"invite", "--role", role, "--member", name};
    words.insert(words.end(), more.begin(), more.end());
    return text_of(json_of(coordinator, words), "link");
}

Person Town::admit(const Person& coordinator, const std::string& name, const std::string& role) {
    auto newcomer = person(name);
    must(newcomer, {"join", invite(coordinator, name, role, {"--in-person"})});
    return newcomer;
}

json::array Town::inbox(const Person& who) const {
    return json_of(who, {"inbox"}).as_object().at("alerts").as_array();
}

json::object next_event(Process& listener, const std::string& kind) {
    for (;;) {
        const auto line = listener.read_line(std::chrono::seconds(120));
        REQUIRE_MESSAGE(
            line, "no " << kind << " came; before it: " << listener.output() << listener.errors());
        auto event = json::parse(*line).as_object();
        if (event.at("event").as_string() == kind) return event;
    }
}

std::string text_of(const json::value& object, const char* key) {
    return object.as_object().at(key).as_string().c_str();
}

}  // namespace huecry::test
