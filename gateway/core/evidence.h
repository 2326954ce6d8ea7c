/*
 * evidence.h - what was said about one referral between two agencies, as files
 * that verify by themselves (PROTOCOL.md section 15, refer-evidence(5)): their
 * names, their list, and the verdict of a stranger who has nothing else.
 *
 *     README.txt                    begins with EVIDENCE_FIRST_LINE
 *     SHA256SUMS                    of all others, as sha256sum has it
 *     agreement                     MouOffer, with its signatures
 *     cards/<agency>-<serial>.card  SignedCard, armoured
 *     entries/<author>-<generation>-<index>/
 *                                   header, proof.tlog-proof; where shown, salt
 *                                   and content
 *
 * Pure: files are in memory, nothing is asked of a store, a clock or a peer.
 * What is proved is what both keys signed; that an agency id is the agency that
 * one thinks it is, no file can prove.
 */
#ifndef CORE_EVIDENCE_H
#define CORE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/slice.h"
#include "core/port.h"
#include "core/erasure_notice.h"
#include "core/problem.h"
#include "core/referral.h"

/* ---- Files --------------------------------------------------------------- */

struct evidence_file {
    struct slice path; /* from the folder on, with "/" between */
    struct slice bytes;
};

#define EVIDENCE_FIRST_LINE "refer.v1 evidence\n"
#define EVIDENCE_README "README.txt"
#define EVIDENCE_SUMS "SHA256SUMS"
#define EVIDENCE_AGREEMENT "agreement"
#define EVIDENCE_CARDS "cards/"
#define EVIDENCE_ENTRIES "entries/"

/* Where an entry is: which ledger, which place in it. */
struct evidence_place {
    struct agency_id author;
    uint64_t generation;
    uint64_t index;
};

enum evidence_part {
    EVIDENCE_CONTENT,
    EVIDENCE_HEADER,
    EVIDENCE_PROOF,
    EVIDENCE_SALT,
    EVIDENCE_PART_COUNT
};

/* entries/, 26 characters, 16 digits, 20 digits, the name of a part */
#define EVIDENCE_PATH_SIZE 96

/* Zero-terminated. Returns a slice of `path`. */
struct slice evidence_entry_path(const struct evidence_place *place,
    enum evidence_part part, char path[EVIDENCE_PATH_SIZE]);
struct slice evidence_card_path(const struct agency_id *agency, uint64_t serial,
    char path[EVIDENCE_PATH_SIZE]);

/* ERR_MALFORMED when the path is none that the functions above make. */
MUST_USE enum err evidence_entry_path_read(
    struct slice path, struct evidence_place *place, enum evidence_part *part);
MUST_USE enum err evidence_card_path_read(
    struct slice path, struct agency_id *agency, uint64_t *serial);

/* Byte order of paths, the order of every list of files. */
int evidence_path_compare(struct slice a, struct slice b);

/* SHA256SUMS of these files, which must stand in the order of their paths. A
 * file of that name is passed over. SLICE_NONE when the arena is full. */
struct slice evidence_sums_write(struct crypto *crypto,
    const struct evidence_file *files, size_t count, struct arena *arena);

/* The next line off the front of *rest; ERR_MALFORMED when it is none. */
MUST_USE enum err evidence_sums_next(
    struct slice *rest, uint8_t digest[HASH_SIZE], struct slice *path);

/* ---- The verdict --------------------------------------------------------- */

/* What the recipient said of an event. */
enum evidence_verdict {
    EVIDENCE_UNANSWERED, /* received; no answer is among the files */
    EVIDENCE_HELD,
    EVIDENCE_REFUSED,
    EVIDENCE_ABSENT, /* it came without its content */
    EVIDENCE_VERDICT_COUNT
};

const char *evidence_verdict_name(enum evidence_verdict verdict);
/* The same of a notice of erasure: "erased", "kept". */
const char *evidence_erasure_name(enum evidence_verdict verdict);

/* An event, or a notice of erasure: its place, time and receipt are proved. */
struct evidence_event {
    struct evidence_place place;
    struct agency_id recipient;
    struct instant at;   /* by the author's clock */
    uint64_t cosigned_s; /* by the recipient's, Unix seconds; received before */
    bool is_shown;       /* salt and content are there and are its own */
    enum referral_event_type type; /* NONE: not shown, or in no known form */
    enum actor_kind actor;
    bool is_erasure;            /* a notice of erasure; of no type */
    enum erasure_reason reason; /* NONE: not shown, or in no known form */
    struct slice elements;      /* that it is about, "a b c"; empty: all */
    enum evidence_verdict verdict;
    enum problem problem; /* of REFUSED, with clause and remedy */
    struct slice clause;
    struct slice remedy;
    enum referral_state state; /* after it, says the answer; UNKNOWN: nothing */
    uint64_t answer_index;     /* in the recipient's ledger, if answered */
    struct instant answered;   /* by the recipient's clock */
};

struct evidence_agency {
    struct agency_id id;
    struct slice name;    /* of the newest card here */
    uint64_t card_serial; /* of that card */
};

struct evidence_finding {
    struct slice path;
    const char *what;   /* static storage */
    const char *remedy; /* the same */
    bool is_failure;    /* else only to be known */
};

#define EVIDENCE_FINDING_COUNT_MAX 64

struct evidence_report {
    struct evidence_agency agencies[2];
    size_t agency_count;
    bool has_referral; /* some event is shown */
    struct uuid referral;
    bool has_agreement; /* it is here, with all signatures it requires */
    struct mou_id agreement;
    struct slice agreement_title;
    struct evidence_event *events; /* in the order of their times */
    size_t event_count;
    struct evidence_finding findings[EVIDENCE_FINDING_COUNT_MAX];
    size_t finding_count;
    size_t failure_count; /* also of those that found no room */
};

/*
 * Verifies everything that the files say. They must stand in the order of
 * their paths. Results live in `arena` and borrow from the files; `scratch` is
 * rewound. ERR_NO_MEMORY when one of the two is full; what is wrong with the
 * files is in the report: no failure, and each event of it is proved.
 */
MUST_USE enum err evidence_verify(struct crypto *crypto,
    const struct evidence_file *files, size_t count, struct arena *arena,
    struct arena *scratch, struct evidence_report *report);

#endif
