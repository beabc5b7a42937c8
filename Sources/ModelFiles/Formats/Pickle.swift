/// Reads the pickles of PyTorch's state dictionaries.
///
/// A pickle is a program for a stack machine that can call any function of Python's. This machine knows
/// dictionaries, lists, tuples, numbers, texts, and the three functions that make tensors of storages; it
/// refuses everything else by name, and executes nothing. Values are numbers into one list, so that nothing
/// that is nested deeply is visited by recursion when it is made or released.
struct Pickle {
  /// A value, by its place among all.
  typealias Reference = Int

  enum Value {
    case none
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case text(String)
    case tuple([Reference])
    /// By its place in `lists`.
    case list(Int)
    /// By its place in `dictionaries`.
    case dictionary(Int)
    case function(Function)
    case storageType(ElementType)
    case storage(StoragePlace)
    case tensor(TensorPlace)
  }

  enum Function: String {
    case orderedDict = "collections.OrderedDict"
    case tensor = "torch._utils._rebuild_tensor_v2"
    case parameter = "torch._utils._rebuild_parameter"
  }

  /// Numbers in a file of their own.
  struct StoragePlace {
    var type: ElementType
    var key: String
    var count: Int
  }

  /// A part of a storage.
  struct TensorPlace {
    var storage: StoragePlace
    var first: Int
    var shape: [Int]
    var strides: [Int]
  }

  private(set) var values: [Value] = []
  private(set) var lists: [[Reference]] = []
  private(set) var dictionaries: [[(key: Reference, value: Reference)]] = []
  private var stack: [Reference] = []
  /// Where on the stack marks stand.
  private var marks: [Int] = []
  private var memo: [Int: Reference] = [:]
  private var reader: ByteReader

  /// What the pickle says.
  private(set) var root: Reference = 0

  init(_ reader: ByteReader) throws(ModelFileError) {
    self.reader = reader
    try run()
  }

  private mutating func push(_ value: Value) {
    values.append(value)
    stack.append(values.count - 1)
  }

  private mutating func pop() throws(ModelFileError) -> Reference {
    guard let top = stack.last, stack.count > (marks.last ?? 0) else {
      throw reader.flaw("expected a value on the stack, found none")
    }
    stack.removeLast()
    return top
  }

  private func top() throws(ModelFileError) -> Reference {
    guard let top = stack.last, stack.count > (marks.last ?? 0) else {
      throw reader.flaw("expected a value on the stack, found none")
    }
    return top
  }

  /// What was pushed since the last mark.
  private mutating func popMark() throws(ModelFileError) -> [Reference] {
    guard let mark = marks.popLast() else { throw reader.flaw("expected a mark, found none") }
    let found = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return found
  }

  private mutating func run() throws(ModelFileError) {
    guard try reader.byte("a pickle") == 0x80, (2...5).contains(try reader.byte("a protocol"))
    else { throw reader.flaw("expected a pickle of protocol 2 to 5", at: 0) }
    while true {
      let start = reader.next
      let code = try reader.byte("the end of the pickle")
      switch code {
      case UInt8(ascii: "."):
        root = try pop()
        guard stack.isEmpty && marks.isEmpty else {
          throw reader.flaw("expected one value at the end, found more")
        }
        guard reader.left == 0 else { throw reader.flaw("expected the end of the pickle") }
        return
      case UInt8(ascii: "("): marks.append(stack.count)
      case UInt8(ascii: "0"): _ = try pop()
      case UInt8(ascii: "N"): push(.none)
      case 0x88: push(.bool(true))
      case 0x89: push(.bool(false))
      case UInt8(ascii: "K"): push(.integer(Int(try reader.byte("a number"))))
      case UInt8(ascii: "M"): push(.integer(Int(try reader.integer(UInt16.self, "a number"))))
      case UInt8(ascii: "J"):
        push(.integer(Int(Int32(bitPattern: try reader.integer(UInt32.self, "a number")))))
      case 0x8A: push(.integer(try readLong()))
      case UInt8(ascii: "G"):
        // The only number whose most significant byte is first.
        push(
          .real(
            Double(bitPattern: try reader.integer(UInt64.self, "a number").byteSwapped)))
      case UInt8(ascii: "X"):
        push(.text(try reader.text(Int(try reader.integer(UInt32.self, "a length")), "a text")))
      case 0x8C: push(.text(try reader.text(Int(try reader.byte("a length")), "a text")))
      case 0x8D: push(.text(try reader.text(try reader.size(UInt64.self, "a length"), "a text")))
      case UInt8(ascii: ")"): push(.tuple([]))
      case 0x85: push(.tuple([try pop()]))
      case 0x86:
        let second = try pop()
        push(.tuple([try pop(), second]))
      case 0x87:
        let (third, second) = (try pop(), try pop())
        push(.tuple([try pop(), second, third]))
      case UInt8(ascii: "t"): push(.tuple(try popMark()))
      case UInt8(ascii: "]"): pushList([])
      case UInt8(ascii: "l"): pushList(try popMark())
      case UInt8(ascii: "a"):
        let value = try pop()
        try append([value], start)
      case UInt8(ascii: "e"): try append(try popMark(), start)
      case UInt8(ascii: "}"): pushDictionary()
      case UInt8(ascii: "s"):
        let value = try pop()
        try setItems([try pop(), value], start)
      case UInt8(ascii: "u"): try setItems(try popMark(), start)
      case UInt8(ascii: "q"): memo[Int(try reader.byte("a place"))] = try top()
      case UInt8(ascii: "r"): memo[Int(try reader.integer(UInt32.self, "a place"))] = try top()
      case 0x94: memo[memo.count] = try top()
      case UInt8(ascii: "h"): try recall(Int(try reader.byte("a place")), start)
      case UInt8(ascii: "j"): try recall(Int(try reader.integer(UInt32.self, "a place")), start)
      case 0x95: _ = try reader.take(8, "a frame's length")
      case UInt8(ascii: "c"): try pushGlobal(try readLine(), try readLine(), start)
      case 0x93:
        let (name, module) = (try pop(), try pop())
        guard case .text(let name) = values[name], case .text(let module) = values[module] else {
          throw reader.flaw("expected the texts of a name", at: start)
        }
        try pushGlobal(module, name, start)
      case UInt8(ascii: "Q"): try loadStorage(start)
      case UInt8(ascii: "R"): try call(start)
      case UInt8(ascii: "b"): try build(start)
      default:
        throw reader.flaw(
          """
          the pickle's instruction 0x\(String(code, radix: 16)) is refused, expected only what makes \
          dictionaries of tensors, numbers and texts
          """, at: start)
      }
    }
  }

  private mutating func pushList(_ elements: [Reference]) {
    lists.append(elements)
    push(.list(lists.count - 1))
  }

  private mutating func pushDictionary() {
    dictionaries.append([])
    push(.dictionary(dictionaries.count - 1))
  }

  private mutating func append(_ elements: [Reference], _ start: Int) throws(ModelFileError) {
    guard case .list(let list) = values[try top()] else {
      throw reader.flaw("expected a list to append to", at: start)
    }
    lists[list] += elements
  }

  private mutating func setItems(_ items: [Reference], _ start: Int) throws(ModelFileError) {
    guard case .dictionary(let dictionary) = values[try top()], items.count % 2 == 0 else {
      throw reader.flaw("expected a dictionary, and keys with values", at: start)
    }
    for i in stride(from: 0, to: items.count, by: 2) {
      dictionaries[dictionary].append((items[i], items[i + 1]))
    }
  }

  private mutating func recall(_ place: Int, _ start: Int) throws(ModelFileError) {
    guard let value = memo[place] else {
      throw reader.flaw("expected a value kept at place \(place), found none", at: start)
    }
    stack.append(value)
  }

  /// A whole number of some bytes, the least significant first, of which the last has the sign.
  private mutating func readLong() throws(ModelFileError) -> Int {
    let range = try reader.take(Int(try reader.byte("a length")), "a number")
    guard range.count <= 8 else {
      throw reader.flaw("expected a number of at most 8 bytes", at: range.lowerBound)
    }
    var result = range.last.map { reader.bytes[$0] & 0x80 != 0 ? -1 : 0 } ?? 0
    for place in range.reversed() { result = result << 8 | Int(reader.bytes[place]) }
    return result
  }

  private mutating func readLine() throws(ModelFileError) -> String {
    guard let end = reader.bytes[reader.next...].firstIndex(of: 0x0A) else {
      throw reader.flaw("expected a name and a line break")
    }
    let text = try reader.text(end - reader.next, "a name")
    reader.next = end + 1
    return text
  }
}

// What makes tensors.
extension Pickle {
  private mutating func pushGlobal(
    _ module: String, _ name: String, _ start: Int
  ) throws(ModelFileError) {
    let whole = "\(module).\(name)"
    if let function = Function(rawValue: whole) { return push(.function(function)) }
    if module == "torch", let type = storageTypes[name] { return push(.storageType(type)) }
    throw reader.flaw(
      """
      the pickle names \(quoted(whole)), which is refused: expected tensors, dictionaries, numbers and \
      texts alone (a file of torch.save(model.state_dict(), …))
      """, at: start)
  }

  private func text(_ value: Reference) -> String? {
    if case .text(let text) = values[value] { text } else { nil }
  }

  private func integer(_ value: Reference) -> Int? {
    if case .integer(let number) = values[value] { number } else { nil }
  }

  private func integers(_ value: Reference) -> [Int]? {
    guard case .tuple(let elements) = values[value] else { return nil }
    var result: [Int] = []
    for element in elements {
      guard let number = integer(element), number >= 0 else { return nil }
      result.append(number)
    }
    return result
  }

  /// `('storage', torch.FloatStorage, key, device, count)`.
  private mutating func loadStorage(_ start: Int) throws(ModelFileError) {
    guard case .tuple(let parts) = values[try pop()], parts.count == 5, text(parts[0]) == "storage",
      case .storageType(let type) = values[parts[1]], let key = text(parts[2]),
      let count = integer(parts[4]), count >= 0
    else { throw reader.flaw("expected the type, key and size of a storage", at: start) }
    push(.storage(StoragePlace(type: type, key: key, count: count)))
  }

  private mutating func call(_ start: Int) throws(ModelFileError) {
    let arguments = try pop()
    guard case .tuple(let parts) = values[arguments],
      case .function(let function) = values[try pop()]
    else { throw reader.flaw("expected a function and its arguments", at: start) }
    switch function {
    case .orderedDict:
      guard parts.isEmpty else {
        throw reader.flaw("expected an OrderedDict without arguments", at: start)
      }
      pushDictionary()
    case .tensor:
      guard parts.count >= 6, case .storage(let storage) = values[parts[0]],
        let first = integer(parts[1]), first >= 0, let shape = integers(parts[2]),
        let strides = integers(parts[3]), shape.count == strides.count
      else {
        throw reader.flaw(
          "expected a storage, an offset, a shape and strides that are not negative", at: start)
      }
      push(
        .tensor(TensorPlace(storage: storage, first: first, shape: shape, strides: strides)))
    case .parameter:
      guard parts.count >= 1, case .tensor = values[parts[0]] else {
        throw reader.flaw("expected the tensor of a parameter", at: start)
      }
      stack.append(parts[0])
    }
  }

  /// A state dictionary keeps its version in an attribute, which is left out; nothing else has attributes.
  private mutating func build(_ start: Int) throws(ModelFileError) {
    _ = try pop()
    guard case .dictionary = values[try top()] else {
      throw reader.flaw("attributes are refused, expected them on dictionaries alone", at: start)
    }
  }
}

/// PyTorch's types of storages.
private let storageTypes: [String: ElementType] = [
  "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
  "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32,
  "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
]
