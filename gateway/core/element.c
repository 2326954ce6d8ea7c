#include "core/element.h"

#include <assert.h>

#include "core/limits.h"
#include "core/value.h"

/* In the order of the codes' bytes, for the search. */
/* clang-format off */
static const struct element elements[] = {
    { "access_needs", ELEMENT_TEXT, false, "", "Flag (reasonable adjustment)",
      "OBX", "what makes it easier to come: step-free, a quiet room, with a child" },
    { "agonist_treatment", ELEMENT_TEXT, false, "substance_use", "MedicationStatement",
      "RXO/RXE", "opioid agonist treatment that must not stop: dose, last and next" },
    { "allergies", ELEMENT_TEXT, false, "", "AllergyIntolerance",
      "AL1", "what the person must not be given" },
    { "appointment_time", ELEMENT_TEXT, false, "", "Appointment.start",
      "SCH-11", "when the person is expected, with the place's time zone" },
    { "arrest_history", ELEMENT_TEXT, false, "justice", "",
      "", "never needed to help; here so that agreements can forbid it" },
    { "call_name", ELEMENT_TEXT, true, "", "Patient.name (use=usual)",
      "PID-5 type N or S", "the name the person uses; it may be invented" },
    { "companion", ELEMENT_TEXT, true, "", "CareTeam.participant",
      "NK1", "who comes along, and what they may know" },
    { "contact_route", ELEMENT_TEXT, true, "", "Patient.telecom",
      "PID-13", "how to reach the person safely, or that they will come by themselves" },
    { "continuity", ELEMENT_TEXT, false, "health", "MedicationStatement",
      "RXO/RXE", "medicines that must not stop: item, last dose, next due" },
    { "cough_weeks", ELEMENT_NUMBER, false, "tb", "Observation.valueQuantity",
      "OBX", "for how many weeks the person has been coughing" },
    { "current_medicines", ELEMENT_TEXT, false, "health", "MedicationStatement",
      "RXO/RXE", "what the person takes now" },
    { "date_of_birth", ELEMENT_DATE, true, "", "Patient.birthDate",
      "PID-7", "the whole date, only where a purpose needs it" },
    { "drug_test_result", ELEMENT_TEXT, false, "substance_use", "",
      "", "never needed to help; here so that agreements can forbid it" },
    { "gender_preference_space", ELEMENT_CODE, false, "gender", "Patient.extension",
      "OBX", "the kind of space the person asks for, such as women_only" },
    { "gender_preference_worker", ELEMENT_CODE, false, "gender", "Patient.extension",
      "OBX", "the worker the person asks for, such as woman" },
    { "hiv_treatment", ELEMENT_TEXT, false, "hiv", "MedicationStatement",
      "RXO/RXE", "antiretroviral treatment that must not stop" },
    { "immigration_status", ELEMENT_TEXT, false, "immigration", "",
      "", "never needed to help; here so that agreements can forbid it" },
    { "interpreter", ELEMENT_FLAG, false, "", "Patient.communication",
      "PID-15", "whether an interpreter is wanted" },
    { "language", ELEMENT_CODE, false, "", "Patient.communication",
      "PID-15", "the language to speak with the person, BCP 47 in lower case" },
    { "legal_name", ELEMENT_TEXT, true, "", "Patient.name (use=official)",
      "PID-5 type L", "the name in papers, only where a purpose needs it" },
    { "meeting_point", ELEMENT_TEXT, false, "", "Appointment.participant",
      "AIL", "where to meet the person" },
    { "needs", ELEMENT_TEXT, false, "", "QuestionnaireResponse, Goal",
      "NTE, OBX", "what the person wants and expects, in their own words" },
    { "outcome_note", ELEMENT_TEXT, false, "health", "Task.output",
      "ORU", "what the referrer should know of what came of it" },
    { "pairwise_id", ELEMENT_CODE, true, "", "Patient.identifier (use=secondary)",
      "PID-3 type PI", "random name of the person between these two agencies only" },
    { "pet", ELEMENT_TEXT, false, "", "Flag (reasonable adjustment)",
      "OBX", "which animal comes along" },
    { "photo", ELEMENT_TEXT, true, "biometric", "",
      "", "never needed to help; here so that agreements can forbid it" },
    { "place_of_birth", ELEMENT_TEXT, true, "", "Patient.extension (birthPlace)",
      "PID-23", "for restoring papers" },
    { "previous_tb", ELEMENT_TEXT, false, "tb", "Condition",
      "OBX", "whether the person had TB before, and when it was treated" },
    { "pronouns", ELEMENT_TEXT, false, "gender", "Patient.extension",
      "OBX", "how to speak of the person, as they said" },
    { "recognise_by", ELEMENT_TEXT, true, "", "Patient.extension",
      "OBX", "how to recognise the person, such as a red rucksack" },
    { "sex_work", ELEMENT_TEXT, false, "sex_life", "",
      "", "never needed to help; here so that agreements can forbid it" },
    { "slip_code", ELEMENT_CODE, true, "", "Patient.identifier",
      "PID-3 (repeat)", "what the slip says that the person carries; holds no data" },
    { "tb_results", ELEMENT_TEXT, false, "tb", "Observation, DiagnosticReport",
      "OBX", "what TB tests have shown" },
    { "year_of_birth", ELEMENT_YEAR, false, "", "Patient.birthDate (year)",
      "PID-7 (YYYY)", "the year alone, where an age matters" },
};

static const char *const forms[] = {
    [ELEMENT_TEXT]   = "text that can be read, up to 64 KiB",
    [ELEMENT_CODE]   = "a code: lower-case letters, digits and _.-, up to 64",
    [ELEMENT_NUMBER] = "a number in digits",
    [ELEMENT_DATE]   = "YYYY-MM-DD",
    [ELEMENT_YEAR]   = "YYYY",
    [ELEMENT_FLAG]   = "yes or no",
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof *(array))

_Static_assert(COUNT(forms) == ELEMENT_TYPE_COUNT, "forms");

/* As memcmp, a text that ends first standing first. */
static int compare(struct slice code, const char *known)
{
    if (code.size > 0 && code.bytes[0] != (uint8_t)known[0])
        return code.bytes[0] - (uint8_t)known[0];
    struct slice other = slice_of_text(known);
    size_t size = code.size < other.size ? code.size : other.size;
    int order = size > 0 ? memcmp(code.bytes, other.bytes, size) : 0;
    if (order != 0 || code.size == other.size)
        return order;
    return code.size < other.size ? -1 : 1;
}

const struct element *element_find(struct slice code)
{
    size_t low = 0;
    size_t high = COUNT(elements);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(code, elements[middle].code);
        if (order == 0)
            return &elements[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct element *element_at(size_t index)
{
    return index < COUNT(elements) ? &elements[index] : NULL;
}

static bool has_form(enum element_type type, struct slice value)
{
    switch (type) {
    case ELEMENT_TEXT:
        return value_is_text(value, VALUE_SIZE_MAX);
    case ELEMENT_CODE:
        return value_is_code(value);
    case ELEMENT_NUMBER:
        return value_is_number(value);
    case ELEMENT_DATE:
        return value_is_date(value);
    case ELEMENT_YEAR:
        return value_is_year(value);
    case ELEMENT_FLAG:
        return value_is_flag(value);
    case ELEMENT_TYPE_COUNT:
        break;
    }
    assert(false && "an element type that the table does not have");
    return false;
}

const char *element_form_problem(
    const struct element *element, struct slice value)
{
    return has_form(element->type, value) ? NULL : forms[element->type];
}
