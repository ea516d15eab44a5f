#pragma once

#include "domain/alerts.hpp"

namespace huecry::domain {

/// Turns what a person wants to say into a content, checked against limits and the channel.
class Composer {
public:
    Composer(Surroundings& around, Alerts& alerts, Offenders& offenders)
        : around_(around), alerts_(alerts), offenders_(offenders) {}

    Result<Outgoing> alert(const Draft& draft, std::span<const Projection::Sealed> photos);
    Result<Outgoing> response(const MessageId& alert, Answer answer);
    std::string suggest_nickname();

private:
    Result<const directory::ChannelRecord*> may_read(const ChannelId& channel) const;
    Result<void> may_post(const Outgoing& message) const;

    Surroundings& around_;
    Alerts& alerts_;
    Offenders& offenders_;
};

}  // namespace huecry::domain
