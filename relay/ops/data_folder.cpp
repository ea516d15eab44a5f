#include "ops/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace huecry::relay {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t key_size = 32;

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

Error failed(const fs::path& path, int error) {
    if (error == ENOSPC || error == EDQUOT) return Error{Errc::no_room, path.string()};
    if (error == EACCES || error == EPERM || error == EROFS)
        return Error{Errc::not_permitted, "no right to write " + path.string()};
    return Error{Errc::io_failed, path.string()};
}

Result<void> only_ours(const fs::path& path, const struct stat& info) {
    if (info.st_uid != geteuid())
        return Error{Errc::not_permitted, path.string() + " belongs to another user"};
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return Error{Errc::not_permitted, path.string() + " is open to other users; chmod go= it"};
    return {};
}

Result<void> make_folder(const fs::path& root) {
    std::error_code error;
    if (!fs::exists(root, error)) {
        if (root.has_parent_path()) fs::create_directories(root.parent_path(), error);
        if (mkdir(root.c_str(), 0700) != 0) return failed(root, errno);
    }
    struct stat info{};
    if (stat(root.c_str(), &info) != 0) return failed(root, errno);
    if (!S_ISDIR(info.st_mode)) return Error{Errc::io_failed, root.string() + " is no folder"};
    // An empty folder that the operator has made may be tightened; a filled one is not touched.
    if (info.st_uid == geteuid() && fs::is_empty(root, error)) {
        if (chmod(root.c_str(), 0700) != 0) return failed(root, errno);
        info.st_mode &= ~static_cast<mode_t>(S_IRWXG | S_IRWXO);
    }
    return only_ours(root, info);
}

Result<void> make_key(const fs::path& file, const fs::path& needed_by, Random& random) {
    std::error_code error;
    if (fs::exists(file, error)) return {};
    if (fs::exists(needed_by, error))
        return Error{Errc::store_damaged, file.string() + " is missing, and " +
                                              needed_by.filename().string() +
                                              " cannot be used without it: restore it"};
    SecretBytes key(key_size);
    random.fill(key.span());
    return write_private_file(file, key.view());
}

Result<SecretBytes> read_key(const fs::path& file) {
    auto key = read_secret_file(file, key_size);
    if (!key && key.error().code == Errc::malformed)
        return Error{Errc::store_damaged, file.string() + " is not 32 bytes long: restore it"};
    return key;
}

}  // namespace

Result<SecretBytes> read_secret_file(const fs::path& file, std::size_t size) {
    const Descriptor fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd.get() < 0 && errno == ENOENT) return Error{Errc::not_found, file.string()};
    if (fd.get() < 0) return failed(file, errno);
    struct stat info{};
    if (fstat(fd.get(), &info) != 0) return failed(file, errno);
    HUECRY_TRY(only_ours(file, info));
    if (!S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) != size)
        return Error{Errc::malformed, file.string()};
    SecretBytes out(size);
    std::size_t at = 0;
    while (at < size) {
        const auto got = read(fd.get(), out.span().data() + at, size - at);
        if (got <= 0) return failed(file, errno);
        at += static_cast<std::size_t>(got);
    }
    return out;
}

Result<void> write_private_file(const fs::path& file, BytesView bytes) {
    auto temporary = file;
    temporary += ".new";
    {
        const Descriptor fd(
            open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (fd.get() < 0) return failed(temporary, errno);
        std::size_t at = 0;
        while (at < bytes.size()) {
            const auto written = write(fd.get(), bytes.data() + at, bytes.size() - at);
            if (written < 0) return failed(temporary, errno);
            at += static_cast<std::size_t>(written);
        }
        if (fsync(fd.get()) != 0) return failed(temporary, errno);
    }
    if (rename(temporary.c_str(), file.c_str()) != 0) return failed(file, errno);
    const Descriptor folder(open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || fsync(folder.get()) != 0) return failed(file, errno);
    return {};
}

Result<DataFolder> DataFolder::prepare(const fs::path& root, Random& random) {
    HUECRY_TRY(make_folder(root));
    HUECRY_TRY(make_key(root / "identity.key", root / "relay.db", random));
    HUECRY_TRY(make_key(root / "store.key", root / "relay.db", random));
    HUECRY_TRY(make_key(root / "leases.key", root / "leases.db", random));
    std::error_code error;
    fs::create_directory(root / "blobs", error);
    if (error) return failed(root / "blobs", error.value());
    return open(root);
}

Result<DataFolder> DataFolder::open(const fs::path& root) {
    struct stat info{};
    if (stat(root.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
        return Error{Errc::not_found, "no relay has been started in " + root.string()};
    HUECRY_TRY(only_ours(root, info));
    DataFolder out;
    out.root_ = root;
    HUECRY_TRY_ASSIGN(const auto seed, read_key(root / "identity.key"));
    out.identity_ = signing_key_from_seed(seed.view());
    HUECRY_TRY_ASSIGN(out.store_key_, read_key(root / "store.key"));
    HUECRY_TRY_ASSIGN(out.lease_key_, read_key(root / "leases.key"));
    return out;
}

Result<DataFolder::Lock> DataFolder::lock() const {
    const auto path = file("lock");
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return failed(path, errno);
    Lock lock(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return Error{Errc::busy, "a relay is running on " + root_.string()};
    return lock;
}

DataFolder::Lock::~Lock() {
    if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace huecry::relay
