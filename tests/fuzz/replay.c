/*
 * replay.c - runs a fuzz target without a fuzzer: every file of a corpus as it
 * is, cut at every size up to 256, and with every one of its first 256 bytes
 * damaged. So each build asks again what the fuzzer once found out.
 *
 *   fuzz_NAME FOLDER|FILE...       print each file's name, run it
 *   fuzz_NAME -v FOLDER|FILE...    print each variant before it runs
 *
 * Exit status: 0 all ran, 1 nothing to run or unreadable, 2 usage. A target
 * that finds something ends the process by itself; the last line tells where.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIANT_SIZE_MAX 256u
#define FILE_SIZE_MAX (4u * 1024 * 1024)
#define PATH_SIZE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replay {
    bool is_verbose;
    unsigned file_count;
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
    printf("%u files, %llu inputs\n", replay.file_count, replay.input_count);
    return is_read && replay.file_count > 0 ? 0 : 1;
}
