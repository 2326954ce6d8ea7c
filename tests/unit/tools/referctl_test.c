/* Whole command lines against a scripted gateway. "~" is a blank inside a
 * word; scripted_gateway.h says how requests are written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "scripted_gateway.h"

#define HOSPITAL "abbbbbbbbbbbbbbbbbbbbbbbbb"
#define OWN_CARD                                                               \
    {                                                                          \
        "card.show", "",                                                       \
            "| card agency=aaaaaaaaaaaaaaaaaaaaaaaaaa name=Open~Door", 0,      \
            NULL, NULL, NULL, NULL                                             \
    }
#define PEERS                                                                  \
    {                                                                          \
        "peer.list", "",                                                       \
            "| peer agency=" HOSPITAL " name=City~TB~Hospital state=accepted " \
            "settled=?yes queued=#0 unanswered=#2",                            \
            0, NULL, NULL, NULL, NULL                                          \
    }
#define REFERRAL "urn:uuid:0190b2c4-0000-7000-8000-000000000001"
#define EXCHANGE_COUNT_MAX 9

static const struct row {
    const char *command_line;
    struct exchange script[EXCHANGE_COUNT_MAX];
    enum exit_code code;
    const char *out; /* a part of it; NULL: there is none */
    const char *err;
} rows[] = {
    /* clang-format off */
    { "referctl peer list", { PEERS }, EXIT_CODE_DONE,
      HOSPITAL "\tCity TB Hospital\taccepted\tyes\t0\t2\t\t\t\t\n", NULL },
    { "referctl --json peer list", { PEERS }, EXIT_CODE_DONE,
      "\"unanswered\": 2", NULL },
    { "referctl peer list --json", { PEERS }, EXIT_CODE_DONE,
      "\"unanswered\": 2", NULL },
    { "referctl card show city~tb~HOSPITAL",
      { OWN_CARD, PEERS,
        { "card.show", "agency=" HOSPITAL,
          "| card agency=" HOSPITAL " name=City~TB~Hospital serial=#3 "
          "| endpoint url=tls+tcp://h:1", 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "tls+tcp://h:1\n", NULL },
    { "referctl card show nobody", { OWN_CARD, PEERS }, EXIT_CODE_NOT_FOUND,
      NULL, "referctl: there is no agency \"nobody\" here\n"
            "remedy: referctl peer list\n" },
    { "referctl card accept ab --safety-number 12345-12345~12345~12345~12345~"
      "12345~12345~12345~12345~12345~12345~12345",
      { OWN_CARD, PEERS,
        { "card.accept", "agency=" HOSPITAL " safety_number=12345~12345~12345~"
          "12345~12345~12345~12345~12345~12345~12345~12345~12345",
          "| card agency=" HOSPITAL " state=accepted", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "state\taccepted\n", NULL },
    { "referctl card accept ab --safety-number 12345", { { 0 } },
      EXIT_CODE_USAGE, NULL, "not 60 digits" },
    { "referctl card accept " HOSPITAL,
      { { "card.accept", "agency=" HOSPITAL, NULL, EXIT_CODE_REFUSED,
          "the safety number differs", NULL, "safety_number",
          "phone them again" } },
      EXIT_CODE_REFUSED, NULL,
      "referctl: the safety number differs (at safety_number)\n"
      "remedy: phone them again\n" },
    { "referctl referral act 0190b accept offer=2026-12-02~09:00 "
      "--element language=ru --role intake_nurse -k visit-1",
      { { "list", "count=#256",
          "| referral id=" REFERRAL " | referral id=urn:uuid:0290", 0, NULL,
          NULL, NULL, NULL },
        { "list", "count=#256 after=urn:uuid:0290", NULL, 0, NULL, NULL, NULL,
          NULL },
        { "act", "id=" REFERRAL " step=accept key=visit-1 role=intake_nurse "
          "| detail name=offer value=2026-12-02~09:00 "
          "| element code=language value=ru",
          NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_UNREACHABLE, NULL, "holds no referral" },
    { "referctl referral act " REFERRAL " acknowledge --actor person",
      { { "act", "id=" REFERRAL " step=acknowledge key=* actor=person",
          "| referral id=" REFERRAL " state=handed_back pending=?yes", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE, "pending\tyes\nkey\t", NULL },
    { "referctl referral act " REFERRAL " start -k k1",
      { { "act", "key=k1", NULL, EXIT_CODE_UNREACHABLE, "no answer in time",
          NULL, NULL, NULL } },
      EXIT_CODE_UNREACHABLE, NULL, "repeat the command with --key k1" },
    { "referctl referral act " REFERRAL " accept -k k1",
      { { "act", "key=k1", NULL, EXIT_CODE_REFUSED, "a step lacks something",
          "GUARD", "details.offer", "add offer=TEXT" } },
      EXIT_CODE_REFUSED, NULL,
      "referctl: a step lacks something (GUARD at details.offer)\n"
      "remedy: add offer=TEXT\n" },
    { "referctl referral act " REFERRAL " accept offer", { { 0 } },
      EXIT_CODE_USAGE, NULL, "\"offer\" is not NAME=VALUE" },
    { "referctl referral act " REFERRAL, { { 0 } }, EXIT_CODE_USAGE, NULL,
      "it needs REFERRAL STEP" },
    { "referctl evidence export " REFERRAL, { { 0 } }, EXIT_CODE_USAGE, NULL,
      "say where to: -o FOLDER" },
    { "referctl evidence verify /nowhere/at/all", { { 0 } }, EXIT_CODE_LOCAL,
      NULL, "cannot open /nowhere/at/all" },
    { "referctl ledger export " HOSPITAL, { { 0 } }, EXIT_CODE_USAGE, NULL,
      "say where to: -o FILE" },
    { "referctl ledger witness /nowhere/at/all", { { 0 } }, EXIT_CODE_LOCAL,
      NULL, "cannot open /nowhere/at/all" },
    { "referctl referral show 01",
      { { "list", "", "| referral id=urn:uuid:01aa | referral id=urn:uuid:01bb",
          0, NULL, NULL, NULL, NULL },
        { "list", "after=urn:uuid:01bb", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_USAGE, NULL, "remedy: give more of the id: 01aa, 01bb\n" },
    { "referctl referral show " REFERRAL,
      { { "get", "id=" REFERRAL,
          "| referral id=" REFERRAL " state=refused_by_policy pending=#1 "
          "steps=consent_revoked | element code=call_name value=Sam "
          "| event step=send by=Open~Door actor=staff at_ms=#1796040000000 "
          "state=sent | detail name=note value=x "
          "| event step=policy_refusal state=refused_by_policy "
          "problem=ELEMENT_NOT_ALLOWED clause=data_elements[0].allowed "
          "remedy=leave~it~out", 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "element\tcall_name\tSam\n"
      "event\t2026-11-30T12:00:00Z\tsend\tOpen Door\tstaff\tsent\t\n"
      "detail\tnote\tx\n"
      "event\t-\tpolicy_refusal\t\t\trefused_by_policy\t\n"
      "refusal\tELEMENT_NOT_ALLOWED\tdata_elements[0].allowed\tleave it out\n"
      "pending\t1\nsteps\tconsent_revoked\n", NULL },
    { "referctl disclosures " REFERRAL,
      { { "disclosures", "id=" REFERRAL,
          "| referral id=" REFERRAL " peer=" HOSPITAL " peer_name=Hospital "
          "agreement=urn:x:y purpose=care consent_until_ms=#1796040000000 "
          "| disclosure at_ms=#1796040060000 position=#9 outcome=received "
          "step=accept elements= words=?yes erased=?no "
          "| disclosure at_ms=#1796040000000 position=#4 outcome=given "
          "step=send elements=call_name~needs words=?yes erased=?no", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "2026-11-30T12:00:00Z\tgiven\tHospital\tsend\tcall_name needs\tyes\tno\t"
      "urn:x:y\tcare\t2026-11-30T12:00:00Z\t" REFERRAL "\n"
      "2026-11-30T12:01:00Z\treceived\tHospital\taccept\t\tyes\tno\t"
      "urn:x:y\tcare\t2026-11-30T12:00:00Z\t" REFERRAL "\n", NULL },
    { "referctl disclosures --since 2026-11-30 --until 2026-12-01T00:00:00Z --json",
      { { "disclosures", "from_ms=#1795996800000 until_ms=#1796083200000",
          "| referral id=urn:uuid:01aa peer=" HOSPITAL " state=sent "
          "| disclosure at_ms=#1796040000000 position=#4 outcome=given "
          "erased=?yes | search referrals=#256 done=?no after=urn:uuid:01aa", 0,
          NULL, NULL, NULL, NULL },
        { "disclosures", "after=urn:uuid:01aa from_ms=#1795996800000",
          "| search referrals=#0 done=?yes after=urn:uuid:01aa", 0, NULL, NULL,
          NULL, NULL } },
      EXIT_CODE_DONE, "\"outcome\": \"given\"", NULL },
    { "referctl disclosures --since yesterday", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--since is neither a day nor a time: yesterday" },
    { "referctl disclosures " REFERRAL " --pairwise /nowhere", { { 0 } },
      EXIT_CODE_USAGE, NULL, "it must be clear of whom" },
    { "referctl referral list --state accepted --peer " HOSPITAL,
      { { "list", "state=accepted peer=" HOSPITAL " count=#256", NULL, 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE, NULL, NULL },
    { "referctl feed follow --once --ack --count 5",
      { { "cursor.open", "name=referctl", "| cursor name=referctl", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.next", "name=referctl wait_ms=#0 count=#5",
          "| event epoch=#1 position=#4 type=referral step=send "
          "| event epoch=#1 position=#7 type=referral step=opened", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.ack", "name=referctl epoch=#1 position=#7", NULL, 0, NULL,
          NULL, NULL, NULL },
        { "cursor.next", "count=#3", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "\topened\t", NULL },
    { "referctl feed follow --json --count 1",
      { { "cursor.open", "", NULL, 0, NULL, NULL, NULL, NULL },
        { "cursor.next", "wait_ms=#20000 count=#1", NULL, 0, NULL, NULL, NULL,
          NULL },
        { "cursor.next", "wait_ms=#20000 count=#1",
          "| event position=#4 step=send | detail name=offer value=x", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "{\"position\":4,\"step\":\"send\",\"details\":[{\"name\":\"offer\","
      "\"value\":\"x\"}]}\n", NULL },
    { "referctl feed follow --count none", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--count takes a number" },
    { "referctl ledger show " HOSPITAL " sideways", { { 0 } }, EXIT_CODE_USAGE,
      NULL, "neither out nor in" },
    { "referctl ledger show " HOSPITAL " out --after 9 --count 2",
      { { "ledger.show", "peer=" HOSPITAL " direction=out after=#9 count=#2",
          "| ledger size=#20 | entry index=#10 kind=answer content=?no", 0,
          NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "10\tanswer\t", NULL },
    { "referctl ledger verify",
      { { "ledger.verify", "", "| ledger peer=a direction=in intact=?yes "
          "| ledger peer=a direction=out intact=?no problem=none "
          "damage=root", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_REFUSED, "no\troot", "1 of the ledgers are not intact" },
    { "referctl health",
      { { "health", "", "| number name=ready value=#1", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "ready\t1\n", NULL },
    { "referctl health",
      { { "health", "", "| number name=ready value=#0", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_REFUSED, "ready\t0\n", "answers but is not ready" },
    { "referctl health",
      { { "health", "", "| number name=ready value=#0 "
          "| reason code=store_full remedy=more~room", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_REFUSED, "store_full\tmore room\n",
      "answers but is not ready" },
    { "referctl health",
      { { "health", "", NULL, EXIT_CODE_UNREACHABLE, "gone", NULL, NULL, NULL }
      }, EXIT_CODE_UNREACHABLE, NULL, "referctl: gone\n" },
    { "referctl status --json",
      { { "status", "", "| gateway name=Open~Door | number name=queue value=#3",
          0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "\"queue\": 3", NULL },
    { "referctl mou show ffff",
      { { "mou.list", "", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_NOT_FOUND, NULL, "there is no MOU \"ffff\" here" },
    { "referctl mou show 00000000000000000000000000000000"
      "00000000000000000000000000000000",
      { { "mou.show", "id=*", "| mou data=%forged", 0, NULL, NULL, NULL, NULL }
      }, EXIT_CODE_LOCAL, NULL, "other bytes than those of the MOU" },
    /* ---- peers ---- */
    { "referctl peer show ab",
      { OWN_CARD, PEERS,
        { "card.show", "agency=" HOSPITAL,
          "| card agency=" HOSPITAL " name=City~TB~Hospital state=accepted "
          "data=%bytes | endpoint url=tls+tcp://h:1 "
          "| key purpose=tls id=00ff valid_from_ms=#1 valid_until_ms=#2 "
          "| contact role=lead name=M~K phone=5 hours=all", 0, NULL, NULL, NULL,
          NULL },
        PEERS,
        { "ledger.list", "",
          "| ledger peer=other direction=out size=#9 "
          "| ledger peer=" HOSPITAL " direction=in size=#7 cosigned=#7 "
          "collected=#6 "
          "state=settled problem=none root=ab", 0, NULL, NULL, NULL, NULL },
        OWN_CARD,
        { "mou.list", "", "| mou id=m1", 0, NULL, NULL, NULL, NULL },
        { "mou.show", "id=m1",
          "| mou id=m1 title=T state=offered data=%b "
          "| signature agency=aaaaaaaaaaaaaaaaaaaaaaaaaa signed=?yes "
          "| signature agency=" HOSPITAL " signed=?no in_force=?no", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "settled\tyes\nqueued\t0\nunanswered\t2\n"
      "tls+tcp://h:1\ntls\t00ff\t1970-01-01T00:00:00Z\t1970-01-01T00:00:00Z\n"
      "lead\tM K\t5\tall\nin\t7\t7\t6\tsettled\tnone\tab\n"
      "m1\tT\toffered\t\tyes\tno\tno\n", NULL },
    { "referctl peer close " HOSPITAL,
      { { "peer.close", "agency=" HOSPITAL,
          "| peer name=H agency=" HOSPITAL " state=closed returned=#1 "
          "waiting=#1 | referral id=" REFERRAL " step=send state=sent "
          "direction=out returned=?yes | referral id=urn:uuid:02 "
          "step=withdraw state=withdrawn direction=out returned=?no", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      REFERRAL "\tsend\tsent\tout\tyes\n"
      "urn:uuid:02\twithdraw\twithdrawn\tout\tno\n", NULL },
    { "referctl peer close " HOSPITAL,
      { { "peer.close", "agency=" HOSPITAL,
          "| peer state=closed returned=#5000 waiting=#2 "
          "| referral id=" REFERRAL " returned=?yes", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "returned\t5000\n",
      "5001 more are in the events: referctl feed follow\n" },
    { "referctl peer close " HOSPITAL " --reopen --json",
      { { "peer.close", "agency=" HOSPITAL " reopen=?yes",
          "| peer state=connecting returned=#0 waiting=#0", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "\"state\": \"connecting\"", NULL },
    { "referctl peer close " HOSPITAL,
      { { "peer.close", "", NULL, EXIT_CODE_REFUSED, "not now", "STATE",
          "peer.state", "its card was never accepted" } },
      EXIT_CODE_REFUSED, NULL, "remedy: its card was never accepted\n" },
    { "referctl peer invite --hours 24",
      { { "peer.invite", "hours=#24",
          "| invitation code=abcdefghij0123456789 until_ms=#1796040000000 "
          "agency=aaaaaaaaaaaaaaaaaaaaaaaaaa data=%card", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE,
      "Invitation: abcdefghij0123456789\n\n-----BEGIN REFER CARD-----\n"
      "Y2FyZA==\n-----END REFER CARD-----\n", NULL },
    { "referctl peer invite --hours 721", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--hours takes a number from 1 to 720" },
    { "referctl card accept " HOSPITAL " --invitation code",
      { { "card.accept", "agency=" HOSPITAL " invitation=code",
          "| card agency=" HOSPITAL " state=accepted", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "state\taccepted\n", NULL },
    /* ---- events ---- */
    { "referctl feed show 7",
      { { "cursor.delete", "name=referctl.show", NULL, EXIT_CODE_NOT_FOUND,
          "no", NULL, NULL, NULL },
        { "cursor.open", "name=referctl.show",
          "| cursor name=referctl.show epoch=#5 position=#0 head=#9", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.ack", "name=referctl.show epoch=#5 position=#6", NULL, 0,
          NULL, NULL, NULL, NULL },
        { "cursor.next", "name=referctl.show count=#1",
          "| event position=#7 step=accept state=accepted "
          "| detail name=offer value=x | element code=language value=ru", 0,
          NULL, NULL, NULL, NULL },
        { "cursor.delete", "name=referctl.show", NULL, 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "position\t7\nstep\taccept\nstate\taccepted\noffer\tx\n"
      "language\tru\n", NULL },
    { "referctl feed show 1 --json",
      { { "cursor.delete", "", NULL, 0, NULL, NULL, NULL, NULL },
        { "cursor.open", "", "| cursor epoch=#5 position=#0 head=#9", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.next", "count=#1",
          "| event position=#1 step=send | detail name=a value=b", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.delete", "", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "\"details\": [", NULL },
    { "referctl feed show 12",
      { { "cursor.delete", "", NULL, 0, NULL, NULL, NULL, NULL },
        { "cursor.open", "", "| cursor epoch=#5 position=#0 head=#9", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.delete", "", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_NOT_FOUND, NULL, "there is no event 12; the newest is 9\n" },
    { "referctl feed show 0", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "\"0\" is no position" },
    { "referctl feed delete backup",
      { { "cursor.delete", "name=backup", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, NULL, NULL },
    { "referctl feed delete backup",
      { { "cursor.delete", "name=backup", NULL, EXIT_CODE_NOT_FOUND, "no", NULL,
          NULL, "cursor.list" } },
      EXIT_CODE_NOT_FOUND, NULL,
      "there is no position \"backup\"\nremedy: referctl feed list\n" },
    /* ---- due: 3 h, 2 h, 1 h; what ended is not due ---- */
    { "referctl due",
      { PEERS,
        { "list", "count=#256",
          "| referral id=urn:uuid:01 state=delivered direction=in peer_name=A "
          "peer=" HOSPITAL " updated_ms=#1796036400000 "
          "| referral id=urn:uuid:02 state=closed direction=in "
          "updated_ms=#1796036400000 "
          "| referral id=urn:uuid:03 state=handed_back direction=out "
          "peer_name=B updated_ms=#1796029200000 "
          "| referral id=urn:uuid:04 state=seen direction=out peer_name=C "
          "updated_ms=#1796032800000 service=s urgency=soon", 0, NULL, NULL,
          NULL, NULL },
        { "list", "after=urn:uuid:04", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "us\t3 h\tacknowledge\turn:uuid:03\thanded_back\tout\tB\t\t\n"
      "us\t60 min\topened\turn:uuid:01\tdelivered\tin\tA\t\t\n"
      "them\t2 h\taccept\turn:uuid:04\tseen\tout\tC\ts\tsoon\n", NULL },
    { "referctl due --json --peer " HOSPITAL,
      { { "peer.list", "", "| peer agency=" HOSPITAL " state=closed", 0, NULL,
          NULL, NULL, NULL },
        { "list", "peer=" HOSPITAL,
          "| referral id=urn:uuid:01 state=sent direction=out peer=" HOSPITAL
          " updated_ms=#1796036400000 | referral id=urn:uuid:02 state=sent "
          "direction=out peer=" HOSPITAL " updated_ms=#1796036400000", 0, NULL,
          NULL, NULL, NULL },
        { "list", "after=urn:uuid:02", NULL, 0, NULL, NULL, NULL, NULL },
        { "get", "id=urn:uuid:01 content=?no",
          "| referral id=urn:uuid:01 pending=#0", 0, NULL, NULL, NULL, NULL },
        { "get", "id=urn:uuid:02 content=?no",
          "| referral id=urn:uuid:02 pending=#1", 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "    \"whose\": \"us\",\n    \"step\": \"cancel\",\n"
      "    \"id\": \"urn:uuid:01\",", NULL },
    /* ---- top, in a pipe ---- */
    { "referctl top",
      { { "status", "",
          "| gateway name=Open~Door version=0.1.0 | number name=ready value=#1 "
          "| number name=store_percent value=#45 | number name=feed_head "
          "value=#12 | number name=referrals_received value=#3 "
          "| peer name=H state=failing queued=#4 unanswered=#1 "
          "problem=unreachable", 0, NULL, NULL, NULL, NULL },
        { "ledger.list", "",
          "| ledger peer_name=H direction=out size=#5 cosigned=#4 "
          "state=unsettled problem=none", 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "Open Door  referd 0.1.0  ready  2026-11-30T12:00:00Z\n"
      "referrals 3 in 0 out -   parcels 0 in 0 out -   entries 0 in 0 out -\n"
      "store [#########...........] 45 %   feed head 12   waiting programs 0"
      "   queued 0\n", NULL },
    /* a long list comes in pages */
    { "referctl ledger list",
      { { "ledger.list", "", "| ledger peer=a size=#1 | more after=a", 0, NULL,
          NULL, NULL, NULL },
        { "ledger.list", "after=a", "| more after=a", 0, NULL, NULL, NULL,
          NULL },
        { "ledger.list", "after=a", "| ledger peer=b size=#2", 0, NULL, NULL,
          NULL, NULL } },
      EXIT_CODE_DONE, "\ta\t\t\t1\t\t\t\t\t\n\tb\t\t\t2\t\t\t\t\t\n", NULL },
    { "referctl ledger verify",
      { { "ledger.verify", "", "| ledger peer=a intact=?yes | more after=a", 0,
          NULL, NULL, NULL, NULL },
        { "ledger.verify", "after=a", NULL, EXIT_CODE_REFUSED, "no", NULL,
          NULL, NULL } },
      EXIT_CODE_REFUSED, NULL, "referctl: no" },
    { "referctl top --json",
      { { "status", "", "| gateway name=G | number name=ready value=#1", 0,
          NULL, NULL, NULL, NULL },
        { "ledger.list", "", "| ledger direction=out", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "\"ledgers\": [", NULL },
    { "referctl top",
      { { "status", "", NULL, EXIT_CODE_REFUSED, "no right to read", NULL, NULL,
          NULL } },
      EXIT_CODE_UNREACHABLE, NULL,
      "referctl: no right to read\nremedy: referctl doctor\n" },
    { "referctl top --delay 0", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--delay takes a number" },
    { "referctl completion fish", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "remedy: referctl completion bash, or: referctl completion zsh\n" },
    { "referctl completion bash", { { 0 } }, EXIT_CODE_DONE,
      "    'card show')\n        kinds='AGENCY'\n", NULL },
    { "referctl completion zsh", { { 0 } }, EXIT_CODE_DONE,
      "#compdef referctl\n", NULL },
    /* no gateway is asked */
    { "referctl", { { 0 } }, EXIT_CODE_USAGE, NULL, "a noun and a verb" },
    { "referctl card", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "card needs a verb after it\nremedy: referctl help card\n" },
    { "referctl card shwo", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "did you mean: referctl card show?" },
    { "referctl helth", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "did you mean: referctl health?" },
    { "referctl xyzzyxyzzy", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "remedy: referctl help\n" },
    { "referctl --nonsense health", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "the option --nonsense is not known here" },
    { "referctl health --timeout soon", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--timeout takes a number" },
    { "referctl health now", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "there is no place for \"now\"" },
    { "referctl referral act --help", { { 0 } }, EXIT_CODE_DONE,
      "--element CODE=VALUE", NULL },
    { "referctl card --help", { { 0 } }, EXIT_CODE_DONE, "card accept FILE|AGENCY",
      NULL },
    { "referctl -h card show", { { 0 } }, EXIT_CODE_DONE,
      "Usage: referctl card show", NULL },
    { "referctl help", { { 0 } }, EXIT_CODE_DONE, "ledger verify [AGENCY]",
      NULL },
    { "referctl help feed", { { 0 } }, EXIT_CODE_DONE, "feed follow", NULL },
    { "referctl help feed folow", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "remedy: referctl help feed follow" },
    { "referctl --version", { { 0 } }, EXIT_CODE_DONE, "referctl ", NULL },
    /* clang-format on */
};

static size_t exchange_count(const struct row *row)
{
    size_t count = 0;
    while (count < EXCHANGE_COUNT_MAX && row->script[count].operation != NULL)
        count++;
    return count;
}

static void expect_part(
    const struct row *row, const char *text, const char *part)
{
    if (part == NULL ? text[0] != '\0' : strstr(text, part) == NULL)
        fail_msg("%s\nprinted: %s\nexpected: %s", row->command_line, text,
            part == NULL ? "(nothing)" : part);
}

static void commands_ask_print_and_end_as_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trial trial = trial_run((struct stage){ 0 },
            rows[i].command_line, rows[i].script, exchange_count(&rows[i]));
        expect_part(&rows[i], trial.out, rows[i].out);
        expect_part(&rows[i], trial.err, rows[i].err);
        assert_int_equal(trial.code, rows[i].code);
        trial_release(&trial);
    }
}

/* The same, on a terminal: never a control character of someone else's. */
static void terminals_are_safe_from_foreign_names(void **state)
{
    static const struct exchange script[] = { { "peer.list", "",
        "| peer agency=" HOSPITAL " name=\033[2Jx state=accepted", 0, NULL,
        NULL, NULL, NULL } };
    struct trial trial = trial_run(
        (struct stage){ .is_terminal = true }, "referctl peer list", script, 1);
    (void)state;
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_non_null(strstr(trial.out, "\\x1b[2Jx"));
    assert_null(strchr(trial.out, '\033'));
    trial_release(&trial);
}

static void a_story_ends_with_what_each_step_needs(void **state)
{
    static const struct exchange script[] = { { "get", "id=" REFERRAL,
        "| referral id=" REFERRAL " state=seen pending=#2 "
        "steps=accept~decline~withdraw "
        "| event step=opened by=Hospital actor=staff role=intake "
        "at_ms=#1796040000000 state=seen status=applied",
        0, NULL, NULL, NULL, NULL } };
    struct trial trial = trial_run((struct stage){ .is_terminal = true },
        "referctl referral show " REFERRAL, script, 1);
    (void)state;
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_non_null(
        strstr(trial.out, "  2026-11-30T12:00:00Z  opened           "
                          "Hospital (staff, intake)  -> seen [applied]\n"));
    assert_non_null(strstr(trial.out, "2 of these wait"));
    assert_non_null(
        strstr(trial.out, "  accept                 offer=... or slot=...\n"));
    assert_non_null(strstr(trial.out,
        "  decline                reason=... next_option=... [rule=...]"));
    assert_non_null(strstr(trial.out, "  withdraw               \n"));
    assert_non_null(
        strstr(trial.out, "referctl referral act 0190b2c4-0000 STEP"));
    trial_release(&trial);
}

#define NUMBER                                                                 \
    "11111~11111~11111~11111~11111~11111~11111~11111~11111~11111~11111~11111"

/* At a keyboard the safety number is shown, and somebody has to say yes. */
static void trust_is_asked_for_at_a_keyboard(void **state)
{
    static const struct exchange yes[] = {
        { "card.show", "agency=" HOSPITAL,
            "| card agency=" HOSPITAL " name=H state=imported "
            "safety_number=" NUMBER,
            0, NULL, NULL, NULL, NULL },
        { "card.accept", "agency=" HOSPITAL,
            "| card agency=" HOSPITAL " state=accepted", 0, NULL, NULL, NULL,
            NULL },
    };
    (void)state;
    struct stage stage = { .is_terminal = true, .typed = "yes\n" };
    struct trial trial =
        trial_run(stage, "referctl card accept " HOSPITAL, yes, 2);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_non_null(strstr(trial.out, "11111 11111"));
    assert_non_null(strstr(trial.out, "Phone that agency"));
    trial_release(&trial);
    static const char *const others[] = { "no\n", "\n", "y\n", "yes" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        stage.typed = others[i];
        trial = trial_run(stage, "referctl card accept " HOSPITAL, yes, 1);
        assert_int_equal(trial.code, EXIT_CODE_REFUSED);
        assert_non_null(strstr(trial.err, "not accepted"));
        trial_release(&trial);
    }
}

static void a_line_is_closed_when_somebody_says_so(void **state)
{
    static const struct exchange script[] = { { "peer.close", "",
        "| peer state=closed returned=#0 waiting=#0", 0, NULL, NULL, NULL,
        NULL } };
    struct stage stage = { .is_terminal = true, .typed = "no\n" };
    (void)state;
    struct trial trial =
        trial_run(stage, "referctl peer close " HOSPITAL, NULL, 0);
    assert_int_equal(trial.code, EXIT_CODE_REFUSED);
    assert_non_null(strstr(trial.err, "nothing was closed"));
    trial_release(&trial);
    stage.typed = "yes\n";
    trial = trial_run(stage, "referctl peer close " HOSPITAL, script, 1);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_non_null(strstr(trial.out, "Nothing was waiting to be sent."));
    trial_release(&trial);
    trial = trial_run(stage, "referctl peer close --yes " HOSPITAL, script, 1);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_null(strstr(trial.out, "Type yes"));
    trial_release(&trial);
}

static void what_is_due_has_two_headlines_on_a_terminal(void **state)
{
    static const struct exchange script[] = { PEERS,
        { "list", "",
            "| referral id=urn:uuid:01 state=info_needed direction=out "
            "updated_ms=#1796036400000",
            0, NULL, NULL, NULL, NULL },
        { "list", "", NULL, 0, NULL, NULL, NULL, NULL } };
    (void)state;
    struct trial trial = trial_run(
        (struct stage){ .is_terminal = true }, "referctl due", script, 3);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    const char *ours = strstr(trial.out, "Waits for this agency:\nwaits");
    const char *theirs = strstr(trial.out, "Waits for others:\nnothing\n");
    assert_non_null(ours);
    assert_non_null(theirs);
    assert_non_null(strstr(ours, "60 min  answer"));
    trial_release(&trial);
}

static void hints_are_for_people_alone(void **state)
{
    static const struct exchange script[] = { { "mou.list", "", NULL, 0, NULL,
        NULL, NULL, NULL } };
    struct trial trial = trial_run(
        (struct stage){ .is_terminal = true }, "referctl mou list", script, 1);
    (void)state;
    assert_non_null(strstr(trial.out, "referctl mou offer"));
    trial_release(&trial);
    trial = trial_run((struct stage){ 0 }, "referctl mou list", script, 1);
    assert_string_equal(trial.out, "");
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_ask_print_and_end_as_said),
        cmocka_unit_test(terminals_are_safe_from_foreign_names),
        cmocka_unit_test(a_story_ends_with_what_each_step_needs),
        cmocka_unit_test(trust_is_asked_for_at_a_keyboard),
        cmocka_unit_test(a_line_is_closed_when_somebody_says_so),
        cmocka_unit_test(what_is_due_has_two_headlines_on_a_terminal),
        cmocka_unit_test(hints_are_for_people_alone),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
