/* SPDX-License-Identifier: MIT */
/*
 * net.c: a receiver of packets that copies them, in batches, out of the sender's pages.
 *
 * The sender has a buffer of pages that it grants read-only, and puts packets into it one behind
 * the other, each a header and a payload at some offset. The receiver copies them into pages of
 * its own, one behind the other as well. A copy must not cross the end of a page on either side,
 * so what does is split.
 */

#include <stdlib.h>
#include <string.h>

#include "guest.h"

enum {
    BATCH = 64,                 /* Copies in one call. */
    BUFFER_PAGES = 24,
    BUFFER = BUFFER_PAGES * PAGE,
    PAYLOAD = 6000,             /* The most bytes of one. */
    ROUND = 64,                 /* The most packets in the buffer. */
};

/* A part of a packet in the sender's buffer. */
struct piece {
    uint32_t start, length;
};

/* What the sender tells of a packet. */
struct packet {
    struct piece header, payload;
};

/* A packet's header. */
struct header {
    uint32_t number;
    uint32_t length;
    uint32_t checksum;
};

static uint32_t checksum(uint32_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

/* A buffer of pages that follow on each other in a packet's eyes only. */
struct buffer {
    uint8_t *pages[BUFFER_PAGES];
    uint32_t used;
};

static bool buffer_start(struct buffer *buffer, struct guest *guest)
{
    for (unsigned i = 0; i < BUFFER_PAGES; i++) {
        buffer->pages[i] = guest_page(guest);
        if (!buffer->pages[i])
            return false;
    }
    return true;
}

/* How many bytes there are, up to some, before a page ends. */
static uint32_t up_to_page_end(uint32_t start, uint32_t length)
{
    uint32_t room = PAGE - start % PAGE;

    return length < room ? length : room;
}

/* The sender */

struct sender {
    struct guest guest;
    struct trial *trial;
    struct buffer buffer;
    grant_ref_t refs[BUFFER_PAGES];
    uint32_t sent;
};

static struct piece sender_put(struct sender *sender, const void *bytes, uint32_t length)
{
    struct buffer *buffer = &sender->buffer;
    struct piece piece = {buffer->used, length};
    const uint8_t *from = bytes;

    while (length) {
        uint32_t part = up_to_page_end(buffer->used, length);

        memcpy(buffer->pages[buffer->used / PAGE] + buffer->used % PAGE, from, part);
        buffer->used += part;
        from += part;
        length -= part;
    }
    return piece;
}

/* Put one packet into the buffer. */
static struct packet sender_send(struct sender *sender)
{
    struct header header = {.number = sender->sent++};
    uint8_t payload[PAYLOAD];
    struct packet packet;

    header.length = 1 + trial_random(sender->trial, PAYLOAD);
    for (uint32_t i = 0; i < header.length; i++)
        payload[i] = (uint8_t)trial_random(sender->trial, 256);
    header.checksum = checksum(header.number, payload, header.length);
    packet.header = sender_put(sender, &header, sizeof(header));
    packet.payload = sender_put(sender, payload, header.length);
    return packet;
}

static bool sender_has_room(const struct sender *sender)
{
    return sender->buffer.used + sizeof(struct header) + PAYLOAD <= BUFFER;
}

/* The receiver */

struct arrival {
    struct packet packet;
    uint32_t start;             /* Where it is here. */
    int status;                 /* Of its copies: the last that is not okay. */
};

struct receiver {
    struct guest guest;
    domid_t peer;
    const grant_ref_t *refs;    /* Of the sender's buffer. */
    struct buffer buffer;
    struct gnttab_copy copies[BATCH];
    struct arrival *whose[BATCH];
    unsigned pending;           /* Copies that were not made yet. */
};

static void receiver_flush(struct receiver *receiver)
{
    guest_copy(&receiver->guest, receiver->copies, receiver->pending);
    for (unsigned i = 0; i < receiver->pending; i++)
        if (receiver->copies[i].status != GNTST_okay)
            receiver->whose[i]->status = receiver->copies[i].status;
    receiver->pending = 0;
}

/* Have a piece copied behind what is there already. */
static void receiver_copy(struct receiver *receiver, struct piece piece, struct arrival *whose)
{
    struct buffer *buffer = &receiver->buffer;

    while (piece.length) {
        uint32_t part = up_to_page_end(piece.start, up_to_page_end(buffer->used, piece.length));

        receiver->whose[receiver->pending] = whose;
        receiver->copies[receiver->pending++] = (struct gnttab_copy){
            .source.u.ref = receiver->refs[piece.start / PAGE],
            .source.domid = receiver->peer,
            .source.offset = (uint16_t)(piece.start % PAGE),
            .dest.u.gmfn = guest_frame(&receiver->guest, buffer->pages[buffer->used / PAGE]),
            .dest.domid = DOMID_SELF,
            .dest.offset = (uint16_t)(buffer->used % PAGE),
            .len = (uint16_t)part,
            .flags = GNTCOPY_source_gref,
            .status = GNTST_general_error,
        };
        buffer->used += part;
        piece.start += part;
        piece.length -= part;
        if (receiver->pending == BATCH)
            receiver_flush(receiver);
    }
}

static void receiver_get(const struct receiver *receiver, uint32_t start, void *bytes,
                         uint32_t length)
{
    uint8_t *to = bytes;

    while (length) {
        uint32_t part = up_to_page_end(start, length);

        memcpy(to, receiver->buffer.pages[start / PAGE] + start % PAGE, part);
        start += part;
        to += part;
        length -= part;
    }
}

/* Look at a packet that is here. */
static void receiver_check(struct receiver *receiver, const struct arrival *arrival,
                           uint32_t number)
{
    struct header header;
    uint8_t payload[PAYLOAD];

    receiver_get(receiver, arrival->start, &header, sizeof(header));
    if (header.number != number || header.length != arrival->packet.payload.length) {
        wrong("packet %u has the header of another", number);
        return;
    }
    receiver_get(receiver, arrival->start + (uint32_t)sizeof(header), payload, header.length);
    if (checksum(header.number, payload, header.length) != header.checksum)
        wrong("packet %u came with other bytes than were sent", number);
}

static void receiver_round(struct receiver *receiver, const struct packet *packets,
                           unsigned count, uint32_t first, struct trial *trial)
{
    struct arrival arrivals[ROUND];

    receiver->buffer.used = 0;
    for (unsigned i = 0; i < count; i++) {
        arrivals[i] = (struct arrival){packets[i], receiver->buffer.used, GNTST_okay};
        receiver_copy(receiver, packets[i].header, &arrivals[i]);
        receiver_copy(receiver, packets[i].payload, &arrivals[i]);
    }
    receiver_flush(receiver);
    for (unsigned i = 0; i < count; i++) {
        if (arrivals[i].status == GNTST_okay) {
            receiver_check(receiver, &arrivals[i], first + i);
            trial->done++;
        } else {
            if (!trial_expects(arrivals[i].status))
                wrong("packet %u: a copy gives %d", first + i, arrivals[i].status);
            trial->failed++;
        }
    }
}

/* Both */

static void run_round(struct sender *sender, struct receiver *receiver, unsigned most)
{
    struct packet packets[ROUND];
    uint32_t first = sender->sent;
    unsigned count = 0;

    sender->buffer.used = trial_random(sender->trial, PAGE);
    while (count < most && count < ROUND && sender_has_room(sender))
        packets[count++] = sender_send(sender);
    receiver_round(receiver, packets, count, first, sender->trial);
}

static void run_pair(struct sender *sender, struct receiver *receiver)
{
    struct trial *trial = sender->trial;

    receiver->peer = sender->guest.domid;
    receiver->refs = sender->refs;
    if (!buffer_start(&sender->buffer, &sender->guest) ||
        !buffer_start(&receiver->buffer, &receiver->guest)) {
        wrong("too few pages");
        return;
    }
    for (unsigned i = 0; i < BUFFER_PAGES; i++) {
        sender->refs[i] = grant_page(&sender->guest, receiver->guest.domid,
                                     sender->buffer.pages[i], GTF_readonly);
        if (sender->refs[i] == NO_REF)
            wrong("the table is full");
    }
    while (trial->done + trial->failed < trial->amount)
        run_round(sender, receiver, trial->amount - trial->done - trial->failed);
    for (unsigned i = 0; i < BUFFER_PAGES; i++)
        if (!grant_end(&sender->guest, sender->refs[i]))
            wrong("grant %u is in use after the copies", sender->refs[i]);
}

static void run_net(struct trial *trial)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    struct receiver *receiver = calloc(1, sizeof(*receiver));

    if (!sender || !receiver) {
        wrong("no memory");
    } else if (guest_start(&sender->guest, BUFFER_PAGES) == GNTST_okay) {
        if (guest_start(&receiver->guest, BUFFER_PAGES) == GNTST_okay) {
            sender->trial = trial;
            run_pair(sender, receiver);
            guest_end(&receiver->guest);
        }
        guest_end(&sender->guest);
    }
    trial->skipped = trial->amount - trial->done - trial->failed;
    free(sender);
    free(receiver);
}

const struct driver driver = {
    .name = "net",
    .run = run_net,
    .amount = 200,
    .sweep_amount = 5,
    .ops = {GNTTABOP_query_size, GNTTABOP_setup_table, GNTTABOP_copy},
    .op_count = 3,
};
