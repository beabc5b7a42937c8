// A second process that goes on where the first one is: Swift does not let fork through.
#ifndef CTEST_SUPPORT_PROCESS_H
#define CTEST_SUPPORT_PROCESS_H

// As fork(2). The caller must have one thread only.
int ct_fork(void);

#endif
