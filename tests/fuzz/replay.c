/*
 * replay.c - runs a fuzz target without a fuzzer: every file of a corpus as it
 * is, cut at every size up to 256, and with every one of its first 256 bytes
 * damaged. So each build asks again what the fuzzer once found out.
 *
 * Then as it is once more: with reads and writes that move a byte, which is to
 * be seen in nothing, and with one allocation that fails, which may be seen but
 * harms nothing, nor what comes after it. A target that knows messages
 * (mutate.c) gets as many as it makes of the file, too.
 *
 *   fuzz_NAME FOLDER|FILE...       print each file's name, run it
 *   fuzz_NAME -v FOLDER|FILE...    print each variant before it runs
 *
 * Exit status: 0 all ran, 1 nothing to run or unreadable, 2 usage. A target
 * that finds something ends the process by itself; the last line tells where.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/shortage.h"

#define VARIANT_SIZE_MAX 256u
#define FILE_SIZE_MAX (4u * 1024 * 1024)
#define PATH_SIZE 4096
/* Allocations that fail, of a file; and processes for that, of all files. */
#define DENIED_COUNT_MAX 8u
#define FORK_COUNT_MAX 40u
#define SANITIZER_STATUS 1
#define MUTANT_COUNT 64u
#define MUTANT_ROOM 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t capacity, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);

struct replay {
    bool is_verbose;
    unsigned file_count;
    unsigned denied_count;
    unsigned fork_count;
    uint64_t denied; /* which allocation of the next; 0: none */
    unsigned long long input_count;
};

/* Each input in memory of exactly its size: a step beyond is seen. */
static void run(struct replay *replay, const uint8_t *bytes, size_t size,
    const char *variant, size_t number)
{
    uint8_t *copy = malloc(size);
    if (copy == NULL && size > 0)
        abort();
    if (size > 0)
        memcpy(copy, bytes, size);
    if (replay->is_verbose) {
        printf("  %s %zu\n", variant, number);
        fflush(stdout);
    }
    replay->input_count++;
    shortage_of_memory(replay->denied);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(struct replay *replay, uint8_t *bytes, size_t size)
{
    static const uint8_t flips[] = { 0x01, 0x80, 0xff };
    static const char *const names[] = {
        "lowest bit flipped of byte",
        "highest bit flipped of byte",
        "all bits flipped of byte",
    };
    size_t end = size < VARIANT_SIZE_MAX ? size : VARIANT_SIZE_MAX;
    run(replay, bytes, size, "whole, size", size);
    for (size_t cut = 0; cut < end; cut++)
        run(replay, bytes, cut, "cut at", cut);
    for (size_t i = 0; i < end; i++) {
        for (size_t flip = 0; flip < sizeof flips; flip++) {
            bytes[i] ^= flips[flip];
            run(replay, bytes, size, names[flip], i);
            bytes[i] ^= flips[flip];
        }
    }
}

/* ---- With one allocation that fails -------------------------------------- */

/* Which of a file's allocations fail: evenly among those that there are, and
 * beginning elsewhere with each file. */
struct denials {
    const uint8_t *bytes;
    size_t size;
    uint64_t allocation_count;
    uint64_t count;
    uint64_t *at; /* the one that is being tried; seen by both processes */
};

static uint64_t denials_nth(
    const struct denials *denials, const struct replay *replay)
{
    return 1 + (*denials->at * denials->allocation_count / denials->count +
                   replay->file_count) %
                   denials->allocation_count;
}

/* In a process of its own, for who cannot go on may end it; from *at on. */
static _Noreturn void denials_try(
    const struct denials *denials, struct replay *replay, bool is_shown)
{
    int nowhere = is_shown ? -1 : open("/dev/null", O_WRONLY);
    if (nowhere >= 0 && dup2(nowhere, STDERR_FILENO) < 0)
        abort();
    for (; *denials->at < denials->count; ++*denials->at) {
        replay->denied = denials_nth(denials, replay);
        run(replay, denials->bytes, denials->size, "without allocation",
            (size_t)replay->denied);
        replay->denied = 0;
        run(replay, denials->bytes, denials->size, "after it failed, size",
            denials->size);
    }
    _exit(EXIT_SUCCESS);
}

static bool denials_go_well(
    const struct denials *denials, struct replay *replay, bool is_shown)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        denials_try(denials, replay, is_shown);
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    /* with another status a program says that it has no memory */
    return WIFEXITED(status) && WEXITSTATUS(status) != SANITIZER_STATUS;
}

static void run_denied(struct replay *replay, const uint8_t *bytes, size_t size)
{
    struct denials denials = { .bytes = bytes, .size = size };
    run(replay, bytes, size, "counted, size", size);
    denials.allocation_count = shortage_allocations();
    denials.count = denials.allocation_count < DENIED_COUNT_MAX
                        ? denials.allocation_count
                        : DENIED_COUNT_MAX;
    denials.at = mmap(NULL, sizeof *denials.at, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (denials.at == MAP_FAILED)
        abort();
    for (; *denials.at < denials.count; ++*denials.at) {
        if (replay->fork_count++ >= FORK_COUNT_MAX)
            break;
        uint64_t first = *denials.at;
        if (!denials_go_well(&denials, replay, replay->is_verbose)) {
            fprintf(stderr, "without allocation %llu of %llu:\n",
                (unsigned long long)denials_nth(&denials, replay),
                (unsigned long long)denials.allocation_count);
            (void)denials_go_well(&denials, replay, true);
            abort();
        }
        uint64_t end =
            *denials.at < denials.count ? *denials.at + 1 : denials.count;
        replay->denied_count += (unsigned)(end - first);
    }
    if (munmap(denials.at, sizeof *denials.at) != 0)
        abort();
}

/* ---- Otherwise ----------------------------------------------------------- */

static void run_by_bytes(
    struct replay *replay, const uint8_t *bytes, size_t size)
{
    shortage_of_bytes(true);
    run(replay, bytes, size, "byte by byte, size", size);
    shortage_of_bytes(false);
}

/* The mutator's own bytes, here without a fuzzer's experience. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity)
{
    if (size == 0 || capacity == 0)
        return size;
    data[size / 2] ^= 0x11;
    return size;
}

static void run_mutants(
    struct replay *replay, const uint8_t *bytes, size_t size)
{
    if (LLVMFuzzerCustomMutator == NULL)
        return;
    uint8_t *mutant = malloc(size + MUTANT_ROOM);
    if (mutant == NULL)
        abort();
    for (unsigned seed = 0; seed < MUTANT_COUNT; seed++) {
        if (size > 0)
            memcpy(mutant, bytes, size);
        size_t mutant_size =
            LLVMFuzzerCustomMutator(mutant, size, size + MUTANT_ROOM, seed);
        run(replay, mutant, mutant_size, "mutant", seed);
    }
    free(mutant);
}

static bool run_file(struct replay *replay, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(FILE_SIZE_MAX);
    bool is_read = false;
    if (file != NULL && bytes != NULL) {
        size_t size = fread(bytes, 1, FILE_SIZE_MAX, file);
        is_read = ferror(file) == 0 && feof(file) != 0;
        if (is_read) {
            printf("%s\n", path);
            fflush(stdout);
            replay->file_count++;
            run_variants(replay, bytes, size);
            run_mutants(replay, bytes, size);
            run_by_bytes(replay, bytes, size);
            run_denied(replay, bytes, size);
        }
    }
    if (!is_read)
        fprintf(stderr, "%s: cannot be read, or is larger than %u bytes\n",
            path, FILE_SIZE_MAX);
    if (file != NULL)
        fclose(file);
    free(bytes);
    return is_read;
}

static bool run_folder(struct replay *replay, DIR *folder, const char *path)
{
    const struct dirent *entry;
    bool is_read = true;
    while ((entry = readdir(folder)) != NULL) {
        char below[PATH_SIZE];
        if (entry->d_name[0] == '.')
            continue;
        int size = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        is_read = size < PATH_SIZE && run_file(replay, below) && is_read;
    }
    return is_read;
}

int main(int argument_count, char **arguments)
{
    struct replay replay = { 0 };
    int first = 1;
    if (argument_count > 1 && strcmp(arguments[1], "-v") == 0) {
        replay.is_verbose = true;
        first = 2;
    }
    if (first >= argument_count) {
        fprintf(stderr, "usage: %s [-v] FOLDER|FILE...\n", arguments[0]);
        return 2;
    }
    bool is_read = true;
    for (int i = first; i < argument_count; i++) {
        DIR *folder = opendir(arguments[i]);
        if (folder == NULL) {
            is_read = run_file(&replay, arguments[i]) && is_read;
            continue;
        }
        is_read = run_folder(&replay, folder, arguments[i]) && is_read;
        closedir(folder);
    }
    printf("%u files, %llu inputs, %u times without memory\n",
        replay.file_count, replay.input_count, replay.denied_count);
    return is_read && replay.file_count > 0 ? 0 : 1;
}
