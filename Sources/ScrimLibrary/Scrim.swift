// The library for other programs: `import Scrim` provides the recorder, the policy, the session folder and the player. Each is a
// module of its own, so that the stable interface stays separate from the parts that only the command and the server use.

@_exported public import ScrimFormat
@_exported public import ScrimImage
@_exported public import ScrimPlayer
@_exported public import ScrimRecorder
@_exported public import ScrimRedact
@_exported public import ScrimStore
