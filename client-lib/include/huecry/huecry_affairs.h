#ifndef HUECRY_AFFAIRS_H
#define HUECRY_AFFAIRS_H

/* A part of huecry.h, which includes it and says what holds for all of it. Since 0.1. */

#include "huecry/huecry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what the partnership decides about itself ---- */

/* A member is given by name or id. `waits` (may be NULL) becomes 1 for a grave act that waits for
 * other coordinators, else 0: see huecry_list_proposals. */
HUECRY_API int huecry_suspend(huecry_client *client, const char *member, int *waits);
HUECRY_API int huecry_reinstate(huecry_client *client, const char *member, int *waits);
HUECRY_API int huecry_change_role(huecry_client *client, const char *member, const char *role,
                                  int *waits);
/* How many coordinators a grave act needs. A lower number needs the root key in this profile. */
HUECRY_API int huecry_set_quorum(huecry_client *client, uint32_t quorum, int *waits);

HUECRY_API int huecry_list_proposals(huecry_client *client, huecry_proposals **out);
HUECRY_API void huecry_proposals_free(huecry_proposals *proposals);
HUECRY_API size_t huecry_proposals_count(const huecry_proposals *proposals);
HUECRY_API const huecry_proposal *huecry_proposals_at(const huecry_proposals *proposals,
                                                      size_t index);
HUECRY_API const char *huecry_proposal_id(const huecry_proposal *proposal); /* 64 digits */
HUECRY_API const char *huecry_proposal_what(const huecry_proposal *proposal);
HUECRY_API const huecry_person *huecry_proposal_author(const huecry_proposal *proposal);
HUECRY_API uint32_t huecry_proposal_support(const huecry_proposal *proposal);
HUECRY_API uint32_t huecry_proposal_needed(const huecry_proposal *proposal);
HUECRY_API uint64_t huecry_proposal_expires_ms(const huecry_proposal *proposal);
HUECRY_API int huecry_endorse(huecry_client *client, const char *proposal, int *waits);

/* Guards of that organisation may post for this member's. */
HUECRY_API int huecry_delegate(huecry_client *client, const char *organisation, uint32_t life_s);
HUECRY_API int huecry_withdraw_delegation(huecry_client *client, const char *grantor,
                                          const char *grantee);

/* This device goes on under new keys. HUECRY_BUSY while something has still to be sent. */
HUECRY_API int huecry_rotate_device_key(huecry_client *client);

/* The directory's entries after `after`, oldest first. */
HUECRY_API int huecry_get_history(huecry_client *client, uint64_t after, huecry_history **out);
HUECRY_API void huecry_history_free(huecry_history *history);
HUECRY_API size_t huecry_history_count(const huecry_history *history);
HUECRY_API uint64_t huecry_history_index(const huecry_history *history, size_t at);
HUECRY_API uint64_t huecry_history_time_ms(const huecry_history *history, size_t at);
HUECRY_API const char *huecry_history_action(const huecry_history *history, size_t at);
HUECRY_API const char *huecry_history_who(const huecry_history *history, size_t at);
HUECRY_API const char *huecry_history_right(const huecry_history *history, size_t at);
HUECRY_API const char *huecry_history_what(const huecry_history *history, size_t at);
/* From the first entry on, every signature; needs no relay. `entries` may be NULL. The words are
 * the same on every device with the same directory. */
HUECRY_API int huecry_verify_directory(huecry_client *client, uint64_t *entries, char **words);

/* How many files speak against the relay; their numbers count from 1. */
HUECRY_API int huecry_evidence_count(huecry_client *client, uint64_t *count);
/* One of them, for others to check. */
HUECRY_API int huecry_evidence_file(huecry_client *client, uint64_t number, uint8_t **out,
                                    size_t *out_size);
/* `verdict`: 0 all fits together, 1 a member's word against the relay's, 2 proof that the relay
 * lied. One file; needs neither client nor relay. */
HUECRY_API int huecry_verify_evidence(const uint8_t *file, size_t size, int *verdict);

/* HUECRY_NOT_FOUND where it is not in this profile. */
HUECRY_API int huecry_root_words(huecry_client *client, char **words);
HUECRY_API int huecry_restore_root(huecry_client *client, const uint8_t *file, size_t size,
                                   const char *passphrase, size_t passphrase_size);
HUECRY_API int huecry_restore_root_words(huecry_client *client, const char *words);
HUECRY_API int huecry_rotate_root(huecry_client *client);
HUECRY_API int huecry_forget_root(huecry_client *client);
/* `notice`: for every other member's huecry_follow_relay. `code` may be NULL. */
HUECRY_API int huecry_move_relay(huecry_client *client, const char *address, const char *code,
                                 char **notice);
HUECRY_API int huecry_follow_relay(huecry_client *client, const char *notice);

#ifdef __cplusplus
}
#endif

#endif
