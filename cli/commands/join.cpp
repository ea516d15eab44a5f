#include <fmt/format.h>

#include <algorithm>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t max_link = 8192;

/// Shows the agreement and asks; `why_not` says why it was not accepted.
bool accept(Context& context, const std::string& partnership, const AgreementInfo& agreement,
            std::string& why_not) {
    if (agreement.text.empty()) {
        why_not = "the agreement's text could not be fetched";
        return false;
    }
    if (context.arguments().has("--accept-agreement")) return true;
    if (!context.console().can_ask()) {
        why_not = "there is an agreement to accept: use a terminal, or --accept-agreement";
        return false;
    }
    context.console().err(
        fmt::format("The information-sharing agreement of {}, version {}:\n\n{}\n",
                    in_quotes(partnership), agreement.version, paragraphs(agreement.text)));
    const auto answer = context.console().ask("Do you accept it? [y/N] ");
    if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes")) return true;
    why_not = "the agreement was not accepted";
    return false;
}

Result<std::string> read_link(Context& context) {
    auto link = context.arguments().text("LINK");
    if (link != "-") return link;
    auto text = context.console().input(max_link);
    if (!text && text.error().code == Errc::too_large) return Errc::link_malformed;
    return text;
}

std::string names_of(const std::vector<ChannelInfo>& channels) {
    std::string out;
    for (const auto& channel : channels)
        out += (out.empty() ? "" : ", ") + channel_text(channel.name, channel.id);
    return out;
}

void tell_standing(Context& context, const PartnershipInfo& info,
                   const std::vector<ChannelInfo>& channels, const std::string& phrase) {
    const auto id = info.self.device.short_hex();
    if (info.standing == PartnershipInfo::Standing::pending) {
        context.line(fmt::format(
            "Joined; waiting for approval. Ask {} to run: huecry approve {}",
            context.command().name == "join" ? "a coordinator" : "your other device", id));
        context.line("Both of you must see the same phrase: " + one_line(phrase));
        return;
    }
    const auto joined = std::count_if(channels.begin(), channels.end(),
                                      [](const auto& channel) { return channel.joined; });
    const auto count = plural(channels.size(), "channel");
    if (joined == static_cast<std::ptrdiff_t>(channels.size())) {
        context.line(fmt::format("Admitted; you can read your {}: {}", count, names_of(channels)));
    } else {
        context.line(
            fmt::format("Admitted; you can read your {} as soon as one of their members is "
                        "online ({} now): {}",
                        count, joined, names_of(channels)));
    }
}

/// Gives those who are online a moment to let this device in.
Result<std::vector<ChannelInfo>> wait_for_channels(Client& client) {
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t after = 0;
    while (true) {
        HUECRY_TRY_ASSIGN(auto channels, client.channels());
        std::erase_if(channels, [](const auto& channel) { return !channel.can_read; });
        const bool all = std::all_of(channels.begin(), channels.end(), [](const auto& channel) {
            return channel.joined && !channel.name.empty();
        });
        const auto left = 3s - (std::chrono::steady_clock::now() - start);
        if (all || left <= 0s) return channels;
        const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(left);
        HUECRY_TRY_ASSIGN(const auto event, client.next_event(after, std::min(wait, 500ms)));
        if (event) after = event->number;
    }
}

Result<void> enrol(Context& context, Result<Client> (*redeem)(JoinOptions)) {
    HUECRY_TRY_ASSIGN(auto link, read_link(context));
    HUECRY_TRY_ASSIGN(auto secret, context.new_secret());
    context.progress("Joining …");
    std::string why_not;
    auto made = redeem({
        .profile = context.settings().profile,
        .secret = std::move(secret),
        .log = context.log,
        .link = std::move(link),
        .accept =
            [&](const std::string& partnership, const AgreementInfo& agreement) {
                return accept(context, partnership, agreement, why_not);
            },
    });
    if (!made && made.error().code == Errc::cancelled) return Error{Errc::cancelled, why_not};
    if (!made) return made.error();
    HUECRY_TRY_ASSIGN(auto* client, context.adopt(std::move(*made)));
    // A short wait for company; that nobody is there is no failure.
    (void)client->sync(5s);
    HUECRY_TRY_ASSIGN(auto info, client->info());
    std::vector<ChannelInfo> channels;
    if (info.standing == PartnershipInfo::Standing::active) {
        HUECRY_TRY_ASSIGN(channels, wait_for_channels(*client));
    }
    HUECRY_TRY_ASSIGN(const auto phrase, client->safety_phrase(info.self.device));
    tell_standing(context, info, channels, phrase);

    std::vector<Object> list;
    for (const auto& channel : channels) {
        Object item;
        item.set("id", channel.id.hex()).set("name", channel.name).set("joined", channel.joined);
        list.push_back(item);
    }
    Object out;
    out.set("partnership", info.id.hex()).set("name", info.name);
    out.set("self", person_json(info.self));
    out.set("standing", info.standing == PartnershipInfo::Standing::pending ? "pending" : "active");
    out.set("safety_phrase", phrase).set("channels", list);
    context.emit(out);
    return {};
}

Result<void> join(Context& context) { return enrol(context, &Client::join); }
Result<void> link_device(Context& context) { return enrol(context, &Client::join_as_device); }

}  // namespace

Commands join_commands() {
    using Kind = Option::Kind;
    const std::vector<Option> options{
        {Kind::positional, "LINK", "LINK", "The whole link; - reads it from the input", true},
        {Kind::flag, "--accept-agreement", "",
         "Accept the information-sharing agreement without being asked"}};
    return {{.name = "join",
             .summary = "Join a partnership with the link of an invite",
             .example = "huecry join huecry://join/…",
             .options = options,
             .run = join,
             .needs = Command::Needs::new_profile},
            {.name = "link-device",
             .summary = "Make this a further device of yours, with a link of 'device link'",
             .example = "huecry link-device huecry://device/…",
             .options = options,
             .run = link_device,
             .needs = Command::Needs::new_profile}};
}

}  // namespace huecry::cli
