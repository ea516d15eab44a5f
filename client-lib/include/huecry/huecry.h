#ifndef HUECRY_H
#define HUECRY_H

/* libhuecry for C and everything that can call C.
 *
 * A first program: opens a profile, says something, listens. (examples/minimal.c is this program
 * with creating and joining; the tests compile and run it.)
 *
 *     #include <huecry/huecry.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *         huecry_options *options = huecry_options_new("shop");
 *         huecry_options_set_passphrase(options, "correct horse", 13);
 *         huecry_client *client = NULL;
 *         int error = huecry_open(options, &client);
 *         huecry_options_free(options);
 *         if (error != 0) {
 *             fprintf(stderr, "%s\n", huecry_error_sentence(error));
 *             return huecry_error_exit_code(error);
 *         }
 *         huecry_draft *draft = huecry_draft_new("town-centre");
 *         huecry_draft_set_category(draft, "theft-in-progress");
 *         huecry_draft_set_text(draft, "red jacket, two bags");
 *         huecry_receipt *receipt = NULL;
 *         error = huecry_send(client, draft, &receipt);
 *         huecry_draft_free(draft);
 *         if (error == 0) printf("sent as %s\n", huecry_receipt_alert(receipt));
 *         huecry_receipt_free(receipt);
 *
 *         huecry_event *event = NULL;
 *         uint64_t after = 0;
 *         while (huecry_next_event(client, after, 10000, &event) == 0 && event != NULL) {
 *             printf("%s\n", huecry_event_kind(event));
 *             after = huecry_event_number(event);
 *             huecry_event_free(event);
 *         }
 *         huecry_client_free(client);
 *         return 0;
 *     }
 *
 * Errors. A function that can fail returns 0, or a number of errors.def. What it gives comes
 * through its last parameter and is NULL after a failure.
 *
 * Ownership. A handle that a function gives belongs to the caller and goes with its own
 * huecry_..._free, which takes NULL, too. A `char **` or `uint8_t **` result goes with huecry_free.
 * A `const char *` or `const huecry_... *` that an accessor returns belongs to the handle that was
 * asked and lives as long as that does. Nothing that is passed in is kept.
 *
 * Texts are UTF-8 and end with a zero byte. Texts from others may hold anything that is valid
 * UTF-8: pass them through huecry_printable before they reach a terminal. Times are milliseconds
 * since 1970 UTC, 0 meaning "not yet". Ids are 32 hexadecimal digits. Where a channel, alert,
 * device or invite is asked for, a unique prefix of 4 digits or more does, and a channel's name,
 * and "last".
 *
 * Threads. Every function that takes a huecry_client may be called from any thread. Other handles
 * belong to one thread at a time. huecry_close wakes whoever waits.
 *
 * Arguments that must not be NULL and are give HUECRY_INVALID_ARGUMENT, or from an accessor an
 * empty text, 0 or NULL. Since 0.1.
 */

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define HUECRY_API __declspec(dllexport)
#else
#define HUECRY_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct huecry_client huecry_client;
typedef struct huecry_options huecry_options;
typedef struct huecry_draft huecry_draft;
typedef struct huecry_receipt huecry_receipt;
typedef struct huecry_partnership huecry_partnership;
typedef struct huecry_person huecry_person;
typedef struct huecry_alert huecry_alert;
typedef struct huecry_alerts huecry_alerts;
typedef struct huecry_status huecry_status;
typedef struct huecry_event huecry_event;
typedef struct huecry_channel huecry_channel;
typedef struct huecry_channels huecry_channels;
typedef struct huecry_channel_request huecry_channel_request;
typedef struct huecry_invite huecry_invite;
typedef struct huecry_invites huecry_invites;
typedef struct huecry_invite_request huecry_invite_request;
typedef struct huecry_member huecry_member;
typedef struct huecry_members huecry_members;
typedef struct huecry_device huecry_device;
typedef struct huecry_devices huecry_devices;
typedef struct huecry_agreement huecry_agreement;
typedef struct huecry_proposal huecry_proposal;
typedef struct huecry_proposals huecry_proposals;
typedef struct huecry_history huecry_history;
typedef struct huecry_finding huecry_finding;
typedef struct huecry_findings huecry_findings;

/* ---- the library ---- */

/* "0.1.0" */
HUECRY_API const char *huecry_version(void);
/* Frees what came through a `char **` or `uint8_t **`, wiping it first. NULL is allowed. */
HUECRY_API void huecry_free(void *memory);
/* A text from others made safe for a terminal, as new text; line breaks stay when `keep_lines`. */
HUECRY_API int huecry_printable(const char *text, int keep_lines, char **out);

/* ---- errors (errors.def): "stale"; a sentence for a person; may the same call succeed later; the
 * exit code that the command line uses. A number that is not known gives "unknown", 0 and 1. ----
 */

/* The three that a caller most often asks for by number. */
#define HUECRY_OK 0
#define HUECRY_INVALID_ARGUMENT 2
#define HUECRY_CLOSED 7

HUECRY_API const char *huecry_error_name(int error);
HUECRY_API const char *huecry_error_sentence(int error);
HUECRY_API int huecry_error_retryable(int error);
HUECRY_API int huecry_error_exit_code(int error);
/* What exactly failed in the last call of this thread that failed: never a secret. May be empty.
 * Lives until this thread's next failure. */
HUECRY_API const char *huecry_error_detail(void);

/* ---- profiles ---- */

/* `profile`: the folder. */
HUECRY_API huecry_options *huecry_options_new(const char *profile);
HUECRY_API void huecry_options_free(huecry_options *options);
/* Stretched with Argon2id; `size` in bytes. The copy is wiped with the options. */
HUECRY_API int huecry_options_set_passphrase(huecry_options *options, const char *passphrase,
                                             size_t size);
/* 32 bytes from the embedder's own key store, instead of a passphrase. */
HUECRY_API int huecry_options_set_key(huecry_options *options, const uint8_t *key);
/* Level 0 (error) to 4 (trace) and a line that holds nothing a person wrote; from any thread. */
typedef void (*huecry_log)(void *context, int level, const char *line);
HUECRY_API int huecry_options_set_log(huecry_options *options, huecry_log log, void *context);
/* huecry_open makes no connection until huecry_sync. */
HUECRY_API int huecry_options_set_offline(huecry_options *options);

/* Makes a profile, a partnership and its first coordinator; needs the relay. `relay`: the address
 * with its key; `organisation` and `code` may be NULL. */
HUECRY_API int huecry_create_partnership(const huecry_options *options, const char *relay,
                                         const char *name, const char *member,
                                         const char *organisation, const char *code,
                                         huecry_client **out);
/* Shown with the partnership's name and the agreement's text while joining, on the caller's thread;
 * anything but 0 accepts. */
typedef int (*huecry_accept)(void *context, const char *partnership, const char *text,
                             uint32_t version);
/* Redeems an invite; needs the relay, nobody else. `accept` NULL: an agreement is refused. */
HUECRY_API int huecry_join(const huecry_options *options, const char *link, huecry_accept accept,
                           void *context, huecry_client **out);
/* With a link of huecry_link_device: this device then acts as that member. */
HUECRY_API int huecry_join_as_device(const huecry_options *options, const char *link,
                                     huecry_accept accept, void *context, huecry_client **out);
HUECRY_API int huecry_open(const huecry_options *options, huecry_client **out);
/* The key that the relay at an address without one proves, to be confirmed by a person. */
HUECRY_API int huecry_probe_relay(const char *address, char **out);
/* `now` names the profile and opens it, `next` has the new passphrase or key. */
HUECRY_API int huecry_change_passphrase(const huecry_options *now, const huecry_options *next);
/* Ends the connection and closes the store. May be called twice, and from any thread: calls that
 * wait return HUECRY_CLOSED, and so does every later call. */
HUECRY_API void huecry_close(huecry_client *client);
/* Closes if that has not been done. No other call may be under way. */
HUECRY_API void huecry_client_free(huecry_client *client);

/* Connects, fetches what waits, sends what is queued, commits what is due; `limit_ms` at most. */
HUECRY_API int huecry_sync(huecry_client *client, uint32_t limit_ms);

/* ---- the partnership ---- */

HUECRY_API int huecry_info(huecry_client *client, huecry_partnership **out);
HUECRY_API void huecry_partnership_free(huecry_partnership *partnership);
HUECRY_API const char *huecry_partnership_id(const huecry_partnership *partnership); /* 64 digits */
HUECRY_API const char *huecry_partnership_name(const huecry_partnership *partnership);
HUECRY_API const char *huecry_partnership_relay(const huecry_partnership *partnership);
HUECRY_API const huecry_person *huecry_partnership_self(const huecry_partnership *partnership);
/* "active", "pending" (waits for approval), "removed" */
HUECRY_API const char *huecry_partnership_standing(const huecry_partnership *partnership);
HUECRY_API int huecry_partnership_online(const huecry_partnership *partnership);
HUECRY_API int huecry_partnership_content_hidden(const huecry_partnership *partnership);
HUECRY_API int huecry_partnership_root_key_not_backed_up(const huecry_partnership *partnership);
HUECRY_API uint64_t huecry_partnership_directory_index(const huecry_partnership *partnership);

/* Names are empty until they have arrived. */
HUECRY_API const char *huecry_person_device(const huecry_person *person);
HUECRY_API const char *huecry_person_member(const huecry_person *person);
HUECRY_API const char *huecry_person_name(const huecry_person *person);
HUECRY_API const char *huecry_person_organisation(const huecry_person *person);
/* "coordinator", "retailer", "security", "warden", "cctv", "police", "integration" */
HUECRY_API const char *huecry_person_role(const huecry_person *person);
HUECRY_API int huecry_person_is_self(const huecry_person *person);

/* ---- invites, devices, members ---- */

HUECRY_API huecry_invite_request *huecry_invite_request_new(const char *role, const char *member);
HUECRY_API void huecry_invite_request_free(huecry_invite_request *request);
HUECRY_API int huecry_invite_request_set_organisation(huecry_invite_request *request,
                                                      const char *organisation);
/* Without any: all that the role may read. */
HUECRY_API int huecry_invite_request_add_channel(huecry_invite_request *request,
                                                 const char *channel);
HUECRY_API int huecry_invite_request_set_in_person(huecry_invite_request *request, int in_person);
HUECRY_API int huecry_invite_request_set_lifetime(huecry_invite_request *request, uint32_t seconds);

HUECRY_API int huecry_invite_member(huecry_client *client, const huecry_invite_request *request,
                                    huecry_invite **out);
HUECRY_API int huecry_list_invites(huecry_client *client, huecry_invites **out);
HUECRY_API int huecry_withdraw_invite(huecry_client *client, const char *invite);
HUECRY_API void huecry_invite_free(huecry_invite *invite);
HUECRY_API void huecry_invites_free(huecry_invites *invites);
HUECRY_API size_t huecry_invites_count(const huecry_invites *invites);
HUECRY_API const huecry_invite *huecry_invites_at(const huecry_invites *invites, size_t index);
HUECRY_API const char *huecry_invite_id(const huecry_invite *invite);
/* A secret, and only in the answer to huecry_invite_member. */
HUECRY_API const char *huecry_invite_link(const huecry_invite *invite);
HUECRY_API const char *huecry_invite_member_name(const huecry_invite *invite);
HUECRY_API const char *huecry_invite_organisation(const huecry_invite *invite);
HUECRY_API const char *huecry_invite_role(const huecry_invite *invite);
HUECRY_API int huecry_invite_in_person(const huecry_invite *invite);
HUECRY_API uint64_t huecry_invite_expires_ms(const huecry_invite *invite);
/* "open", "used", "withdrawn", "expired", "proposed" */
HUECRY_API const char *huecry_invite_state(const huecry_invite *invite);
/* Somebody else tried to join with it after it was used. */
HUECRY_API int huecry_invite_alarmed(const huecry_invite *invite);
/* A link for a further device of this member, for one's own hands only. `lifetime_s` 0: an hour. */
HUECRY_API int huecry_link_device(huecry_client *client, int in_person, uint32_t lifetime_s,
                                  huecry_invite **out);

/* The phrase that both sides compare before huecry_approve. */
HUECRY_API int huecry_safety_phrase(huecry_client *client, const char *device, char **out);
HUECRY_API int huecry_approve(huecry_client *client, const char *device);
HUECRY_API int huecry_revoke(huecry_client *client, const char *device);

HUECRY_API int huecry_list_members(huecry_client *client, huecry_members **out);
HUECRY_API void huecry_members_free(huecry_members *members);
HUECRY_API size_t huecry_members_count(const huecry_members *members);
HUECRY_API const huecry_member *huecry_members_at(const huecry_members *members, size_t index);
HUECRY_API const char *huecry_member_id(const huecry_member *member);
HUECRY_API const char *huecry_member_name(const huecry_member *member);
HUECRY_API const char *huecry_member_organisation(const huecry_member *member);
HUECRY_API const char *huecry_member_role(const huecry_member *member);
HUECRY_API size_t huecry_member_devices(const huecry_member *member);
HUECRY_API const char *huecry_member_device(const huecry_member *member, size_t index);
HUECRY_API uint32_t huecry_member_agreement(const huecry_member *member); /* version; 0: none */
HUECRY_API uint64_t huecry_member_agreement_ms(const huecry_member *member);
HUECRY_API int huecry_member_suspended(const huecry_member *member);
/* Nothing is published, or the current agreement is accepted, or its deadline still runs. */
HUECRY_API int huecry_member_good_standing(const huecry_member *member);

HUECRY_API int huecry_list_devices(huecry_client *client, huecry_devices **out);
HUECRY_API void huecry_devices_free(huecry_devices *devices);
HUECRY_API size_t huecry_devices_count(const huecry_devices *devices);
HUECRY_API const huecry_device *huecry_devices_at(const huecry_devices *devices, size_t index);
HUECRY_API const char *huecry_device_id(const huecry_device *device);
HUECRY_API const huecry_person *huecry_device_owner(const huecry_device *device);
/* "pending", "active", "revoked", "dormant" */
HUECRY_API const char *huecry_device_state(const huecry_device *device);
HUECRY_API uint64_t huecry_device_admitted_ms(const huecry_device *device);

/* ---- the agreement ---- */

/* `deadline_s` 0: the default of 14 days. `version` may be NULL. */
HUECRY_API int huecry_publish_agreement(huecry_client *client, const char *text,
                                        uint32_t deadline_s, uint32_t *version);
HUECRY_API int huecry_get_agreement(huecry_client *client, huecry_agreement **out);
HUECRY_API int huecry_accept_agreement(huecry_client *client, uint32_t version);
HUECRY_API void huecry_agreement_free(huecry_agreement *agreement);
HUECRY_API uint32_t huecry_agreement_version(const huecry_agreement *agreement); /* 0: none */
HUECRY_API const char *huecry_agreement_text(const huecry_agreement *agreement);
HUECRY_API uint64_t huecry_agreement_published_ms(const huecry_agreement *agreement);
HUECRY_API uint64_t huecry_agreement_deadline_ms(const huecry_agreement *agreement);
HUECRY_API int huecry_agreement_accepted_by_me(const huecry_agreement *agreement);

/* ---- channels ---- */

HUECRY_API huecry_channel_request *huecry_channel_request_new(const char *name);
HUECRY_API void huecry_channel_request_free(huecry_channel_request *request);
/* Without any: every role. */
HUECRY_API int huecry_channel_request_add_reader(huecry_channel_request *request, const char *role);
HUECRY_API int huecry_channel_request_add_poster(huecry_channel_request *request, const char *role);
HUECRY_API int huecry_channel_request_set_requires_agreement(huecry_channel_request *request,
                                                             int required);
HUECRY_API int huecry_channel_request_set_max_expiry(huecry_channel_request *request,
                                                     uint32_t seconds);
HUECRY_API int huecry_channel_request_set_max_photo_expiry(huecry_channel_request *request,
                                                           uint32_t seconds);

/* `id` may be NULL. */
HUECRY_API int huecry_create_channel(huecry_client *client, const huecry_channel_request *request,
                                     char **id);
HUECRY_API int huecry_change_channel(huecry_client *client, const char *channel,
                                     const huecry_channel_request *request);
/* For good. */
HUECRY_API int huecry_close_channel(huecry_client *client, const char *channel);
/* A new group, begun by this device. */
HUECRY_API int huecry_restart_channel(huecry_client *client, const char *channel);
HUECRY_API int huecry_list_channels(huecry_client *client, huecry_channels **out);
HUECRY_API void huecry_channels_free(huecry_channels *channels);
HUECRY_API size_t huecry_channels_count(const huecry_channels *channels);
HUECRY_API const huecry_channel *huecry_channels_at(const huecry_channels *channels, size_t index);
HUECRY_API const char *huecry_channel_id(const huecry_channel *channel);
HUECRY_API const char *huecry_channel_name(const huecry_channel *channel);
HUECRY_API int huecry_channel_can_read(const huecry_channel *channel);
HUECRY_API int huecry_channel_can_post(const huecry_channel *channel);
/* This device can send and decrypt there. */
HUECRY_API int huecry_channel_joined(const huecry_channel *channel);
HUECRY_API int huecry_channel_provisional(const huecry_channel *channel);
HUECRY_API int huecry_channel_requires_agreement(const huecry_channel *channel);
HUECRY_API int huecry_channel_all_members(const huecry_channel *channel);
/* May this role read or post there? */
HUECRY_API int huecry_channel_read_by(const huecry_channel *channel, const char *role);
HUECRY_API int huecry_channel_posted_by(const huecry_channel *channel, const char *role);
/* Devices besides this one. */
HUECRY_API uint32_t huecry_channel_readers(const huecry_channel *channel);
HUECRY_API uint32_t huecry_channel_group_members(const huecry_channel *channel);
HUECRY_API uint64_t huecry_channel_max_expiry_s(const huecry_channel *channel);
HUECRY_API uint64_t huecry_channel_max_photo_expiry_s(const huecry_channel *channel);

/* ---- alerts: saying ---- */

HUECRY_API huecry_draft *huecry_draft_new(const char *channel);
HUECRY_API void huecry_draft_free(huecry_draft *draft);
/* 32 digits; sending the same id again has no second effect. Without: one is made. */
HUECRY_API int huecry_draft_set_id(huecry_draft *draft, const char *id);
/* "offender-in-area", "theft-in-progress", "violence", "antisocial-behaviour", "fraud",
 * "counterfeit", "welfare", "information", "suspicious-behaviour", "missing-person" */
HUECRY_API int huecry_draft_set_category(huecry_draft *draft, const char *category);
HUECRY_API int huecry_draft_set_urgent(huecry_draft *draft, int urgent);
HUECRY_API int huecry_draft_set_text(huecry_draft *draft, const char *text);
HUECRY_API int huecry_draft_set_place(huecry_draft *draft, const char *place);
HUECRY_API int huecry_draft_set_offender(huecry_draft *draft, const char *nickname);
/* In the name of an organisation (name or id) whose delegation lets this device. */
HUECRY_API int huecry_draft_set_organisation(huecry_draft *draft, const char *organisation);
/* JPEG or PNG as it comes from the camera. */
HUECRY_API int huecry_draft_add_photo(huecry_draft *draft, const uint8_t *file, size_t size);
/* Hides a rectangle of the photo added last, in pixels of the upright photo; `solid`: fills it
 * instead of pixelating (this holds for all rectangles of that photo). */
HUECRY_API int huecry_draft_hide(huecry_draft *draft, uint32_t x, uint32_t y, uint32_t width,
                                 uint32_t height, int solid);
HUECRY_API int huecry_draft_set_expiry(huecry_draft *draft, uint32_t seconds);

/* Saved and on its way; the draft can be used again. */
HUECRY_API int huecry_send(huecry_client *client, const huecry_draft *draft, huecry_receipt **out);
/* Waits until the relay has the alert, or has refused it, or the time is over. */
HUECRY_API int huecry_wait_accepted(huecry_client *client, const char *alert, uint32_t limit_ms,
                                    huecry_receipt **out);
HUECRY_API void huecry_receipt_free(huecry_receipt *receipt);
HUECRY_API const char *huecry_receipt_alert(const huecry_receipt *receipt);
/* "queued", "accepted", "failed" */
HUECRY_API const char *huecry_receipt_state(const huecry_receipt *receipt);
HUECRY_API uint32_t huecry_receipt_readers(const huecry_receipt *receipt);
HUECRY_API const char *huecry_receipt_nickname(const huecry_receipt *receipt);

/* "seen", "coming", "arrived", "stood-down" */
HUECRY_API int huecry_respond(huecry_client *client, const char *alert, const char *answer);
/* A neutral two-word nickname that is not in use. */
HUECRY_API int huecry_suggest_nickname(huecry_client *client, char **out);

/* ---- alerts: reading ---- */

/* Those that are alive, oldest first. */
HUECRY_API int huecry_inbox(huecry_client *client, huecry_alerts **out);
HUECRY_API void huecry_alerts_free(huecry_alerts *alerts);
HUECRY_API size_t huecry_alerts_count(const huecry_alerts *alerts);
HUECRY_API const huecry_alert *huecry_alerts_at(const huecry_alerts *alerts, size_t index);
/* A list of one. */
HUECRY_API int huecry_get_alert(huecry_client *client, const char *alert, huecry_alerts **out);
HUECRY_API const char *huecry_alert_id(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_channel(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_channel_name(const huecry_alert *alert);
HUECRY_API const huecry_person *huecry_alert_from(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_category(const huecry_alert *alert);
HUECRY_API int huecry_alert_urgent(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_text(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_place(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_offender(const huecry_alert *alert);
/* The organisation in whose name a guard posted it; empty: in their own. */
HUECRY_API const char *huecry_alert_organisation(const huecry_alert *alert);
HUECRY_API uint64_t huecry_alert_sent_ms(const huecry_alert *alert);
HUECRY_API uint64_t huecry_alert_expires_ms(const huecry_alert *alert);
HUECRY_API const char *huecry_alert_state(const huecry_alert *alert);
HUECRY_API size_t huecry_alert_photos(const huecry_alert *alert);
HUECRY_API uint32_t huecry_alert_photo_width(const huecry_alert *alert, size_t index);
HUECRY_API uint32_t huecry_alert_photo_height(const huecry_alert *alert, size_t index);
HUECRY_API uint64_t huecry_alert_photo_expires_ms(const huecry_alert *alert, size_t index);
/* The newest answer of each device. */
HUECRY_API size_t huecry_alert_responses(const huecry_alert *alert);
HUECRY_API const huecry_person *huecry_alert_response_from(const huecry_alert *alert, size_t index);
HUECRY_API const char *huecry_alert_response_answer(const huecry_alert *alert, size_t index);
HUECRY_API uint64_t huecry_alert_response_ms(const huecry_alert *alert, size_t index);

/* A JPEG with the viewer's watermark; `number` counts from 1. */
HUECRY_API int huecry_photo(huecry_client *client, const char *alert, size_t number,
                            uint32_t limit_ms, uint8_t **out, size_t *size);

HUECRY_API int huecry_alert_status(huecry_client *client, const char *alert, huecry_status **out);
HUECRY_API void huecry_status_free(huecry_status *status);
HUECRY_API const huecry_alert *huecry_status_alert(const huecry_status *status);
HUECRY_API uint32_t huecry_status_readers(const huecry_status *status);
HUECRY_API uint32_t huecry_status_delivered(const huecry_status *status);
HUECRY_API int huecry_status_counts_known(const huecry_status *status);
HUECRY_API int huecry_status_failure(const huecry_status *status); /* 0: none */

/* ---- events ---- */

/* The oldest event with a number above `after`. After `limit_ms` without one: 0 and *out NULL. */
HUECRY_API int huecry_next_event(huecry_client *client, uint64_t after, uint32_t limit_ms,
                                 huecry_event **out);
HUECRY_API int huecry_mark_shown(huecry_client *client, uint64_t number);
/* Where a listener starts: the number below the oldest event that was never marked as shown. */
HUECRY_API int huecry_first_unshown(huecry_client *client, uint64_t *number);
HUECRY_API void huecry_event_free(huecry_event *event);
HUECRY_API uint64_t huecry_event_number(const huecry_event *event);
/* "alert-received", "response-received", "alert-accepted", "alert-failed", "alert-expired",
 * "device-pending", "device-admitted", "device-revoked", "removed", "channel-joined",
 * "agreement-published", "agreement-accepted", "warning", "used-elsewhere", "online", "offline" */
HUECRY_API const char *huecry_event_kind(const huecry_event *event);
HUECRY_API uint64_t huecry_event_time_ms(const huecry_event *event);
/* NULL when the event is about none. */
HUECRY_API const huecry_alert *huecry_event_alert(const huecry_event *event);
/* Who answered, or whose device it is about; NULL for none. */
HUECRY_API const huecry_person *huecry_event_person(const huecry_event *event);
/* Empty unless somebody answered. */
HUECRY_API const char *huecry_event_answer(const huecry_event *event);
HUECRY_API const char *huecry_event_channel(const huecry_event *event);
HUECRY_API const char *huecry_event_channel_name(const huecry_event *event);
HUECRY_API const char *huecry_event_note(const huecry_event *event);

/* ---- what people type; each gives the whole id ---- */

HUECRY_API int huecry_find_channel(huecry_client *client, const char *text, char **id);
HUECRY_API int huecry_find_alert(huecry_client *client, const char *text, char **id);
HUECRY_API int huecry_find_device(huecry_client *client, const char *text, char **id);
HUECRY_API int huecry_find_invite(huecry_client *client, const char *text, char **id);

/* ---- upkeep ---- */

/* The root key sealed with a passphrase of its own, as a file's contents. */
HUECRY_API int huecry_backup_root(huecry_client *client, const char *passphrase, size_t size,
                                  uint8_t **out, size_t *out_size);
/* That file is safe where it belongs: ends the reminder. */
HUECRY_API int huecry_confirm_root_backup(huecry_client *client);
HUECRY_API int huecry_doctor(huecry_client *client, huecry_findings **out);
HUECRY_API void huecry_findings_free(huecry_findings *findings);
HUECRY_API size_t huecry_findings_count(const huecry_findings *findings);
HUECRY_API const huecry_finding *huecry_findings_at(const huecry_findings *findings, size_t index);
HUECRY_API int huecry_finding_ok(const huecry_finding *finding);
HUECRY_API const char *huecry_finding_what(const huecry_finding *finding);
HUECRY_API const char *huecry_finding_detail(const huecry_finding *finding);

#ifdef __cplusplus
}
#endif

/* What the partnership decides about itself; its keys, its relay, its history. */
#include "huecry/huecry_affairs.h"

#endif
