/* teal heads: the newest head of the key log, for two people to compare. */
#include "gateway/client/commands.h"
#include "gateway/client/say.h"
#include "gateway/client/seen_heads.h"

static void print_head(const session *s, const tree_head *h, const char *compared)
{
    char line[TREE_HEAD_LINE_BYTES];
    tree_head_write(h, line);
    if (s->options->json) {
        json_t *object = json_pack("{s:s, s:I}", "head", line, "size", (json_int_t)h->size);
        if (compared != NULL)
            json_object_set_new(object, "consistent_with", json_string(compared));
        session_print(object);
        json_decref(object);
    } else if (compared != NULL) {
        printf("Both heads are of one log: yours of %llu entries, theirs is consistent with it.\n",
               (unsigned long long)h->size);
    } else {
        printf("%s\n", line);
    }
}

/* Theirs was signed before ours was fetched, so it cannot be the longer one of an honest log;
 * seen_heads_relate finds that the gateway has no proof then. */
static outcome compare(session *s, const tree_head *own, const tree_head *theirs)
{
    const char *wrong = NULL;
    outcome o = session_explain(s, seen_heads_check_signature(s, theirs, &wrong));
    if (o == OUTCOME_OK && wrong != NULL)
        return say(OUTCOME_UNVERIFIED, "their head is not this gateway's: %s", wrong);
    if (o == OUTCOME_OK)
        o = session_explain(s, seen_heads_relate(s, own, theirs, &wrong));
    if (o == OUTCOME_OK && wrong != NULL)
        return say(OUTCOME_UNVERIFIED, "%s", wrong);
    return o;
}

outcome command_heads(session *s)
{
    tree_head own, theirs;
    teal_diag why = { 0 };
    const char *line = s->options->compare;
    if (line != NULL && tree_head_read(teal_text(line), &theirs, &why) != TEAL_OK)
        return say(OUTCOME_USAGE, "that is no head of a log: %s", why.rule);
    if (line != NULL && strcmp(theirs.log, "keys") != 0)
        return say(OUTCOME_USAGE, "that is the head of another log");
    outcome o = seen_heads_fetch(s, &own);
    if (o == OUTCOME_OK && line != NULL)
        o = compare(s, &own, &theirs);
    if (o == OUTCOME_OK)
        print_head(s, &own, line);
    return o;
}
