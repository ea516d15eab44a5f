#pragma once

#include "domain/context.hpp"
#include "domain/sync_store.hpp"
#include "huecry/v1/keys.pb.h"

// This device's key packages: made ahead, secrets kept before the packages leave.
namespace huecry::domain {

class KeyStock {
public:
    KeyStock(Context& context, SyncStore& store) : context_(context), store_(store) {}

    /// What is to be uploaded now, given what the relay has left; empty when nothing.
    Result<std::optional<v1::PutKeyPackages>> refill(std::uint32_t left, bool has_last_resort);
    /// A package that goes into the directory instead of to the relay. Inside the caller's
    /// transaction.
    Result<Bytes> for_rejoin();
    /// The relay has them.
    Result<void> uploaded();

private:
    Result<mls::NewKeyPackage> make(bool last_resort);
    Result<void> add(bool last_resort);

    Context& context_;
    SyncStore& store_;
};

}  // namespace huecry::domain
