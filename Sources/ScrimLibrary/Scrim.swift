// The library that programs import: `import Scrim` gives the recorder, the policy, the session folder and the player.
// Each is a module of its own, so that what the command and the server need stays apart from what a program can rely on.

@_exported public import ScrimFormat
@_exported public import ScrimImage
@_exported public import ScrimPlayer
@_exported public import ScrimRecorder
@_exported public import ScrimRedact
@_exported public import ScrimStore
