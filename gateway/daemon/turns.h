/*
 * turns.h - a queue in which each other end has its turn: one item of each in
 * a round, and of one end in their order. Who puts a hundred waits for them;
 * who puts one waits for one of each other end at most. Not locked; allocates
 * and frees nothing.
 */
#ifndef DAEMON_TURNS_H
#define DAEMON_TURNS_H

#include <stddef.h>
#include <stdint.h>

/* An agency's id or a TLS key's hash; zeros are one other end as well. */
#define TURNS_ORIGIN_SIZE 32u

/* The head of what is put, whose origin stands in it before. */
struct turns_item {
    uint8_t origin[TURNS_ORIGIN_SIZE];
    struct turns_item *next; /* of that origin */
    /* Of the first of its origin only: */
    struct turns_item *line_next; /* the first of the one after it */
    struct turns_item *line_last; /* of that origin */
    size_t line_count;
};

struct turns {
    struct turns_item *first; /* whose turn it is */
    struct turns_item *last;  /* who was last */
};

/* Takes the item over. As many steps as origins wait. */
void turns_put(struct turns *turns, struct turns_item *item);

/* The first of that origin, before those after it; NULL when none waits. */
struct turns_item *turns_first(
    const struct turns *turns, const uint8_t origin[TURNS_ORIGIN_SIZE]);

/* How many of that origin wait. */
size_t turns_count(
    const struct turns *turns, const uint8_t origin[TURNS_ORIGIN_SIZE]);

/* The next one, which is turns->first; NULL when none waits. */
struct turns_item *turns_take(struct turns *turns);

#endif
