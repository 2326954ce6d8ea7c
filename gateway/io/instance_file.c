#include "io/instance_file.h"

enum err instance_file_read(const char *keys_dir, struct instance_mark *mark,
    struct keys_problem *problem)
{
    uint8_t bytes[INSTANCE_MARK_TEXT_SIZE];
    char path[PRIVATE_PATH_SIZE];
    size_t size;
    *mark = (struct instance_mark){ 0 };
    enum err err = private_path(keys_dir, INSTANCE_FILE_NAME, path, problem);
    if (err == ERR_NONE)
        err = private_file_read(
            path, PRIVATE_FILE_PUBLIC, bytes, sizeof bytes, &size, problem);
    if (err == ERR_NONE)
        err = instance_mark_parse(slice_of(bytes, size), mark);
    /* without it the store counts as one that lost something: safe */
    return err == ERR_NOT_FOUND || err == ERR_LIMIT || err == ERR_MALFORMED
               ? ERR_NONE
               : err;
}

enum err instance_file_write(const char *keys_dir,
    const struct instance_mark *mark, struct keys_problem *problem)
{
    char text[INSTANCE_MARK_TEXT_SIZE];
    char path[PRIVATE_PATH_SIZE];
    enum err err = private_path(keys_dir, INSTANCE_FILE_NAME, path, problem);
    if (err != ERR_NONE)
        return err;
    size_t size = instance_mark_print(mark, text);
    return private_file_replace(path, slice_of(text, size), problem);
}
