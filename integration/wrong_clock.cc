// Preloaded into a program: its wall clock is wrong by $KLINK_CLOCK_OFF seconds, all of its clocks that never jump are
// right. Moments it waits for on the wall clock are taken back to the true one.
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/time.h>
#include <threads.h>

namespace {

time_t Off() {
  static const char* text = std::getenv("KLINK_CLOCK_OFF");
  static const time_t off = text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
  return off;
}

template <class F>
F Real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

using ClockGettime = int (*)(clockid_t, timespec*);
using TimedWait = int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*);

int Wall(timespec* now) {
  static const auto real = Real<ClockGettime>("clock_gettime");
  const int result = real(CLOCK_REALTIME, now);
  now->tv_sec += Off();
  return result;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto real = Real<ClockGettime>("clock_gettime");
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  return wall ? Wall(now) : real(clock, now);
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec wall{};
  const int result = Wall(&wall);
  now->tv_sec = wall.tv_sec;
  now->tv_usec = wall.tv_nsec / 1000;
  return result;
}

time_t time(time_t* now) noexcept {
  timespec wall{};
  Wall(&wall);
  if (now != nullptr) *now = wall.tv_sec;
  return wall.tv_sec;
}

int timespec_get(timespec* now, int base) noexcept {
  Wall(now);
  return base;
}

// The oldest of its versions is what dlsym finds, and does something else.
int pthread_cond_timedwait(pthread_cond_t* cond, pthread_mutex_t* mutex, const timespec* until) {
  static const auto real = [] {
    void* found = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (found == nullptr) found = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    return reinterpret_cast<TimedWait>(found);
  }();
  timespec true_until = *until;
  true_until.tv_sec -= Off();
  return real(cond, mutex, &true_until);
}

int cnd_timedwait(cnd_t* cond, mtx_t* mutex, const timespec* until) {
  static const auto real = Real<int (*)(cnd_t*, mtx_t*, const timespec*)>("cnd_timedwait");
  timespec true_until = *until;
  true_until.tv_sec -= Off();
  return real(cond, mutex, &true_until);
}

}  // extern "C"
