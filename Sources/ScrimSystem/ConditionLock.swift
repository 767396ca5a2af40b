import Glibc

/// A value behind a mutex, with a condition variable to wait on.
///
/// `Synchronization.Mutex` has no condition, and Foundation's waits by the wall clock, which jumps; this
/// one waits by CLOCK_MONOTONIC. Safe, since it owns its two pointers for its whole life.
@safe package final class ConditionLock<Value: ~Copyable>: @unchecked Sendable {
  // Sendable, since `value` is only accessed with the mutex held.
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  package init(_ value: consuming Value) {
    self.value = value
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    var attributes = pthread_mutexattr_t()
    unsafe pthread_mutexattr_init(&attributes)
    // Locking it twice from one thread gives an error instead of a deadlock.
    unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ERRORCHECK))
    let hasMutex = unsafe pthread_mutex_init(mutex, &attributes) == 0
    unsafe pthread_mutexattr_destroy(&attributes)
    var clock = pthread_condattr_t()
    unsafe pthread_condattr_init(&clock)
    unsafe pthread_condattr_setclock(&clock, CLOCK_MONOTONIC)
    let hasCondition = unsafe pthread_cond_init(condition, &clock) == 0
    unsafe pthread_condattr_destroy(&clock)
    precondition(hasMutex && hasCondition, "the system has memory for a mutex")
  }

  deinit {
    // No thread waits now: a waiting thread holds a reference to this object.
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` exclusively with the value; nil if the calling thread already holds the lock.
  package func tryWithValue<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard unsafe pthread_mutex_lock(mutex) == 0 else { return nil }
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try body(&value)
  }

  /// Runs `body` exclusively with the value. It must not take this lock again.
  package func withValue<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let result = try tryWithValue(body) else {
      preconditionFailure("a lock is not taken twice by one thread")
    }
    return result
  }

  /// Wakes all waiting threads.
  package func wake() { unsafe pthread_cond_broadcast(condition) }

  /// Result of one attempt of `wait`.
  package enum Attempt<Result> {
    case done(Result)
    /// Wait for another thread's ``wake()``.
    case wait
    /// The same, but at most this many nanoseconds.
    case waitAtMost(Int64)
  }

  /// Runs `body` exclusively with the value, repeatedly between waits, until it returns a result.
  package func wait<Result>(_ body: (inout Value) -> Attempt<Result>) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      switch body(&value) {
      case .done(let result): return result
      case .wait: unsafe pthread_cond_wait(condition, mutex)
      case .waitAtMost(let nanoseconds):
        var until = ConditionLock.deadline(in: nanoseconds)
        unsafe pthread_cond_timedwait(condition, mutex, &until)
      }
    }
  }

  private static func deadline(in nanoseconds: Int64) -> timespec {
    let (sum, overflow) = MonotonicClock.now.addingReportingOverflow(max(0, nanoseconds))
    let at = overflow ? Int64.max : sum
    return timespec(tv_sec: Int(at / 1_000_000_000), tv_nsec: Int(at % 1_000_000_000))
  }
}
