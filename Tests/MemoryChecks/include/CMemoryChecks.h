// A second process that goes on where the first one is: Swift does not let fork through.
#ifndef CMEMORY_CHECKS_H
#define CMEMORY_CHECKS_H

// As fork(2). The caller must have one thread only.
int ct_fork(void);

// As fork(2), but the second process runs `body` in a thread of its own, and ends when it returns.
//
// Swift's runtime remembers a thread's number in that thread, and the words of its locks name their
// owner by it. The one thread that fork copies goes on with the number that it had in the first
// process: where another thread then waits for a lock that it holds, both try for ever.
int ct_fork_in_thread(void (*_Nonnull body)(void *_Nullable context), void *_Nullable context);

#endif
