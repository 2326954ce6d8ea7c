/* exit_code.h - what referctl's exit status says; scripts rely on it. */
#ifndef REFERCTL_EXIT_CODE_H
#define REFERCTL_EXIT_CODE_H

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_USAGE = 1,       /* the command line is wrong */
    EXIT_CODE_UNREACHABLE = 2, /* no gateway answered */
    EXIT_CODE_REFUSED = 3,     /* by policy, by state, or by the gateway */
    EXIT_CODE_NOT_FOUND = 4,   /* no such agency, referral, MOU, ledger */
    EXIT_CODE_LOCAL = 5,       /* a file, a key, memory of this machine */
    EXIT_CODE_COUNT
};

#endif
