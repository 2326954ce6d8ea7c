/*
 * limits.h - every bound of the gateway, with its reason. Reaching one is a
 * defined error and loses nothing. What an operator may change is a key of
 * referd.yaml whose default stands here.
 */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

/* ---- Ledgers and parcels (PROTOCOL.md states them too) ---- */

/* A page of text with structure fits a hundred times; a scan does not: that
 * is what attachments are for. */
#define CONTENT_SIZE_MAX (256u * 1024)
/* The signature and two disk flushes of a parcel are shared by this many;
 * beyond it the gain is under a hundredth. */
#define PARCEL_ENTRY_COUNT_MAX 1024u
/* Items of one answer: no parcel needs more. */
#define ANSWER_ITEM_COUNT_MAX PARCEL_ENTRY_COUNT_MAX
/* A new parcel leaves so long after the one before, or when so many entries
 * wait: a program that hands over one by one gets a parcel for several. */
#define PARCEL_GAP_MS 5u
#define PARCEL_SMALL_COUNT 64u
/* So long answers alone wait for a commit that comes anyway. */
#define ANSWERS_WAIT_MS 2u
/* With its framing a parcel fits the largest padding step. Two of half the size
 * cost some tenth more time in bulk; twice as much would save a twentieth, for
 * twice the memory. */
#define PARCEL_SIZE_MAX (2048u * 1024)
/* With what stands around it each fills a padding step. The first is for a line
 * of which nothing is known yet: with 18 kbit/s it is there within
 * REQUEST_TIMEOUT_MS. */
#define PARCEL_SIZE_LIST                                                       \
    62u * 1024, 254u * 1024, PARCEL_SIZE_MAX / 2, PARCEL_SIZE_MAX
/* A parcel that took no longer lets the next be larger: by four times at most,
 * so that this one is not slow. After a slow one it is smaller. */
#define PARCEL_QUICK_MS 1000
#define PARCEL_SLOW_MS (4 * PARCEL_QUICK_MS)
/* A request or reply as plaintext before padding: a parcel and room for what
 * stands around it. */
#define MESSAGE_SIZE_MAX (2048u * 1024 + 128u * 1024)
/* A Deliver leaves room for the cosignature that stands in a Fetched. */
#define DELIVER_SIZE_MAX (MESSAGE_SIZE_MAX - NOTE_SIZE_MAX)
/* The same sealed and enveloped, as a frame's body. */
#define FRAME_SIZE_MAX (MESSAGE_SIZE_MAX + 1024u)
/* Parcels in one reply to a Fetch, so that a step stays short: each has two
 * signatures to verify. */
#define FETCHED_PARCEL_COUNT_MAX 256u
/* Bytes of them that are asked for, and given: a step of some milliseconds. */
#define FETCH_SIZE_MAX (1024u * 1024)
/* What one agency may take back at once, and how fast it may go on: a day's
 * work of a large one in a minute, and no way to keep our disk busy. */
#define FETCH_BURST_SIZE (64u * 1024 * 1024)
#define FETCH_BYTES_PER_MS 4096u
/* Entries that a recovery takes up in one batch, so that others get their
 * turn. */
#define FOLD_ENTRY_COUNT 256u
/* An entry's header: kind, time, digest. */
#define HEADER_SIZE_MAX 64u
/* Checkpoint, author's signature, one cosignature. */
#define NOTE_SIZE_MAX 1024u

/* ---- Documents ---- */

/* Cards travel in every Head. */
#define CARD_SIZE_MAX (32u * 1024)
/* The same with its signature; key sheets too. */
#define SIGNED_CARD_SIZE_MAX (CARD_SIZE_MAX + 128u)
/* A card to be signed, and the one that it follows. */
#define CARD_REQUEST_SIZE_MAX (2u * SIGNED_CARD_SIZE_MAX)
/* Ledgers whose end a revocation names: they fit the size of a card. */
#define REVOCATION_END_COUNT_MAX 256u
#define CARD_ENDPOINT_COUNT_MAX 8u
#define CARD_KEY_COUNT_MAX 32u
#define CARD_CONTACT_COUNT_MAX 16u
/* 14 days ahead, 7 days back, and a margin. */
#define SHEET_KEY_COUNT_MAX 32u
/* An MOU is read by people; one this long is not. */
#define MOU_SIZE_MAX CONTENT_SIZE_MAX
/* Not yet in force, of one agency: it has a few drafts at a time. */
#define MOU_OFFER_COUNT_MAX 32u
#define MOU_PARTY_COUNT_MAX 64u
#define MOU_SERVICE_COUNT_MAX 256u
#define MOU_PATHWAY_COUNT_MAX 2048u
#define MOU_PURPOSE_COUNT_MAX 128u
#define MOU_ELEMENT_COUNT_MAX 128u /* in one list */
/* A referral passed on more often than this is a person sent around. */
#define MOU_HOP_COUNT_MAX 8u
/* Ten years: what someone agreed to longer ago, they are asked again. */
#define MOU_CONSENT_DAYS_MAX 3650u

/* The same of what was said about them. */
#define MOU_RETENTION_DAYS_MAX 3650u

/* ---- Referrals ---- */

#define REFERRAL_ELEMENT_COUNT_MAX 128u
#define REFERRAL_DETAIL_COUNT_MAX 32u
#define REFERRAL_GRANT_COUNT_MAX 32u
/* Steps of one referral: years of monthly notes; the row stays one page. */
#define REFERRAL_EVENT_COUNT_MAX 448u
/* What of a referral is sealed anew where one element of it is erased: a step
 * has room for it. Of a larger one only all can be erased; where our words go
 * because they are held no longer, the rest is sealed in parts (hold.h). */
#define ERASE_SIZE_MAX (4u * 1024 * 1024)
/* Parcels that are looked through for an entry whose time does not say where it
 * is: a clock went back, or a store was put back. */
#define ERASE_SEARCH_PARCEL_COUNT 256u
/* Referrals that are looked at in one request for what was said of a person,
 * and contents that are opened then. */
#define ERASE_FIND_REFERRAL_COUNT 256u
#define ERASE_FIND_CONTENT_COUNT 512u
/* Referrals that the agreement's retention erases in one batch, so that others
 * get their turn. */
#define RETENTION_REFERRAL_COUNT 64u
/* Referrals that have ended and are looked at in one batch, whether the other
 * agency took our words: rows; and those that we let go of our words of. */
#define HOLD_LOOK_COUNT 256u
#define HOLD_REFERRAL_COUNT 64u
/* How long an agency keeps its own words after that: a gateway that lost its
 * disk over long holidays has to find out; and longer than agreements may ask
 * for is no time of keeping. */
#define HOLD_DAYS 30u
#define HOLD_DAYS_MIN 7u
#define HOLD_DAYS_MAX MOU_RETENTION_DAYS_MAX
/* How often a peer is asked how far its programs are, where nothing else is
 * said that would tell. */
#define MARK_ASK_MS (24u * 60 * 60 * 1000)
#define REASON_PLAIN_SIZE_MAX 2000u /* 500 characters in any script */
/* What ask_back short_note lets back: as long as a reason. */
#define SHORT_NOTE_SIZE_MAX REASON_PLAIN_SIZE_MAX
/* Two clocks further apart are a fault: no time ahead of ours by more. */
#define CLOCK_SKEW_MS_MAX (5u * 60 * 1000)
#define VALUE_SIZE_MAX (64u * 1024) /* of one element or detail */
#define CODE_SIZE_MAX 64u           /* codes, ids inside an MOU, key names */
#define NAME_SIZE_MAX 256u          /* names people gave */
#define IDEMPOTENCY_KEY_SIZE_MAX 64u

/* ---- One step, one batch ---- */

/* Inputs in one transaction: latency of the first against work shared. */
#define BATCH_INPUT_COUNT_MAX 256u
#define BATCH_INPUT_SIZE_MAX (4u * 1024 * 1024)
/* Memory of a batch: inputs as structures, outputs, parcels under way. */
#define BATCH_ARENA_SIZE (64u * 1024 * 1024)
/* Structures that one foreign message may unfold into; protobuf-c makes up to
 * 96 bytes of one. Beside a batch of them, which unfold one by one. */
#define DECODE_ARENA_SIZE                                                      \
    (8u * 1024 * 1024 + LOCAL_BATCH_SIZE_MAX + 4096u * 512)

/* A configuration, our card and those before it; two while one is reloaded. */
#define SETTINGS_ARENA_SIZE (8u * 1024 * 1024)
/* What the process takes before anybody says a word: stacks of its threads,
 * contexts of OpenSSL, nng's threads, tables. */
#define PROCESS_SIZE_MAX (24u * 1024 * 1024)
/* Of what comes from the heap, so much more is lost between its blocks. */
#define HEAP_LOSS_DIVISOR 8u
/* Blocks so large are given back to the kernel when they are freed: to get and
 * clear the pages of each message again took an eighth of a gateway's processor
 * time. */
#define HEAP_MAPPED_SIZE_MIN (4u * 1024 * 1024)
/* So many heaps there are for the threads, and each keeps so much that is free
 * at its end; of more, half. The blocks of two parcels: to get and clear their
 * pages again for each took a seventh of a gateway's processor time. */
#define HEAP_COUNT_MAX 4u
#define HEAP_KEPT_SIZE (8u * 1024 * 1024)
/* For the life of the node: peers, its card, every key sheet it ever made. */
#define NODE_MEMORY_SIZE (64u * 1024 * 1024)
/* What waits for the core thread: a few batches; more would only be memory and
 * delay. The last one may be large. */
#define INBOX_COUNT_MAX 1024u
#define INBOX_SIZE_MAX (16u * 1024 * 1024)

/* ---- Stores ---- */

/* A transaction that takes so much memory, for what it read and what it
 * changes, takes no more inputs: the rest goes into the next. */
#define STORE_TXN_SIZE_MAX (32u * 1024 * 1024)
/* What the last of them may add: the longest referral is erased, and each of
 * its contents is in another blob, which is written again. */
#define STORE_STEP_SIZE_MAX                                                    \
    (REFERRAL_EVENT_COUNT_MAX * (CONTENT_BLOB_SIZE_MAX + 8u * 1024))

/* Several contents share a blob up to this: reading one content checks the blob
 * that it is in, erasing one writes it again. */
#define CONTENT_BLOB_SIZE_MAX (128u * 1024)

/* Keys of programs that wait until they are written sorted, by which a step
 * takes some ten milliseconds once: 1.4 MiB. */
#define REPEAT_RUN_COUNT 16384u
/* Eight such runs each, 256 KiB: of some 8 million keys it is known without a
 * look at the store where they may be. */
#define REPEAT_FILTER_GROUP_COUNT_MAX 64u

/* A program that asks again after so long, when what it said was erased
 * meanwhile, means something else: a day is longer than any outage that
 * programs wait through. */
#define REPEAT_BLIND_MS (INT64_C(24) * 60 * 60 * 1000)

/* This part of the node's memory keeps contents that are to be sent or read
 * soon: of 64 MiB, what fills several parcels. */
#define CONTENT_RECENT_PART 4u

/* Above these shares of the store new referrals, then foreign parcels and steps
 * are refused (retryable); the rest is for what must still go through: answers,
 * withdrawals, cosignatures. It must hold what one batch can add. */
#define STORE_INTAKE_PERCENT_MAX 80u
#define STORE_RECEIVE_PERCENT_MAX 90u

/* ---- Peers ---- */

#define PEER_COUNT_MAX 8192u /* thousands, for a national hub */
/* Cards that strangers sent and no operator has looked at yet. Invited ones do
 * not count, and are never pushed out. */
#define INTRODUCED_COUNT_MAX 64u
/* A code of 100 bits, for one agency, that was told outside the network. */
#define INVITATION_SIZE 20u
#define INVITATION_COUNT_MAX 256u
#define INVITATION_HOURS_MAX (30u * 24)
#define RETRY_DELAY_MS_MIN 1000u
#define RETRY_DELAY_MS_MAX (5u * 60 * 1000)
#define REQUEST_TIMEOUT_MS 30000u
/* Who is revoked says so again: another that lost its store takes the card from
 * paper, and nobody else would tell it. Rare enough for those who know. */
#define REVOCATION_AGAIN_MS (60u * 60 * 1000)
/* How long an agency that only dials out lets the other wait for something to
 * hand over, and how long we let it: home routers forget a quiet connection. */
#define COLLECT_WAIT_MS (4u * 60 * 1000)
#define COLLECT_WAIT_MS_MAX (5u * 60 * 1000)

/* ---- The transport between gateways ---- */

/* From accept to authenticated; a slow line needs one of them. */
#define HANDSHAKE_MS_MAX 5000u
/* Without a frame, inside one frame, or without room for ours. */
#define CONNECTION_IDLE_MS_MAX 60000u
/* A Collect waits up to 5 minutes; and one for the way. */
#define REPLY_MS_MAX (6u * 60 * 1000)
/* Accepted connections: of hundreds of agencies, quiet ones of which end after
 * CONNECTION_IDLE_MS_MAX. A national hub sets more. */
#define CONNECTION_COUNT_MAX 512u
/* Each keeps its place for a tenth of HANDSHAKE_MS_MAX: 512 a second get
 * theirs, about what two cores can shake hands with. */
#define HALF_OPEN_COUNT_MAX 256u
/* Agencies may share an address; nobody needs more at once. */
#define HALF_OPEN_PER_ADDRESS_COUNT_MAX 32u
/* One, one that the other end has not yet noticed dead, and a margin. */
#define CONNECTION_PER_PEER_COUNT_MAX 4u
/* What someone without a card may say: a card, padded to 16 KiB, sealed. */
#define STRANGER_FRAME_SIZE_MAX (17u * 1024)
/* Unanswered requests of one connection: parcels of two lanes each way,
 * Collect, Head, Fetch, and a margin. */
#define CONNECTION_REQUEST_COUNT_MAX 32u
/* Peers that are dialed at a time: one that has been quiet makes room. */
#define DIALED_COUNT_MAX 512u
/* Bytes waiting for one peer to read them. */
#define CONNECTION_QUEUE_SIZE_MAX (4u * FRAME_SIZE_MAX)
/* TLS keys by which one peer is known: now, next, and a margin. */
#define PEER_TLS_KEY_COUNT_MAX 8u
/* All that connections hold of frames, both ways. */
#define TRANSPORT_MEMORY_SIZE_MAX (48u * 1024 * 1024)
/* Beside that: what a few of them receive and send at once (peers_nng_state.h),
 * where it is more than a record. */
#define TRANSPORT_LARGE_SIZE_MAX (20u * 1024 * 1024)
/* What a connection holds beside frames: itself, nng's part, TLS in its
 * handshake or with half a record, what it received and did not read yet, and
 * the record that is being sent. Idle ones hold about 36 KiB. */
#define CONNECTION_SIZE_MAX (64u * 1024)
/* What is known of an agency that is dialed, with a dialer for each of its
 * endpoints. */
#define LINK_SIZE_MAX (16u * 1024)
/* Of an accepted agency's card: endpoints and public keys. */
#define DIRECTORY_ENTRY_SIZE_MAX (5u * 1024)

/* ---- Opening and sealing ---- */

#define WORKER_COUNT 2u
/* Sealing the largest message takes one copy of it; the rest is for what a card
 * or a Head in one that is opened unfolds into. */
#define WORKER_ARENA_SIZE (8u * 1024 * 1024)
/* Requests of all peers that wait to be opened; beyond it they are told to come
 * later. One alone gets half: all that CONNECTION_PER_PEER_COUNT_MAX ask, but
 * of bytes a quarter. */
#define OPEN_COUNT_MAX 512u
#define OPEN_SIZE_MAX (16u * 1024 * 1024)
/* Replies to ours: one request at a time is under way to each peer, and few of
 * the replies are large. */
#define OPEN_REPLY_SIZE_MAX (8u * 1024 * 1024)
/* What one batch may have to say, but for floods; of replies, a quarter to one
 * connection. */
#define SEAL_REPLY_SIZE_MAX (16u * 1024 * 1024)
#define SEAL_REQUEST_SIZE_MAX (32u * 1024 * 1024)

/* ---- Listing ---- */

/* Referrals that one request looks at for those that are asked for. */
#define LIST_LOOK_COUNT_MAX 4096u

/* ---- Verifying ledgers ---- */

/* Of one request, some ten milliseconds: each entry counts one, and one more
 * for so many bytes of its content; the end of a ledger, with its tree and
 * signatures, as so many entries. */
#define VERIFY_EFFORT_MAX 1024u
#define VERIFY_SIZE_OF_EFFORT 4096u
#define VERIFY_EFFORT_OF_NOTE 16u

/* ---- Erasing ---- */

/* Entries of the vault that go in one batch, after a loss: 32 KiB. */
#define ERASURE_PIECE_COUNT 1024u

/* ---- Looking at the store ---- */

/* After the start, so that what waited goes first. */
#define PATROL_FIRST_MS INT64_C(600000)
/* Between two pieces, which take some milliseconds: some hundredths of the core
 * thread, and a million rows in some minutes. */
#define PATROL_PAUSE_MS 100
/* How far a check is is written after so many pieces: once in some seconds. */
#define PATROL_KEEP_COUNT 64u
/* Damaged rows that one look for a row passes over. */
#define AGAIN_COUNT_MAX 64u
/* After something was mended; or where somebody waits for it. */
#define PATROL_AGAIN_MS 60000
/* Lines of a check in the log; its last one has the number. */
#define PATROL_TOLD_COUNT_MAX 16u
/* Damaged segments that are still spoken of; beyond, none is taken away. */
#define PATROL_SEGMENT_COUNT_MAX 256u
/* Parcels of a check that are fetched anew; the next check finds the rest. */
#define MEND_COUNT_MAX 64u
/* How often one that only dials out is asked to bring a parcel. */
#define MEND_TRY_COUNT_MAX 3u

/* ---- Local clients ---- */

/* A request or a reply. The largest referral has a quarter of a MiB. */
#define LOCAL_FRAME_SIZE_MAX (2u * 1024 * 1024)
/* Referrals handed over in one request: four parcels full of small ones. More
 * would only make the others wait, and the reply outgrow a frame. */
#define LOCAL_BATCH_COUNT_MAX 4096u
/* That request: 2,048 referrals of 2 KiB, and as much for the names of their
 * fields. It is in memory about six times on its way to the disk. */
#define LOCAL_BATCH_SIZE_MAX (8u * 1024 * 1024)
/* Frames above LOCAL_LARGE_SIZE_MIN that are being read, of one user and of
 * all: the rest waits in the kernel. The largest of each of three users; what
 * was read waits in the inbox. */
#define LOCAL_LARGE_SIZE_MIN (64u * 1024)
#define LOCAL_READING_SIZE_MAX_PER_USER LOCAL_BATCH_SIZE_MAX
#define LOCAL_READING_SIZE_MAX (3u * LOCAL_READING_SIZE_MAX_PER_USER)
#define LOCAL_FIELD_COUNT_MAX 4096u /* of one request, records included */
/* Names are compared each with each. The longest record has two dozen. */
#define LOCAL_RECORD_FIELD_COUNT_MAX 64u
#define LOCAL_CLIENT_COUNT_MAX 256u
/* One program that leaks its connections must not shut the others out. */
#define LOCAL_CLIENT_COUNT_MAX_PER_USER 64u
/* Requests of one client without a reply: a few cursors and a batch. */
#define LOCAL_OUTSTANDING_COUNT_MAX 64u
/* Replies that a client has not read: the largest, and room behind it. */
#define LOCAL_BACKLOG_SIZE_MAX (4u * 1024 * 1024)
/* The same of all that leave more than LOCAL_LARGE_SIZE_MIN: the largest reply
 * to each of a dozen programs. Beyond it, who has read longest ago goes. */
#define LOCAL_UNREAD_SIZE_MAX (24u * 1024 * 1024)
/* For one frame to get through, once begun: a busy machine, not a dead one. */
#define LOCAL_FRAME_MS_MAX 30000u
#define LOCAL_WAIT_MS_MAX 60000u  /* one wait for the next event */
#define LOCAL_PAGE_COUNT_MAX 256u /* records of a listing in one reply */
#define CURSOR_COUNT_MAX 256u
/* Leaf hashes in one reply: 128 KiB, some milliseconds of the core thread. */
#define EVIDENCE_SPAN_COUNT_MAX 4096u

#endif
