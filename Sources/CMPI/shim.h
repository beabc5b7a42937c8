// What DistributedTraining needs of MPI, as functions: its constants are macros, which Swift does
// not see. Each returns MPI's error code.
#ifndef SWIFT_RECURRENT_CMPI_SHIM_H
#define SWIFT_RECURRENT_CMPI_SHIM_H

#include <mpi.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

typedef struct {
  MPI_Comm comm;
} cmpi_group;

typedef struct {
  MPI_Request request;
} cmpi_request;

enum { CMPI_SUCCESS = MPI_SUCCESS, CMPI_TEXT = 8192 };

// Starts MPI for one thread that does all calls; 1 in *is_enough where it allows other threads
// beside it.
static inline int cmpi_start(int *is_enough) {
  int level = MPI_THREAD_SINGLE;
  int code = MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &level);
  *is_enough = level >= MPI_THREAD_FUNNELED;
  if (code != MPI_SUCCESS)
    return code;
  return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

// A group of all ranks with messages of its own.
static inline int cmpi_world(cmpi_group *group, int *rank, int *size) {
  int code = MPI_Comm_dup(MPI_COMM_WORLD, &group->comm);
  if (code == MPI_SUCCESS)
    code = MPI_Comm_set_errhandler(group->comm, MPI_ERRORS_RETURN);
  if (code == MPI_SUCCESS)
    code = MPI_Comm_rank(group->comm, rank);
  if (code == MPI_SUCCESS)
    code = MPI_Comm_size(group->comm, size);
  return code;
}

static inline int cmpi_finish(void) { return MPI_Finalize(); }

static inline void cmpi_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

// What a code says; text has room for CMPI_TEXT bytes.
static inline void cmpi_describe(int code, char *text) {
  int length = 0;
  text[0] = 0;
  MPI_Error_string(code, text, &length);
}

// Which MPI this is; text has room for CMPI_TEXT bytes.
static inline void cmpi_library(char *text) {
  int length = 0;
  text[0] = 0;
  MPI_Get_library_version(text, &length);
}

static inline int cmpi_sum_floats(void *x, int count, cmpi_group group, cmpi_request *request) {
  return MPI_Iallreduce(MPI_IN_PLACE, x, count, MPI_FLOAT, MPI_SUM, group.comm, &request->request);
}

static inline int cmpi_sum_doubles(void *x, int count, cmpi_group group, cmpi_request *request) {
  return MPI_Iallreduce(MPI_IN_PLACE, x, count, MPI_DOUBLE, MPI_SUM, group.comm, &request->request);
}

// Of units of 4 bytes.
static inline int cmpi_broadcast(void *x, int units, int root, cmpi_group group,
                                 cmpi_request *request) {
  return MPI_Ibcast(x, units, MPI_INT32_T, root, group.comm, &request->request);
}

// Of units of 4 bytes: each rank's part lies at its place, and is at its place on all ranks in the
// end.
static inline int cmpi_gather(void *x, const int *counts, const int *places, cmpi_group group,
                              cmpi_request *request) {
  return MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, counts, places, MPI_INT32_T,
                         group.comm, &request->request);
}

static inline int cmpi_barrier(cmpi_group group, cmpi_request *request) {
  return MPI_Ibarrier(group.comm, &request->request);
}

// 1 in *is_done once what was started has ended.
static inline int cmpi_test(cmpi_request *request, int *is_done) {
  return MPI_Test(&request->request, is_done, MPI_STATUS_IGNORE);
}

static inline int cmpi_send(const void *bytes, int count, int to, cmpi_group group,
                            cmpi_request *request) {
  return MPI_Isend(bytes, count, MPI_BYTE, to, 1, group.comm, &request->request);
}

// A file in memory that has no name; -1 where the system has none.
static inline int cmpi_nameless_file(void) {
#ifdef __linux__
  return (int)syscall(SYS_memfd_create, "ranks", 1u); // closed in programs that are started
#else
  return -1;
#endif
}

// Writes a number of 8 bytes for other processes; who reads it sees all that was written before.
static inline void cmpi_publish(void *place, uint64_t number) {
  __atomic_store_n((uint64_t *)place, number, __ATOMIC_RELEASE);
}

static inline uint64_t cmpi_published(const void *place) {
  return __atomic_load_n((const uint64_t *)place, __ATOMIC_ACQUIRE);
}

// Takes a message of at most `room` bytes that is there; *from is -1 where none is.
static inline int cmpi_receive(void *bytes, int room, int *count, int *from, cmpi_group group) {
  int is_there = 0;
  MPI_Status status;
  *from = -1;
  int code = MPI_Iprobe(MPI_ANY_SOURCE, 1, group.comm, &is_there, &status);
  if (code != MPI_SUCCESS || !is_there)
    return code;
  *from = status.MPI_SOURCE;
  MPI_Get_count(&status, MPI_BYTE, count);
  return MPI_Recv(bytes, room, MPI_BYTE, status.MPI_SOURCE, 1, group.comm, MPI_STATUS_IGNORE);
}

#endif
