/* Loaded before the C library (LD_PRELOAD): counts the calls that change files below watched folders, and lets the n-th fail
 * or end the process. Armed by the process itself (fault_arm), so that what prepares and judges goes unharmed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FDS 65536
static char roots[8][PATH_MAX];
static int n_roots;
static char watched[MOST_FDS];
static volatile long count, failing;  /* calls so far; the one that fails, 0 for none */
static int kills, armed;
static char last[64];

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

/* Tell whether this call is the one that fails. */
static int fails(const char *what, int error) {
    if (__sync_add_and_fetch(&count, 1) != failing) return 0;
    strncpy(last, what, sizeof last - 1);
    if (kills) kill(getpid(), SIGKILL);
    errno = error;
    return 1;
}

void fault_watch(const char *root) { if (n_roots < 8) strncpy(roots[n_roots++], root, PATH_MAX - 1); }
void fault_arm(long n, int kill_it) { count = 0; failing = n; kills = kill_it; armed = 1; }
long fault_count(void) { return count; }
const char *fault_last(void) { return last; }

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
