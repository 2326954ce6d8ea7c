/*
 * store_folder_words.h - the words of tests about a store on disk: rows that
 * are numbers, files beside the store, refusals. Each fails the test by itself.
 */
#ifndef TESTS_SUPPORT_STORE_FOLDER_WORDS_H
#define TESTS_SUPPORT_STORE_FOLDER_WORDS_H

#include <sys/types.h>

#include "core/port.h"
#include "io/store_lmdb.h"
#include "support/folder.h"

/* A folder's path and a name in it. */
#define TEXT_SIZE (FOLDER_PATH_SIZE + 64)

#define MAP_SIZE (8u * 1024 * 1024)

/* The default options with room for MAP_SIZE. */
enum err try_open(
    const char *path, struct store **store, struct store_problem *problem);
struct store *open_store(const char *path);

/* Refused, with a text that names the folder and holds these words. */
void expect_refused(const char *path, enum err expected, const char *words);

struct store_txn *begin(struct store *store, bool writes);

/* One row a number; put in a transaction of its own. */
struct slice number_key(unsigned number, char key[16]);
enum err put_number(struct store *store, unsigned number);
bool has_number(struct store *store, unsigned number);

void join_path(char text[TEXT_SIZE], const char *path, const char *name);
void write_file(const char *path, const char *name, const char *words);
void make_folder(const char *path, const char *name);
void remove_file(const char *path, const char *name);
bool exists(const char *path, const char *name);
off_t data_size(const char *path);

#endif
