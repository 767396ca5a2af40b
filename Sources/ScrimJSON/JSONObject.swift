/// The members of one JSON object with its location: faults become the errors of its reader.
///
/// For files. Widgets, of which a screen has thousands, are read by ``JSONMembers`` directly: a generic
/// error is not specialised across modules and makes reading take half as long again.
package struct JSONObject<Context: JSONContext> {
  package var context: Context
  package let fields: JSONMembers

  /// - Throws: the context's error, if the value is not an object.
  package init(_ json: JSON, in context: Context) throws(Context.Failure) {
    do { fields = try JSONMembers(json) } catch { throw context.error(error) }
    self.context = context
  }

  package var members: [JSON.Member] { fields.all }
  package subscript(key: String) -> JSON? { fields[key] }
  package func isNull(_ key: String) -> Bool { fields.isNull(key) }

  /// Runs `body` and converts its faults to the context's errors.
  package func read<Value>(
    _ body: (JSONMembers) throws(JSONObjectError) -> Value
  ) throws(Context.Failure) -> Value {
    do { return try body(fields) } catch { throw context.error(error) }
  }

  package func field(_ key: String) -> JSONField<Context>? {
    self[key].map { JSONField(key: key, value: $0, context: context) }
  }

  package func string(_ key: String) throws(Context.Failure) -> String? { try field(key)?.string() }
  package func boolean(_ key: String) throws(Context.Failure) -> Bool? { try field(key)?.boolean() }
  package func number(_ key: String) throws(Context.Failure) -> Double? { try field(key)?.number() }
  package func list(_ key: String) throws(Context.Failure) -> [JSON]? { try field(key)?.list() }
  package func numbers(_ key: String) throws(Context.Failure) -> [Double]? { try field(key)?.numbers() }

  package func required(_ key: String) throws(Context.Failure) -> Double {
    guard let value = try number(key) else { throw context.error(.missing(key)) }
    return value
  }

  /// A number of zero or more.
  package func size(_ key: String) throws(Context.Failure) -> Double {
    let value = try required(key)
    guard value >= 0 else { throw context.error(.negative(key)) }
    return value
  }

  /// Refuses repeated keys.
  package func checkKeysDiffer() throws(Context.Failure) {
    try read { (fields) throws(JSONObjectError) in try fields.checkKeysDiffer() }
  }

  /// Refuses unknown keys and repeated keys.
  package func checkKeys(among known: [String]) throws(Context.Failure) {
    try read { (fields) throws(JSONObjectError) in try fields.checkKeys(among: known) }
  }
}

/// A value with its key or its place in a list, for messages.
package struct JSONField<Context: JSONContext> {
  /// Such as `bbox`, or `role[0]`.
  package let key: String
  package let value: JSON
  package let context: Context

  package init(key: String, value: JSON, context: Context) {
    self.key = key
    self.value = value
    self.context = context
  }

  package func wrongType(_ expected: String) -> Context.Failure {
    context.error(value.fault(at: key, expected: expected))
  }

  private func read<Value>(
    _ body: (JSON, String) throws(JSONObjectError) -> Value
  ) throws(Context.Failure) -> Value {
    do { return try body(value, key) } catch { throw context.error(error) }
  }

  package func string() throws(Context.Failure) -> String {
    try read { (value, key) throws(JSONObjectError) in try value.string(at: key) }
  }

  package func boolean() throws(Context.Failure) -> Bool {
    try read { (value, key) throws(JSONObjectError) in try value.boolean(at: key) }
  }

  package func number() throws(Context.Failure) -> Double {
    try read { (value, key) throws(JSONObjectError) in try value.number(at: key, limit: context.numberLimit) }
  }

  package func list() throws(Context.Failure) -> [JSON] {
    try read { (value, key) throws(JSONObjectError) in try value.list(at: key) }
  }

  package func numbers() throws(Context.Failure) -> [Double] {
    try read { (value, key) throws(JSONObjectError) in try value.numbers(at: key, limit: context.numberLimit)
    }
  }

  /// The items of a list, each with its place: `rules[2]`.
  package func items() throws(Context.Failure) -> [JSONField] {
    try list().enumerated().map { JSONField(key: "\(key)[\($0)]", value: $1, context: context) }
  }
}
