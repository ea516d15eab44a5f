#pragma once

#include <optional>
#include <string>
#include <variant>

#include "net/blob_transfer.hpp"
#include "net/https.hpp"

namespace huecry::net {

/// One blob on its way: which request comes next, and what an answer means. No I/O.
class BlobJob {
public:
    BlobJob(BlobUpload upload, BlobTransfer::Stored done);
    BlobJob(BlobDownload download, BlobTransfer::Fetched done);

    /// What is wrong with it before anything is sent.
    [[nodiscard]] Result<void> check() const;
    [[nodiscard]] HttpRequest next() const;
    /// Bytes that an answer's body may have.
    [[nodiscard]] std::uint64_t max_body() const;
    /// True: it is complete. False: there is a next request.
    Result<bool> take(const HttpAnswer& answer);
    /// The connection broke: an upload asks how much has arrived before it goes on.
    void broken();
    /// Bytes that are known to have arrived; grows when there is progress.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }

    /// Tells the one who asked; once.
    void succeed();
    void fail(const Error& error);

    bool cancelled = false;

    /// One request carries this much: a broken connection costs no more, and a line of 40 kbit/s
    /// still brings it over within the deadline.
    static constexpr std::uint64_t piece = 262144;

private:
    struct Up {
        BlobUpload blob;
        BlobTransfer::Stored done;
        bool ask = false;  // HEAD comes next
    };
    struct Down {
        BlobDownload blob;
        BlobTransfer::Fetched done;
        Bytes bytes{};
        std::uint64_t total = 0;
    };

    Result<bool> take_head(Up& up, const HttpAnswer& answer);
    Result<bool> take_put(Up& up, const HttpAnswer& answer);
    Result<bool> go_on(Up& up, const HttpAnswer& answer);
    Result<bool> take_get(Down& down, const HttpAnswer& answer);

    std::variant<Up, Down> job_;
    std::uint64_t offset_ = 0;
    int corrections_ = 0;
};

}  // namespace huecry::net
