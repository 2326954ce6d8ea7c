/* make_vectors FOLDER - writes every vector as FOLDER/NAME, and the folder of
 * evidence in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "golden/vectors.h"

static bool write_file(const char *path, struct slice bytes)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    bool is_written = fwrite(bytes.bytes, 1, bytes.size, file) == bytes.size;
    return fclose(file) == 0 && is_written;
}

/* The folders that a path leads through may be there already. */
static bool write_below(const char *folder, const struct evidence_file *file)
{
    char path[4096];
    int size = snprintf(path, sizeof path, "%s/evidence/%.*s", folder,
        (int)file->path.size, (const char *)file->path.bytes);
    if (size < 0 || (size_t)size >= sizeof path)
        return false;
    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755); /* else the file cannot be written */
        *slash = '/';
    }
    return write_file(path, file->bytes);
}

int main(int count, char **arguments)
{
    static struct vectors vectors;
    char path[4096];
    if (count != 2) {
        (void)fputs("usage: make_vectors FOLDER\n", stderr);
        return EXIT_FAILURE;
    }
    vectors_open(&vectors);
    for (size_t i = 0; i < vectors.count; i++) {
        const struct vector *vector = &vectors.list[i];
        int size =
            snprintf(path, sizeof path, "%s/%s", arguments[1], vector->name);
        if (size < 0 || (size_t)size >= sizeof path ||
            !write_file(path, vector_file(vector, &vectors.arena))) {
            (void)fprintf(stderr, "make_vectors: cannot write %s\n", path);
            return EXIT_FAILURE;
        }
    }
    for (size_t i = 0; i < vectors.folder_count; i++)
        if (!write_below(arguments[1], &vectors.folder[i])) {
            (void)fputs("make_vectors: cannot write evidence\n", stderr);
            return EXIT_FAILURE;
        }
    vectors_close(&vectors);
    return EXIT_SUCCESS;
}
