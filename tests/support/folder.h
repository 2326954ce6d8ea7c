/* folder.h - a folder of a test's own, removed with all that is in it. */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

#define FOLDER_PATH_SIZE 256

/* Makes an empty folder, mode 0700, below $TMPDIR or /tmp; aborts when it
 * cannot: no test means anything then. */
void folder_make(char path[FOLDER_PATH_SIZE]);

/* Removes it and everything below; what is not there is no mistake. */
void folder_remove(const char *path);

#endif
