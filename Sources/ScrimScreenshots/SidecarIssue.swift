/// Why a file of boxes can't be used. Describes the file's structure, never a widget's name or text.
package struct SidecarIssue: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
