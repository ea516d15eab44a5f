#include <fmt/format.h>

#include <algorithm>

#include "commands/commands.hpp"
#include "huecry/limits.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto acceptance_limit = 5s;

bool looks_like_photo(std::string_view word) {
    const auto dot = word.rfind('.');
    if (dot == std::string_view::npos) return false;
    std::string end(word.substr(dot));
    std::transform(end.begin(), end.end(), end.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return end == ".jpg" || end == ".jpeg" || end == ".png";
}

Result<PhotoInput> read_photo(Context& context, const std::string& path) {
    auto bytes = context.console().read_file(path, limits::max_photo_bytes);
    if (!bytes && bytes.error().code == Errc::too_large)
        return Error{Errc::photo_too_large, bytes.error().detail};
    if (!bytes) return bytes.error();
    return PhotoInput{.file = std::move(*bytes), .hide = {}, .solid = false};
}

/// Photos with their rectangles, in the order typed; a word that names a picture and stands right
/// behind --photo or another picture is one more photo, every other word is the text.
class Reading {
public:
    Reading(Context& context, Draft& draft) : context_(context), draft_(draft) {}

    Result<void> all() {
        for (const auto& given : context_.arguments().in_order()) {
            const bool word = given.option == "TEXT" || given.option == "MORE";
            if (given.option == "--photo" ||
                (word && after_photo_ && looks_like_photo(given.value))) {
                HUECRY_TRY(photo(given.value));
                continue;
            }
            after_photo_ = false;
            if (word) {
                if (text_)
                    return Error{Errc::invalid_argument,
                                 "more than one text; put it in quotation marks"};
                text_ = given.value;
            } else if (given.option == "--pixelate") {
                HUECRY_TRY(rectangle(given.value));
            }
        }
        if (context_.arguments().has("--solid"))
            for (auto& photo : draft_.photos) photo.solid = true;
        if (!text_) return {};
        draft_.text = *text_;
        if (*text_ == "-") return from_input();
        return draft_.text.size() > limits::max_text ? Result<void>(Errc::text_too_long)
                                                     : Result<void>();
    }

private:
    Result<void> photo(const std::string& path) {
        if (draft_.photos.size() == limits::max_photos)
            return Error{Errc::invalid_argument,
                         fmt::format("an alert takes {} photos at most", limits::max_photos)};
        HUECRY_TRY_ASSIGN(auto read, read_photo(context_, path));
        draft_.photos.push_back(std::move(read));
        after_photo_ = true;
        return {};
    }
    Result<void> rectangle(const std::string& typed) {
        if (draft_.photos.empty())
            return Error{Errc::invalid_argument, "--pixelate belongs behind its --photo"};
        auto& hide = draft_.photos.back().hide;
        if (hide.size() == limits::max_rectangles)
            return Error{Errc::photo_rectangle, fmt::format("{} at most", limits::max_rectangles)};
        HUECRY_TRY_ASSIGN(const auto read, parse_rectangle(typed));
        hide.push_back(read);
        return {};
    }
    Result<void> from_input() {
        auto typed = context_.console().input(limits::max_text + 2);
        if (!typed && typed.error().code == Errc::too_large) return Errc::text_too_long;
        if (!typed) return typed.error();
        while (!typed->empty() && (typed->back() == '\n' || typed->back() == '\r'))
            typed->pop_back();
        draft_.text = std::move(*typed);
        return draft_.text.size() > limits::max_text ? Result<void>(Errc::text_too_long)
                                                     : Result<void>();
    }

    Context& context_;
    Draft& draft_;
    std::optional<std::string> text_;
    bool after_photo_ = false;
};

Result<Draft> read_draft(Context& context) {
    const auto& arguments = context.arguments();
    Draft draft;
    draft.id = context.settings().message;
    if (const auto typed = arguments.get("--category")) {
        HUECRY_TRY_ASSIGN(draft.category, parse_category(*typed));
    }
    if (const auto typed = arguments.get("--expires")) {
        HUECRY_TRY_ASSIGN(draft.expiry, parse_duration(*typed));
    }
    draft.urgent = arguments.has("--urgent");
    draft.offender = arguments.text("--offender");
    draft.place = arguments.text("--place");
    HUECRY_TRY(Reading(context, draft).all());
    if (const auto typed = arguments.get("--for")) {
        HUECRY_TRY_ASSIGN(draft.on_behalf_of, context.client().find_organisation(*typed));
    }
    HUECRY_TRY_ASSIGN(draft.channel, context.channel(arguments.text("CHANNEL")));
    return draft;
}

Result<void> tell(Context& context, const Receipt& receipt, const ChannelId& channel) {
    Object out;
    out.set("alert", receipt.alert.hex()).set("state", send_state_name(receipt.state));
    out.set("readers", receipt.readers).set("channel", channel.hex());
    if (receipt.nickname.empty())
        out.set("offender", nullptr);
    else
        out.set("offender", receipt.nickname);
    context.emit(out);
    if (receipt.state == SendState::failed) {
        const auto status = context.client().status(receipt.alert);
        if (status && status->failure) return *status->failure;
        return Error{Errc::not_permitted, "the alert was refused"};
    }
    context.line(
        fmt::format("{}  {}  {} will read it{}", receipt.alert.short_hex(),
                    send_state_name(receipt.state), plural(receipt.readers, "device"),
                    receipt.nickname.empty() ? "" : "  offender " + in_quotes(receipt.nickname)));
    if (receipt.readers == 0)
        context.note("Warning: nobody else can read this channel yet; invite somebody.");
    if (receipt.state == SendState::queued)
        return Error{Errc::queued, "huecry status " + receipt.alert.short_hex()};
    return {};
}

Result<void> send(Context& context) {
    HUECRY_TRY_ASSIGN(auto draft, read_draft(context));
    const auto channel = draft.channel;
    if (!draft.photos.empty()) context.progress("Taking in the photos …");
    HUECRY_TRY_ASSIGN(auto receipt, context.client().send(std::move(draft)));
    if (receipt.state == SendState::queued) {
        HUECRY_TRY_ASSIGN(receipt, context.client().wait_accepted(receipt.alert, acceptance_limit));
    }
    return tell(context, receipt, channel);
}

}  // namespace

Commands send_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "send",
        .summary = "Send an alert to a channel",
        .example = "huecry send town-centre \"red jacket, two bags\" --category theft-in-progress "
                   "--photo door.jpg --pixelate 40,60,200,220",
        .options = {{Kind::positional, "CHANNEL", "CHANNEL", "Its name, its id or a prefix of it",
                     true},
                    {Kind::positional, "TEXT", "TEXT", "What happened; - reads it from the input"},
                    {Kind::rest, "MORE", "FILE", "Further photos, right behind --photo FILE"},
                    {Kind::value, "--category", "CATEGORY",
                     "offender-in-area, theft-in-progress, violence, antisocial-behaviour, fraud, "
                     "counterfeit, welfare, information, suspicious-behaviour, missing-person "
                     "(default: information)"},
                    {Kind::flag, "--urgent", "", "Mark it as urgent"},
                    {Kind::value, "--offender", "NICKNAME",
                     "Whom it is about, by nickname; see huecry nickname"},
                    {Kind::value, "--place", "PLACE", "Where it is"},
                    {Kind::value, "--for", "ORGANISATION",
                     "In the name of a shop that lets you (see delegate)"},
                    {Kind::values, "--photo", "FILE", "JPEG or PNG; may be repeated"},
                    {Kind::values, "--pixelate", "X,Y,W,H",
                     "Hide this rectangle of the photo before it; may be repeated"},
                    {Kind::flag, "--solid", "", "Fill the rectangles instead of pixelating them"},
                    {Kind::value, "--expires", "TIME",
                     "Life of the alert, e.g. 8h (default: 8h, with a photo 24h)"}},
        .run = send,
    }};
}

}  // namespace huecry::cli
