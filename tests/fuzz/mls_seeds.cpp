#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "unit/mls_support.hpp"

//   mls_fuzz_seeds FOLDER
// Writes FOLDER/<target>/<n> and FOLDER/<target>.list (what libFuzzer's -seed_inputs reads):
// messages of a group of our own and, where they are at hand, those of the working group's vectors.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t cases_of_each_kind = 12;
constexpr std::size_t mls_message_header = 4;  // version and wire format

class Seeds {
public:
    explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

    void add(const std::string& target, BytesView bytes) {
        auto& n = counts_[target];
        const auto place = folder_ / target / std::to_string(n);
        fs::create_directories(place.parent_path());
        std::ofstream(place, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
        std::ofstream list(folder_ / (target + ".list"), n == 0 ? std::ios::trunc : std::ios::app);
        list << (n++ == 0 ? "" : ",") << place.string();
    }
    /// An MLSMessage: as it is, for what looks at its header, and what is inside.
    void add_message(const std::string& target, BytesView message) {
        add(target, message);
        if (message.size() > mls_message_header) add(target, message.subspan(mls_message_header));
    }
    [[nodiscard]] const std::map<std::string, int>& counts() const { return counts_; }

private:
    fs::path folder_;
    std::map<std::string, int> counts_;
};

template <class T>
T must(Result<T> r) {
    if (r.ok()) return std::move(r).value();
    std::fprintf(stderr, "mls_fuzz_seeds: %s\n", r.error().detail.c_str());
    std::exit(1);
}

// One group of ours, every kind of message.
void from_a_group(Seeds& seeds) {
    SeededRandom random(1);
    Device a(chacha20_suite(), random, "a");
    Device b(chacha20_suite(), random, "b");
    Device c(chacha20_suite(), random, "c");
    auto group = a.create("seeds");
    const auto package = b.key_package();
    const auto last_resort = c.key_package(true);
    for (const auto* p : {&package, &last_resort})
        seeds.add_message("mls_key_package_fuzz", p->message);
    for (const auto format : {WireFormat::public_message, WireFormat::private_message}) {
        const auto* target = format == WireFormat::public_message ? "mls_public_message_fuzz"
                                                                  : "mls_private_message_fuzz";
        CommitOptions options;
        const auto& added = format == WireFormat::public_message ? package : last_resort;
        options.proposals = {AddMember{added.message}};
        options.force_path = true;
        options.framing.wire_format = format;
        const auto made = must(group.commit(options));
        if (!group.merge_pending().ok()) std::abort();
        seeds.add_message(target, made.message);
        seeds.add_message("mls_welcome_fuzz", *made.welcome);
        FramingOptions framing;
        framing.wire_format = format;
        framing.authenticated_data = Bytes(20, 7);
        framing.padding = format == WireFormat::private_message ? 33 : 0;
        seeds.add_message(target, must(group.propose(RemoveMember{LeafIndex{1}}, framing)));
        group.clear_proposals();
    }
    seeds.add_message("mls_private_message_fuzz",
                      must(group.protect(Bytes(100, 'x'), Bytes(20, 7), 28)).message);
    seeds.add_message("mls_group_info_fuzz", must(group.group_info(true, true)));
    seeds.add_message("mls_group_info_fuzz", must(group.group_info(false, false)));
    seeds.add("mls_ratchet_tree_fuzz", group.ratchet_tree());
    // A session is drawn from any bytes.
    for (std::size_t length = 16; length <= 512; length *= 2) {
        Bytes drawn(length);
        random.fill(drawn);
        seeds.add("mls_session_fuzz", drawn);
    }
}

Bytes from_hex(std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        out.push_back(static_cast<std::uint8_t>(
            std::strtoul(std::string(text.substr(i, 2)).c_str(), nullptr, 16)));
    return out;
}

struct Field {
    const char* name;
    const char* target;
    std::uint8_t proposal = 0;  // the type, which a vector of a proposal leaves out
};
constexpr Field fields[] = {
    {"mls_welcome", "mls_welcome_fuzz"},
    {"mls_group_info", "mls_group_info_fuzz"},
    {"mls_key_package", "mls_key_package_fuzz"},
    {"ratchet_tree", "mls_ratchet_tree_fuzz"},
    {"group_secrets", "mls_group_secrets_fuzz"},
    {"add_proposal", "mls_proposal_fuzz", 1},
    {"update_proposal", "mls_proposal_fuzz", 2},
    {"remove_proposal", "mls_proposal_fuzz", 3},
    {"pre_shared_key_proposal", "mls_proposal_fuzz", 4},
    {"re_init_proposal", "mls_proposal_fuzz", 5},
    {"external_init_proposal", "mls_proposal_fuzz", 6},
    {"group_context_extensions_proposal", "mls_proposal_fuzz", 7},
    {"commit", "mls_commit_fuzz"},
    {"public_message_application", "mls_public_message_fuzz"},
    {"public_message_proposal", "mls_public_message_fuzz"},
    {"public_message_commit", "mls_public_message_fuzz"},
    {"private_message", "mls_private_message_fuzz"},
};

void from_vectors(Seeds& seeds, const fs::path& file) {
    std::ifstream in(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto cases = boost::json::parse(text).as_array();
    for (std::size_t i = 0; i < std::min(cases.size(), cases_of_each_kind); ++i) {
        for (const auto& field : fields) {
            auto bytes = from_hex(cases[i].at(field.name).as_string());
            if (field.proposal != 0) bytes.insert(bytes.begin(), {0, field.proposal});
            const bool wrapped = std::string_view(field.name).starts_with("mls_") ||
                                 std::string_view(field.name).find("message") != std::string::npos;
            if (wrapped)
                seeds.add_message(field.target, bytes);
            else
                seeds.add(field.target, bytes);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: mls_fuzz_seeds FOLDER\n");
        return 2;
    }
    Seeds seeds(argv[1]);
    from_a_group(seeds);
    const auto* named = std::getenv("HUECRY_MLS_VECTORS");
    const auto file = fs::path(named != nullptr ? named : HUECRY_DEFAULT_MLS_VECTORS) / "upstream" /
                      "messages.json";
    if (fs::exists(file))
        from_vectors(seeds, file);
    else
        // Targets without a message of ours start from nothing.
        for (const auto* target :
             {"mls_group_secrets_fuzz", "mls_proposal_fuzz", "mls_commit_fuzz"})
            seeds.add(target, Bytes{0});
    for (const auto& [target, n] : seeds.counts()) std::printf("%s: %d seeds\n", target.c_str(), n);
    return 0;
}
