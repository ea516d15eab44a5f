#pragma once

#include "domain/context.hpp"
#include "huecry/content/v1/content.pb.h"
#include "huecry/directory/state.hpp"
#include "huecry/wire/header.hpp"

// What one device tells another alone, through its mailbox: signed by the sender's device key,
// sealed to the receiver's sealing key (HPKE, RFC 9180, base mode), padded (PROTOCOL.md 14).
namespace huecry::domain {

struct Letter {
    DeviceId from;
    content::v1::Directed body;
};

/// `too_large`; `malformed` when the receiver's key is of no use.
Result<Bytes> seal_letter(const Context& context, const directory::Device& to, const MessageId& id,
                          const content::v1::Directed& body);

/// `malformed` unless it is from the header's submitter to this device, under the header's id.
Result<Letter> open_letter(const Context& context, const directory::State& state,
                           const Header& header, BytesView bytes);

}  // namespace huecry::domain
