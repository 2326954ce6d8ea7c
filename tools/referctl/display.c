#include "referctl/display.h"

#include <inttypes.h>
#include <string.h>

#include "referctl/words.h"

#define MOU_DIGITS_SHOWN 16
#define COLUMN_GAP 2

static const char *raw_value(struct session *session,
    const struct record *record, const struct column *column)
{
    struct value value = record_get(record, column->field);
    char time[WORDS_TIME_SIZE];
    char duration[WORDS_DURATION_SIZE];
    switch (value.type) {
    case VALUE_NONE:
        return "";
    case VALUE_TEXT:
        return value.bytes;
    case VALUE_FLAG:
        return value.number != 0 ? "yes" : "no";
    case VALUE_NUMBER:
        if (column->form == COLUMN_TIME)
            return pool_text(session->pool, words_time(value.number, time));
        if (column->form == COLUMN_DURATION)
            return pool_text(
                session->pool, words_duration(value.number, duration));
        return pool_format(session->pool, "%" PRId64, value.number);
    case VALUE_DATA:
        break;
    }
    return pool_format(session->pool, "(%zu bytes)", value.size);
}

const char *display_value(struct session *session, const struct record *record,
    const struct column *column)
{
    const char *text = raw_value(session, record, column);
    if (column->form == COLUMN_REFERRAL && session->is_terminal &&
        words_start_with(text, "urn:uuid:"))
        text += strlen("urn:uuid:");
    if (column->form == COLUMN_MOU && session->is_terminal &&
        strlen(text) > MOU_DIGITS_SHOWN)
        text = pool_copy(session->pool, text, MOU_DIGITS_SHOWN);
    return words_printable(session->pool, text);
}

/* Green: it holds. Red: it was refused or failed. Yellow: someone must act. */
const char *display_colour(const struct session *session, const char *state)
{
    static const struct {
        const char *state;
        const char *colour;
    } colours[] = {
        { "accepted", "\033[32m" },
        { "in_force", "\033[32m" },
        { "closed", "\033[32m" },
        { "applied", "\033[32m" },
        { "refused", "\033[31m" },
        { "refused_by_policy", "\033[31m" },
        { "declined", "\033[31m" },
        { "conflict", "\033[31m" },
        { "revoked", "\033[31m" },
        { "ok", "\033[32m" },
        { "connected", "\033[32m" },
        { "settled", "\033[32m" },
        { "problem", "\033[31m" },
        { "failing", "\033[31m" },
        { "stopped", "\033[31m" },
        { "warning", "\033[33m" },
        { "connecting", "\033[33m" },
        { "unsettled", "\033[33m" },
        { "introduced", "\033[33m" },
        { "invited", "\033[33m" },
        { "undeliverable", "\033[33m" },
        { "info_needed", "\033[33m" },
        { "imported", "\033[33m" },
        { "offered", "\033[33m" },
    };
    for (size_t i = 0; session->has_colour && i < DISPLAY_COUNT(colours); i++) {
        if (strcmp(colours[i].state, state) == 0)
            return colours[i].colour;
    }
    return "";
}

static void print_padding(struct session *session, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)fputc(' ', session->out);
}

static void print_cell(struct session *session, const struct column *column,
    const char *text, size_t padding)
{
    const char *colour =
        column->form == COLUMN_STATE ? display_colour(session, text) : "";
    (void)fprintf(session->out, "%s%s%s", colour, text,
        colour[0] != '\0' ? "\033[0m" : "");
    print_padding(session, padding);
}

struct table {
    const struct column *columns;
    size_t column_count;
    const char **cells; /* rows of column_count */
    size_t row_count;
    size_t *widths;
};

static struct table table_of(struct session *session,
    const struct records *records, const char *type,
    const struct column *columns, size_t column_count)
{
    struct table table = { .columns = columns, .column_count = column_count };
    size_t rows = records_count(records, type);
    table.cells =
        pool_take(session->pool, (rows * column_count + 1) * sizeof(char *));
    table.widths = pool_take(session->pool, column_count * sizeof(size_t));
    for (size_t k = 0; k < column_count; k++)
        table.widths[k] = words_width(columns[k].title);
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        if (!record_is(record, type))
            continue;
        for (size_t k = 0; k < column_count; k++) {
            const char *cell = display_value(session, record, &columns[k]);
            size_t width = words_width(cell);
            table.cells[table.row_count * column_count + k] = cell;
            if (width > table.widths[k])
                table.widths[k] = width;
        }
        table.row_count++;
    }
    return table;
}

static void print_row(
    struct session *session, const struct table *table, size_t row)
{
    for (size_t k = 0; k < table->column_count; k++) {
        const char *cell = table->cells[row * table->column_count + k];
        bool is_last = k + 1 == table->column_count;
        size_t padding = table->widths[k] - words_width(cell) + COLUMN_GAP;
        if (session->is_terminal)
            print_cell(
                session, &table->columns[k], cell, is_last ? 0 : padding);
        else
            (void)fprintf(session->out, "%s%s", cell, is_last ? "" : "\t");
    }
    (void)fputc('\n', session->out);
}

void display_table(struct session *session, const struct records *records,
    const char *type, const struct column *columns, size_t column_count,
    const char *empty)
{
    struct table table =
        table_of(session, records, type, columns, column_count);
    if (table.row_count == 0) {
        display_hint(session, "%s", empty);
        return;
    }
    for (size_t k = 0; session->is_terminal && k < column_count; k++) {
        size_t width = words_width(columns[k].title);
        bool is_last = k + 1 == column_count;
        (void)fprintf(session->out,
            session->has_colour ? "\033[1m%s\033[0m" : "%s", columns[k].title);
        print_padding(
            session, is_last ? 0 : table.widths[k] - width + COLUMN_GAP);
    }
    if (session->is_terminal)
        (void)fputc('\n', session->out);
    for (size_t row = 0; row < table.row_count; row++)
        print_row(session, &table, row);
}

void display_fields(struct session *session, const struct record *record,
    const struct column *columns, size_t column_count)
{
    size_t widest = 0;
    for (size_t k = 0; k < column_count; k++) {
        size_t width = words_width(columns[k].title);
        widest = width > widest ? width : widest;
    }
    for (size_t k = 0; k < column_count; k++) {
        const char *text = display_value(session, record, &columns[k]);
        if (text[0] == '\0')
            continue;
        if (!session->is_terminal) {
            (void)fprintf(session->out, "%s\t%s\n", columns[k].title, text);
            continue;
        }
        (void)fprintf(session->out, "%s:", columns[k].title);
        print_padding(
            session, widest - words_width(columns[k].title) + COLUMN_GAP);
        print_cell(session, &columns[k], text, 0);
        (void)fputc('\n', session->out);
    }
}

void display_line(struct session *session, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vfprintf(session->out, format, list);
    va_end(list);
}

void display_hint(struct session *session, const char *format, ...)
{
    if (!session->is_terminal || session->json)
        return;
    va_list list;
    va_start(list, format);
    const char *text = pool_format_list(session->pool, format, list);
    va_end(list);
    (void)fprintf(session->out, "%s\n", text);
}

void display_note(struct session *session, const char *format, ...)
{
    if (session->json)
        return;
    va_list list;
    va_start(list, format);
    const char *text = pool_format_list(session->pool, format, list);
    va_end(list);
    (void)fprintf(
        session->is_terminal ? session->out : session->err, "%s\n", text);
}
