# SPDX-License-Identifier: GPL-3.0-or-later
#
# packaging/PORTABILITY.md is true: what its table names is in the files beside it and in no other,
# no call of a system, no path of Linux and no header is missing.  Usage: test_portability.py
# CHECKOUT.  Prints TAP.
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent.parent))
from report import Report  # noqa: E402

ROOMS = ['core', 'cli', 'session', 'ui', 'plugin', 'cuda']
# What POSIX and Linux have beyond C17, as far as one may be tempted to call it.
CALLS = """
    mmap munmap madvise poll ppoll select pipe pipe2 fsync fdatasync dup dup2 ftruncate truncate
    posix_fallocate fallocate open openat fstat fstatat lstat stat pread pwrite read write close lseek
    fseeko ftello sysconf getrlimit setrlimit usleep nanosleep clock_gettime kill waitpid isatty
    ioctl umask link linkat symlink unlink unlinkat rename renameat renameat2 access faccessat chmod
    fchmod getuid geteuid gethostname mallopt malloc_trim posix_memalign aligned_alloc syscall signal
    sigaction raise _exit sigsetjmp siglongjmp sigemptyset sigaddset sigprocmask sigaltstack fdopen
    fileno memmem strcasestr strchrnul qsort_r localtime_r gmtime_r newlocale uselocale
    pthread_sigmask pthread_create pthread_self pthread_setaffinity_np sched_getaffinity
    sched_setaffinity sched_yield utime utimensat utimes futimens statvfs fstatvfs flock lockf fcntl
    realpath fork vfork execv execvp execve prctl getpid getppid getcwd chdir mkdir rmdir opendir
    readdir bindtextdomain strtok_r getline mkstemp mkdtemp secure_getenv getauxval memfd_create
    copy_file_range sync_file_range setpriority nice posix_spawn popen system dlopen dlsym
    """.split()
C17 = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
    stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar
    wchar wctype""".split()
LIBRARIES = re.compile(r'(glib|gobject|gio|gmodule|json-glib|gdk|gtk|libgimp|gegl|atk|cairo|pango|oneapi|zip'
                       r'|zlib|png|omp|mpi|cuda|cublas)')  # what their names begin with
root = Path(sys.argv[1])
sources = {path.relative_to(root).as_posix(): re.sub(r'/\*.*?\*/|//[^\n]*', '', path.read_text(), flags=re.S)
           for room in ROOMS for path in sorted((root / room).rglob('*')) if path.suffix in ('.c', '.h')}
page = (root / 'packaging/PORTABILITY.md').read_text()
report = Report()


def places(name):
    """name() is called, any other is a word."""
    word = re.escape(name.removesuffix('()'))
    before = r'(?<![\w.>-])' if name.endswith('()') else r'(?<!\w)'
    after = r'\(' if name.endswith('()') else '' if '/' in name else r'(?!\w)'
    pattern = re.compile(before + word + after)
    return {path for path, text in sources.items() if pattern.search(text)}


named = set()
for names, files in re.findall(r'^\| ((?:`[^`]+` ?)+)\| ([^|]+) \|', page, re.M):
    names = re.findall('`([^`]+)`', names)
    named |= {name.removesuffix('()') for name in names}
    there = {name: places(name) for name in names}
    report.check(', '.join(names), all(there.values()) and
                 set().union(*there.values()) == set(files.split()), there)
report.check('there is a table', len(named) > 40)
missing = {name: sorted(places(name + '()')) for name in set(CALLS) - named if places(name + '()')}
report.check('no call is missing', not missing, missing)
paths = {path for text in sources.values() for path in re.findall(r'"(/(?:proc|sys|dev)/[^"%]+)', text)}
strange = {path for path in paths if not any(path.startswith(name) for name in named)}
report.check('no path of Linux is missing', not strange, strange)
used = set(re.findall(r'#\s*include <([^>]+)>', '\n'.join(sources.values())))
foreign = {name for name in used if not LIBRARIES.match(name)} - {f'{name}.h' for name in C17}
listed = set(re.findall(r'`([\w/]+\.h)`', page))
report.check('no header is missing or too many', foreign == listed, foreign ^ listed)
report.done()
