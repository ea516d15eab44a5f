#pragma once

#include <optional>
#include <variant>

#include "mls/commit.hpp"
#include "mls/key_schedule.hpp"
#include "mls/types.hpp"

// Message framing (RFC 9420 section 6): what is said, who says it, and how that is authenticated.
namespace huecry::mls {

/*  struct {
        SenderType sender_type;
        select (Sender.sender_type) {
            case member:   uint32 leaf_index;
            case external: uint32 sender_index;
            case new_member_commit, new_member_proposal: struct{};
        };
    } Sender;                                                       (section 6) */
struct Sender {
    SenderType type = SenderType::member;
    std::uint32_t index = 0;

    void write(Writer& w) const;
    [[nodiscard]] static Sender read(Reader& r);
};

/*  struct {
        opaque group_id<V>;
        uint64 epoch;
        Sender sender;
        opaque authenticated_data<V>;
        ContentType content_type;
        select (FramedContent.content_type) {
            case application: opaque application_data<V>;
            case proposal:    Proposal proposal;
            case commit:      Commit commit;
        };
    } FramedContent;                                                (section 6) */
struct FramedContent {
    Bytes group_id;
    std::uint64_t epoch = 0;
    Sender sender;
    Bytes authenticated_data;
    std::variant<SecretBytes, Proposal, Commit> content;  // in the order of ContentType

    [[nodiscard]] ContentType type() const { return static_cast<ContentType>(content.index() + 1); }
    void write(Writer& w) const;
    [[nodiscard]] static FramedContent read(Reader& r);
    /// Only what the `select` yields.
    void write_content(Writer& w) const;
    static void read_content(Reader& r, ContentType type, FramedContent& into);
};
[[nodiscard]] std::optional<ContentType> content_type(std::uint8_t value);

/*  struct {
        opaque signature<V>;                  // SignWithLabel(., "FramedContentTBS", …)
        select (FramedContent.content_type) { // MAC(confirmation_key, confirmed_transcript_hash)
            case commit: MAC confirmation_tag;
        };
    } FramedContentAuthData;

    struct {
        WireFormat wire_format;
        FramedContent content;
        FramedContentAuthData auth;
    } AuthenticatedContent;                                         (sections 6, 6.1) */
struct AuthenticatedContent {
    WireFormat wire_format = WireFormat::public_message;
    FramedContent content;
    Bytes signature;
    Bytes confirmation_tag;  // of a commit

    void write(Writer& w) const;
    [[nodiscard]] static AuthenticatedContent read(Reader& r);
    void write_auth(Writer& w) const;
    void read_auth(Reader& r);

    /// FramedContentTBS; `group_context` is the encoded one, used for members and new-member
    /// commits.
    [[nodiscard]] Bytes to_be_signed(BytesView group_context) const;
    void sign(const CipherSuite& suite, const crypto::SigningKey& key, BytesView group_context);
    [[nodiscard]] bool verify(const CipherSuite& suite, BytesView key,
                              BytesView group_context) const;
    /// MakeProposalRef (section 5.2).
    [[nodiscard]] Bytes proposal_ref(const CipherSuite& suite) const;
    /// ConfirmedTranscriptHashInput (section 8.2).
    [[nodiscard]] Bytes confirmed_input() const;
};

// ---- PublicMessage (section 6.2)

struct PublicMessage {
    AuthenticatedContent content;
    Bytes membership_tag;  // of a member

    /// MLSMessage(PublicMessage).
    [[nodiscard]] static Bytes protect(const CipherSuite& suite,
                                       const AuthenticatedContent& content,
                                       BytesView membership_key, BytesView group_context);
    [[nodiscard]] static PublicMessage read(Reader& r);
    [[nodiscard]] bool verify_membership(const CipherSuite& suite, BytesView membership_key,
                                         BytesView group_context) const;
};

// ---- PrivateMessage (section 6.3)

/*  struct {
        opaque group_id<V>;
        uint64 epoch;
        ContentType content_type;
        opaque authenticated_data<V>;
        opaque encrypted_sender_data<V>;
        opaque ciphertext<V>;
    } PrivateMessage; */
struct PrivateMessage {
    Bytes group_id;
    std::uint64_t epoch = 0;
    ContentType content_type = ContentType::application;
    Bytes authenticated_data;
    Bytes encrypted_sender_data;
    Bytes ciphertext;

    void write(Writer& w) const;
    [[nodiscard]] static PrivateMessage read(Reader& r);
};

/// struct { uint32 leaf_index; uint32 generation; opaque reuse_guard[4]; } SenderData;
struct SenderData {
    LeafIndex leaf;
    std::uint32_t generation = 0;
    std::array<std::uint8_t, 4> reuse_guard{};
};

/// Key and nonce of the sender data, from a sample of the ciphertext (section 6.3.2).
struct SenderDataKey {
    SecretBytes key;
    SecretBytes nonce;
};
[[nodiscard]] SenderDataKey sender_data_key(const CipherSuite& suite, BytesView sender_data_secret,
                                            BytesView ciphertext);
[[nodiscard]] std::optional<SenderData> open_sender_data(const CipherSuite& suite,
                                                         BytesView sender_data_secret,
                                                         const PrivateMessage& message);
/// The content, opened and parsed, not yet verified. Errors: mls_unauthentic (the AEAD refuses),
/// mls_malformed (also for padding that is not zero).
[[nodiscard]] Result<AuthenticatedContent> open_content(const CipherSuite& suite,
                                                        const PrivateMessage& message,
                                                        const SenderData& sender, BytesView key,
                                                        BytesView nonce);
/// MLSMessage(PrivateMessage).
[[nodiscard]] Bytes seal_message(const CipherSuite& suite, const AuthenticatedContent& content,
                                 const SenderData& sender, BytesView key, BytesView nonce,
                                 BytesView sender_data_secret, std::size_t padding);

/// struct { ProtocolVersion version = mls10; WireFormat wire_format; … } MLSMessage;
void write_message_header(Writer& w, WireFormat format);

}  // namespace huecry::mls
