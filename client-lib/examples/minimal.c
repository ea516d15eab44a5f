/* The whole of huecry in one small C program.
 *
 *   minimal create FOLDER ADDRESS      makes a partnership, prints an invite link
 *   minimal join FOLDER LINK           joins with it
 *   minimal listen FOLDER SECONDS      prints what happens, answers every alert with "coming"
 *   minimal send FOLDER CHANNEL TEXT   CHANNEL: a name, an id, or "first"
 *
 * The passphrase is taken from HUECRY_EXAMPLE_PASSPHRASE; a real program asks for it.
 */
#include <huecry/huecry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(int error) {
    fprintf(stderr, "%s %s\n", huecry_error_sentence(error), huecry_error_detail());
    return huecry_error_exit_code(error);
}

/* Text from others goes through huecry_printable before it reaches a terminal. */
static void print(const char *label, const char *text) {
    char *safe = NULL;
    if (huecry_printable(text, 0, &safe) == 0) printf("%s%s", label, safe);
    huecry_free(safe);
}

static int accept_agreement(void *context, const char *partnership, const char *text,
                            uint32_t version) {
    (void)context;
    print("agreement of ", partnership);
    print(": ", text);
    printf(" (version %u)\n", (unsigned)version);
    return 1;
}

static int create(const huecry_options *options, const char *address) {
    huecry_client *client = NULL;
    int error = huecry_create_partnership(options, address, "Example Town", "Corner Shop", NULL,
                                          NULL, &client);
    if (error != 0) return failed(error);

    huecry_invite_request *request = huecry_invite_request_new("security", "Night Guard");
    huecry_invite_request_set_in_person(request, 1);
    huecry_invite *invite = NULL;
    error = huecry_invite_member(client, request, &invite);
    huecry_invite_request_free(request);
    if (error == 0) printf("%s\n", huecry_invite_link(invite));
    huecry_invite_free(invite);
    huecry_client_free(client);
    return error == 0 ? 0 : failed(error);
}

static int join(const huecry_options *options, const char *link) {
    huecry_client *client = NULL;
    const int error = huecry_join(options, link, accept_agreement, NULL, &client);
    if (error != 0) return failed(error);
    printf("joined\n");
    huecry_client_free(client);
    return 0;
}

/* The first channel that this device is in, as new text; NULL when there is none yet. */
static char *first_channel(huecry_client *client) {
    huecry_channels *channels = NULL;
    char *id = NULL;
    if (huecry_list_channels(client, &channels) != 0) return NULL;
    for (size_t i = 0; i < huecry_channels_count(channels) && id == NULL; ++i) {
        const huecry_channel *channel = huecry_channels_at(channels, i);
        if (huecry_channel_joined(channel))
            (void)huecry_find_channel(client, huecry_channel_id(channel), &id);
    }
    huecry_channels_free(channels);
    return id;
}

static int send_alert(huecry_client *client, const char *channel, const char *text) {
    char *id = NULL;
    int error = huecry_sync(client, 10000);
    if (error != 0) return failed(error);
    if (strcmp(channel, "first") == 0) id = first_channel(client);

    huecry_draft *draft = huecry_draft_new(id != NULL ? id : channel);
    huecry_draft_set_category(draft, "theft-in-progress");
    huecry_draft_set_text(draft, text);
    huecry_receipt *receipt = NULL;
    error = huecry_send(client, draft, &receipt);
    huecry_draft_free(draft);
    huecry_free(id);
    if (error != 0) return failed(error);

    huecry_receipt *accepted = NULL;
    error = huecry_wait_accepted(client, huecry_receipt_alert(receipt), 10000, &accepted);
    if (error == 0)
        printf("%s %s, readers: %u\n", huecry_receipt_alert(accepted),
               huecry_receipt_state(accepted), (unsigned)huecry_receipt_readers(accepted));
    huecry_receipt_free(accepted);
    huecry_receipt_free(receipt);
    return error == 0 ? 0 : failed(error);
}

static int listen_for(huecry_client *client, unsigned seconds) {
    uint64_t after = 0;
    int error = huecry_first_unshown(client, &after);
    while (error == 0) {
        huecry_event *event = NULL;
        error = huecry_next_event(client, after, seconds * 1000, &event);
        if (error != 0 || event == NULL) break;
        after = huecry_event_number(event);
        const huecry_alert *alert = huecry_event_alert(event);
        printf("%s", huecry_event_kind(event));
        if (alert != NULL) print(" ", huecry_alert_text(alert));
        if (huecry_event_answer(event)[0] != '\0') printf(" %s", huecry_event_answer(event));
        printf("\n");
        fflush(stdout);
        if (strcmp(huecry_event_kind(event), "alert-received") == 0)
            error = huecry_respond(client, huecry_alert_id(alert), "coming");
        huecry_event_free(event);
        if (error == 0) error = huecry_mark_shown(client, after);
    }
    return error == 0 ? 0 : failed(error);
}

int main(int argc, char **argv) {
    const char *passphrase = getenv("HUECRY_EXAMPLE_PASSPHRASE");
    if (argc < 4 || passphrase == NULL) {
        fprintf(stderr, "usage: minimal create|join|listen|send FOLDER ...\n");
        return 2;
    }
    huecry_options *options = huecry_options_new(argv[2]);
    huecry_options_set_passphrase(options, passphrase, strlen(passphrase));
    huecry_client *client = NULL;
    int code = 2;
    if (strcmp(argv[1], "create") == 0) {
        code = create(options, argv[3]);
    } else if (strcmp(argv[1], "join") == 0) {
        code = join(options, argv[3]);
    } else {
        const int error = huecry_open(options, &client);
        if (error != 0)
            code = failed(error);
        else if (strcmp(argv[1], "send") == 0 && argc == 5)
            code = send_alert(client, argv[3], argv[4]);
        else if (strcmp(argv[1], "listen") == 0)
            code = listen_for(client, (unsigned)strtoul(argv[3], NULL, 10));
        huecry_client_free(client);
    }
    huecry_options_free(options);
    return code;
}
