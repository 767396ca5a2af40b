import CScrimCodecs

/// What the program does with the memory of pictures it is done with.
public enum CodecMemory {
  /// From here on freed memory, up to 128 MB, is kept for the next picture instead of going back to the system. For
  /// programs that handle one picture after the other: with screenshots a fifth of the CPU time went into page faults.
  public static func keep() { scrim_keep_memory() }
}
