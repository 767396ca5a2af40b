import CScrimCodecs

/// Memory management for programs that decode many pictures.
public enum CodecMemory {
  /// From now on freed memory, up to 128 MB, is kept for the next picture instead of being returned to the
  /// system. For programs that process one picture after the other: with screenshots a fifth of the CPU
  /// time was spent on page faults.
  public static func keep() { scrim_keep_memory() }
}
