#include "sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "sim/agency.h"
#include "sim/withholder.h"
#include "sim/world.h"

/* ---- The lists ---------------------------------------------------------- */

static struct model_list *place(
    const struct model *model, size_t agency, const struct uuid *uuid)
{
    size_t at = (size_t)checksum(agency, SLICE_ARRAY(uuid->bytes));
    for (;; at++) {
        struct model_list *list = &model->lists[at % model->capacity];
        if (list->count == 0 ||
            (list->agency == agency && uuid_equal(&list->referral, uuid)))
            return list;
    }
}

static void widen(struct model *model)
{
    struct model before = *model;
    model->capacity = before.capacity == 0 ? 256 : before.capacity * 2;
    model->lists = calloc(model->capacity, sizeof *model->lists);
    if (model->lists == NULL)
        abort();
    for (size_t i = 0; i < before.capacity; i++)
        if (before.lists[i].count > 0)
            *place(model, before.lists[i].agency, &before.lists[i].referral) =
                before.lists[i];
    free(before.lists);
}

static const struct model_list *find(
    const struct model *model, size_t agency, const struct uuid *uuid)
{
    static const struct model_list none;
    return model->capacity == 0 ? &none : place(model, agency, uuid);
}

void model_release(struct model *model)
{
    for (size_t i = 0; i < model->capacity; i++)
        free(model->lists[i].lines);
    free(model->lists);
    *model = (struct model){ 0 };
}

static enum model_kind kind_of(struct slice type, bool by_us)
{
    if (slice_is(type, "referral.received"))
        return MODEL_CAME;
    if (slice_is(type, "referral.step"))
        return by_us ? MODEL_OURS : MODEL_THEIRS;
    if (slice_is(type, "referral.answered") && by_us)
        return MODEL_ANSWERED;
    if (slice_is(type, "referral.refused") && by_us)
        return MODEL_REFUSED;
    if (slice_is(type, "referral.returned") && by_us)
        return MODEL_RETURNED;
    return MODEL_OTHER;
}

void model_event(struct world *world, size_t agency, const struct uuid *uuid,
    struct slice type, bool by_us, enum referral_event_type step)
{
    struct model *model = &world->model;
    if (2 * model->count >= model->capacity)
        widen(model);
    struct model_list *list = place(model, agency, uuid);
    if (list->count == 0) {
        list->agency = agency;
        list->referral = *uuid;
        model->count++;
    }
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        list->lines =
            realloc(list->lines, list->capacity * sizeof *list->lines);
        if (list->lines == NULL)
            abort();
    }
    list->lines[list->count++] =
        (struct model_line){ kind_of(type, by_us), step };
}

/* ---- The story ---------------------------------------------------------- */

static bool is_theirs(const struct model_line *line)
{
    return line->kind == MODEL_THEIRS || line->kind == MODEL_CAME;
}

static size_t count_of_theirs(
    const struct model_list *list, enum referral_event_type step)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += is_theirs(&list->lines[i]) && list->lines[i].step == step;
    return count;
}

static size_t count_of(const struct model_list *list, enum model_kind kind,
    enum referral_event_type step)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->lines[i].kind == kind && list->lines[i].step == step;
    return count;
}

/* An agency that receives hears of the referral before anything else. */
static void first_check(struct world *world, const struct model_list *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (list->lines[i].kind == MODEL_CAME)
            world_fail(world, "model.first", list->agency);
}

/* What one did stands at the other in the same order; what does not stand
 * there was refused. */
static void steps_compare(struct world *world, const struct model_list *here,
    const struct model_list *there)
{
    size_t at = 0;
    for (size_t i = 0; i < there->count; i++) {
        if (!is_theirs(&there->lines[i]))
            continue;
        enum referral_event_type step = there->lines[i].step;
        while (at < here->count && (here->lines[at].kind != MODEL_OURS ||
                                       here->lines[at].step != step))
            at++;
        if (at == here->count)
            world_fail(world,
                count_of(here, MODEL_OURS, step) == 0 ? "model.invented"
                                                      : "model.order",
                there->agency);
        at++;
    }
    for (size_t i = 0; i < here->count; i++) {
        if (here->lines[i].kind != MODEL_OURS)
            continue;
        enum referral_event_type step = here->lines[i].step;
        size_t ours = count_of(here, MODEL_OURS, step);
        size_t refused = count_of(here, MODEL_REFUSED, step);
        size_t answers = refused + count_of(here, MODEL_ANSWERED, step);
        size_t theirs = count_of_theirs(there, step);
        /* whether it may have come back is for steps_check() of audit.c */
        size_t returned = count_of(here, MODEL_RETURNED, step);
        if (!closer_was_at(world, here->agency, there->agency))
            answers += returned; /* a line that opens again sends it */
        if (theirs + refused + returned < ours && there->count > 0) {
            world_say(world, "%s: %zu ours at %zu, %zu refused, %zu theirs",
                event_type_name(step), ours, here->agency, refused, theirs);
            world_fail(world, "model.missing", there->agency);
        }
        if (answers > ours)
            world_fail(world, "model.twice", here->agency);
    }
}

static bool is_whole(const struct world *world, size_t agency)
{
    return !gateway_has_lost(world, agency) && !rogue_is_at(world, agency);
}

void model_check(struct world *world)
{
    const struct truth *truth = &world->truth;
    for (size_t i = 0; i < truth->affair_count; i++) {
        const struct affair *affair = &truth->affairs[i];
        if (!affair->is_named || !is_whole(world, affair->from) ||
            !is_whole(world, affair->to) ||
            !agency_is_linked(world, affair->from, affair->to) ||
            withholder_is_between(world, affair->from, affair->to))
            continue;
        const struct model_list *from =
            find(&world->model, affair->from, &affair->uuid);
        const struct model_list *to =
            find(&world->model, affair->to, &affair->uuid);
        first_check(world, to);
        steps_compare(world, from, to);
        steps_compare(world, to, from);
        TALLY(world, stories_compared);
    }
}
