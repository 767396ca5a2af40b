import Glibc

/// Starts threads that are never joined.
package enum DetachedThread {
  /// Runs `body` on a new thread, which ends with it.
  ///
  /// - Parameter blocksSignals: whether the thread takes no signals, so that they interrupt another thread's
  ///   wait.
  package static func start(
    blocksSignals: Bool = false, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    // The thread takes over the one reference.
    let context = unsafe Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    var before = sigset_t()
    if blocksSignals {
      var all = sigset_t()
      unsafe sigfillset(&all)
      unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    }
    let code = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    if blocksSignals { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    guard code == 0 else {
      unsafe context.release()
      throw SystemError(errno: code)
    }
    pthread_detach(thread)
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
