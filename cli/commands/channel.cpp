#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

/// "--read retailer security", "--read retailer,security", repeated, or "all".
Result<std::vector<Role>> roles(const Arguments& arguments, std::string_view option) {
    std::vector<Role> out;
    for (const auto& typed : arguments.all(option)) {
        std::string_view rest = typed;
        while (!rest.empty()) {
            const auto comma = std::min(rest.find(','), rest.size());
            const auto word = rest.substr(0, comma);
            rest.remove_prefix(std::min(comma + 1, rest.size()));
            if (word == "all") return std::vector<Role>();
            HUECRY_TRY_ASSIGN(const auto role, parse_role(word));
            out.push_back(role);
        }
    }
    return out;
}

Result<void> read_policy(const Arguments& arguments, ChannelRequest& request) {
    if (arguments.has("--read")) {
        HUECRY_TRY_ASSIGN(request.read, roles(arguments, "--read"));
    }
    if (arguments.has("--post")) {
        HUECRY_TRY_ASSIGN(request.post, roles(arguments, "--post"));
    }
    if (const auto typed = arguments.get("--max-expiry")) {
        HUECRY_TRY_ASSIGN(request.max_expiry, parse_duration(*typed));
    }
    if (const auto typed = arguments.get("--max-photo-expiry")) {
        HUECRY_TRY_ASSIGN(request.max_photo_expiry, parse_duration(*typed));
    }
    if (arguments.has("--no-agreement")) request.requires_agreement = false;
    if (arguments.has("--agreement")) request.requires_agreement = true;
    return {};
}

Object channel_json(const ChannelInfo& channel) {
    Object out;
    out.set("id", channel.id.hex()).set("name", channel.name);
    out.set("read", role_names_of(channel.read)).set("post", role_names_of(channel.post));
    out.set("can_read", channel.can_read).set("can_post", channel.can_post);
    out.set("joined", channel.joined).set("provisional", channel.provisional);
    out.set("requires_agreement", channel.requires_agreement);
    out.set("all_members", channel.all_members).set("readers", channel.readers);
    out.set("group_members", channel.group_members);
    out.set("max_expiry_s", channel.max_expiry.count());
    return out.set("max_photo_expiry_s", channel.max_photo_expiry.count());
}

Result<ChannelInfo> look_up(Context& context, const ChannelId& id) {
    HUECRY_TRY_ASSIGN(const auto channels, context.client().channels());
    for (const auto& channel : channels)
        if (channel.id == id) return channel;
    return Errc::channel_unknown;
}

Result<void> create(Context& context) {
    ChannelRequest request;
    request.name = context.arguments().text("CHANNEL");
    HUECRY_TRY(read_policy(context.arguments(), request));
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto channels, context.client().channels());
    for (const auto& channel : channels) {
        if (channel.name != request.name) continue;
        if (!context.settings().again)
            return Error{Errc::invalid_argument, "there is a channel with this name already"};
        context.line(fmt::format("Channel {} is made.", in_quotes(request.name)));
        context.emit(channel_json(channel));
        return {};
    }
    HUECRY_TRY_ASSIGN(const auto id, context.client().create_channel(request));
    HUECRY_TRY_ASSIGN(const auto made, look_up(context, id));
    context.line(fmt::format("Channel {} ({}) is made; {} may read it.", in_quotes(request.name),
                             id.short_hex(), plural(made.readers, "other device")));
    context.emit(channel_json(made));
    return {};
}

std::string standing(const ChannelInfo& channel) {
    if (!channel.can_read) return "not yours to read";
    if (!channel.joined) return "waiting for one of its members to be online";
    return channel.provisional ? "joined, not yet confirmed" : "joined";
}

Result<void> list(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto channels, context.client().channels());
    std::vector<Object> all;
    for (const auto& channel : channels) {
        context.line(fmt::format(
            "{}  {}  {}; read: {}; post: {}; {}; at most {}, photos {}{}", channel.id.short_hex(),
            channel.name.empty() ? "(name not known yet)" : one_line(channel.name),
            standing(channel), role_list(channel.read), role_list(channel.post),
            plural(channel.readers, "other device"), duration_text(channel.max_expiry),
            duration_text(channel.max_photo_expiry),
            channel.requires_agreement ? "; needs the agreement" : ""));
        all.push_back(channel_json(channel));
    }
    context.emit(Object().set("channels", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

Result<void> set(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto id, context.channel(context.arguments().text("CHANNEL")));
    HUECRY_TRY_ASSIGN(const auto before, look_up(context, id));
    ChannelRequest request;
    request.name = context.arguments().get("--name").value_or(before.name);
    request.read = before.read;
    request.post = before.post;
    request.requires_agreement = before.requires_agreement;
    request.max_expiry = before.max_expiry;
    request.max_photo_expiry = before.max_photo_expiry;
    HUECRY_TRY(read_policy(context.arguments(), request));
    HUECRY_TRY(context.client().change_channel(id, request));
    HUECRY_TRY_ASSIGN(const auto after, look_up(context, id));
    context.line(fmt::format("Channel {} is changed: read {}; post {}.",
                             channel_text(after.name, id), role_list(after.read),
                             role_list(after.post)));
    context.emit(channel_json(after));
    return {};
}

Result<void> close(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto id, context.channel(context.arguments().text("CHANNEL")));
    HUECRY_TRY_ASSIGN(const auto before, look_up(context, id));
    const auto shown = channel_text(before.name, id);
    if (!context.arguments().has("--yes")) {
        if (!context.console().can_ask())
            return Error{Errc::cancelled, "it cannot be opened again: give --yes if that is meant"};
        const auto answer = context.console().ask("Close " + shown + " for good? [y/N] ");
        if (!answer || (*answer != "y" && *answer != "Y" && *answer != "yes"))
            return Error{Errc::cancelled, "the channel was not closed"};
    }
    HUECRY_TRY(context.client().close_channel(id));
    context.line(fmt::format("Channel {} is closed.", shown));
    Object out;
    context.emit(out.set("id", id.hex()).set("state", "closed"));
    return {};
}

Result<void> restart(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto id, context.channel(context.arguments().text("CHANNEL")));
    HUECRY_TRY(context.client().restart_channel(id));
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto after, look_up(context, id));
    context.line(fmt::format("Channel {} begins anew; its readers join as they come online.",
                             channel_text(after.name, id)));
    context.emit(channel_json(after));
    return {};
}

std::vector<Option> policy_options() {
    using Kind = Option::Kind;
    return {{Kind::positional, "CHANNEL", "CHANNEL", "Its name; later also its id", true},
            {Kind::list, "--read", "ROLE", "Who may read it: roles, or all (default: all)"},
            {Kind::list, "--post", "ROLE", "Who may post in it: roles, or all (default: all)"},
            {Kind::value, "--max-expiry", "TIME", "Longest life of an alert (default: 30d)"},
            {Kind::value, "--max-photo-expiry", "TIME", "Longest life of a photo (default: 7d)"},
            {Kind::flag, "--agreement", "", "Only for members who have accepted the agreement"},
            {Kind::flag, "--no-agreement", "", "Also for members who have not accepted it"}};
}

}  // namespace

Commands channel_commands() {
    auto changing = policy_options();
    changing.push_back({Option::Kind::value, "--name", "NAME", "Give it another name"});
    return {
        {.name = "channel create",
         .summary = "Make a channel",
         .example = "huecry channel create town-centre --read retailer security police",
         .options = policy_options(),
         .run = create,
         .administers = true},
        {.name = "channel list",
         .summary = "Show the channels of the partnership",
         .example = "huecry channel list",
         .options = {},
         .run = list},
        {.name = "channel set",
         .summary = "Change who reads or posts in a channel, or how long things live there",
         .example = "huecry channel set town-centre --post security police --max-expiry 12h",
         .options = std::move(changing),
         .run = set,
         .administers = true},
        {.name = "channel close",
         .summary = "Close a channel for good",
         .example = "huecry channel close christmas-market --yes",
         .options = {{Option::Kind::positional, "CHANNEL", "CHANNEL", "Its name or id", true},
                     {Option::Kind::flag, "--yes", "", "Do not ask"}},
         .run = close,
         .administers = true},
        {.name = "channel restart",
         .summary = "Begin a channel's group anew, when it has become unusable",
         .example = "huecry channel restart town-centre",
         .options = {{Option::Kind::positional, "CHANNEL", "CHANNEL", "Its name or id", true}},
         .run = restart,
         .administers = true},
    };
}

}  // namespace huecry::cli
