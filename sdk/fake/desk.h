/* desk.h - which operations there are, and who may ask for them. */
#ifndef FAKE_DESK_H
#define FAKE_DESK_H

#include "sdk/fake/state.h"

/* Serves a request. False: the answer comes later. */
bool fake_desk_serve(struct refer_fake *fake, struct fake_request *request,
    struct sdk_reply *reply);
/* What a refused request gets: an error, or a verdict when it asks for one. */
void fake_desk_refuse(const struct fake_request *request,
    const struct fake_surprise *surprise, struct sdk_reply *reply);

#endif
