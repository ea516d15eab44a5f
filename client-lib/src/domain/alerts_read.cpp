#include "domain/alerts.hpp"
#include "huecry/limits.hpp"

namespace huecry::domain {
namespace {

constexpr std::size_t shortest_prefix = 4;

Category category_of(const content::v1::Alert& body) {
    const auto number = static_cast<int>(body.category());
    // One that a newer version has is shown as what it is at least.
    if (number < static_cast<int>(Category::offender_in_area) ||
        number > static_cast<int>(Category::missing_person))
        return Category::information;
    return static_cast<Category>(number);
}

}  // namespace

// Columns: number, channel, device, id, item, sealed, offender, sent_ms, expiry_ms, state.
Result<AlertInfo> Alerts::read(const store::Statement& row) {
    HUECRY_TRY_ASSIGN(const auto content, items_.open(row.integer(4), row.blob(5)));
    content::v1::Alert body;
    if (!body.ParseFromArray(content.view().data(), static_cast<int>(content.size())))
        return Errc::store_damaged;
    AlertInfo out;
    out.channel = id_at<ChannelId>(row, 1);
    out.channel_name = names_.of(out.channel);
    out.from = names_.person(id_at<DeviceId>(row, 2));
    out.id = id_at<MessageId>(row, 3);
    out.category = category_of(body);
    out.urgent = body.urgent();
    out.text = body.text();
    out.place = body.place();
    if (const auto id = OrganisationId::from(view(body.on_behalf_of()))) {
        out.on_behalf_of = *id;
        out.behalf_name = names_.of(*id);
    }
    if (!row.is_null(6)) out.offender = offenders_.nickname(id_at<OffenderId>(row, 6));
    out.sent_ms = row.unsigned_integer(7);
    out.expires_ms = row.unsigned_integer(8);
    out.state = static_cast<SendState>(row.integer(9));
    HUECRY_TRY_ASSIGN(out.photos, photos_of(row.integer(0)));
    out.responses = responses_.of(row.integer(0));
    return out;
}

Result<std::vector<PhotoInfo>> Alerts::photos_of(std::int64_t alert) {
    std::vector<PhotoInfo> out;
    auto rows = around_.db.prepare(
        "SELECT width, height, expiry_ms FROM photo WHERE alert = ? ORDER BY number");
    rows.bind(alert);
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, rows.step());
        if (!row) return out;
        out.push_back({.width = static_cast<std::uint32_t>(rows.integer(0)),
                       .height = static_cast<std::uint32_t>(rows.integer(1)),
                       .expires_ms = rows.unsigned_integer(2)});
    }
}

std::vector<AlertInfo> Alerts::alive() {
    std::vector<AlertInfo> out;
    auto rows = around_.db.prepare(
        "SELECT number, channel, device, id, item, sealed, offender, sent_ms, expiry_ms, state "
        "FROM alert WHERE expiry_ms > ? ORDER BY number");
    rows.bind(around_.clock.hide_time());
    for (auto row = rows.step(); row && *row; row = rows.step())
        if (auto alert = read(rows)) out.push_back(std::move(*alert));
    return out;
}

std::optional<AlertInfo> Alerts::get(std::int64_t number) {
    auto row = around_.db.prepare(
        "SELECT number, channel, device, id, item, sealed, offender, sent_ms, expiry_ms, state "
        "FROM alert WHERE number = ? AND expiry_ms > ?");
    const auto found = row.bind(number).bind(around_.clock.hide_time()).step();
    if (!found || !*found) return std::nullopt;
    auto alert = read(row);
    if (!alert) return std::nullopt;
    return std::move(*alert);
}

std::optional<std::int64_t> Alerts::find(const MessageId& id) {
    auto row = around_.db.prepare("SELECT number FROM alert WHERE id = ? ORDER BY number LIMIT 1");
    const auto found = row.bind(id.view()).step();
    if (!found || !*found) return std::nullopt;
    return row.integer(0);
}

std::optional<std::int64_t> Alerts::find(const ChannelId& channel, const MessageId& id) {
    auto row = around_.db.prepare(
        "SELECT number FROM alert WHERE id = ? AND channel = ? ORDER BY number LIMIT 1");
    const auto found = row.bind(id.view()).bind(channel.view()).step();
    if (!found || !*found) return std::nullopt;
    return row.integer(0);
}

std::optional<Alerts::Key> Alerts::key(std::int64_t number) {
    auto row = around_.db.prepare("SELECT channel, device, id FROM alert WHERE number = ?");
    const auto found = row.bind(number).step();
    if (!found || !*found) return std::nullopt;
    return Key{id_at<ChannelId>(row, 0), id_at<DeviceId>(row, 1), id_at<MessageId>(row, 2)};
}

std::optional<Error> Alerts::failure(const MessageId& id) {
    auto row = around_.db.prepare(
        "SELECT failure, failure_detail FROM alert "
        "WHERE id = ? AND device = ? AND failure IS NOT NULL");
    const auto found = row.bind(id.view()).bind(around_.self.view()).step();
    if (!found || !*found) return std::nullopt;
    const auto code = error_from_number(static_cast<std::uint32_t>(row.integer(0)));
    return Error{code.value_or(Errc::internal), row.text(1)};
}

Result<MessageId> Alerts::find(std::string_view text) {
    const bool last = text == "last";
    if (!last && text.size() < shortest_prefix)
        return Error{Errc::invalid_argument, "give at least 4 characters of the id, or 'last'"};
    std::string prefix(text);
    for (char& c : prefix)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    auto rows = around_.db.prepare(
        "SELECT DISTINCT id FROM alert WHERE expiry_ms > ?1 AND "
        "(?2 = 'last' OR substr(lower(hex(id)), 1, length(?2)) = ?2) "
        "ORDER BY number DESC LIMIT 2");
    rows.bind(around_.clock.hide_time()).bind(std::string_view(prefix));
    HUECRY_TRY_ASSIGN(const bool found, rows.step());
    if (!found) return Errc::not_found;
    const auto id = id_at<MessageId>(rows, 0);
    if (last) return id;
    HUECRY_TRY_ASSIGN(const bool another, rows.step());
    if (another) return Errc::ambiguous;
    return id;
}

}  // namespace huecry::domain
