#include "golden/book.h"

#include <string.h>

#include "core/proof.h"

void book_file_add(
    struct vectors *vectors, struct slice path, struct slice bytes)
{
    struct slice copy = arena_copy(&vectors->arena, path);
    vectors_must(copy.bytes != NULL && bytes.bytes != NULL &&
                 vectors->folder_count < VECTOR_FOLDER_COUNT_MAX);
    size_t at = vectors->folder_count++;
    for (; at > 0 &&
           evidence_path_compare(vectors->folder[at - 1].path, path) > 0;
         at--)
        vectors->folder[at] = vectors->folder[at - 1];
    vectors->folder[at] = (struct evidence_file){ copy, bytes };
}

void book_add(
    struct book *book, uint8_t salt, enum entry_kind kind, struct slice content)
{
    struct arena *arena = &book->vectors->arena;
    struct entry *entry = &book->entries[book->count];
    struct entry_header header = { .kind = kind,
        .at = { VECTOR_START_MS + 1000 * (int64_t)salt } };
    entry->salt = vectors_repeat(book->vectors, salt, SALT_SIZE);
    entry->content = content;
    entry_digest(book->author, entry->salt, content, header.digest);
    entry->header = entry_header_write(&header, arena);
    merkle_leaf_hash(book->author, entry->header, &book->leaves[book->count++]);
}

static enum err leaf_of(void *user, uint64_t index, uint8_t hash[HASH_SIZE])
{
    const struct book *book = user;
    memcpy(hash, book->leaves[index].bytes, HASH_SIZE);
    return ERR_NONE;
}

static struct note book_note(const struct book *book)
{
    struct merkle_hash root;
    struct note note = { .origin = book->origin, .size = book->count };
    merkle_root_of(book->author, book->leaves, book->count, &root);
    memcpy(note.root, root.bytes, HASH_SIZE);
    vectors_must(note_sign(book->author, &note) == ERR_NONE);
    vectors_must(
        note_cosign(book->recipient, book->received_s, &note) == ERR_NONE);
    return note;
}

void book_show(struct book *book, uint64_t index, bool is_shown)
{
    struct vectors *vectors = book->vectors;
    const struct entry *entry = &book->entries[index];
    struct evidence_place place = { book->origin.author,
        book->origin.generation, index };
    struct merkle_source source = { .leaf = leaf_of, .user = book };
    struct proof proof = { .index = index, .note = book_note(book) };
    char path[EVIDENCE_PATH_SIZE], text[PROOF_SIZE_MAX];
    vectors_must(merkle_prove_inclusion(book->author, &source, index,
                     book->count, &proof.path) == ERR_NONE);
    book_file_add(vectors, evidence_entry_path(&place, EVIDENCE_HEADER, path),
        entry->header);
    book_file_add(vectors, evidence_entry_path(&place, EVIDENCE_PROOF, path),
        arena_copy(&vectors->arena, proof_print(&proof, text)));
    if (!is_shown)
        return;
    book_file_add(
        vectors, evidence_entry_path(&place, EVIDENCE_SALT, path), entry->salt);
    book_file_add(vectors, evidence_entry_path(&place, EVIDENCE_CONTENT, path),
        entry->content);
}
