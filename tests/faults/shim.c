/* Loaded before the C library (LD_PRELOAD): counts the calls that change files below watched folders, or the requests for
 * memory, and lets the n-th fail or end the process. Armed by the process itself (fault_arm), so that what prepares and judges
 * goes unharmed. With fault_branch the process forks at each such call: the copy of it fails there and goes on to its end, the
 * process itself waits, has the disk put back, and goes on undisturbed to the next call. So everything before is done once. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FDS 65536
static char roots[8][PATH_MAX];
static int n_roots;
static char watched[MOST_FDS];
static volatile long count, failing;  /* calls so far; the one that fails, 0 for none */
static int kills, armed;
static char last[64];
static long branch_from, branch_every;  /* the first call at which the process forks, 0 for none, and then each so many */
static int ask, answer;                 /* pipes to the harness and from it */
static long main_thread;
static int forked_from;                  /* number of the thread that this copy was made of, 0 in the process itself */
static size_t least_bytes;              /* requests for memory of at least so many count, and files do not; 0: files count */
static __thread int inside;             /* this code asks for memory itself */

static int below_root(const char *path) {
    for (int i = 0; i < n_roots; i++)
        if (strncmp(path, roots[i], strlen(roots[i])) == 0) return 1;
    return 0;
}

static int is_watched(int dir, const char *path) {
    char full[2 * PATH_MAX], link[64];
    if (!armed || path == NULL) return 0;
    if (path[0] == '/') return below_root(path);
    if (dir == AT_FDCWD) {
        if (getcwd(full, PATH_MAX) == NULL) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
        ssize_t n = readlink(link, full, PATH_MAX - 1);
        if (n < 0) return 0;
        full[n] = 0;
    }
    strcat(full, "/");
    strncat(full, path, PATH_MAX - 1);
    return below_root(full);
}

static void tell(const char *line) {
    for (size_t left = strlen(line); left > 0;) {
        ssize_t n = syscall(SYS_write, ask, line, left);
        if (n <= 0) _exit(71);
        line += n, left -= n;
    }
}

static char told(void) {
    char c;
    if (syscall(SYS_read, answer, &c, 1) != 1) _exit(72);
    return c;
}

/* Name the library that asks for memory: the first on the stack that is not the allocator's or C++'s own. */
static const char *asker(void) {
    static char name[48];
    void *frames[12];
    Dl_info where;
    const char *slash = "?";
    for (int i = 2, n = backtrace(frames, 12); i < n; i++)
        if (dladdr(frames[i], &where) && where.dli_fname) {
            slash = strrchr(where.dli_fname, '/') ? strrchr(where.dli_fname, '/') + 1 : where.dli_fname;
            if (strncmp(slash, "shim", 4) && strncmp(slash, "libstdc++", 9) && strncmp(slash, "libc.", 5)) break;
        }
    snprintf(name, sizeof name, "memory:%.40s", slash);
    for (char *c = name; *c; c++) if (*c == ' ') *c = '_';
    return name;
}

/* Lock again what was locked: a folder that the copy removed was made anew by the harness. */
static struct { int how; char path[512]; } locks[1024];

static void lock_again(void) {
    char link[64], now[512];
    struct stat held, there;
    for (int fd = 0; fd < 1024; fd++) {
        if (!locks[fd].how) continue;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, now, sizeof now - 1);
        if (n < 0 || strncmp(now, locks[fd].path, strlen(locks[fd].path)) || fstat(fd, &held)) continue;
        if (stat(locks[fd].path, &there) || there.st_ino == held.st_ino || !S_ISDIR(there.st_mode)) continue;
        int fresh = syscall(SYS_openat, AT_FDCWD, locks[fd].path, O_RDONLY | O_DIRECTORY, 0);
        syscall(SYS_flock, fresh, locks[fd].how);
        dup3(fresh, fd, O_CLOEXEC);
        syscall(SYS_close, fresh);
    }
}

/* Libraries take locks before a fork and let go of them after it (pthread_atfork). Where this thread is inside such a library,
 * it holds the lock already and would wait for itself: PROJ's, while it asks for memory. */
static __thread int forking, n_held;
static __thread pthread_mutex_t *held[16];

/* Fork: give 1 in the copy, which is to fail, and 0 in the process itself once the harness has put the disk back. */
static int branch(long number, const char *what, int error) {
    static off_t at[MOST_FDS];
    char line[128];
    snprintf(line, sizeof line, "%ld %s %d\n", number, what, syscall(SYS_gettid) == main_thread);
    tell(line);
    if (told() != 'g') return 0;  /* left out: this call, or one of another thread, with which no copy could go on */
    for (int fd = 0; fd < 1024; fd++) at[fd] = watched[fd] ? lseek(fd, 0, SEEK_CUR) : -1;
    n_held = 0;
    forking = 1;
    pid_t child = fork();
    forking = 0;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        branch_from = 0;
        forked_from = main_thread;
        failing = 0;
        strncpy(last, what, sizeof last - 1);
        if (kills) kill(getpid(), SIGKILL);
        errno = error;
        return 1;
    }
    snprintf(line, sizeof line, "%d\n", child);
    tell(line);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    snprintf(line, sizeof line, "%d\n", status);
    tell(line);
    told();
    for (int fd = 0; fd < 1024; fd++)
        if (at[fd] >= 0) lseek(fd, at[fd], SEEK_SET);
    lock_again();
    return 0;
}

/* One thread at a time talks to the harness; the others wait, so that they leave the disk alone meanwhile. */
static volatile int talks;

static int branches(long number, const char *what, int error) {
    while (__sync_lock_test_and_set(&talks, 1)) usleep(1000);
    int is_copy = branch(number, what, error);
    __sync_lock_release(&talks);
    return is_copy;
}

/* Whom the main thread's calls are told to, with a number that stands for the calls of C above each; NULL for nobody. */
static void (*listener)(long number, unsigned long stack);

static unsigned long stack_of_c(void) {
    void *frames[64];
    unsigned long sum = 1469598103934665603UL;  /* FNV-1a */
    for (int i = 0, n = backtrace(frames, 64); i < n; i++) sum = (sum ^ (unsigned long)frames[i]) * 1099511628211UL;
    return sum;
}

/* Tell whether this call is the one that fails. */
static int counted(const char *what, int error) {
    long number = __sync_add_and_fetch(&count, 1);
    if (listener && syscall(SYS_gettid) == main_thread) {
        inside++;
        int kept = errno;
        listener(number, stack_of_c());
        errno = kept;
        inside--;
    }
    if (number != failing) {
        if (branch_from == 0 || number < branch_from || (number - branch_from) % branch_every) return 0;
        inside++;
        int kept = errno, yes = branches(number, what ? what : asker(), error);
        inside--;
        if (!yes) errno = kept;
        return yes;
    }
    inside++;
    strncpy(last, what ? what : asker(), sizeof last - 1);
    inside--;
    if (kills) kill(getpid(), SIGKILL);
    errno = error;
    return 1;
}

static int fails(const char *what, int error) { return least_bytes == 0 && counted(what, error); }

void fault_watch(const char *root) { if (n_roots < 8) strncpy(roots[n_roots++], root, PATH_MAX - 1); }
void fault_memory(size_t bytes) { least_bytes = bytes; }
void fault_branch(long from, long every, int ask_fd, int answer_fd) {
    branch_from = from; branch_every = every; ask = ask_fd; answer = answer_fd;
    main_thread = syscall(SYS_gettid);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  /* of the harness: it holds the other ends of the pipes too, and would wait for itself */
}
void fault_listen(void (*to)(long, unsigned long)) { listener = to; main_thread = syscall(SYS_gettid); }
void fault_arm(long n, int kill_it) { count = 0; failing = n; kills = kill_it; armed = 1; }
void fault_disarm(void) { armed = 0; branch_from = 0; listener = NULL; }
long fault_count(void) { return count; }
const char *fault_last(void) { return last; }

/* Requests for memory. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static int lacks(size_t bytes) {
    return least_bytes != 0 && bytes >= least_bytes && armed && !inside && counted(NULL, ENOMEM);
}
void *malloc(size_t n) { return lacks(n) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t each) { return lacks(n * each) ? NULL : __libc_calloc(n, each); }
void *realloc(void *old, size_t n) { return lacks(n) ? NULL : __libc_realloc(old, n); }
void *memalign(size_t align, size_t n) { return lacks(n) ? NULL : __libc_memalign(align, n); }
void *aligned_alloc(size_t align, size_t n) { return lacks(n) ? NULL : __libc_memalign(align, n); }
int posix_memalign(void **out, size_t align, size_t n) {
    if (lacks(n)) return ENOMEM;
    *out = __libc_memalign(align, n);
    return *out ? 0 : ENOMEM;
}
void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset) {
    if ((flags & MAP_ANONYMOUS) && !(flags & MAP_NORESERVE) && protection != PROT_NONE && lacks(n)) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
}

#define REAL(ret, name, ...) \
    static ret (*real)(__VA_ARGS__); \
    if (!real) real = (ret (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define CHANGES(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND))
#define MARK(fd, yes) do { if ((fd) >= 0 && (fd) < MOST_FDS) watched[fd] = (yes); } while (0)
#define FD(fd) (armed && (fd) >= 0 && (fd) < MOST_FDS && watched[fd])

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        REAL(int, name, const char *, int, ...); \
        int seen = is_watched(AT_FDCWD, path); \
        if (seen && CHANGES(flags) && fails("open", ENOSPC)) return -1; \
        int fd = real(path, flags, mode); MARK(fd, seen); return fd; }
OPEN(open) OPEN(open64)

#define OPENAT(name) \
    int name(int dir, const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        REAL(int, name, int, const char *, int, ...); \
        int seen = is_watched(dir, path); \
        if (seen && CHANGES(flags) && fails("open", ENOSPC)) return -1; \
        int fd = real(dir, path, flags, mode); MARK(fd, seen); return fd; }
OPENAT(openat) OPENAT(openat64)

#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(FILE *, name, const char *, const char *); \
        int seen = is_watched(AT_FDCWD, path); \
        if (seen && strpbrk(mode, "wa+") && fails("open", ENOSPC)) return NULL; \
        FILE *file = real(path, mode); if (file) MARK(fileno(file), seen); return file; }
FOPEN(fopen) FOPEN(fopen64)

size_t fwrite(const void *data, size_t size, size_t n, FILE *file) {
    REAL(size_t, fwrite, const void *, size_t, size_t, FILE *);
    if (armed && FD(fileno(file)) && fails("write", ENOSPC)) return 0;
    return real(data, size, n, file);
}

#define ON_FD(ret, name, what, error, params, args, ...) \
    ret name params { REAL(ret, name, __VA_ARGS__); if (FD(fd) && fails(what, error)) return -1; return real args; }
ON_FD(ssize_t, write, "write", ENOSPC, (int fd, const void *b, size_t n), (fd, b, n), int, const void *, size_t)
ON_FD(ssize_t, pwrite, "write", ENOSPC, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o), int, const void *, size_t, off_t)
ON_FD(ssize_t, pwrite64, "write", ENOSPC, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), int, const void *, size_t, off64_t)
ON_FD(ssize_t, writev, "write", ENOSPC, (int fd, const struct iovec *v, int n), (fd, v, n), int, const struct iovec *, int)
ON_FD(int, fsync, "sync", EIO, (int fd), (fd), int)
ON_FD(int, fdatasync, "sync", EIO, (int fd), (fd), int)
ON_FD(int, ftruncate, "allocate", ENOSPC, (int fd, off_t n), (fd, n), int, off_t)
ON_FD(int, ftruncate64, "allocate", ENOSPC, (int fd, off64_t n), (fd, n), int, off64_t)

#define FALLOCATE(name, off) \
    int name(int fd, off a, off b) { REAL(int, name, int, off, off); \
        return FD(fd) && fails("allocate", ENOSPC) ? ENOSPC : real(fd, a, b); }
FALLOCATE(posix_fallocate, off_t) FALLOCATE(posix_fallocate64, off64_t)

#define ON_PATH(name, what, error, seen, params, args, ...) \
    int name params { REAL(int, name, __VA_ARGS__); if ((seen) && fails(what, error)) return -1; return real args; }
#define AT(p) is_watched(AT_FDCWD, p)
ON_PATH(rename, "rename", EIO, AT(a) || AT(b), (const char *a, const char *b), (a, b), const char *, const char *)
ON_PATH(renameat, "rename", EIO, is_watched(d, a) || is_watched(e, b), (int d, const char *a, int e, const char *b), (d, a, e, b),
        int, const char *, int, const char *)
ON_PATH(renameat2, "rename", EIO, is_watched(d, a) || is_watched(e, b), (int d, const char *a, int e, const char *b, unsigned f),
        (d, a, e, b, f), int, const char *, int, const char *, unsigned)
ON_PATH(link, "rename", EIO, AT(b), (const char *a, const char *b), (a, b), const char *, const char *)
ON_PATH(mkdir, "make", ENOSPC, AT(a), (const char *a, mode_t m), (a, m), const char *, mode_t)
ON_PATH(mkdirat, "make", ENOSPC, is_watched(d, a), (int d, const char *a, mode_t m), (d, a, m), int, const char *, mode_t)
ON_PATH(unlink, "remove", EIO, AT(a), (const char *a), (a), const char *)
ON_PATH(unlinkat, "remove", EIO, is_watched(d, a), (int d, const char *a, int f), (d, a, f), int, const char *, int)
ON_PATH(rmdir, "remove", EIO, AT(a), (const char *a), (a), const char *)
ON_PATH(chmod, "make", EIO, AT(a), (const char *a, mode_t m), (a, m), const char *, mode_t)

int flock(int fd, int how) {
    int failed = syscall(SYS_flock, fd, how);
    if (!failed && fd >= 0 && fd < 1024) {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, locks[fd].path, sizeof locks[fd].path - 1);
        locks[fd].path[n < 0 ? 0 : n] = 0;
        locks[fd].how = n < 0 || how & LOCK_UN ? 0 : how;
    }
    return failed;
}

/* SQLite's locks belong to a process: a copy would find the file locked by the one that it was made of. */
#define FCNTL(name) \
    int name(int fd, int what, ...) { \
        va_list more; va_start(more, what); void *with = va_arg(more, void *); va_end(more); \
        REAL(int, name, int, int, ...); \
        if (FD(fd) && (what == F_SETLK || what == F_SETLKW)) return 0; \
        if (FD(fd) && what == F_GETLK) { ((struct flock *)with)->l_type = F_UNLCK; return 0; } \
        return real(fd, what, with); }
FCNTL(fcntl) FCNTL(fcntl64)

/* A recursive mutex knows its owner by number, which is another in a copy: SQLite would wait for itself. */
static void adopt(pthread_mutex_t *lock) {
    if (forked_from && (lock->__data.__kind & 3) == PTHREAD_MUTEX_RECURSIVE_NP && lock->__data.__owner == forked_from)
        lock->__data.__owner = (int)syscall(SYS_gettid);
}
static int is_mine(pthread_mutex_t *lock) {
    return (lock->__data.__kind & 3) != PTHREAD_MUTEX_RECURSIVE_NP && lock->__data.__owner == (int)syscall(SYS_gettid);
}
static int is_held(pthread_mutex_t *lock) {
    for (int i = 0; i < n_held; i++)
        if (held[i] == lock) return 1;
    return 0;
}
int pthread_mutex_lock(pthread_mutex_t *lock) {
    REAL(int, pthread_mutex_lock, pthread_mutex_t *);
    adopt(lock);
    if (forking && n_held < 16 && is_mine(lock)) return held[n_held++] = lock, 0;
    return real(lock);
}
int pthread_mutex_unlock(pthread_mutex_t *lock) {
    REAL(int, pthread_mutex_unlock, pthread_mutex_t *);
    adopt(lock);
    return forking && is_held(lock) ? 0 : real(lock);
}
int pthread_mutex_trylock(pthread_mutex_t *lock) {
    REAL(int, pthread_mutex_trylock, pthread_mutex_t *);
    adopt(lock);
    return real(lock);
}
