import ScrimJSON

/// Finds the entry of a picture in its own side file.
extension AnnotatedPictures {
  /// The boxes from a side file of one picture: its only entry, or the only one with that name.
  func sidecar(for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    let uploaded = PicturePath.uploaded(request.name)
    var found = pictures.filter { PicturePath($0.path).name.utf8.elementsEqual(request.name.utf8) }
    if found.isEmpty {
      found = pictures.filter { picture in
        guard let stripped = PicturePath(picture.path).withoutUploadPrefix?.name else { return false }
        return [request.name, uploaded].contains { stripped.utf8.elementsEqual($0.utf8) }
      }
    }
    if found.isEmpty {
      let folded = PicturePath.folded(request.name)
      found = pictures.filter { PicturePath.folded(PicturePath($0.path).name).hasSameBytes(as: folded) }
    }
    guard let picture = found.first else {
      throw BoxesError(
        format, "the file",
        .malformed("it lists no picture of this name, but \(listing); give it this picture's name"))
    }
    guard found.count == 1 else {
      throw BoxesError(
        format, "the file",
        .unsupported(
          "a choice between two pictures: \(printable(picture.path)) and \(printable(found[1].path)) have its name; keep one"
        ))
    }
    return try picture.sidecar(format, for: request)
  }

  /// A summary of the file's entries, for a message.
  var listing: String {
    guard let first = pictures.first else { return "no picture" }
    return
      "\(pictures.count == 1 ? "one picture" : "\(pictures.count) pictures"), the first is \(printable(first.path))"
  }
}
