#pragma once

#include "e2e/wire_client.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

// The real huecry-relay, started for a test.
namespace huecry::test {

/// A relay that is ready, on a free port of loopback or where `--listen` says.
class RelayProcess {
public:
    /// Throws std::runtime_error when it does not become ready.
    explicit RelayProcess(const std::filesystem::path& data,
                          const std::vector<std::string>& more_arguments = {},
                          const std::map<std::string, std::string>& environment = {});

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::uint16_t admin_port() const { return admin_port_; }
    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] const PublicKey& key() const { return key_; }
    [[nodiscard]] Process& process() { return process_; }
    /// GET on the admin port.
    [[nodiscard]] HttpReply admin(const std::string& target) const;

private:
    Process process_;
    std::string address_;
    PublicKey key_;
    std::uint16_t port_ = 0;
    std::uint16_t admin_port_ = 0;
};

/// The program's path, and a run of it to its end.
std::filesystem::path relay_program();
Finished run_relay(const std::vector<std::string>& arguments);

/// Makes a partnership whose only device is the caller that is returned. `code` as from
/// `huecry-relay allow`. The failure's code when it is refused.
struct Founded {
    Caller device;
    std::uint32_t failure = 0;
};
Founded found_partnership(const RelayProcess& relay, const std::string& code = {});

}  // namespace huecry::test
