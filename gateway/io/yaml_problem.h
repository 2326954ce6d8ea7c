/*
 * yaml_problem.h - what is wrong with a YAML file, where, and what to write
 * instead. Never holds a value of the file: it may be about a person. Keys and
 * codes of the file stand in it only when they are plain names.
 */
#ifndef IO_YAML_PROBLEM_H
#define IO_YAML_PROBLEM_H

#include <stddef.h>

#define YAML_PROBLEM_TEXT_SIZE 1024

struct yaml_problem {
    char file[256];
    unsigned line;   /* from 1; 0: the file as a whole */
    unsigned column; /* from 1, in characters */
    char path[192];  /* "pathways[0].forward"; empty: the whole document */
    char reason[400];
    char example[128]; /* empty: there is none */
};

__attribute__((format(printf, 2, 3))) void yaml_problem_reason(
    struct yaml_problem *problem, const char *format, ...);

/*
 * One line without a line feed, always terminated:
 * conf/mou.yaml:12:3: pathways[0].forward: expected never or with_consent,
 * for example "forward: never"
 */
void yaml_problem_format(
    const struct yaml_problem *problem, char text[YAML_PROBLEM_TEXT_SIZE]);

#endif
