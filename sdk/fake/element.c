#include "sdk/fake/element.h"

#include <string.h>

static const char *const codes[] = {
    "access_needs",
    "agonist_treatment",
    "allergies",
    "appointment_time",
    "arrest_history",
    "call_name",
    "companion",
    "contact_route",
    "continuity",
    "cough_weeks",
    "current_medicines",
    "date_of_birth",
    "drug_test_result",
    "gender_preference_space",
    "gender_preference_worker",
    "hiv_treatment",
    "immigration_status",
    "interpreter",
    "language",
    "legal_name",
    "meeting_point",
    "needs",
    "outcome_note",
    "pairwise_id",
    "pet",
    "photo",
    "place_of_birth",
    "previous_tb",
    "pronouns",
    "recognise_by",
    "sex_work",
    "slip_code",
    "tb_results",
    "year_of_birth",
};
#define CODE_COUNT (sizeof codes / sizeof *codes)

const char *fake_element_at(size_t i)
{
    return i < CODE_COUNT ? codes[i] : NULL;
}

/* CODE_COUNT: it is none. */
static size_t index_of(const char *word, size_t size)
{
    size_t i = 0;
    while (i < CODE_COUNT &&
           (strlen(codes[i]) != size || strncmp(codes[i], word, size) != 0))
        i++;
    return i;
}

enum fake_element_fault fake_elements_judge(const char *list, size_t *index)
{
    bool seen[CODE_COUNT] = { false };
    enum fake_element_fault fault = FAKE_ELEMENTS_SOUND;
    size_t count = 0;
    const char *end = list;
    for (const char *word = list; *list != 0 && end != NULL; word = end + 1) {
        end = strchr(word, ' ');
        size_t at =
            index_of(word, end == NULL ? strlen(word) : (size_t)(end - word));
        if (at == CODE_COUNT || count == FAKE_ELEMENT_COUNT_MAX)
            return FAKE_ELEMENTS_UNKNOWN;
        if (seen[at] && fault == FAKE_ELEMENTS_SOUND) {
            fault = FAKE_ELEMENTS_REPEATED;
            *index = count;
        }
        seen[at] = true;
        count++;
        if (end == NULL)
            break;
    }
    return fault;
}
