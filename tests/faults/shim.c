/* Preloaded into the services' processes: moves their clock, and makes their disk full.
 *
 * Both follow a control file that the fault machine writes while the process runs: two 64-bit integers, the
 * clock's offset in nanoseconds and whether the disk is full. A process without a control file is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t clock_offset_ns;
    volatile int64_t disk_is_full;
};

static struct control *control;

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* Called once by each process after it was forked. Returns 0 when the file was mapped. */
int faults_attach(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return -1;
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) return -1;
    control = mapped;
    return 0;
}

static int64_t offset_ns(void) { return control ? control->clock_offset_ns : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int result = real(clock, now);
    int64_t offset = offset_ns();
    if (result == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t all = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + offset;
        now->tv_sec = all / 1000000000;
        now->tv_nsec = all % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *out) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (out) *out = precise.tv_sec;
    return precise.tv_sec;
}

static int is_full(void) { return control && control->disk_is_full; }

/* Whether a write to fd meets the full disk: it does in a file, not in a socket, and not in the process's log. */
static int meets_full_disk(int fd) {
    struct stat what;
    return fd > 2 && is_full() && fstat(fd, &what) == 0 && S_ISREG(what.st_mode);
}

#define REFUSE_WHEN_FULL(fd) if (meets_full_disk(fd)) { errno = ENOSPC; return -1; }

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    REFUSE_WHEN_FULL(fd)
    return real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    REFUSE_WHEN_FULL(fd)
    return real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    REFUSE_WHEN_FULL(fd)
    return real(fd, pieces, count);
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t count) {
    REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
    REFUSE_WHEN_FULL(out)
    return real(out, in, at, count);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t count, unsigned int flags) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned int);
    REFUSE_WHEN_FULL(out)
    return real(in, from, out, to, count, flags);
}

int posix_fallocate64(int fd, off64_t at, off64_t count) {
    REAL(int, "posix_fallocate64", int, off64_t, off64_t);
    return meets_full_disk(fd) ? ENOSPC : real(fd, at, count);
}

int posix_fallocate(int fd, off_t at, off_t count) { return posix_fallocate64(fd, at, count); }

/* What asks for room before it writes is told that there is none. */
int statvfs64(const char *path, struct statvfs64 *found) {
    REAL(int, "statvfs64", const char *, struct statvfs64 *);
    int result = real(path, found);
    if (result == 0 && is_full()) found->f_bavail = found->f_bfree = 0;
    return result;
}

int statvfs(const char *path, struct statvfs *found) { return statvfs64(path, (struct statvfs64 *)found); }

int fstatvfs64(int fd, struct statvfs64 *found) {
    REAL(int, "fstatvfs64", int, struct statvfs64 *);
    int result = real(fd, found);
    if (result == 0 && is_full()) found->f_bavail = found->f_bfree = 0;
    return result;
}

int fstatvfs(int fd, struct statvfs *found) { return fstatvfs64(fd, (struct statvfs64 *)found); }
