/*
 * swap.h - can what a process holds in memory come onto a disk? Whoever takes
 * the machine later could read there what was said about a person.
 *
 * Linux: /proc/swaps, /proc/PID/cgroup (proc_swaps(5), cgroups(7)) and
 * memory.swap.max of cgroup v2, in all groups above, too.
 */
#ifndef IO_SWAP_H
#define IO_SWAP_H

#include <stdbool.h>
#include <sys/types.h>

/* Where these are; "" but in tests. */
struct swap_root {
    const char *path;
};

/* An area of swap that is neither memory itself (zram) nor an encrypted volume
 * of device-mapper is in use, and no control group of that process forbids it.
 * False, too, where nothing can be read of it: there is no swap then. */
bool swap_may_take(struct swap_root root, pid_t pid);

#endif
