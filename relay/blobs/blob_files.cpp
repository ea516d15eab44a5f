#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "blobs/blob_service.hpp"
#include "huecry/limits.hpp"

// The blob service's files. Names are hexadecimal ids: nothing that was received is ever a path.
namespace huecry::relay {
namespace {

Errc from_errno() { return errno == ENOSPC || errno == EDQUOT ? Errc::no_room : Errc::io_failed; }

/// An open file that closes itself.
class File {
public:
    File(const std::filesystem::path& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] bool open() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }

    [[nodiscard]] bool write_at(BytesView bytes, std::uint64_t offset) const {
        while (!bytes.empty()) {
            const auto n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            bytes = bytes.subspan(static_cast<std::size_t>(n));
            offset += static_cast<std::uint64_t>(n);
        }
        return true;
    }
    /// Reads until the buffer is full or the file ends; the number read, or -1.
    [[nodiscard]] std::ptrdiff_t read_at(std::span<std::uint8_t> out, std::uint64_t offset) const {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto n = ::pread(fd_, out.data() + done, out.size() - done,
                                   static_cast<off_t>(offset + done));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return -1;
            if (n == 0) break;
            done += static_cast<std::size_t>(n);
        }
        return static_cast<std::ptrdiff_t>(done);
    }

private:
    int fd_;
};

std::optional<Errc> sync_folder(const std::filesystem::path& folder) {
    const File dir(folder, O_RDONLY | O_DIRECTORY);
    if (!dir.open() || ::fsync(dir.fd()) != 0) return from_errno();
    return std::nullopt;
}

/// Digest over the whole file, then to disk.
std::optional<Errc> seal_file(const std::filesystem::path& path, const BlobRow& row) {
    const File file(path, O_RDWR);
    if (!file.open()) return from_errno();
    Sha256 hash;
    Bytes buffer(65536);
    std::uint64_t at = 0;
    for (;;) {
        const auto n = file.read_at(buffer, at);
        if (n < 0) return Errc::io_failed;
        if (n == 0) break;
        hash.add(BytesView(buffer).first(static_cast<std::size_t>(n)));
        at += static_cast<std::uint64_t>(n);
    }
    if (hash.finish() != row.digest) return Errc::digest_mismatch;
    if (::fsync(file.fd()) != 0) return from_errno();
    return std::nullopt;
}

}  // namespace

std::filesystem::path BlobService::folder(const PartnershipId& partnership) const {
    return root_ / partnership.hex();
}
std::filesystem::path BlobService::final_path(const Key& key) const {
    return folder(key.first) / key.second.hex();
}
std::filesystem::path BlobService::part_path(const Key& key, const DeviceId& device) const {
    return folder(key.first) / (key.second.hex() + "." + device.hex() + ".part");
}

Result<void> BlobService::load(std::vector<BlobRow> rows) {
    blobs_.clear();
    partials_.clear();
    used_.clear();
    for (const auto& row : rows) {
        blobs_[{row.partnership, row.blob}] = row;
        count(row);
    }
    std::error_code failed;
    std::filesystem::create_directories(root_, failed);
    if (failed) return Error{Errc::io_failed, "blob folder"};
    std::filesystem::permissions(root_, std::filesystem::perms::owner_all, failed);
    if (root_.has_parent_path() && sync_folder(root_.parent_path()))
        return Error{Errc::io_failed, "blob folder"};
    for (const auto& dir : std::filesystem::directory_iterator(root_, failed)) {
        Bytes partnership;
        if (!from_hex(dir.path().filename().string(), partnership)) continue;
        const auto p = PartnershipId::from(partnership);
        if (!p) continue;
        std::error_code inner;
        for (const auto& file : std::filesystem::directory_iterator(dir.path(), inner)) {
            Bytes id;
            const bool hex = from_hex(file.path().filename().string(), id);
            const auto blob = hex ? BlobId::from(id) : std::nullopt;
            if (!blob || find(*p, *blob) == nullptr) std::filesystem::remove(file.path(), inner);
        }
    }
    if (failed) return Error{Errc::io_failed, "blob folder"};
    return {};
}

std::optional<BlobError> BlobService::write_part(const Key& key, const DeviceId& device,
                                                 const BlobPart& part, Partial& partial) {
    std::error_code told_below;
    if (partial.received == 0) std::filesystem::create_directories(folder(key.first), told_below);
    const File file(part_path(key, device), O_WRONLY | O_CREAT | (part.offset == 0 ? O_TRUNC : 0));
    if (!file.open() || !file.write_at(part.body, part.offset))
        return BlobError{from_errno(), partial.received};
    return std::nullopt;
}

Result<Bytes> BlobService::get(const Principal& who, const BlobId& blob, std::uint64_t offset,
                               std::uint64_t length) const {
    HUECRY_TRY_ASSIGN(const auto* row, readable(who, blob));
    if (offset >= row->size) return Errc::invalid_argument;
    const auto n = std::min({length, row->size - offset, limits::max_blob_request});
    const File file(final_path({who.partnership, blob}), O_RDONLY);
    Bytes out(static_cast<std::size_t>(n));
    if (!file.open() || file.read_at(out, offset) != static_cast<std::ptrdiff_t>(n))
        return Errc::io_failed;
    return out;
}

void BlobService::commit_files(std::vector<Finished>& finished) const {
    for (auto& f : finished) {
        const Key key{f.row.partnership, f.row.blob};
        const auto part = part_path(key, f.uploader);
        f.failure = seal_file(part, f.row);
        if (f.failure) continue;
        if (::rename(part.c_str(), final_path(key).c_str()) != 0) {
            f.failure = from_errno();
            continue;
        }
        f.failure = sync_folder(folder(key.first));
        // The partnership's folder may be new itself.
        if (!f.failure) f.failure = sync_folder(root_);
    }
}

}  // namespace huecry::relay
