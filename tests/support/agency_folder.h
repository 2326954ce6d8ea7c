/*
 * agency_folder.h - the folder of a whole gateway, as referctl init makes it:
 * real keys, a card that shows them, and a configuration with `data` alone.
 * What cannot be made ends the process.
 */
#ifndef SUPPORT_AGENCY_FOLDER_H
#define SUPPORT_AGENCY_FOLDER_H

#include <stdint.h>

#define AGENCY_FOLDER_DAY_MS INT64_C(86400000)

/* FOLDER/keys, FOLDER/card (valid for a year around now), and
 * FOLDER/referd.yaml; FOLDER is there. */
void agency_folder_make(const char *folder);

/* Another card in its place, which ends at that time. */
void agency_folder_card(const char *folder, int64_t until_ms);

/* Puts a file's text in its place. */
void agency_folder_write(
    const char *folder, const char *name, const char *text);

#endif
